//! Documents are kept as they were drawn, each for its own invoice, and what stood above them stays known.

use crate::{
    database::on_both,
    shop::{Shop, at, shop},
};
use sea_orm::ConnectionTrait;
use store::{Document, Error, Merchant, MerchantDb};

fn drawn(shop: &Shop, printed: &str, bytes: &str) -> Document {
    Document {
        merchant_id: shop.db.merchant_id(),
        invoice_id: shop.invoice,
        printed: printed.into(),
        credit_note_id: None,
        sha256: format!("digest of {bytes}"),
        number: "INV-1".into(),
        bytes: bytes.into(),
        drawn_at: at(0),
    }
}

async fn keep(db: &MerchantDb, new: Document) -> Result<Document, Error> {
    let tx = db.begin().await?;
    let kept = tx.document_keep(new).await?;
    tx.commit().await?;
    Ok(kept)
}

on_both!(d21_where_the_same_is_printed_it_is_the_document_that_was_kept_first_and_none_is_changed, async |db| {
    let shop = shop(&db.store, "acme").await;
    let first = keep(&shop.db, drawn(&shop, "all is due", "%PDF one")).await.unwrap();
    let later = keep(&shop.db, drawn(&shop, "all is due", "%PDF of another version")).await.unwrap();
    assert_eq!(first, later);
    let paid = keep(&shop.db, drawn(&shop, "nothing is due", "%PDF two")).await.unwrap();
    for document in [&first, &paid] {
        let found = shop.db.document_of(shop.invoice, None, &document.sha256).await.unwrap();
        assert_eq!((&found, found.bytes.len()), (document, 8));
    }

    let other = shop.on(&db.node().await).await;
    let (a, b) = tokio::join!(
        keep(&shop.db, drawn(&shop, "drawn by two", "%PDF of one node")),
        keep(&other, drawn(&shop, "drawn by two", "%PDF of the other")),
    );
    assert_eq!(a.unwrap(), b.unwrap());

    let bare = db.bare().await;
    for change in ["UPDATE document SET number = 'INV-2'", "DELETE FROM document"] {
        let refused = bare.execute_unprepared(change).await.unwrap_err().to_string();
        assert!(refused.contains("is append-only"), "{change}: {refused}");
    }
    assert_eq!(db.texts("SELECT CAST(count(*) AS TEXT) FROM document").await, ["3"]);
});

on_both!(d20_d21_a_document_is_found_for_its_own_invoice_and_merchant_alone, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let theirs = keep(&bolt.db, drawn(&bolt, "all is due", "%PDF of bolt")).await.unwrap();
    let missing = |found: Result<Document, Error>| assert!(matches!(found, Err(Error::Missing)), "{found:?}");
    missing(acme.db.document(&theirs.sha256).await);
    missing(acme.db.document_of(bolt.invoice, None, &theirs.sha256).await);
    missing(acme.db.document_of(acme.invoice, None, &theirs.sha256).await);
    missing(bolt.db.document_of(acme.invoice, None, &theirs.sha256).await);
    let note = domain::ids::CreditNoteId(uuid::Uuid::now_v7());
    missing(bolt.db.document_of(bolt.invoice, Some(note), &theirs.sha256).await);
    assert_eq!(acme.db.document_printed(bolt.invoice, &theirs.printed).await.unwrap(), None);
    // A row cannot point at another merchant's invoice, nor at a note that is not there.
    missing(keep(&acme.db, theirs.clone()).await);
    missing(keep(&bolt.db, Document { credit_note_id: Some(note), ..drawn(&bolt, "a note", "%PDF") }).await);
    assert_eq!(bolt.db.document(&theirs.sha256).await.unwrap(), theirs);
});

on_both!(d21_what_was_issued_under_a_letterhead_keeps_it, async |db| {
    let shop = shop(&db.store, "acme").await;
    let set = async |address: &str, minutes: i64| {
        let tx = shop.db.begin().await.unwrap();
        let merchant = Merchant { address: Some(address.into()), ..tx.merchant().await.unwrap() };
        tx.merchant_set(&merchant, at(minutes)).await.unwrap();
        tx.commit().await.unwrap();
    };
    // That nothing changes is no change; and what stood there without any gets the first.
    for (address, minutes) in [("1 Quay Street", 1), ("2 Quay Street", 5), ("2 Quay Street", 7), ("3 Quay Street", 9)] {
        set(address, minutes).await;
    }
    for (minutes, stood) in [(0, "1"), (4, "1"), (5, "2"), (8, "2"), (9, "3")] {
        let then = shop.db.merchant_at(at(minutes)).await.unwrap();
        assert_eq!(then.address.unwrap(), format!("{stood} Quay Street"), "after {minutes} minutes");
    }
});
