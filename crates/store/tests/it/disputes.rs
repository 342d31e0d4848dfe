//! Disputes: once by the gateway's id, their facts in order, and nothing that is disputed is paid back as well.

use crate::{
    database::on_both,
    refunds::{approve, asked, refund},
    shop::{Shop, at, shop, usd},
};
use domain::{
    dispute::{DisputeReason, DisputeSeen, DisputeState},
    ids::{AttemptId, DisputeId},
    ledger::{Journal, JournalKind},
    payment::Source,
    refund::RefundRefusal,
};
use store::{Dispute, ObservedDispute, OpenedRefund};
use uuid::Uuid;

pub fn dispute(shop: &Shop, attempt: AttemptId, minor: i64) -> Dispute {
    Dispute {
        merchant_id: shop.db.merchant_id(),
        id: DisputeId(Uuid::now_v7()),
        attempt_id: attempt,
        gateway_id: "dp_1".into(),
        currency: "USD".into(),
        amount_minor: minor,
        reason: serde_json::to_string(&DisputeReason::Fraud).unwrap(),
        page_url: None,
        state: DisputeState::Open,
        opened_at: at(1),
        answer_by: Some(at(9)),
        updated_at: at(1),
    }
}

pub fn dispute_seen(state: DisputeState) -> ObservedDispute {
    let seen = DisputeSeen {
        state,
        gateway_id: "dp_1".into(),
        amount: usd(4_000),
        reason: DisputeReason::Fraud,
        opened_at: at(1),
        answer_by: Some(at(9)),
        page_url: Some("https://gateway.example/dp_1".into()),
    };
    ObservedDispute { seen, source: Source::Webhook, at: at(2) }
}

async fn paid(shop: &Shop) -> AttemptId {
    let attempt = shop.opened().await.attempt;
    approve(shop, &attempt).await;
    attempt.id
}

async fn add(shop: &Shop, new: &Dispute) {
    let tx = shop.db.begin().await.unwrap();
    tx.dispute_add(new.clone()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn moved(shop: &Shop, dispute: &Dispute, state: DisputeState) {
    let tx = shop.db.begin().await.unwrap();
    tx.dispute_cache(Dispute { state, updated_at: at(5), ..dispute.clone() }).await.unwrap();
    tx.commit().await.unwrap();
}

on_both!(f23_a_dispute_stands_once_with_its_facts_in_the_order_of_their_places, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let new = dispute(&shop, attempt, 4_000);
    add(&shop, &new).await;
    let again = Dispute { id: DisputeId(Uuid::now_v7()), ..new.clone() };
    let tx = shop.db.begin().await.unwrap();
    let refused = tx.dispute_add(again).await.unwrap_err();
    assert!(refused.is_duplicate("one_dispute_per_id"), "{refused:?}");
    drop(tx);
    let facts = [DisputeState::Lost, DisputeState::Open].map(dispute_seen);
    for (place, fact) in facts.iter().enumerate().rev() {
        let tx = shop.db.begin().await.unwrap();
        tx.dispute_observation_add(new.id, place, fact).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(shop.db.dispute_observations(new.id).await.unwrap(), facts);
    assert_eq!(shop.db.disputes_of(&[attempt]).await.unwrap(), std::slice::from_ref(&new));
    assert_eq!(shop.db.dispute(new.id).await.unwrap().reason().unwrap(), DisputeReason::Fraud);
    let [since, later] = [shop.db.disputes_since(at(1)).await.unwrap(), shop.db.disputes_since(at(2)).await.unwrap()];
    assert_eq!((since.len(), later.len()), (1, 0));
});

on_both!(f23_what_is_disputed_or_lost_is_not_paid_back_as_well, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let disputed = dispute(&shop, attempt, 4_000);
    add(&shop, &disputed).await;
    let open = async |minor| shop.db.refund_open(refund(&shop, attempt, minor), asked()).await.unwrap();
    assert_eq!(open(6_001).await, OpenedRefund::Refused(RefundRefusal::Disputed));
    assert_eq!(open(10_001).await, OpenedRefund::Refused(RefundRefusal::NotWithin { left: usd(6_000) }), "of any");
    assert_eq!(open(6_000).await, OpenedRefund::New);
    moved(&shop, &disputed, DisputeState::Lost).await;
    assert_eq!(open(1).await, OpenedRefund::Refused(RefundRefusal::Disputed));
    moved(&shop, &disputed, DisputeState::Won).await;
    assert_eq!(open(4_000).await, OpenedRefund::New);
    assert_eq!(open(1).await, OpenedRefund::Refused(RefundRefusal::NothingLeft));
});

on_both!(f23_an_inquiry_is_told_and_holds_no_money_until_a_dispute_becomes_of_it, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let inquiry = Dispute { state: DisputeState::Inquiry, ..dispute(&shop, attempt, 10_000) };
    add(&shop, &inquiry).await;
    assert_eq!(shop.db.disputes_alarming().await.unwrap(), std::slice::from_ref(&inquiry));
    let open = async |minor| shop.db.refund_open(refund(&shop, attempt, minor), asked()).await.unwrap();
    assert_eq!(open(4_000).await, OpenedRefund::New);
    moved(&shop, &inquiry, DisputeState::Open).await;
    assert_eq!(open(1).await, OpenedRefund::Refused(RefundRefusal::Disputed));
    moved(&shop, &inquiry, DisputeState::Won).await;
    assert_eq!(open(6_000).await, OpenedRefund::New);
});

on_both!(g39_the_front_page_finds_what_is_open_and_what_was_lost, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let [open, lost, won] =
        ["dp_1", "dp_2", "dp_3"].map(|id| Dispute { gateway_id: id.into(), ..dispute(&shop, attempt, 100) });
    for new in [&open, &lost, &won] {
        add(&shop, new).await;
    }
    moved(&shop, &lost, DisputeState::Lost).await;
    moved(&shop, &won, DisputeState::Won).await;
    let mut ids: Vec<_> = shop.db.disputes_alarming().await.unwrap().iter().map(|row| row.id).collect();
    ids.sort();
    assert_eq!(ids, [open.id, lost.id]);
});

on_both!(f23_each_dispute_has_its_own_journals, async |db| {
    let shop = shop(&db.store, "acme").await;
    let attempt = paid(&shop).await;
    let lost = Journal::of(JournalKind::DisputeLost, usd(100)).unwrap();
    let (one, two) = (DisputeId(Uuid::now_v7()), DisputeId(Uuid::now_v7()));
    for id in [one, two] {
        let tx = shop.db.begin().await.unwrap();
        tx.dispute_journal_add(attempt, id, &lost, at(2)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let tx = shop.db.begin().await.unwrap();
    let again = tx.dispute_journal_add(attempt, one, &lost, at(3)).await.unwrap_err();
    assert!(again.is_duplicate("one_journal_per_kind"), "{again:?}");
    drop(tx);
    assert_eq!(shop.db.posting_list(attempt).await.unwrap().len(), 4);
});
