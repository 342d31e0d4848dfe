//! The duplicate window, the vendor's only guard against charging twice. Source: `wire/gateways.md`, 3.6.

use serde::{Deserialize, Serialize};

use super::charge::{self, Asked};
use super::instruments::Instrument;
use super::operation::{Operation, Reply};
use super::reasons::Reason;
use super::transactions::{Particulars, Transaction};
use super::tree::Node;

const WINDOW_DEFAULT_SECONDS: i64 = 120;
/// A longer window is shortened to it.
const WINDOW_MAX_SECONDS: i64 = 28_800;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Window {
    seconds: i64,
    /// The request named a window: only then does the reply name the original.
    given: bool,
}

impl Window {
    pub fn read(request: &Node) -> Self {
        match request.setting("transactionSettings", "duplicateWindow").and_then(|text| text.parse::<i64>().ok()) {
            Some(seconds) => Self { seconds: seconds.clamp(0, WINDOW_MAX_SECONDS), given: true },
            None => Self { seconds: WINDOW_DEFAULT_SECONDS, given: false },
        }
    }
}

impl Operation<'_> {
    /// The youngest transaction within the window that asks for the same money from the same payer, declined ones too.
    pub fn duplicate(&self, window: &Window, asked: &Asked, instrument: &Instrument) -> Option<&Transaction> {
        let since_ms = self.now_ms - window.seconds * 1000;
        self.account.transactions.values().rev().find(|earlier| {
            earlier.submitted_ms > since_ms
                && earlier.kind == asked.kind
                && earlier.amount == asked.amount
                && earlier.instrument.print() == instrument.print()
                && same_payer(&earlier.particulars, &asked.particulars)
        })
    }
}

/// Invoice number, customer id, names and address; the description and the caller's address are not compared.
fn same_payer(one: &Particulars, other: &Particulars) -> bool {
    one.invoice_number == other.invoice_number
        && one.po_number == other.po_number
        && one.customer == other.customer
        && one.bill_to == other.bill_to
        && one.ship_to == other.ship_to
}

/// Response 3, reason 11.
pub(crate) fn reply(window: &Window, original: &Transaction) -> Reply {
    if !window.given {
        return charge::refused(Reason::DUPLICATE);
    }
    let mut response = original.response(Reason::DUPLICATE, None, None);
    for (name, value) in &mut response {
        if *name == "authCode" {
            *value = super::reply::text(original.auth_code.as_str());
        }
    }
    charge::answered(Reason::DUPLICATE, response)
}
