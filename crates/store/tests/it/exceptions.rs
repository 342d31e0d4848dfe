//! Exceptions: one of each key is open, what ends stays, and what a person has fixed comes back with another content alone.

use crate::{
    database::on_both,
    shop::{Shop, at, shop},
};
use domain::{
    exception::{Cure, Severity},
    ids::{ExceptionId, PaymentId},
};
use std::collections::HashSet;
use store::{Exception, ExceptionState};
use uuid::Uuid;

pub fn exception(shop: &Shop, payment: Option<PaymentId>, key: &str, content: &str) -> Exception {
    Exception {
        merchant_id: shop.db.merchant_id(),
        id: ExceptionId(Uuid::now_v7()),
        payment_id: payment,
        unique_key: key.into(),
        content: content.into(),
        severity: Severity::Books,
        area: "Books".into(),
        cause: "The books do not have it any more.".into(),
        remedy: "Post it again.".into(),
        cure: Some(Cure::PostPayment),
        state: ExceptionState::Open,
        compared_from: Some(at(-9)),
        found_at: at(1),
        ended_at: None,
        fixed_by: None,
        reason: None,
        reference: None,
    }
}

/// The same once a person has seen to it.
pub fn fixed(open: &Exception) -> Exception {
    Exception {
        state: ExceptionState::Fixed,
        ended_at: Some(at(5)),
        fixed_by: Some("admin@acme.example".into()),
        reason: Some("Entered by hand".into()),
        reference: Some("TX-1".into()),
        ..open.clone()
    }
}

async fn raise(shop: &Shop, new: &Exception) {
    let tx = shop.db.begin().await.unwrap();
    tx.exception_raise(new.clone()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn fix(shop: &Shop, ended: Exception) {
    let tx = shop.db.begin().await.unwrap();
    tx.exception_fix(ended).await.unwrap();
    tx.commit().await.unwrap();
}

async fn end_but(shop: &Shop, found: &[&str]) {
    let tx = shop.db.begin().await.unwrap();
    let found: HashSet<_> = found.iter().map(|key| (*key).to_owned()).collect();
    tx.exceptions_end_but(&found, at(7)).await.unwrap();
    tx.commit().await.unwrap();
}

on_both!(g44_what_is_found_again_is_open_once_since_it_was_first_found, async |db| {
    let shop = shop(&db.store, "acme").await;
    let first = exception(&shop, None, "charge_missing:a", "10 lacks");
    raise(&shop, &first).await;
    raise(&shop, &Exception { found_at: at(3), ..exception(&shop, None, "charge_missing:a", "10 lacks") }).await;
    assert_eq!(shop.db.exceptions_open().await.unwrap(), std::slice::from_ref(&first));
    let changed = Exception {
        found_at: at(4),
        compared_from: Some(at(-2)),
        ..exception(&shop, None, "charge_missing:a", "12 lacks")
    };
    raise(&shop, &changed).await;
    let expected = Exception { content: "12 lacks".into(), ..first };
    assert_eq!(shop.db.exceptions_open().await.unwrap(), [expected], "as it is now, since it was first found");
    // Twice in one go.
    let (one, two) = (shop.db.begin().await.unwrap(), exception(&shop, None, "charge_missing:b", "x"));
    one.exception_raise(two.clone()).await.unwrap();
    one.exception_raise(Exception { id: ExceptionId(Uuid::now_v7()), ..two }).await.unwrap();
    one.commit().await.unwrap();
    assert_eq!(shop.db.exceptions_open().await.unwrap().len(), 2);
});

on_both!(g44_what_is_not_found_any_more_ends_and_may_open_anew, async |db| {
    let shop = shop(&db.store, "acme").await;
    let payment = shop.opened().await.payment.id;
    for key in ["a:1", "a:2"] {
        raise(&shop, &exception(&shop, Some(payment), key, "x")).await;
    }
    end_but(&shop, &["a:2"]).await;
    let open: Vec<_> = shop.db.exceptions_open().await.unwrap().into_iter().map(|row| row.unique_key).collect();
    assert_eq!(open, ["a:2"]);
    let tx = shop.db.begin().await.unwrap();
    assert!(tx.exception_cured("a:2", at(8)).await.unwrap());
    assert!(!tx.exception_cured("a:2", at(9)).await.unwrap(), "it had ended");
    tx.commit().await.unwrap();
    assert!(shop.db.exceptions_open().await.unwrap().is_empty());
    raise(&shop, &Exception { found_at: at(9), ..exception(&shop, Some(payment), "a:1", "x") }).await;
    let all = shop.db.exceptions_of_payment(payment).await.unwrap();
    let states: Vec<_> = all.iter().map(|row| (row.unique_key.as_str(), row.state)).collect();
    assert_eq!(states.len(), 3, "what has ended stays");
    assert_eq!(states[2], ("a:1", ExceptionState::Open));
});

on_both!(d30_what_a_person_has_fixed_comes_back_with_another_content_alone, async |db| {
    let shop = shop(&db.store, "acme").await;
    let open = exception(&shop, None, "a:1", "10 lacks");
    raise(&shop, &open).await;
    fix(&shop, Exception { id: ExceptionId(Uuid::now_v7()), compared_from: None, ..fixed(&open) }).await;
    let cured = shop.db.begin().await.unwrap().exception_cured("a:1", at(9)).await.unwrap();
    assert!(!cured, "whoever cures it as well reads that a person was faster");
    assert!(shop.db.exceptions_open().await.unwrap().is_empty());
    assert_eq!(shop.db.exceptions_fixed(9).await.unwrap(), [fixed(&open)], "the row that was open");
    raise(&shop, &exception(&shop, None, "a:1", "10 lacks")).await;
    assert!(shop.db.exceptions_open().await.unwrap().is_empty(), "the very same");
    raise(&shop, &exception(&shop, None, "a:1", "12 lacks")).await;
    assert_eq!(shop.db.exceptions_open().await.unwrap().len(), 1);

    // What stands in other rows has none here before it is marked.
    let other = fixed(&exception(&shop, None, "b:1", "x"));
    fix(&shop, other.clone()).await;
    let keys = ["a:1", "b:1", "c:1"].map(str::to_owned).to_vec();
    assert_eq!(shop.db.exceptions_fixed_of(keys).await.unwrap().len(), 2);
    assert_eq!(shop.db.exceptions_fixed(1).await.unwrap().len(), 1);
    assert_eq!(shop.db.exceptions_fixed_since("b:", at(5)).await.unwrap(), [other]);
    assert!(shop.db.exceptions_fixed_since("b:", at(6)).await.unwrap().is_empty(), "long ago");
});
