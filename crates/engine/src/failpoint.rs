//! Places where a test may kill the process, to prove that a payment survives it (F1 of `quality.md`, 2.2). Named in
//! `WISEPAY_FAILPOINT`; compiled in for debug builds alone.

/// Dies here when the test says so.
pub(crate) fn reach(name: &str) {
    if cfg!(debug_assertions) && std::env::var("WISEPAY_FAILPOINT").is_ok_and(|armed| armed == name) {
        std::process::abort();
    }
}
