//! The news of Authorize.Net, signed and forged.
#![no_main]

wisepay_fuzz::webhook!(authorizenet_fuzz);
