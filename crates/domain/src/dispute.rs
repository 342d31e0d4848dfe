//! A dispute: the holder of a card has asked their bank for the money of a payment back. An object of its own beside its
//! attempt, as a refund is. Stripe takes the money at once and gives it back if the dispute is won; our ledger and the
//! books move when it is lost (`wire/gateways.md`, 1.2 and 2.8). A bank may ask before: an inquiry takes nothing.

use crate::{
    asking::DISPUTE_LOOK_UP_AFTER,
    ledger::JournalKind,
    money::{Money, MoneyError},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Where one dispute stands, and what is seen of it at the gateway: each fact is a state there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum DisputeState {
    /// The bank asks, and nothing was taken: a refund may be the answer. It ends as won, or goes on as open.
    Inquiry,
    /// The money is withheld: the merchant may answer, or the bank is looking at the answer.
    Open,
    /// The bank keeps the money for the card's holder.
    Lost,
    /// The money stays. A bank may give it back after the dispute was lost, and does not take it a second time by the
    /// same one: a loss that is read afterwards is old news.
    Won,
}

impl DisputeState {
    pub const ALL: [Self; 4] = [Self::Inquiry, Self::Open, Self::Lost, Self::Won];

    /// A fact that would lead to a lower rank is old news.
    const fn rank(self) -> u8 {
        match self {
            Self::Inquiry => 0,
            Self::Open => 1,
            Self::Lost => 2,
            Self::Won => 3,
        }
    }

    /// This dispute after one more fact.
    #[must_use]
    pub const fn then(self, seen: Self) -> Self {
        if seen.rank() > self.rank() { seen } else { self }
    }

    /// The state that the facts tell, in whichever order they came; nothing without any.
    #[must_use]
    pub fn of(facts: impl IntoIterator<Item = Self>) -> Option<Self> {
        facts.into_iter().reduce(Self::then)
    }

    /// The bank has not decided.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Inquiry | Self::Open)
    }

    /// As long as it does, its money is not the merchant's to give back.
    #[must_use]
    pub const fn holds_money(self) -> bool {
        matches!(self, Self::Open | Self::Lost)
    }
}

/// What the card's holder says, sorted by what staff can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeReason {
    Fraud,
    Unrecognised,
    Duplicate,
    NotReceived,
    NotAsAgreed,
    CreditMissing,
    Cancelled,
    Other,
}

impl DisputeReason {
    /// In the words of the merchant's staff.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Fraud => "The card’s holder says that somebody else paid with it.",
            Self::Unrecognised => "The card’s holder does not recognise the payment.",
            Self::Duplicate => "The card’s holder says that they were charged twice.",
            Self::NotReceived => "The card’s holder says that they did not get what they paid for.",
            Self::NotAsAgreed => "The card’s holder says that it is not what was agreed.",
            Self::CreditMissing => "The card’s holder says that a refund was promised and has not come.",
            Self::Cancelled => "The card’s holder says that they had cancelled.",
            Self::Other => "The card’s holder disputes the payment.",
        }
    }
}

/// One immutable fact about a dispute, with what the gateway said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeSeen {
    pub state: DisputeState,
    /// The gateway's id of the dispute.
    pub gateway_id: String,
    pub amount: Money,
    pub reason: DisputeReason,
    pub opened_at: DateTime<Utc>,
    /// Evidence is taken until then.
    pub answer_by: Option<DateTime<Utc>>,
    /// Where staff answer it.
    pub page_url: Option<String>,
}

/// A dispute that learned something new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeLearned {
    /// Nothing: it was not known.
    pub before: Option<DisputeState>,
    pub after: DisputeState,
    /// In the order in which they are written.
    pub effects: Vec<DisputeEffect>,
}

/// What follows from a fact about a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeEffect {
    /// So much later somebody asks the gateway, and goes on until it is decided.
    LookUp(TimeDelta),
    /// Decided: nobody need ask any more.
    LookUpNeedless,
    Journal(JournalKind),
    /// The payment, if all of it was disputed, is no more: out of the books with it.
    ChargeBack,
    /// What was taken out is there again.
    Reinstate,
}

/// What one more fact makes of a dispute. Nothing when it is known already.
#[must_use]
pub fn learn_of_dispute(known: &[&DisputeSeen], seen: &DisputeSeen) -> Option<DisputeLearned> {
    if known.contains(&seen) {
        return None;
    }
    let before = DisputeState::of(known.iter().map(|known| known.state));
    let after = before.map_or(seen.state, |before| before.then(seen.state));
    Some(DisputeLearned { before, after, effects: effects(before, after) })
}

fn effects(before: Option<DisputeState>, after: DisputeState) -> Vec<DisputeEffect> {
    use DisputeState::{Inquiry, Lost, Open, Won};
    let mut effects = Vec::new();
    match (before, after) {
        (None, Inquiry | Open) => effects.push(DisputeEffect::LookUp(DISPUTE_LOOK_UP_AFTER)),
        (Some(Inquiry | Open), Lost | Won) => effects.push(DisputeEffect::LookUpNeedless),
        _ => {}
    }
    if after == Lost && before != Some(Lost) {
        effects.extend([DisputeEffect::Journal(JournalKind::DisputeLost), DisputeEffect::ChargeBack]);
    }
    if before == Some(Lost) && after == Won {
        effects.extend([DisputeEffect::Journal(JournalKind::DisputeReversed), DisputeEffect::Reinstate]);
    }
    effects
}

/// What is left of an amount beside the disputes that hold some of it.
///
/// # Errors
/// A dispute in another currency.
pub fn undisputed(
    amount: Money,
    disputes: impl IntoIterator<Item = (DisputeState, Money)>,
) -> Result<Money, MoneyError> {
    let mut held = disputes.into_iter().filter(|(state, _)| state.holds_money());
    held.try_fold(amount, |left, (_, disputed)| left.minus(disputed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use DisputeEffect as E;
    use DisputeState::{Inquiry, Lost, Open, Won};
    use proptest::prelude::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn seen(state: DisputeState) -> DisputeSeen {
        DisputeSeen {
            state,
            gateway_id: "dp_1".into(),
            amount: usd(500),
            reason: DisputeReason::Fraud,
            opened_at: DateTime::UNIX_EPOCH,
            answer_by: None,
            page_url: None,
        }
    }

    #[test]
    fn f23_every_state_meets_every_fact() {
        let lost = vec![E::Journal(JournalKind::DisputeLost), E::ChargeBack];
        let lost_at_last = [vec![E::LookUpNeedless], lost.clone()].concat();
        let back = vec![E::Journal(JournalKind::DisputeReversed), E::Reinstate];
        for (path, fact, after, effects) in [
            (vec![], Open, Open, vec![E::LookUp(DISPUTE_LOOK_UP_AFTER)]),
            (vec![], Lost, Lost, lost),
            (vec![], Won, Won, vec![]),
            (vec![], Inquiry, Inquiry, vec![E::LookUp(DISPUTE_LOOK_UP_AFTER)]),
            (vec![Inquiry], Inquiry, Inquiry, vec![]),
            (vec![Inquiry], Open, Open, vec![]),
            (vec![Inquiry], Lost, Lost, lost_at_last.clone()),
            (vec![Inquiry], Won, Won, vec![E::LookUpNeedless]),
            (vec![Open], Inquiry, Open, vec![]),
            (vec![Lost], Inquiry, Lost, vec![]),
            (vec![Won], Inquiry, Won, vec![]),
            (vec![Open], Open, Open, vec![]),
            (vec![Open], Lost, Lost, lost_at_last),
            (vec![Open], Won, Won, vec![E::LookUpNeedless]),
            (vec![Open, Lost], Open, Lost, vec![]),
            (vec![Open, Lost], Lost, Lost, vec![]),
            (vec![Open, Lost], Won, Won, back.clone()),
            (vec![Lost], Won, Won, back),
            (vec![Won], Open, Won, vec![]),
            (vec![Won], Lost, Won, vec![]),
            (vec![Won], Won, Won, vec![]),
        ] {
            let known: Vec<_> = path.iter().copied().map(seen).collect();
            let known: Vec<_> = known.iter().collect();
            // The same once more, with another word about it: nothing is known by heart.
            let fact = DisputeSeen { answer_by: Some(DateTime::UNIX_EPOCH), ..seen(fact) };
            let learned = learn_of_dispute(&known, &fact).expect("it is new");
            assert_eq!((learned.after, learned.effects), (after, effects), "{path:?} meets {:?}", fact.state);
            let told = [known, vec![&fact]].concat();
            assert_eq!(learn_of_dispute(&told, &fact), None, "{path:?}: a duplicate changes nothing");
        }
    }

    #[test]
    fn f23_what_is_disputed_is_not_paid_back_as_well() {
        for (disputes, left) in [
            (vec![], 900),
            (vec![(Open, usd(900))], 0),
            (vec![(Open, usd(200))], 700),
            (vec![(Lost, usd(200)), (Won, usd(700))], 700),
            (vec![(Inquiry, usd(900))], 900),
            (vec![(Inquiry, usd(900)), (Open, usd(200))], 700),
        ] {
            assert_eq!(undisputed(usd(900), disputes.clone()), Ok(usd(left)), "{disputes:?}");
        }
        assert!(undisputed(usd(900), [(Open, Money::new(1, Currency::AUD))]).is_err());
    }

    proptest! {
        /// Whatever comes twice, late or in another order: one end, the loss booked once, and given back at most once.
        #[test]
        fn f23_d5_the_order_of_news_decides_nothing(order in proptest::collection::vec(0usize..4, 1..9)) {
            let facts: Vec<_> = order.iter().map(|n| seen(DisputeState::ALL[*n])).collect();
            let (mut known, mut journals): (Vec<&DisputeSeen>, Vec<JournalKind>) = (Vec::new(), Vec::new());
            for fact in &facts {
                let Some(learned) = learn_of_dispute(&known, fact) else { continue };
                journals.extend(learned.effects.iter().filter_map(|effect| match effect {
                    E::Journal(kind) => Some(*kind),
                    _ => None,
                }));
                known.push(fact);
            }
            let end = DisputeState::of(facts.iter().map(|fact| fact.state)).expect("there is one");
            let counted = |kind| journals.iter().filter(|journal| **journal == kind).count();
            let (lost, back) = (counted(JournalKind::DisputeLost), counted(JournalKind::DisputeReversed));
            prop_assert!(lost <= 1 && back <= lost);
            prop_assert_eq!(lost - back, usize::from(end == Lost));
        }
    }
}
