//! Moments, dates and amounts come back as they were written, the same on both databases.

use crate::{
    database::on_both,
    shop::{at, day, invoice, read, shop, usd},
};
use chrono::{NaiveDate, TimeDelta};
use domain::invoice::BooksInvoice;
use std::time::Duration;

on_both!(a_moment_survives_to_the_microsecond_and_no_further, async |db| {
    let shop = shop(&db.store, "acme").await;
    for (written, kept) in [
        (at(0), at(0)),
        (at(0) + TimeDelta::nanoseconds(789), at(0)),
        (at(0) + TimeDelta::microseconds(1) - TimeDelta::nanoseconds(1), at(0)),
        ("2026-03-08T02:30:00Z".parse().unwrap(), "2026-03-08T02:30:00Z".parse().unwrap()),
    ] {
        let mut order = shop.opened().await;
        assert!(Duration::from_micros(1) > (written - kept).to_std().unwrap());
        let tx = shop.db.begin().await.unwrap();
        order.attempt.updated_at = written;
        tx.attempt_cache(order.attempt.clone()).await.unwrap();
        tx.claims_release(order.attempt.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(shop.db.attempt(order.attempt.id).await.unwrap().updated_at, kept);

        let mut order = shop.order();
        order.payment.created_at = written;
        shop.open(order.clone()).await.unwrap();
        assert_eq!(shop.db.payment(order.payment.id).await.unwrap().created_at, kept);
        shop.release(&order).await;
    }
});

on_both!(d12_an_amount_survives_to_both_ends_of_an_i64, async |db| {
    let shop = shop(&db.store, "acme").await;
    for minor in [i64::MIN, -1, 0, 1, 9_007_199_254_740_993, i64::MAX] {
        let told = BooksInvoice { total: usd(minor), due: usd(minor), ..invoice("i-1", "INV-1") };
        read(&shop.db, &[], &[told]).await;
        let row = shop.db.invoice(shop.invoice).await.unwrap();
        assert_eq!((row.total().unwrap(), row.due().unwrap()), (usd(minor), usd(minor)));
    }
});

on_both!(d17_a_date_is_a_date, async |db| {
    let shop = shop(&db.store, "acme").await;
    let leap = NaiveDate::from_ymd_opt(2028, 2, 29).unwrap();
    let far = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();
    read(&shop.db, &[], &[BooksInvoice { date: leap, due_date: far, ..invoice("i-1", "INV-1") }]).await;
    let row = shop.db.invoice(shop.invoice).await.unwrap();
    assert_eq!((row.date, row.due_date), (leap, far));

    let late = store::InvoiceFilter { due_before: Some(day(25)), ..Default::default() };
    read(&shop.db, &[], &[invoice("i-1", "INV-1")]).await;
    assert_eq!(shop.db.invoice_page(&late, 1, 10).await.unwrap().1, 0, "not late on the day itself");
    let late = store::InvoiceFilter { due_before: Some(day(26)), ..Default::default() };
    assert_eq!(shop.db.invoice_page(&late, 1, 10).await.unwrap().1, 1);
});
