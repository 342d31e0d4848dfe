//! `createTransactionRequest`: reads it, and takes or reserves money. Refunds, voids and captures: `corrections.rs`.
//! Source: `wire/gateways.md`, 3.3.

use chrono::{DateTime, Datelike};
use serde::{Deserialize, Serialize};

use super::corrections;
use super::duplicates;
use super::instruments::{Bank, Behaviour, Card, Instrument, avs_result};
use super::money;
use super::operation::{Answer, Operation, Reply};
use super::profiles::PaymentProfile;
use super::reasons::Reason;
use super::refusal::Refusal;
use super::reply::{Members, Out, put, text};
use super::transactions::{Kind, Particulars, Status, Transaction, outcome};
use super::tree::Node;
use super::{MERCHANT, random_code};

/// A debit of an ordinary bank account above it is declined, as in the vendor's sandbox (`wire/gateways.md`, 3.11).
const BANK_DEBIT_MAX_MINOR: i64 = 10_000;
/// And so is what would take the month's debits of ordinary bank accounts above this.
const BANK_MONTH_MAX_MINOR: i64 = 500_000;
/// The billing zip that forces a decline.
pub(crate) const DECLINED_ZIP: &str = "46282";

/// Who pays: the instrument, and the stored method that it comes from.
pub(crate) struct Paying {
    pub instrument: Instrument,
    pub profile: Option<(u64, u64)>,
}

/// What a charge asks for, whoever pays.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub kind: Kind,
    pub amount: i64,
    pub currency: String,
    /// Of `captureOnlyTransaction`: the code that was given by telephone.
    pub auth_code: Option<String>,
    /// Less than the amount will do: the account's setting, unless the request says otherwise.
    #[serde(default)]
    pub in_part: bool,
    pub particulars: Particulars,
}

impl Asked {
    /// Nothing when the amount is none.
    pub fn read(request: &Node, kind: Kind) -> Option<Self> {
        Some(Self {
            kind,
            amount: money::read(request.text("amount")?)?,
            currency: request.text("currencyCode").unwrap_or(MERCHANT.currency).to_uppercase(),
            auth_code: request.owned("authCode").filter(|_| kind == Kind::CaptureOnly),
            in_part: request.setting("transactionSettings", "allowPartialAuth") != Some("false"),
            particulars: Particulars::read(request),
        })
    }

    /// A stored method brings its billing address along.
    fn take_address_of(&mut self, stored: Option<&PaymentProfile>) {
        if let Some(stored) = stored.filter(|_| self.particulars.bill_to.is_empty()) {
            self.particulars.bill_to.clone_from(&stored.bill_to);
        }
    }
}

pub(crate) fn create(op: &mut Operation<'_>, root: &Node) -> Answer {
    let request = root.at("transactionRequest").ok_or_else(|| Refusal::required("transactionRequest"))?;
    match request.text("transactionType").unwrap_or_default() {
        "authCaptureTransaction" => op.charge(request, Kind::AuthCapture),
        "authOnlyTransaction" => op.charge(request, Kind::AuthOnly),
        "captureOnlyTransaction" if request.text("authCode").is_none() => Ok(refused(Reason(12))),
        "captureOnlyTransaction" => op.charge(request, Kind::CaptureOnly),
        "priorAuthCaptureTransaction" => Ok(corrections::capture(op, request)),
        "voidTransaction" => Ok(corrections::void(op, request)),
        "refundTransaction" => corrections::refund(op, request),
        _ => Err(Refusal::invalid("transactionType")),
    }
}

/// A `transactionResponse` for what was never recorded: its `transId` is 0.
pub(crate) fn refused(reason: Reason) -> Reply {
    unrecorded(reason, false)
}

fn unrecorded(reason: Reason, test: bool) -> Reply {
    let response: Members = vec![
        ("responseCode", text(reason.response_code().to_string())),
        ("authCode", text(if test { "000000" } else { "" })),
        ("avsResultCode", text("P")),
        ("cvvResultCode", text("")),
        ("cavvResultCode", text("")),
        ("transId", text("0")),
        ("refTransID", text("")),
        ("transHash", text("")),
        ("testRequest", text(if test { "1" } else { "0" })),
        ("accountNumber", text("")),
        ("accountType", text("")),
        outcome(reason),
        ("transHashSha2", text("")),
    ];
    answered(reason, response)
}

/// Approved and held transactions are `Ok`; everything else is E00027 beside its `transactionResponse`.
pub(crate) fn answered(reason: Reason, response: Members) -> Reply {
    let well = matches!(reason.response_code(), 1 | 4);
    Reply { members: vec![("transactionResponse", Out::Tree(response))], failure: (!well).then(Refusal::unsuccessful) }
}

/// `userFields`, echoed and never stored (`wire/gateways.md`, 3.6).
pub(crate) fn user_fields(request: &Node) -> Option<Out> {
    let fields = request.at("userFields")?.all("userField").map(|field| {
        let mut members = Members::new();
        put(&mut members, "name", field.text("name"));
        put(&mut members, "value", field.text("value"));
        Out::Tree(members)
    });
    Some(Out::List("userField", fields.collect()))
}

impl Operation<'_> {
    fn charge(&mut self, request: &Node, kind: Kind) -> Answer {
        let Some(mut asked) = Asked::read(request, kind) else { return Ok(refused(Reason::AMOUNT)) };
        let paying = match self.paying(request)? {
            Ok(paying) => paying,
            Err(reason) => return Ok(refused(reason)),
        };
        if kind == Kind::AuthOnly && paying.instrument.is_bank() {
            return Err(Refusal::invalid("transactionType"));
        }
        if request.setting("transactionSettings", "testRequest").is_some_and(|value| value == "true") {
            return Ok(unrecorded(Reason::APPROVED, true));
        }
        asked.take_address_of(paying.profile.and_then(|ids| self.account.payment_profile(ids)));
        let window = duplicates::Window::read(request);
        if let Some(original) = self.duplicate(&window, &asked, &paying.instrument) {
            return Ok(duplicates::reply(&window, original));
        }
        let id = self.take(asked, paying);
        let wants_profile = request.flag("profile/createProfile");
        let Some(transaction) = self.account.transactions.get(&id) else { return Err(Refusal::broken()) };
        let reason = transaction.reason;
        let mut reply = answered(reason, transaction.response(reason, None, user_fields(request)));
        if wants_profile && reason.response_code() == 1 {
            reply.members.push(("profileResponse", self.profile_of_charge(id)));
        }
        Ok(reply)
    }

    /// Decides and writes the transaction down; money moves here and nowhere else.
    pub fn take(&mut self, asked: Asked, paying: Paying) -> u64 {
        let Asked { kind, amount, currency, auth_code, in_part, particulars } = asked;
        let reason = match self.decide(amount, &paying.instrument, particulars.zip()) {
            Reason::PARTIAL if !in_part => Reason::DECLINED,
            reason => reason,
        };
        let amount = if reason == Reason::PARTIAL { (amount / 2).max(1) } else { amount };
        let status = match reason.response_code() {
            1 if kind == Kind::AuthOnly => Status::AuthorizedPendingCapture,
            1 => Status::CapturedPendingSettlement,
            4 if reason == Reason(252) => Status::FdsPendingReview,
            4 if reason == Reason::PARTIAL => Status::AuthorizedPendingRelease,
            4 => Status::FdsAuthorizedPendingReview,
            3 => Status::GeneralError,
            _ => Status::Declined,
        };
        let approved = matches!(reason.response_code(), 1 | 4);
        let (avs, code_result) = match &paying.instrument {
            Instrument::Card(card) => (avs_result(particulars.zip()), card.code_result()),
            Instrument::Bank(_) => ("P", ""),
        };
        let transaction = Transaction {
            id: self.account.mint(),
            ref_id: self.ref_id.clone(),
            kind,
            status,
            reason,
            submitted_ms: self.now_ms,
            captured_ms: (status == Status::CapturedPendingSettlement).then_some(self.now_ms),
            auth_code: auth_code.unwrap_or_else(|| if approved { random_code(6) } else { String::new() }),
            avs: avs.to_owned(),
            code_result: code_result.to_owned(),
            amount,
            settle: if approved { amount } else { 0 },
            currency,
            network_id: (approved && !paying.instrument.is_bank()).then(|| random_code(15)),
            instrument: paying.instrument,
            particulars,
            of: None,
            refunded: 0,
            profile: paying.profile,
            batch: None,
            settled_ms: None,
            returned: None,
        };
        let id = transaction.id;
        self.effects.unanswered = approved && transaction.instrument.behaviour() == Behaviour::ApproveUnanswered;
        self.account.transactions.insert(id, transaction);
        match (reason.response_code(), kind) {
            (1, Kind::AuthOnly) => self.emit_payment("authorization.created", id),
            (1, Kind::CaptureOnly) => self.emit_payment("capture.created", id),
            (1, _) => self.emit_payment("authcapture.created", id),
            (4, _) if reason == Reason::PARTIAL => self.emit_payment("authcapture.created", id),
            (4, _) => self.emit_payment("fraud.held", id),
            _ => {}
        }
        id
    }

    fn decide(&self, amount: i64, instrument: &Instrument, zip: Option<&str>) -> Reason {
        if let Some(reason) = self.armed_decline() {
            return reason;
        }
        let declined = zip == Some(DECLINED_ZIP)
            || match instrument.behaviour() {
                Behaviour::Decline => true,
                Behaviour::BySandboxRule => {
                    amount > BANK_DEBIT_MAX_MINOR || self.bank_debits_this_month() + amount > BANK_MONTH_MAX_MINOR
                }
                _ => false,
            };
        if declined { Reason::DECLINED } else { Reason::APPROVED }
    }

    fn bank_debits_this_month(&self) -> i64 {
        let month = |ms: i64| DateTime::from_timestamp_millis(ms).map(|at| (at.year(), at.month()));
        let counts = |transaction: &&Transaction| {
            transaction.instrument.behaviour() == Behaviour::BySandboxRule
                && transaction.kind != Kind::Refund
                && transaction.reason == Reason::APPROVED
                && transaction.status != Status::Voided
                && month(transaction.submitted_ms) == month(self.now_ms)
        };
        self.account.transactions.values().filter(counts).map(|transaction| transaction.amount).sum()
    }

    /// The instrument that the request names; the inner error is the vendor's reason, with a `transactionResponse`.
    pub fn paying(&mut self, request: &Node) -> Result<Result<Paying, Reason>, Refusal> {
        if let (Some(profile), None) = (request.text("profile/customerProfileId"), request.at("payment")) {
            let payment_profile = request.text("profile/paymentProfile/paymentProfileId");
            let payment_profile = payment_profile.ok_or_else(|| Refusal::required("Payment Profile"))?;
            let ids = (profile.parse().unwrap_or(0), payment_profile.parse().unwrap_or(0));
            let stored = self.account.payment_profile(ids).ok_or_else(Refusal::not_found)?;
            return Ok(Ok(Paying { instrument: stored.instrument.clone(), profile: Some(ids) }));
        }
        let Some(payment) = request.at("payment") else { return Ok(Err(Reason::MISSING)) };
        let instrument = self.instrument(payment)?;
        Ok(instrument.map(|instrument| Paying { instrument, profile: None }))
    }

    /// `payment`: a card or account in the open, or a nonce, which is used up by being read.
    pub fn instrument(&mut self, payment: &Node) -> Result<Result<Instrument, Reason>, Refusal> {
        if let Some(card) = payment.at("creditCard") {
            return Ok(Card::read(card, self.today()).map(Instrument::Card));
        }
        if let Some(bank) = payment.at("bankAccount") {
            return Ok(Bank::read(bank).map(Instrument::Bank));
        }
        let nonce = payment.at("opaqueData").ok_or_else(|| Refusal::invalid("payment"))?;
        let descriptor = nonce.text("dataDescriptor").unwrap_or_default();
        self.spend_nonce(descriptor, nonce.text("dataValue").unwrap_or_default()).map(Ok)
    }
}
