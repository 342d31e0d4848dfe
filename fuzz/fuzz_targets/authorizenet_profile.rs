//! What Authorize.Net says of a card that it keeps.
#![no_main]

wisepay_fuzz::reply!(authorizenet_fuzz, profile, PROFILE);
