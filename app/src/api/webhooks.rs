//! Where a merchant's events are sent, and two ways to help that along.

use crate::fault::Fault;
use domain::{
    ids::{EndpointId, EventId},
    views::EndpointBox,
};
use leptos::prelude::*;

#[server(prefix = "/api", endpoint = "webhooks/list")]
pub async fn list_webhooks() -> Result<EndpointBox, Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::SeeWebhooks).await?;
    gate::answer(gate::engine().endpoint_box(&admin).await)
}

/// Has an event sent to an endpoint once more.
#[server(prefix = "/api", endpoint = "webhooks/send_again")]
pub async fn send_event_again(endpoint: EndpointId, event: EventId) -> Result<(), Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::SendEvents).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().send_event_again(&admin, endpoint, event).await)?;
    gate::go_to("/admin/webhooks?done=again");
    Ok(())
}

/// Has an endpoint sent to again that is off.
#[server(prefix = "/api", endpoint = "webhooks/turn_on")]
pub async fn turn_endpoint_on(endpoint: EndpointId) -> Result<(), Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::SendEvents).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().switch_endpoint(&admin, endpoint, true).await)?;
    gate::go_to("/admin/webhooks?done=on");
    Ok(())
}
