//! Why there is nothing to pay, and what to do now: one table of status, heading, next step and way on.

use domain::{
    access::Role,
    date::{Moment, moment_in_words, zone_in_words},
    views::{Closed, ClosedReason},
};

/// The HTTP status of the page.
#[must_use]
pub const fn status_of(reason: ClosedReason) -> u16 {
    match reason {
        ClosedReason::Unresolved => 400,
        ClosedReason::UnknownLink | ClosedReason::UnknownInvoice => 404,
        ClosedReason::AlreadyPaid | ClosedReason::JustPaid | ClosedReason::Draft | ClosedReason::InProgress { .. } => {
            409
        }
        ClosedReason::Covered => 409,
        ClosedReason::Void | ClosedReason::QuoteExpired => 410,
        ClosedReason::NotSetUp => 503,
    }
}

#[must_use]
pub fn heading(closed: &Closed) -> String {
    let invoice = invoice(closed, "This invoice");
    match closed.reason {
        ClosedReason::AlreadyPaid => format!("{invoice} is paid"),
        ClosedReason::Draft => format!("{invoice} has not been issued yet"),
        ClosedReason::Void => format!("{invoice} was cancelled"),
        ClosedReason::InProgress { .. } => format!("Someone is paying {} now", lower(&invoice)),
        ClosedReason::JustPaid => format!("{invoice} has just been paid"),
        ClosedReason::UnknownLink => "This payment link does not work".into(),
        ClosedReason::UnknownInvoice => "We cannot find that invoice".into(),
        ClosedReason::Unresolved => "This link is incomplete".into(),
        ClosedReason::Covered => format!("{invoice} is covered by quote credit"),
        ClosedReason::QuoteExpired => "The time to pay this quote is over".into(),
        ClosedReason::NotSetUp => "Payments are not switched on here yet".into(),
    }
}

#[must_use]
pub fn next_step(closed: &Closed) -> String {
    let merchant = closed.merchant.as_ref().map_or("the company that sent it", |m| m.name.as_str());
    let step = match closed.reason {
        ClosedReason::AlreadyPaid | ClosedReason::JustPaid if closed.of_several => {
            "There is nothing left to pay on it.".into()
        }
        ClosedReason::AlreadyPaid => {
            "There is nothing left to pay, and nothing was charged now. You can close this page.".into()
        }
        ClosedReason::Draft => {
            format!("{merchant} is still preparing it. Use the link again when you have received the invoice.")
        }
        ClosedReason::Void => {
            format!("You do not owe anything on it. If you expected a new invoice, ask {merchant} for it.")
        }
        ClosedReason::InProgress { since, again_by } => in_progress(closed, since, again_by),
        ClosedReason::JustPaid => format!(
            "There is nothing left to pay: {merchant} has the money, and is recording it. You can close this page."
        ),
        ClosedReason::UnknownLink => {
            format!("It may be mistyped, expired or replaced by a newer one. Ask {merchant} for a new link.")
        }
        ClosedReason::UnknownInvoice => {
            let number = closed.invoice_number.as_ref().map(|number| format!(", {number}")).unwrap_or_default();
            format!(
                "No invoice has the number in this link{number}. Compare it with your invoice, or ask {merchant} for a \
                 new link."
            )
        }
        ClosedReason::Unresolved => {
            format!("The e-mail was sent without the invoice's number. Tell {merchant}, and ask for a new link.")
        }
        ClosedReason::Covered => format!(
            "You have paid it with your quote, and {merchant} applies that credit to it. There is nothing left to pay, and \
             nothing was charged now."
        ),
        ClosedReason::QuoteExpired => {
            "Nothing more was charged. Go back to your quote, and choose to accept and pay it once more.".into()
        }
        ClosedReason::NotSetUp => {
            format!("{merchant} cannot take payments on this page at the moment. Ask how else you can pay.")
        }
    };
    if closed.of_several && closed.reason != ClosedReason::NotSetUp {
        return format!("{step} Nothing was charged for the others either. Choose them again without this one.");
    }
    step
}

/// Where a link leads on to, and what it says. A guest has no account: only signing in may be offered.
#[must_use]
pub const fn way_on(reason: ClosedReason, role: Role) -> Option<(&'static str, &'static str)> {
    match (reason, role) {
        (ClosedReason::AlreadyPaid | ClosedReason::JustPaid, Role::Payer) => Some(("/payments", "See your payments")),
        (ClosedReason::AlreadyPaid | ClosedReason::JustPaid, Role::Guest) => {
            Some(("/sign-in?next=/payments", "Sign in to see your payments"))
        }
        (_, Role::Payer) => Some(("/dashboard", "See your invoices")),
        // The empty address is that of the page itself.
        (ClosedReason::InProgress { .. }, _) => Some(("", "Reload this page")),
        _ => None,
    }
}

/// Times stand with their zone: the page is read by whoever was sent the link, wherever they are.
fn in_progress(closed: &Closed, since: Moment, again_by: Option<Moment>) -> String {
    let zone = closed.merchant.as_ref().map(|merchant| format!(", {}", zone_in_words(&merchant.time_zone)));
    let begun = format!("Since {}{}.", moment_in_words(since), zone.unwrap_or_default());
    let wait = "Do not pay again meanwhile: this page can be reloaded, and whoever pays is told by e-mail.";
    match again_by {
        Some(by) => format!("{begun} {wait} If they do not finish, it can be paid again by {}.", moment_in_words(by)),
        None => format!("{begun} {wait}"),
    }
}

/// `invoice INV-501` inside a sentence.
fn lower(invoice: &str) -> String {
    invoice.replacen("This", "this", 1).replacen("Invoice", "invoice", 1)
}

fn invoice(closed: &Closed, otherwise: &str) -> String {
    closed.invoice_number.as_ref().map_or(otherwise.to_owned(), |number| format!("Invoice {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons() -> [ClosedReason; 12] {
        let since = "2026-11-28T13:26:00-05:00".parse().expect("a moment");
        [
            ClosedReason::AlreadyPaid,
            ClosedReason::Draft,
            ClosedReason::Void,
            ClosedReason::InProgress { since, again_by: None },
            ClosedReason::InProgress { since, again_by: Some(since) },
            ClosedReason::JustPaid,
            ClosedReason::UnknownLink,
            ClosedReason::UnknownInvoice,
            ClosedReason::Unresolved,
            ClosedReason::NotSetUp,
            ClosedReason::Covered,
            ClosedReason::QuoteExpired,
        ]
    }

    #[test]
    fn every_closed_page_names_its_next_step_even_without_a_merchant() {
        for reason in reasons() {
            let closed = Closed { merchant: None, invoice_number: None, of_several: false, reason };
            assert!(!heading(&closed).is_empty() && next_step(&closed).ends_with('.'), "{reason:?}");
        }
    }

    #[test]
    fn a_number_that_no_invoice_has_is_named_to_be_compared() {
        let reason = ClosedReason::UnknownInvoice;
        let closed = Closed { merchant: None, invoice_number: Some("INV-5O1".into()), of_several: false, reason };
        assert!(next_step(&closed).starts_with("No invoice has the number in this link, INV-5O1. Compare it"));
    }

    #[test]
    fn a_guest_is_led_to_nothing_that_needs_an_account_and_a_payer_always_on() {
        for reason in reasons() {
            let to = way_on(reason, Role::Guest).map_or("", |(to, _)| to);
            assert!(to.is_empty() || to.starts_with("/sign-in"), "{reason:?} leads to {to}");
            assert!(way_on(reason, Role::Payer).is_some(), "{reason:?}");
        }
    }
}
