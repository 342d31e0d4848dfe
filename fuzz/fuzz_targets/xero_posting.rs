//! What Xero answers to the posting of a payment.
#![no_main]

wisepay_fuzz::reply!(xero_fuzz, posted, PAYMENTS);
