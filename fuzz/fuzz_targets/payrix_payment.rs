//! What Payrix says of a payment by our reference.
#![no_main]

wisepay_fuzz::reply!(payrix_fuzz, found_payment, PAID);
