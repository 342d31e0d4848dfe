//! What we send. The order of the members is the vendor's schema and part of its wire: another one is refused as E00003
//! (`wire/gateways.md`, 3.1-3.2). The official SDK's bytes are the proof (`tests/it/authorizenet_golden.rs`).

use crate::gateway::ChargeRequest;
use serde::Serialize;

/// Recognises our traffic at the vendor.
const CLIENT_ID: &str = concat!("wise-pay-", env!("CARGO_PKG_VERSION"));
/// What Accept.js and AcceptUI call their nonces (3.10). Others, of wallets, are not asked for.
const NONCE: &str = "COMMON.ACCEPT.INAPP.PAYMENT";
/// The longest that there is. A request that carries a window is told of the original when it is a duplicate (3.6).
const DUPLICATE_WINDOW_SECS: &str = "28800";
const DESCRIPTION_MAX_CHARS: usize = 255;

#[derive(Serialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum Request<'a> {
    #[serde(rename = "createTransactionRequest")]
    Transact {
        #[serde(flatten)]
        head: Head<'a>,
        transaction_request: Transaction<'a>,
    },
    #[serde(rename = "getTransactionDetailsRequest")]
    Details {
        #[serde(flatten)]
        head: Head<'a>,
        trans_id: &'a str,
    },
    #[serde(rename = "getUnsettledTransactionListRequest")]
    Unsettled {
        #[serde(flatten)]
        head: Head<'a>,
        sorting: Sorting,
        paging: Paging,
    },
    #[serde(rename = "getSettledBatchListRequest")]
    Batches {
        #[serde(flatten)]
        head: Head<'a>,
        include_statistics: bool,
        /// `2026-07-01T00:00:00Z`; at most 31 days before the last.
        first_settlement_date: String,
        last_settlement_date: String,
    },
    #[serde(rename = "getTransactionListRequest")]
    Batch {
        #[serde(flatten)]
        head: Head<'a>,
        batch_id: &'a str,
        sorting: Sorting,
        paging: Paging,
    },
}

/// What every request begins with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Head<'a> {
    merchant_authentication: Authentication<'a>,
    client_id: &'static str,
    /// Comes back in the answer, and later as the transaction's `transrefId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    ref_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Authentication<'a> {
    name: &'a str,
    transaction_key: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "transactionType", rename_all_fields = "camelCase")]
pub enum Transaction<'a> {
    #[serde(rename = "authCaptureTransaction")]
    Charge {
        amount: String,
        /// Not needed where it is the account's; where it is not, the vendor refuses instead of taking other money.
        currency_code: &'a str,
        payment: Payment<'a>,
        order: Order<'a>,
        transaction_settings: Settings,
    },
    #[serde(rename = "voidTransaction")]
    Void { ref_trans_id: &'a str },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment<'a> {
    opaque_data: OpaqueData<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpaqueData<'a> {
    data_descriptor: &'static str,
    data_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order<'a> {
    invoice_number: &'a str,
    description: String,
}

#[derive(Serialize)]
pub struct Settings {
    setting: [Setting; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Setting {
    setting_name: &'static str,
    setting_value: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sorting {
    pub order_by: &'static str,
    pub order_descending: bool,
}

#[derive(Serialize)]
pub struct Paging {
    pub limit: usize,
    /// Counts pages, from 1.
    pub offset: usize,
}

impl<'a> Head<'a> {
    pub fn new(name: &'a str, transaction_key: &'a str, ref_id: Option<&'a str>) -> Self {
        Self { merchant_authentication: Authentication { name, transaction_key }, client_id: CLIENT_ID, ref_id }
    }
}

impl<'a> Transaction<'a> {
    /// No customer: the receipt is ours to send, and the vendor would write to the address too.
    pub fn charge(request: &'a ChargeRequest, code: &'a str, nonce: &'a str) -> Self {
        let window = Setting { setting_name: "duplicateWindow", setting_value: DUPLICATE_WINDOW_SECS };
        Self::Charge {
            amount: request.amount.to_decimal(),
            currency_code: request.amount.currency.code(),
            payment: Payment { opaque_data: OpaqueData { data_descriptor: NONCE, data_value: nonce } },
            order: Order { invoice_number: code, description: description(request) },
            transaction_settings: Settings { setting: [window] },
        }
    }
}

/// Where people read the reference that payer and merchant quote: the invoice number is the attempt's name.
fn description(request: &ChargeRequest) -> String {
    let ChargeRequest { description, reference, .. } = request;
    let whole =
        if description.contains(reference) { description.clone() } else { format!("{reference}: {description}") };
    whole.chars().take(DESCRIPTION_MAX_CHARS).collect()
}
