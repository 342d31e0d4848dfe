//! QuickBooks' limits: 500 calls a minute of a company, of which 120 batches; 10 at once and 10 a second of an app.
//! `wire/accounting.md`, 2.12.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::window::Window;

const MINUTE_MAX: u32 = 500;
const BATCH_MINUTE_MAX: u32 = 120;
const CONCURRENT_MAX: u32 = 10;
const SECOND_MAX: u32 = 10;
const MINUTE_MS: i64 = 60_000;
const SECOND_MS: i64 = 1_000;

#[derive(Debug, Default)]
struct AppUsage {
    running: u32,
    second: Window,
}

#[derive(Debug, Default)]
struct Usage {
    minute: Window,
    batches: Window,
    apps: HashMap<String, AppUsage>,
}

#[derive(Default)]
pub(crate) struct Limits(Mutex<Usage>);

impl Limits {
    /// Takes a place until the permit is dropped; a client that hangs up frees it too. `None` when a limit is reached.
    pub fn enter(&self, client: &str, is_batch: bool, now_ms: i64) -> Option<Permit<'_>> {
        let mut usage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Usage { minute, batches, apps } = &mut *usage;
        let app = apps.entry(client.to_owned()).or_default();
        minute.roll(now_ms, MINUTE_MS);
        batches.roll(now_ms, MINUTE_MS);
        app.second.roll(now_ms, SECOND_MS);
        // The vendor's answers take a tenth of a second and more, so whoever waits for each never meets its limit of ten
        // a second; ours take a thousandth. Only calls beside others are held to it.
        let second_is_full = app.running > 0 && app.second.used >= SECOND_MAX;
        let minute_is_full = minute.used >= MINUTE_MAX || (is_batch && batches.used >= BATCH_MINUTE_MAX);
        if app.running >= CONCURRENT_MAX || second_is_full || minute_is_full {
            return None;
        }
        app.running += 1;
        app.second.used += 1;
        minute.used += 1;
        batches.used += u32::from(is_batch);
        Some(Permit { limits: self, client: client.to_owned() })
    }

    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Usage::default();
    }
}

pub(crate) struct Permit<'a> {
    limits: &'a Limits,
    client: String,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut usage = self.limits.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(app) = usage.apps.get_mut(&self.client) {
            app.running = app.running.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_calls_of_an_app_run_at_once() {
        let limits = Limits::default();
        let mut running: Vec<_> = (0..10).map(|_| limits.enter("app", false, 0).unwrap()).collect();
        assert!(limits.enter("app", false, 2_000).is_none());
        assert!(limits.enter("other", false, 0).is_some());
        running.pop();
        assert!(limits.enter("app", false, 2_000).is_some());
    }

    #[test]
    fn ten_calls_of_an_app_begin_in_a_second_beside_another() {
        let limits = Limits::default();
        let slow = limits.enter("app", false, 0).unwrap();
        for _ in 0..9 {
            limits.enter("app", false, 500).unwrap();
        }
        assert!(limits.enter("app", false, 999).is_none());
        assert!(limits.enter("app", false, 1_000).is_some(), "the next second");
        drop(slow);
        for _ in 0..20 {
            assert!(limits.enter("app", false, 1_500).is_some(), "one after the other");
        }
    }

    #[test]
    fn the_minute_is_the_companys_and_counts_batches_apart() {
        let limits = Limits::default();
        for _ in 0..120 {
            limits.enter("app", true, 0).unwrap();
        }
        assert!(limits.enter("app", true, 59_999).is_none());
        for _ in 0..380 {
            limits.enter("other", false, 30_000).unwrap();
        }
        assert!(limits.enter("app", false, 59_999).is_none());
        assert!(limits.enter("app", true, 60_000).is_some());
    }
}
