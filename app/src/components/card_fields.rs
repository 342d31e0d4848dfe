//! Where the payer enters the method. Card fields are empty boxes that `pay.js` gives to the gateway, or the gateway opens
//! a window of its own for them; without script, words say that the gateway's own page comes next. The markup stays as it
//! is written here, because hydration walks it after `pay.js` has filled it.

use domain::views::{GatewayFace, MethodEntry, TestMethod};
use leptos::prelude::*;

/// What `pay.js` needs of the gateway: the address of its script and the browser's key.
#[must_use]
pub fn entry_data(entry: &MethodEntry) -> (Option<String>, Option<String>) {
    match entry {
        MethodEntry::Fields { script_url, publishable_key } => {
            (Some(script_url.clone()), Some(publishable_key.clone()))
        }
        MethodEntry::Popup { script_url, .. } => (Some(script_url.clone()), None),
        MethodEntry::Page | MethodEntry::TestMethods(_) => (None, None),
    }
}

/// `pay` is what the button says.
#[component]
pub fn MethodFields(gateway: GatewayFace, pay: String) -> impl IntoView {
    let GatewayFace { name, entry, hosted_page, postal_code } = gateway;
    let postal_code = postal_code.then(|| view! { <PostalCode/> });
    match entry {
        MethodEntry::Fields { .. } => view! {
            <Plain gateway=name hosted_page what="card fields"/>
            <CardFields/>
            {postal_code}
        }
        .into_any(),
        MethodEntry::Popup { login, client_key, .. } => view! {
            <Plain gateway=name.clone() hosted_page what="window for your card"/>
            {postal_code}
            <CardWindow gateway=name hosted_page login client_key pay/>
        }
        .into_any(),
        MethodEntry::Page => view! { <p class="notice" id="card-elsewhere">{on_page(&name)}</p> }.into_any(),
        MethodEntry::TestMethods(methods) => view! { <TestMethods methods legend="Test card"/> }.into_any(),
    }
}

/// What is said without script, and when `what` does not come.
#[component]
fn Plain(gateway: String, hosted_page: bool, what: &'static str) -> impl IntoView {
    let (plain, instead) = if hosted_page {
        let plain = on_page(&gateway);
        (plain.clone(), plain)
    } else {
        let plain = "Your card can only be entered with JavaScript switched on. Switch it on and reload this page.";
        (plain.to_owned(), "Reload this page to try again.".to_owned())
    };
    let failed = format!("The {what} could not be loaded. {instead}");
    view! { <p class="notice only-plain" id="card-plain" data-failed=failed>{plain}</p> }
}

fn on_page(gateway: &str) -> String {
    format!("You enter your card on the secure page of {gateway} next.")
}

#[component]
fn CardFields() -> impl IntoView {
    view! {
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

/// Not asked without script: the gateway's own page asks for what it needs.
#[component]
fn PostalCode() -> impl IntoView {
    view! {
        <div class="field only-js" id="postal-code-field">
            <label for="postal-code">"Postal code of the card"</label>
            <p class="hint" id="postal-code-hint">"Your bank may compare it. Leave it empty if your card has none."</p>
            <input
                class="input" id="postal-code" name="postal_code" type="text" autocomplete="postal-code" maxlength="10"
                spellcheck="false" autocapitalize="characters" aria-describedby="postal-code-hint"
            />
        </div>
    }
}

#[component]
fn CardWindow(gateway: String, hosted_page: bool, login: String, client_key: String, pay: String) -> impl IntoView {
    // Bank debits are not offered.
    const METHODS: &str = r#"{"cardCodeRequired":true,"showCreditCard":true,"showBankAccount":false}"#;
    let ready = format!("The window of {gateway} for your card opens when you press {pay}.");
    // `pay.js` shows it once the window was asked for, because nobody tells when that fails.
    let other = hosted_page.then(|| {
        let words = format!("Enter your card on the page of {gateway} instead");
        view! { <button type="button" class="btn quiet" id="card-page" hidden>{words}</button> }
    });
    view! {
        <div class="field only-js" id="card">
            <input type="hidden" name="token" id="token" value=""/>
            <p class="error" id="card-error" hidden></p>
            <p class="muted" id="card-loading" role="status" data-ready=ready>"The window for your card is loading…"</p>
            <WindowButton id="card-window" login client_key title="Card" save=pay methods=METHODS answered="cardEntered"/>
            {other}
        </div>
    }
}

/// The gateway's script, AcceptUI, looks for the first button of this class and opens its window when that is pressed,
/// which our own script does. Source: `wire/gateways.md`, 3.10.
#[component]
pub fn WindowButton(
    id: &'static str,
    login: String,
    client_key: String,
    /// Of the window.
    title: &'static str,
    /// What the window's own button says.
    #[prop(into)]
    save: String,
    /// What may be typed there, as AcceptUI reads it.
    methods: &'static str,
    /// The function of our script that gets what was typed.
    answered: &'static str,
) -> impl IntoView {
    const ADDRESS: &str = r#"{"show":false,"required":false}"#;
    view! {
        <button
            type="button" class="AcceptUI" id=id hidden
            data-apiloginid=login
            data-clientkey=client_key
            data-acceptuiformheadertxt=title
            data-acceptuiformbtntxt=save
            data-paymentoptions=methods
            data-billingaddressoptions=ADDRESS
            data-responsehandler=answered
        ></button>
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
pub fn TestMethods(methods: Vec<TestMethod>, legend: &'static str) -> impl IntoView {
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
            <legend>{legend}</legend>
            {methods.into_iter().enumerate().map(choice).collect_view()}
        </fieldset>
    }
}
