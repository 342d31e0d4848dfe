//! One mail per occasion, however often its job runs.

use crate::{
    database::on_both,
    shop::{at, shop},
};
use store::{MailState, NewMail};

fn receipt(text: &str) -> NewMail {
    let (unique_key, recipient) = ("receipt:1".into(), "Pat@Initech.example".into());
    NewMail {
        payment: None,
        unique_key,
        recipient,
        subject: "Your receipt".into(),
        text: text.into(),
        state: MailState::Queued,
    }
}

on_both!(a_mail_written_twice_is_the_first_one, async |db| {
    let shop = shop(&db.store, "acme").await;
    let tx = shop.db.begin().await.unwrap();
    let first = tx.mail_write(receipt("first"), at(0)).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let tx = shop.db.begin().await.unwrap();
    assert_eq!(tx.mail_write(receipt("second"), at(1)).await.unwrap(), None);
    let stands = shop.db.mail(first).await.unwrap();
    assert_eq!((stands.text.as_str(), stands.created_at), ("first", at(0)));
    tx.mail_move(first, MailState::Kept, Some("no server")).await.unwrap();
    for digest in ["of the first document", "of another one"] {
        tx.mail_attach(first, digest).await.unwrap();
    }
    assert_eq!(tx.mail(first).await.unwrap().document.as_deref(), Some("of the first document"));
    tx.commit().await.unwrap();

    let (mails, total) = shop.db.mail_page("", 1, 10).await.unwrap();
    assert_eq!((total, mails[0].state, mails[0].last_error.as_deref()), (1, MailState::Kept, Some("no server")));
});

on_both!(two_workers_write_one_mail, async |db| {
    let shop = shop(&db.store, "acme").await;
    let write = |scope: store::MerchantDb| async move {
        let tx = scope.begin().await.unwrap();
        let mail = tx.mail_write(receipt("same"), at(0)).await.unwrap();
        tx.commit().await.unwrap();
        mail
    };
    let other = shop.on(&db.node().await).await;
    let (a, b) = tokio::join!(write(shop.db.clone()), write(other));
    assert!(a.is_some() ^ b.is_some(), "{a:?} {b:?}");
});

on_both!(mails_are_found_by_recipient_and_subject_newest_first, async |db| {
    let shop = shop(&db.store, "acme").await;
    let order = shop.opened().await;
    let tx = shop.db.begin().await.unwrap();
    let first = tx.mail_write(receipt("x"), at(0)).await.unwrap().unwrap();
    let second = NewMail { unique_key: "2".into(), payment: Some(order.payment.id), ..receipt("y") };
    let second = tx.mail_write(second, at(0)).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    for (typed, found) in [("pat@INITECH", 2), ("receipt", 2), ("p_t", 0), ("reminder", 0)] {
        assert_eq!(shop.db.mail_page(typed, 1, 10).await.unwrap().1, found, "{typed}");
    }
    let (mails, _) = shop.db.mail_page("", 1, 10).await.unwrap();
    assert_eq!([mails[0].id, mails[1].id], [second, first]);
    let of_payment = shop.db.mails_of_payment(order.payment.id).await.unwrap();
    assert_eq!(of_payment, [shop.db.mail(second).await.unwrap()]);
});
