//! The fold of a refund, exhaustively: every state × every fact. And the limit.

use super::*;
use crate::money::Currency;
use RefundState as S;
use proptest::prelude::*;
use uuid::Uuid;

const GONE: RefundFact = RefundFact::Failed { reason: RefundFailure::CardGone };

fn facts() -> [RefundFact; 10] {
    [
        RefundFact::Unanswered,
        RefundFact::NotSent,
        RefundFact::Refused { code: "x".into() },
        RefundFact::NotSeen,
        RefundFact::NeverArrived,
        RefundFact::DeclaredAbsent,
        RefundFact::Pending,
        RefundFact::Succeeded,
        GONE,
        RefundFact::Canceled,
    ]
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

#[test]
fn g37_every_state_meets_every_fact() {
    // Columns in the order of `facts()`; `.` = nothing changes, `!` = the new state is a contradiction.
    let table: [(&[RefundFact], S, [&str; 10]); 9] = [
        (&[], S::Created, ["Unk", "Fai", "Fai", "Unk", "Fai", "Fai", "Pen", "Suc", "Fai", "Can"]),
        (&[RefundFact::Unanswered], S::Unknown, [".", ".", ".", ".", "Fai", "Fai", "Pen", "Suc", "Fai", "Can"]),
        (&[RefundFact::Pending], S::Pending, [".", ".", ".", ".", ".", ".", ".", "Suc", "Fai", "Can"]),
        (&[RefundFact::Succeeded], S::Succeeded, [".", ".", ".", ".", ".", ".", ".", ".", "Fai", "Can"]),
        (&[RefundFact::Succeeded, GONE], S::Failed, [".", ".", ".", ".", ".", ".", ".", ".", ".", "."]),
        (&[RefundFact::Canceled], S::Canceled, [".", ".", ".", ".", ".", ".", ".", ".", ".", "."]),
        // Ended by us: the gateway's word overrules it.
        (&[RefundFact::NotSent], S::Failed, [".", ".", ".", ".", ".", ".", "Pen!", "Suc!", ".", "Can"]),
        (
            &[RefundFact::Unanswered, RefundFact::NeverArrived],
            S::Failed,
            [".", ".", ".", ".", ".", ".", "Pen!", "Suc!", ".", "Can"],
        ),
        (
            &[RefundFact::Unanswered, RefundFact::DeclaredAbsent],
            S::Failed,
            [".", ".", ".", ".", ".", ".", "Pen!", "Suc!", ".", "Can"],
        ),
    ];
    for (path, state, row) in table {
        let before = FoldedRefund::of(path);
        assert_eq!(before.state, state, "{path:?}");
        for (fact, expected) in facts().iter().zip(row) {
            let after = before.then(fact);
            let moved: String = if after.state == before.state { ".".into() } else { format!("{:?}", after.state) };
            let seen = moved.chars().take(3).chain(after.contradicted.then_some('!')).collect::<String>();
            assert_eq!(seen, expected, "{path:?} meets {fact:?}");
        }
    }
}

#[test]
fn g37_an_end_of_ours_becomes_the_gateways_own_and_is_final_then() {
    let missed = FoldedRefund::of(&[RefundFact::Unanswered, RefundFact::NeverArrived]);
    assert_eq!(missed.failure, Some(RefundFailure::NeverArrived));
    assert_eq!(FoldedRefund::of(&[RefundFact::NotSent]).failure, Some(RefundFailure::NotSent), "told at once");
    let absent = FoldedRefund::of(&[RefundFact::Unanswered, RefundFact::DeclaredAbsent]);
    assert_eq!(absent.failure, Some(RefundFailure::DeclaredAbsent), "whoever said so need not be told");
    let failed = missed.then(&GONE);
    assert_eq!((failed.state, failed.failure), (S::Failed, Some(RefundFailure::CardGone)));
    assert_eq!(failed.then(&RefundFact::Succeeded), failed, "old news: it succeeded before it failed");
}

#[test]
fn d24_what_is_not_dead_counts_against_the_limit_also_while_nobody_knows() {
    for state in S::ALL {
        let refunds = [(state, usd(400), 40), (S::Succeeded, usd(100), 10)];
        let left = Left::of(usd(1_000), 100, usd(1_000), refunds).expect("one currency");
        let (whole, surcharge_minor) = if state.is_dead() { (900, 90) } else { (500, 50) };
        assert_eq!((left.whole, left.surcharge_minor), (usd(whole), surcharge_minor), "{state:?}");
    }
    let disputed = Left::of(usd(1_000), 100, usd(60), []).expect("one currency");
    assert_eq!((disputed.whole, disputed.surcharge_minor), (usd(60), 60), "what is disputed may be any part of it");
    for (wanted, left, answer) in [
        (usd(1), usd(500), Ok(())),
        (usd(500), usd(500), Ok(())),
        (usd(501), usd(500), Err(RefundRefusal::NotWithin { left: usd(500) })),
        (usd(0), usd(500), Err(RefundRefusal::NotWithin { left: usd(500) })),
        (usd(-1), usd(500), Err(RefundRefusal::NotWithin { left: usd(500) })),
        (Money::new(1, Currency::AUD), usd(500), Err(RefundRefusal::NotWithin { left: usd(500) })),
        (usd(1), usd(0), Err(RefundRefusal::NothingLeft)),
    ] {
        assert_eq!(may_refund(wanted, left), answer, "{wanted:?} of {left:?}");
    }
    for (back, told) in [(0, Refunded::Nothing), (1, Refunded::Part), (999, Refunded::Part), (1_000, Refunded::Whole)] {
        assert_eq!(Refunded::of(1_000, back), told);
    }
}

#[test]
fn a_refund_uses_up_one_share_after_the_other() {
    let [one, two] = [1, 2].map(|n| InvoiceId(Uuid::from_u128(n)));
    assert_eq!(spread(150, [(one, 100), (two, 100)]), [(one, 100), (two, 50)]);
    assert_eq!(spread(50, [(one, 0), (two, 100)]), [(two, 50)]);
}

#[test]
fn g26_the_last_part_of_a_refund_takes_what_is_left_of_the_surcharge() {
    let of = |whole, surcharge_minor| Left {
        taken_minor: 10_150,
        taken_surcharge_minor: 150,
        whole: usd(whole),
        surcharge_minor,
    };
    for (left, amount, part) in [
        (of(10_150, 150), 10_150, 150),
        (of(10_150, 150), 5_075, 75),
        (of(10_150, 150), 33, 0),
        (of(10_150, 150), 34, 1),
        (of(101, 2), 101, 2),
        // Surcharge is all that is left.
        (of(150, 150), 10, 10),
        // Nothing of it is left.
        (of(5_000, 0), 2_500, 0),
    ] {
        assert_eq!(left.surcharge_in(amount), part, "{left:?} {amount}");
    }
}

proptest! {
    #[test]
    fn g26_parts_of_a_refund_add_up_to_invoices_and_surcharge(
        invoices in 1i64..1_000_000, surcharge in 0i64..50_000,
        cuts in proptest::collection::vec(1i64..400_000, 0..12),
    ) {
        let taken = usd(invoices + surcharge);
        let mut refunds: Vec<(S, Money, i64)> = Vec::new();
        for cut in cuts.into_iter().chain([taken.minor]) {
            let left = Left::of(taken, surcharge, taken, refunds.iter().copied()).expect("one currency");
            let amount = cut.min(left.whole.minor);
            let part = left.surcharge_in(amount);
            prop_assert!((0..=amount).contains(&part) && part <= left.surcharge_minor);
            prop_assert!(amount - part <= left.invoices_minor(), "no more than what the invoices have left");
            refunds.push((S::Pending, usd(amount), part));
        }
        let left = Left::of(taken, surcharge, taken, refunds).expect("one currency");
        prop_assert_eq!((left.whole, left.surcharge_minor), (usd(0), 0));
    }

    /// News twice, late or in another order than it happened ends in the same state.
    #[test]
    fn d5_repeating_any_fact_changes_nothing(order in proptest::collection::vec(0usize..10, 0..9), again in 0usize..9) {
        let told: Vec<RefundFact> = order.iter().map(|i| facts()[*i].clone()).collect();
        let once = FoldedRefund::of(&told);
        // The gateway's word about what we have ended since then is news, however often it was said before.
        if let Some(fact) = told.get(again) && !once.ended_by_us {
            prop_assert_eq!(once.then(fact), once);
        }
    }
}
