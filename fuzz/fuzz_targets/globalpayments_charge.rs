//! What Global Payments answers to a charge.
#![no_main]

wisepay_fuzz::reply!(globalpayments_fuzz, charged, SALE);
