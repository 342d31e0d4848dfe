//! What a confirmation comes to: approved, declined, sent to the bank's challenge, or on its way to a bank. Cards here,
//! bank accounts in `debits.rs`.

use serde_json::json;

use super::agenda::Due;
use super::balance::{self, CARD_AVAILABLE_AFTER_SECONDS, Movement};
use super::cards::{self, Behaviour, Card, Decline, DeclineWords};
use super::charges::ChargeStatus;
use super::form::Params;
use super::intents::{Intent, Status, missing_method};
use super::methods::{Means, month_of};
use super::operation::Operation;
use super::refusal::Refusal;

/// A disputed card is disputed so long after it paid.
const CARD_DISPUTED_AFTER_SECONDS: i64 = 60;

impl Operation<'_> {
    /// Tries to take the money by the intent's method.
    pub fn confirm(&mut self, id: &str) -> Result<(), Refusal> {
        let intent = self.intent_mut(id)?.clone();
        let method = intent.payment_method.as_ref().and_then(|id| self.account.methods.get(id)).cloned();
        let Some(method) = method else { return Err(missing_method()) };
        self.method_of(&method.id, intent.customer.as_deref())?;
        takes(&intent.payment_method_types, method.means.kind())?;
        match &method.means {
            Means::Card(card) => self.confirm_card(&intent, card, method.set_up),
            Means::Bank(account) => self.confirm_debit(&intent, account),
        }
    }

    fn confirm_card(&mut self, intent: &Intent, card: &Card, set_up: bool) -> Result<(), Refusal> {
        if let Some(code) = self.armed_decline() {
            return self.decline(intent, &cards::armed(&code));
        }
        if card.is_over(month_of(self.now_s)) {
            return self.decline(intent, &Decline::Expired.words());
        }
        match card.behaviour {
            Behaviour::Decline(decline) => self.decline(intent, &decline.words()),
            Behaviour::DeclineOnCharge => self.decline(intent, &Decline::Generic.words()),
            Behaviour::AuthenticateUntilSetUp if set_up => self.approve(intent, card.behaviour),
            Behaviour::Authenticate | Behaviour::AuthenticateUntilSetUp if intent.no_challenge => {
                self.decline(intent, &authentication_required())
            }
            Behaviour::Authenticate | Behaviour::AuthenticateUntilSetUp => {
                self.intent_mut(&intent.id)?.status = Status::RequiresAction;
                self.emit_intent("payment_intent.requires_action", &intent.id);
                Ok(())
            }
            approved => {
                self.effects.unanswered = approved == Behaviour::ApproveUnanswered;
                self.approve(intent, approved)
            }
        }
    }

    /// The payer answered the 3-D Secure challenge.
    pub fn challenge_answered(&mut self, id: &str, passed: bool) -> Result<(), Refusal> {
        self.intent_in(id, &[Status::RequiresAction], "authenticate")?;
        let intent = self.intent_mut(id)?.clone();
        if intent.deposits.is_some() {
            return Err(Refusal::invalid(None, "This PaymentIntent waits for micro-deposits."));
        }
        match self.armed_decline() {
            _ if !passed => self.decline(&intent, &authentication_failed()),
            Some(code) => self.decline(&intent, &cards::armed(&code)),
            None => {
                let method = intent.payment_method.as_ref().and_then(|id| self.account.methods.get_mut(id));
                if let Some(method) = method.filter(|_| intent.setup_future_usage.is_some()) {
                    method.set_up = true;
                }
                self.approve(&intent, Behaviour::Approve)
            }
        }
    }

    fn approve(&mut self, intent: &Intent, behaviour: Behaviour) -> Result<(), Refusal> {
        let mut charge = self.new_charge(intent, ChargeStatus::Succeeded, None);
        if let Some(method) = &charge.method {
            let fee = balance::fee(&method.means, charge.amount);
            let available_on = self.now_s + CARD_AVAILABLE_AFTER_SECONDS;
            let booked = self.book(Movement::Charge, &charge.id, charge.amount, fee, &charge.currency, available_on);
            charge.balance_transaction = Some(booked);
        }
        let charge_id = charge.id.clone();
        if behaviour == Behaviour::Dispute {
            let at_s = self.now_s + CARD_DISPUTED_AFTER_SECONDS;
            self.account.agenda.plan(at_s, Due::Disputed(charge_id.clone()));
        }
        self.account.charges.insert(charge_id.clone(), charge);
        self.keep_method(intent)?;
        if let Some(intent) = self.account.intents.get_mut(&intent.id) {
            intent.status = Status::Succeeded;
            intent.last_error = None;
            intent.latest_charge = Some(charge_id.clone());
        }
        self.emit_charge("charge.succeeded", &charge_id);
        self.emit_intent("payment_intent.succeeded", &intent.id);
        Ok(())
    }

    /// A method that was paid by is saved with the customer where the intent says so, and is used up where it is
    /// nobody's.
    pub fn keep_method(&mut self, intent: &Intent) -> Result<(), Refusal> {
        let Some(id) = &intent.payment_method else { return Ok(()) };
        match (&intent.customer, &intent.setup_future_usage) {
            (Some(customer), Some(_)) => self.attach(id, customer),
            _ => {
                if let Some(method) = self.account.methods.get_mut(id) {
                    method.used = method.customer.is_none() && intent.setup_future_usage.is_none();
                }
                Ok(())
            }
        }
    }

    /// Writes a failed charge down and answers with Stripe's 402; the intent waits for another method.
    fn decline(&mut self, intent: &Intent, words: &DeclineWords) -> Result<(), Refusal> {
        let charge = self.new_charge(intent, ChargeStatus::Failed, Some(words));
        let method = intent.payment_method.as_ref().and_then(|id| self.account.methods.get(id));
        let mut refusal = words.refusal().with("charge", json!(charge.id));
        if let Some(method) = method {
            refusal = refusal.with("payment_method", method.view());
        }
        if let Some(intent) = self.account.intents.get_mut(&intent.id) {
            intent.status = Status::RequiresPaymentMethod;
            intent.payment_method = None;
            intent.latest_charge = Some(charge.id.clone());
            intent.last_error = Some(refusal.body()["error"].take());
        }
        let charge_id = charge.id.clone();
        self.account.charges.insert(charge_id.clone(), charge);
        self.emit_charge("charge.failed", &charge_id);
        self.emit_intent("payment_intent.payment_failed", &intent.id);
        Err(refusal.with("payment_intent", self.show_intent(&intent.id, &Params::default())?))
    }

    /// Refuses to save a card that its bank declines at once.
    pub fn may_attach(&self, id: &str) -> Result<(), Refusal> {
        match self.account.methods.get(id).map(|method| &method.means) {
            Some(Means::Card(Card { behaviour: Behaviour::Decline(decline), .. })) => Err(decline.words().refusal()),
            _ => Ok(()),
        }
    }
}

impl DeclineWords {
    pub fn refusal(&self) -> Refusal {
        let refusal = Refusal::card(&self.code, &self.message).with("advice_code", json!(self.advice_code));
        match &self.decline_code {
            Some(code) => refusal.with("decline_code", json!(code)),
            None => refusal,
        }
    }
}

/// Refuses a method whose type the intent does not take.
pub(crate) fn takes(types: &[String], kind: &str) -> Result<(), Refusal> {
    if types.iter().any(|taken| taken == kind) {
        return Ok(());
    }
    let message = format!(
        "The PaymentMethod provided ({kind}) is not allowed for this intent. Please attach a PaymentMethod of one of the \
         following types: {}.",
        types.join(", ")
    );
    Err(Refusal::invalid(Some("payment_intent_incompatible_payment_method"), message).about("payment_method"))
}

fn authentication_required() -> DeclineWords {
    DeclineWords {
        code: "authentication_required".to_owned(),
        decline_code: Some("authentication_required".to_owned()),
        message: "Your card was declined. This transaction requires authentication.".to_owned(),
        advice_code: "confirm_card_data",
    }
}

fn authentication_failed() -> DeclineWords {
    DeclineWords {
        code: "payment_intent_authentication_failure".to_owned(),
        decline_code: None,
        message: "We are unable to authenticate your payment method. Please choose a different payment method and try \
                  again."
            .to_owned(),
        advice_code: "confirm_card_data",
    }
}
