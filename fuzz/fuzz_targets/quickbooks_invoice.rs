//! What QuickBooks Online says of one invoice.
#![no_main]

wisepay_fuzz::reply!(quickbooks_fuzz, invoice, INVOICE);
