//! What stands in a merchant's audit trail: each act that moves money or rights, written in the transaction of the act. Ids,
//! amounts and digests, no name, address or card: people can be forgotten, and the trail stays whole.

use crate::{Error, card_testing::Origin};
use chrono::{DateTime, Utc};
use domain::{
    ids::{AttemptId, PayerId, PaymentId},
    money::Money,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use store::{Consent, NewSlip};

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    Guest,
    Payer(PayerId),
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
        }
    }
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Audited {
    PaymentStarted(Started),
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
    fn kind(&self) -> &'static str {
        match self {
            Self::PaymentStarted(_) => "payment_started",
        }
    }

    /// As it is written down.
    pub(crate) fn slip(&self, payment: Option<PaymentId>, actor: Actor, at: DateTime<Utc>) -> Result<NewSlip, Error> {
        let (actor, body) = (actor.to_string(), serde_json::to_string(self)?);
        Ok(NewSlip { payment, kind: self.kind(), actor, body, at })
    }
}
