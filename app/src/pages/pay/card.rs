//! The card fields: empty boxes that `pay.js` gives to the gateway. Without script, the words that the gateway's own page
//! comes next. The markup stays as it is written here, because hydration walks it after `pay.js` has filled it.

use domain::views::GatewayFace;
use leptos::prelude::*;

#[component]
pub fn CardFields(gateway: GatewayFace) -> impl IntoView {
    let next = format!("You enter your card on {}’s secure page next.", gateway.name);
    let plain = if gateway.hosted_page {
        next
    } else {
        "Your card can only be entered with JavaScript switched on. Switch it on and reload this page.".to_owned()
    };
    if gateway.script_url.is_none() || gateway.publishable_key.is_none() {
        return view! { <p class="notice">{plain}</p> }.into_any();
    }
    view! {
        <p class="notice only-plain">{plain}</p>
        <div class="card-fields only-js">
            <CardField id="card-number" label="Card number"/>
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
    .into_any()
}

/// A box for one hosted field: label and error are ours, the input is the gateway's.
#[component]
fn CardField(id: &'static str, label: &'static str) -> impl IntoView {
    view! {
        <div
            class="field" id=format!("{id}-field") role="group" aria-labelledby=format!("{id}-label")
            aria-describedby=format!("{id}-error")
        >
            <span class="label" id=format!("{id}-label")>{label}</span>
            <p class="error" id=format!("{id}-error") hidden></p>
            <div class="input hosted" id=id></div>
        </div>
    }
}
