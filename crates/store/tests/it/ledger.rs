//! Our own double entry: each kind of journal once for an attempt, and nothing that does not balance (D9).

use crate::{
    database::on_both,
    shop::{Shop, at, shop},
};
use domain::{
    ids::AttemptId,
    ledger::{Account, Journal, JournalKind},
    money::{Currency, Money},
};
use store::Error;

async fn book(shop: &Shop, attempt: AttemptId, journal: &Journal) -> Result<(), Error> {
    let tx = shop.db.begin().await?;
    tx.journal_add(attempt, journal, at(1)).await?;
    tx.commit().await
}

on_both!(d9_a_journal_stands_once_whoever_reports_it, async |db| {
    let (shop, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let order = shop.opened().await;
    let amount = order.payment.amount().unwrap();
    let taken = Journal::of(JournalKind::PaymentTaken, amount).unwrap();
    book(&shop, order.attempt.id, &taken).await.unwrap();
    let again = book(&shop, order.attempt.id, &taken).await.unwrap_err();
    assert!(again.is_duplicate("one_journal_per_kind"), "{again:?}");
    book(&shop, order.attempt.id, &Journal::of(JournalKind::PaymentReversed, amount).unwrap()).await.unwrap();

    let lines = shop.db.posting_list(order.attempt.id).await.unwrap();
    let told: Vec<_> = lines.iter().map(|line| (line.kind, line.account, line.amount.minor)).collect();
    let (taken, reversed) = (JournalKind::PaymentTaken, JournalKind::PaymentReversed);
    let (clearing, receivable) = (Account::GatewayClearing, Account::Receivable);
    let back = [(reversed, clearing, -10_000), (reversed, receivable, 10_000)];
    assert_eq!(told, [[(taken, clearing, 10_000), (taken, receivable, -10_000)], back].concat());
    assert!(lines.iter().all(|line| line.at == at(1)));
    let moves = shop.db.moves_of(&[order.attempt.id], clearing).await.unwrap();
    let told: Vec<_> = moves.iter().map(|of| (of.attempt_id, of.kind, of.amount.minor, of.about.as_str())).collect();
    assert_eq!(told, [(order.attempt.id, taken, 10_000, ""), (order.attempt.id, reversed, -10_000, "")]);
    assert!(bolt.db.moves_of(&[order.attempt.id], clearing).await.unwrap().is_empty(), "another merchant's");
});

on_both!(d9_all_postings_of_a_currency_add_up_to_nothing, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    for (shop, minor, currency) in
        [(&acme, 10_000, Currency::USD), (&bolt, i64::MAX, Currency::KWD), (&bolt, 1, Currency::JPY)]
    {
        let order = shop.opened().await;
        let amount = Money::new(minor, currency);
        book(shop, order.attempt.id, &Journal::of(JournalKind::PaymentTaken, amount).unwrap()).await.unwrap();
        shop.release(&order).await;
    }
    let sums = "SELECT CAST(sum(amount_minor) AS TEXT) FROM posting GROUP BY merchant_id, currency";
    assert_eq!(db.texts(sums).await, ["0", "0", "0"]);
});
