//! What is done in a soak, and what goes wrong meanwhile: it follows from a seed.

use super::{WEBS, dice::Dice};

const CHARGE: &str = "POST /stripe/v1/payment_intents";
const POSTING: &str = "PUT /xero/api.xro/2.0/Payments";
const BOOKS: &str = "/xero/api.xro/2.0/";
/// Vendor, fault, whom it hits, how often.
pub const FAULTS: [(&str, &str, &str, u32); 19] = [
    ("stripe", "reset_after_execute", CHARGE, 1),
    ("stripe", "http_after_execute:500", CHARGE, 1),
    ("stripe", "timeout_after_execute", CHARGE, 1),
    ("stripe", "timeout_before", CHARGE, 1),
    ("stripe", "reset_after_execute", "POST /stripe/v1/refunds", 1),
    ("stripe", "http:429", "POST /stripe/v1/", 3),
    ("stripe", "http:500", "GET /stripe/v1/", 3),
    ("stripe", "delay_ms:700", "/stripe/v1/", 9),
    ("stripe", "webhook_lost", "", 9),
    ("stripe", "webhook_twice", "", 9),
    ("stripe", "webhook_reordered", "", 9),
    ("xero", "reset_after_execute", POSTING, 1),
    ("xero", "http_after_execute:500", POSTING, 1),
    ("xero", "timeout_after_execute", POSTING, 1),
    ("xero", "http:500", BOOKS, 3),
    ("xero", "http:429", BOOKS, 4),
    ("xero", "delay_ms:700", BOOKS, 9),
    ("xero", "token_revoked", BOOKS, 1),
    // The last ones take minutes to be cleared up: a short run leaves them out.
    ("stripe", "http:500", CHARGE, 1),
];
pub const SLOW_FAULTS: usize = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    Once,
    Twice,
    InTwoTabs,
    /// With a card that is declined, and then with another.
    DeclinedFirst,
    /// From one of [`super::ACCOUNTS`], by a payer who is signed in.
    Debit(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    Nothing,
    Part,
    Whole,
    /// The card's holder gets it from their bank.
    Disputed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Pay { invoice: usize, press: Press, web: usize, back: Back },
    Arm { fault: u64 },
    Kill { node: usize, after_ms: i64, down_ms: i64 },
}

/// What is done, in this order, by as many hands as there are. Few cards are declined, or all would be held back.
pub fn plan(seed: u64, invoices: usize, faults: usize) -> Vec<Act> {
    let mut dice = Dice::new(seed);
    let mut acts = Vec::new();
    for invoice in 0..invoices {
        if dice.percent(6) {
            acts.push(Act::Arm { fault: dice.below(faults as u64) });
        }
        if dice.percent(4) {
            let node = dice.one_of([0, 1, 2, 3, 4]);
            acts.push(Act::Kill { node, after_ms: dice.between(0, 400), down_ms: dice.between(0, 1_500) });
        }
        let press = match dice.below(100) {
            0 => Press::DeclinedFirst,
            1..=15 => Press::Twice,
            16..=25 => Press::InTwoTabs,
            26..=28 => Press::Debit(0),
            29..=30 => Press::Debit(1),
            _ => Press::Once,
        };
        let back = match dice.below(100) {
            0..=3 => Back::Part,
            4..=6 => Back::Whole,
            7..=8 => Back::Disputed,
            _ => Back::Nothing,
        };
        acts.push(Act::Pay { invoice, press, web: dice.one_of([0, 1, 2]), back });
    }
    acts
}

#[test]
fn the_same_seed_plans_the_same_acts() {
    let acts = plan(17, 2_000, FAULTS.len());
    assert_eq!(acts, plan(17, 2_000, FAULTS.len()));
    assert_ne!(acts, plan(18, 2_000, FAULTS.len()));
    let all: [fn(&Act) -> bool; 6] = [
        |act| matches!(act, Act::Pay { press: Press::Debit(1), .. }),
        |act| matches!(act, Act::Pay { back: Back::Disputed, .. }),
        |act| matches!(act, Act::Kill { node, .. } if *node >= WEBS),
        |act| matches!(act, Act::Arm { .. }),
        |act| matches!(act, Act::Pay { press: Press::DeclinedFirst, .. }),
        |act| matches!(act, Act::Pay { back: Back::Whole, .. }),
    ];
    assert!(all.into_iter().all(|is_there| acts.iter().any(is_there)));
}
