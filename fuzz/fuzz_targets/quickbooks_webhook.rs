//! The news of QuickBooks Online, signed and forged.
#![no_main]

wisepay_fuzz::books_webhook!(quickbooks_fuzz);
