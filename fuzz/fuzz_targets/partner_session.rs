//! What a quoting program asks a session for.
#![no_main]

wisepay_fuzz::sent!(session, SESSION);
