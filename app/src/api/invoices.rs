//! Invoices: the payer's own, and all of a merchant.

use crate::fault::Fault;
use domain::{
    ids::InvoiceId,
    views::{AdminHome, Dashboard},
};
use leptos::prelude::*;

#[server(prefix = "/api", endpoint = "invoices/dashboard")]
pub async fn read_dashboard() -> Result<Dashboard, Fault> {
    use crate::gate;
    let payer = gate::payer(gate::Act::SeeOwnInvoices).await?;
    gate::answer(gate::engine().dashboard(&payer).await)
}

/// Opens the checkout of one of the payer's own invoices.
#[server(prefix = "/api", endpoint = "invoices/pay")]
pub async fn pay_invoice(invoice: InvoiceId) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let payer = gate::payer(gate::Act::PayOwnInvoices).await.map_err(gate::signed_out)?;
    let checkout = gate::answer(gate::engine().pay_invoice(&payer, invoice).await)?;
    gate::go_to(&addresses::pay(checkout));
    Ok(())
}

#[server(prefix = "/api", endpoint = "invoices/admin_home")]
pub async fn read_home(search: String, page: u64) -> Result<AdminHome, Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::SeeMerchantInvoices).await?;
    gate::answer(gate::engine().admin_home(&admin, engine::ListQuery { search, page }).await)
}

/// Reads the books now instead of at the next turn.
#[server(prefix = "/api", endpoint = "invoices/sync")]
pub async fn sync_now() -> Result<(), Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::SyncBooks).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().sync_now(&admin).await)?;
    gate::go_to("/admin?done=sync");
    Ok(())
}
