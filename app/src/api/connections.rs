//! What the buttons of Configure > Accounting Connections do.

use crate::fault::Fault;
use domain::ids::ConnectionId;
use leptos::prelude::*;

/// Tries a connection as it is.
#[server(prefix = "/api", endpoint = "connections/test")]
pub async fn test_connection(connection: ConnectionId) -> Result<(), Fault> {
    tried(connection, false, ["works", "fails"]).await
}

/// Tries it with a fresh token.
#[server(prefix = "/api", endpoint = "connections/reconnect")]
pub async fn reconnect(connection: ConnectionId) -> Result<(), Fault> {
    tried(connection, true, ["connected", "lost"]).await
}

/// Back to the page, which says what it came to.
#[cfg(feature = "ssr")]
async fn tried(connection: ConnectionId, anew: bool, [works, fails]: [&str; 2]) -> Result<(), Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::ManageConnections).await.map_err(gate::signed_out)?;
    let is_good = gate::answer(gate::engine().try_connection(&admin, connection, anew).await)?;
    gate::go_to(&format!("/admin/configure/accounting-connections?done={}", if is_good { works } else { fails }));
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
