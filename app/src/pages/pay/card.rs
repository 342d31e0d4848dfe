//! Where the payer enters the method. Card fields are empty boxes that `pay.js` gives to the gateway; without script, words
//! say that the gateway's own page comes next. The markup stays as it is written here, because hydration walks it after
//! `pay.js` has filled it.

use domain::views::{GatewayFace, MethodEntry, TestMethod};
use leptos::prelude::*;

#[component]
pub fn MethodFields(gateway: GatewayFace) -> impl IntoView {
    match gateway.entry {
        MethodEntry::Fields { .. } => {
            view! { <CardFields gateway=gateway.name hosted_page=gateway.hosted_page/> }.into_any()
        }
        MethodEntry::TestMethods(methods) => view! { <TestMethods methods/> }.into_any(),
    }
}

#[component]
fn CardFields(gateway: String, hosted_page: bool) -> impl IntoView {
    let (plain, instead) = if hosted_page {
        let plain = format!("You enter your card on {gateway}’s secure page next.");
        (plain.clone(), plain)
    } else {
        let plain = "Your card can only be entered with JavaScript switched on. Switch it on and reload this page.";
        (plain.to_owned(), "Reload this page to try again.".to_owned())
    };
    let failed = format!("The card fields could not be loaded. {instead}");
    view! {
        <p class="notice only-plain" id="card-plain" data-failed=failed>{plain}</p>
        <div class="card-fields only-js">
            <input type="hidden" name="token" id="token" value=""/>
            <CardField id="card-number" label="Card number" loading="Card fields are loading…"/>
            <div class="two">
                <CardField id="card-expiry" label="Expiry"/>
                <CardField id="card-code" label="Security code"/>
            </div>
            <div class="field" id="card-name-field">
                <label for="card-name">"Name on card"</label>
                <p class="error" id="card-name-error" hidden></p>
                <input class="input" id="card-name" type="text" autocomplete="cc-name" aria-describedby="card-name-error"/>
            </div>
        </div>
    }
}

/// A box for one hosted field: label and error are ours, the input is the gateway's. Until that has come, one of them says
/// so and the others are skeletons.
#[component]
fn CardField(id: &'static str, label: &'static str, #[prop(optional)] loading: Option<&'static str>) -> impl IntoView {
    let loading = loading.map(|words| view! { <p class="muted" role="status">{words}</p> });
    view! {
        <div
            class="field" id=format!("{id}-field") role="group" aria-labelledby=format!("{id}-label")
            aria-describedby=format!("{id}-error")
        >
            <span class="label" id=format!("{id}-label")>{label}</span>
            <p class="error" id=format!("{id}-error") hidden></p>
            <div class="input hosted" id=id>{loading}</div>
        </div>
    }
}

/// What the sandbox shall do; the first is chosen already.
#[component]
fn TestMethods(methods: Vec<TestMethod>) -> impl IntoView {
    let choice = |(n, method): (usize, TestMethod)| {
        view! {
            <label class="choice">
                <input type="radio" name="token" value=method.token checked=n == 0/>
                <span>{method.label}</span>
            </label>
        }
    };
    view! {
        <fieldset class="choices">
            <legend>"Test card"</legend>
            {methods.into_iter().enumerate().map(choice).collect_view()}
        </fieldset>
    }
}
