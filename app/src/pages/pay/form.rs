//! The checkout: one real form that posts without script. `pay.js` adds a token to it; WASM is never needed to pay.

use super::sum::{Sum, amount_id};
use crate::{
    addresses,
    components::{
        card_fields::{MethodFields, entry_data},
        field::{Field, Kind},
        page_title::PageTitle,
        summary::{ErrorSummary, Mend},
        who::Help,
    },
    fault::Fault,
    note::Note,
    shell,
};
use domain::{
    date::in_words,
    money::Money,
    payment::ShownShare,
    views::{ConsentFace, MethodEntry, Offer, SavedMethod},
};
use leptos::prelude::*;

#[component]
pub fn OfferView(offer: Offer, note: Note, gave_up: bool, signed_in_as: Option<String>) -> impl IntoView {
    let (summary, email_error) = mend(&note, &offer);
    let typed = typed_amounts(&note);
    let amount = offer.amount.format(offer.merchant.locale);
    let title = format!("Pay {amount} to {}", offer.merchant.name);
    // Nobody has made a mistake, and nothing is wrong.
    let is_news = matches!(note.fault, Some(Fault::WordsMoved | Fault::SurchargeMoved { .. }));
    let wrong = summary.is_some() && offer.moved.is_none() && !is_news;
    let title = if offer.moved.is_some() { format!("{MOVED} – {title}") } else { title };
    let to_confirm = offer.paid_by.is_some();
    let cancelled =
        gave_up.then(|| view! { <p class="notice" role="status">"You cancelled. Nothing was charged."</p> });
    let known = || signed_in_as.clone().or_else(|| offer.quote.as_ref()?.email.clone());
    let email = if note.email.is_empty() { known().unwrap_or_default() } else { note.email };
    let takes_new_card = offer.quote.as_ref().is_none_or(|quote| quote.takes_new_card);
    let said = note.fault == Some(Fault::BooksUnreachable);
    let stale = (offer.stale && !said).then(|| view! { <Stale merchant=offer.merchant.name.clone()/> });
    let (script, key) = if to_confirm || !takes_new_card { (None, None) } else { entry_data(&offer.gateway.entry) };
    shell::allow_sandbox(script.as_deref(), None);
    let trust = match &offer.gateway.entry {
        MethodEntry::TestMethods(_) => "This is a trial: no money moves.".to_owned(),
        MethodEntry::Fields { .. } | MethodEntry::Popup { .. } | MethodEntry::Page => {
            let (gateway, merchant) = (&offer.gateway.name, &offer.merchant.name);
            format!("Card details go straight to {gateway}. {merchant} never sees them.")
        }
    };
    let ConsentFace { words: consent, mark } = offer.consent.clone();
    let pay = format!("Pay {amount}");
    let described = if offer.surcharges.is_some() && !to_confirm { "surcharges consent" } else { "consent" };
    let with = if to_confirm {
        let way_back = addresses::pay(offer.checkout);
        // What was ticked with it can be taken back still.
        let keep = offer.keep.clone().filter(|_| note.keep).map(|keep| view! { <Keep keep ticked=true/> });
        view! { <ToConfirm token=note.token saved=note.saved way_back/> {keep} }.into_any()
    } else {
        view! {
            {offer.surcharges.clone().map(|words| view! { <Surcharges words/> })}
            {(!offer.saved.is_empty()).then(|| view! { <Saved methods=offer.saved.clone() or_another=takes_new_card/> })}
            {takes_new_card.then(|| view! {
                <div class="stack another">
                    <MethodFields gateway=offer.gateway.clone() pay=pay.clone()/>
                    {offer.keep.clone().map(|keep| view! { <Keep keep ticked=false/> })}
                </div>
            })}
        }
        .into_any()
    };
    let shown: Vec<_> = offer.items.iter().map(|item| ShownShare { pay: item.pay, due: item.invoice.due }).collect();
    view! {
        <PageTitle text=title wrong/>
        <main class="pay" id="main">
            <Sum offer=offer.clone() typed/>
            <section class="do" aria-label="Payment">
                <form
                    id="pay" method="post" action="/api/payments/take"
                    data-script=script data-key=key
                >
                    <div>
                        <h2>{title_of(&offer.saved)}</h2>
                        <As checkout=addresses::pay(offer.checkout) signed_in_as/>
                        <WayBack offer=offer.clone()/>
                    </div>
                    <div class="summary" id="summary" role="alert" tabindex="-1" hidden></div>
                    {summary}
                    {cancelled}
                    {stale}
                    <input type="hidden" name="checkout" value=offer.checkout.to_string()/>
                    <input type="hidden" name="payment" value=offer.payment.to_string()/>
                    <input type="hidden" name="expected" value=addresses::shown_field(&shown)/>
                    <input type="hidden" name="consent" value=mark/>
                    <Field id="email" label="E-mail for the receipt" kind=Kind::EMAIL value=email error=email_error/>
                    {with}
                    <p class="small muted" id="consent">{consent}</p>
                    <button
                        class="btn primary big num" id="pay-button" type="submit" aria-describedby=described
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

/// What was pressed with, for the press that confirms its sum.
#[component]
fn ToConfirm(token: String, saved: String, way_back: String) -> impl IntoView {
    let (name, value) = if saved.is_empty() { ("token", token) } else { ("saved", saved) };
    view! {
        <input type="hidden" name=name value=value/>
        <p class="small"><a href=way_back rel="external">"Pay in another way"</a></p>
    }
}

/// Said in words before a card is entered, and not on hovering over its logo.
#[component]
fn Surcharges(words: String) -> impl IntoView {
    let words = format!(
        "Surcharges: {words}. Nothing is added for other ways to pay. You see the sum before anything is charged."
    );
    view! { <p class="small muted" id="surcharges">{words}</p> }
}

/// For who may try no more cards for a while: what to do instead of the form, and nothing to press in vain.
#[component]
pub fn HeldView(offer: Offer, note: Note, signed_in_as: Option<String>) -> impl IntoView {
    let (summary, _) = mend(&note, &offer);
    let title = format!("Pay {} to {}", offer.amount.format(offer.merchant.locale), offer.merchant.name);
    view! {
        <PageTitle text=title wrong=true/>
        <main class="pay" id="main">
            <Sum offer=offer.clone() typed=Vec::new()/>
            <section class="do" aria-label="Payment">
                <div>
                    {summary}
                    <As checkout=addresses::pay(offer.checkout) signed_in_as/>
                    <Help merchant=offer.merchant/>
                </div>
            </section>
        </main>
    }
}

/// For whoever cannot pay a quote as they are here: why, and what to do first (S15-S17, S25).
#[component]
pub fn AccountNeededView(offer: Offer, why: String, signed_in_as: Option<String>) -> impl IntoView {
    let title = format!("Pay {} to {}", offer.amount.format(offer.merchant.locale), offer.merchant.name);
    let here = addresses::pay(offer.checkout);
    let first = match signed_in_as {
        Some(_) => view! {
            <p class="acts"><a class="btn primary" href="/methods" rel="external">"Save a payment method"</a></p>
            <As checkout=here signed_in_as/>
        }
        .into_any(),
        None => view! {
            <p class="acts"><a class="btn primary" href=addresses::sign_in(&here) rel="external">"Sign in"</a></p>
        }
        .into_any(),
    };
    view! {
        <PageTitle text=title/>
        <main class="pay" id="main">
            <Sum offer=offer.clone() typed=Vec::new()/>
            <section class="do" aria-label="Payment">
                <div>
                    <p>{why}</p>
                    {first}
                    <WayBack offer=offer.clone()/>
                    <Help merchant=offer.merchant/>
                </div>
            </section>
        </main>
    }
}

/// Whoever came from a quoting program goes back there without paying.
#[component]
fn WayBack(offer: Offer) -> impl IntoView {
    offer.quote.filter(|quote| quote.has_way_back).map(|_| {
        let href = addresses::quote_back(offer.checkout);
        view! { <p class="small"><a href=href rel="external">"Back to your quote without paying"</a></p> }
    })
}

fn title_of(saved: &[SavedMethod]) -> &'static str {
    let with_debits = saved.iter().any(|method| method.kind.is_debit());
    if with_debits { "Pay by card or bank account" } else { "Pay by card" }
}

/// What the company has saved, the default chosen; the fields for another card are there when that is chosen.
#[component]
fn Saved(methods: Vec<SavedMethod>, or_another: bool) -> impl IntoView {
    let another = or_another.then(|| {
        view! { <label class="choice"><input type="radio" name="saved" value=""/><span>"Another card"</span></label> }
    });
    let choice = |(n, method): (usize, SavedMethod)| {
        let clears = method.clears_by.map(|day| {
            view! { <small class="muted">"Bank debit, clears by " {in_words(day)}</small> }
        });
        let nickname = (!method.nickname.is_empty()).then(|| format!("{}, ", method.nickname));
        view! {
            <label class="choice">
                <input type="radio" name="saved" value=method.id.to_string() checked=n == 0/>
                <span class="num">{nickname} <span class="face">{method.face}</span> {clears}</span>
            </label>
        }
    };
    view! {
        <fieldset class="choices">
            <legend>"Pay with"</legend>
            {methods.into_iter().enumerate().map(choice).collect_view()}
            {another}
        </fieldset>
    }
}

/// Has the card kept that is entered above. Not ticked beforehand: it is asked for, and not assumed.
#[component]
fn Keep(keep: ConsentFace, ticked: bool) -> impl IntoView {
    view! {
        <label class="choice">
            <input type="checkbox" name="keep" value=keep.mark checked=ticked/>
            <span class="small">{keep.words}</span>
        </label>
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

const CONFIRM: &str = "Please confirm what you pay";
const MOVED: &str = "The amount has changed";
const AMOUNTS: &str = "Please check what you want to pay";

/// The summary of what the last press of Pay brought, and the e-mail field's own error.
fn mend(note: &Note, offer: &Offer) -> (Option<AnyView>, Option<String>) {
    let bad_email = (note.fault == Some(Fault::BadEmail)).then(|| Fault::BadEmail.to_string());
    let (title, words) = match (&note.fault, offer.last_decline.as_deref()) {
        (Some(Fault::AmountMoved { .. }), _) if offer.moved.is_some() => (MOVED, moved(offer)),
        (Some(Fault::BadAmount), _) => (AMOUNTS, Fault::BadAmount.to_string()),
        (Some(Fault::NotWithin { number, due }), _) => {
            let most = format!(", up to {}", due.format(offer.merchant.locale));
            let most = if offer.takes.more { "" } else { &most };
            (AMOUNTS, format!("Of invoice {number}, enter an amount above zero{most}. Nothing was charged."))
        }
        (Some(Fault::SurchargeMoved { added, paid_by }), _) => (CONFIRM, to_confirm(*added, paid_by, offer)),
        (Some(Fault::BadEmail), _) => ("Please check your e-mail address", Fault::BadEmail.to_string()),
        (Some(fault), _) => (fault.heading(), fault.to_string()),
        (None, Some(words)) => ("The last payment did not go through", words.to_owned()),
        (None, None) => return (None, None),
    };
    let field = match &note.fault {
        Some(Fault::BadEmail) => Some("email".to_owned()),
        Some(Fault::BadAmount) if offer.takes.any() => Some(amount_id(0)),
        Some(Fault::NotWithin { number, .. }) if offer.takes.any() => {
            offer.items.iter().position(|item| item.invoice.number == *number).map(amount_id)
        }
        _ => None,
    };
    let mend = vec![Mend { field, words }];
    (Some(view! { <ErrorSummary title mend/> }.into_any()), bad_email)
}

/// The books moved the amount while the page was open: both are told, and the button says the new one (D11).
fn moved(offer: &Offer) -> String {
    let Some(moved) = &offer.moved else { return String::new() };
    let [was, now, pay] = [moved.was, moved.now, offer.amount].map(|amount| amount.format(offer.merchant.locale));
    let what = if offer.items.len() > 1 { format!("Invoice {}", moved.number) } else { "It".to_owned() };
    format!("{what} was {was}, it is now {now}. Nothing was charged. Enter the card again if you want to pay {pay}.")
}

/// The sum of what was pressed with, before it is charged.
fn to_confirm(added: Money, paid_by: &str, offer: &Offer) -> String {
    let [surcharge, pay] = [added, offer.amount].map(|amount| amount.format(offer.merchant.locale));
    let applies = if added.is_positive() {
        format!("For {paid_by} a surcharge of {surcharge} applies.")
    } else {
        format!("For {paid_by} no surcharge applies.")
    };
    let press = if offer.paid_by.is_some() { "Press Pay" } else { "Pay again" };
    format!("{applies} Nothing was charged yet. {press} if you want to pay {pay}.")
}

/// What was typed as amounts and cannot be paid: nobody types it twice.
fn typed_amounts(note: &Note) -> Vec<String> {
    let is_about_them = matches!(note.fault, Some(Fault::BadAmount | Fault::NotWithin { .. }));
    note.amount.split('\n').filter(|_| is_about_them).map(str::to_owned).collect()
}
