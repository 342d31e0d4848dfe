//! Whole pages without the App, for answers that are given outside its routes: a Pay Now link that leads nowhere, a
//! body that is too large, a crash. Static HTML, no script.

use crate::{
    Assets,
    components::{
        fault_note::{FaultPage, Lone},
        who::MerchantMark,
    },
    fault::Fault,
    pages::{
        closed::ClosedView,
        words_of_closed::{heading, status_of},
    },
};
use domain::{access::Role, views::Closed};
use engine::SandboxStep;
use leptos::{prelude::*, tachys::view::any_view::AnyView};

/// Status and HTML of a Pay Now link that opens no checkout.
#[must_use]
pub fn render_closed(assets: &Assets, closed: Closed) -> (u16, String) {
    let (status, title) = (status_of(closed.reason), heading(&closed));
    // Who is signed in is not asked here.
    let page = || view! { <ClosedView closed role=Role::Guest/> }.into_any();
    (status, render(assets, title, page))
}

/// Status and HTML of a fault that has no page of its own.
#[must_use]
pub fn render_fault(assets: &Assets, fault: Fault) -> (u16, String) {
    let status = fault.status();
    let title = fault.heading().to_owned();
    (status, render(assets, title, || view! { <FaultPage fault/> }.into_any()))
}

/// Status and HTML of an answer that nobody has written a page for.
#[must_use]
pub fn render_refusal(assets: &Assets, status: u16) -> (u16, String) {
    let (heading, words) = words_of_refusal(status);
    let page = || view! { <Lone heading words way="/" to="Go to the front page"/> }.into_any();
    (status, render(assets, heading.to_owned(), page))
}

/// What forms carry along that nobody has typed.
const NOT_TYPED: [&str; 10] =
    ["archived", "changes", "do", "note", "payment", "customer", "invoice", "left", "credit", "sent"];

/// Status and HTML of the answer to a form that came after its session had ended. It has all that was typed, and sends it once
/// more to the same address.
#[must_use]
pub fn render_signed_out(assets: &Assets, action: String, typed: Vec<(String, String)>) -> (u16, String) {
    const HEADING: &str = "You were signed out before this was sent";
    let page = || {
        let said = typed.iter().filter(|(name, value)| !NOT_TYPED.contains(&name.as_str()) && !value.trim().is_empty());
        let said = said.map(|(name, value)| {
            view! { <div><dt>{name.replace('_', " ")}</dt><dd class="notes">{value.clone()}</dd></div> }
        });
        let said = said.collect_view();
        let hidden = typed.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> });
        view! {
            <main class="lone" id="main">
                <div class="lone-card stack">
                    <h1>{HEADING}</h1>
                    <p>
                        "Nothing was saved, and nothing that you typed is lost. Sign in in another tab, come back to this page, and \
                         send it again."
                    </p>
                    <form class="acts" method="post" action=action>
                        {hidden.collect_view()}
                        <a class="btn" href="/sign-in" target="_blank" rel="external noopener">"Sign in in another tab"</a>
                        <button class="btn primary" type="submit">"Send it again"</button>
                    </form>
                    <h2>"What you typed"</h2>
                    <dl class="facts">{said}</dl>
                </div>
            </main>
        }
        .into_any()
    };
    (401, render(assets, HEADING.to_owned(), page))
}

/// Status and HTML of the page on which the built-in sandbox asks a payer, in the place of a bank.
#[must_use]
pub fn render_sandbox_step(assets: &Assets, step: SandboxStep) -> (u16, String) {
    let heading = format!("Do you confirm this payment of {}?", step.amount);
    let title = heading.clone();
    let page = || {
        view! {
            <main class="lone" id="main">
                <MerchantMark name=step.merchant/>
                <div class="lone-card">
                    <h1>{heading}</h1>
                    <p class="muted">{step.description}</p>
                    <p class="muted">"The sandbox asks this in the place of a bank. No money moves, whatever you answer."</p>
                    <form method="post" class="acts">
                        <button class="btn primary" type="submit" name="answer" value="confirm">"Confirm"</button>
                        <button class="btn" type="submit" name="answer" value="refuse">"Refuse"</button>
                    </form>
                </div>
            </main>
        }
        .into_any()
    };
    (200, render(assets, title, page))
}

/// Heading and text of such an answer.
#[must_use]
pub const fn words_of_refusal(status: u16) -> (&'static str, &'static str) {
    match status {
        403 => (
            "We did not take that form",
            "It seems to come from another site, so nothing was done. Open the page again and send it from there.",
        ),
        405 => {
            ("That is not how this page is opened", "Nothing was done. Use the link that you were sent, or start anew.")
        }
        413 => ("That is too much at once", "What was sent is larger than any form of ours. Nothing was done."),
        408 | 504 => (
            "This takes too long",
            "We cannot say yet what came of it. If you were paying, do not pay again: open the payment’s page anew, \
             it says where the payment stands.",
        ),
        400..=499 => ("That request made no sense to us", "Nothing was done. Go back, reload the page and try again."),
        _ => (
            "This did not work",
            "Something went wrong on our side. If you were paying, open the payment’s page anew before you pay again: \
             it says where the payment stands.",
        ),
    }
}

/// A whole document without script.
pub(crate) fn render(assets: &Assets, title: String, page: impl FnOnce() -> AnyView) -> String {
    let owner = Owner::new();
    owner.with(|| {
        provide_context(assets.clone());
        view! {
            <!DOCTYPE html>
            <html lang="en" data-surface="quick">
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <meta name="color-scheme" content="light dark"/>
                    <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                    <link rel="stylesheet" href=assets.css()/>
                    <title>{title}</title>
                </head>
                <body>{page()}</body>
            </html>
        }
        .to_html()
    })
}
