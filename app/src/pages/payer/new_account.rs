//! What `/methods/bank` shows: a bank account is typed here, given to the gateway by `public/bank.js`, and debited under the
//! authority below it (S70). Its numbers have no names in the form, so they are never sent to us. Where the gateway has a
//! window of its own, they are typed there; the sandbox has accounts to pick, and no script.

use super::new_card::{Replaces, replaced};
use crate::{
    addresses,
    api::methods::{NewMethodScreen, prepare_method},
    components::{
        card_fields::{TestMethods, WindowButton, entry_data},
        frame::Frame,
        load::failed,
        page_title::PageTitle,
        summary::{ErrorSummary, Mend},
    },
    shell,
};
use domain::{method::MethodKind, views::MethodEntry};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

pub async fn page(query: ParamsMap) -> AnyView {
    let kind = query.get("kind").and_then(|kind| addresses::read_kind(&kind)).unwrap_or(MethodKind::AchDebit);
    match prepare_method(kind, replaced(&query)).await {
        Ok(screen) => view! { <NewAccountView screen/> }.into_any(),
        Err(fault) => failed(fault),
    }
}

#[component]
fn NewAccountView(screen: NewMethodScreen) -> impl IntoView {
    let NewMethodScreen { new, note } = screen;
    let summary = note.fault.map(|fault| {
        let mend = vec![Mend { field: None, words: fault.to_string() }];
        view! { <ErrorSummary title=fault.heading() mend/> }
    });
    let (script, key) = entry_data(&new.gateway.entry);
    shell::allow_sandbox(script.as_deref(), None);
    let (merchant, gateway) = (new.who.merchant.clone(), new.gateway.name.clone());
    let authority = new.authority.unwrap_or_default();
    let heading = if new.replaces.is_some() { "Replace a bank account" } else { "Add a bank account" };
    let is_trial = matches!(new.gateway.entry, MethodEntry::TestMethods(_));
    let (form, scripted) = if is_trial { ("trial", "") } else { ("bank", " only-js") };
    let without_script = (!is_trial).then(|| {
        view! {
            <p class="notice only-plain">
                "An account can only be entered with JavaScript switched on. Switch it on and reload this page."
            </p>
            <input type="hidden" name="token" id="token" value=""/>
        }
    });
    let trust = if is_trial {
        "This is a trial: no money moves.".to_owned()
    } else {
        format!("{gateway} keeps the account number; {merchant} never sees it. Nothing is debited now.")
    };
    let fields = match (new.gateway.entry, new.kind) {
        (MethodEntry::TestMethods(methods), _) => view! { <TestMethods methods legend="Test account"/> }.into_any(),
        (MethodEntry::Popup { login, client_key, .. }, _) => {
            view! { <AccountWindow gateway=gateway.clone() login client_key/> }.into_any()
        }
        (_, MethodKind::BecsDebit) => view! {
            <Number id="routing" label="BSB" hint="6 digits, like 012-345"/>
            <Number id="account" label="Account number" hint="5 to 9 digits"/>
        }
        .into_any(),
        _ => view! {
            <Number id="routing" label="Routing number" hint="9 digits, at the bottom left of a check"/>
            <Number id="account" label="Account number" hint="4 to 17 digits"/>
            <Choice id="holder-type" label="Whose account" choices=[("company", "A company’s"), ("individual", "A person’s")]/>
            <Choice id="account-type" label="Type" choices=[("checking", "Checking"), ("savings", "Savings")]/>
        }
        .into_any(),
    };
    view! {
        <PageTitle text=format!("{heading} – {merchant}") wrong=summary.is_some()/>
        <Frame who=new.who.clone() current="/methods" timeless=true>
            <div class="lead-in"><h1>{heading}</h1></div>
            <section class="card pad narrow" aria-label="Bank account">
                <form
                    id=form method="post" action="/api/methods/save" class="stack" data-script=script data-key=key
                    data-kind=addresses::kind(new.kind) data-email=new.who.email.clone()
                >
                    <div class="summary" id="summary" role="alert" tabindex="-1" hidden></div>
                    {summary}
                    {without_script}
                    <input type="hidden" name="method" value=new.method.to_string()/>
                    <input type="hidden" name="kind" value=addresses::kind(new.kind)/>
                    {new.replaces.map(|replaces| view! { <Replaces replaces/> })}
                    <input type="hidden" name="consent" value=authority.mark/>
                    <div class=format!("stack{scripted}")>
                        {fields}
                        <fieldset class="stack authority">
                            <legend>"Authority to debit"</legend>
                            <p class="small" id="authority">{authority.words}</p>
                            <div class="field">
                                <label for="holder">"Your full name, as a signature"</label>
                                <p class="error" id="holder-error" hidden></p>
                                <input
                                    class="input" id="holder" name="holder" maxlength="100" autocomplete="name"
                                    aria-describedby="holder-error authority"
                                />
                            </div>
                            <div class="field">
                                <p class="error" id="agree-error" hidden></p>
                                <label class="choice">
                                    <input type="checkbox" id="agree" aria-describedby="agree-error" required=is_trial/>
                                    <span>"I give this authority"</span>
                                </label>
                            </div>
                        </fieldset>
                        <div class="field">
                            <label for="nickname">"Name for it"</label>
                            <p class="hint" id="nickname-hint">"Optional, like “Operating account”."</p>
                            <input
                                class="input" id="nickname" name="nickname" maxlength="40" autocomplete="off"
                                aria-describedby="nickname-hint"
                            />
                        </div>
                    </div>
                    <div class="acts">
                        <button class=format!("btn primary{scripted}") id="bank-button" type="submit">
                            <span class="idle">"Save account"</span>
                            <span class="busy">"Saving…"</span>
                        </button>
                        <a class="btn" href="/methods">"Back"</a>
                    </div>
                    <p class="vh" id="bank-status" role="status"></p>
                    <p class="small muted">{trust}</p>
                </form>
            </section>
        </Frame>
    }
}

/// As `CardWindow` has it, with fields for an account.
#[component]
fn AccountWindow(gateway: String, login: String, client_key: String) -> impl IntoView {
    const METHODS: &str = r#"{"showCreditCard":false,"showBankAccount":true}"#;
    view! {
        <div class="field" id="account" tabindex="-1">
            <p class="error" id="account-error" hidden></p>
            <p class="muted">"The window of " {gateway} " for your account opens when you press Save account."</p>
            <WindowButton
                id="account-window" login client_key title="Bank account" save="Save account" methods=METHODS
                answered="accountEntered"
            />
        </div>
    }
}

/// Without a name: it is not posted.
#[component]
fn Number(id: &'static str, label: &'static str, hint: &'static str) -> impl IntoView {
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <p class="hint" id=format!("{id}-hint")>{hint}</p>
            <p class="error" id=format!("{id}-error") hidden></p>
            <input
                class="input num" id=id inputmode="numeric" autocomplete="off" maxlength="20"
                aria-describedby=format!("{id}-hint {id}-error")
            />
        </div>
    }
}

#[component]
fn Choice(id: &'static str, label: &'static str, choices: [(&'static str, &'static str); 2]) -> impl IntoView {
    let options = choices.map(|(value, words)| view! { <option value=value>{words}</option> });
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select class="input" id=id>{options.into_iter().collect_view()}</select>
        </div>
    }
}
