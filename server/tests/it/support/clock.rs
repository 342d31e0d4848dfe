//! The clocks of a house: the vendors', its own portal's, and those of the processes that a test starts.

use super::{House, http};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::{path::PathBuf, sync::atomic::Ordering, time::Duration};

/// So long nobody goes on where a process died: its leases are over by then, and what it did not hear of is asked about.
pub const DEAD_FOR: Duration = Duration::from_secs(30);

impl House {
    /// Moves the clock of vendors and portal, so that what was read is old.
    pub async fn pass_an_hour(&self) {
        self.advance(json!({"hours": 1})).await;
    }

    pub async fn advance(&self, by: Value) {
        // First, or news of the vendors' new time would come from the future.
        self.move_processes(&by);
        let answer = http().post(format!("{}/control/advance", self.vendors)).json(&by).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// By the clock of vendors and portal.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::milliseconds(self.clock_ms.load(Ordering::Relaxed))
    }

    /// Moves the clock that vendors and the house's own portal share by seconds, and back where that is said. Nothing happens
    /// at the vendors by it.
    pub fn leap(&self, by: TimeDelta) {
        self.clock_ms.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }

    /// The same with the clocks of this house's processes.
    pub fn leap_with_processes(&self, by: TimeDelta) {
        self.leap(by);
        self.put_processes(TimeDelta::milliseconds(self.clock_ms.load(Ordering::Relaxed)));
    }

    /// Between the death of a process and the start of another, in place of waiting.
    pub fn outlive_the_dead(&self) {
        self.leap_with_processes(TimeDelta::from_std(DEAD_FOR).unwrap());
    }

    /// Moves the clocks of this house's processes to where the vendors' will be.
    fn move_processes(&self, by: &Value) {
        const MINUTE_MS: i64 = 60 * 1_000;
        let units =
            [("days", 24 * 60 * MINUTE_MS), ("hours", 60 * MINUTE_MS), ("minutes", MINUTE_MS), ("seconds", 1_000)];
        let by_ms: i64 = units.iter().map(|(unit, ms)| by[unit].as_i64().unwrap_or(0) * ms).sum();
        self.put_processes(TimeDelta::milliseconds(self.clock_ms.load(Ordering::Relaxed) + by_ms));
    }

    /// Puts the clocks of this house's processes so far ahead of real time, or behind it; the vendors' stay as they are. The
    /// file is replaced, so that nobody reads half of it.
    pub fn put_processes(&self, ahead: TimeDelta) {
        let fresh = self.folder.path().join("clock.fresh");
        std::fs::write(&fresh, ahead.num_milliseconds().to_string()).unwrap();
        std::fs::rename(fresh, self.clock_file()).unwrap();
    }

    pub(super) fn clock_file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }
}
