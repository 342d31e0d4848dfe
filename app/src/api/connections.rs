//! What the buttons of Configure > Accounting Connections do.

use crate::fault::Fault;
use domain::ids::ConnectionId;
use leptos::prelude::*;

/// Tries a connection as it is.
#[server(prefix = "/api", endpoint = "connections/test")]
pub async fn test_connection(connection: ConnectionId) -> Result<(), Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::ManageConnections).await.map_err(gate::signed_out)?;
    let works = gate::answer(gate::engine().try_connection(&admin, connection, false).await)?;
    gate::go_to(if works {
        "/admin/configure/accounting-connections?done=works"
    } else {
        "/admin/configure/accounting-connections?done=fails"
    });
    Ok(())
}

/// Tries it with a fresh token.
#[server(prefix = "/api", endpoint = "connections/reconnect")]
pub async fn reconnect(connection: ConnectionId) -> Result<(), Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::ManageConnections).await.map_err(gate::signed_out)?;
    let works = gate::answer(gate::engine().try_connection(&admin, connection, true).await)?;
    gate::go_to(if works {
        "/admin/configure/accounting-connections?done=connected"
    } else {
        "/admin/configure/accounting-connections?done=lost"
    });
    Ok(())
}

/// Stops it, or lets it go on.
#[server(prefix = "/api", endpoint = "connections/pause")]
pub async fn pause_connection(connection: ConnectionId, paused: bool) -> Result<(), Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::ManageConnections).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().pause_connection(&admin, connection, paused).await)?;
    gate::go_to("/admin/configure/accounting-connections");
    Ok(())
}
