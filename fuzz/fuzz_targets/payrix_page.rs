//! What Payrix says of its page.
#![no_main]

wisepay_fuzz::reply!(payrix_fuzz, found_page, &page());
