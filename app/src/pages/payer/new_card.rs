//! What `/methods/new` shows: a card is typed into the gateway's own fields and kept there. `public/pay.js` drives the form, as it
//! does on Pay Now.

use crate::{
    addresses,
    api::methods::{NewMethodScreen, prepare_method},
    components::{
        card_fields::{MethodFields, entry_data},
        frame::Frame,
        load::failed,
        page_title::PageTitle,
        summary::{ErrorSummary, Mend},
    },
    shell,
};
use domain::{ids::MethodId, method::MethodKind};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

pub async fn page(query: ParamsMap) -> AnyView {
    match prepare_method(MethodKind::Card, replaced(&query)).await {
        Ok(screen) => view! { <NewMethodView screen/> }.into_any(),
        Err(fault) => failed(fault),
    }
}

/// The saved method whose place the new one takes, as the address names it.
pub fn replaced(query: &ParamsMap) -> Option<MethodId> {
    query.get("replaces")?.parse().ok()
}

/// Said by the form to the server, and to whoever fills it in.
#[component]
pub fn Replaces(replaces: (MethodId, String)) -> impl IntoView {
    let (old, title) = replaces;
    view! {
        <input type="hidden" name="replaces" value=old.to_string()/>
        <p>"It takes the place of " <b class="num">{title}</b> ", which is removed as soon as the new one is ready."</p>
    }
}

#[component]
pub fn NewMethodView(screen: NewMethodScreen) -> impl IntoView {
    let NewMethodScreen { new, note } = screen;
    let summary = note.fault.map(|fault| {
        let mend = vec![Mend { field: None, words: fault.to_string() }];
        view! { <ErrorSummary title=fault.heading() mend/> }
    });
    let (script, key) = entry_data(&new.gateway.entry);
    shell::allow_sandbox(script.as_deref(), None);
    let keeps = format!(
        "{} keeps the card, {} never sees it. Nothing is charged now. Your bank may ask you to confirm.",
        new.gateway.name, new.who.merchant,
    );
    let merchant = new.who.merchant.clone();
    let heading = if new.replaces.is_some() { "Replace a card" } else { "Add a card" };
    view! {
        <PageTitle text=format!("{heading} – {merchant}") wrong=summary.is_some()/>
        <Frame who=new.who current="/methods" timeless=true>
            <div class="lead-in"><h1>{heading}</h1></div>
            <section class="card pad narrow" aria-label="Card">
                <form id="pay" method="post" action="/api/methods/save" class="stack" data-script=script data-key=key>
                    <div class="summary" id="summary" role="alert" tabindex="-1" hidden></div>
                    {summary}
                    <input type="hidden" name="method" value=new.method.to_string()/>
                    <input type="hidden" name="kind" value=addresses::kind(new.kind)/>
                    {new.replaces.map(|replaces| view! { <Replaces replaces/> })}
                    <MethodFields gateway=new.gateway pay="Save card".to_owned()/>
                    <div class="field">
                        <label for="nickname">"Name for it"</label>
                        <p class="hint" id="nickname-hint">"Optional, like “Office card”."</p>
                        <input
                            class="input" id="nickname" name="nickname" maxlength="40" autocomplete="off"
                            aria-describedby="nickname-hint"
                        />
                    </div>
                    <div class="acts">
                        <button class="btn primary" id="pay-button" type="submit">
                            <span class="idle">"Save card"</span>
                            <span class="busy">"Saving…"</span>
                        </button>
                        <a class="btn" href="/methods">"Back"</a>
                    </div>
                    <p class="vh" id="pay-status" role="status"></p>
                    <p class="small muted">{keeps}</p>
                </form>
            </section>
        </Frame>
    }
}
