//! Random bytes for ids and tokens. A machine without a random source cannot run the demo at all.

pub(crate) fn random_bytes<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// As hex.
pub(crate) fn random_hex<const BYTES: usize>() -> String {
    hex::encode(random_bytes::<BYTES>())
}
