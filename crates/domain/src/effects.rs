//! What one more fact makes of an attempt or a refund, and the effects that follow from it. Data: the engine makes them
//! rows of one transaction, `tests/simulation` plays them through by the hundred thousand.

use crate::{
    asking::{LOOK_UP_AFTER, LOOK_UP_SOON, PENDING_LOOK_UP_AFTER},
    ids::RefundId,
    ledger::JournalKind,
    money::Money,
    payment::{AttemptState, Fact, Folded, Observation},
    planted,
    refund::{FoldedRefund, RefundMeaning, RefundSeen, RefundState},
};
use chrono::TimeDelta;

/// An attempt that learned something new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    pub before: Folded,
    pub after: Folded,
    /// A fact of ours that is recorded beside the one that was seen.
    pub also: Option<Fact>,
    /// Money twice by one attempt, the second by another payment at the gateway: the books quote the first.
    pub is_second: bool,
    /// In the order in which they are written.
    pub effects: Vec<Effect>,
}

/// What follows from a fact about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// So much later somebody asks the gateway, and goes on until it is decided.
    LookUp(TimeDelta),
    /// Decided: nobody need ask any more.
    LookUpNeedless,
    Journal(JournalKind),
    /// Takes the invoices of an ended attempt back, those that nobody else has meanwhile.
    RetakeClaims,
    ReleaseClaims,
    /// Money for the books, and a receipt for the payer.
    Post,
    /// The money went back: out of the books with it.
    TakeBack,
    /// The payer, who counted on it, is told that it came to nothing.
    Notice,
}

/// What an attempt over `asked` comes to by one more fact. Nothing when that fact is known already.
#[must_use]
pub fn learn(known: &[&Observation], seen: &Observation, asked: Money, gateway_id: Option<&str>) -> Option<Learned> {
    if known.contains(&seen) {
        return None;
    }
    let before = Folded::of(known.iter().map(|known| &known.fact));
    let mut after = before.then(&seen.fact);
    let also = (after.has_wrong_no() && seen.fact.is_money()).then_some(Fact::MoneyAfterAll);
    if let Some(corrected) = &also {
        after = after.then(corrected);
    }
    after.contradicted |= after.state.has_money() && seen.amount.is_some_and(|charged| charged != asked);
    // Somebody must look, too.
    let is_another = gateway_id.is_some() && seen.gateway_id.is_some() && gateway_id != seen.gateway_id.as_deref();
    let is_second = before.state.has_money() && seen.fact.is_money() && is_another;
    after.contradicted |= is_second;
    // A page of the gateway's that nobody used is seen missing twice, and nobody was told anything.
    let is_page = before.state == AttemptState::RequiresAction;
    let tells_to_wait = |fact: &Fact| fact.leaves_it_open() && !(is_page && *fact == Fact::NotSeen);
    let was_told_to_wait = known.iter().any(|known| tells_to_wait(&known.fact));
    let effects = match &seen.fact {
        // Disputes and refunds have journals of their own. Of a dispute nobody but the card's holder has anything to learn,
        // and a refund has mails of its own.
        Fact::ChargedBack { .. } | Fact::Reinstated { .. } | Fact::PaidBack { .. } | Fact::NotPaidBack { .. }
            if before.state == after.state =>
        {
            Vec::new()
        }
        Fact::PaidBack { .. } if planted::is("owed_refund_stays_booked") => Vec::new(),
        Fact::ChargedBack { .. } | Fact::PaidBack { .. } => vec![Effect::TakeBack],
        Fact::Reinstated { .. } | Fact::NotPaidBack { .. } => vec![Effect::RetakeClaims, Effect::Post],
        _ => effects(before.state, after.state, was_told_to_wait),
    };
    Some(Learned { before, after, also, is_second, effects })
}

fn effects(before: AttemptState, after: AttemptState, was_told_to_wait: bool) -> Vec<Effect> {
    let mut effects = Vec::new();
    if before == AttemptState::Created {
        // Heard of and not decided: from now on somebody asks until it is.
        if after.is_open() && after != before {
            let is_unheard = after == AttemptState::Unknown;
            effects.push(Effect::LookUp(if is_unheard { LOOK_UP_SOON } else { LOOK_UP_AFTER }));
        }
    } else if before.is_open() && !after.is_open() {
        effects.push(Effect::LookUpNeedless);
    }
    let is_early = planted::is("post_before_outcome") && after == AttemptState::Unknown;
    if (after.has_money() || is_early) && !before.has_money() {
        if before.is_dead() {
            effects.extend([Effect::Journal(JournalKind::PaymentCorrected), Effect::RetakeClaims]);
        } else {
            effects.push(Effect::Journal(JournalKind::PaymentTaken));
        }
        effects.push(Effect::Post);
    }
    if after.is_dead() && before.has_money() {
        effects.push(Effect::Journal(JournalKind::PaymentReversed));
        if !planted::is("return_stays_booked") {
            effects.push(Effect::TakeBack);
        }
    }
    let is_given_up = planted::is("unknown_frees_the_invoice") && after == AttemptState::Unknown;
    if (after.is_dead() || is_given_up) && !before.has_money() {
        effects.push(Effect::ReleaseClaims);
    }
    if after.is_dead() && !before.is_dead() && (before.has_money() || was_told_to_wait) {
        effects.push(Effect::Notice);
    }
    effects
}

/// Whether a void that is seen of a payment is the doing of a refund: a gateway may give all of a charge back by voiding
/// it. That is the refund's fact, and undoing the payment as well would take the money out twice.
#[must_use]
pub fn is_void_by_refund(seen: &Fact, state: AttemptState, asked: Money, refunds: &[(RefundState, Money)]) -> bool {
    let is_given_back = |(refund, amount): &(RefundState, Money)| !refund.is_dead() && *amount == asked;
    *seen == Fact::Voided && state.has_money() && refunds.iter().any(is_given_back)
}

/// A refund that learned something new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundLearned {
    pub before: FoldedRefund,
    pub after: FoldedRefund,
    /// In the order in which they are written.
    pub effects: Vec<RefundEffect>,
}

/// What follows from a fact about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundEffect {
    /// So much later somebody asks the gateway, and goes on until it is decided.
    LookUp(TimeDelta),
    /// Decided: nobody need ask any more.
    LookUpNeedless,
    Journal(JournalKind),
    /// Money that went back, for the books.
    Post,
    /// It came again: out of the books.
    TakeBack,
    /// The payer is told that money comes, or that it does not after all.
    Notice {
        failed: bool,
    },
}

impl RefundEffect {
    /// What becomes true of the payment itself instead, where its customer still owes what it paid: all of it went back, so
    /// it does not stand, or stands after all.
    #[must_use]
    pub const fn of_payment(self, refund: RefundId, meaning: RefundMeaning) -> Option<Fact> {
        match (self, meaning) {
            (Self::Post, RefundMeaning::StillOwed) => Some(Fact::PaidBack { refund }),
            (Self::TakeBack, RefundMeaning::StillOwed) => Some(Fact::NotPaidBack { refund }),
            _ => None,
        }
    }
}

/// As [`learn`], for a refund over `asked`.
#[must_use]
pub fn learn_of_refund(known: &[&RefundSeen], seen: &RefundSeen, asked: Money) -> Option<RefundLearned> {
    if known.contains(&seen) {
        return None;
    }
    let before = FoldedRefund::of(known.iter().map(|known| &known.fact));
    let mut after = before.then(&seen.fact);
    after.contradicted |= after.state.is_on_its_way() && seen.amount.is_some_and(|paid| paid != asked);
    Some(RefundLearned { before, after, effects: refund_effects(before.state, after.state) })
}

fn refund_effects(before: RefundState, after: RefundState) -> Vec<RefundEffect> {
    let mut effects = Vec::new();
    if after.is_open() && after != before {
        let is_pending = after == RefundState::Pending;
        effects.push(RefundEffect::LookUp(if is_pending { PENDING_LOOK_UP_AFTER } else { LOOK_UP_SOON }));
    } else if before.is_open() && !after.is_open() {
        effects.push(RefundEffect::LookUpNeedless);
    }
    if after == RefundState::Succeeded && before != after {
        effects.extend([RefundEffect::Journal(JournalKind::RefundPaid), RefundEffect::Post]);
    }
    if before == RefundState::Succeeded && after.is_dead() {
        effects.extend([RefundEffect::Journal(JournalKind::RefundFailed), RefundEffect::TakeBack]);
    }
    // The payer is told once that money comes, and once more if it does not.
    if before.is_on_its_way() != after.is_on_its_way() {
        effects.push(RefundEffect::Notice { failed: after.is_dead() });
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::DisputeId, money::Currency, refund::RefundFact};

    #[test]
    fn f23_a_lost_dispute_leaves_the_books_without_a_journal_or_a_mail_of_the_payments_own() {
        let dispute = DisputeId(uuid::Uuid::nil());
        let facts = [Fact::Approved, Fact::ChargedBack { dispute }, Fact::Reinstated { dispute }];
        let [paid, lost, back] = facts.map(Observation::bare);
        let asked = Money::new(500, Currency::USD);
        let effects = |known: &[&Observation], seen| learn(known, seen, asked, None).map(|learned| learned.effects);
        assert_eq!(effects(&[&paid], &lost), Some(vec![Effect::TakeBack]));
        assert_eq!(effects(&[&paid, &lost], &lost), None, "told twice");
        assert_eq!(effects(&[&paid, &lost], &back), Some(vec![Effect::RetakeClaims, Effect::Post]));
        assert_eq!(effects(&[&paid], &back), Some(Vec::new()), "nothing was taken");
    }

    #[test]
    fn d24_what_is_paid_back_and_still_owed_leaves_the_books_and_comes_back_when_its_refund_fails() {
        let refund = RefundId(uuid::Uuid::nil());
        let books = [RefundEffect::Post, RefundEffect::TakeBack];
        let [paid_back, not_paid_back] = books.map(|effect| {
            assert_eq!(effect.of_payment(refund, RefundMeaning::SaleCancelled), None, "the payment stands");
            Observation::bare(effect.of_payment(refund, RefundMeaning::StillOwed).expect("a fact"))
        });
        for other in [RefundEffect::LookUpNeedless, RefundEffect::Notice { failed: true }] {
            assert_eq!(other.of_payment(refund, RefundMeaning::StillOwed), None, "{other:?}");
        }
        let no = Fact::BankNo { reason: crate::payment::DeclineReason::TakenBack };
        let [paid, settled, voided, bank] = [Fact::Approved, Fact::Settled, Fact::Voided, no].map(Observation::bare);
        let learned = |known: &[&Observation], seen: &Observation| {
            let learned = learn(known, seen, Money::new(500, Currency::USD), None).expect("news");
            (learned.after.state, learned.after.contradicted, learned.effects)
        };
        let none = |state| (state, false, Vec::new());
        assert_eq!(learned(&[&paid], &paid_back), (AttemptState::Returned, false, vec![Effect::TakeBack]));
        for (told, is_odd) in [(&settled, false), (&voided, false), (&bank, true)] {
            let stays = (AttemptState::Returned, is_odd, vec![Effect::ReleaseClaims]);
            assert_eq!(learned(&[&paid, &paid_back], told), stays, "{told:?}: the bank would give it back twice");
        }
        let again = |state| (state, false, vec![Effect::RetakeClaims, Effect::Post]);
        assert_eq!(learned(&[&paid, &paid_back], &not_paid_back), again(AttemptState::Approved));
        for had_settled in [[&paid, &settled, &paid_back], [&paid, &paid_back, &settled]] {
            let stands = again(AttemptState::Settled);
            assert_eq!(learned(&had_settled, &not_paid_back), stands, "parts of it can be refunded");
        }
        assert_eq!(learned(&[&paid], &not_paid_back), none(AttemptState::Approved), "nothing had gone back");
        for of_refund in [&paid_back, &not_paid_back] {
            assert_eq!(learned(&[&paid, &bank], of_refund), none(AttemptState::Returned), "the bank has it");
        }
    }

    #[test]
    fn n4_nothing_follows_from_settlement_but_that_it_is_known_and_what_comes_after_does_all_the_same() {
        let dispute = DisputeId(uuid::Uuid::nil());
        let no = Fact::BankNo { reason: crate::payment::DeclineReason::TakenBack };
        let facts = [Fact::Approved, Fact::Settled, Fact::ChargedBack { dispute }, no];
        let [paid, settled, lost, taken_back] = facts.map(Observation::bare);
        let asked = Money::new(500, Currency::USD);
        let learned = |known: &[&Observation], seen: &Observation| {
            let learned = learn(known, seen, asked, None).expect("news");
            (learned.after.state, learned.after.contradicted, learned.effects)
        };
        assert_eq!(learned(&[&paid], &settled), (AttemptState::Settled, false, Vec::new()));
        let paid_again = Observation { charge_id: Some("ch_1".into()), ..paid.clone() };
        assert_eq!(learned(&[&paid, &settled], &paid_again).0, AttemptState::Settled, "read once more by itself");
        let back = vec![Effect::TakeBack];
        assert_eq!(learned(&[&paid, &settled], &lost), (AttemptState::Returned, false, back));
        let undone = learned(&[&paid, &settled], &taken_back);
        assert_eq!((undone.0, undone.2), (AttemptState::Returned, learned(&[&paid], &taken_back).2));
    }

    #[test]
    fn d2_what_a_person_declares_absent_frees_its_invoice_and_is_booked_when_it_comes_after_all() {
        let [unheard, absent, paid] = [Fact::Unanswered, Fact::DeclaredAbsent, Fact::Approved].map(Observation::bare);
        let learned = |known: &[&Observation], seen| {
            let learned = learn(known, seen, Money::new(500, Currency::USD), None).expect("news");
            (learned.after.state, learned.after.contradicted, learned.effects)
        };
        let freed = vec![Effect::LookUpNeedless, Effect::ReleaseClaims, Effect::Notice];
        assert_eq!(learned(&[&unheard], &absent), (AttemptState::Declined, false, freed));
        let under_way = Observation::bare(Fact::Processing);
        let freed_again = vec![Effect::ReleaseClaims];
        assert_eq!(learned(&[&unheard, &absent], &under_way), (AttemptState::Declined, true, freed_again));
        let corrected = vec![Effect::Journal(JournalKind::PaymentCorrected), Effect::RetakeClaims, Effect::Post];
        assert_eq!(learned(&[&unheard, &absent], &paid), (AttemptState::Approved, true, corrected.clone()));
        assert_eq!(learned(&[&unheard, &absent, &under_way], &paid), (AttemptState::Approved, true, corrected));
        assert_eq!(
            learned(&[&unheard, &paid], &absent),
            (AttemptState::Approved, false, Vec::new()),
            "news came first"
        );
    }

    #[test]
    fn d2_d24_a_refund_that_a_person_declares_absent_ends_untold_and_is_booked_when_it_comes_after_all() {
        let [unheard, absent, paid] =
            [RefundFact::Unanswered, RefundFact::DeclaredAbsent, RefundFact::Succeeded].map(RefundSeen::bare);
        let learned = |known: &[&RefundSeen], seen| {
            let learned = learn_of_refund(known, seen, Money::new(500, Currency::USD)).expect("news");
            (learned.after.state, learned.after.contradicted, learned.effects)
        };
        let ended = vec![RefundEffect::LookUpNeedless];
        assert_eq!(learned(&[&unheard], &absent), (RefundState::Failed, false, ended));
        let booked = vec![
            RefundEffect::Journal(JournalKind::RefundPaid),
            RefundEffect::Post,
            RefundEffect::Notice { failed: false },
        ];
        assert_eq!(learned(&[&unheard, &absent], &paid), (RefundState::Succeeded, true, booked));
        assert_eq!(
            learned(&[&unheard, &paid], &absent),
            (RefundState::Succeeded, false, Vec::new()),
            "news came first"
        );
    }

    #[test]
    fn d24_a_void_undoes_the_payment_unless_a_refund_of_all_of_it_made_it() {
        let usd = |minor| Money::new(minor, Currency::USD);
        let is_refunds =
            |state, refunds: &[(RefundState, Money)]| is_void_by_refund(&Fact::Voided, state, usd(500), refunds);
        for state in [RefundState::Created, RefundState::Unknown, RefundState::Pending, RefundState::Succeeded] {
            let whole = [(RefundState::Failed, usd(500)), (state, usd(500))];
            assert!(is_refunds(AttemptState::Approved, &whole), "{state:?}");
            assert!(!is_refunds(AttemptState::RequiresAction, &whole), "{state:?}: there was no money yet");
            assert!(
                !is_refunds(AttemptState::Approved, &[(state, usd(499))]),
                "{state:?}: a part is given back otherwise"
            );
            assert!(!is_void_by_refund(&Fact::Settled, AttemptState::Approved, usd(500), &whole), "{state:?}");
        }
        assert!(!is_refunds(AttemptState::Approved, &[]));
        assert!(!is_refunds(AttemptState::Approved, &[(RefundState::Failed, usd(500))]), "it came to nothing");
    }
}
