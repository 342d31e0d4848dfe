//! Where a payment stands: cleared, sent to the bank, being checked, declined, cancelled, returned, each its own design.

use super::receipt::{Brief, Receipt};
use crate::{
    addresses,
    components::{
        dialog::{Dialog, DialogCloser, DialogOpener},
        page_title::PageTitle,
        who::{Help, MerchantMark},
    },
    shell,
    words::whole,
};
use domain::{
    date::{Moment, in_words, moment_in_words, zone_in_words},
    ids::CheckoutId,
    views::{Outcome, Standing},
};
use leptos::prelude::*;

/// Time enough to read that it was paid, and to stay.
const BACK_AFTER_SECONDS: u32 = 5;

#[component]
pub fn StandingView(standing: Standing, signed_in: bool, #[prop(optional)] again: bool) -> impl IntoView {
    let told = Told::of(&standing, again);
    let wrong = matches!(standing.outcome, Outcome::Declined { .. });
    let way_on = match &standing.outcome {
        Outcome::Paid => view! { <Done signed_in/> }.into_any(),
        Outcome::SentToBank { .. }
        | Outcome::Checking
        | Outcome::Returned { .. }
        | Outcome::Refunded { .. }
        | Outcome::TakenBack => ().into_any(),
        Outcome::Continue { url, fields, can_cancel, again_at } => {
            let (url, fields, can_cancel) = (url.clone(), fields.clone(), *can_cancel);
            let again = again_at.map(|at| moment_there(at, &standing));
            view! { <GoOn url fields can_cancel again standing=standing.clone()/> }.into_any()
        }
        Outcome::Lapsed { again_at } => {
            let (again, checkout) = (moment_there(*again_at, &standing), standing.checkout);
            view! { <Lapsed again checkout/> }.into_any()
        }
        Outcome::Declined { .. } => view! { <Again standing=standing.clone() words="Try again"/> }.into_any(),
        Outcome::Cancelled => view! { <Again standing=standing.clone() words="Back to the payment"/> }.into_any(),
    };
    let receipt = match &standing.outcome {
        Outcome::Declined { .. } | Outcome::Cancelled => None,
        Outcome::Paid => Some("Receipt"),
        _ => Some("This payment"),
    }
    .map(|title| view! { <Receipt standing=standing.clone() title/> });
    let back = standing.has_way_back.then(|| view! { <BackToQuote standing=standing.clone() again/> });
    let refresh = matches!(standing.outcome, Outcome::Checking).then(|| {
        view! { <noscript inner_html="<meta http-equiv=\"refresh\" content=\"10\">"></noscript> }
    });
    view! {
        <PageTitle text=format!("{} – {}", told.heading, standing.merchant.name) wrong/>
        {refresh}
        <main class=format!("result {}", told.design) id="main">
            <MerchantMark name=standing.merchant.name.clone()/>
            <div class="outcome">
                <span class=format!("mark {}", told.design) aria-hidden="true"></span>
                <div role="status">
                    <h1>{told.heading}</h1>
                    <p class="lead">{whole(&told.sentence)}</p>
                </div>
                {way_on}
                {back}
            </div>
            {receipt}
            <Help merchant=standing.merchant/>
        </main>
    }
}

/// What an outcome is called, what happens next, and which design says so.
struct Told {
    heading: String,
    sentence: String,
    design: &'static str,
}

impl Told {
    /// `again`: its payer reads it later, and has the mail.
    fn of(standing: &Standing, again: bool) -> Self {
        let amount = standing.amount.format(standing.merchant.locale);
        let mail = match &standing.email {
            Some(email) if !again => format!(" A receipt goes to {email}."),
            _ => String::new(),
        };
        let (heading, sentence, design) = match &standing.outcome {
            Outcome::Paid => (format!("You paid {amount}"), paid(standing) + &mail, "paid"),
            Outcome::SentToBank { sent, clears_by } => {
                let by = clears_by.map_or_else(|| "within days".to_owned(), |day| format!("by {}", in_words(day)));
                let sent = format!(
                    "Sent on {}, it clears {by} as a rule. Do not pay again. We will e-mail you a receipt when it has cleared, \
                     or tell you if your bank returns it.",
                    in_words(*sent)
                );
                (format!("{amount} was sent to your bank"), sent, "sent")
            }
            Outcome::Checking => (
                "We are checking with the bank".into(),
                "Do not pay again. We will e-mail you. This page shows the answer as soon as there is one.".into(),
                "checking",
            ),
            Outcome::Continue { can_cancel, .. } => {
                // What was paid there may not be known here yet.
                let yet = if *can_cancel { " Nothing was charged yet." } else { "" };
                let waits = format!("Your payment of {amount} waits on the payment service’s secure page.{yet}");
                ("One more step".into(), waits, "sent")
            }
            Outcome::Lapsed { .. } => (
                "This payment was not finished".into(),
                "The payment service’s secure page cannot be opened any more.".into(),
                "sent",
            ),
            Outcome::Declined { words } => {
                ("Your payment did not go through".into(), format!("{words} Nothing was charged."), "declined")
            }
            Outcome::Cancelled => {
                let open = match standing.shares.iter().filter(|share| !share.is_advance).count() {
                    0 => "",
                    1 => " The invoice is still open.",
                    _ => " The invoices are still open.",
                };
                ("Payment cancelled".into(), format!("Nothing was charged.{open}"), "cancelled")
            }
            Outcome::TakenBack => (
                "This payment was cancelled".into(),
                "It had been accepted, and was cancelled before it settled. Whatever has left your account comes back."
                    .into(),
                "cancelled",
            ),
            Outcome::Returned { words } => ("Your bank returned this payment".into(), words.clone(), "declined"),
            Outcome::Refunded { words } => {
                ("This payment was refunded".into(), words.clone() + &back(standing), "cancelled")
            }
        };
        Self { heading, sentence, design }
    }
}

/// What became of the money.
fn paid(standing: &Standing) -> String {
    let merchant = &standing.merchant.name;
    let thanks = if standing.being_recorded {
        format!("Thank you. {merchant} is still recording it. Do not pay again.")
    } else {
        format!("Thank you. {merchant} has your payment.")
    };
    let until = standing.returnable_until.map(|day| format!(" Your bank can still return it until {}.", in_words(day)));
    thanks + &until.unwrap_or_default() + &back(standing)
}

/// What went back of it.
fn back(standing: &Standing) -> String {
    standing.paid_back.iter().map(|back| format!(" {}.", back.words(standing.merchant.locale))).collect()
}

#[component]
fn Done(signed_in: bool) -> impl IntoView {
    let words = if signed_in { "See your other invoices" } else { "Sign in to see your other invoices" };
    view! {
        <div class="acts">
            <button type="button" class="btn only-js" id="print">"Print receipt"</button>
            <a class="btn quiet" href="/dashboard" rel="external">{words}</a>
        </div>
    }
}

/// Of what has ended, the browser goes there by itself: a payer reads so, and can stay (S19).
#[component]
fn BackToQuote(standing: Standing, again: bool) -> impl IntoView {
    let href = addresses::quote_back(standing.checkout);
    let goes = !again && matches!(standing.outcome, Outcome::Paid | Outcome::SentToBank { .. });
    let content = format!("{BACK_AFTER_SECONDS};url={href}");
    let by_itself = goes.then(|| {
        let stay = addresses::result_stay(standing.checkout, standing.payment);
        view! {
            <meta http-equiv="refresh" content=content/>
            <p class="small">
                {format!("You go back to your quote in {BACK_AFTER_SECONDS} seconds. ")}
                <a href=stay rel="external">"Stay on this page"</a>
            </p>
        }
    });
    view! {
        <div class="acts"><a class="btn" href=href rel="external">"Back to your quote"</a></div>
        {by_itself}
    }
}

#[component]
fn Again(standing: Standing, words: &'static str) -> impl IntoView {
    view! {
        <div class="acts"><a class="btn primary" href=addresses::pay(standing.checkout) rel="external">{words}</a></div>
        <Brief standing/>
    }
}

#[component]
fn GoOn(
    url: String,
    fields: Vec<(String, String)>,
    can_cancel: bool,
    again: Option<String>,
    standing: Standing,
) -> impl IntoView {
    shell::allow_sandbox(None, Some(&url));
    let words = format!("Continue to pay {}", standing.amount.format(standing.merchant.locale));
    let on = if fields.is_empty() {
        view! { <a class="btn primary" href=url rel="external">{words}</a> }.into_any()
    } else {
        let field = |(name, value): (String, String)| view! { <input type="hidden" name=name value=value/> };
        view! {
            <form method="post" action=url>
                {fields.into_iter().map(field).collect_view()}
                <button class="btn primary" type="submit">{words}</button>
            </form>
        }
        .into_any()
    };
    let opener = can_cancel.then(|| view! { <DialogOpener dialog="cancel">"Cancel this payment"</DialogOpener> });
    let end =
        if can_cancel { view! { <Cancel standing/> }.into_any() } else { view! { <EndsByItself again/> }.into_any() };
    view! {
        <div class="acts">{on} {opener}</div>
        {end}
    }
}

#[component]
fn EndsByItself(again: Option<String>) -> impl IntoView {
    let again = again.map_or_else(|| "within the hour".to_owned(), |at| format!("from {at}"));
    let ends = format!("If you do not go on, the payment ends by itself, and you can pay again {again}.");
    view! { <p>"Have you paid there already? Then do not pay again: we hear of it within minutes. " {ends}</p> }
}

#[component]
fn Lapsed(again: String, checkout: CheckoutId) -> impl IntoView {
    let ends = format!("If nothing was paid, you can pay again from {again}.");
    view! {
        <div class="acts"><a class="btn" href=addresses::pay(checkout) rel="external">"Look again"</a></div>
        <p>
            "Have you paid there, or is it still open with you? Then do not pay again: we hear of it within minutes. "
            {ends}
        </p>
    }
}

/// With its zone, because this page is often read elsewhere.
fn moment_there(at: Moment, standing: &Standing) -> String {
    format!("{}, {}", moment_in_words(at), zone_in_words(&standing.merchant.time_zone))
}

#[component]
fn Cancel(standing: Standing) -> impl IntoView {
    view! {
        <Dialog id="cancel" title="Cancel this payment?">
            <p>"Nothing was charged. You can start again."</p>
            <form class="acts" method="post" action="/api/payments/cancel">
                <input type="hidden" name="checkout" value=standing.checkout.to_string()/>
                <input type="hidden" name="payment" value=standing.payment.to_string()/>
                <button class="btn danger" type="submit">"Cancel payment"</button>
                <DialogCloser dialog="cancel">"Keep it"</DialogCloser>
            </form>
        </Dialog>
    }
}
