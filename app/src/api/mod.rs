//! The browser's endpoints: the whole list, for audits and for the test that covers each. A body passes, calls the
//! engine and answers; nothing is decided here.

pub mod connections;
pub mod exceptions;
pub mod installation;
pub mod invoices;
pub mod mail;
pub mod methods;
pub mod payments;
pub mod refunds;
pub mod session;
pub mod transactions;
pub mod webhooks;

use domain::views::Whoami;
use serde::{Deserialize, Serialize};

/// A page inside the portal: whose place it is, and what it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Framed<T> {
    pub who: Whoami,
    pub page: T,
}
