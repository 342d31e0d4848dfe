//! Pay Now: what is asked, the press of Pay, and where the payment stands.

use crate::{fault::Fault, note::Note};
use domain::{
    access::Role,
    ids::{CheckoutId, PaymentId},
    views::{CheckoutPage, Standing},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The checkout as one browser sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayScreen {
    pub page: CheckoutPage,
    /// Why the last press of Pay led back here.
    pub note: Note,
    pub signed_in_as: Option<String>,
    /// A guest's, unless somebody is signed in.
    pub role: Role,
}

/// `was` is the amount that the payer was shown before it moved, as a form field. `left` is the payment whose payer has
/// just cancelled at the gateway's own page: they are not asked a second time.
#[server(prefix = "/api", endpoint = "payments/page")]
pub async fn open_checkout(
    checkout: CheckoutId,
    was: Option<String>,
    left: Option<PaymentId>,
) -> Result<PayScreen, Fault> {
    use crate::{addresses::read_money, gate};
    let guest = gate::guest(checkout, gate::Act::SeeCheckout).await?;
    let was = was.as_deref().and_then(read_money);
    if let Some(left) = left {
        // Whatever comes of it: the page says where the payment stands, and offers to cancel it when it still waits.
        gate::answer(gate::engine().cancel_payment(&guest, left).await).ok();
    }
    let page = gate::answer(gate::engine().checkout_page(&guest, was).await)?;
    let who = gate::whoami().await.ok();
    let role = who.as_ref().map_or(Role::Guest, |who| who.role);
    Ok(PayScreen { page, note: gate::take_note("/npe"), signed_in_as: who.map(|who| who.email), role })
}

/// One press of Pay, posted by a plain form. `token` is empty when the gateway's own page shall take the card; `consent`
/// is the version of the words beside the button.
#[server(prefix = "/api", endpoint = "payments/take")]
pub async fn take(
    checkout: CheckoutId,
    payment: PaymentId,
    expected: String,
    #[server(default)] email: String,
    #[server(default)] token: String,
    #[server(default)] consent: String,
) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let order = engine::Order {
        payment,
        expected: addresses::read_money(&expected).ok_or(Fault::Malformed)?,
        email: email.trim().to_owned(),
        how: engine::PayHow::of_form(token).ok_or(Fault::Malformed)?,
        network: gate::network(),
        user_agent: gate::user_agent(),
        consent: domain::consent::Wording::of_version(&consent),
    };
    let payer = gate::payer(gate::Act::PayOwnInvoices).await.ok();
    let taken = match gate::guest(checkout, gate::Act::PayCheckout).await {
        Ok(guest) => gate::answer(gate::engine().take_payment(&guest, payer.as_ref(), order).await),
        Err(fault) => Err(fault),
    };
    let standing = taken.map_err(|fault| gate::refuse(&after_refusal(checkout, &fault), "/npe", fault, &email))?;
    gate::go_to(&after_take(&standing));
    Ok(())
}

#[server(prefix = "/api", endpoint = "payments/standing")]
pub async fn read_standing(checkout: CheckoutId, payment: PaymentId) -> Result<Standing, Fault> {
    use crate::gate;
    let guest = gate::guest(checkout, gate::Act::SeeCheckout).await?;
    gate::answer(gate::engine().payment_standing(&guest, payment).await)
}

/// The payer gives up before acting at the gateway.
#[server(prefix = "/api", endpoint = "payments/cancel")]
pub async fn cancel(checkout: CheckoutId, payment: PaymentId) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let guest = gate::guest(checkout, gate::Act::PayCheckout).await?;
    gate::answer(gate::engine().cancel_payment(&guest, payment).await)?;
    gate::go_to(&addresses::result(checkout, payment));
    Ok(())
}

#[cfg(feature = "ssr")]
fn after_take(standing: &Standing) -> String {
    use crate::addresses;
    match &standing.outcome {
        domain::views::Outcome::Continue { url, fields, .. } if fields.is_empty() => url.clone(),
        // The checkout has the form that leads on.
        domain::views::Outcome::Continue { .. } => addresses::pay(standing.checkout),
        _ => addresses::result(standing.checkout, standing.payment),
    }
}

#[cfg(feature = "ssr")]
fn after_refusal(checkout: CheckoutId, fault: &Fault) -> String {
    match fault {
        Fault::AmountMoved { was, .. } => crate::addresses::pay_again(checkout, *was),
        _ => crate::addresses::pay(checkout),
    }
}
