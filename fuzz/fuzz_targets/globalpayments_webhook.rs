//! The news of Global Payments, signed and forged.
#![no_main]

wisepay_fuzz::webhook!(globalpayments_fuzz);
