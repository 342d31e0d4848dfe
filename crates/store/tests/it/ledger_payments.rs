//! Payments in the built-in ledger: each counts once, and the balance never falls below nothing.

use crate::{
    database::on_both,
    shop::{Shop, at, day, shop, usd},
};
use domain::{ids::InvoiceId, invoice::InvoiceStatus, money::Money};
use store::{Entered, Error, NewLedgerPayment};
use tokio::task::JoinSet;

fn payment(key: &str, amount: Money) -> NewLedgerPayment {
    NewLedgerPayment { idempotency_key: key.into(), amount, date: day(2), reference: format!("ch_{key}") }
}

async fn enter(shop: &Shop, invoice: InvoiceId, new: NewLedgerPayment) -> Result<Entered, Error> {
    let tx = shop.db.begin().await?;
    let entered = tx.ledger_payment_enter(invoice, new, at(1)).await?;
    tx.commit().await?;
    Ok(entered)
}

on_both!(d1_the_same_posting_lowers_the_balance_once, async |db| {
    let shop = shop(&db.store, "acme").await;
    let first = enter(&shop, shop.invoice, payment("a", usd(4_000))).await.unwrap();
    assert_eq!(enter(&shop, shop.invoice, payment("a", usd(4_000))).await.unwrap(), first);
    assert_eq!(shop.db.invoice(shop.invoice).await.unwrap().due_minor, 6_000);
    let found = shop.db.ledger_payment(shop.invoice, "ch_a").await.unwrap().unwrap();
    assert_eq!(Entered::Stands(found.id), first);
    assert!(shop.db.ledger_payment(shop.invoice, "ch_b").await.unwrap().is_none());

    assert!(matches!(enter(&shop, shop.invoice, payment("b", usd(6_000))).await.unwrap(), Entered::Stands(_)));
    assert_eq!(shop.db.invoice(shop.invoice).await.unwrap().status, InvoiceStatus::Paid);
    assert_eq!(enter(&shop, shop.invoice, payment("c", usd(1))).await.unwrap(), Entered::NotOpen);
});

on_both!(d9_more_than_is_due_or_another_currency_changes_nothing, async |db| {
    let shop = shop(&db.store, "acme").await;
    let yen = Money::new(1, domain::money::Currency::JPY);
    for amount in [usd(10_001), yen] {
        assert_eq!(enter(&shop, shop.invoice, payment("a", amount)).await.unwrap(), Entered::MoreThanDue);
    }
    assert_eq!(shop.db.invoice(shop.invoice).await.unwrap().due_minor, 10_000);
    assert!(shop.db.ledger_payment(shop.invoice, "ch_a").await.unwrap().is_none());
});

on_both!(d9_payments_at_the_same_moment_are_all_counted, async |db| {
    let shop = shop(&db.store, "acme").await;
    let mut all = JoinSet::new();
    for n in 0..12 {
        let scope = shop.db.clone();
        let invoice = shop.invoice;
        all.spawn(async move {
            let tx = scope.begin().await.unwrap();
            let entered = tx.ledger_payment_enter(invoice, payment(&n.to_string(), usd(1_000)), at(1)).await.unwrap();
            tx.commit().await.unwrap();
            matches!(entered, Entered::Stands(_))
        });
    }
    let stand = all.join_all().await.into_iter().filter(|stands| *stands).count();
    let invoice = shop.db.invoice(shop.invoice).await.unwrap();
    assert_eq!((stand, invoice.due_minor, invoice.status), (10, 0, InvoiceStatus::Paid));
});

on_both!(d20_another_merchants_invoice_is_missing, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let foreign = enter(&acme, bolt.invoice, payment("a", usd(1))).await;
    assert!(matches!(foreign, Err(Error::Missing)));
});

on_both!(d21_a_snapshot_sees_one_moment_and_writes_nothing, async |db| {
    let shop = shop(&db.store, "acme").await;
    let snapshot = shop.db.snapshot().await.unwrap();
    let before = snapshot.invoice(shop.invoice).await.unwrap();
    enter(&shop, shop.invoice, payment("a", usd(4_000))).await.unwrap();
    assert_eq!(snapshot.invoice(shop.invoice).await.unwrap(), before);
    assert!(snapshot.ledger_payments_of(&[shop.invoice]).await.unwrap().is_empty());
    assert!(snapshot.ledger_payment_enter(shop.invoice, payment("b", usd(1)), at(2)).await.is_err());
    drop(snapshot);
    assert_eq!(shop.db.invoice(shop.invoice).await.unwrap().due_minor, 6_000);
});
