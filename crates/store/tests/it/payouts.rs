//! Payouts: each stands once by the gateway's id, whole with its lines, and is found while somebody must see to it.

use crate::{
    database::on_both,
    refunds::{approve, asked, refund},
    shop::{Shop, at, day, shop},
};
use domain::{
    ids::PayoutId,
    payout::{Breakdown, PayoutLineKind, PayoutState},
};
use store::{Payout, PayoutLine};
use uuid::Uuid;

fn payout(shop: &Shop, gateway_id: &str, state: PayoutState) -> Payout {
    Payout {
        merchant_id: shop.db.merchant_id(),
        id: PayoutId(Uuid::now_v7()),
        connection_id: shop.connection,
        gateway_id: gateway_id.into(),
        currency: "USD".into(),
        amount_minor: 9_680,
        state,
        failure: None,
        arrives_on: day(3),
        created_at: at(1),
        breakdown: Breakdown::Told,
        payments_minor: 10_000,
        refunds_minor: 0,
        other_minor: 0,
        fees_minor: 320,
        came_again: false,
        alarming: state == PayoutState::Failed,
        updated_at: at(2),
    }
}

fn line(of: &Payout, place: i32, kind: PayoutLineKind, gateway_id: &str) -> PayoutLine {
    PayoutLine {
        merchant_id: of.merchant_id,
        payout_id: of.id,
        place,
        kind,
        amount_minor: 10_000,
        fee_minor: 320,
        gateway_id: gateway_id.into(),
        charge_gateway_id: Some("pi_1".into()),
        words: None,
        at: at(1),
    }
}

async fn keep(shop: &Shop, payout: &Payout, lines: Option<Vec<PayoutLine>>) {
    let tx = shop.db.begin().await.unwrap();
    tx.payout_keep(payout.clone(), lines).await.unwrap();
    tx.commit().await.unwrap();
}

on_both!(g45_a_payout_stands_once_whole_and_its_failure_is_open_until_its_money_came, async |db| {
    let (shop, other) = (shop(&db.store, "acme").await, shop(&db.store, "other").await);
    let first = payout(&shop, "po_1", PayoutState::OnItsWay);
    keep(&shop, &first, Some(vec![line(&first, 0, PayoutLineKind::Payment, "ch_1")])).await;
    assert_eq!(shop.db.payouts_unsettled(shop.connection).await.unwrap(), std::slice::from_ref(&first));

    // Read again, by whoever: the same row, and its lines in the place of the old ones, or as they were.
    let told = Payout { id: PayoutId(Uuid::now_v7()), ..payout(&shop, "po_1", PayoutState::Failed) };
    let lines = ["ch_2", "ch_3"].iter().zip(0..).map(|(id, place)| line(&told, place, PayoutLineKind::Payment, id));
    keep(&shop, &told, Some(lines.collect())).await;
    keep(&shop, &told, None).await;
    let (page, total) = shop.db.payout_page(1, 50).await.unwrap();
    let failed = Payout { id: first.id, ..told };
    assert_eq!((page, total), (vec![failed.clone()], 1));
    let ids: Vec<_> = shop.db.payout_lines(first.id).await.unwrap().into_iter().map(|line| line.gateway_id).collect();
    assert_eq!(ids, ["ch_2", "ch_3"]);
    assert_eq!(shop.db.payouts_alarming().await.unwrap(), std::slice::from_ref(&failed));

    let later = payout(&shop, "po_2", PayoutState::OnItsWay);
    keep(&shop, &later, Some(vec![line(&later, 0, PayoutLineKind::CameBack, "po_1")])).await;
    assert!(!shop.db.payout_came_again(&failed).await.unwrap(), "the bank does not have it yet");
    keep(&shop, &Payout { state: PayoutState::Paid, ..later }, None).await;
    assert!(shop.db.payout_came_again(&failed).await.unwrap());

    assert_eq!(other.db.payout_page(1, 50).await.unwrap().1, 0, "another merchant's");
    assert!(other.db.payout(first.id).await.is_err());
    assert!(other.db.payout_lines(first.id).await.unwrap().is_empty());
});

on_both!(n11_charges_and_refunds_are_found_by_what_their_gateway_calls_them, async |db| {
    let (shop, other) = (shop(&db.store, "acme").await, shop(&db.store, "other").await);
    let mut order = shop.opened().await;
    order.attempt.gateway_id = Some("pi_1".into());
    approve(&shop, &order.attempt).await;
    let back = store::Refund { gateway_id: Some("re_1".into()), ..refund(&shop, order.attempt.id, 100) };
    shop.db.refund_open(back.clone(), asked()).await.unwrap();
    let ids = ["pi_0", "pi_1", "re_1"].map(str::to_owned);
    let found = shop.db.attempts_there(shop.connection, &ids).await.unwrap();
    assert_eq!(found.iter().map(|attempt| attempt.id).collect::<Vec<_>>(), [order.attempt.id]);
    let paid = shop.db.payments_by_id(vec![order.payment.id]).await.unwrap();
    assert_eq!(paid.iter().map(|payment| payment.id).collect::<Vec<_>>(), [order.payment.id]);
    let refunds = shop.db.refunds_there(&ids).await.unwrap();
    assert_eq!(refunds.iter().map(|refund| refund.id).collect::<Vec<_>>(), [back.id]);
    assert!(shop.db.attempts_there(other.connection, &ids).await.unwrap().is_empty(), "another gateway's");
    assert!(other.db.attempts_there(shop.connection, &ids).await.unwrap().is_empty(), "another merchant's");
    assert!(other.db.refunds_there(&ids).await.unwrap().is_empty());
});
