//! What Authorize.Net says of one transaction.
#![no_main]

wisepay_fuzz::reply!(authorizenet_fuzz, details, DETAILS);
