//! What we send. The order of the members is the vendor's schema and part of its wire: another one is refused as E00003
//! (`wire/gateways.md`, 3.1-3.2). The official SDK's bytes are the proof (`tests/it/authorizenet_golden.rs`).

use super::profiles::{ChosenProfile, NewCustomer, NewProfile};
use crate::gateway::{ChargeRequest, RefundRequest};
use serde::Serialize;
use serde_json::Value;

/// Recognises our traffic at the vendor.
const CLIENT_ID: &str = concat!("wise-pay-", env!("CARGO_PKG_VERSION"));
/// What Accept.js and AcceptUI call their nonces (3.10). Others, of wallets, are not asked for.
const NONCE: &str = "COMMON.ACCEPT.INAPP.PAYMENT";
/// The longest that there is. A request that carries a window is told of the original when it is a duplicate (3.6).
const DUPLICATE_WINDOW_SECS: &str = "28800";
pub const DESCRIPTION_MAX_CHARS: usize = 255;

#[derive(Serialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum Request<'a> {
    #[serde(rename = "createTransactionRequest")]
    Transact {
        #[serde(flatten)]
        head: Head<'a>,
        transaction_request: Transaction<'a>,
    },
    #[serde(rename = "getHostedPaymentPageRequest")]
    Page {
        #[serde(flatten)]
        head: Head<'a>,
        transaction_request: Transaction<'a>,
        hosted_payment_settings: Settings,
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
    #[serde(rename = "createCustomerProfileRequest")]
    Keep {
        #[serde(flatten)]
        head: Head<'a>,
        profile: NewProfile<'a>,
        validation_mode: &'static str,
    },
    #[serde(rename = "createCustomerProfileFromTransactionRequest")]
    KeepPaid {
        #[serde(flatten)]
        head: Head<'a>,
        trans_id: &'a str,
        customer: NewCustomer<'a>,
    },
    /// By either of its names.
    #[serde(rename = "getCustomerProfileRequest")]
    Profile {
        #[serde(flatten)]
        head: Head<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        customer_profile_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        merchant_customer_id: Option<&'a str>,
        unmask_expiration_date: bool,
    },
    #[serde(rename = "deleteCustomerProfileRequest")]
    Forget {
        #[serde(flatten)]
        head: Head<'a>,
        customer_profile_id: &'a str,
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
        /// Absent where the payer enters it on the vendor's page, or the vendor keeps it.
        #[serde(skip_serializing_if = "Option::is_none")]
        payment: Option<Payment<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        profile: Option<ChosenProfile<'a>>,
        order: Order<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        bill_to: Option<BillTo<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        transaction_settings: Option<Settings>,
    },
    #[serde(rename = "voidTransaction")]
    Void { ref_trans_id: &'a str },
    #[serde(rename = "refundTransaction")]
    Refund {
        amount: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        payment: Option<Payment<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        profile: Option<ChosenProfile<'a>>,
        ref_trans_id: &'a str,
        order: Order<'a>,
        transaction_settings: Settings,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Payment<'a> {
    OpaqueData(OpaqueData<'a>),
    CreditCard(KnownCard<'a>),
}

/// A card that was charged: the vendor knows the rest.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownCard<'a> {
    /// Its last four digits.
    card_number: &'a str,
    expiration_date: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpaqueData<'a> {
    data_descriptor: &'static str,
    data_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order<'a> {
    invoice_number: &'a str,
    description: String,
}

/// As much of the card's address as is compared (AVS) without asking the payer for a street.
#[derive(Serialize)]
pub struct BillTo<'a> {
    pub zip: &'a str,
}

#[derive(Serialize)]
pub struct Settings {
    setting: Vec<Setting>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Setting {
    setting_name: &'static str,
    setting_value: String,
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

impl<'a> Payment<'a> {
    pub const fn nonce(nonce: &'a str) -> Self {
        Self::OpaqueData(OpaqueData { data_descriptor: NONCE, data_value: nonce })
    }
}

impl<'a> Transaction<'a> {
    /// No customer: the receipt is ours to send, and the vendor would write to the address too.
    pub fn charge(request: &'a ChargeRequest, code: &'a str, nonce: &'a str) -> Self {
        Self::taking(request, code, Some(Payment::nonce(nonce)), None, Some(Settings::whole_or_nothing()))
    }

    pub fn refund(request: &'a RefundRequest, code: &'a str, last4: &'a str) -> Self {
        let card = Payment::CreditCard(KnownCard { card_number: last4, expiration_date: "XXXX" });
        Self::paying_back(request, code, Some(card), None)
    }

    /// Of what has settled. Parts of one charge are no duplicates of each other, because each has its own name.
    pub fn paying_back(
        request: &'a RefundRequest,
        code: &'a str,
        payment: Option<Payment<'a>>,
        profile: Option<ChosenProfile<'a>>,
    ) -> Self {
        Self::Refund {
            amount: request.amount.to_decimal(),
            payment,
            profile,
            ref_trans_id: &request.charge_gateway_id,
            order: Order { invoice_number: code, description: description(&request.charge) },
            transaction_settings: Settings::window(),
        }
    }

    /// What the payer will pay on the vendor's page. Its token pays once, and the same card may be tried again there, so
    /// the window stays the vendor's own.
    pub fn on_page(request: &'a ChargeRequest, code: &'a str) -> Self {
        Self::taking(request, code, None, None, None)
    }

    pub fn taking(
        request: &'a ChargeRequest,
        code: &'a str,
        payment: Option<Payment<'a>>,
        profile: Option<ChosenProfile<'a>>,
        transaction_settings: Option<Settings>,
    ) -> Self {
        let bill_to = if profile.is_some() { None } else { request.postal_code.as_deref().map(|zip| BillTo { zip }) };
        Self::Charge {
            amount: request.amount.to_decimal(),
            currency_code: request.amount.currency.code(),
            payment,
            profile,
            order: Order { invoice_number: code, description: description(request) },
            bill_to,
            transaction_settings,
        }
    }
}

impl Settings {
    fn of<const N: usize>(settings: [(&'static str, String); N]) -> Self {
        let setting = |(setting_name, setting_value)| Setting { setting_name, setting_value };
        Self { setting: settings.map(setting).into() }
    }

    fn window() -> Self {
        Self::of([("duplicateWindow", DUPLICATE_WINDOW_SECS.to_owned())])
    }

    /// An account may let a card pay less than was asked; an invoice is not paid by that.
    pub fn whole_or_nothing() -> Self {
        let window = ("duplicateWindow", DUPLICATE_WINDOW_SECS.to_owned());
        Self::of([window, ("allowPartialAuth", "false".to_owned())])
    }

    /// Each is JSON within a text (3.10). Cards alone: bank debits are not offered. No receipt of the vendor's: the payer
    /// comes back at once and reads ours.
    pub fn of_page(request: &ChargeRequest) -> Self {
        let (back, cancelled) = (Value::from(request.return_url.as_str()), Value::from(request.cancel_url.as_str()));
        let back = format!(
            r#"{{"showReceipt":false,"url":{back},"urlText":"Continue","cancelUrl":{cancelled},"cancelUrlText":"Cancel"}}"#
        );
        let methods = r#"{"cardCodeRequired":true,"showCreditCard":true,"showBankAccount":false}"#;
        Self::of([("hostedPaymentReturnOptions", back), ("hostedPaymentPaymentOptions", methods.to_owned())])
    }
}

/// Where people read the reference that payer and merchant quote: the invoice number is the attempt's name.
fn description(request: &ChargeRequest) -> String {
    let ChargeRequest { description, reference, .. } = request;
    let whole =
        if description.contains(reference) { description.clone() } else { format!("{reference}: {description}") };
    whole.chars().take(DESCRIPTION_MAX_CHARS).collect()
}
