//! What Stripe answers to a charge.
#![no_main]

wisepay_fuzz::reply!(stripe_fuzz, charged, INTENT);
