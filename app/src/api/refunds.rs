//! Money that staff pay back.

use crate::fault::Fault;
use domain::ids::{PaymentId, RefundId};
use leptos::prelude::*;

/// One press of Refund, posted by a plain form. `amount` is what was typed, in the currency that the form names. `surcharge`
/// is `none` for a refund that takes nothing of it, and `meaning` is `owed` where the customer still owes the invoice.
#[server(prefix = "/api", endpoint = "refunds/start")]
pub async fn start_refund(
    payment: PaymentId,
    refund: RefundId,
    currency: String,
    #[server(default)] amount: String,
    #[server(default)] reason: String,
    #[server(default)] surcharge: String,
    #[server(default)] meaning: String,
) -> Result<(), Fault> {
    use crate::{addresses, gate, note::Note};
    use domain::refund::RefundMeaning;
    let admin = gate::admin(gate::Act::Refund).await.map_err(gate::signed_out)?;
    let back = addresses::transaction(payment);
    let refuse = |fault: Fault| {
        let note = Note::of_amount(&fault, &amount, &reason).about(&payment);
        let note = Note { without_surcharge: surcharge == "none", still_owed: meaning == "owed", ..note };
        gate::refuse_with(&back, "/admin/transactions", &note);
        fault
    };
    let read = addresses::read_typed_money(&amount, &currency).ok_or_else(|| refuse(Fault::BadAmount))?;
    if reason.trim().is_empty() {
        return Err(refuse(Fault::NoReason));
    }
    let order = engine::RefundOrder {
        refund,
        payment,
        amount: read,
        with_surcharge: surcharge != "none",
        meaning: if meaning == "owed" { RefundMeaning::StillOwed } else { RefundMeaning::SaleCancelled },
        reason: reason.clone(),
    };
    gate::answer(gate::engine().refund_payment(&admin, order).await).map_err(refuse)?;
    gate::go_to(&format!("{back}#refunds"));
    Ok(())
}
