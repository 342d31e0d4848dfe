//! The news of Stripe, signed and forged.
#![no_main]

wisepay_fuzz::webhook!(stripe_fuzz);
