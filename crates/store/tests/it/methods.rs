//! Saved methods: kept once, one default, and none of another company's or merchant's.

use crate::{
    database::on_both,
    shop::{Shop, at, day, shop},
};
use domain::{
    ids::MethodId,
    method::{MethodKind, MethodState},
};
use std::time::Duration;
use store::{Error, Method, NewAttempt, NewSlip, Opened};
use uuid::Uuid;

fn method(shop: &Shop, n: i64, state: MethodState) -> Method {
    Method {
        merchant_id: shop.db.merchant_id(),
        id: MethodId(Uuid::now_v7()),
        customer_id: shop.customer,
        connection_id: shop.connection,
        token: "pm_1".into(),
        postal_code: None,
        customer_name: "Initech".into(),
        return_url: "https://portal.example/methods".into(),
        added_by: "p@initech.example".into(),
        state,
        reason: None,
        setup_id: None,
        kind: MethodKind::Card,
        gateway_customer: (state == MethodState::Ready).then(|| "cus_1".into()),
        gateway_method: None,
        face: Some("Visa ··4242".into()),
        good_until: None,
        action_url: None,
        nickname: String::new(),
        is_default: false,
        replaces: None,
        created_at: at(n),
        updated_at: at(n),
    }
}

fn charged_to(shop: &Shop, method: MethodId) -> NewAttempt {
    let mut order = shop.order();
    order.attempt.method_id = Some(method);
    order
}

fn given() -> NewSlip {
    NewSlip { payment: None, kind: "method_given", actor: "pyr_1".into(), body: "{}".into(), at: at(1) }
}

on_both!(s52_a_method_is_kept_once_and_one_is_the_default, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (first, second) = (method(&shop, 1, MethodState::Ready), method(&shop, 2, MethodState::Ready));
    assert!(shop.db.method_open(first.clone(), None, given()).await.unwrap());
    assert!(!shop.db.method_open(first.clone(), None, given()).await.unwrap(), "the same form twice");
    assert!(shop.db.method_open(second.clone(), None, given()).await.unwrap());
    assert_eq!(shop.db.audit_slips_count("method_given").await.unwrap(), 2, "each is told of once");
    let default = async |method: &Method| {
        let tx = shop.db.begin().await.unwrap();
        tx.method_hold(method.id).await.unwrap();
        tx.methods_no_default(shop.customer).await.unwrap();
        tx.method_write(Method { is_default: true, ..method.clone() }).await.unwrap();
        tx.commit().await.unwrap();
    };
    for chosen in [&second, &first] {
        default(chosen).await;
        let kept = shop.db.methods_of(shop.customer).await.unwrap();
        assert_eq!(
            kept.iter().map(|m| (m.id == chosen.id, m.is_default)).collect::<Vec<_>>(),
            [(true, true), (false, false)]
        );
    }
    let tx = shop.db.begin().await.unwrap();
    let both = tx.method_write(Method { is_default: true, ..second.clone() }).await;
    assert!(both.is_err(), "two defaults are refused by the database itself");
    drop(tx);
    let tx = shop.db.begin().await.unwrap();
    tx.method_write(Method { state: MethodState::Revoked, ..second }).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.db.methods_of(shop.customer).await.unwrap().len(), 1, "what was taken out is left out");
});

on_both!(s52_a_company_goes_by_the_newest_id_that_the_gateway_gave_it, async |db| {
    let shop = shop(&db.store, "acme").await;
    let anew = Method { gateway_customer: Some("cus_2".into()), ..method(&shop, 2, MethodState::Ready) };
    let unheard = method(&shop, 3, MethodState::Unverified);
    for (newer, id) in [(method(&shop, 1, MethodState::Ready), "cus_1"), (anew, "cus_2"), (unheard, "cus_2")] {
        shop.db.method_open(newer, None, given()).await.unwrap();
        let known = shop.db.gateway_customer(shop.customer, shop.connection).await.unwrap();
        assert_eq!(known.as_deref(), Some(id));
    }
});

on_both!(d2_only_methods_of_which_nothing_was_heard_are_swept, async |db| {
    let shop = shop(&db.store, "acme").await;
    for state in MethodState::ALL {
        shop.db.method_open(method(&shop, 1, state), None, given()).await.unwrap();
    }
    let swept = async |before| db.store.door_methods_unheard(before, 10).await.unwrap();
    assert!(swept(at(1)).await.is_empty());
    assert_eq!(swept(at(2)).await.into_iter().map(|(_, m)| m.state).collect::<Vec<_>>(), [MethodState::Unverified]);
});

on_both!(n13_a_method_that_was_taken_out_while_the_books_were_asked_is_not_charged, async |db| {
    let (shop, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    for state in MethodState::ALL {
        let kept = method(&shop, 1, state);
        shop.db.method_open(kept.clone(), None, given()).await.unwrap();
        let order = charged_to(&shop, kept.id);
        let opened = shop.open(order.clone()).await.unwrap();
        if state == MethodState::Ready {
            assert!(matches!(opened, Opened::New), "{opened:?}");
            assert!(matches!(shop.open(order.clone()).await, Ok(Opened::Same)), "the same form twice");
            shop.release(&order).await;
        } else {
            assert!(matches!(opened, Opened::MethodGone), "{state:?}: {opened:?}");
            assert!(matches!(shop.db.payment(order.payment.id).await, Err(Error::Missing)), "it left nothing behind");
        }
    }
    let theirs = method(&bolt, 1, MethodState::Ready);
    bolt.db.method_open(theirs.clone(), None, given()).await.unwrap();
    let order = charged_to(&shop, theirs.id);
    assert!(matches!(shop.open(order).await, Ok(Opened::MethodGone)), "another merchant's is as good as none");
});

on_both!(n13_whoever_takes_a_method_out_waits_for_the_payment_that_is_being_written, async |db| {
    let shop = shop(&db.store, "acme").await;
    let kept = method(&shop, 1, MethodState::Ready);
    shop.db.method_open(kept.clone(), None, given()).await.unwrap();
    let order = charged_to(&shop, kept.id);
    let tab = shop.db.attempt_write(order.clone()).await.unwrap().ok().unwrap();
    let removal = tokio::spawn({
        let db = shop.db.clone();
        async move {
            let tx = db.begin().await?;
            let held = tx.method_hold(kept.id).await?;
            tx.method_write(Method { state: MethodState::Revoked, ..held }).await?;
            tx.commit().await
        }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!removal.is_finished(), "it waits");
    tab.commit().await.unwrap();
    removal.await.unwrap().unwrap();
    assert_eq!(shop.db.attempts_of(order.payment.id).await.unwrap(), [order.attempt], "it was there before");
});

on_both!(d32_what_is_kept_is_found_by_the_gateways_id_of_it_or_of_its_company, async |db| {
    let (shop, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let kept = |shop: &Shop, id: &str, state| Method { gateway_method: Some(id.into()), ..method(shop, 1, state) };
    for state in MethodState::ALL {
        shop.db.method_open(kept(&shop, "pm_1", state), None, given()).await.unwrap();
    }
    shop.db.method_open(kept(&shop, "pm_2", MethodState::Ready), None, given()).await.unwrap();
    bolt.db.method_open(kept(&bolt, "pm_1", MethodState::Ready), None, given()).await.unwrap();
    let found = async |id| {
        let found = shop.db.methods_kept(shop.connection, id).await.unwrap();
        assert!(found.iter().all(|method| method.merchant_id == shop.db.merchant_id()), "{id}");
        found.into_iter().map(|method| (method.gateway_method.unwrap(), method.state)).collect::<Vec<_>>()
    };
    let one = |state| ("pm_1".to_owned(), state);
    assert_eq!(found("pm_1").await, [one(MethodState::Ready), one(MethodState::NeedsAttention)]);
    let of_company = found("cus_1").await;
    assert_eq!(of_company, [one(MethodState::Ready), ("pm_2".to_owned(), MethodState::Ready)]);
    assert!(found("pm_3").await.is_empty());
});

on_both!(d18_only_cards_that_can_be_charged_and_end_by_then_are_listed, async |db| {
    let shop = shop(&db.store, "acme").await;
    for state in MethodState::ALL {
        let ending = Method { good_until: Some(day(30)), ..method(&shop, 1, state) };
        shop.db.method_open(ending, None, given()).await.unwrap();
    }
    let without_end = method(&shop, 1, MethodState::Ready);
    shop.db.method_open(without_end, None, given()).await.unwrap();
    for (by, number) in [(day(29), 0), (day(30), 1)] {
        let ending = shop.db.methods_ending(by).await.unwrap();
        assert_eq!(ending.len(), number, "{by}");
        assert!(ending.iter().all(|method| method.state == MethodState::Ready));
    }
});

on_both!(d22_methods_of_another_merchant_or_company_are_missing, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let theirs = method(&bolt, 1, MethodState::Ready);
    bolt.db.method_open(theirs.clone(), None, given()).await.unwrap();
    assert!(matches!(acme.db.method(theirs.id).await, Err(Error::Missing)));
    assert!(acme.db.methods_of(bolt.customer).await.unwrap().is_empty());
    assert_eq!(acme.db.gateway_customer(bolt.customer, bolt.connection).await.unwrap(), None);
    assert_eq!(bolt.db.gateway_customer(bolt.customer, bolt.connection).await.unwrap().as_deref(), Some("cus_1"));
    let tx = acme.db.begin().await.unwrap();
    assert!(!tx.method_is_ready(theirs.id).await.unwrap());
    assert!(matches!(tx.method_hold(theirs.id).await, Err(Error::Missing)));
    assert!(matches!(tx.method_write(theirs.clone()).await, Err(Error::Missing)));
    tx.methods_no_default(bolt.customer).await.unwrap();
    drop(tx);
    let pointing =
        Method { id: MethodId(Uuid::now_v7()), customer_id: bolt.customer, ..method(&acme, 1, theirs.state) };
    assert!(
        matches!(acme.db.method_open(pointing, None, given()).await, Err(Error::Missing)),
        "a row cannot point at another's"
    );
    assert_eq!(bolt.db.method(theirs.id).await.unwrap(), theirs);
});
