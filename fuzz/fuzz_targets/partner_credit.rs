//! A credit note that a program gives.
#![no_main]

wisepay_fuzz::sent!(credit, CREDIT);
