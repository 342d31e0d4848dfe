//! The checkout: one real form that posts without script. `pay.js` adds a token to it; WASM is never needed to pay.

use super::{card::MethodFields, sum::Sum};
use crate::{
    addresses,
    components::{
        field::{Field, Kind},
        page_title::PageTitle,
        summary::{ErrorSummary, Mend},
        who::Help,
    },
    fault::Fault,
    note::Note,
};
use domain::{
    consent::Wording,
    views::{MethodEntry, Offer},
};
use leptos::prelude::*;

#[component]
pub fn OfferView(offer: Offer, note: Note, signed_in_as: Option<String>) -> impl IntoView {
    let (summary, email_error) = mend(&note, offer.last_decline.as_deref());
    let amount = offer.amount.format(offer.merchant.locale);
    let title = format!("Pay {amount} to {}", offer.merchant.name);
    let email = if note.email.is_empty() { signed_in_as.clone().unwrap_or_default() } else { note.email };
    let stale = offer.stale.then(|| view! { <Stale merchant=offer.merchant.name.clone()/> });
    let (script, key) = match &offer.gateway.entry {
        MethodEntry::Fields { script_url, publishable_key } => {
            (Some(script_url.clone()), Some(publishable_key.clone()))
        }
        MethodEntry::Popup { script_url, .. } => (Some(script_url.clone()), None),
        MethodEntry::TestMethods(_) => (None, None),
    };
    let trust = match &script {
        Some(_) => {
            let (gateway, merchant) = (&offer.gateway.name, &offer.merchant.name);
            format!("Card details go straight to {gateway}. {merchant} never sees them.")
        }
        None => "This is a trial: no money moves.".to_owned(),
    };
    let consent = Wording::CURRENT.text(&offer.merchant.name, &offer.invoice.number, &amount);
    let pay = format!("Pay {amount}");
    view! {
        <PageTitle text=title wrong=summary.is_some()/>
        <main class="pay" id="main">
            <Sum offer=offer.clone()/>
            <section class="do" aria-label="Payment">
                <form
                    id="pay" method="post" action="/api/payments/take"
                    data-script=script data-key=key
                >
                    <div>
                        <h2>"Pay by card"</h2>
                        <As checkout=addresses::pay(offer.checkout) signed_in_as/>
                    </div>
                    <div class="summary" id="summary" role="alert" tabindex="-1" hidden></div>
                    {summary}
                    {stale}
                    <input type="hidden" name="checkout" value=offer.checkout.to_string()/>
                    <input type="hidden" name="payment" value=offer.payment.to_string()/>
                    <input type="hidden" name="expected" value=addresses::money_field(offer.amount)/>
                    <input type="hidden" name="consent" value=Wording::CURRENT.version()/>
                    <Field id="email" label="E-mail for the receipt" kind=Kind::EMAIL value=email error=email_error/>
                    <MethodFields gateway=offer.gateway.clone() pay=pay.clone()/>
                    <p class="small muted" id="consent">{consent}</p>
                    <button
                        class="btn primary big num" id="pay-button" type="submit" aria-describedby="consent"
                    >
                        <span class="idle">{pay}</span>
                        <span class="busy">"Paying…"</span>
                    </button>
                    <p class="vh" id="pay-status" role="status"></p>
                    <p class="small muted">{trust}</p>
                    <Help merchant=offer.merchant/>
                </form>
            </section>
        </main>
    }
}

/// Guest first, signing in beside it and never in front (S14).
#[component]
fn As(checkout: String, signed_in_as: Option<String>) -> impl IntoView {
    match signed_in_as {
        Some(email) => view! { <p class="as muted small">"Signed in as " {email}</p> }.into_any(),
        None => view! {
            <p class="as muted small">
                "Paying as a guest. "
                <a href=addresses::sign_in(&checkout) rel="external">"Sign in"</a>
            </p>
        }
        .into_any(),
    }
}

#[component]
fn Stale(merchant: String) -> impl IntoView {
    view! {
        <div class="notice wait">
            <p>
                {merchant} "’s accounting system does not answer just now. This is the last amount we know; "
                "it is checked again before anything is charged."
            </p>
        </div>
    }
}

/// The summary of what the last press of Pay brought, and the e-mail field's own error.
fn mend(note: &Note, last_decline: Option<&str>) -> (Option<AnyView>, Option<String>) {
    let bad_email = (note.fault == Some(Fault::BadEmail)).then(|| Fault::BadEmail.to_string());
    let (title, words) = match (&note.fault, last_decline) {
        // The page itself shows old and new amount.
        (Some(Fault::AmountMoved { .. }), _) => return (None, None),
        (Some(Fault::BadEmail), _) => ("Please check your e-mail address", Fault::BadEmail.to_string()),
        (Some(fault), _) => (fault.heading(), fault.to_string()),
        (None, Some(words)) => ("The last payment did not go through", words.to_owned()),
        (None, None) => return (None, None),
    };
    let mend = vec![Mend { field: bad_email.is_some().then_some("email"), words }];
    (Some(view! { <ErrorSummary title mend/> }.into_any()), bad_email)
}
