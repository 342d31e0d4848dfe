//! Two merchants in one database: the rows of one are missing for the other, whoever asks and however (D20).

use crate::{
    database::on_both,
    disputes::{dispute, dispute_seen},
    exceptions::{exception, fixed},
    refunds::{approve, asked, refund},
    shop::{Shop, at, checkout, checkout_row, invoice, shop},
};
use domain::{
    dispute::DisputeState,
    ids::DisputeId,
    ledger::{Journal, JournalKind},
    payment::{AttemptState, Fact, Observation, Source},
    refund::{RefundFact, RefundSeen},
};
use std::{collections::HashSet, fmt::Debug};
use store::{
    BooksEntryState, Checkout, ConnectionState, Dispute, Error, Exception, Job, MailState, MerchantTx, NewAttempt,
    NewJob, NewMail, NewWebhook, Observed, ObservedRefund, PaymentFilter, Refund, SyncKind, WebhookState,
};
use uuid::Uuid;

#[track_caller]
fn missing<T: Debug>(answer: Result<T, Error>) {
    assert!(matches!(answer, Err(Error::Missing)), "{answer:?}");
}

fn mail(order: &NewAttempt) -> NewMail {
    let (recipient, subject, text) = ("p@initech.example".into(), "Your receipt".into(), "Thank you".into());
    NewMail {
        payment: Some(order.payment.id),
        unique_key: "receipt".into(),
        recipient,
        subject,
        text,
        state: MailState::Queued,
    }
}

fn webhook(shop: &Shop) -> NewWebhook {
    let (event_id, kind) = ("evt_1".into(), "payment_intent.succeeded".into());
    NewWebhook { connection: shop.connection, event_id, kind, news: "{}".into(), raw: "{}".into() }
}

fn job(order: &NewAttempt) -> NewJob {
    let payment = Some(order.payment.id);
    NewJob { payment, unique_key: "sweep".into(), body: "{}".into(), run_at: at(0) }
}

fn seen() -> Observed {
    Observed { seen: Observation::bare(Fact::Approved), source: Source::Reply, at: at(1) }
}

fn refund_seen() -> ObservedRefund {
    ObservedRefund { seen: RefundSeen::bare(RefundFact::Succeeded), source: Source::Reply, at: at(1) }
}

/// Everything that one payment leaves behind.
pub struct Story {
    order: NewAttempt,
    refund: Refund,
    dispute: Dispute,
    exception: Exception,
    mail: domain::ids::MailId,
    webhook: store::Webhook,
    entry: store::BooksEntry,
    job: Job,
}

pub async fn story(store: &store::Store, shop: &Shop) -> Story {
    let mut order = shop.opened().await;
    order.attempt.gateway_id = Some("pi_1".into());
    order.attempt.state = AttemptState::Approved;
    approve(shop, &order.attempt).await;
    let refund = refund(shop, order.attempt.id, 100);
    shop.db.refund_open(refund.clone(), asked()).await.unwrap();
    let tx = shop.db.begin().await.unwrap();
    tx.refund_observation_add(refund.id, 0, &refund_seen()).await.unwrap();
    tx.refund_entries_intend(refund.id, &[(shop.invoice, 100)], at(1)).await.unwrap();
    let dispute = dispute(shop, order.attempt.id, 100);
    tx.dispute_add(dispute.clone()).await.unwrap();
    tx.dispute_observation_add(dispute.id, 0, &dispute_seen(DisputeState::Open)).await.unwrap();
    let exception = exception(shop, Some(order.payment.id), "posting_missing:x", "gone");
    tx.exception_raise(exception.clone()).await.unwrap();
    tx.observation_add(order.attempt.id, 0, &seen()).await.unwrap();
    let journal = Journal::of(JournalKind::PaymentTaken, order.payment.amount().unwrap()).unwrap();
    tx.journal_add(order.attempt.id, &journal, at(1)).await.unwrap();
    tx.books_entries_intend(order.attempt.id, &order.allocations, at(1)).await.unwrap();
    let mail = tx.mail_write(mail(&order), at(1)).await.unwrap().unwrap();
    let webhook = tx.webhook_receive(webhook(shop), at(1)).await.unwrap();
    tx.jobs_add([job(&order)], at(1)).await.unwrap();
    tx.commit().await.unwrap();
    let job = store.jobs_claim(at(1), at(2), 1, &[]).await.unwrap().remove(0);
    let entry = shop.db.books_entries(order.attempt.id).await.unwrap().remove(0);
    Story { order, refund, dispute, exception, mail, webhook, entry, job }
}

on_both!(d20_no_getter_finds_another_merchants_row, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let theirs = story(&db.store, &bolt).await;
    let (payment, attempt, me) = (theirs.order.payment.id, theirs.order.attempt.id, &acme.db);

    missing(me.invoice(bolt.invoice).await);
    missing(me.checkout_read(bolt.invoice, &[bolt.invoice]).await);
    missing(me.customer(bolt.customer).await);
    missing(me.payment(payment).await);
    missing(me.attempt(attempt).await);
    missing(me.attempt_to_post(attempt).await);
    missing(me.connection(bolt.connection).await);
    missing(me.webhook(theirs.webhook.id).await);
    let connection = bolt.db.connection(bolt.connection).await.unwrap();
    missing(me.connection_secret(&connection).map(|_| ()));

    let refund = theirs.refund.id;
    missing(me.refund(refund).await);
    missing(me.refund_take_in(theirs.refund.clone(), asked()).await);
    assert!(me.refunds_of(&[attempt]).await.unwrap().is_empty());
    assert!(me.refunds_by_id(&[refund]).await.unwrap().is_empty());
    assert!(me.refunds_since(at(-9)).await.unwrap().is_empty());
    assert!(me.refund_observations(refund).await.unwrap().is_empty());
    assert!(me.refund_entries(&[refund]).await.unwrap().is_empty());
    assert!(me.refund_entries_waiting(at(9)).await.unwrap().is_empty());
    assert!(me.refunds_unknown(at(9)).await.unwrap().is_empty());
    let alarm = writing(&bolt).await;
    let gateway_id = Some("re_1".into());
    alarm.refund_cache(Refund { contradicted: true, gateway_id, ..theirs.refund.clone() }).await.unwrap();
    alarm.commit().await.unwrap();
    assert_eq!(me.refund_by_gateway_id("re_1").await.unwrap(), None);
    assert!(me.refunds_alarming().await.unwrap().is_empty());
    assert!(me.refund_sums(at(-9)).await.unwrap().is_empty());
    let dispute = theirs.dispute.id;
    missing(me.dispute(dispute).await);
    let key = vec!["posting_missing:x".to_owned()];
    assert!(me.exceptions_open().await.unwrap().is_empty());
    assert!(me.exceptions_of_payment(payment).await.unwrap().is_empty());
    let fixing = writing(&bolt).await;
    fixing.exception_fix(fixed(&theirs.exception)).await.unwrap();
    fixing.commit().await.unwrap();
    assert!(me.exceptions_fixed(9).await.unwrap().is_empty());
    assert!(me.exceptions_fixed_of(key).await.unwrap().is_empty());
    assert!(me.exceptions_fixed_since("posting_missing:", at(-9)).await.unwrap().is_empty());
    assert!(me.disputes_of(&[attempt]).await.unwrap().is_empty());
    assert!(me.disputes_since(at(-9)).await.unwrap().is_empty());
    assert!(me.disputes_alarming().await.unwrap().is_empty());
    assert!(me.dispute_observations(dispute).await.unwrap().is_empty());
    assert!(me.allocations(payment).await.unwrap().is_empty());
    assert!(me.consents_of(vec![attempt]).await.unwrap().is_empty());
    assert_eq!(me.consents_count().await.unwrap(), 0);
    assert!(me.attempts_of(payment).await.unwrap().is_empty());
    assert!(me.observations(attempt).await.unwrap().is_empty());
    assert!(me.attempt_records_of(&[attempt]).await.unwrap().is_empty());
    assert!(me.posting_list(attempt).await.unwrap().is_empty());
    assert!(me.books_entries(attempt).await.unwrap().is_empty());
    assert!(me.books_entries_beside_refunds(attempt).await.unwrap().0.is_empty());
    assert!(bolt.db.books_entries_beside_refunds(attempt).await.unwrap().1, "theirs was refunded");
    assert!(me.books_entries_intended(attempt).await.unwrap().is_empty());
    assert!(me.books_entries_of(&[attempt]).await.unwrap().is_empty());
    assert!(me.attempts_by_id(&[attempt]).await.unwrap().is_empty());
    assert!(me.jobs_of_payment(payment).await.unwrap().is_empty());
    assert!(me.mails_of_payment(payment).await.unwrap().is_empty());
    assert!(me.mails_by_id(vec![theirs.mail]).await.unwrap().is_empty());
    assert_eq!(me.live_payment(bolt.invoice).await.unwrap(), None);
    assert!(me.under_way(vec![bolt.invoice]).await.unwrap().is_empty());
    assert!(me.posted_on(vec![bolt.invoice]).await.unwrap().is_empty());
    assert!(me.books_entries_waiting(at(9)).await.unwrap().is_empty());
    assert!(me.attempts_unknown(at(9)).await.unwrap().is_empty());
    assert!(me.attempts_waiting(at(9)).await.unwrap().is_empty());
    assert_eq!(me.payment_of_checkout(bolt.checkout).await.unwrap(), None);
    assert_eq!(me.attempt_by_gateway_id("pi_1").await.unwrap(), None);
    assert!(me.attempts_quoting("pi_1").await.unwrap().is_empty());
    assert!(me.latest_attempts(vec![payment]).await.unwrap().is_empty());
    assert!(me.shares_of(vec![payment]).await.unwrap().is_empty());
    missing(me.payment_with_shares(payment).await);
    assert!(me.checkout_invoices(bolt.checkout).await.unwrap().is_empty());
    assert!(me.customer_names([bolt.customer]).await.unwrap().is_empty());
    assert_eq!(me.tries_count(at(-9)).await.unwrap(), 0);
    assert!(me.declines(at(-9)).await.unwrap().is_empty());
    assert!(me.declines_of_invoice(bolt.invoice, at(-9)).await.unwrap().is_empty());
    assert_eq!(me.payment_page(&PaymentFilter::default(), 1, 10).await.unwrap().1, 0);
    assert_eq!(me.mail_page("receipt", 1, 10).await.unwrap().1, 0);
    assert_eq!(me.connection_of_kind("gateway").await.unwrap().unwrap().id, acme.connection, "and one's own");
});

async fn writing(shop: &Shop) -> MerchantTx {
    shop.db.begin().await.unwrap()
}

on_both!(d20_no_writer_touches_another_merchants_row, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let theirs = story(&db.store, &bolt).await;
    let attempt = theirs.order.attempt.id;

    let tx = writing(&bolt).await;
    let sync = tx.sync_hold(SyncKind::Changes, at(1)).await.unwrap();
    tx.commit().await.unwrap();

    missing(acme.db.refund_open(theirs.refund.clone(), asked()).await);
    let tx = writing(&acme).await;
    missing(tx.sync_write(sync).await);
    missing(tx.attempt_hold(attempt).await);
    missing(tx.attempt_hold_telling(attempt).await);
    missing(tx.attempt_cache(theirs.order.attempt.clone()).await);
    missing(tx.refund_cache(theirs.refund.clone()).await);
    missing(tx.dispute_cache(theirs.dispute.clone()).await);
    missing(tx.refund_entry_write(bolt.db.refund_entries(&[theirs.refund.id]).await.unwrap().remove(0)).await);
    missing(tx.invoice_refresh(bolt.invoice, &invoice("i-1", "INV-X"), at(9)).await);
    missing(tx.connection_synced(bolt.connection, "cursor", at(9)).await);
    missing(tx.connection_connect(bolt.connection, &"theirs".into()).await);
    missing(tx.connection_pause(bolt.connection, true).await);
    missing(tx.connection_settings(bolt.connection, "{}").await);
    missing(tx.connection_tested(bolt.connection, "Acme", at(9)).await);
    missing(tx.connection_state(bolt.connection, ConnectionState::Broken, None).await);
    missing(tx.mail_move(theirs.mail, MailState::Accepted, None).await);
    missing(tx.webhook_move(theirs.webhook.id, WebhookState::Processed).await);
    missing(tx.books_entry_move(&theirs.entry, BooksEntryState::Posted, None, None, at(9)).await);
    assert!(!tx.books_entry_end(&theirs.entry, BooksEntryState::Posted, None, None, at(9)).await.unwrap());
    assert!(!tx.connection_lease_refresh(bolt.connection, 1, at(1), at(2)).await.unwrap());
    assert!(!tx.connection_secret_replace(bolt.connection, 1, &"stolen".into()).await.unwrap());
    assert!(!tx.job_done(&theirs.job).await.unwrap());
    assert!(!tx.job_again(&theirs.job, None, "no").await.unwrap());
    assert_eq!(tx.consents_forget(at(99), 9).await.unwrap(), 0);
    assert!(!tx.exception_cured("posting_missing:x", at(9)).await.unwrap());
    tx.exceptions_end_but(&HashSet::new(), at(9)).await.unwrap();
    tx.claims_release(attempt).await.unwrap();
    for pruned in
        [tx.jobs_prune(at(99), 9).await, tx.checkouts_prune(at(99), 9).await, tx.webhooks_prune(at(99), 9).await]
    {
        assert!(pruned.unwrap() <= 1, "at most this merchant's own checkout");
    }
    tx.commit().await.unwrap();

    assert_eq!(bolt.db.exceptions_open().await.unwrap(), std::slice::from_ref(&theirs.exception));
    assert_eq!(bolt.db.live_payment(bolt.invoice).await.unwrap(), Some(theirs.order.payment.id));
    assert_eq!(bolt.db.attempt(attempt).await.unwrap(), theirs.order.attempt);
    assert_eq!(bolt.db.invoice(bolt.invoice).await.unwrap().number, "INV-1");
});

on_both!(d20_a_row_cannot_point_at_another_merchants, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let person = db.store.person_add("p@initech.example", "hash", false, at(0)).await.unwrap();
    let tx = writing(&bolt).await;
    let their_payer = tx.payer_add(person, bolt.customer, at(0)).await.unwrap();
    tx.commit().await.unwrap();
    let theirs = bolt.opened().await;
    let attempt = theirs.attempt.id;
    let journal = Journal::of(JournalKind::PaymentTaken, theirs.payment.amount().unwrap()).unwrap();

    // PostgreSQL ends a transaction that was refused, so each gets its own.
    missing(checkout(&acme.db, bolt.invoice).await);
    missing(acme.db.checkout_add_several(checkout_row(&acme.db, acme.invoice), &[acme.invoice, bolt.invoice]).await);
    missing(acme.db.checkout_amounts(acme.checkout, &[(bolt.invoice, Some((1, 2)))], at(1)).await);
    missing(acme.db.checkout_amounts(bolt.checkout, &[(acme.invoice, Some((1, 2)))], at(1)).await);
    missing(writing(&acme).await.payer_add(person, bolt.customer, at(0)).await);
    missing(writing(&acme).await.observation_add(attempt, 0, &seen()).await);
    missing(writing(&acme).await.journal_add(attempt, &journal, at(0)).await);
    approve(&bolt, &theirs.attempt).await;
    let refund = refund(&bolt, attempt, 100);
    bolt.db.refund_open(refund.clone(), asked()).await.unwrap();
    let refund = refund.id;
    missing(writing(&acme).await.refund_observation_add(refund, 0, &refund_seen()).await);
    missing(writing(&acme).await.refund_entries_intend(refund, &[(acme.invoice, 100)], at(0)).await);
    missing(writing(&acme).await.dispute_add(dispute(&bolt, attempt, 100)).await);
    missing(writing(&acme).await.dispute_journal_add(attempt, DisputeId(Uuid::nil()), &journal, at(0)).await);
    missing(writing(&acme).await.books_entries_intend(attempt, &acme.order().allocations, at(0)).await);
    let theirs_here = exception(&acme, Some(theirs.payment.id), "posting_missing:x", "gone");
    missing(writing(&acme).await.exception_raise(theirs_here).await);
    missing(writing(&acme).await.webhook_receive(webhook(&bolt), at(0)).await);
    missing(writing(&acme).await.jobs_add([job(&theirs)], at(0)).await);
    missing(writing(&acme).await.mail_write(mail(&theirs), at(0)).await);
    missing(acme.open(acme.order_of(&[bolt.invoice])).await);
    missing(acme.open(NewAttempt { attempt: theirs.attempt, ..acme.order() }).await);
    let mine = Checkout {
        merchant_id: acme.db.merchant_id(),
        id: domain::ids::CheckoutId(Uuid::new_v4()),
        invoice_id: acme.invoice,
        payer_id: Some(their_payer),
        company_named: true,
        created_at: at(0),
        expires_at: at(60),
    };
    missing(acme.db.checkout_add(mine).await);
});

on_both!(d20_what_is_written_has_the_stamp_of_the_scope, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let mut order = acme.order();
    order.payment.merchant_id = bolt.db.merchant_id();
    order.attempt.merchant_id = bolt.db.merchant_id();
    order.allocations[0].merchant_id = bolt.db.merchant_id();
    acme.open(order.clone()).await.unwrap();
    let tx = writing(&acme).await;
    tx.attempt_cache(order.attempt.clone()).await.unwrap();
    tx.commit().await.unwrap();
    for merchant_id in [
        acme.db.payment(order.payment.id).await.unwrap().merchant_id,
        acme.db.attempt(order.attempt.id).await.unwrap().merchant_id,
        acme.db.allocations(order.payment.id).await.unwrap()[0].merchant_id,
    ] {
        assert_eq!(merchant_id, acme.db.merchant_id());
    }
});

on_both!(d20_a_checkout_opens_its_own_merchant_until_it_is_too_old, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    for shop in [&acme, &bolt] {
        let (scope, row, _) = db.store.door_checkout(shop.checkout, at(59)).await.unwrap().unwrap();
        assert_eq!((scope.merchant_id(), row.invoice_id), (shop.db.merchant_id(), shop.invoice));
        assert!(db.store.door_checkout(shop.checkout, at(60)).await.unwrap().is_none());
        let (scope, _) = db.store.door_webhook(shop.connection).await.unwrap().unwrap();
        assert_eq!(scope.merchant_id(), shop.db.merchant_id());
    }
    assert!(db.store.door_checkout(domain::ids::CheckoutId(Uuid::new_v4()), at(0)).await.unwrap().is_none());
    assert!(db.store.door_webhook(domain::ids::ConnectionId(Uuid::new_v4())).await.unwrap().is_none());
});
