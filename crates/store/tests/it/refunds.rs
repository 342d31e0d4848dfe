//! Refunds never exceed what was captured (D24): one after the other, all at once, and from two nodes.

use crate::{
    database::on_both,
    shop::{Shop, at, shop, usd},
};
use domain::{
    ids::{AttemptId, RefundId},
    ledger::{Journal, JournalKind},
    payment::{AttemptState, Source},
    refund::{RefundFact, RefundFailure, RefundMade, RefundMeaning, RefundRefusal, RefundSeen, RefundState},
};
use store::{Attempt, BooksEntryState, Error, MerchantDb, NewSlip, ObservedRefund, OpenedRefund, Refund, TakenIn};
use tokio::task::JoinSet;
use uuid::Uuid;

/// An attempt of 100.00 that was approved.
async fn paid(shop: &Shop) -> AttemptId {
    let attempt = shop.opened().await.attempt;
    approve(shop, &attempt).await;
    attempt.id
}

pub async fn approve(shop: &Shop, attempt: &Attempt) {
    let tx = shop.db.begin().await.unwrap();
    tx.attempt_cache(Attempt { state: AttemptState::Approved, ..attempt.clone() }).await.unwrap();
    tx.commit().await.unwrap();
}

pub fn refund(shop: &Shop, attempt: AttemptId, minor: i64) -> Refund {
    Refund {
        merchant_id: shop.db.merchant_id(),
        id: RefundId(Uuid::now_v7()),
        attempt_id: attempt,
        made: RefundMade::Here,
        meaning: RefundMeaning::SaleCancelled,
        currency: "USD".into(),
        amount_minor: minor,
        surcharge_minor: 0,
        charge_gateway_id: "pi_1".into(),
        reason: "sent back".into(),
        asked_by: "admin@acme.example".into(),
        state: RefundState::Created,
        failure: None,
        contradicted: false,
        gateway_id: None,
        created_at: at(1),
        updated_at: at(1),
    }
}

pub fn asked() -> NewSlip {
    NewSlip { payment: None, kind: "refund_asked", actor: "per_1".into(), body: "{}".into(), at: at(1) }
}

async fn moved(db: &MerchantDb, refund: &Refund, state: RefundState) {
    let tx = db.begin().await.unwrap();
    tx.refund_cache(Refund { state, ..refund.clone() }).await.unwrap();
    tx.commit().await.unwrap();
}

on_both!(d24_refunds_go_up_to_what_was_captured_and_no_further, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let first = refund(&shop, attempt, 6_000);
    assert_eq!(shop.db.refund_open(first.clone(), asked()).await.unwrap(), OpenedRefund::New);
    assert_eq!(shop.db.refund_open(first.clone(), asked()).await.unwrap(), OpenedRefund::Same, "the same form twice");
    for (minor, currency) in [(5_999, "USD"), (6_000, "AUD")] {
        let other = Refund { amount_minor: minor, currency: currency.into(), ..first.clone() };
        let used = RefundRefusal::FormUsed { refund: usd(6_000) };
        assert_eq!(
            shop.db.refund_open(other, asked()).await.unwrap(),
            OpenedRefund::Refused(used),
            "{minor} {currency}"
        );
    }
    let over = shop.db.refund_open(refund(&shop, attempt, 4_001), asked()).await.unwrap();
    assert_eq!(over, OpenedRefund::Refused(RefundRefusal::NotWithin { left: usd(4_000) }), "nobody knows its fate yet");

    moved(&shop.db, &first, RefundState::Failed).await;
    assert_eq!(
        shop.db.refund_open(refund(&shop, attempt, 10_000), asked()).await.unwrap(),
        OpenedRefund::New,
        "it is free again"
    );
    let none = shop.db.refund_open(refund(&shop, attempt, 1), asked()).await.unwrap();
    assert_eq!(none, OpenedRefund::Refused(RefundRefusal::NothingLeft));
    assert_eq!(shop.db.refunds_of(&[attempt]).await.unwrap().len(), 2, "what was refused left nothing behind");
    let told = shop.db.audit_slips_count("refund_asked").await.unwrap();
    assert_eq!(told, 2, "each is told of once, in its own transaction");
});

on_both!(d24_what_is_owed_again_is_all_of_a_payment_and_counts_as_not_paid, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let owed = |minor| Refund { meaning: RefundMeaning::StillOwed, ..refund(&shop, attempt, minor) };
    let open = async |new: &Refund| shop.db.refund_open(new.clone(), asked()).await.unwrap();
    let refused = OpenedRefund::Refused(RefundRefusal::NotAllOwed);
    assert_eq!(open(&owed(9_999)).await, refused);
    let part = refund(&shop, attempt, 1_000);
    assert_eq!(open(&part).await, OpenedRefund::New);
    assert_eq!(open(&owed(9_000)).await, refused, "some of it has gone before");
    moved(&shop.db, &part, RefundState::Failed).await;

    let whole = owed(10_000);
    assert_eq!(open(&whole).await, OpenedRefund::New);
    assert_eq!(open(&whole).await, OpenedRefund::Same, "the same form twice");
    let other = Refund { meaning: RefundMeaning::SaleCancelled, ..whole.clone() };
    assert_eq!(open(&other).await, OpenedRefund::Refused(RefundRefusal::FormUsed { refund: usd(10_000) }));
    moved(&shop.db, &whole, RefundState::Succeeded).await;
    assert!(shop.db.refund(whole.id).await.unwrap().is_owed_again());
    assert!(shop.db.refund_sums(at(0)).await.unwrap().is_empty(), "its payment is left out of what was collected");
});

on_both!(d24_money_that_never_came_is_not_paid_back, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = shop.opened().await.attempt.id;
    let refused = shop.db.refund_open(refund(&shop, attempt, 1), asked()).await.unwrap();
    assert_eq!(refused, OpenedRefund::Refused(RefundRefusal::NothingLeft));
});

on_both!(d24_the_id_of_another_payments_refund_grants_nothing, async |db| {
    let shop = shop(&db.store, "acme").await;
    let one = paid(&shop).await;
    let first = refund(&shop, one, 100);
    shop.db.refund_open(first.clone(), asked()).await.unwrap();
    let [two] = shop.invoices(&["INV-2"]).await.try_into().unwrap();
    let mut other = shop.order_of(&[two]);
    other.attempt.state = AttemptState::Approved;
    shop.open(other.clone()).await.unwrap();
    let forged = Refund { attempt_id: other.attempt.id, ..first };
    assert!(matches!(shop.db.refund_open(forged, asked()).await, Err(Error::Missing)));
    let mut alike = refund(&shop, one, 100);
    alike.id = RefundId(Uuid::from_u128(first.id.0.as_u128() ^ (1 << 90)));
    assert!(
        matches!(shop.db.refund_open(alike, asked()).await, Err(Error::Missing)),
        "its credit would be the first's"
    );
});

on_both!(d24_sixty_four_part_refunds_at_once_share_what_is_left, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let other = shop.on(&db.node().await).await;
    let mut clicks = JoinSet::new();
    for n in 0..64 {
        let (db, new) = (if n % 2 == 0 { shop.db.clone() } else { other.clone() }, refund(&shop, attempt, 1_000));
        clicks.spawn(async move { db.refund_open(new, asked()).await.unwrap() });
    }
    let answers = clicks.join_all().await;
    let count = |like: fn(&OpenedRefund) -> bool| answers.iter().filter(|answer| like(answer)).count();
    assert_eq!(count(|answer| *answer == OpenedRefund::New), 10, "{answers:?}");
    assert_eq!(count(|answer| *answer == OpenedRefund::Refused(RefundRefusal::NothingLeft)), 54, "{answers:?}");
    assert_eq!(db.texts("SELECT CAST(sum(amount_minor) AS TEXT) FROM refund").await, ["10000"]);
});

on_both!(d24_ten_posts_of_one_form_are_one_refund, async |db| {
    let shop = shop(&db.store, "acme").await;
    let new = refund(&shop, paid(&shop).await, 1_000);
    let other = shop.on(&db.node().await).await;
    let mut clicks = JoinSet::new();
    for n in 0..10 {
        let (db, new) = (if n % 2 == 0 { shop.db.clone() } else { other.clone() }, new.clone());
        clicks.spawn(async move { db.refund_open(new, asked()).await.unwrap() });
    }
    let answers = clicks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| **answer == OpenedRefund::New).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| **answer == OpenedRefund::Same).count(), 9, "{answers:?}");
});

fn made_there(shop: &Shop, attempt: AttemptId, minor: i64, gateway_id: &str) -> Refund {
    let (made, gateway_id) = (RefundMade::There, Some(gateway_id.to_owned()));
    Refund { made, gateway_id, reason: String::new(), asked_by: String::new(), ..refund(shop, attempt, minor) }
}

on_both!(d24_what_was_paid_back_at_the_gateway_is_taken_in_once_and_leaves_less, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let other = shop.on(&db.node().await).await;
    let mut news = JoinSet::new();
    for n in 0..16 {
        let db = if n % 2 == 0 { shop.db.clone() } else { other.clone() };
        let new = made_there(&shop, attempt, 6_000, "re_1");
        news.spawn(async move { db.refund_take_in(new, asked()).await.unwrap() });
    }
    let answers = news.join_all().await;
    assert_eq!(answers.iter().filter(|answer| **answer == TakenIn::New).count(), 1, "{answers:?}");
    let stands = shop.db.refund_by_gateway_id("re_1").await.unwrap().unwrap();
    assert_eq!(answers.iter().filter(|answer| **answer == TakenIn::Stands(stands.id)).count(), 15, "{answers:?}");
    let over = shop.db.refund_open(refund(&shop, attempt, 4_001), asked()).await.unwrap();
    assert_eq!(over, OpenedRefund::Refused(RefundRefusal::NotWithin { left: usd(4_000) }));
    assert_eq!(shop.db.refund_open(refund(&shop, attempt, 4_000), asked()).await.unwrap(), OpenedRefund::New);
});

on_both!(d24_while_nobody_knows_the_id_of_ours_nothing_passes_for_somebody_elses, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let ours = refund(&shop, attempt, 1_000);
    shop.db.refund_open(ours.clone(), asked()).await.unwrap();
    let theirs = || shop.db.refund_take_in(made_there(&shop, attempt, 1_000, "re_1"), asked());
    assert_eq!(theirs().await.unwrap(), TakenIn::Undecided);
    let answered = Refund { gateway_id: Some("re_1".into()), ..ours.clone() };
    moved(&shop.db, &answered, RefundState::Succeeded).await;
    assert_eq!(theirs().await.unwrap(), TakenIn::Stands(ours.id), "it was ours");
    let another = shop.db.refund_take_in(made_there(&shop, attempt, 1_000, "re_2"), asked()).await.unwrap();
    assert_eq!(another, TakenIn::New);
});

on_both!(facts_of_a_refund_come_back_in_the_order_of_their_places, async |db| {
    let shop = shop(&db.store, "acme").await;
    let new = refund(&shop, paid(&shop).await, 1_000);
    shop.db.refund_open(new.clone(), asked()).await.unwrap();
    let said = |fact| ObservedRefund {
        seen: RefundSeen { fact, gateway_id: Some("re_1".into()), amount: Some(usd(1_000)) },
        source: Source::Webhook,
        at: at(2),
    };
    let failed = RefundFact::Failed { reason: RefundFailure::CardGone };
    let facts = [RefundFact::Unanswered, RefundFact::Refused { code: "x".into() }, RefundFact::Succeeded, failed];
    let facts = facts.map(said);
    for (place, fact) in facts.iter().enumerate().rev() {
        let tx = shop.db.begin().await.unwrap();
        tx.refund_observation_add(new.id, place, fact).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(shop.db.refund_observations(new.id).await.unwrap(), facts);
});

on_both!(g37_the_sweep_and_the_front_page_find_what_nobody_knows_or_must_see, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let [lost, unknown, late, failed, at_once, gone] = [1; 6].map(|minor| refund(&shop, attempt, minor));
    for new in [&lost, &unknown, &late, &failed, &at_once, &gone] {
        shop.db.refund_open(new.clone(), asked()).await.unwrap();
    }
    moved(&shop.db, &unknown, RefundState::Unknown).await;
    moved(&shop.db, &late, RefundState::Succeeded).await;
    let failed = Refund { gateway_id: Some("re_1".into()), updated_at: at(5), ..failed };
    moved(&shop.db, &failed, RefundState::Failed).await;
    let because = |reason| Some(serde_json::to_string(&reason).unwrap());
    let at_once = Refund { failure: because(RefundFailure::NotSent), updated_at: at(5), ..at_once };
    moved(&shop.db, &at_once, RefundState::Failed).await;
    let gone = Refund { failure: because(RefundFailure::NeverArrived), updated_at: at(5), ..gone };
    moved(&shop.db, &gone, RefundState::Failed).await;
    let contradicted = Refund { contradicted: true, ..late.clone() };
    moved(&shop.db, &contradicted, RefundState::Succeeded).await;

    let swept = db.store.door_refunds_unheard(at(5), 10).await.unwrap();
    assert_eq!(swept.into_iter().map(|(_, refund)| refund.id).collect::<Vec<_>>(), [lost.id]);
    let ids = |rows: Vec<Refund>| {
        let mut ids: Vec<_> = rows.into_iter().map(|row| row.id).collect();
        ids.sort();
        ids
    };
    let sorted = |mut ids: Vec<RefundId>| {
        ids.sort();
        ids
    };
    assert_eq!(ids(shop.db.refunds_unknown(at(5)).await.unwrap()), sorted(vec![lost.id, unknown.id]));
    assert_eq!(ids(shop.db.refunds_alarming().await.unwrap()), sorted(vec![late.id, failed.id, gone.id]));
    let sums = shop.db.refund_sums(at(0)).await.unwrap();
    assert_eq!(sums.iter().map(|sum| sum.money().unwrap()).collect::<Vec<_>>(), [usd(1)]);
});

on_both!(g37_each_refund_has_its_own_journals_and_its_own_writes_into_the_books, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let (one, two) = (refund(&shop, attempt, 1_000), refund(&shop, attempt, 2_000));
    let paid = |minor| Journal::of(JournalKind::RefundPaid, usd(minor)).unwrap();
    for (new, minor) in [(&one, 1_000), (&two, 2_000)] {
        shop.db.refund_open(new.clone(), asked()).await.unwrap();
        let tx = shop.db.begin().await.unwrap();
        tx.refund_journal_add(attempt, new.id, &paid(minor), at(2)).await.unwrap();
        tx.refund_entries_intend(new.id, &[(shop.invoice, minor)], at(2)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let tx = shop.db.begin().await.unwrap();
    let again = tx.refund_journal_add(attempt, one.id, &paid(1_000), at(3)).await.unwrap_err();
    assert!(again.is_duplicate("one_journal_per_kind"), "{again:?}");
    drop(tx);
    let lines = shop.db.posting_list(attempt).await.unwrap();
    assert!(lines.len() == 4 && lines.iter().all(|line| line.kind == JournalKind::RefundPaid), "{lines:?}");

    let mut entry = shop.db.refund_entries(&[one.id]).await.unwrap().remove(0);
    (entry.state, entry.credit_id, entry.external_id) = (BooksEntryState::Posted, Some("cn".into()), Some("pm".into()));
    entry.updated_at = at(4);
    let tx = shop.db.begin().await.unwrap();
    tx.refund_entry_write(entry.clone()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.db.refund_entries(&[one.id]).await.unwrap(), [entry]);
    assert!(shop.db.refund_entries_waiting(at(2)).await.unwrap().is_empty(), "not for long yet");
    let waiting = shop.db.refund_entries_waiting(at(3)).await.unwrap();
    assert_eq!(waiting.iter().map(|entry| entry.refund_id).collect::<Vec<_>>(), [two.id]);
});
