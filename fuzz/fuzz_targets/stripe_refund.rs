//! What Stripe answers to a refund.
#![no_main]

wisepay_fuzz::reply!(stripe_fuzz, refunded, REFUND);
