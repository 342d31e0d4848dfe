//! Payment → attempt → observation. An attempt's state is a fold over the facts seen at its gateway; every stored state
//! is a cache of that fold. States, ranks and moves: `wire/gateways.md`, 1.2-1.3.

mod amount;
mod decline;

pub use amount::{INVOICES_PER_PAYMENT_MAX, Refusal, ShownShare, Takes, amount_to_charge, together};
pub use decline::DeclineReason;

use crate::{
    ids::{DisputeId, RefundId},
    money::Money,
    planted,
};
use serde::{Deserialize, Serialize};

/// Where one try at one gateway stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// Row and idempotency key are committed; nothing was sent.
    Created,
    /// Bytes may have reached the gateway and no answer can be trusted. Only a look-up leads out (N5), or a person where
    /// none ever says anything.
    Unknown,
    /// The payer must act: 3-D Secure, the gateway's own page, micro-deposits.
    RequiresAction,
    /// Accepted, outcome open: a bank debit in flight.
    Processing,
    /// Gateway or issuer said yes; the money is promised.
    Approved,
    /// In an unsettled batch, still voidable.
    PendingSettlement,
    /// Batch settled, or the bank said yes.
    Settled,
    /// A final no before any money moved.
    Declined,
    /// Cancelled before settlement.
    Voided,
    /// The bank took it back after a yes.
    Returned,
}

impl AttemptState {
    pub const ALL: [Self; 10] = [
        Self::Created,
        Self::Unknown,
        Self::RequiresAction,
        Self::Processing,
        Self::Approved,
        Self::PendingSettlement,
        Self::Settled,
        Self::Declined,
        Self::Voided,
        Self::Returned,
    ];

    /// Every state that is so.
    #[must_use]
    pub fn all_that(is_so: impl Fn(Self) -> bool) -> Vec<Self> {
        Self::ALL.into_iter().filter(|state| is_so(*state)).collect()
    }

    /// A fact that would lead to a lower rank is old news.
    const fn rank(self) -> u8 {
        match self {
            Self::Created => 0,
            Self::Unknown => 1,
            Self::RequiresAction => 2,
            Self::Processing => 3,
            Self::Approved => 4,
            Self::PendingSettlement => 5,
            Self::Settled => 6,
            Self::Declined | Self::Voided => 7,
            Self::Returned => 8,
        }
    }

    /// No money came, and none will: another attempt may start.
    #[must_use]
    pub const fn is_dead(self) -> bool {
        matches!(self, Self::Declined | Self::Voided | Self::Returned)
    }

    /// The payable is still taken by this attempt: its outcome is open.
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.rank() < Self::Approved.rank()
    }

    /// What was sent while nobody was there has come to this: its payer must act, because their bank asks for them (D19).
    #[must_use]
    pub const fn needs_payer(self, reason: Option<DeclineReason>) -> bool {
        matches!(
            (self, reason),
            (Self::RequiresAction, _) | (Self::Declined, Some(DeclineReason::AuthenticationFailed))
        )
    }

    /// Nobody knows whether its gateway has it: a person may say so.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::Created | Self::Unknown)
    }

    /// The gateway said yes, and has not taken it back.
    #[must_use]
    pub const fn has_money(self) -> bool {
        matches!(self, Self::Approved | Self::PendingSettlement | Self::Settled)
    }
}

/// What was seen at the gateway. Adapters report; the fold decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// Our transport's word, never a gateway's: bytes may have left and no answer can be trusted.
    Unanswered,
    /// Refused before a byte was written. Closes only an attempt that was never sent before.
    NotSent,
    /// The gateway understood the request and rejected it as such: a set-up fault, nothing charged.
    Refused {
        code: String,
    },
    /// A look-up found no trace of it. One such answer proves nothing: the request may still be under way.
    NotSeen,
    /// A second look-up, some minutes later, found no trace either (`wire/gateways.md`, 1.5): it never arrived.
    NeverArrived,
    /// Ours: staff have looked for it at the gateway and say that it is not there. It ends what nobody knows alone, and no
    /// word of a gateway's.
    DeclaredAbsent,
    /// The payer must go to this address and act.
    ActionNeeded {
        url: String,
        /// Names and values of a form that is posted there; none where a link leads there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<(String, String)>,
    },
    Processing,
    Approved,
    PendingSettlement,
    Settled,
    /// A bank's or issuer's no. Whether it is a decline or a return depends on what was seen before.
    BankNo {
        reason: DeclineReason,
    },
    Voided,
    /// Ours, beside a dispute over all of it that was lost: the bank has given the money to the card's holder.
    ChargedBack {
        dispute: DisputeId,
    },
    /// Ours, beside the same dispute: the bank gave it back after all.
    Reinstated {
        dispute: DisputeId,
    },
    /// Ours, beside a refund of all of it whose customer still owes the invoices.
    PaidBack {
        refund: RefundId,
    },
    /// Ours, beside the same refund, which failed after all: the gateway has the money again.
    NotPaidBack {
        refund: RefundId,
    },
    /// Ours, beside a gateway's word that contradicts a final no: the money is there, and is accounted for from here on
    /// (`wire/gateways.md`, 1.3). The contradiction stays, so that somebody looks.
    MoneyAfterAll,
}

impl Fact {
    /// The gateway says that it has the money, or will.
    #[must_use]
    pub const fn is_money(&self) -> bool {
        matches!(self, Self::Approved | Self::PendingSettlement | Self::Settled)
    }

    /// The payer is told to wait for our word.
    #[must_use]
    pub const fn leaves_it_open(&self) -> bool {
        matches!(self, Self::Unanswered | Self::NotSeen | Self::Processing)
    }
}

/// An attempt as its facts tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded {
    pub state: AttemptState,
    /// The gateway once said yes, so a later no is a return and not a decline.
    ever_approved: bool,
    /// The gateway once said that it has settled. So it has where it stands again, also if that was told meanwhile.
    ever_settled: bool,
    /// A fact that cannot be true beside this final state: an operator must look.
    pub contradicted: bool,
    pub reason: Option<DeclineReason>,
}

impl Default for Folded {
    fn default() -> Self {
        Self {
            state: AttemptState::Created,
            ever_approved: false,
            ever_settled: false,
            contradicted: false,
            reason: None,
        }
    }
}

impl Folded {
    #[must_use]
    pub fn of<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Self {
        facts.into_iter().fold(Self::default(), |folded, fact| folded.then(fact))
    }

    /// This attempt after one more fact. Old news changes nothing; the impossible raises `contradicted`.
    #[must_use]
    pub fn then(self, fact: &Fact) -> Self {
        let told = self.told(fact);
        Self { ever_settled: self.ever_settled || *fact == Fact::Settled, ..told }
    }

    fn told(self, fact: &Fact) -> Self {
        use AttemptState as S;
        let (to, reason) = match fact {
            Fact::NotSent if self.state == S::Created => (S::Declined, Some(DeclineReason::NotSent)),
            Fact::Refused { .. } if self.state == S::Created => (S::Declined, Some(DeclineReason::SetUp)),
            Fact::DeclaredAbsent if self.state.is_unknown() => (S::Declined, Some(DeclineReason::NotSent)),
            Fact::NotSent | Fact::Refused { .. } | Fact::DeclaredAbsent => return self,
            Fact::MoneyAfterAll if self.has_wrong_no() => {
                return Self { state: S::Approved, ever_approved: true, reason: None, ..self };
            }
            Fact::MoneyAfterAll => return self,
            Fact::ChargedBack { .. } if self.state.has_money() => (S::Returned, Some(DeclineReason::ChargedBack)),
            Fact::Reinstated { .. } if self.reason == Some(DeclineReason::ChargedBack) => return self.stands_again(),
            Fact::PaidBack { .. } if self.state.has_money() => (S::Returned, Some(DeclineReason::PaidBack)),
            Fact::NotPaidBack { .. } if self.reason == Some(DeclineReason::PaidBack) => return self.stands_again(),
            Fact::ChargedBack { .. } | Fact::Reinstated { .. } | Fact::PaidBack { .. } | Fact::NotPaidBack { .. } => {
                return self;
            }
            Fact::NeverArrived => (S::Declined, Some(DeclineReason::NotSent)),
            Fact::BankNo { reason } if self.ever_approved => (S::Returned, Some(*reason)),
            Fact::BankNo { reason } => (S::Declined, Some(*reason)),
            Fact::Unanswered | Fact::NotSeen => (S::Unknown, None),
            Fact::ActionNeeded { .. } => (S::RequiresAction, None),
            Fact::Processing => (S::Processing, None),
            Fact::Approved => (S::Approved, None),
            Fact::PendingSettlement => (S::PendingSettlement, None),
            Fact::Settled => (S::Settled, None),
            Fact::Voided => (S::Voided, None),
        };
        if self.cannot_become(to, fact) {
            return Self { contradicted: true, ..self };
        }
        if to.rank() <= self.state.rank() && !planted::is("event_order_ignored") {
            return self;
        }
        Self { state: to, ever_approved: self.ever_approved || to.has_money(), reason, ..self }
    }

    /// Its money had gone back, and is here again.
    const fn stands_again(self) -> Self {
        let state = if self.ever_settled { AttemptState::Settled } else { AttemptState::Approved };
        Self { state, reason: None, ..self }
    }

    /// The gateway contradicts that an attempt ended without money.
    #[must_use]
    pub const fn has_wrong_no(self) -> bool {
        self.contradicted && matches!(self.state, AttemptState::Declined | AttemptState::Voided)
    }

    /// Money after a final no, a debit under way of which the gateway was to have nothing, a void of settled money, "never
    /// arrived" about money that did, or a bank that takes back what was paid back already.
    fn cannot_become(self, to: AttemptState, fact: &Fact) -> bool {
        use AttemptState as S;
        match self.state {
            S::Declined if self.reason == Some(DeclineReason::NotSent) && *fact == Fact::Processing => true,
            S::Declined | S::Voided => fact.is_money(),
            S::RequiresAction | S::Processing | S::Approved | S::PendingSettlement => *fact == Fact::NeverArrived,
            S::Settled => *fact == Fact::NeverArrived || to == S::Voided,
            S::Returned => self.reason == Some(DeclineReason::PaidBack) && matches!(fact, Fact::BankNo { .. }),
            S::Created | S::Unknown => false,
        }
    }
}

/// What came of a question that the built-in sandbox asks a payer on a page of the portal's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
pub enum StepAnswer {
    Confirmed,
    Refused,
    /// The payment was given up before anybody answered.
    Cancelled,
}

/// How a card or account is shown: never more than this is known to us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodFace {
    /// `Visa`, `Mastercard`, `ACH` …
    pub brand: String,
    pub last4: String,
}

impl std::fmt::Display for MethodFace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ··{}", self.brand, self.last4)
    }
}

/// Who told us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The answer to our own call.
    Reply,
    Webhook,
    /// We asked: a look-up job, or the page that a payer came back to.
    LookUp,
}

/// One immutable fact about an attempt, with what the gateway said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    #[serde(flatten)]
    pub fact: Fact,
    /// The gateway's id of the payment, once it has one.
    pub gateway_id: Option<String>,
    /// The gateway's id of the movement of money: what the books quote as reference.
    pub charge_id: Option<String>,
    pub method: Option<MethodFace>,
    /// What the gateway says was charged; a difference from the attempt is a contradiction.
    pub amount: Option<Money>,
}

impl Observation {
    /// A fact of ours, about which the gateway said nothing.
    #[must_use]
    pub const fn bare(fact: Fact) -> Self {
        Self { fact, gateway_id: None, charge_id: None, method: None, amount: None }
    }
}

#[cfg(test)]
#[path = "payment_tests.rs"]
mod tests;
