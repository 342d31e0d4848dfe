//! What Global Payments answers to a refund.
#![no_main]

wisepay_fuzz::reply!(globalpayments_fuzz, refunded, REFUND);
