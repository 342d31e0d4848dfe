//! What the payer was shown and agreed to by pressing Pay, as it is kept with the attempt (N15). Where that came from is
//! forgotten when no bank takes disputes about it any more.

use crate::{Error, GuestPass, Order};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use domain::consent::Wording;
use store::{Attempt, Consent};

/// Card schemes take disputes for up to 540 days after a payment.
pub(crate) const TRACEABLE_FOR: TimeDelta = TimeDelta::days(540);
/// Nothing is added for any way of paying yet, and the wording says so.
const SURCHARGE_MINOR: i64 = 0;
const SALT_BYTES: usize = 16;

/// The words are made anew as the page made them; which ones those were, its form says. The amount is the one on the
/// button: any other was refused before.
pub(crate) fn agreed(
    guest: &GuestPass,
    order: &Order,
    attempt: &Attempt,
    invoice_number: &str,
) -> Result<Consent, Error> {
    let (merchant, amount) = (guest.merchant.face()?, attempt.amount()?);
    let text = |wording: Wording| wording.text(&merchant.name, invoice_number, &amount.format(merchant.locale));
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|_| Error::NoRandomness)?;
    Ok(Consent {
        merchant_id: attempt.merchant_id,
        attempt_id: attempt.id,
        version: order.consent.map(|wording| wording.version().to_owned()),
        wording: order.consent.map(text),
        invoice_number: invoice_number.to_owned(),
        currency: attempt.currency.clone(),
        amount_minor: attempt.amount_minor,
        surcharge_minor: SURCHARGE_MINOR,
        agreed_at: attempt.created_at,
        salt: Some(BASE64_URL_SAFE_NO_PAD.encode(salt)),
        address: Some(order.network.to_string()),
        user_agent: order.user_agent.clone(),
    })
}
