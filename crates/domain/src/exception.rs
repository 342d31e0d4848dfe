//! What needs a person: how much it weighs, in words what it is and what helps, and what one press can do about it
//! (G44, E14, D30). And what does not agree when gateway, portal and books are laid beside one another.

use crate::money::{Locale, Money};
use serde::{Deserialize, Serialize};

/// How much it weighs: the first is seen to first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Money is where it should not be, or nobody knows where it is.
    Money,
    /// The money is right, and the books are not.
    Books,
    /// Somebody should look.
    Look,
    /// It is tried again by itself, and has only taken long.
    Waits,
}

/// What one press can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum Cure {
    /// Have the payment written into the books once more.
    PostPayment,
    /// Have the books asked once more to let a payment go whose money went back.
    TakeOutPayment,
    /// Have the refund written into the books once more, or taken out of them if it has failed.
    PostRefund,
    /// Have a task done that was given up.
    RunTask,
    /// Have the gateway asked now what became of a payment and its refunds.
    AskGateway,
    /// Have a charge of ours that a restored copy lacks made a payment again.
    TakeIn,
    /// Have the credit of a quote given to the invoice that it is for.
    ApplyCredit,
}

impl Cure {
    /// On the button.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::PostPayment | Self::PostRefund => "Post again",
            Self::TakeOutPayment | Self::RunTask => "Try again",
            Self::AskGateway => "Ask the gateway now",
            Self::TakeIn => "Take it into the books",
            Self::ApplyCredit => "Apply the credit",
        }
    }
}

/// What a person says of a payment or a refund whose outcome nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The gateway has it, by a number that is looked up once more.
    There,
    /// The gateway does not have it, nor finds it when it is asked once more.
    Absent,
}

/// In which way gateway, portal and books do not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DifferenceKind {
    /// It is told by rows of its own for as long as it lasts: what waits, what was refused, what contradicts itself.
    ToldElsewhere,
    /// Facts, rows and ledger of one payment.
    Records,
    /// An outcome is open, and no job asks about it.
    Unasked,
    BankSilent,
    ChargeUnknown,
    /// It bears a name that can have been given here alone, and nothing of it is here: as after a restore (F25).
    ChargeLost,
    ChargeNotTaken,
    ChargeTwice,
    ChargeDiffers,
    ChargeNotUndone,
    ChargeMissing,
    RefundUnknown,
    RefundDiffers,
    RefundMissing,
    DisputeUnknown,
    DisputeDiffers,
    DisputeMissing,
    PostingLacking,
    PostingMissing,
    PostingDiffers,
    PostingTooMany,
    /// Its money went back.
    PostingStays,
    RefundPostingMissing,
    RefundPostingDiffers,
    /// Its money did not go back.
    RefundPostingStays,
    /// Whoever keeps a list did not hand it out.
    NotCompared,
}

/// How it is told to staff.
struct Told {
    /// What its key begins with.
    key: &'static str,
    severity: Severity,
    area: &'static str,
    /// `{}` stands for the amount and its reference.
    cause: &'static str,
    remedy: &'static str,
}

const COMPARE: &str = "Compare it with the gateway.";

impl DifferenceKind {
    #[cfg(test)]
    const ALL: [Self; 26] = [
        Self::ToldElsewhere,
        Self::Records,
        Self::Unasked,
        Self::BankSilent,
        Self::ChargeUnknown,
        Self::ChargeLost,
        Self::ChargeNotTaken,
        Self::ChargeTwice,
        Self::ChargeDiffers,
        Self::ChargeNotUndone,
        Self::ChargeMissing,
        Self::RefundUnknown,
        Self::RefundDiffers,
        Self::RefundMissing,
        Self::DisputeUnknown,
        Self::DisputeDiffers,
        Self::DisputeMissing,
        Self::PostingLacking,
        Self::PostingMissing,
        Self::PostingDiffers,
        Self::PostingTooMany,
        Self::PostingStays,
        Self::RefundPostingMissing,
        Self::RefundPostingDiffers,
        Self::RefundPostingStays,
        Self::NotCompared,
    ];

    const fn told(self) -> Told {
        use Severity::{Books, Look, Money};
        match self {
            Self::ToldElsewhere => {
                Told { key: "told_elsewhere", severity: Severity::Waits, area: "Payment", cause: "", remedy: "" }
            }
            Self::Records => Told {
                key: "records",
                severity: Look,
                area: "Records",
                cause: "What is recorded here about {} does not agree with itself.",
                remedy: "Tell whoever runs this installation.",
            },
            Self::Unasked => Told {
                key: "unasked",
                severity: Money,
                area: "Payment",
                cause: "What becomes of {} is open, and nobody asks the gateway about it any more.",
                remedy: "Have it asked, and tell whoever runs this installation.",
            },
            Self::BankSilent => Told {
                key: "bank_silent",
                severity: Money,
                area: "Payment",
                cause: "Whether {} comes should have been decided by now.",
                remedy: "Ask the gateway what became of it.",
            },
            Self::ChargeUnknown => Told {
                key: UNKNOWN,
                severity: Money,
                area: "Gateway",
                cause: "The gateway took {} for a payment that is not known here.",
                remedy: "Look at it there: pay it back there, or enter it in the books by hand.",
            },
            Self::ChargeLost => Told {
                key: UNKNOWN,
                severity: Money,
                area: "Gateway",
                cause: "The gateway took {} for a payment that is missing here, as after an older copy was put back.",
                remedy: "Take it into the books, which is looked for there first. Or pay it back at the gateway.",
            },
            Self::ChargeNotTaken => Told {
                key: "charge_not_taken",
                severity: Money,
                area: "Gateway",
                cause: "The gateway lists {} as taken for a payment that brought no money here.",
                remedy: COMPARE,
            },
            Self::ChargeTwice => Told {
                key: "charge_twice",
                severity: Money,
                area: "Gateway",
                cause: "The gateway took the money of one payment, {}, more than once.",
                remedy: "Look for both charges there, and pay one of them back there.",
            },
            Self::ChargeDiffers => Told {
                key: "charge_differs",
                severity: Money,
                area: "Gateway",
                cause: "The gateway took {}, which is not what was agreed to.",
                remedy: "Compare it with the gateway, and pay back what is too much.",
            },
            Self::ChargeNotUndone => Told {
                key: "charge_not_undone",
                severity: Money,
                area: "Gateway",
                cause: "{} was paid back by a void, and the gateway lists it as taken.",
                remedy: COMPARE,
            },
            Self::ChargeMissing => Told {
                key: "charge_missing",
                severity: Money,
                area: "Gateway",
                cause: "{} counts as paid, and the gateway does not list it.",
                remedy: "Look for it there. If it is not there, take its payment out of the books.",
            },
            Self::RefundUnknown => Told {
                key: UNKNOWN,
                severity: Money,
                area: "Gateway",
                cause: "The gateway paid {} back by a refund that is not known here.",
                remedy: "Look at it there, and enter it in the books by hand.",
            },
            Self::RefundDiffers => Told {
                key: "refund_differs",
                severity: Money,
                area: "Gateway",
                cause: "What the gateway says of a refund of {} is not what is known here.",
                remedy: COMPARE,
            },
            Self::RefundMissing => Told {
                key: "refund_missing",
                severity: Money,
                area: "Gateway",
                cause: "A refund of {} counts as paid out, and the gateway does not list it.",
                remedy: COMPARE,
            },
            Self::DisputeUnknown => Told {
                key: UNKNOWN,
                severity: Money,
                area: "Dispute",
                cause: "The gateway has a dispute of {} that is not known here.",
                remedy: "Answer it there in time.",
            },
            Self::DisputeDiffers => Told {
                key: "dispute_differs",
                severity: Money,
                area: "Dispute",
                cause: "What the gateway says of a dispute of {} is not what is known here.",
                remedy: COMPARE,
            },
            Self::DisputeMissing => Told {
                key: "dispute_missing",
                severity: Money,
                area: "Dispute",
                cause: "{} counts as disputed, and the gateway does not list that.",
                remedy: COMPARE,
            },
            Self::PostingLacking => Told {
                key: "posting_lacking",
                severity: Books,
                area: "Books",
                cause: "{} was taken, is not in the books, and nobody was asked to enter it.",
                remedy: "Enter it there by hand.",
            },
            Self::PostingMissing => Told {
                key: "posting_missing",
                severity: Books,
                area: "Books",
                cause: "{} was posted, and the books do not have it any more.",
                remedy: "Post it again, unless somebody took it out on purpose.",
            },
            Self::PostingDiffers => Told {
                key: "posting_differs",
                severity: Books,
                area: "Books",
                cause: "The books have another amount where {} should stand.",
                remedy: "Put the payment with that reference right there.",
            },
            Self::PostingTooMany => Told {
                key: "posting_too_many",
                severity: Books,
                area: "Books",
                cause: "The books have more than one payment of {}.",
                remedy: "Look for that reference there, and delete the one too many.",
            },
            Self::PostingStays => Told {
                key: "posting_stays",
                severity: Books,
                area: "Books",
                cause: "The money of {} went back, and the books still have its payment.",
                remedy: "Have it taken out of them.",
            },
            Self::RefundPostingMissing => Told {
                key: "refund_posting_missing",
                severity: Books,
                area: "Books",
                cause: "A refund of {} was posted, and the books do not have it any more.",
                remedy: "Post it again, unless somebody took it out on purpose.",
            },
            Self::RefundPostingDiffers => Told {
                key: "refund_posting_differs",
                severity: Books,
                area: "Books",
                cause: "The books have another amount where a refund of {} should stand.",
                remedy: "Put the payment with that reference right there.",
            },
            Self::RefundPostingStays => Told {
                key: "refund_posting_stays",
                severity: Books,
                area: "Books",
                cause: "A refund of {} has failed, and the books still have it.",
                remedy: "Delete the payment with that reference there, and void its credit note.",
            },
            Self::NotCompared => Told {
                key: "not_compared",
                severity: Look,
                area: "Task",
                cause: "Today’s comparison is incomplete: {}.",
                remedy: "It is tried again tomorrow.",
            },
        }
    }

    /// What a key is about, when it is that of such a difference.
    #[must_use]
    pub fn about(self, key: &str) -> Option<&str> {
        key.strip_prefix(self.told().key)?.strip_prefix(':')
    }

    const fn cure(self) -> Option<Cure> {
        match self {
            Self::ChargeLost => Some(Cure::TakeIn),
            Self::PostingMissing => Some(Cure::PostPayment),
            Self::PostingStays => Some(Cure::TakeOutPayment),
            Self::RefundPostingMissing => Some(Cure::PostRefund),
            Self::Unasked | Self::BankSilent | Self::ChargeNotTaken | Self::RefundDiffers | Self::RefundMissing => {
                Some(Cure::AskGateway)
            }
            _ => None,
        }
    }
}

const UNKNOWN: &str = "unknown";

/// The key of something at the gateway that is not known here, whoever tells of it.
#[must_use]
pub fn key_of_unknown(gateway_id: &str) -> String {
    format!("{UNKNOWN}:{gateway_id}")
}

/// One thing that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub kind: DifferenceKind,
    /// The id of what it is about: here, or at the gateway where nothing here is.
    pub about: String,
    pub amount: Option<Money>,
    /// What staff find it by at the gateway or in the books.
    pub reference: Option<String>,
    /// Exactly, for whoever knows the program. Other words are another difference.
    pub words: String,
}

impl Difference {
    /// The same one has the same key, however often it is found.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.kind.told().key, self.about)
    }

    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.kind.told().severity
    }

    #[must_use]
    pub const fn area(&self) -> &'static str {
        self.kind.told().area
    }

    /// What is wrong, for staff.
    #[must_use]
    pub fn cause(&self, locale: Locale) -> String {
        let amount = self.amount.map(|amount| amount.format(locale));
        let of = match (amount, &self.reference) {
            (Some(amount), Some(reference)) => format!("{amount} ({reference})"),
            (Some(amount), None) => amount,
            (None, Some(reference)) => reference.clone(),
            (None, None) => self.words.clone(),
        };
        self.kind.told().cause.replace("{}", &of)
    }

    /// What a person does about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        self.kind.told().remedy
    }

    #[must_use]
    pub const fn cure(&self) -> Option<Cure> {
        self.kind.cure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn difference(kind: DifferenceKind) -> Difference {
        Difference {
            kind,
            about: "att_1".into(),
            amount: Some(Money::new(120_450, Currency::USD)),
            reference: Some("ch_1".into()),
            words: "it differs".into(),
        }
    }

    #[test]
    fn g44_each_difference_has_a_cause_and_a_remedy_and_says_what_it_is_about() {
        for kind in DifferenceKind::ALL.into_iter().filter(|kind| *kind != DifferenceKind::ToldElsewhere) {
            let difference = difference(kind);
            let cause = difference.cause(Locale::EnUs);
            assert!(cause.contains("$1,204.50 (ch_1)") && cause.ends_with('.'), "{kind:?}: {cause}");
            assert!(difference.remedy().ends_with('.'), "{kind:?}");
            assert!(difference.key().ends_with(":att_1"), "{kind:?}");
            assert!(!difference.area().is_empty(), "{kind:?}");
        }
    }

    #[test]
    fn g44_what_is_found_twice_has_one_key_and_two_kinds_have_two() {
        let mut keys: Vec<_> = DifferenceKind::ALL.iter().map(|kind| difference(*kind).key()).collect();
        keys.sort();
        keys.dedup();
        // What nobody knows here has no kind either: a charge, a refund and a dispute bear different ids there.
        assert_eq!(keys.len(), DifferenceKind::ALL.len() - 3);
        let unknown = difference(DifferenceKind::RefundUnknown);
        assert_eq!(unknown.key(), key_of_unknown("att_1"), "its news and the list speak of the same");
    }

    #[test]
    fn d30_what_one_press_can_mend_has_a_button_and_money_comes_first() {
        for (kind, cure) in [
            (DifferenceKind::PostingMissing, Some(Cure::PostPayment)),
            (DifferenceKind::PostingStays, Some(Cure::TakeOutPayment)),
            (DifferenceKind::RefundPostingMissing, Some(Cure::PostRefund)),
            (DifferenceKind::BankSilent, Some(Cure::AskGateway)),
            (DifferenceKind::ChargeLost, Some(Cure::TakeIn)),
            (DifferenceKind::ChargeUnknown, None),
        ] {
            assert_eq!(difference(kind).cure(), cure, "{kind:?}");
        }
        let mut weights = [Severity::Waits, Severity::Look, Severity::Money, Severity::Books];
        weights.sort();
        assert_eq!(weights, [Severity::Money, Severity::Books, Severity::Look, Severity::Waits]);
    }

    #[test]
    fn g44_a_key_says_what_it_is_about_to_its_own_kind_alone() {
        let key = difference(DifferenceKind::ChargeNotTaken).key();
        assert_eq!(DifferenceKind::ChargeNotTaken.about(&key), Some("att_1"));
        assert_eq!(DifferenceKind::Unasked.about(&key), None);
        assert_eq!(DifferenceKind::Records.about("records_of:att_1"), None);
    }

    #[test]
    fn g44_without_amount_or_reference_the_exact_words_speak() {
        let bare = Difference { amount: None, reference: None, ..difference(DifferenceKind::NotCompared) };
        assert_eq!(bare.cause(Locale::EnUs), "Today’s comparison is incomplete: it differs.");
    }
}
