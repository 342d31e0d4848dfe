//! Quotes: what covers an invoice moves once, half a pair leaves the books, and what is paid for somebody whom the books did
//! not have comes to be theirs.

use crate::{
    database::on_both,
    shop::{Shop, at, customer, read, shop},
};
use domain::{
    advance::AdvanceKind,
    ids::{CustomerId, InvoiceId},
    invoice::BooksCustomer,
    quote::CoverKind,
};
use store::{
    BooksEntryState::{Leaving, Refused},
    Customer, Invoice, Quote, QuoteCover,
    QuoteCoverState::{Applying, Ended, Open, Released},
};
use uuid::Uuid;

/// A version of a quote, which is an advance.
async fn quote(shop: &Shop, version: i64, customer_id: CustomerId) -> InvoiceId {
    let id = InvoiceId(Uuid::now_v7());
    let advance = Invoice {
        id,
        customer_id,
        external_id: id.to_string(),
        number: "Q-1".into(),
        advance: Some(AdvanceKind::Quote),
        ..shop.db.invoice(shop.invoice).await.unwrap()
    };
    let quote = Quote {
        merchant_id: shop.db.merchant_id(),
        invoice_id: id,
        quote_id: "8f2c".into(),
        number: "Q-1".into(),
        version,
        takes_cards: true,
        takes_debits: true,
        recurring: None,
        created_at: at(0),
    };
    let tx = shop.db.begin().await.unwrap();
    tx.quote_add(quote, advance).await.unwrap();
    tx.commit().await.unwrap();
    id
}

on_both!(n1_a_cover_moves_only_out_of_what_its_mover_has_read, async |db| {
    let shop = shop(&db.store, "acme").await;
    let cover = QuoteCover {
        merchant_id: shop.db.merchant_id(),
        invoice_id: shop.invoice,
        quote_invoice_id: quote(&shop, 1, shop.customer).await,
        kind: CoverKind::Named,
        state: Open,
        last_error: None,
        times: 1,
        updated_at: at(0),
    };
    let tx = shop.db.begin().await.unwrap();
    assert!(tx.quote_cover_add(cover).await.unwrap());
    // Staff say that it is something else, while the merchant's rule is about to apply it.
    for (to, moves) in [(Released, true), (Applying, false), (Ended, false)] {
        assert_eq!(tx.quote_cover_move(shop.invoice, &[Open], to, None, at(1)).await.unwrap(), moves, "{to:?}");
    }
    assert_eq!(tx.quote_cover(shop.invoice).await.unwrap().unwrap().state, Released);
    tx.commit().await.unwrap();
    assert!(shop.db.quote_locked(&[shop.invoice]).await.unwrap().is_empty());
});

on_both!(s29_what_the_books_refused_of_a_quote_leaves_them_when_its_money_went_back, async |db| {
    let shop = shop(&db.store, "acme").await;
    let order = shop.order_of(&[quote(&shop, 1, shop.customer).await]);
    shop.open(order.clone()).await.unwrap();
    let tx = shop.db.begin().await.unwrap();
    tx.books_entries_intend(order.attempt.id, &order.allocations, at(0)).await.unwrap();
    let entry = tx.books_entries(order.attempt.id).await.unwrap().remove(0);
    tx.books_entry_move(&entry, Refused, None, Some("locked period"), at(1)).await.unwrap();
    tx.books_entries_take_back(order.attempt.id, "by hand", at(2)).await.unwrap();
    let entry = tx.books_entries(order.attempt.id).await.unwrap().remove(0);
    assert_eq!(entry.state, Leaving, "its invoice may stand, and its credit not");
});

on_both!(s26_whom_the_books_have_made_is_the_one_they_were_made_for_or_whom_they_had_told_of, async |db| {
    let shop = shop(&db.store, "acme").await;
    for (id, is_told) in [("c-8", false), ("c-9", true)] {
        let new = Customer::unknown_to_books(shop.db.merchant_id(), format!("Delta {id}"), None);
        let tx = shop.db.begin().await.unwrap();
        tx.customers_add(vec![new.clone()]).await.unwrap();
        tx.commit().await.unwrap();
        let quote = quote(&shop, if is_told { 2 } else { 1 }, new.id).await;
        let theirs = BooksCustomer { email: Some("ap@delta.test".into()), ..customer(id, &format!("delta {id}")) };
        if is_told {
            read(&shop.db, &[customer(id, "Another name")], &[]).await;
        }
        for _ in 0..2 {
            let tx = shop.db.begin().await.unwrap();
            tx.customer_made(new.id, &theirs).await.unwrap();
            tx.commit().await.unwrap();
            let (_, owner) = shop.db.invoice_with_customer(quote).await.unwrap();
            assert_eq!((owner.external_id.as_str(), owner.id == new.id), (id, !is_told));
            assert_eq!(shop.db.customer(new.id).await.unwrap().archived, is_told);
        }
    }
});

on_both!(s26_whom_two_quotes_made_at_once_is_one_customer_when_the_books_tell_of_them, async |db| {
    let shop = shop(&db.store, "acme").await;
    let made = [(); 2].map(|()| Customer::unknown_to_books(shop.db.merchant_id(), "Delta Dental".into(), None));
    let tx = shop.db.begin().await.unwrap();
    tx.customers_add(made.to_vec()).await.unwrap();
    tx.commit().await.unwrap();
    let quotes = [quote(&shop, 1, made[0].id).await, quote(&shop, 2, made[1].id).await];
    read(&shop.db, &[customer("c-9", "Delta Dental")], &[]).await;
    for quote in quotes {
        let (_, owner) = shop.db.invoice_with_customer(quote).await.unwrap();
        assert_eq!(owner.external_id, "c-9", "its payment can be written");
    }
    let named = shop.db.customers_called("Delta Dental").await.unwrap().into_iter();
    assert_eq!(named.filter(|customer| !customer.archived).count(), 1, "the next quote finds one");
});
