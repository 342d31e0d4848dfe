//! Places where a test may kill the process, or as `panic:name` the task, to prove that a payment survives it (F1 of
//! `quality.md`, 2.2). Named in `WISEPAY_FAILPOINT`; compiled in for debug builds alone.

/// Dies here when the test says so.
pub(crate) fn reach(name: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    let armed = std::env::var("WISEPAY_FAILPOINT").unwrap_or_default();
    assert!(armed.strip_prefix("panic:") != Some(name), "the test wants a panic at {name}");
    if armed == name {
        std::process::abort();
    }
}
