//! A payment that a program enters.
#![no_main]

wisepay_fuzz::sent!(payment, PAYMENT);
