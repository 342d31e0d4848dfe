//! Nonces: what the browser side turns a card or bank account into, to be used once within fifteen minutes.
//! Source: `wire/gateways.md`, 3.10; the call is the one that the vendor's own script makes.

use serde::{Deserialize, Serialize};

use super::instruments::{Bank, Card, Instrument};
use super::operation::{Answer, Operation, Reply};
use super::reasons::Reason;
use super::refusal::Refusal;
use super::reply::{Out, text};
use super::tree::Node;
use super::{MINUTE_MS, random_token};

pub(crate) const DESCRIPTOR: &str = "COMMON.ACCEPT.INAPP.PAYMENT";
const LIVES_MS: i64 = 15 * MINUTE_MS;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Nonce {
    instrument: Instrument,
    made_ms: i64,
}

/// `securePaymentContainerRequest`: authenticated by the public client key alone.
pub(crate) fn create(op: &mut Operation<'_>, root: &Node) -> Answer {
    let data = root.at("data").ok_or_else(|| Refusal::required("data"))?;
    let instrument = match (data.at("token"), data.at("bankToken")) {
        (Some(card), None) => Card::read(card, op.today()).map(Instrument::Card),
        (None, Some(bank)) => Bank::read(bank).map(Instrument::Bank),
        _ => return Err(Refusal::invalid("data")),
    };
    let value = op.keep_nonce(instrument.map_err(|reason| Refusal::schema(reason.text()))?);
    let nonce = Out::Tree(vec![("dataDescriptor", text(DESCRIPTOR)), ("dataValue", text(value))]);
    Ok(Reply::from(vec![("opaqueData", nonce)]))
}

impl Operation<'_> {
    pub fn keep_nonce(&mut self, instrument: Instrument) -> String {
        let now_ms = self.now_ms;
        self.account.nonces.retain(|_, nonce| now_ms - nonce.made_ms < 2 * LIVES_MS);
        let value = random_token();
        self.account.nonces.insert(value.clone(), Nonce { instrument, made_ms: now_ms });
        value
    }

    /// Uses the nonce up, whatever comes of the charge.
    pub fn spend_nonce(&mut self, descriptor: &str, value: &str) -> Result<Instrument, Refusal> {
        if descriptor != DESCRIPTOR {
            return Err(Refusal::unknown_nonce());
        }
        let nonce = self.account.nonces.remove(value).ok_or_else(Refusal::unknown_nonce)?;
        match self.now_ms - nonce.made_ms < LIVES_MS {
            true => Ok(nonce.instrument),
            false => Err(Refusal::expired_nonce()),
        }
    }
}

/// Reads a card that a person typed on a page of the vendor.
pub(crate) fn typed(op: &Operation<'_>, number: &str, expiry: &str, code: &str) -> Result<Instrument, Reason> {
    let code = Some(code.trim()).filter(|code| !code.is_empty());
    Card::of(number, expiry.trim(), code, op.today()).map(Instrument::Card)
}
