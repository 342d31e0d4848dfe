//! What a payer agreed to stands with the attempt or not at all; where it came from is forgotten, and no term with it
//! (N15).

use crate::{
    database::on_both,
    shop::{at, shop},
};
use store::{Consent, Opened};

on_both!(n15_a_consent_stands_with_its_attempt_and_not_without, async |db| {
    let shop = shop(&db.store, "acme").await;
    let first = shop.opened().await;
    let second = shop.order();
    assert!(matches!(shop.open(second.clone()).await, Ok(Opened::Taken(_))));
    let both = vec![first.attempt.id, second.attempt.id];
    assert_eq!(shop.db.consents_of(both).await.unwrap(), [first.consent]);
    assert_eq!(shop.db.consents_count().await.unwrap(), 1);
    let slips = shop.db.audit_slips_of(first.payment.id).await.unwrap();
    assert_eq!(slips.iter().map(|slip| slip.kind.as_str()).collect::<Vec<_>>(), ["payment_started"]);
    assert_eq!(shop.db.audit_slips_count("payment_started").await.unwrap(), 1, "nor is it told of");
});

on_both!(n15_the_origin_is_forgotten_in_time_and_the_terms_stay, async |db| {
    let shop = shop(&db.store, "acme").await;
    let mut order = shop.order();
    order.attempt.origin_hash = Some("a network".into());
    order.attempt.postal_code = Some("2000".into());
    assert!(matches!(shop.open(order.clone()).await, Ok(Opened::New)));
    let kept = order.consent;
    let forget = async |before| {
        let tx = shop.db.begin().await.unwrap();
        let forgotten = tx.consents_forget(before, 9).await.unwrap();
        tx.commit().await.unwrap();
        forgotten
    };
    assert_eq!(forget(at(0)).await, 0, "not before its time");
    assert_eq!(shop.db.attempt(kept.attempt_id).await.unwrap(), order.attempt);
    assert_eq!((forget(at(1)).await, forget(at(1)).await), (1, 0));
    let [now] = shop.db.consents_of(vec![kept.attempt_id]).await.unwrap().try_into().unwrap();
    assert_eq!((&now.salt, &now.address, &now.user_agent), (&None, &None, &None));
    assert_eq!((now.terms_digest(), now.origin_digest()), (kept.terms_digest(), None));
    let attempt = shop.db.attempt(kept.attempt_id).await.unwrap();
    assert_eq!((attempt.origin_hash, attempt.postal_code), (None, None));
    assert_eq!(Consent { salt: kept.salt.clone(), address: kept.address.clone(), ..now }, kept);
});

on_both!(n15_whatever_is_changed_in_a_consent_changes_one_of_its_digests, async |db| {
    let shop = shop(&db.store, "acme").await;
    let kept = shop.opened().await.consent;
    let read = shop.db.consents_of(vec![kept.attempt_id]).await.unwrap().remove(0);
    assert_eq!((read.terms_digest(), read.origin_digest()), (kept.terms_digest(), kept.origin_digest()));
    for changed in [
        Consent { version: None, ..kept.clone() },
        Consent { wording: Some("By pressing Pay you agree to everything".into()), ..kept.clone() },
        Consent { invoice_number: "INV-2".into(), ..kept.clone() },
        Consent { currency: "AUD".into(), ..kept.clone() },
        Consent { amount_minor: 1, ..kept.clone() },
        Consent { surcharge_minor: 1, ..kept.clone() },
        Consent { agreed_at: at(1), ..kept.clone() },
    ] {
        assert_ne!(changed.terms_digest(), kept.terms_digest(), "{changed:?}");
        assert_eq!(changed.origin_digest(), kept.origin_digest(), "{changed:?}");
    }
    for changed in [
        Consent { address: Some("203.0.113.8".into()), ..kept.clone() },
        Consent { user_agent: Some("a browser".into()), ..kept.clone() },
        Consent { salt: Some("another".into()), ..kept.clone() },
    ] {
        assert_ne!(changed.origin_digest(), kept.origin_digest(), "{changed:?}");
        assert_eq!(changed.terms_digest(), kept.terms_digest(), "{changed:?}");
    }
});
