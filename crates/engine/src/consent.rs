//! What the payer was shown and agreed to by pressing Pay, as it is kept with the attempt (N15). Where that came from is
//! forgotten when no bank takes disputes about it any more.

use crate::{Error, GuestPass, Order, surcharges::Charge};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use domain::{
    consent::{KeepWording, Paid, Wording},
    money::Money,
    payment::ShownShare,
    planted,
    views::{ConsentFace, MerchantFace},
};
use store::{Attempt, Consent, Invoice, TokenHash};

/// Card schemes take disputes for up to 540 days after a payment.
pub(crate) const TRACEABLE_FOR: TimeDelta = TimeDelta::days(540);
const SALT_BYTES: usize = 16;

/// What is offered of an invoice, or of an advance.
pub(crate) struct Offered<'a> {
    pub number: &'a str,
    pub is_advance: bool,
    pub shown: ShownShare,
}

/// The words beside a button that says `total`, of which so much is `added`.
pub(crate) fn face(
    with_debits: bool,
    merchant: &MerchantFace,
    offered: &[Offered<'_>],
    (added, total): (Money, Money),
) -> Result<ConsentFace, Error> {
    with_paid(merchant, offered, (added, total), |paid| {
        marked(Wording::current(with_debits, paid).text(&merchant.name, paid))
    })
}

/// What the invoices do not get of `total`, and is not added either, stays as credit.
fn with_paid<T>(
    merchant: &MerchantFace,
    offered: &[Offered<'_>],
    (added, total): (Money, Money),
    tell: impl FnOnce(&Paid<'_>) -> T,
) -> Result<T, Error> {
    let words = |money: Money| money.format(merchant.locale);
    let (mut shares, mut credit) = (Vec::new(), total.minus(added)?);
    for invoice in offered.iter().filter(|offered| !offered.is_advance) {
        credit = credit.minus(invoice.shown.share())?;
        shares.push((invoice.number, words(invoice.shown.share())));
    }
    let [credit, surcharge] = [credit, added].map(|money| money.is_positive().then(|| words(money)));
    let (credit, surcharge, amount) = (credit.as_deref(), surcharge.as_deref(), words(total));
    Ok(tell(&Paid { shares: &shares, credit, surcharge, amount: &amount }))
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
    let offered = invoices.iter().zip(&order.expected).map(|(invoice, shown)| Offered {
        number: &invoice.number,
        is_advance: invoice.advance.is_some(),
        shown: *shown,
    });
    with_paid(&merchant, &offered.collect::<Vec<_>>(), (charge.added, charge.total), |paid| {
        let words = Wording::all_of(paid).map(|wording| (wording, marked(wording.text(&merchant.name, paid))));
        words.into_iter().find(|(_, face)| face.mark == order.consent || planted::is("sum_not_shown"))
    })
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
