//! "Download latest accounting platform data" (S96).

use super::Whoami;
use crate::{date::Moment, sync::SyncState};

/// How the reading of the books stands, for whoever may ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncPage {
    pub who: Whoami,
    /// The accounting package, where there is one.
    pub books: Option<String>,
    /// Absent before the first reading.
    pub state: Option<SyncState>,
    /// When it was asked for, by somebody or by the clock.
    pub asked_at: Option<Moment>,
    /// Documents that were read, and those of them that were new or had changed.
    pub found: u64,
    pub updated: u64,
    /// How many are left, where the books say.
    pub left: Option<u64>,
    /// In words.
    pub error: Option<String>,
    /// Up to when all that the books have is here.
    pub synced_at: Option<Moment>,
}
