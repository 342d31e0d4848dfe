//! Documents out of a fuzzer's bytes, and the properties that hold for them: those of the tests of `crates/connectors`,
//! from the same files.

// What the tests alone use of these files.
#![allow(dead_code, unused_imports, clippy::unwrap_used)]

#[path = "../../crates/connectors/tests/it/authorizenet_fuzz.rs"]
pub mod authorizenet_fuzz;
#[path = "../../crates/connectors/tests/it/globalpayments_fuzz.rs"]
pub mod globalpayments_fuzz;
#[path = "../../crates/connectors/tests/it/partners_fuzz.rs"]
pub mod partners_fuzz;
#[path = "../../crates/connectors/tests/it/payrix_fuzz.rs"]
pub mod payrix_fuzz;
#[path = "../../crates/connectors/tests/it/quickbooks_fuzz.rs"]
pub mod quickbooks_fuzz;
#[path = "../../crates/connectors/tests/it/rig.rs"]
pub mod rig;
#[path = "../../crates/connectors/tests/it/stripe_fuzz.rs"]
pub mod stripe_fuzz;
#[path = "../../crates/connectors/tests/it/stub.rs"]
pub mod stub;
#[path = "../../crates/connectors/tests/it/world.rs"]
pub mod world;
#[path = "../../crates/connectors/tests/it/xero_fuzz.rs"]
pub mod xero_fuzz;

pub use libfuzzer_sys::fuzz_target;

/// A body: `document` with faults that the bytes choose, or, where the first one is odd, the bytes after it themselves.
#[must_use]
pub fn body(document: &str, bytes: &[u8]) -> Vec<u8> {
    match bytes.split_first() {
        Some((first, rest)) if first % 2 == 1 => rest.to_vec(),
        Some((_, rest)) => {
            let choices =
                rest.chunks_exact(4).map(|four| four.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)));
            simulators::mangle::mangled(document, &choices.collect::<Vec<_>>())
        }
        None => document.as_bytes().to_vec(),
    }
}

/// A target: what a vendor replies, of a module here, its property and a document to begin with.
#[macro_export]
macro_rules! reply {
    ($vendor:ident, $property:ident, $document:expr) => {
        #[allow(unused_imports, reason = "one document is a constant, another is written")]
        use $crate::$vendor::*;

        static RIG: std::sync::LazyLock<$crate::$vendor::Stubbed> = std::sync::LazyLock::new($crate::$vendor::rig);

        $crate::fuzz_target!(|bytes: &[u8]| {
            let held = $crate::$vendor::$property(&RIG, &$crate::body($document, bytes));
            held.unwrap_or_else(|broken| panic!("{broken}"));
        });
    };
}

/// A target: what a program sends, its property and a body to begin with.
#[macro_export]
macro_rules! sent {
    ($property:ident, $body:ident) => {
        $crate::fuzz_target!(|bytes: &[u8]| {
            let held = $crate::partners_fuzz::$property(&$crate::body($crate::partners_fuzz::$body, bytes));
            held.unwrap_or_else(|broken| panic!("{broken}"));
        });
    };
}

/// A target: the news of books.
#[macro_export]
macro_rules! books_webhook {
    ($vendor:ident) => {
        $crate::fuzz_target!(|bytes: &[u8]| {
            let sent = $crate::$vendor::NEWS;
            let held = sent.is_taken_as_signed(&$crate::body(sent.event, bytes));
            held.unwrap_or_else(|broken| panic!("{broken}"));
        });
    };
}

/// A target: a gateway's news.
#[macro_export]
macro_rules! webhook {
    ($vendor:ident) => {
        static RIG: std::sync::LazyLock<$crate::$vendor::Stubbed> = std::sync::LazyLock::new($crate::$vendor::rig);

        $crate::fuzz_target!(|bytes: &[u8]| {
            let sent = $crate::$vendor::EVENT;
            let body = $crate::body(sent.event, bytes);
            let held = sent.is_taken_as_signed(&RIG.adapter, &body);
            held.unwrap_or_else(|broken| panic!("{broken}"));
        });
    };
}
