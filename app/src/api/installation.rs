//! What the operator sees of the installation.

use crate::fault::Fault;
use domain::views::Installation;
use leptos::prelude::*;

#[server(prefix = "/api", endpoint = "installation/show")]
pub async fn read_installation() -> Result<Installation, Fault> {
    use crate::gate;
    let operator = gate::operator(gate::Act::SeeInstallation).await?;
    gate::answer(gate::engine().installation(&operator).await)
}

/// Gives a merchant's books a connection for each lane, or one for all (S94).
#[server(prefix = "/api", endpoint = "installation/multi_connection")]
pub async fn switch_connections(merchant: String, multi: bool) -> Result<(), Fault> {
    use crate::gate;
    let operator = gate::operator(gate::Act::SetUpMerchants).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().switch_connections(&operator, &merchant, multi).await)?;
    gate::go_to("/operator");
    Ok(())
}
