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
