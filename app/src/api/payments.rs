//! Pay Now: what is asked, the press of Pay, and where the payment stands.
#![expect(clippy::too_many_arguments, reason = "a server function has one for each field of its form")]

use crate::{fault::Fault, note::Note};
use domain::{
    access::Role,
    ids::{CheckoutId, PaymentId},
    views::{CheckoutPage, Standing},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Notes for pages under this address.
#[cfg(feature = "ssr")]
const HOME: &str = "/npe";

/// The checkout as one browser sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayScreen {
    pub page: CheckoutPage,
    /// Why the last press of Pay led back here.
    pub note: Note,
    /// The payer has just cancelled at the gateway's own page.
    pub gave_up: bool,
    pub signed_in_as: Option<String>,
    /// A guest's, unless somebody is signed in.
    pub role: Role,
}

/// `left` is the payment whose payer has just cancelled at the gateway's own page: they are not asked a second time.
#[server(prefix = "/api", endpoint = "payments/page")]
pub async fn open_checkout(checkout: CheckoutId, left: Option<PaymentId>) -> Result<PayScreen, Fault> {
    use crate::gate;
    use domain::views::Outcome;
    let guest = gate::guest(checkout, gate::Act::SeeCheckout).await?;
    let note = gate::take_note(HOME, &checkout.to_string());
    // From our own refusal and not from the address, where anybody could claim an amount (D11).
    let was = match &note.fault {
        Some(Fault::AmountMoved { was, number, .. }) => Some((number.clone(), *was)),
        _ => None,
    };
    let to_confirm = match &note.fault {
        Some(Fault::SurchargeMoved { added, paid_by }) if note.is_to_confirm() => {
            Some(engine::ToConfirm { added: *added, paid_by: paid_by.clone() })
        }
        _ => None,
    };
    let payer = gate::payer_if_any(gate::Act::PayOwnInvoices).await.ok();
    let mut gave_up = false;
    if let Some(left) = left {
        // Whatever comes of it: the page says where the payment stands, and offers to cancel it when it still waits.
        let left = gate::answer(gate::engine().cancel_payment(&guest, payer.as_ref(), left).await);
        gave_up = left.is_ok_and(|standing| standing.outcome == Outcome::Cancelled);
    }
    // On the heap: what holds it is moved several times before it is first asked.
    let page = Box::pin(gate::engine().checkout_page(&guest, payer.as_ref(), was, to_confirm)).await;
    let page = gate::answer(page)?;
    let who = gate::whoami().await.ok();
    let role = who.as_ref().map_or(Role::Guest, |who| who.role);
    Ok(PayScreen { page, note, gave_up, signed_in_as: who.map(|who| who.email), role })
}

/// One press of Pay, posted by a plain form. `saved` names a saved method; without one, `token` is empty when the gateway's
/// own page shall take the card. `consent` is the mark of the words beside the button, `keep` that of those beside the box
/// that has the card kept.
#[server(prefix = "/api", endpoint = "payments/take")]
pub async fn take(
    checkout: CheckoutId,
    payment: PaymentId,
    expected: String,
    #[server(default)] email: String,
    #[server(default)] token: String,
    #[server(default)] postal_code: String,
    #[server(default)] saved: String,
    #[server(default)] consent: String,
    #[server(default)] keep: String,
) -> Result<(), Fault> {
    use crate::{addresses, gate};
    use domain::views::Outcome;
    let pressed_with = (token.clone(), saved.clone(), !keep.is_empty());
    let order = engine::Order {
        payment,
        expected: addresses::read_shown(&expected).ok_or(Fault::Malformed)?,
        email: email.trim().to_owned(),
        how: if saved.is_empty() {
            engine::PayHow::of_form(token).ok_or(Fault::Malformed)?
        } else {
            engine::PayHow::Saved(saved.parse().map_err(|_| Fault::Malformed)?)
        },
        postal_code: engine::postal_code(&postal_code),
        network: gate::network(),
        user_agent: gate::user_agent(),
        consent,
        keep,
    };
    let payer = match gate::payer_if_any(gate::Act::PayOwnInvoices).await {
        // Whoever was offered either was signed in then, and can be so again.
        Err(fault @ Fault::SignInNeeded) if matches!(order.how, engine::PayHow::Saved(_)) || !order.keep.is_empty() => {
            return Err(gate::signed_out(fault));
        }
        payer => payer.ok(),
    };
    let taken = match gate::guest(checkout, gate::Act::PayCheckout).await {
        // On the heap, as above.
        Ok(guest) => gate::answer(Box::pin(gate::engine().take_payment(&guest, payer.as_ref(), order)).await),
        Err(fault) => Err(fault),
    };
    let standing = taken.inspect_err(|fault| {
        let note = Note::of(fault, &email).about(&checkout);
        let note = match fault {
            Fault::SurchargeMoved { .. } => note.pressed_with(&pressed_with.0, &pressed_with.1, pressed_with.2),
            _ => note,
        };
        gate::refuse_with(&addresses::pay(checkout), HOME, &note);
    })?;
    if matches!(standing.outcome, Outcome::Continue { .. }) {
        // Whoever cancels there need not type it again.
        gate::keep(HOME, &Note::with_email(&email).about(&checkout));
    }
    gate::go_to(&after_take(&standing));
    Ok(())
}

/// What the payer wants to pay of each of the checkout's invoices, as they typed it. The page is drawn anew with it, so that
/// button and words say what will be charged.
#[server(prefix = "/api", endpoint = "payments/amounts")]
pub async fn choose_amounts(
    checkout: CheckoutId,
    currency: String,
    #[server(default)] amounts: Vec<String>,
) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let guest = gate::guest(checkout, gate::Act::PayCheckout).await?;
    let read: Option<Vec<_>> = amounts.iter().map(|typed| addresses::read_typed_money(typed, &currency)).collect();
    let chosen = match read {
        Some(read) => gate::answer(gate::engine().choose_amounts(&guest, &read).await),
        None => Err(Fault::BadAmount),
    };
    chosen.inspect_err(|fault| {
        gate::refuse_with(&addresses::pay(checkout), HOME, &Note::of_amounts(fault, &amounts).about(&checkout));
    })?;
    gate::go_to(&addresses::pay(checkout));
    Ok(())
}

/// Opens the checkout of a payment without an invoice, in the merchant's currency.
#[server(prefix = "/api", endpoint = "payments/prepay")]
pub async fn prepay(amount: String, #[server(default)] purpose: String) -> Result<(), Fault> {
    use crate::{addresses, gate};
    const PAGE: &str = "/prepay";
    let payer = gate::payer(gate::Act::PayOwnInvoices).await.map_err(gate::signed_out)?;
    let form = gate::answer(gate::engine().prepay_form(&payer).await)?;
    let read = addresses::read_typed_money(&amount, form.currency.code()).filter(|amount| amount.is_positive());
    let opened = match read {
        Some(read) => gate::answer(gate::engine().prepay(&payer, read, &purpose).await),
        None => Err(Fault::BadAmount),
    };
    let checkout = opened.inspect_err(|fault| {
        gate::refuse_with(PAGE, PAGE, &Note::of_amount(fault, &amount, &purpose));
    })?;
    gate::go_to(&addresses::pay(checkout));
    Ok(())
}

#[server(prefix = "/api", endpoint = "payments/standing")]
pub async fn read_standing(checkout: CheckoutId, payment: PaymentId) -> Result<Standing, Fault> {
    use crate::gate;
    let guest = gate::guest(checkout, gate::Act::SeeCheckout).await?;
    let payer = gate::payer_if_any(gate::Act::PayOwnInvoices).await.ok();
    gate::answer(Box::pin(gate::engine().payment_standing(&guest, payer.as_ref(), payment)).await)
}

/// The payer gives up before acting at the gateway.
#[server(prefix = "/api", endpoint = "payments/cancel")]
pub async fn cancel(checkout: CheckoutId, payment: PaymentId) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let guest = gate::guest(checkout, gate::Act::PayCheckout).await?;
    let payer = gate::payer_if_any(gate::Act::PayOwnInvoices).await.ok();
    gate::answer(gate::engine().cancel_payment(&guest, payer.as_ref(), payment).await)?;
    gate::go_to(&addresses::result(checkout, payment));
    Ok(())
}

#[cfg(feature = "ssr")]
fn after_take(standing: &Standing) -> String {
    use crate::{Assets, addresses};
    // A browser lets no form of ours end anywhere else, and says nothing; a link does lead there.
    let takes_forms = |url: &str| use_context::<Assets>().is_none_or(|assets| assets.gateways().take_forms_to(url));
    match &standing.outcome {
        // Somebody else was quicker: the checkout says so, and shows nothing of theirs.
        _ if !standing.mine => addresses::pay(standing.checkout),
        domain::views::Outcome::Continue { url, fields, .. } if fields.is_empty() && takes_forms(url) => url.clone(),
        // The checkout has the form, or the link, that leads on.
        domain::views::Outcome::Continue { .. } | domain::views::Outcome::Lapsed { .. } => {
            addresses::pay(standing.checkout)
        }
        _ => addresses::result(standing.checkout, standing.payment),
    }
}
