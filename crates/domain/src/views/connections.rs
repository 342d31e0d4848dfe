//! What a merchant's admin sees of the connections to the books.

use super::Whoami;
use crate::{date::Moment, ids::ConnectionId, lane::Lane};
use serde::{Deserialize, Serialize};

/// Configure > Accounting Connections (S95, S106).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionsPage {
    pub who: Whoami,
    /// As the books are called; absent without books that are connected.
    pub books: Option<String>,
    /// Each lane has a connection. Off, one carries them all (S93).
    pub multi: bool,
    /// The books count the calls of some of them together.
    pub shares_a_budget: bool,
    pub lanes: Vec<LaneFace>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneFace {
    /// What a form names it by.
    pub id: ConnectionId,
    pub lane: Lane,
    pub organisation: Option<String>,
    pub is_valid: bool,
    pub is_paused: bool,
    pub has_own_client: bool,
    pub tested_at: Option<Moment>,
    /// Of the access token.
    pub token_made_at: Option<Moment>,
    pub minute: Used,
    pub day: Used,
    /// The vendor takes no calls before.
    pub stopped_until: Option<Moment>,
    /// So much waits for it, and since when.
    pub queued: u64,
    pub oldest_at: Option<Moment>,
    pub last_error: Option<String>,
}

/// Calls of a limit, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    pub used: u32,
    pub of: Option<u32>,
}
