//! What Payrix answers when a page is opened for a charge.
#![no_main]

wisepay_fuzz::reply!(payrix_fuzz, opened, OPENED);
