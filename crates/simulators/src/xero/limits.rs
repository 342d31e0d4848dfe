//! Xero's limits per (client, tenant): 5 at once, 60 a minute, 5,000 a day; fixed windows. What is left of an app's 10,000 a
//! minute over all tenants is told with each answer. `wire/accounting.md`, 1.4.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::window::Window;

const CONCURRENT_MAX: u32 = 5;
const MINUTE_MAX: u32 = 60;
const DAY_MAX: u32 = 5_000;
/// Over all tenants of an app; with two of them it cannot be reached, but the header is sent.
const APP_MINUTE_MAX: u32 = 10_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

#[derive(Debug, Default)]
struct Usage {
    running: u32,
    minute: Window,
    day: Window,
}

/// By client and tenant, and by client.
#[derive(Default)]
struct Used {
    tenants: HashMap<(String, String), Usage>,
    apps: HashMap<String, Window>,
}

/// What is left, for the `X-…-Remaining` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remaining {
    pub minute: u32,
    pub day: u32,
    pub app_minute: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    /// `X-Rate-Limit-Problem`.
    pub problem: &'static str,
    /// Absent for concurrency: another call's end frees the place.
    pub retry_after_seconds: Option<i64>,
    pub remaining: Remaining,
}

#[derive(Default)]
pub(crate) struct Limits(Mutex<Used>);

impl Limits {
    /// Takes a place until the permit is dropped; a client that hangs up frees it too.
    pub fn enter(&self, client: &str, tenant: &str, now_ms: i64) -> Result<(Permit<'_>, Remaining), Breach> {
        let of = (client.to_owned(), tenant.to_ascii_lowercase());
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Used { tenants, apps } = &mut *used;
        let (usage, app) = (tenants.entry(of.clone()).or_default(), apps.entry(client.to_owned()).or_default());
        usage.minute.roll(now_ms, MINUTE_MS);
        usage.day.roll(now_ms, DAY_MS);
        app.roll(now_ms, MINUTE_MS);
        let remaining = |usage: &Usage, app: &Window| Remaining {
            minute: MINUTE_MAX - usage.minute.used,
            day: DAY_MAX - usage.day.used,
            app_minute: APP_MINUTE_MAX.saturating_sub(app.used),
        };
        let breach = |problem, retry_after_seconds| {
            Err(Breach { problem, retry_after_seconds, remaining: remaining(usage, app) })
        };
        if usage.running >= CONCURRENT_MAX {
            return breach("concurrent", None);
        }
        if usage.minute.used >= MINUTE_MAX {
            return breach("minute", Some(usage.minute.seconds_left(now_ms, MINUTE_MS)));
        }
        if usage.day.used >= DAY_MAX {
            return breach("day", Some(usage.day.seconds_left(now_ms, DAY_MS)));
        }
        usage.running += 1;
        usage.minute.used += 1;
        usage.day.used += 1;
        app.used += 1;
        Ok((Permit { limits: self, of }, remaining(usage, app)))
    }

    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Used::default();
    }
}

pub(crate) struct Permit<'a> {
    limits: &'a Limits,
    of: (String, String),
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut used = self.limits.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(usage) = used.tenants.get_mut(&self.of) {
            usage.running = usage.running.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_call_at_once_is_refused_until_one_ends() {
        let limits = Limits::default();
        let mut running: Vec<_> = (0..5).map(|_| limits.enter("app", "one", 0).unwrap().0).collect();
        let breach = limits.enter("app", "ONE", 0).map(|_| ()).unwrap_err();
        assert_eq!((breach.problem, breach.retry_after_seconds), ("concurrent", None));
        assert!(limits.enter("other", "one", 0).is_ok());
        running.pop();
        assert!(limits.enter("app", "one", 0).is_ok());
    }

    #[test]
    fn each_organisation_has_its_own_and_the_apps_minute_is_of_all() {
        let limits = Limits::default();
        for _ in 0..60 {
            limits.enter("app", "one", 0).unwrap();
        }
        assert!(limits.enter("app", "one", 0).is_err());
        let (_, left) = limits.enter("app", "two", 0).unwrap();
        assert_eq!(left, Remaining { minute: 59, day: 4_999, app_minute: 9_939 });
    }

    #[test]
    fn the_minute_and_the_day_are_fixed_windows() {
        let limits = Limits::default();
        for _ in 0..60 {
            limits.enter("app", "one", 1_000).unwrap();
        }
        let breach = limits.enter("app", "one", 31_000).map(|_| ()).unwrap_err();
        assert_eq!((breach.problem, breach.retry_after_seconds), ("minute", Some(30)));
        for call in 0..4_940 {
            limits.enter("app", "one", 61_000 + call * 1_001).unwrap();
        }
        assert_eq!(limits.enter("app", "one", 80_000_000).map(|_| ()).unwrap_err().problem, "day");
        assert_eq!(limits.enter("app", "one", 86_401_001).unwrap().1.day, 4_999);
    }
}
