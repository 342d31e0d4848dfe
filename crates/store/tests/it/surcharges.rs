//! Surcharges: the rules of one merchant, the invoice that is raised for one, and what of a refund is one (N12, G22, G26).

use crate::{
    database::on_both,
    refunds::{approve, asked, refund},
    shop::{Shop, at, day, invoice, read, shop, usd},
};
use domain::{
    ids::InvoiceId,
    invoice::{BooksInvoice, InvoiceStatus},
    refund::{RefundMeaning, RefundRefusal},
    surcharge::Policy,
};
use store::{Error, Invoice, OpenedRefund, Refund, surcharge_invoice};

fn policy(rate_ppm: u32) -> Policy {
    let rules = format!(r#"{{"place": "NZ", "rules": [{{"rate_ppm": {rate_ppm}, "account": "260"}}]}}"#);
    serde_json::from_str(&rules).unwrap()
}

async fn replace(shop: &Shop, policy: &Policy) {
    let tx = shop.db.begin().await.unwrap();
    tx.surcharge_policy_replace(policy, at(1)).await.unwrap();
    tx.commit().await.unwrap();
}

on_both!(n12_rules_are_replaced_together_and_are_nobody_elses, async |db| {
    let (acme, other) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    assert_eq!(acme.db.surcharge_policy().await.unwrap(), None);
    for rate in [15_000, 20_000] {
        replace(&acme, &policy(rate)).await;
        assert_eq!(acme.db.surcharge_policy().await.unwrap(), Some(policy(rate)));
        assert_eq!(acme.db.checkout_read(acme.invoice, &[]).await.unwrap().policy, Some(policy(rate)));
    }
    assert_eq!(other.db.surcharge_policy().await.unwrap(), None);
    assert_eq!(other.db.checkout_read(other.invoice, &[]).await.unwrap().policy, None);
    replace(&other, &policy(1)).await;
    assert_eq!(acme.db.surcharge_policy().await.unwrap(), Some(policy(20_000)));
});

/// Means an invoice of ours for the books, and answers its id.
async fn mean(shop: &Shop) -> InvoiceId {
    let id = surcharge_invoice(shop.order().attempt.id);
    let meant = Invoice {
        merchant_id: shop.db.merchant_id(),
        id,
        customer_id: shop.customer,
        external_id: String::new(),
        number: "SC-1".into(),
        status: InvoiceStatus::Draft,
        currency: "USD".into(),
        total_minor: 150,
        due_minor: 150,
        date: day(1),
        due_date: day(1),
        read_at: at(0),
        advance: None,
        purpose: None,
        reference: None,
    };
    for _ in 0..2 {
        let tx = shop.db.begin().await.unwrap();
        tx.invoice_mean(meant.clone()).await.unwrap();
        tx.commit().await.unwrap();
    }
    id
}

on_both!(d9_an_invoice_of_ours_that_is_refused_is_meant_no_more_and_one_that_stands_stays, async |db| {
    let shop = shop(&db.store, "acme").await;
    let unmean = async |of: &Shop, id: InvoiceId| {
        let tx = of.db.begin().await.unwrap();
        tx.invoice_unmean(id).await.unwrap();
        tx.commit().await.unwrap();
    };
    let id = mean(&shop).await;
    let other = crate::shop::shop(&db.store, "bolt").await;
    unmean(&other, id).await;
    assert!(shop.db.invoice(id).await.is_ok(), "another merchant's");
    unmean(&shop, id).await;
    assert!(matches!(shop.db.invoice(id).await, Err(Error::Missing)));

    let id = mean(&shop).await;
    let raised = BooksInvoice { total: usd(150), due: usd(150), ..invoice("x-9", "SC-1") };
    shop.db.invoice_raised(id, &raised, at(1)).await.unwrap();
    unmean(&shop, id).await;
    assert_eq!(shop.db.invoice(id).await.unwrap().external_id, "x-9");
});

on_both!(g22_an_invoice_of_ours_stays_one_while_it_is_raised, async |db| {
    let shop = shop(&db.store, "acme").await;
    let id = mean(&shop).await;
    shop.db.invoice_to_raise(id, "SC-1-2").await.unwrap();
    // A sync that reads the books before we have noted what they answered.
    let raised = BooksInvoice { total: usd(150), due: usd(150), ..invoice("x-9", "SC-1-2") };
    read(&shop.db, &[], std::slice::from_ref(&raised)).await;
    assert!(shop.db.invoice_by_external_id("x-9").await.unwrap().is_none(), "no second row of it");

    let row = shop.db.invoice_raised(id, &raised, at(1)).await.unwrap();
    assert_eq!((row.external_id.as_str(), row.number.as_str(), row.status), ("x-9", "SC-1-2", InvoiceStatus::Open));
    let paid = BooksInvoice { status: InvoiceStatus::Paid, due: usd(0), ..raised.clone() };
    let tx = shop.db.begin().await.unwrap();
    let ids = tx.customer_ids(std::slice::from_ref(&paid)).await.unwrap();
    tx.invoices_upsert(&[paid], &ids, at(2)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        shop.db.invoice(id).await.unwrap().status,
        InvoiceStatus::Paid,
        "from then on it is told like any other"
    );

    let other = crate::shop::shop(&db.store, "bolt").await;
    assert!(matches!(other.db.invoice_to_raise(id, "SC-2").await, Err(Error::Missing)));
    assert!(matches!(other.db.invoice_raised(id, &raised, at(3)).await, Err(Error::Missing)));
});

on_both!(g26_no_refund_takes_more_of_a_surcharge_or_of_the_invoices_than_is_left, async |db| {
    let shop = shop(&db.store, "acme").await;
    let mut order = shop.order();
    order.attempt.surcharge_minor = 150;
    shop.open(order.clone()).await.unwrap();
    approve(&shop, &order.attempt).await;
    let of = |minor, surcharge_minor| Refund { surcharge_minor, ..refund(&shop, order.attempt.id, minor) };
    let refused = |minor| OpenedRefund::Refused(RefundRefusal::NotWithin { left: usd(minor) });
    let owed = Refund { meaning: RefundMeaning::StillOwed, ..of(10_000, 0) };
    let not_all = OpenedRefund::Refused(RefundRefusal::NotAllOwed);
    assert_eq!(shop.db.refund_open(owed, asked()).await.unwrap(), not_all, "the surcharge goes with it");
    for (minor, surcharge, answer) in [
        (9_851, 0, refused(9_850)),
        (200, 151, refused(9_850)),
        (5_000, 75, OpenedRefund::New),
        (4_926, 0, refused(4_925)),
        (4_925, 0, OpenedRefund::New),
        (75, 75, OpenedRefund::New),
    ] {
        let opened = shop.db.refund_open(of(minor, surcharge), asked()).await.unwrap();
        assert_eq!(opened, answer, "{minor} with {surcharge}");
    }
});
