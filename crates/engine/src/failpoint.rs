//! Places where a test may kill the process, or as `panic:name` the task, to prove that a payment survives it (F1 of
//! `quality.md`, 2.2); as `name:2`, when it comes there for the second time. Named in `WISEPAY_FAILPOINT`; compiled in for
//! debug builds alone.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How often the armed place was reached.
static REACHED: AtomicUsize = AtomicUsize::new(0);

/// Dies here when the test says so.
pub(crate) fn reach(name: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let armed = std::env::var("WISEPAY_FAILPOINT").unwrap_or_default();
    assert!(armed.strip_prefix("panic:") != Some(name), "the test wants a panic at {name}");
    let (place, time) = armed.split_once(':').unwrap_or((armed.as_str(), "1"));
    if place == name && time.parse::<usize>() == Ok(REACHED.fetch_add(1, Ordering::Relaxed) + 1) {
        std::process::abort();
    }
}
