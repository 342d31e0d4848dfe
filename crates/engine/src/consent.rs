//! What the payer was shown and agreed to by pressing Pay, as it is kept with the attempt (N15). Where that came from is
//! forgotten when no bank takes disputes about it any more.

use crate::{Error, GuestPass, Order, surcharges::Charge};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use domain::{
    consent::{KeepWording, Wording},
    money::Money,
    views::{ConsentFace, MerchantFace},
};
use store::{Attempt, Consent, Invoice, TokenHash};

/// Card schemes take disputes for up to 540 days after a payment.
pub(crate) const TRACEABLE_FOR: TimeDelta = TimeDelta::days(540);
const SALT_BYTES: usize = 16;

/// The words beside a button that says `total`, which is what the `shares` of the invoices come to with what is `added`.
pub(crate) fn face(
    wording: Wording,
    merchant: &MerchantFace,
    shares: &[(&str, Money)],
    added: Money,
    total: Money,
) -> ConsentFace {
    let each: Vec<_> = shares.iter().map(|(number, share)| (*number, share.format(merchant.locale))).collect();
    let [added, total] = [added, total].map(|amount| amount.format(merchant.locale));
    marked(wording.text(&merchant.name, &each, &added, &total))
}

/// Words that a form brings back the mark of.
pub(crate) fn marked(words: String) -> ConsentFace {
    ConsentFace { mark: TokenHash::of(&words).into_text(), words }
}

/// The words that the form showed, made anew. `None`: merchant or invoices have other names by now, or the form does not
/// say what it showed. Nobody may be charged for words that they have not read.
pub(crate) fn shown(
    guest: &GuestPass,
    order: &Order,
    invoices: &[Invoice],
    charge: &Charge,
) -> Result<Option<(Wording, ConsentFace)>, Error> {
    let merchant = guest.merchant.face()?;
    let shares = invoices.iter().zip(&order.expected);
    let shares: Vec<_> = shares.map(|(invoice, shown)| (invoice.number.as_str(), shown.pay)).collect();
    let wordings = Wording::ALL.into_iter().filter(|wording| wording.names(shares.len()));
    let wordings = wordings.filter(|wording| wording.names_surcharge() == charge.added.is_positive());
    let mut faces = wordings.map(|wording| (wording, face(wording, &merchant, &shares, charge.added, charge.total)));
    Ok(faces.find(|(_, face)| face.mark == order.consent))
}

/// The amount is the one on the button: any other was refused before. `keep` are the words beside a box that was ticked.
pub(crate) fn agreed(
    order: &Order,
    attempt: &Attempt,
    invoice_numbers: String,
    (wording, face): (Wording, ConsentFace),
    keep: Option<&str>,
) -> Result<Consent, Error> {
    let (version, words) = match keep {
        Some(keep) => {
            let version = format!("{}+{}", wording.version(), KeepWording::CURRENT.version());
            (version, format!("{} {keep}", face.words))
        }
        None => (wording.version().to_owned(), face.words),
    };
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|_| Error::NoRandomness)?;
    Ok(Consent {
        merchant_id: attempt.merchant_id,
        attempt_id: attempt.id,
        version: Some(version),
        wording: Some(words),
        invoice_number: invoice_numbers,
        currency: attempt.currency.clone(),
        amount_minor: attempt.amount_minor,
        surcharge_minor: attempt.surcharge_minor,
        agreed_at: attempt.created_at,
        salt: Some(BASE64_URL_SAFE_NO_PAD.encode(salt)),
        address: Some(order.network.to_string()),
        user_agent: order.user_agent.clone(),
    })
}
