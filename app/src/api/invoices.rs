//! Invoices: the payer's own, and all of a merchant.

use crate::fault::Fault;
use domain::{
    ids::InvoiceId,
    views::{AdminHome, Dashboard},
};
use leptos::prelude::*;

/// Where the payer chooses.
#[cfg(feature = "ssr")]
const HOME: &str = "/dashboard";

#[server(prefix = "/api", endpoint = "invoices/dashboard")]
pub async fn read_dashboard() -> Result<Dashboard, Fault> {
    use crate::gate;
    let payer = gate::payer(gate::Act::SeeOwnInvoices).await?;
    let mut board = gate::answer(gate::engine().dashboard(&payer).await)?;
    board.refused = gate::take_note(HOME, "").fault.map(|fault| fault.to_string());
    Ok(board)
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

/// Opens one checkout for those of the payer's own invoices that they chose.
#[server(prefix = "/api", endpoint = "invoices/pay_chosen")]
pub async fn pay_chosen(#[server(default)] invoices: Vec<InvoiceId>) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let payer = gate::payer(gate::Act::PayOwnInvoices).await.map_err(gate::signed_out)?;
    let opened = gate::answer(gate::engine().pay_invoices(&payer, invoices).await);
    let checkout = opened.map_err(|fault| match fault {
        Fault::NotLikeThat { .. } => gate::refuse(HOME, HOME, fault, ""),
        other => other,
    })?;
    gate::go_to(&addresses::pay(checkout));
    Ok(())
}

#[server(prefix = "/api", endpoint = "invoices/admin_home")]
pub async fn read_home(search: String, page: u64) -> Result<AdminHome, Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::SeeMerchantInvoices).await?;
    gate::answer(gate::engine().admin_home(&admin, engine::ListQuery { search, page }).await)
}
