//! Transactions: what the vendor keeps of each, and how it shows them. What changes one: `charge.rs`, `corrections.rs`,
//! `settlement.rs`. Source: `wire/gateways.md`, 3.3 and 3.5.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Account;
use super::instruments::Instrument;
use super::money;
use super::reasons::Reason;
use super::reply::{Members, Out, flag, number, put, text};
use super::tree::Node;

/// The status names of the vendor, all 24 of `wire/gateways.md`, 3.5.
macro_rules! statuses {
    ($($status:ident = $name:literal),* $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum Status { $(#[serde(rename = $name)] $status),* }

        impl Status {
            pub const ALL: &[Self] = &[$(Self::$status),*];

            pub fn name(self) -> &'static str {
                match self { $(Self::$status => $name),* }
            }
        }
    };
}

statuses! {
    AuthorizedPendingCapture = "authorizedPendingCapture",
    AuthorizedPendingRelease = "authorizedPendingRelease",
    CapturedPendingSettlement = "capturedPendingSettlement",
    PendingSettlement = "pendingSettlement",
    PendingFinalSettlement = "pendingFinalSettlement",
    UpdatingSettlement = "updatingSettlement",
    ApprovedReview = "approvedReview",
    SettledSuccessfully = "settledSuccessfully",
    RefundPendingSettlement = "refundPendingSettlement",
    RefundSettledSuccessfully = "refundSettledSuccessfully",
    Declined = "declined",
    Expired = "expired",
    FailedReview = "failedReview",
    GeneralError = "generalError",
    CommunicationError = "communicationError",
    SettlementError = "settlementError",
    Voided = "voided",
    CouldNotVoid = "couldNotVoid",
    UnderReview = "underReview",
    FdsPendingReview = "FDSPendingReview",
    FdsAuthorizedPendingReview = "FDSAuthorizedPendingReview",
    ReturnedItem = "returnedItem",
    Chargeback = "chargeback",
    ChargebackReversal = "chargebackReversal",
}

impl Status {
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.name() == name)
    }

    /// Waits for the next batch, and can still be voided.
    pub fn unsettled(self) -> bool {
        matches!(
            self,
            Self::AuthorizedPendingCapture
                | Self::AuthorizedPendingRelease
                | Self::CapturedPendingSettlement
                | Self::RefundPendingSettlement
        ) || self.held()
    }

    pub fn held(self) -> bool {
        matches!(self, Self::UnderReview | Self::FdsPendingReview | Self::FdsAuthorizedPendingReview)
    }

    /// The word of `GET /control/state/authorizenet`, the same for every gateway.
    fn neutral(self, bank: bool) -> &'static str {
        match self {
            Self::AuthorizedPendingCapture | Self::AuthorizedPendingRelease => "authorized",
            Self::SettledSuccessfully | Self::Chargeback | Self::ChargebackReversal => "succeeded",
            Self::Voided => "voided",
            Self::ReturnedItem => "returned",
            _ if self.held() => "pending",
            Self::Declined
            | Self::Expired
            | Self::FailedReview
            | Self::GeneralError
            | Self::CommunicationError
            | Self::SettlementError => "failed",
            _ if bank => "pending",
            _ => "succeeded",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    AuthCapture,
    AuthOnly,
    CaptureOnly,
    Refund,
}

impl Kind {
    /// `transactionType` of the details.
    fn name(self) -> &'static str {
        match self {
            Self::AuthCapture => "authCaptureTransaction",
            Self::AuthOnly => "authOnlyTransaction",
            Self::CaptureOnly => "captureOnlyTransaction",
            Self::Refund => "refundTransaction",
        }
    }
}

/// What a bank took back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Returned {
    pub id: u64,
    pub at_ms: i64,
    pub code: String,
}

/// Members of the request that come back in the details as they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Particulars {
    pub invoice_number: Option<String>,
    pub description: Option<String>,
    pub po_number: Option<String>,
    pub customer: BTreeMap<String, String>,
    pub bill_to: BTreeMap<String, String>,
    pub ship_to: BTreeMap<String, String>,
    pub customer_ip: Option<String>,
    /// Amount, name and description as sent; kept beside the amount, never added to it.
    pub surcharge: BTreeMap<String, String>,
}

pub(crate) const ADDRESS: [&str; 11] = [
    "firstName",
    "lastName",
    "company",
    "address",
    "city",
    "state",
    "zip",
    "country",
    "phoneNumber",
    "faxNumber",
    "email",
];
const CUSTOMER: [&str; 3] = ["type", "id", "email"];
const SURCHARGE: [&str; 3] = ["amount", "name", "description"];

pub(crate) fn texts(node: Option<&Node>, names: &[&str]) -> BTreeMap<String, String> {
    let text = |name: &&str| Some(((*name).to_owned(), node?.owned(name)?));
    names.iter().filter_map(text).collect()
}

pub(crate) fn put_texts(
    members: &mut Members,
    name: &'static str,
    values: &BTreeMap<String, String>,
    names: &[&'static str],
) {
    let inner: Members = names.iter().filter_map(|name| Some((*name, text(values.get(*name)?.as_str())))).collect();
    if !inner.is_empty() {
        members.push((name, Out::Tree(inner)));
    }
}

impl Particulars {
    pub fn read(request: &Node) -> Self {
        Self {
            invoice_number: request.owned("order/invoiceNumber"),
            description: request.owned("order/description"),
            po_number: request.owned("poNumber"),
            customer: texts(request.at("customer"), &CUSTOMER),
            bill_to: texts(request.at("billTo"), &ADDRESS),
            ship_to: texts(request.at("shipTo"), &ADDRESS),
            customer_ip: request.owned("customerIP"),
            surcharge: texts(request.at("surcharge"), &SURCHARGE),
        }
    }

    pub fn zip(&self) -> Option<&str> {
        self.bill_to.get("zip").map(String::as_str)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub id: u64,
    /// `refId` of the request that made it; the details call it `transrefId`.
    pub ref_id: Option<String>,
    pub kind: Kind,
    pub status: Status,
    pub reason: Reason,
    pub submitted_ms: i64,
    pub captured_ms: Option<i64>,
    pub auth_code: String,
    pub avs: String,
    pub code_result: String,
    pub amount: i64,
    pub settle: i64,
    pub currency: String,
    pub instrument: Instrument,
    pub particulars: Particulars,
    /// The transaction that this one refunds.
    pub of: Option<u64>,
    /// Sum of the refunds that stand.
    pub refunded: i64,
    pub profile: Option<(u64, u64)>,
    pub network_id: Option<String>,
    pub batch: Option<u64>,
    pub settled_ms: Option<i64>,
    pub returned: Option<Returned>,
}

impl Transaction {
    pub fn bank(&self) -> bool {
        self.instrument.is_bank()
    }

    /// `transactionResponse` of a request that made this transaction or changed it: what came of that, which transaction
    /// it named, and the fields that the caller wants back.
    pub fn response(&self, reason: Reason, of: Option<u64>, user_fields: Option<Out>) -> Members {
        let auth_code = if reason.response_code() == 1 { self.auth_code.as_str() } else { "" };
        let mut members: Members = vec![
            ("responseCode", text(reason.response_code().to_string())),
            ("authCode", text(auth_code)),
            ("avsResultCode", text(self.avs.as_str())),
            ("cvvResultCode", text(self.code_result.as_str())),
            ("cavvResultCode", text("")),
            ("transId", text(self.id.to_string())),
            ("refTransID", text(of.map(|id| id.to_string()).unwrap_or_default())),
            ("transHash", text("")),
            ("testRequest", text("0")),
            ("accountNumber", text(self.instrument.masked())),
            ("accountType", text(self.instrument.account_type())),
            outcome(reason),
        ];
        members.extend(user_fields.map(|fields| ("userFields", fields)));
        members.push(("transHashSha2", text("")));
        members.extend(self.profile.map(|profile| ("profile", profile_view(profile))));
        put(&mut members, "networkTransId", self.network_id.as_deref());
        members
    }

    /// `transaction` of `getTransactionDetailsResponse`.
    pub fn details(&self, account: &Account) -> Out {
        let mut members: Members = vec![("transId", text(self.id.to_string()))];
        put(&mut members, "refTransId", self.of.map(|id| id.to_string()));
        members.push(("submitTimeUTC", text(utc(self.submitted_ms))));
        members.push(("submitTimeLocal", text(local(self.submitted_ms))));
        members.push(("transactionType", text(self.kind.name())));
        members.push(("transactionStatus", text(self.status.name())));
        members.push(("responseCode", number(self.reason.response_code())));
        members.push(("responseReasonCode", number(self.reason.0)));
        members.push(("responseReasonDescription", text(self.reason.text())));
        members.push(("authCode", text(self.auth_code.as_str())));
        members.push(("AVSResponse", text(self.avs.as_str())));
        members.push(("cardCodeResponse", text(self.code_result.as_str())));
        if let Some(batch) = self.batch.and_then(|id| account.batches.get(&id)) {
            members.push(("batch", batch.view(account, false)));
        }
        let mut order = Members::new();
        put(&mut order, "invoiceNumber", self.particulars.invoice_number.as_deref());
        put(&mut order, "description", self.particulars.description.as_deref());
        put(&mut order, "purchaseOrderNumber", self.particulars.po_number.as_deref());
        if !order.is_empty() {
            members.push(("order", Out::Tree(order)));
        }
        members.push(("requestedAmount", text(money::show(self.amount))));
        members.push(("authAmount", text(money::show(self.amount))));
        members.push(("settleAmount", text(money::show(self.settle))));
        members.push(("taxExempt", flag(false)));
        members.push(("payment", self.instrument.view(false)));
        put_texts(&mut members, "customer", &self.particulars.customer, &CUSTOMER);
        put_texts(&mut members, "billTo", &self.particulars.bill_to, &ADDRESS);
        put_texts(&mut members, "shipTo", &self.particulars.ship_to, &ADDRESS);
        members.push(("recurringBilling", flag(false)));
        put(&mut members, "customerIP", self.particulars.customer_ip.as_deref());
        members.push(("product", text("Card Not Present")));
        members.push(("marketType", text("eCommerce")));
        if let Some(returned) = &self.returned {
            members.push(("returnedItems", Out::List("returnedItem", vec![returned.view()])));
        }
        if let Some(profile) = self.profile {
            members.push(("profile", profile_view(profile)));
        }
        put_texts(&mut members, "surcharge", &self.particulars.surcharge, &SURCHARGE);
        put(&mut members, "networkTransId", self.network_id.as_deref());
        Out::Tree(members)
    }

    /// One row of the lists.
    pub fn summary(&self) -> Out {
        let mut members: Members = vec![
            ("transId", text(self.id.to_string())),
            ("submitTimeUTC", text(utc(self.submitted_ms))),
            ("submitTimeLocal", text(local(self.submitted_ms))),
            ("transactionStatus", text(self.status.name())),
        ];
        put(&mut members, "invoiceNumber", self.particulars.invoice_number.as_deref());
        for name in ["firstName", "lastName"] {
            put(&mut members, name, self.particulars.bill_to.get(name).map(String::as_str));
        }
        members.push(("accountType", text(self.instrument.account_type())));
        members.push(("accountNumber", text(self.instrument.masked())));
        members.push(("settleAmount", text(money::show(self.settle))));
        members.push(("marketType", text("eCommerce")));
        members.push(("product", text("Card Not Present")));
        if self.returned.is_some() {
            members.push(("hasReturnedItems", flag(true)));
        }
        if let Some(profile) = self.profile {
            members.push(("profile", profile_view(profile)));
        }
        Out::Tree(members)
    }

    /// What the portal sent to recognise the charge by.
    pub fn reference(&self) -> Option<&str> {
        self.ref_id.as_deref().or(self.particulars.invoice_number.as_deref())
    }

    /// One line of `GET /control/state/authorizenet` (`demo.md`); what follows `refunded_minor` is our addition.
    pub fn state(&self, account: &Account) -> Value {
        let refunds = account.transactions.values().filter(|refund| refund.of == Some(self.id));
        let refunds: Vec<String> = refunds.map(|refund| refund.id.to_string()).collect();
        let captured_at = self.captured_ms.and_then(DateTime::from_timestamp_millis);
        let status = if self.returned.is_some() { "returned" } else { self.status.neutral(self.bank()) };
        json!({
            "id": self.id.to_string(), "reference": self.reference(), "amount_minor": self.amount,
            "currency": self.currency, "status": status,
            "captured_at": captured_at.map(|at| at.to_rfc3339()), "refunded_minor": self.refunded,
            "transaction_status": self.status.name(), "response_code": self.reason.response_code(),
            "reason_code": self.reason.0, "method": self.instrument.payment_method(),
            "last4": self.instrument.last4(), "invoice_number": self.particulars.invoice_number,
            "return_code": self.returned.as_ref().map(|returned| &returned.code), "refunds": refunds,
            "batch": self.batch.map(|id| id.to_string()),
        })
    }
}

impl Returned {
    fn view(&self) -> Out {
        Out::Tree(vec![
            ("id", text(self.id.to_string())),
            ("dateUTC", text(utc(self.at_ms))),
            ("dateLocal", text(local(self.at_ms))),
            ("code", text(self.code.as_str())),
            ("description", text(return_words(&self.code))),
        ])
    }
}

/// Nacha's reasons (`wire/gateways.md`, 8.3).
fn return_words(code: &str) -> &'static str {
    match code {
        "R01" => "Insufficient Funds",
        "R02" => "Account Closed",
        "R03" => "No Account/Unable to Locate Account",
        "R04" => "Invalid Account Number",
        "R05" => "Unauthorized Debit to Consumer Account",
        "R07" => "Authorization Revoked by Customer",
        "R08" => "Payment Stopped",
        "R10" => "Customer Advises Not Authorized",
        "R11" => "Customer Advises Not Within Authorization Terms",
        "R16" => "Account Frozen",
        "R20" => "Non-Transaction Account",
        "R29" => "Corporate Customer Advises Not Authorized",
        "R31" => "Permissible Return Entry",
        _ => "Returned Item",
    }
}

/// `messages` of an approved or held transaction, `errors` of any other.
pub(crate) fn outcome(reason: Reason) -> (&'static str, Out) {
    let code = text(reason.0.to_string());
    match reason.response_code() {
        1 | 4 => {
            let message = Out::Tree(vec![("code", code), ("description", text(reason.text()))]);
            ("messages", Out::List("message", vec![message]))
        }
        _ => {
            let error = Out::Tree(vec![("errorCode", code), ("errorText", text(reason.text()))]);
            ("errors", Out::List("error", vec![error]))
        }
    }
}

pub(crate) fn profile_view((profile, payment_profile): (u64, u64)) -> Out {
    Out::Tree(vec![
        ("customerProfileId", text(profile.to_string())),
        ("customerPaymentProfileId", text(payment_profile.to_string())),
    ])
}

/// `2026-11-25T20:15:04.123Z`
pub(crate) fn utc(ms: i64) -> String {
    let at: DateTime<Utc> = DateTime::from_timestamp_millis(ms).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The merchant's clock; the demo's stands seven hours behind, so that nobody mistakes it for UTC.
pub(crate) fn local(ms: i64) -> String {
    let at = DateTime::from_timestamp_millis(ms).unwrap_or_default() - TimeDelta::hours(7);
    at.format("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}
