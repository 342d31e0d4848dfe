//! A customer that a program writes.
#![no_main]

wisepay_fuzz::sent!(customer, CUSTOMER);
