//! Saved methods: what a gateway keeps for us, so that its payer need not type it again (S52, D32). The gateway has the
//! card; we know its face, and where the keeping of it stands.

use crate::{
    bank_days::bank_day_after,
    date::month_in_words,
    money::Currency,
    payment::{DeclineReason, MethodFace},
};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Lists say of a card that it ends when that is within these days: this month or the next.
const ENDS_SOON: Days = Days::new(45);
/// Its payer is written to so long before.
pub const WRITTEN_BEFORE: Days = Days::new(30);

/// Where a saved method stands (D32).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum MethodState {
    /// Committed here, and nothing heard of it from the gateway.
    Unverified,
    /// The payer or the bank must act before it can be charged.
    Verifying,
    Ready,
    /// Its payer must act before it can be charged: it was ready and the bank pays no more from it, or it was never kept.
    NeedsAttention,
    /// Taken out, or refused before it was ever ready.
    Revoked,
}

impl MethodState {
    pub const ALL: [Self; 5] = [Self::Unverified, Self::Verifying, Self::Ready, Self::NeedsAttention, Self::Revoked];

    /// Nobody knows yet what becomes of it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Unverified | Self::Verifying)
    }

    /// Where it stands after one more fact. What was taken out stays out, whatever comes late.
    #[must_use]
    pub const fn then(self, fact: &MethodFact) -> Self {
        match (self, fact) {
            (Self::Revoked, _) | (_, MethodFact::Unanswered) => self,
            (_, MethodFact::Ready) => Self::Ready,
            (
                Self::Ready | Self::NeedsAttention,
                MethodFact::ActionNeeded { .. } | MethodFact::Verifying | MethodFact::NeverKept,
            ) => self,
            (_, MethodFact::ActionNeeded { .. } | MethodFact::Verifying) => Self::Verifying,
            (Self::Ready | Self::NeedsAttention, MethodFact::Refused { .. }) | (_, MethodFact::NeverKept) => {
                Self::NeedsAttention
            }
            (_, MethodFact::Refused { .. } | MethodFact::Gone) => Self::Revoked,
        }
    }

    /// Whether a look at what the gateway keeps tells anything. That it is still there says nothing of a bank that pays no
    /// more from it, unless another card or date came in its place.
    #[must_use]
    pub const fn hears(self, fact: &MethodFact, is_renewed: bool) -> bool {
        match (self, fact) {
            (Self::NeedsAttention, MethodFact::Ready) => is_renewed,
            (Self::NeedsAttention, MethodFact::Refused { .. }) => false,
            _ => true,
        }
    }
}

/// What is paid with. Each kind has its own way of being verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum MethodKind {
    #[default]
    Card,
    /// A debit of a US bank account. Source: `wire/gateways.md`, 2.4 and 8.3.
    AchDebit,
    /// A debit of an Australian bank account. Source: `wire/gateways.md`, 2.5 and 8.4.
    BecsDebit,
}

impl MethodKind {
    pub const ALL: [Self; 3] = [Self::Card, Self::AchDebit, Self::BecsDebit];

    /// The one currency that a scheme of bank debits moves.
    #[must_use]
    pub const fn debits(self) -> Option<Currency> {
        match self {
            Self::Card => None,
            Self::AchDebit => Some(Currency::USD),
            Self::BecsDebit => Some(Currency::AUD),
        }
    }

    /// Money that is asked for at a bank, answered in days, and may be taken back for weeks.
    #[must_use]
    pub const fn is_debit(self) -> bool {
        self.debits().is_some()
    }

    /// By when a debit that was sent on this day has cleared, or come back, as a rule: in days on which its scheme moves
    /// money. `None` for what is decided at once.
    #[must_use]
    pub fn clears_by(self, sent: NaiveDate) -> Option<NaiveDate> {
        let bank_days = match self {
            Self::Card => return None,
            Self::AchDebit => 4,
            Self::BecsDebit => 3,
        };
        Some(bank_day_after(self, sent, bank_days))
    }

    /// Until when a bank takes a debit of this day back on its customer's word (`wire/gateways.md`, 8.3). `None`: there is
    /// no such day.
    #[must_use]
    pub fn returnable_until(self, sent: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::AchDebit => sent.checked_add_days(Days::new(60)),
            Self::Card | Self::BecsDebit => None,
        }
    }

    /// How long its payer has to finish at the bank, whose page shows itself again until then. Micro-deposits come in two
    /// business days, and can be named for ten days.
    const fn verifying_life(self) -> TimeDelta {
        match self {
            Self::Card => TimeDelta::days(1),
            Self::AchDebit | Self::BecsDebit => TimeDelta::days(14),
        }
    }

    /// Nobody has finished it in time, and nobody will: it is ended at the gateway.
    #[must_use]
    pub fn is_left(self, state: MethodState, began: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        state == MethodState::Verifying && now - began > self.verifying_life()
    }
}

/// What was seen at the gateway about a method that it keeps, or is asked to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MethodFact {
    /// Our transport's word: the request may have arrived.
    Unanswered,
    /// It can be charged.
    Ready,
    /// The payer must go to this address and act.
    ActionNeeded {
        url: String,
    },
    /// The bank works on it, or the gateway says something that we do not know.
    Verifying,
    Refused {
        reason: DeclineReason,
    },
    /// The gateway has it no more, or never had it.
    Gone,
    /// Ours: what was asked was not answered plainly, and the gateway does not have it. Its payer must give it once more.
    NeverKept,
}

/// One look at it, with what the gateway says of the method itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodSeen {
    pub fact: MethodFact,
    /// The gateway's id of the request to keep it: what it is found by.
    pub setup_id: Option<String>,
    /// The gateway's id of the payer's company, under which it is kept.
    pub gateway_customer: Option<String>,
    /// The gateway's id of the method: what is charged.
    pub gateway_method: Option<String>,
    pub shown: Option<Shown>,
}

impl MethodSeen {
    /// A fact of ours, about which the gateway said nothing.
    #[must_use]
    pub const fn bare(fact: MethodFact) -> Self {
        Self { fact, setup_id: None, gateway_customer: None, gateway_method: None, shown: None }
    }
}

/// What may be known of a card or an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub face: MethodFace,
    /// The last day on which a card is good.
    pub good_until: Option<NaiveDate>,
}

/// The last day of a card's month of expiry, as printed on it. `None` for what is no month.
#[must_use]
pub fn last_day(month: u32, year: i32) -> Option<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    first.with_day(u32::from(first.num_days_in_month()))
}

/// How long a card is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    Later,
    Soon,
    Over,
}

#[must_use]
pub fn ends(good_until: Option<NaiveDate>, today: NaiveDate) -> Ends {
    match good_until {
        Some(last) if last < today => Ends::Over,
        Some(last) if today.checked_add_days(ENDS_SOON).is_some_and(|soon| last < soon) => Ends::Soon,
        _ => Ends::Later,
    }
}

/// When a card ends, in words: `Expires next month`, `Expired in October 2026`.
#[must_use]
pub fn end_in_words(last: NaiveDate, today: NaiveDate) -> String {
    match ends(Some(last), today) {
        Ends::Over => format!("Expired in {}", month_in_words(last)),
        Ends::Soon if (last.year(), last.month()) == (today.year(), today.month()) => "Expires this month".to_owned(),
        Ends::Soon => "Expires next month".to_owned(),
        Ends::Later => format!("Good until {:02} / {}", last.month(), last.year()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d32_every_state_and_every_fact_lead_to_one_state() {
        use MethodState::{NeedsAttention, Ready, Revoked, Unverified, Verifying};
        let facts = [
            MethodFact::Unanswered,
            MethodFact::Ready,
            MethodFact::ActionNeeded { url: "https://bank.test".into() },
            MethodFact::Verifying,
            MethodFact::Refused { reason: DeclineReason::Expired },
            MethodFact::Gone,
            MethodFact::NeverKept,
        ];
        let table = [
            (Unverified, [Unverified, Ready, Verifying, Verifying, Revoked, Revoked, NeedsAttention]),
            (Verifying, [Verifying, Ready, Verifying, Verifying, Revoked, Revoked, NeedsAttention]),
            (Ready, [Ready, Ready, Ready, Ready, NeedsAttention, Revoked, Ready]),
            (
                NeedsAttention,
                [NeedsAttention, Ready, NeedsAttention, NeedsAttention, NeedsAttention, Revoked, NeedsAttention],
            ),
            (Revoked, [Revoked; 7]),
        ];
        assert_eq!(table.map(|(from, _)| from), MethodState::ALL);
        for (from, to) in table {
            for (fact, to) in facts.iter().zip(to) {
                assert_eq!(from.then(fact), to, "{from:?} and {fact:?}");
            }
        }
    }

    #[test]
    fn d32_a_look_that_finds_it_still_there_revives_no_card_unless_another_came_in_its_place() {
        use MethodState::{NeedsAttention, Ready};
        let refused = MethodFact::Refused { reason: DeclineReason::NotAuthorised };
        for (state, fact, is_renewed, hears) in [
            (Ready, MethodFact::Ready, false, true),
            (Ready, refused.clone(), false, true),
            (NeedsAttention, MethodFact::Ready, false, false),
            (NeedsAttention, MethodFact::Ready, true, true),
            (NeedsAttention, refused, true, false),
            (NeedsAttention, MethodFact::Gone, false, true),
        ] {
            assert_eq!(state.hears(&fact, is_renewed), hears, "{state:?}, {fact:?}, {is_renewed}");
        }
    }

    #[test]
    fn d32_what_nobody_finishes_at_the_bank_is_left_once_its_kind_has_had_its_time() {
        use MethodState::{NeedsAttention, Ready, Revoked, Unverified, Verifying};
        let began = DateTime::UNIX_EPOCH;
        for (kind, state, hours, is_left) in [
            (MethodKind::Card, Verifying, 0, false),
            (MethodKind::Card, Verifying, 24, false),
            (MethodKind::Card, Verifying, 25, true),
            (MethodKind::AchDebit, Verifying, 14 * 24, false),
            (MethodKind::AchDebit, Verifying, 15 * 24, true),
            (MethodKind::BecsDebit, Verifying, 15 * 24, true),
            // Nobody knows whether the gateway has it.
            (MethodKind::Card, Unverified, 1_000, false),
            (MethodKind::Card, Ready, 1_000, false),
            (MethodKind::Card, NeedsAttention, 1_000, false),
            (MethodKind::Card, Revoked, 1_000, false),
        ] {
            let now = began + TimeDelta::hours(hours);
            assert_eq!(kind.is_left(state, began, now), is_left, "{kind:?}, {state:?}, {hours} h");
        }
    }

    #[test]
    fn n4_a_debit_clears_in_bank_days_and_may_come_back_for_sixty() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        for (kind, sent, clears) in [
            // 2026-11-25 is a Wednesday, and the day after it Thanksgiving.
            (MethodKind::AchDebit, "2026-11-25", "2026-12-02"),
            (MethodKind::AchDebit, "2026-11-28", "2026-12-03"),
            (MethodKind::BecsDebit, "2026-11-25", "2026-11-30"),
        ] {
            assert_eq!(kind.clears_by(day(sent)), Some(day(clears)), "{kind:?} {sent}");
        }
        assert_eq!(MethodKind::Card.clears_by(day("2026-11-25")), None);
        assert_eq!(MethodKind::AchDebit.returnable_until(day("2026-11-25")), Some(day("2027-01-24")));
        assert_eq!(MethodKind::BecsDebit.returnable_until(day("2026-11-25")), None);
    }

    #[test]
    fn a_card_is_good_to_the_end_of_its_month() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        assert_eq!(last_day(2, 2028), Some(day("2028-02-29")));
        assert_eq!(last_day(12, 2026), Some(day("2026-12-31")));
        assert_eq!(last_day(13, 2026), None);
        let until = Some(day("2026-12-31"));
        for (today, told) in [
            ("2026-11-01", Ends::Later),
            ("2026-11-20", Ends::Soon),
            ("2026-12-31", Ends::Soon),
            ("2027-01-01", Ends::Over),
        ] {
            assert_eq!(ends(until, day(today)), told, "{today}");
        }
        assert_eq!(ends(None, day("2026-11-01")), Ends::Later);
    }

    #[test]
    fn d18_the_end_of_a_card_is_told_in_words() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        for (last, today, words) in [
            ("2026-10-31", "2026-11-01", "Expired in October 2026"),
            ("2026-12-31", "2026-12-31", "Expires this month"),
            ("2026-12-31", "2026-11-20", "Expires next month"),
            ("2027-01-31", "2026-12-31", "Expires next month"),
            ("2040-12-31", "2026-11-20", "Good until 12 / 2040"),
            ("2027-05-31", "2026-11-20", "Good until 05 / 2027"),
        ] {
            assert_eq!(end_in_words(day(last), day(today)), words, "{last} on {today}");
        }
    }
}
