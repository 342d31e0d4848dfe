//! The news of Xero, signed and forged.
#![no_main]

wisepay_fuzz::books_webhook!(xero_fuzz);
