//! Invoices of books of our own: numbers without a gap however many are issued at once, and no payment of an invoice that is
//! changed meanwhile.

use crate::{
    database::on_both,
    shop::{Shop, at, customer, day, open, read, shop, usd},
};
use domain::{
    advance::AdvanceKind,
    ids::{CreditNoteId, CustomerId, InvoiceId},
    invoice::InvoiceStatus,
};
use std::collections::BTreeSet;
use store::{
    CreditNote, CreditNoteLine, Entered, Error, Invoice, InvoiceFilter, LedgerInvoice, LedgerLine, MerchantDb,
    MerchantTx, NewLedgerInvoice, NewLedgerPayment, Opened,
};
use tokio::task::JoinSet;
use uuid::Uuid;

pub fn row(shop: &Shop) -> Invoice {
    let id = InvoiceId(Uuid::now_v7());
    Invoice {
        merchant_id: shop.db.merchant_id(),
        id,
        customer_id: shop.customer,
        external_id: id.to_string(),
        number: format!("draft-{}", &id.0.simple().to_string()[24..]),
        status: InvoiceStatus::Draft,
        currency: "USD".into(),
        total_minor: 10_000,
        due_minor: 10_000,
        date: day(1),
        due_date: day(25),
        read_at: at(0),
        advance: None,
        purpose: None,
        reference: None,
    }
}

fn details(invoice: &Invoice) -> LedgerInvoice {
    LedgerInvoice {
        merchant_id: invoice.merchant_id,
        invoice_id: invoice.id,
        tax_included: false,
        tax_minor: 0,
        notes: String::new(),
        wanted_number: None,
        changes: 0,
        created_at: at(0),
        issued_at: None,
        customer_name: None,
        customer_address: None,
    }
}

fn line(invoice: &Invoice, line: i32) -> LedgerLine {
    LedgerLine {
        merchant_id: invoice.merchant_id,
        invoice_id: invoice.id,
        line,
        description: "Remote support".into(),
        quantity_milli: 1_000,
        unit_minor: 10_000,
        tax_ppm: 0,
    }
}

fn written(invoice: Invoice) -> NewLedgerInvoice {
    NewLedgerInvoice { details: details(&invoice), lines: vec![line(&invoice, 1)], invoice }
}

pub async fn draft(shop: &Shop) -> InvoiceId {
    let invoice = row(shop);
    let id = invoice.id;
    let tx = shop.db.begin().await.unwrap();
    tx.ledger_invoices_add(vec![written(invoice)]).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// What issuing does in the database; `None`, when the number is taken.
pub async fn issue(db: &MerchantDb, id: InvoiceId, chosen: Option<&str>) -> Option<String> {
    let tx = db.begin().await.unwrap();
    let mut series = tx.ledger_series_hold().await.unwrap();
    let (invoice, details) = tx.ledger_invoice_hold(id).await.unwrap();
    let number = tx.ledger_number_take(&mut series, chosen).await.unwrap()?;
    let issued = Invoice { number: number.clone(), status: InvoiceStatus::Open, ..invoice };
    tx.ledger_invoice_rewrite(issued, LedgerInvoice { issued_at: Some(at(1)), ..details }).await.unwrap();
    tx.commit().await.unwrap();
    Some(number)
}

on_both!(numbers_have_no_gap_and_none_is_given_twice_however_many_are_issued_at_once, async |db| {
    let shop = shop(&db.store, "acme").await;
    let mut all = JoinSet::new();
    for n in 0..12 {
        let (id, scope) = (draft(&shop).await, shop.db.clone());
        all.spawn(async move {
            if n % 3 == 0 {
                // Somebody whose transaction comes to nothing gives the number back.
                let tx = scope.begin().await.unwrap();
                let mut series = tx.ledger_series_hold().await.unwrap();
                tx.ledger_number_take(&mut series, None).await.unwrap();
            }
            issue(&scope, id, None).await
        });
    }
    let numbers: BTreeSet<_> = all.join_all().await.into_iter().flatten().collect();
    // `INV-1` of the shop is no `INV-0001`.
    assert_eq!(numbers, (1..=12).map(|n| format!("INV-{n:04}")).collect::<BTreeSet<_>>());
    assert_eq!(shop.db.ledger_series().await.unwrap().spelt(), "INV-0013");
});

on_both!(a_number_that_somebody_chose_is_left_out_and_taken_once, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (one, two, three) = (draft(&shop).await, draft(&shop).await, draft(&shop).await);
    assert_eq!(issue(&shop.db, one, Some("inv-0001")).await.as_deref(), Some("inv-0001"));
    for taken in ["INV-0001", "INV-1", "inv-1"] {
        assert_eq!(issue(&shop.db, two, Some(taken)).await, None, "{taken}");
    }
    assert_eq!(shop.db.invoice(two).await.unwrap().status, InvoiceStatus::Draft);
    assert_eq!(issue(&shop.db, two, None).await.as_deref(), Some("INV-0002"));
    let tx = shop.db.begin().await.unwrap();
    let series = tx.ledger_series_hold().await.unwrap();
    tx.ledger_series_set(store::LedgerSeries { prefix: "HT-".into(), next: 1_000, ..series }).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(issue(&shop.db, three, None).await.as_deref(), Some("HT-1000"));
});

on_both!(d1_a_payment_that_read_the_invoice_before_it_was_changed_asks_again, async |db| {
    let shop = shop(&db.store, "acme").await;
    let id = draft(&shop).await;
    issue(&shop.db, id, None).await.unwrap();
    let seen = shop.db.claims_taken(&[id]).await.unwrap();
    let tx = shop.db.begin().await.unwrap();
    let (invoice, details) = tx.ledger_invoice_hold(id).await.unwrap();
    let void = Invoice { status: InvoiceStatus::Void, due_minor: 0, ..invoice };
    tx.ledger_invoice_rewrite(void, details).await.unwrap();

    // It waits for whoever holds the invoice, and then knows better.
    let mut order = shop.order_of(&[id]);
    order.claims_seen = seen;
    let (scope, press) = (shop.db.clone(), order.clone());
    let pressed = tokio::spawn(async move { scope.attempt_open(press).await });
    tx.commit().await.unwrap();
    assert!(matches!(pressed.await.unwrap(), Ok(Opened::Outdated)));
    assert_eq!(shop.db.live_payment(id).await.unwrap(), None);
    assert!(
        matches!(open(&shop.db, order).await, Ok(Opened::New)),
        "with the new count it is free: its status says no"
    );
});

on_both!(a_draft_is_found_by_the_number_that_it_is_to_have, async |db| {
    let shop = shop(&db.store, "acme").await;
    let invoice = row(&shop);
    let id = invoice.id;
    let details = LedgerInvoice { wanted_number: Some("HT-7".into()), ..details(&invoice) };
    let tx = shop.db.begin().await.unwrap();
    tx.ledger_invoices_add(vec![NewLedgerInvoice { details, lines: Vec::new(), invoice }]).await.unwrap();
    tx.commit().await.unwrap();
    let found = shop.db.drafts_numbered(&["ht-7", "HT-8"]).await.unwrap();
    assert_eq!(found.iter().map(|(number, draft)| (number.as_str(), draft.id)).collect::<Vec<_>>(), [("HT-7", id)]);
    issue(&shop.db, id, Some("HT-7")).await.unwrap();
    assert!(shop.db.drafts_numbered(&["HT-7"]).await.unwrap().is_empty(), "it has it, and is no draft");
});

on_both!(the_lines_of_a_draft_are_replaced_together, async |db| {
    let shop = shop(&db.store, "acme").await;
    let id = draft(&shop).await;
    let tx = shop.db.begin().await.unwrap();
    let (invoice, details) = tx.ledger_invoice_hold(id).await.unwrap();
    let lines = vec![line(&invoice, 2), LedgerLine { description: "Cable".into(), ..line(&invoice, 1) }];
    tx.ledger_lines_replace(id, lines).await.unwrap();
    tx.ledger_invoice_rewrite(invoice, details).await.unwrap();
    tx.commit().await.unwrap();
    let lines = shop.db.ledger_lines(id).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.description.as_str()).collect::<Vec<_>>(), ["Cable", "Remote support"]);
    assert_eq!(shop.db.ledger_invoice(id).await.unwrap().unwrap().changes, 1);
    let tx = shop.db.begin().await.unwrap();
    let nobodys = tx.ledger_invoice_hold(shop.invoice).await;
    assert!(matches!(nobodys, Err(Error::Missing)), "what the books of others have is not ours to change");
});

on_both!(a_discarded_draft_is_left_out_where_that_is_asked_for, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (discarded, void, kept) = (draft(&shop).await, draft(&shop).await, draft(&shop).await);
    issue(&shop.db, void, None).await.unwrap();
    let tx = shop.db.begin().await.unwrap();
    for id in [discarded, void] {
        let (invoice, details) = tx.ledger_invoice_hold(id).await.unwrap();
        let invoice = Invoice { status: InvoiceStatus::Void, due_minor: 0, ..invoice };
        tx.ledger_invoice_rewrite(invoice, details).await.unwrap();
    }
    tx.commit().await.unwrap();
    let listed = async |but_discarded| {
        let filter = InvoiceFilter { but_discarded, ..InvoiceFilter::default() };
        let rows = shop.db.invoice_page(&filter, 1, 10).await.unwrap().0;
        rows.iter().map(|row| row.id).collect::<BTreeSet<_>>()
    };
    // That of the shop is of no books of ours.
    assert_eq!(listed(true).await, BTreeSet::from([shop.invoice, void, kept]));
    assert_eq!(listed(false).await, BTreeSet::from([shop.invoice, discarded, void, kept]));
});

on_both!(customers_are_found_by_code_or_name_and_by_a_part_of_either, async |db| {
    let shop = shop(&db.store, "acme").await;
    let found = shop.db.customer(shop.customer).await.unwrap();
    let tx = shop.db.begin().await.unwrap();
    let id = CustomerId(Uuid::now_v7());
    let kauri = store::Customer {
        id,
        external_id: id.to_string(),
        name: "Kauri Timber".into(),
        code: Some("KAURI".into()),
        email: Some("accounts@kauri.example".into()),
        terms_days: Some(20),
        address: Some("1 Quay Street".into()),
        ..found
    };
    tx.customers_add(vec![kauri.clone()]).await.unwrap();
    tx.commit().await.unwrap();
    for called in ["kauri", "KAURI TIMBER"] {
        assert_eq!(shop.db.customers_called(called).await.unwrap(), std::slice::from_ref(&kauri), "{called}");
    }
    assert!(shop.db.customers_called("kaur").await.unwrap().is_empty());
    for (search, count) in [("", 2), ("KAUR", 1), ("accounts@", 1), ("100%", 0)] {
        assert_eq!(shop.db.customer_page(search, false, 1, 10).await.unwrap().1, count, "{search}");
    }
    let tx = shop.db.begin().await.unwrap();
    tx.customer_rewrite(store::Customer { archived: true, ..kauri }).await.unwrap();
    tx.commit().await.unwrap();
    for (archived, count) in [(false, 1), (true, 1)] {
        assert_eq!(shop.db.customer_page("", archived, 1, 10).await.unwrap().1, count, "{archived}");
    }
    // What an accounting package says of it leaves alone what only we know.
    read(&shop.db, &[customer(&id.to_string(), "Kauri")], &[]).await;
    let kept = shop.db.customer(id).await.unwrap();
    assert_eq!((kept.name.as_str(), kept.terms_days), ("Kauri", Some(20)));
});

fn note(shop: &Shop, invoice_id: InvoiceId, number: &str) -> CreditNote {
    CreditNote {
        merchant_id: shop.db.merchant_id(),
        id: CreditNoteId(Uuid::now_v7()),
        invoice_id,
        number: number.into(),
        currency: "USD".into(),
        total_minor: 6_000,
        tax_minor: 0,
        left_minor: 6_000,
        date: day(3),
        reason: "one hour less".into(),
        created_at: at(2),
        voided_at: None,
    }
}

on_both!(d9_a_credit_is_given_once_and_lowers_what_the_invoice_owes, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (one, two) = (draft(&shop).await, draft(&shop).await);
    for id in [one, two] {
        issue(&shop.db, id, None).await.unwrap();
    }
    let tx = shop.db.begin().await.unwrap();
    let series = tx.ledger_series_hold().await.unwrap();
    let note = note(&shop, one, &tx.credit_number_take(series).await.unwrap());
    tx.credit_note_add(note.clone()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(note.number, "CN-0001");
    assert_eq!(shop.db.ledger_series().await.unwrap().next_credit, 2);

    let mut all = JoinSet::new();
    for to in [one, two] {
        let (scope, id) = (shop.db.clone(), note.id);
        all.spawn(async move {
            let tx = scope.begin().await.unwrap();
            let invoice = tx.ledger_invoice_hold(to).await.unwrap();
            let note = tx.credit_note_hold(id).await.unwrap();
            let amount_minor = note.left_minor.min(4_000);
            tx.credit_allocate(note, invoice, amount_minor, at(3)).await.unwrap();
            tx.commit().await.unwrap();
            amount_minor
        });
    }
    let given: BTreeSet<_> = all.join_all().await.into_iter().collect();
    assert_eq!(given, BTreeSet::from([2_000, 4_000]), "the second one had what was left");
    assert_eq!(shop.db.credit_note(note.id).await.unwrap().left_minor, 0);
    let mut due_minor = 0;
    for id in [one, two] {
        due_minor += shop.db.invoice(id).await.unwrap().due_minor;
        assert_eq!(shop.db.ledger_invoice(id).await.unwrap().unwrap().changes, 2, "issued and credited");
    }
    assert_eq!(due_minor, 20_000 - 6_000);
    let allocated = shop.db.credit_allocations(note.id).await.unwrap();
    assert_eq!(allocated.iter().map(|one| one.place).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(shop.db.credit_notes_of(one).await.unwrap().len(), 1);
    assert_eq!(shop.db.credit_note_page(1, 10).await.unwrap().1, 1);

    let tx = shop.db.begin().await.unwrap();
    let (invoice, details) = tx.ledger_invoice_hold(two).await.unwrap();
    let (owed, held) = (invoice.due_minor, tx.credit_note_hold(note.id).await.unwrap());
    tx.credit_allocate(held, (invoice, details), owed, at(4)).await.unwrap();
    assert_eq!(tx.invoice(two).await.unwrap().status, InvoiceStatus::Paid, "nothing is left to pay");
});

on_both!(d9_what_a_void_credit_note_had_paid_is_owed_again, async |db| {
    let shop = shop(&db.store, "acme").await;
    let id = draft(&shop).await;
    issue(&shop.db, id, None).await.unwrap();
    let note = note(&shop, id, "CN-0001");
    let line = CreditNoteLine {
        merchant_id: note.merchant_id,
        credit_note_id: note.id,
        line: 1,
        description: "One hour less".into(),
        quantity_milli: 1_000,
        unit_minor: 6_000,
        tax_ppm: 0,
    };
    let tx = shop.db.begin().await.unwrap();
    tx.credit_note_add(note.clone()).await.unwrap();
    tx.credit_lines_add(vec![line.clone()]).await.unwrap();
    let held = tx.ledger_invoice_hold(id).await.unwrap();
    let note = tx.credit_allocate(note, held, 5_000, at(3)).await.unwrap();
    assert_eq!(note.left_minor, 1_000);
    tx.commit().await.unwrap();
    assert_eq!(shop.db.credit_lines(note.id).await.unwrap(), [line]);
    assert_eq!(shop.db.credit_notes_left(shop.customer).await.unwrap(), std::slice::from_ref(&note));
    assert_eq!(shop.db.credit_note_page_of(shop.customer, 1, 10).await.unwrap(), (vec![note.clone()], 1));
    assert_eq!(shop.db.credit_beyond_due(id).await.unwrap(), 1_000);

    let tx = shop.db.begin().await.unwrap();
    let held = tx.ledger_invoice_hold(id).await.unwrap();
    let note = tx.credit_allocate(note, held, -5_000, at(4)).await.unwrap();
    tx.credit_note_void(note.clone(), at(4)).await.unwrap();
    tx.commit().await.unwrap();
    let void = shop.db.credit_note(note.id).await.unwrap();
    assert_eq!((void.left_minor, void.voided_at), (0, Some(at(4))));
    assert_eq!(shop.db.invoice(id).await.unwrap().due_minor, 10_000);
    assert_eq!(shop.db.credit_beyond_due(id).await.unwrap(), 0);
    assert!(shop.db.credit_notes_left(shop.customer).await.unwrap().is_empty());
    assert_eq!(shop.db.credit_note_page_of(shop.customer, 1, 10).await.unwrap(), (Vec::new(), 0));
});

/// Money of a quote, or what goes back of it.
fn money(key: &str, minor: i64) -> NewLedgerPayment {
    NewLedgerPayment { idempotency_key: key.into(), amount: usd(minor), date: day(2), reference: format!("ch_{key}") }
}

/// What a change of the money makes of the credit; `None`, when less than that is left of it.
async fn settled(tx: MerchantTx, note: CreditNoteId) -> Option<i64> {
    let held = tx.credit_note_hold(note).await.unwrap();
    let is_settled = tx.advance_credit_settle(held, at(4)).await.unwrap();
    let left_minor = tx.credit_note(note).await.unwrap().left_minor;
    if is_settled {
        tx.commit().await.unwrap();
    }
    is_settled.then_some(left_minor)
}

on_both!(s26_the_credit_of_a_quote_follows_its_money_and_what_was_applied_is_owed_again, async |db| {
    let shop = shop(&db.store, "acme").await;
    let to = draft(&shop).await;
    issue(&shop.db, to, None).await.unwrap();
    let advance = Invoice { advance: Some(AdvanceKind::Quote), status: InvoiceStatus::Open, ..row(&shop) };
    let of = advance.id;
    let note = CreditNote { total_minor: 10_000, left_minor: 10_000, ..note(&shop, of, "PF_CR_Q-1") };
    let tx = shop.db.begin().await.unwrap();
    tx.advance_add(advance).await.unwrap();
    assert!(matches!(tx.ledger_payment_enter(of, money("pay", 10_000), at(2)).await.unwrap(), Entered::Stands(_)));
    tx.advance_credit_add(note.clone()).await.unwrap();
    assert!(matches!(tx.ledger_invoice_hold(of).await, Err(Error::Missing)), "nobody wrote an invoice");
    tx.commit().await.unwrap();
    assert_eq!(shop.db.credit_note_numbered("PF_CR_Q-1").await.unwrap().unwrap().id, note.id);
    assert_eq!(shop.db.credit_note_page_of(shop.customer, 1, 10).await.unwrap().1, 0, "it is taken off no invoice");

    let tx = shop.db.begin().await.unwrap();
    let (invoice, held) = (tx.ledger_invoice_hold(to).await.unwrap(), tx.credit_note_hold(note.id).await.unwrap());
    assert_eq!(tx.credit_allocate(held, invoice, 4_000, at(3)).await.unwrap().left_minor, 6_000);
    tx.commit().await.unwrap();

    for _ in 0..2 {
        let tx = shop.db.begin().await.unwrap();
        tx.ledger_refund_enter(of, money("refund", -1_000), at(4)).await.unwrap();
        assert_eq!(settled(tx, note.id).await, Some(5_000), "it is paid back once");
    }
    let tx = shop.db.begin().await.unwrap();
    tx.ledger_refund_enter(of, money("more", -5_001), at(4)).await.unwrap();
    assert_eq!(settled(tx, note.id).await, None, "an invoice has the rest");
    let tx = shop.db.begin().await.unwrap();
    tx.ledger_refund_enter(of, money("refund-back", 1_000), at(4)).await.unwrap();
    assert_eq!(settled(tx, note.id).await, Some(6_000));

    let tx = shop.db.begin().await.unwrap();
    tx.ledger_payment_take_back(of, money("pay-back", -10_000), at(5)).await.unwrap();
    let (invoice, held) = (tx.ledger_invoice_hold(to).await.unwrap(), tx.credit_note_hold(note.id).await.unwrap());
    assert_eq!(tx.credit_allocate(held, invoice, -4_000, at(5)).await.unwrap().left_minor, 10_000);
    assert_eq!(settled(tx, note.id).await, Some(0));
    let owed = shop.db.invoice(to).await.unwrap();
    assert_eq!((owed.due_minor, owed.status), (10_000, InvoiceStatus::Open));

    let tx = shop.db.begin().await.unwrap();
    assert!(matches!(tx.ledger_payment_enter(of, money("again", 10_000), at(6)).await.unwrap(), Entered::Stands(_)));
    assert_eq!(settled(tx, note.id).await, Some(10_000), "the money came again");
});

on_both!(d20_another_merchants_credit_note_is_missing, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let theirs = draft(&bolt).await;
    issue(&bolt.db, theirs, None).await.unwrap();
    let note_of_theirs = note(&bolt, theirs, "CN-0001");
    let tx = bolt.db.begin().await.unwrap();
    tx.credit_note_add(note_of_theirs.clone()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(matches!(acme.db.credit_note(note_of_theirs.id).await, Err(Error::Missing)));
    assert!(acme.db.credit_notes_of(theirs).await.unwrap().is_empty());
    assert!(acme.db.credit_allocations(note_of_theirs.id).await.unwrap().is_empty());
    assert_eq!(acme.db.credit_note_page(1, 10).await.unwrap().1, 0);
    assert_eq!(acme.db.credit_note_page_of(bolt.customer, 1, 10).await.unwrap().1, 0);
    let tx = acme.db.begin().await.unwrap();
    assert!(matches!(tx.credit_note_hold(note_of_theirs.id).await, Err(Error::Missing)));
    assert!(matches!(tx.credit_note_add(note(&acme, theirs, "CN-0001")).await, Err(Error::Missing)));
});

on_both!(d20_another_merchants_invoice_is_neither_read_nor_changed, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let theirs = draft(&bolt).await;
    assert_eq!(acme.db.ledger_invoice(theirs).await.unwrap(), None);
    assert!(acme.db.ledger_lines(theirs).await.unwrap().is_empty());
    assert!(acme.db.customers_called("Initech").await.unwrap().iter().all(|own| own.id == acme.customer));
    let tx = acme.db.begin().await.unwrap();
    assert!(matches!(tx.ledger_invoice_hold(theirs).await, Err(Error::Missing)));
    let customer = bolt.db.customer(bolt.customer).await.unwrap();
    assert!(matches!(tx.customer_rewrite(customer).await, Err(Error::Missing)));
    let mut series = tx.ledger_series_hold().await.unwrap();
    assert_eq!(tx.ledger_number_take(&mut series, None).await.unwrap().as_deref(), Some("INV-0001"));
    drop(tx);

    let foreign = Invoice { customer_id: bolt.customer, ..row(&acme) };
    let tx = acme.db.begin().await.unwrap();
    assert!(matches!(tx.ledger_invoices_add(vec![written(foreign)]).await, Err(Error::Missing)));
    drop(tx);
    let lines = bolt.db.ledger_lines(theirs).await.unwrap();
    let tx = acme.db.begin().await.unwrap();
    assert!(matches!(tx.ledger_lines_replace(theirs, lines).await, Err(Error::Missing)));
    drop(tx);
    assert_eq!(bolt.db.ledger_lines(theirs).await.unwrap().len(), 1);
    assert_eq!(bolt.db.ledger_series().await.unwrap().next, 1, "each counts for itself");
});
