//! What stands in a merchant's audit trail: each act that moves money or rights, written in the transaction of the act.
//! Ids, amounts and digests, no name, address or card: people can be forgotten, and the trail stays whole.

use crate::{Error, card_testing::Origin};
use chrono::{DateTime, Utc};
use domain::{
    ids::{AttemptId, InvoiceId, MailId, PayerId, PaymentId, PersonId, RefundId},
    money::Money,
    payment::AttemptState,
    refund::RefundState,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use store::{Attempt, BooksEntry, Consent, NewSlip, Refund, TokenHash};

pub(crate) const PAYMENT_STARTED: &str = "payment_started";

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    Guest,
    Payer(PayerId),
    Staff(PersonId),
    /// By what was seen there.
    Gateway,
    /// By itself.
    Portal,
}

impl Actor {
    pub(crate) const fn of(origin: &Origin) -> Self {
        match origin {
            Origin::Network(_) => Self::Guest,
            Origin::Payer(payer) => Self::Payer(*payer),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guest => f.write_str("guest"),
            Self::Payer(payer) => payer.fmt(f),
            Self::Staff(person) => person.fmt(f),
            Self::Gateway => f.write_str("gateway"),
            Self::Portal => f.write_str("portal"),
        }
    }
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Audited {
    PaymentStarted(Started),
    /// Money came, went back, or can no longer come.
    PaymentMoved {
        attempt: AttemptId,
        from: AttemptState,
        to: AttemptState,
        amount: Money,
        gateway_id: Option<String>,
        charge_id: Option<String>,
    },
    /// The reason is staff's own words.
    RefundAsked {
        refund: RefundId,
        attempt: AttemptId,
        amount: Money,
        reason: String,
    },
    /// Paid out, or not after all.
    RefundMoved {
        refund: RefundId,
        from: RefundState,
        to: RefundState,
        amount: Money,
        gateway_id: Option<String>,
    },
    BooksPosted {
        attempt: AttemptId,
        invoice: InvoiceId,
        amount_minor: i64,
        external_id: String,
    },
    BooksRefused {
        attempt: AttemptId,
        invoice: InvoiceId,
        amount_minor: i64,
    },
    /// The mail server took it.
    MailSent {
        mail: MailId,
        text: String,
    },
    /// There is no mail server.
    MailKept {
        mail: MailId,
        text: String,
    },
    StaffSignedIn {},
}

/// A press of Pay, with the digests of what the payer agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Started {
    pub attempt: AttemptId,
    pub amount: Money,
    pub surcharge: Money,
    pub version: Option<String>,
    pub terms: String,
    /// Of where it came from, salted.
    pub origin: Option<String>,
}

impl Started {
    pub(crate) fn of(consent: &Consent) -> Result<Self, Error> {
        Ok(Self {
            attempt: consent.attempt_id,
            amount: consent.amount()?,
            surcharge: consent.surcharge()?,
            version: consent.version.clone(),
            terms: consent.terms_digest(),
            origin: consent.origin_digest(),
        })
    }
}

impl Audited {
    /// What a fact did to an attempt; nothing, when it moved no money and ended nothing.
    pub(crate) fn payment_moved(from: AttemptState, attempt: &Attempt) -> Result<Option<Self>, Error> {
        let to = attempt.state;
        if from.has_money() == to.has_money() && from.is_dead() == to.is_dead() {
            return Ok(None);
        }
        Ok(Some(Self::PaymentMoved {
            attempt: attempt.id,
            from,
            to,
            amount: attempt.amount()?,
            gateway_id: attempt.gateway_id.clone(),
            charge_id: attempt.charge_id.clone(),
        }))
    }

    pub(crate) fn refund_asked(refund: &Refund) -> Result<Self, Error> {
        let (amount, reason) = (refund.amount()?, refund.reason.clone());
        Ok(Self::RefundAsked { refund: refund.id, attempt: refund.attempt_id, amount, reason })
    }

    /// What a fact did to a refund; nothing, while it is open.
    pub(crate) fn refund_moved(from: RefundState, refund: &Refund) -> Result<Option<Self>, Error> {
        let to = refund.state;
        if from == to || to.is_open() {
            return Ok(None);
        }
        let (amount, gateway_id) = (refund.amount()?, refund.gateway_id.clone());
        Ok(Some(Self::RefundMoved { refund: refund.id, from, to, amount, gateway_id }))
    }

    pub(crate) fn books_posted(entry: &BooksEntry, external_id: &str) -> Self {
        let (attempt, invoice, amount_minor) = (entry.attempt_id, entry.invoice_id, entry.amount_minor);
        Self::BooksPosted { attempt, invoice, amount_minor, external_id: external_id.to_owned() }
    }

    pub(crate) fn books_refused(entry: &BooksEntry) -> Self {
        let (attempt, invoice, amount_minor) = (entry.attempt_id, entry.invoice_id, entry.amount_minor);
        Self::BooksRefused { attempt, invoice, amount_minor }
    }

    /// SHA-256 of a mail's words and of whom it is for.
    pub(crate) fn digest_of_mail(recipient: &str, subject: &str, text: &str) -> Result<String, Error> {
        let said = serde_json::to_string(&[recipient, subject, text])?;
        Ok(TokenHash::of(&said).into_text())
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::PaymentStarted(_) => PAYMENT_STARTED,
            Self::PaymentMoved { to, .. } if to.has_money() => "money_came",
            Self::PaymentMoved { from, .. } if from.has_money() => "money_went_back",
            Self::PaymentMoved { .. } => "no_money",
            Self::RefundAsked { .. } => "refund_asked",
            Self::RefundMoved { to: RefundState::Succeeded, .. } => "refund_paid",
            Self::RefundMoved { .. } => "refund_not_paid",
            Self::BooksPosted { .. } => "books_posted",
            Self::BooksRefused { .. } => "books_refused",
            Self::MailSent { .. } => "mail_sent",
            Self::MailKept { .. } => "mail_kept",
            Self::StaffSignedIn {} => "staff_signed_in",
        }
    }

    /// As it is written down.
    pub(crate) fn slip(&self, payment: Option<PaymentId>, actor: Actor, at: DateTime<Utc>) -> Result<NewSlip, Error> {
        let (actor, body) = (actor.to_string(), serde_json::to_string(self)?);
        Ok(NewSlip { payment, kind: self.kind(), actor, body, at })
    }
}

/// What a line tells, for people.
pub(crate) fn words(kind: &str) -> &'static str {
    match kind {
        PAYMENT_STARTED => "Payment started",
        "money_came" => "Money taken",
        "money_went_back" => "Money taken back by the bank",
        "no_money" => "Payment ended without money",
        "refund_asked" => "Refund asked for",
        "refund_paid" => "Refund paid",
        "refund_not_paid" => "Refund not paid",
        "books_posted" => "Posted to the books",
        "books_refused" => "Refused by the books",
        "mail_sent" => "Mail sent",
        "mail_kept" => "Mail kept, no mail server is set",
        "staff_signed_in" => "Staff signed in",
        _ => "Something that no version wrote",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Currency;
    use uuid::Uuid;

    #[test]
    fn n15_every_act_has_words_and_a_guest_is_no_more_than_that() {
        let (attempt, refund) = (AttemptId(Uuid::nil()), RefundId(Uuid::nil()));
        let amount = Money::new(1, Currency::USD);
        let moved = |from, to| {
            let (gateway_id, charge_id) = (None, None);
            Audited::PaymentMoved { attempt, from, to, amount, gateway_id, charge_id }
        };
        let paid_back = |to| {
            let from = RefundState::Created;
            Audited::RefundMoved { refund, from, to, amount, gateway_id: None }
        };
        for (act, kind) in [
            (moved(AttemptState::Created, AttemptState::Approved), "money_came"),
            (moved(AttemptState::Declined, AttemptState::Approved), "money_came"),
            (moved(AttemptState::Approved, AttemptState::Voided), "money_went_back"),
            (moved(AttemptState::Unknown, AttemptState::Declined), "no_money"),
            (paid_back(RefundState::Succeeded), "refund_paid"),
            (paid_back(RefundState::Failed), "refund_not_paid"),
            (Audited::StaffSignedIn {}, "staff_signed_in"),
        ] {
            let slip = act.slip(None, Actor::Guest, DateTime::UNIX_EPOCH).expect("it is JSON");
            assert_eq!((slip.kind, slip.actor.as_str()), (kind, "guest"));
            assert_ne!(words(kind), words("nonsense"));
            assert!(slip.body.starts_with('{'), "{}", slip.body);
        }
    }
}
