//! One person, one address, many places (S59, S60).

use crate::{
    database::on_both,
    shop::{at, customer, read, shop},
};
use store::PlaceRow;

on_both!(s59_a_person_is_known_by_one_address_however_it_is_spelled, async |db| {
    let id = db.store.person_add("Pat@Initech.example", "$argon2id$secret", false, at(0)).await.unwrap();
    let again = db.store.person_add("pat@INITECH.example", "other", true, at(0)).await.unwrap_err();
    assert!(again.is_duplicate("person_email"), "{again:?}");
    let person = db.store.person_by_email("PAT@initech.example").await.unwrap().unwrap();
    assert_eq!((person.id, person.operator, person.created_at), (id, false, at(0)));
    assert_eq!(db.store.person_by_email("pat\0@initech.example").await.unwrap(), None);
    let shown = format!("{person:?}");
    assert!(!shown.contains("argon2id") && !shown.contains("initech"), "{shown}");
});

on_both!(s60_a_person_has_places_at_several_merchants_and_customers, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    read(&acme.db, &[customer("c-2", "Globex")], &[]).await;
    let globex = acme.db.customer_by_name("Globex").await.unwrap().unwrap().id;
    let id = db.store.person_add("pat@x.example", "hash", true, at(0)).await.unwrap();
    for (shop, customer, minute) in [(&bolt, bolt.customer, 1), (&acme, globex, 2), (&acme, acme.customer, 3)] {
        let tx = shop.db.begin().await.unwrap();
        tx.payer_add(id, customer, at(minute)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let tx = acme.db.begin().await.unwrap();
    tx.staff_add(id, at(4)).await.unwrap();
    tx.commit().await.unwrap();

    let person = db.store.person(id).await.unwrap().unwrap();
    let places = db.store.person_places(&person).await.unwrap();
    let told: Vec<_> = places
        .iter()
        .map(|place| match place {
            PlaceRow::Operator => "operator".to_owned(),
            PlaceRow::Admin { merchant_name, .. } => format!("staff of {merchant_name}"),
            PlaceRow::Payer { merchant_name, customer_name, .. } => format!("{customer_name} at {merchant_name}"),
        })
        .collect();
    assert_eq!(told, ["operator", "staff of acme IT", "Initech at bolt IT", "Globex at acme IT", "Initech at acme IT"]);
});

on_both!(d20_a_merchant_reads_the_addresses_of_its_own_people_alone, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let pat = db.store.person_add("pat@x.example", "hash", false, at(0)).await.unwrap();
    let tx = acme.db.begin().await.unwrap();
    tx.staff_add(pat, at(0)).await.unwrap();
    let payer = tx.payer_add(pat, acme.customer, at(0)).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(acme.db.staff_emails(vec![pat]).await.unwrap()[&pat], "pat@x.example");
    assert_eq!(acme.db.payer_emails(vec![payer]).await.unwrap()[&payer], "pat@x.example");
    assert!(bolt.db.staff_emails(vec![pat]).await.unwrap().is_empty());
    assert!(bolt.db.payer_emails(vec![payer]).await.unwrap().is_empty());
    assert!(acme.db.staff_emails(Vec::new()).await.unwrap().is_empty());
});

on_both!(nobody_pays_for_one_customer_twice_or_is_staff_twice, async |db| {
    let shop = shop(&db.store, "acme").await;
    let id = db.store.person_add("pat@x.example", "hash", true, at(0)).await.unwrap();
    let tx = shop.db.begin().await.unwrap();
    tx.payer_add(id, shop.customer, at(0)).await.unwrap();
    tx.staff_add(id, at(0)).await.unwrap();
    tx.commit().await.unwrap();
    let payer = shop.db.begin().await.unwrap().payer_add(id, shop.customer, at(0)).await.unwrap_err();
    assert!(payer.is_duplicate("one_payer_per_person_and_customer"), "{payer:?}");
    let staff = shop.db.begin().await.unwrap().staff_add(id, at(0)).await.unwrap_err();
    assert!(staff.is_duplicate("staff_pkey"), "{staff:?}");
});
