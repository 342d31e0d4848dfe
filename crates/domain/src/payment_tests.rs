//! The fold, exhaustively: every state × every fact; and what may be charged.

use super::*;
use crate::{
    invoice::{BooksInvoice, InvoiceStatus},
    money::Currency,
};
use AttemptState as S;
use proptest::prelude::*;

fn facts() -> Vec<Fact> {
    vec![
        Fact::Unanswered,
        Fact::NotSent,
        Fact::Refused { code: "x".into() },
        Fact::NotSeen,
        Fact::NeverArrived,
        Fact::DeclaredAbsent,
        Fact::ActionNeeded { url: "https://bank.example".into(), fields: Vec::new() },
        Fact::Processing,
        Fact::Approved,
        Fact::PendingSettlement,
        Fact::Settled,
        Fact::BankNo { reason: DeclineReason::Declined },
        Fact::Voided,
    ]
}

/// An attempt in this state, reached the way it is reached in life.
fn standing_at(state: S) -> Folded {
    let yes = Fact::Approved;
    let no = Fact::BankNo { reason: DeclineReason::Declined };
    let path = match state {
        S::Created => vec![],
        S::Unknown => vec![Fact::Unanswered],
        S::RequiresAction => vec![Fact::ActionNeeded { url: String::new(), fields: Vec::new() }],
        S::Processing => vec![Fact::Processing],
        S::Approved => vec![yes],
        S::PendingSettlement => vec![Fact::PendingSettlement],
        S::Settled => vec![yes, Fact::Settled],
        S::Declined => vec![no],
        S::Voided => vec![Fact::Voided],
        S::Returned => vec![yes, no],
    };
    let folded = Folded::of(&path);
    assert_eq!(folded.state, state);
    folded
}

#[test]
fn d3_every_state_meets_every_fact() {
    // Columns in the order of `facts()`; `.` = nothing changes, `!` = contradiction, else the new state.
    let table: [(S, [&str; 13]); 10] = [
        (S::Created, ["Unk", "Dec", "Dec", "Unk", "Dec", "Dec", "Act", "Pro", "App", "Pen", "Set", "Dec", "Voi"]),
        (S::Unknown, [".", ".", ".", ".", "Dec", "Dec", "Act", "Pro", "App", "Pen", "Set", "Dec", "Voi"]),
        (S::RequiresAction, [".", ".", ".", ".", "!", ".", ".", "Pro", "App", "Pen", "Set", "Dec", "Voi"]),
        (S::Processing, [".", ".", ".", ".", "!", ".", ".", ".", "App", "Pen", "Set", "Dec", "Voi"]),
        (S::Approved, [".", ".", ".", ".", "!", ".", ".", ".", ".", "Pen", "Set", "Ret", "Voi"]),
        (S::PendingSettlement, [".", ".", ".", ".", "!", ".", ".", ".", ".", ".", "Set", "Ret", "Voi"]),
        (S::Settled, [".", ".", ".", ".", "!", ".", ".", ".", ".", ".", ".", "Ret", "!"]),
        (S::Declined, [".", ".", ".", ".", ".", ".", ".", ".", "!", "!", "!", ".", "."]),
        (S::Voided, [".", ".", ".", ".", ".", ".", ".", ".", "!", "!", "!", ".", "."]),
        (S::Returned, [".", ".", ".", ".", ".", ".", ".", ".", ".", ".", ".", ".", "."]),
    ];
    let short = |state: S| match state {
        S::Created => "Cre",
        S::Unknown => "Unk",
        S::RequiresAction => "Act",
        S::Processing => "Pro",
        S::Approved => "App",
        S::PendingSettlement => "Pen",
        S::Settled => "Set",
        S::Declined => "Dec",
        S::Voided => "Voi",
        S::Returned => "Ret",
    };
    assert_eq!(table.map(|(state, _)| state), S::ALL);
    for (state, row) in table {
        for (fact, expected) in facts().iter().zip(row) {
            let before = standing_at(state);
            let after = before.then(fact);
            let seen = match (after.contradicted, after.state == before.state) {
                (true, _) => "!",
                (false, true) => ".",
                (false, false) => short(after.state),
            };
            assert_eq!(seen, expected, "{state:?} meets {fact:?}");
        }
    }
}

#[test]
fn d19_a_bank_that_asks_for_the_payer_is_told_from_one_that_says_no() {
    let asks = DeclineReason::AuthenticationFailed;
    let states = S::all_that(|state| state.needs_payer(Some(asks)));
    assert_eq!(states, [S::RequiresAction, S::Declined]);
    let reasons = DeclineReason::ALL.into_iter().filter(|reason| S::Declined.needs_payer(Some(*reason)));
    assert_eq!(reasons.collect::<Vec<_>>(), [asks]);
    assert_eq!((S::Declined.needs_payer(None), S::RequiresAction.needs_payer(None)), (false, true));
}

#[test]
fn d3_whatever_is_seen_first_is_remembered_by_the_state() {
    for fact in facts() {
        assert_ne!(Folded::default().then(&fact).state, S::Created, "{fact:?}: an attempt so is one without facts");
    }
}

#[test]
fn d2_unknown_is_left_only_by_what_a_look_up_or_the_gateway_says() {
    let unknown = standing_at(S::Unknown);
    for ours in [Fact::NotSent, Fact::Refused { code: String::new() }, Fact::Unanswered] {
        assert_eq!(unknown.then(&ours), unknown, "a failed second send says nothing about the first");
    }
    assert_eq!(unknown.then(&Fact::NeverArrived).state, S::Declined);
    assert!(S::Unknown.is_open() && !S::Unknown.is_dead(), "nobody may pay again meanwhile");
}

#[test]
fn d2_money_after_a_final_no_is_accounted_for_and_stays_an_alarm() {
    let no = Fact::BankNo { reason: DeclineReason::Declined };
    for no in [no, Fact::Voided, Fact::NeverArrived, Fact::DeclaredAbsent] {
        let ended = Folded::default().then(&no);
        assert_eq!(ended.then(&Fact::MoneyAfterAll), ended, "only a gateway's word can contradict");
        let contradicted = ended.then(&Fact::Approved);
        assert!(contradicted.has_wrong_no(), "never a silent flip");
        let corrected = contradicted.then(&Fact::MoneyAfterAll);
        assert!(corrected.state == S::Approved && corrected.contradicted && corrected.reason.is_none());
        assert_eq!(corrected.then(&Fact::Settled).state, S::Settled);
        assert_eq!(corrected.then(&Fact::BankNo { reason: DeclineReason::Declined }).state, S::Returned);
    }
    for state in S::ALL {
        assert_eq!(standing_at(state).then(&Fact::MoneyAfterAll), standing_at(state), "{state:?}");
    }
}

/// Its invoice is free meanwhile: somebody must look before it is paid twice.
#[test]
fn d1_d2_a_debit_under_way_of_which_the_gateway_was_to_have_nothing_is_an_alarm() {
    let no = Fact::BankNo { reason: DeclineReason::Declined };
    for (ended, is_odd) in [
        (Fact::NotSent, true),
        (Fact::NeverArrived, true),
        (Fact::DeclaredAbsent, true),
        (no, false),
        (Fact::Voided, false),
    ] {
        let before = Folded::default().then(&ended);
        let after = before.then(&Fact::Processing);
        assert_eq!(after, Folded { contradicted: is_odd, ..before }, "{ended:?}");
        assert_eq!(after.then(&Fact::Settled).then(&Fact::MoneyAfterAll).state, S::Approved, "{ended:?}");
    }
}

#[test]
fn d2_a_person_decides_what_nobody_knows_and_overrules_no_gateway() {
    for state in S::ALL {
        let (before, after) = (standing_at(state), standing_at(state).then(&Fact::DeclaredAbsent));
        if state.is_unknown() {
            assert_eq!((after.state, after.reason), (S::Declined, Some(DeclineReason::NotSent)), "{state:?}");
        } else {
            assert_eq!(after, before, "{state:?}: no alarm either");
        }
    }
    assert_eq!(S::all_that(S::is_unknown), [S::Created, S::Unknown]);
}

#[test]
fn f23_a_lost_dispute_takes_money_alone_and_gives_back_what_it_took() {
    let dispute = DisputeId(uuid::Uuid::nil());
    let (lost, back) = (Fact::ChargedBack { dispute }, Fact::Reinstated { dispute });
    for state in S::ALL {
        let before = standing_at(state);
        assert_eq!(before.then(&back), before, "{state:?}: nothing was taken by a dispute");
        let after = before.then(&lost);
        if !state.has_money() {
            assert_eq!(after, before, "{state:?}");
            continue;
        }
        assert_eq!((after.state, after.reason), (S::Returned, Some(DeclineReason::ChargedBack)), "{state:?}");
        for late in facts().iter().chain([&lost]) {
            // That it has settled is remembered, and changes nothing as long as it does not stand.
            let told = Folded { ever_settled: after.ever_settled, ..after.then(late) };
            assert_eq!(told, after, "{state:?}: the gateway goes on listing the charge: {late:?}");
        }
        let again = after.then(&back);
        let stands = if state == S::Settled { S::Settled } else { S::Approved };
        assert!(again.state == stands && again.reason.is_none() && !again.contradicted, "{state:?}");
        assert_eq!(after.then(&Fact::Settled).then(&back).state, S::Settled, "{state:?}: told meanwhile");
        assert_eq!(again.then(&Fact::BankNo { reason: DeclineReason::Declined }).state, S::Returned, "{state:?}");
    }
}

#[test]
fn s66_the_amount_is_the_books_and_d11_a_move_must_be_confirmed() {
    let usd = |minor| Money::new(minor, Currency::USD);
    let books = |status, due| BooksInvoice { status, due: usd(due), ..BooksInvoice::example() };
    let whole = |minor| ShownShare::whole(usd(minor));
    for takes in TAKES {
        let asked = |shown, status, due| amount_to_charge(shown, &books(status, due), takes);
        assert_eq!(asked(whole(100), InvoiceStatus::Open, 100), Ok(usd(100)));
        for shown in [1, 101] {
            let moved = Refusal::AmountMoved { shown: usd(shown), now: usd(100) };
            assert_eq!(asked(whole(shown), InvoiceStatus::Open, 100), Err(moved));
        }
        assert_eq!(asked(whole(100), InvoiceStatus::Paid, 0), Err(Refusal::AlreadyPaid));
        assert_eq!(asked(whole(0), InvoiceStatus::Open, 0), Err(Refusal::AlreadyPaid));
        for closed in [InvoiceStatus::Draft, InvoiceStatus::Void] {
            assert_eq!(asked(whole(100), closed, 100), Err(Refusal::NotPayable(closed)));
        }
        let pounds = ShownShare::whole(Money::new(100, Currency::GBP));
        assert!(matches!(asked(pounds, InvoiceStatus::Open, 100), Err(Refusal::AmountMoved { .. })));
    }
}

const TAKES: [Takes; 4] = [
    Takes { parts: false, more: false },
    Takes { parts: true, more: false },
    Takes { parts: false, more: true },
    Takes { parts: true, more: true },
];

#[test]
fn g27_less_is_taken_where_the_merchant_takes_parts_and_g29_more_where_it_keeps_credit() {
    let usd = |minor| Money::new(minor, Currency::USD);
    let books = BooksInvoice { due: usd(100), ..BooksInvoice::example() };
    let ask = |pay, due, takes| amount_to_charge(ShownShare { pay, due: usd(due) }, &books, takes);
    let not_within: Result<Money, Refusal> = Err(Refusal::NotWithin { due: usd(100) });
    for takes in TAKES {
        let part = |minor| if takes.parts { Ok(usd(minor)) } else { Err(Refusal::WholeOnly) };
        let more = |minor| if takes.more { Ok(usd(minor)) } else { not_within.clone() };
        for (pay, taken) in [
            (usd(100), Ok(usd(100))),
            (usd(99), part(99)),
            (usd(1), part(1)),
            (usd(0), not_within.clone()),
            (usd(-1), not_within.clone()),
            (usd(101), more(101)),
            (usd(i64::MAX), more(i64::MAX)),
            (usd(i64::MIN), not_within.clone()),
            (Money::new(50, Currency::GBP), not_within.clone()),
        ] {
            assert_eq!(ask(pay, 100, takes), taken, "{pay:?} {takes:?}");
        }
        let moved = Err(Refusal::AmountMoved { shown: usd(120), now: usd(100) });
        assert_eq!(ask(usd(10), 120, takes), moved, "also when the part would fit still (D11)");
    }
}

#[test]
fn g29_what_is_over_is_told_from_what_the_invoice_gets() {
    let usd = |minor| Money::new(minor, Currency::USD);
    for (pay, share, surplus) in [(130, 100, Some(30)), (100, 100, None), (40, 40, None)] {
        let shown = ShownShare { pay: usd(pay), due: usd(100) };
        assert_eq!((shown.share(), shown.surplus()), (usd(share), surplus.map(usd)), "{pay}");
    }
}

#[test]
fn g28_d13_one_payment_has_invoices_of_one_currency_and_not_too_many() {
    let usd = |minor| Money::new(minor, Currency::USD);
    assert_eq!(together(&[usd(1), usd(2), usd(3)]), Ok(usd(6)));
    assert_eq!(together(&[usd(7)]), Ok(usd(7)));
    assert_eq!(together(&[]), Err(Refusal::NothingChosen));
    assert_eq!(together(&[usd(1), Money::new(1, Currency::AUD)]), Err(Refusal::Currencies));
    assert_eq!(together(&[usd(i64::MAX), usd(1)]), Err(Refusal::TooMany));
    assert_eq!(together(&[usd(1); INVOICES_PER_PAYMENT_MAX]), Ok(usd(20)));
    assert_eq!(together(&[usd(1); INVOICES_PER_PAYMENT_MAX + 1]), Err(Refusal::TooMany));
}

proptest! {
    /// Whatever a form says: nothing, all that is due, a part where parts are taken, and more where more is (S66).
    #[test]
    fn g29_no_form_has_more_charged_than_is_taken(pay in any::<i64>(), shown in any::<i64>(), due in any::<i64>(), takes in proptest::sample::select(&TAKES[..])) {
        let usd = |minor| Money::new(minor, Currency::USD);
        let books = BooksInvoice { due: usd(due), ..BooksInvoice::example() };
        for (pay, shown) in [(pay, shown), (pay, due), (due, due), (shown, shown)] {
            if let Ok(charged) = amount_to_charge(ShownShare { pay: usd(pay), due: usd(shown) }, &books, takes) {
                prop_assert!(charged.is_positive() && shown == due);
                prop_assert!(takes.parts || charged.minor >= due);
                prop_assert!(takes.more || charged.minor <= due);
            }
        }
    }

    /// Webhooks twice, late or in another order than they happened end in the same state (D3, D5).
    #[test]
    fn d5_repeating_any_fact_changes_nothing(order in proptest::collection::vec(0usize..13, 0..12), again in 0usize..12) {
        let all = facts();
        let told: Vec<Fact> = order.iter().map(|i| all[*i].clone()).collect();
        let once = Folded::of(&told);
        if let Some(fact) = told.get(again) {
            let twice = once.then(fact);
            prop_assert_eq!((twice.state, twice.reason), (once.state, once.reason));
        }
    }

    #[test]
    fn d9_states_only_move_forward(order in proptest::collection::vec(0usize..13, 0..12)) {
        let all = facts();
        let mut folded = Folded::default();
        for i in order {
            let next = folded.then(&all[i]);
            prop_assert!(next.state.rank() >= folded.state.rank());
            prop_assert!(next.contradicted || !folded.contradicted, "an alarm is never silenced by the fold");
            folded = next;
        }
    }
}
