//! Micro-deposits: how a typed US bank account is shown to be the payer's. Source: `wire/gateways.md`, 2.4; the values
//! that fail, the ten tries and the ten days are recalled from Stripe's ACH guide.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::agenda::Due;
use super::bank_accounts::{BankAccount, Verified};
use super::calendar::{DAY_SECONDS, after_business_days};
use super::form::Params;
use super::intents::Status;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;
use super::setup_intents::SetupStatus;

const AMOUNTS: [i64; 2] = [32, 45];
const DESCRIPTOR_CODE: &str = "SM11AA";
/// These stand for a payer who has tried too often.
const AMOUNTS_TOO_OFTEN: [i64; 2] = [10, 11];
const DESCRIPTOR_CODE_TOO_OFTEN: &str = "SM33CC";
const TRIES_MAX: u32 = 10;
const TIME_OUT_SECONDS: i64 = 10 * DAY_SECONDS;

/// Deposits under way for one intent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deposits {
    sent_at: i64,
    arrive_at: i64,
    wrong_tries: u32,
}

impl Deposits {
    /// `next_action` of an intent that waits for them.
    pub fn view(&self, intent: &str, client_secret: &str, public_url: &str) -> Value {
        let url = format!("{public_url}/stripe/verify/{intent}?client_secret={client_secret}");
        json!({
            "type": "verify_with_microdeposits",
            "verify_with_microdeposits": {
                "arrival_date": self.arrive_at, "hosted_verification_url": url, "microdeposit_type": "descriptor_code",
            },
        })
    }
}

/// What a try comes to.
enum Judged {
    Right,
    Wrong(&'static str),
    TooOften,
}

/// `POST …/verify_microdeposits` of a PaymentIntent or a SetupIntent, told apart by the id.
pub(crate) fn verify(op: &mut Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&["amounts", "descriptor_code", "client_secret"])?;
    let judged = judge(params)?;
    op.waits_for_deposits(id)?;
    match judged {
        Judged::Right => op.account_verified(id)?,
        Judged::Wrong(code) => {
            let tries = op.deposits_mut(id).map_or(TRIES_MAX, |deposits| {
                deposits.wrong_tries += 1;
                deposits.wrong_tries
            });
            if tries < TRIES_MAX {
                let message = "The amounts or the code provided do not match what was sent to the bank account.";
                // What was tried is counted, so the call is more than a validation; but it is a 400 all the same.
                return Err(Refusal::invalid(Some(code), message));
            }
            return Err(op.deposits_failed(id, "payment_method_microdeposit_verification_attempts_exceeded"));
        }
        Judged::TooOften => {
            return Err(op.deposits_failed(id, "payment_method_microdeposit_verification_attempts_exceeded"));
        }
    }
    op.show_either(id, params)
}

fn judge(params: &Params) -> Result<Judged, Refusal> {
    if let Some(code) = params.text("descriptor_code") {
        return Ok(match code.to_ascii_uppercase().as_str() {
            DESCRIPTOR_CODE => Judged::Right,
            DESCRIPTOR_CODE_TOO_OFTEN => Judged::TooOften,
            _ => Judged::Wrong("payment_method_microdeposit_verification_descriptor_code_mismatch"),
        });
    }
    let amounts: Result<Vec<i64>, _> = params.list("amounts").iter().map(|amount| amount.parse::<i64>()).collect();
    let amounts: Option<[i64; 2]> = amounts.ok().and_then(|amounts| amounts.try_into().ok());
    let Some(mut amounts) = amounts else {
        let message = "You must provide either descriptor_code or exactly two amounts, in cents.";
        let code = "payment_method_microdeposit_verification_amounts_invalid";
        return Err(Refusal::invalid(Some(code), message).about("amounts"));
    };
    amounts.sort_unstable();
    Ok(match amounts {
        AMOUNTS => Judged::Right,
        AMOUNTS_TOO_OFTEN => Judged::TooOften,
        _ => Judged::Wrong("payment_method_microdeposit_verification_amounts_mismatch"),
    })
}

impl Operation<'_> {
    /// Sends the deposits; plans their failure, if the account refuses them, and the end of waiting.
    pub fn send_deposits(&mut self, intent: &str, account: &BankAccount) -> Deposits {
        let arrive_at = after_business_days(self.now_s, 1);
        if account.deposits_fail {
            self.account.agenda.plan(arrive_at, Due::DepositsFail(intent.to_owned()));
        }
        self.account.agenda.plan(self.now_s + TIME_OUT_SECONDS, Due::DepositsTimeOut(intent.to_owned()));
        Deposits { sent_at: self.now_s, arrive_at, wrong_tries: 0 }
    }

    fn deposits_mut(&mut self, id: &str) -> Option<&mut Deposits> {
        if let Some(intent) = self.account.intents.get_mut(id) {
            return intent.deposits.as_mut().filter(|_| intent.status == Status::RequiresAction);
        }
        let setup = self.account.setups.get_mut(id)?;
        setup.deposits.as_mut().filter(|_| setup.status == SetupStatus::RequiresAction)
    }

    fn waits_for_deposits(&mut self, id: &str) -> Result<(), Refusal> {
        let view = self.show_either(id, &Params::default())?;
        if self.deposits_mut(id).is_some() {
            return Ok(());
        }
        let object = view["object"].as_str().unwrap_or_default().to_owned();
        let message = "You cannot verify micro-deposits: this intent does not wait for them.";
        Err(Refusal::invalid(Some(&format!("{object}_unexpected_state")), message).with(&object, view))
    }

    fn account_verified(&mut self, id: &str) -> Result<(), Refusal> {
        let payment = self.account.intents.get(id).map(|intent| intent.payment_method.clone());
        let setup = self.account.setups.get(id).map(|setup| setup.payment_method.clone());
        let method = payment.clone().or(setup).flatten().unwrap_or_default();
        if let Some(account) = self.account.methods.get_mut(&method).and_then(|method| method.bank_mut()) {
            account.verified = Verified::ByDeposits;
        }
        self.activate_mandates(&method);
        match payment {
            Some(_) => self.send_debit(id),
            None => self.setup_succeeds(id),
        }
    }

    pub fn deposits_fail(&mut self, id: &str) {
        if self.deposits_mut(id).is_some() {
            self.deposits_failed(id, "payment_method_microdeposit_failed");
        }
    }

    pub fn deposits_time_out(&mut self, id: &str) {
        let now_s = self.now_s;
        // A later confirmation may have sent new ones.
        if self.deposits_mut(id).is_some_and(|deposits| deposits.sent_at + TIME_OUT_SECONDS <= now_s) {
            self.deposits_failed(id, "payment_method_microdeposit_verification_timeout");
        }
    }

    /// The account could not be verified: the intent waits for another method, the mandate ends.
    fn deposits_failed(&mut self, id: &str, code: &str) -> Refusal {
        let message = match code {
            "payment_method_microdeposit_failed" => {
                "Microdeposit transfers failed. Please check the account, institution and transit numbers provided."
            }
            "payment_method_microdeposit_verification_timeout" => {
                "Microdeposit verification was not completed within the required time."
            }
            _ => "You have exceeded the number of allowed verification attempts.",
        };
        let payment = self.account.intents.get(id).map(|intent| intent.payment_method.clone());
        let setup = self.account.setups.get(id).map(|setup| setup.payment_method.clone());
        let method = payment.clone().or(setup).flatten().unwrap_or_default();
        self.end_mandates(&method);
        let mut refusal = Refusal::invalid(Some(code), message);
        if let Some(method) = self.account.methods.get(&method) {
            refusal = refusal.with("payment_method", method.view());
        }
        let error = refusal.body()["error"].take();
        if let Some(intent) = self.account.intents.get_mut(id) {
            intent.status = Status::RequiresPaymentMethod;
            intent.payment_method = None;
            intent.deposits = None;
            intent.last_error = Some(error);
            self.emit_intent("payment_intent.payment_failed", id);
            self.session_debit_ended(id);
        } else {
            self.setup_fails(id, error);
        }
        refusal
    }

    fn show_either(&self, id: &str, params: &Params) -> Answer {
        match self.account.setups.contains_key(id) {
            true => self.show_setup(id, params),
            false => self.show_intent(id, params),
        }
    }
}
