//! What a confirmation comes to: approved, declined, or sent to the bank's challenge. Writes charges and events.

use serde_json::json;

use super::cards::{self, Behaviour, DeclineWords};
use super::charges::{Charge, ChargeStatus};
use super::form::Params;
use super::intents::{Intent, Status, missing_method};
use super::operation::Operation;
use super::refusal::Refusal;

impl Operation<'_> {
    /// Tries to take the money by the intent's method.
    pub fn confirm(&mut self, id: &str) -> Result<(), Refusal> {
        let intent = self.intent_mut(id)?.clone();
        let method = intent.payment_method.as_ref().and_then(|id| self.account.methods.get(id));
        let Some(behaviour) = method.map(|method| method.card.behaviour) else { return Err(missing_method()) };
        if let Some(code) = self.armed_decline() {
            return self.decline(&intent, &cards::armed(&code));
        }
        match behaviour {
            Behaviour::Decline(decline) => self.decline(&intent, &decline.words()),
            Behaviour::Authenticate if intent.no_challenge => self.decline(&intent, &authentication_required()),
            Behaviour::Authenticate => {
                self.intent_mut(id)?.status = Status::RequiresAction;
                self.emit_intent("payment_intent.requires_action", id);
                Ok(())
            }
            Behaviour::Approve | Behaviour::ApproveUnanswered => {
                self.effects.unanswered = behaviour == Behaviour::ApproveUnanswered;
                self.approve(&intent);
                Ok(())
            }
        }
    }

    /// The payer answered the 3-D Secure challenge.
    pub fn challenge_answered(&mut self, id: &str, passed: bool) -> Result<(), Refusal> {
        self.intent_in(id, &[Status::RequiresAction], "authenticate")?;
        let intent = self.intent_mut(id)?.clone();
        match self.armed_decline() {
            _ if !passed => self.decline(&intent, &authentication_failed()),
            Some(code) => self.decline(&intent, &cards::armed(&code)),
            None => {
                self.approve(&intent);
                Ok(())
            }
        }
    }

    fn approve(&mut self, intent: &Intent) {
        let charge = self.charge(intent, ChargeStatus::Succeeded, None);
        let view = charge.view(false);
        if let Some(method) = intent.payment_method.as_ref().and_then(|id| self.account.methods.get_mut(id)) {
            method.used = intent.setup_future_usage.is_none();
            method.customer = intent.customer.clone().filter(|_| intent.setup_future_usage.is_some());
        }
        if let Some(intent) = self.account.intents.get_mut(&intent.id) {
            intent.status = Status::Succeeded;
            intent.last_error = None;
            intent.latest_charge = Some(charge.id);
        }
        self.emit("charge.succeeded", view);
        self.emit_intent("payment_intent.succeeded", &intent.id);
    }

    /// Writes a failed charge down and answers with Stripe's 402; the intent waits for another method.
    fn decline(&mut self, intent: &Intent, words: &DeclineWords) -> Result<(), Refusal> {
        let charge = self.charge(intent, ChargeStatus::Failed, Some(words));
        let method = intent.payment_method.as_ref().and_then(|id| self.account.methods.get(id));
        let mut refusal = Refusal::card(&words.code, &words.message)
            .with("charge", json!(charge.id))
            .with("advice_code", json!(words.advice_code));
        if let Some(method) = method {
            refusal = refusal.with("payment_method", method.view());
        }
        if let Some(code) = &words.decline_code {
            refusal = refusal.with("decline_code", json!(code));
        }
        if let Some(intent) = self.account.intents.get_mut(&intent.id) {
            intent.status = Status::RequiresPaymentMethod;
            intent.payment_method = None;
            intent.latest_charge = Some(charge.id.clone());
            intent.last_error = Some(refusal.body()["error"].take());
        }
        self.emit("charge.failed", charge.view(false));
        self.emit_intent("payment_intent.payment_failed", &intent.id);
        Err(refusal.with("payment_intent", self.show_intent(&intent.id, &Params::default())?))
    }

    fn charge(&mut self, intent: &Intent, status: ChargeStatus, declined: Option<&DeclineWords>) -> Charge {
        let method = intent.payment_method.as_ref().and_then(|id| self.account.methods.get(id)).cloned();
        let charge = Charge {
            id: self.account.mint("ch"),
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
        };
        self.account.charges.insert(charge.id.clone(), charge.clone());
        charge
    }
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
