//! What Authorize.Net answers to a charge.
#![no_main]

wisepay_fuzz::reply!(authorizenet_fuzz, charged, REPLY);
