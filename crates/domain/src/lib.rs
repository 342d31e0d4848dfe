//! The rules of the product: pure data and pure functions, the same in the browser and on the server.
//! Nothing here may be async, do IO, read a clock or hold a secret; tests may plant a bug (`planted.rs`).

pub mod access;
pub mod advance;
pub mod asking;
pub mod bank_days;
pub mod card;
pub mod card_testing;
pub mod consent;
pub mod date;
pub mod debit;
pub mod dispute;
pub mod effects;
pub mod event;
pub mod exception;
pub mod export;
pub mod governor;
pub mod ids;
pub mod invoice;
pub mod invoice_story;
pub mod lane;
pub mod ledger;
pub mod method;
pub mod money;
pub mod network;
pub mod payment;
pub mod planted;
pub mod proof;
pub mod refund;
pub mod returns;
pub mod surcharge;
pub mod surcharge_law;
pub mod views;
