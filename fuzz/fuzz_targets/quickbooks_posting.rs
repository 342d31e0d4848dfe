//! What QuickBooks Online answers to the posting of a payment.
#![no_main]

wisepay_fuzz::reply!(quickbooks_fuzz, posted, PAYMENT);
