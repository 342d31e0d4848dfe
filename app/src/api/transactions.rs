//! Payments that were made: the payer's own, and all of a merchant with the story of each.

use super::Framed;
use crate::{fault::Fault, note::Note};
use domain::{
    ids::{InvoiceId, PaymentId},
    views::{Page, PastPayments, PaymentRow, PaymentStory},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// One payment's page, as one browser sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryScreen {
    pub story: PaymentStory,
    /// Why the last press of a button led back here.
    pub note: Note,
}

#[server(prefix = "/api", endpoint = "transactions/past")]
pub async fn list_past_payments(search: String, page: u64) -> Result<Framed<PastPayments>, Fault> {
    use crate::gate;
    let payer = gate::payer(gate::Act::SeeOwnPayments).await?;
    let page = gate::answer(gate::engine().past_payments(&payer, engine::ListQuery { search, page }).await)?;
    Ok(Framed { who: payer.who().clone(), page })
}

#[server(prefix = "/api", endpoint = "transactions/list")]
pub async fn list_transactions(search: String, page: u64) -> Result<Framed<Page<PaymentRow>>, Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::SeeTransactions).await?;
    let page = gate::answer(gate::engine().transactions(&admin, engine::ListQuery { search, page }).await)?;
    Ok(Framed { who: admin.who().clone(), page })
}

#[server(prefix = "/api", endpoint = "transactions/story")]
pub async fn read_story(payment: PaymentId) -> Result<StoryScreen, Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::SeeTransactions).await?;
    let story = gate::answer(gate::engine().payment_story(&admin, payment).await)?;
    Ok(StoryScreen { story, note: gate::take_note("/admin/transactions", &payment.to_string()) })
}

/// Has what the books refused of a payment written once more.
#[server(prefix = "/api", endpoint = "transactions/post_again")]
pub async fn post_again(payment: PaymentId) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let admin = gate::admin(gate::Act::PostAgain).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().post_again(&admin, payment).await)?;
    gate::go_to(&addresses::transaction(payment));
    Ok(())
}

/// Has what the books refused of a payment written onto another invoice of the same customer.
#[server(prefix = "/api", endpoint = "transactions/reallocate")]
pub async fn reallocate(payment: PaymentId, from: InvoiceId, to: InvoiceId) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let admin = gate::admin(gate::Act::Reallocate).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().reallocate_payment(&admin, payment, from, to).await)?;
    gate::go_to(&addresses::transaction(payment));
    Ok(())
}
