//! A customer's advance in books of our own: it pays invoices, and is no more than the money that stands for it.

use crate::{
    database::on_both,
    ledger_invoices::{draft, issue, row},
    shop::{Shop, at, day, shop, usd},
};
use domain::{advance::AdvanceKind, ids::InvoiceId, invoice::InvoiceStatus};
use store::{Entered, Error, Invoice, NewLedgerPayment};

fn money(key: &str, minor: i64) -> NewLedgerPayment {
    NewLedgerPayment { idempotency_key: key.into(), amount: usd(minor), date: day(2), reference: "Bank 4711".into() }
}

/// An advance that is paid.
async fn advance(shop: &Shop, minor: i64) -> InvoiceId {
    let kind = Some(AdvanceKind::Prepayment);
    let (total_minor, due_minor, status) = (minor, minor, InvoiceStatus::Open);
    let advance = Invoice { advance: kind, total_minor, due_minor, status, ..row(shop) };
    let id = advance.id;
    let tx = shop.db.begin().await.unwrap();
    tx.advance_add(advance).await.unwrap();
    let entered = tx.ledger_payment_enter(id, money(&format!("pay-{id}"), minor), at(2)).await.unwrap();
    assert!(matches!(entered, Entered::Stands(_)));
    tx.commit().await.unwrap();
    id
}

async fn spend(shop: &Shop, advance: InvoiceId, to: InvoiceId, minor: i64) {
    let tx = shop.db.begin().await.unwrap();
    tx.advance_hold(advance).await.unwrap();
    let held = tx.ledger_invoice_hold(to).await.unwrap();
    tx.advance_use(advance, held, minor, at(3)).await.unwrap();
    tx.commit().await.unwrap();
}

on_both!(g35_what_an_advance_has_paid_is_owed_again_when_its_money_went_back, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (one, two) = (draft(&shop).await, draft(&shop).await);
    for id in [one, two] {
        issue(&shop.db, id, None).await.unwrap();
    }
    let of = advance(&shop, 12_000).await;
    assert_eq!(shop.db.advance_left(of).await.unwrap(), 12_000);
    spend(&shop, of, one, 10_000).await;
    spend(&shop, of, two, 2_000).await;
    let owed = async |id| {
        let row = shop.db.invoice(id).await.unwrap();
        (row.due_minor, row.status)
    };
    assert_eq!((owed(one).await, owed(two).await), ((0, InvoiceStatus::Paid), (8_000, InvoiceStatus::Open)));
    assert_eq!(shop.db.ledger_invoice(one).await.unwrap().unwrap().changes, 2, "issued and paid");
    assert_eq!(shop.db.advance_uses_for(two).await.unwrap()[0].amount_minor, 2_000);
    let ids: Vec<_> = shop.db.advances_of(shop.customer).await.unwrap().iter().map(|advance| advance.id).collect();
    assert_eq!(ids, [of]);

    for _ in 0..2 {
        let tx = shop.db.begin().await.unwrap();
        tx.ledger_refund_enter(of, money("refund", -3_000), at(4)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((owed(one).await.0, owed(two).await.0), (1_000, 10_000), "first from who got it last, and once");
    }
    assert_eq!(shop.db.advance_left(of).await.unwrap(), 0);
    let tx = shop.db.begin().await.unwrap();
    tx.ledger_refund_enter(of, money("refund-back", 3_000), at(5)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.db.advance_left(of).await.unwrap(), 3_000, "it is credit again, and nobody's yet");

    let tx = shop.db.begin().await.unwrap();
    tx.ledger_payment_take_back(of, money("pay-back", -12_000), at(6)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((owed(one).await, owed(two).await), ((10_000, InvoiceStatus::Open), (10_000, InvoiceStatus::Open)));
    assert_eq!(shop.db.advance_left(of).await.unwrap(), 0);
    let tx = shop.db.begin().await.unwrap();
    assert_eq!(tx.advances_prune(at(9), 10).await.unwrap(), 0, "what was entered for it names it");
});

on_both!(d20_another_merchants_advance_is_missing, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let (theirs, own) = (advance(&bolt, 5_000).await, draft(&acme).await);
    issue(&acme.db, own, None).await.unwrap();
    assert_eq!(acme.db.advance_left(theirs).await.unwrap(), 0);
    assert!(acme.db.advances_of(bolt.customer).await.unwrap().is_empty());
    let tx = acme.db.begin().await.unwrap();
    assert!(matches!(tx.advance_hold(theirs).await, Err(Error::Missing)));
    assert!(matches!(tx.advance_hold(own).await, Err(Error::Missing)), "an invoice is none");
    let held = tx.ledger_invoice_hold(own).await.unwrap();
    assert!(matches!(tx.advance_use(theirs, held, 1_000, at(3)).await, Err(Error::Missing)));
    drop(tx);
    let of_bolt = draft(&bolt).await;
    issue(&bolt.db, of_bolt, None).await.unwrap();
    spend(&bolt, theirs, of_bolt, 1_000).await;
    assert!(acme.db.advance_uses(&[theirs]).await.unwrap().is_empty());
});
