//! An invoice that a program issues.
#![no_main]

wisepay_fuzz::sent!(invoice, INVOICE);
