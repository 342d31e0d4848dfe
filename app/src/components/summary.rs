//! What must be mended before a form can go on: at the top, focused, each entry a link to its field (D34).

use leptos::prelude::*;

/// One thing to mend, and the id of its field; without a field it is said and not linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    pub field: Option<String>,
    pub words: String,
}

#[component]
pub fn ErrorSummary(#[prop(into)] title: String, mend: Vec<Mend>) -> impl IntoView {
    let entries = mend.into_iter().map(|Mend { field, words }| match field {
        Some(field) => view! { <li><a href=format!("#{field}") rel="external">{words}</a></li> }.into_any(),
        None => view! { <li>{words}</li> }.into_any(),
    });
    // `autofocus` moves focus here without script; the frame's own script does it after in-page navigation.
    view! {
        <div class="summary" id="said" role="alert" tabindex="-1" autofocus>
            <h2>{title}</h2>
            <ul>{entries.collect_view()}</ul>
        </div>
    }
}
