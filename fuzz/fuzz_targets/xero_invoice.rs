//! What Xero says of one invoice.
#![no_main]

wisepay_fuzz::reply!(xero_fuzz, invoice, INVOICES);
