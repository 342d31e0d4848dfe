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
    /// Nobody has chosen yet where payments are to stand.
    pub lacks_accounts: bool,
    /// Little is left of what an app of theirs may read this month.
    pub runs_short: Option<Used>,
    /// What can be connected; empty where books are connected, or are our own.
    pub offers: Vec<BooksOffer>,
    pub lanes: Vec<LaneFace>,
}

/// An accounting package that can be connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BooksOffer {
    /// What a form names it by.
    pub provider: String,
    pub name: String,
    /// The installation has an app there: staff need none.
    pub has_app: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneFace {
    /// What a form names it by.
    pub id: ConnectionId,
    pub lane: Lane,
    pub organisation: Option<String>,
    pub is_valid: bool,
    pub is_paused: bool,
    /// Staff have disconnected it, or the connection whose credentials it uses.
    pub is_cut: bool,
    pub has_own_client: bool,
    pub tested_at: Option<Moment>,
    /// Of the access token.
    pub token_made_at: Option<Moment>,
    pub minute: Used,
    pub day: Used,
    /// What its app has read for everybody, where the vendor meters that.
    pub month: Option<Used>,
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
