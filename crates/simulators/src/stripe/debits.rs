//! Bank debits: accepted in a moment, decided in days, taken back in weeks. Source: `wire/gateways.md`, 2.4 and 2.5.

use serde_json::json;

use super::agenda::Due;
use super::balance::{self, Movement};
use super::bank_accounts::{BankAccount, Blocked, Ending, failure_message};
use super::calendar::{Delay, next_business_day};
use super::cards::DeclineWords;
use super::charges::{Charge, ChargeStatus, Debit};
use super::intents::{Intent, Status};
use super::mandates::MandateAsked;
use super::methods::Means;
use super::operation::Operation;
use super::refusal::Refusal;
use crate::random::random_hex;

/// The end of a debit whose bank never answers is not planned; its money would come then.
const NEVER_AVAILABLE: Delay = Delay::BusinessDays(4);
/// An armed `decline:CODE` comes as a return does.
const ARMED_FAILS_AFTER_BUSINESS_DAYS: u32 = 2;

impl Operation<'_> {
    /// Confirms an intent whose method is a bank account: asks for micro-deposits, or sends the debit.
    pub fn confirm_debit(&mut self, intent: &Intent, account: &BankAccount) -> Result<(), Refusal> {
        let method = intent.payment_method.clone().unwrap_or_default();
        takes_debits(account)?;
        if intent.currency != account.scheme.currency() {
            let message = format!(
                "The currency provided ({}) is invalid for {}; it takes {}.",
                intent.currency,
                account.scheme.name(),
                account.scheme.currency()
            );
            return Err(Refusal::invalid(None, message).about("currency"));
        }
        let single_use = match intent.setup_future_usage {
            Some(_) => None,
            None => Some((intent.amount, intent.currency.clone())),
        };
        let verify = account.needs_deposits(intent.verification_method.as_deref());
        if verify && intent.no_challenge {
            let message = "The bank account is not verified, and the customer is not there to verify it.";
            return Err(Refusal::invalid(Some("bank_account_unverified"), message).about("payment_method"));
        }
        let asked =
            MandateAsked { named: intent.mandate.as_deref(), acceptance: intent.acceptance.clone(), single_use };
        let mandate = self.mandate_for(&method, asked, verify)?;
        self.intent_mut(&intent.id)?.mandate = Some(mandate);
        if verify {
            let deposits = self.send_deposits(&intent.id, account);
            let intent = self.intent_mut(&intent.id)?;
            intent.deposits = Some(deposits);
            intent.status = Status::RequiresAction;
            let id = intent.id.clone();
            self.emit_intent("payment_intent.requires_action", &id);
            return Ok(());
        }
        self.send_debit(&intent.id)
    }

    /// Hands the debit to the bank; what comes of it stands in the agenda.
    pub fn send_debit(&mut self, id: &str) -> Result<(), Refusal> {
        let intent = self.intent_mut(id)?.clone();
        let method = intent.payment_method.as_ref().and_then(|id| self.account.methods.get(id)).cloned();
        let Some(Means::Bank(account)) = method.map(|method| method.means) else {
            return Err(super::intents::missing_method());
        };
        let armed = self.armed_decline();
        let (ending, delay) = match armed {
            Some(code) => (Ending::Fails { code }, Delay::BusinessDays(ARMED_FAILS_AFTER_BUSINESS_DAYS)),
            None => (account.ending.clone(), account.delay),
        };
        let mut charge = self.new_charge(&intent, ChargeStatus::Pending, None);
        let fee = balance::fee(&Means::Bank(account), charge.amount);
        let ends_at = if ending == Ending::Never { NEVER_AVAILABLE } else { delay }.from(self.now_s);
        let booked = self.book(Movement::Payment, &charge.id, charge.amount, fee, &charge.currency, ends_at);
        charge.balance_transaction = Some(booked);
        if ending != Ending::Never {
            self.account.agenda.plan(ends_at, Due::DebitEnds(charge.id.clone()));
        }
        charge.debit = Some(Debit {
            mandate: intent.mandate.clone().unwrap_or_default(),
            expected_on: next_business_day(self.now_s),
            reference: random_hex::<8>(),
            ending,
        });
        let charge_id = charge.id.clone();
        self.account.charges.insert(charge_id.clone(), charge);
        self.keep_method(&intent)?;
        let intent = self.intent_mut(id)?;
        intent.status = Status::Processing;
        intent.last_error = None;
        intent.deposits = None;
        intent.latest_charge = Some(charge_id.clone());
        self.emit_charge("charge.pending", &charge_id);
        self.emit_intent("payment_intent.processing", id);
        Ok(())
    }

    pub fn debit_ends(&mut self, id: &str) {
        let pending = self.account.charges.get(id).filter(|charge| charge.status == ChargeStatus::Pending);
        let Some(charge) = pending.cloned() else { return };
        match charge.debit.as_ref().map(|debit| &debit.ending) {
            Some(Ending::Fails { code }) => self.debit_fails(&charge, code),
            Some(Ending::Returned { after_seconds }) => {
                self.debit_clears(&charge);
                self.account.agenda.plan(self.now_s + after_seconds, Due::Disputed(charge.id.clone()));
            }
            _ => self.debit_clears(&charge),
        }
    }

    fn debit_clears(&mut self, charge: &Charge) {
        if let Some(charge) = self.account.charges.get_mut(&charge.id) {
            charge.status = ChargeStatus::Succeeded;
        }
        if let Some(intent) = self.account.intents.get_mut(&charge.intent) {
            intent.status = Status::Succeeded;
        }
        self.emit_charge("charge.succeeded", &charge.id);
        self.emit_intent("payment_intent.succeeded", &charge.intent);
        self.session_debit_ended(&charge.intent);
    }

    fn debit_fails(&mut self, charge: &Charge, code: &str) {
        let message = failure_message(code);
        let method = charge.method.as_ref().map(|method| method.id.clone()).unwrap_or_default();
        if let Some(blocked) = Blocked::by(code) {
            self.block_account(&method, blocked);
            self.end_mandates(&method);
        }
        let booked = charge.balance_transaction.as_ref().and_then(|id| self.account.balance.get(id)).cloned();
        let returned = booked.map(|paid| {
            self.book(Movement::PaymentFailure, &charge.id, -paid.amount, -paid.fee, &paid.currency, self.now_s)
        });
        if let Some(charge) = self.account.charges.get_mut(&charge.id) {
            charge.status = ChargeStatus::Failed;
            charge.failure_code = Some(code.to_owned());
            charge.failure_message = Some(message.to_owned());
            charge.failure_balance_transaction = returned;
        }
        let mut error = Refusal::card(code, message).with("charge", json!(charge.id));
        if let Some(method) = self.account.methods.get(&method) {
            error = error.with("payment_method", method.view());
        }
        if let Some(intent) = self.account.intents.get_mut(&charge.intent) {
            intent.status = Status::RequiresPaymentMethod;
            intent.payment_method = None;
            intent.last_error = Some(error.body()["error"].take());
        }
        self.emit_charge("charge.failed", &charge.id);
        self.emit_intent("payment_intent.payment_failed", &charge.intent);
        self.session_debit_ended(&charge.intent);
    }

    /// The bank takes nothing from this account any more, by whatever method it is named.
    pub fn block_account(&mut self, method: &str, blocked: Blocked) {
        let named = self.account.methods.get(method).and_then(|method| method.bank());
        let Some(fingerprint) = named.map(|account| account.fingerprint.clone()) else { return };
        let accounts = self.account.methods.values_mut().filter_map(|method| method.bank_mut());
        for account in accounts.filter(|account| account.fingerprint == fingerprint) {
            account.blocked = Some(blocked.clone());
        }
    }

    /// Writes a charge of the intent's method down.
    pub fn new_charge(&mut self, intent: &Intent, status: ChargeStatus, declined: Option<&DeclineWords>) -> Charge {
        let method = intent.payment_method.as_ref().and_then(|id| self.account.methods.get(id)).cloned();
        let prefix = if method.as_ref().is_some_and(|method| method.bank().is_some()) { "py" } else { "ch" };
        Charge {
            id: self.account.mint(prefix),
            created: self.now_s,
            amount: intent.amount,
            refunded: 0,
            currency: intent.currency.clone(),
            status,
            intent: intent.id.clone(),
            customer: intent.customer.clone(),
            method,
            description: intent.description.clone(),
            receipt_email: intent.receipt_email.clone(),
            metadata: intent.metadata.clone(),
            failure_code: declined.map(|words| words.code.clone()),
            failure_message: declined.map(|words| words.message.clone()),
            decline_code: declined.and_then(|words| words.decline_code.clone()),
            advice_code: declined.map(|words| words.advice_code.to_owned()),
            disputed: false,
            balance_transaction: None,
            failure_balance_transaction: None,
            debit: None,
        }
    }
}

/// Refuses an account that the bank has closed to debits.
pub(crate) fn takes_debits(account: &BankAccount) -> Result<(), Refusal> {
    match &account.blocked {
        None => Ok(()),
        Some(blocked) => {
            let message = format!("The bank account cannot be debited ({}).", blocked.reason);
            Err(Refusal::invalid(Some("payment_method_bank_account_blocked"), message).about("payment_method"))
        }
    }
}
