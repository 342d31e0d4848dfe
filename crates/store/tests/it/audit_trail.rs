//! The audit trail: what an act writes down is sealed once, in order and without gaps, however many write and seal; and a
//! line that somebody touched no longer follows (N15).

use crate::{
    database::{Db, on_both},
    shop::{Shop, at, shop},
};
use domain::ids::PaymentId;
use sea_orm::ConnectionTrait;
use std::time::Duration;
use store::{AuditLine, Error, MerchantDb, NewSlip};
use tokio::task::JoinSet;

fn slip(payment: Option<PaymentId>, body: &str) -> NewSlip {
    NewSlip { payment, kind: "payment_started", actor: "guest".into(), body: body.into(), at: at(1) }
}

async fn write(db: &MerchantDb, new: NewSlip) -> Result<(), Error> {
    let tx = db.begin().await?;
    tx.audit_add(new).await?;
    tx.commit().await
}

/// Seals one batch, as a worker does.
async fn seal(db: &MerchantDb) -> Result<usize, Error> {
    let tx = db.begin().await?;
    let sealed = tx.audit_seal(64).await?;
    tx.commit().await?;
    Ok(sealed)
}

/// The numbers of the lines that do not follow from the one before.
async fn broken(db: &MerchantDb) -> Vec<i64> {
    let mut before = String::new();
    let mut broken = Vec::new();
    for line in db.audit_lines_after(0, 1_000).await.unwrap() {
        if !line.follows(&before) {
            broken.push(line.sequence);
        }
        before = line.hash;
    }
    broken
}

fn bodies(lines: &[AuditLine]) -> Vec<(i64, &str)> {
    lines.iter().map(|line| (line.sequence, line.body.as_str())).collect()
}

/// A trail of three lines.
async fn three(db: &Db) -> Shop {
    let shop = shop(&db.store, "acme").await;
    for body in ["one", "two", "three"] {
        write(&shop.db, slip(None, body)).await.unwrap();
    }
    assert_eq!(seal(&shop.db).await.unwrap(), 3);
    shop
}

on_both!(n15_slips_become_numbered_lines_and_what_was_rolled_back_leaves_none, async |db| {
    let shop = shop(&db.store, "acme").await;
    assert_eq!((seal(&shop.db).await.unwrap(), db.store.door_unsealed().await.unwrap().len()), (0, 0));
    let payment = shop.opened().await.payment.id;
    write(&shop.db, slip(Some(payment), "one")).await.unwrap();
    let undone = shop.db.begin().await.unwrap();
    undone.audit_add(slip(None, "never")).await.unwrap();
    drop(undone);
    write(&shop.db, slip(None, "two")).await.unwrap();
    assert!(shop.db.audit_slips_of(payment).await.unwrap().iter().any(|slip| slip.body == "one"));
    let waiting = db.store.door_unsealed().await.unwrap();
    assert_eq!(waiting.iter().map(MerchantDb::merchant_id).collect::<Vec<_>>(), [shop.db.merchant_id()]);

    while seal(&shop.db).await.unwrap() > 0 {}
    write(&shop.db, slip(None, "three")).await.unwrap();
    assert_eq!(seal(&shop.db).await.unwrap(), 1);
    let lines = shop.db.audit_lines_after(0, 1_000).await.unwrap();
    let told: Vec<_> = lines.iter().map(|line| line.body.as_str()).filter(|body| body.len() < 6).collect();
    assert_eq!(told, ["one", "two", "three"]);
    assert!(lines.iter().zip(1..).all(|(line, number)| line.sequence == number), "{:?}", bodies(&lines));
    assert!(broken(&shop.db).await.is_empty());
    let (head, newest) = (shop.db.audit_head().await.unwrap().unwrap(), lines.last().unwrap());
    assert_eq!((head.sequence, &head.hash), (newest.sequence, &newest.hash));
    assert!(shop.db.audit_slips_of(payment).await.unwrap().is_empty(), "a slip is sealed once");
    assert!(shop.db.audit_lines_of(payment).await.unwrap().iter().any(|line| line.body == "one"));
});

on_both!(n15_many_writers_and_two_sealers_make_one_chain_without_gaps, async |db| {
    const WRITERS: usize = 4;
    const EACH: usize = 40;
    let shop = shop(&db.store, "acme").await;
    let other = shop.on(&db.node().await).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let db = if writer % 2 == 0 { shop.db.clone() } else { other.clone() };
        writers.spawn(async move {
            for act in 0..EACH {
                write(&db, slip(None, &format!("{writer}:{act}"))).await.unwrap();
            }
        });
    }
    let mut sealers = JoinSet::new();
    for db in [shop.db.clone(), other] {
        sealers.spawn(async move {
            for _ in 0..20 {
                seal(&db).await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
    writers.join_all().await;
    sealers.join_all().await;
    while seal(&shop.db).await.unwrap() > 0 {}

    let lines = shop.db.audit_lines_after(0, 1_000).await.unwrap();
    assert_eq!(lines.len(), WRITERS * EACH);
    assert!(lines.iter().zip(1..).all(|(line, number)| line.sequence == number));
    assert!(broken(&shop.db).await.is_empty());
    // What one writer did one after the other stands so.
    for writer in 0..WRITERS {
        let begins = format!("{writer}:");
        let acts = lines.iter().filter_map(|line| line.body.strip_prefix(&begins)?.parse::<usize>().ok());
        assert_eq!(acts.collect::<Vec<_>>(), (0..EACH).collect::<Vec<_>>());
    }
});

on_both!(n15_a_line_that_was_touched_does_not_follow, async |db| {
    let shop = three(db).await;
    db.unlock("audit_line").await;
    let bare = db.bare().await;
    for (touched, back) in [
        ("body = 'four'", "body = 'two'"),
        ("actor = 'per_1'", "actor = 'guest'"),
        ("kind = 'mail_sent'", "kind = 'payment_started'"),
    ] {
        bare.execute_unprepared(&format!("UPDATE audit_line SET {touched} WHERE sequence = 2")).await.unwrap();
        assert_eq!(broken(&shop.db).await, [2], "{touched}");
        bare.execute_unprepared(&format!("UPDATE audit_line SET {back} WHERE sequence = 2")).await.unwrap();
        assert!(broken(&shop.db).await.is_empty(), "{back}");
    }
    // Two lines change places.
    for (from, to) in [(2, 99), (3, 2), (99, 3)] {
        let moved = format!("UPDATE audit_line SET sequence = {to} WHERE sequence = {from}");
        bare.execute_unprepared(&moved).await.unwrap();
    }
    assert_eq!(broken(&shop.db).await, [2, 3]);
});

on_both!(n15_a_head_that_somebody_took_away_stops_the_sealing_and_loses_no_slip, async |db| {
    let shop = three(db).await;
    db.bare().await.execute_unprepared("DELETE FROM audit_head").await.unwrap();
    write(&shop.db, slip(None, "four")).await.unwrap();
    let refused = seal(&shop.db).await.unwrap_err();
    assert!(refused.is_duplicate("audit_line_pkey"), "{refused:?}");
    assert_eq!(shop.db.audit_slips_count("payment_started").await.unwrap(), 1);
    assert_eq!(shop.db.audit_slips_before(at(1)).await.unwrap(), 0);
    assert_eq!(shop.db.audit_slips_before(at(2)).await.unwrap(), 1);
});

on_both!(d20_a_trail_is_its_own_merchants, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let theirs = bolt.opened().await.payment.id;
    let refused = write(&acme.db, slip(Some(theirs), "ours?")).await;
    assert!(matches!(refused, Err(Error::Missing)), "{refused:?}");
    write(&bolt.db, slip(Some(theirs), "theirs")).await.unwrap();
    assert!(acme.db.audit_slips_of(theirs).await.unwrap().is_empty());
    assert_eq!(acme.db.audit_slips_count("payment_started").await.unwrap(), 0);
    assert_eq!(seal(&acme.db).await.unwrap(), 0);
    while seal(&bolt.db).await.unwrap() > 0 {}
    write(&acme.db, slip(None, "ours")).await.unwrap();
    seal(&acme.db).await.unwrap();
    assert!(acme.db.audit_lines_of(theirs).await.unwrap().is_empty());
    let ours = acme.db.audit_lines_after(0, 9).await.unwrap();
    assert_eq!(bodies(&ours), [(1, "ours")], "each trail counts for itself");
    assert_eq!(acme.db.audit_line(2).await.unwrap(), None);
    assert_eq!(acme.db.audit_lines_count_before(9).await.unwrap(), 1);
    assert_ne!(acme.db.audit_head().await.unwrap(), bolt.db.audit_head().await.unwrap());
});
