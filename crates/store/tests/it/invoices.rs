//! What the books say, taken over: ids stay, a page counts, and a search means what was typed.

use crate::{
    database::on_both,
    shop::{Shop, at, customer, day, invoice, read, shop, usd},
};
use domain::{
    advance::AdvanceKind,
    ids::InvoiceId,
    invoice::{BooksInvoice, InvoiceStatus},
    money::{Currency, Money},
    sync::SyncState,
};
use std::collections::{HashMap, HashSet};
use store::{BooksEntryState, Customer, Error, Invoice, InvoiceFilter, SyncKind, SyncRow};
use uuid::Uuid;

fn search(text: &str) -> InvoiceFilter {
    InvoiceFilter { search: text.into(), ..Default::default() }
}

fn numbers(rows: &[Invoice]) -> Vec<&str> {
    rows.iter().map(|row| row.number.as_str()).collect()
}

on_both!(a_second_read_changes_a_row_and_keeps_its_id, async |db| {
    let shop = shop(&db.store, "acme").await;
    let paid =
        BooksInvoice { number: "INV-1a".into(), status: InvoiceStatus::Paid, due: usd(0), ..invoice("i-1", "INV-1") };
    read(&shop.db, &[customer("c-1", "Initech Ltd")], &[paid]).await;
    let row = shop.db.invoice(shop.invoice).await.unwrap();
    assert_eq!((row.number.as_str(), row.status, row.due_minor), ("INV-1a", InvoiceStatus::Paid, 0));
    assert_eq!(shop.db.customer(shop.customer).await.unwrap().name, "Initech Ltd");
    assert_eq!(shop.db.customer_by_name("Initech Ltd").await.unwrap().unwrap().id, shop.customer);
});

on_both!(a_fresh_read_of_one_invoice_takes_its_currency_along, async |db| {
    let shop = shop(&db.store, "acme").await;
    let kwd = |minor| Money::new(minor, Currency::KWD);
    let told = BooksInvoice { total: kwd(10_000), due: kwd(4_000), ..invoice("i-1", "INV-9") };
    let tx = shop.db.begin().await.unwrap();
    tx.invoice_refresh(shop.invoice, &told, at(5)).await.unwrap();
    tx.commit().await.unwrap();
    let row = shop.db.invoice(shop.invoice).await.unwrap();
    assert_eq!((row.total().unwrap(), row.due().unwrap()), (kwd(10_000), kwd(4_000)));
    assert_eq!((row.number.as_str(), row.read_at), ("INV-9", at(5)));
});

on_both!(a_delta_of_1200_invoices_goes_in_at_once_and_twice, async |db| {
    let shop = shop(&db.store, "acme").await;
    let customers: Vec<_> = (0..1_200).map(|n| customer(&format!("c-{n}"), &format!("Customer {n}"))).collect();
    let invoices: Vec<_> = (0..1_200).map(|n| invoice(&format!("d-{n}"), &format!("D-{n:04}"))).collect();
    read(&shop.db, &customers, &invoices).await;
    let before = shop.db.customers().await.unwrap();
    read(&shop.db, &customers, &invoices).await;
    assert_eq!(shop.db.customers().await.unwrap(), before);

    let (rows, total) = shop.db.invoice_page(&search("D-"), 60, 20).await.unwrap();
    assert_eq!((total, rows.len()), (1_200, 20));
    assert_eq!(numbers(&rows)[19], "D-1199");
    let sums = shop.db.invoice_sums(&InvoiceFilter::default()).await.unwrap();
    assert_eq!(sums[0].money().unwrap(), usd(12_010_000));
});

on_both!(a_document_that_comes_twice_in_one_delta_counts_as_told_last, async |db| {
    let shop = shop(&db.store, "acme").await;
    let later = BooksInvoice { due: usd(1), ..invoice("i-7", "INV-7") };
    read(&shop.db, &[customer("c-7", "Old"), customer("c-7", "New")], &[invoice("i-7", "INV-7"), later]).await;
    assert_eq!(shop.db.invoice_by_number("INV-7").await.unwrap().unwrap().0.due_minor, 1);
    assert!(shop.db.customer_by_name("New").await.unwrap().is_some());
});

on_both!(an_invoice_that_the_books_have_no_more_is_void_unless_it_was_read_since, async |db| {
    let (shop, other) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    read(&shop.db, &[], &[invoice("i-2", "INV-2"), invoice("i-3", "INV-3")]).await;
    let standing = async |shop: &Shop, number: &str| {
        let (row, _) = shop.db.invoice_by_number(number).await.unwrap().unwrap();
        (row.status == InvoiceStatus::Open, row.due_minor == row.total_minor)
    };
    let tx = shop.db.begin().await.unwrap();
    tx.invoices_gone(&["i-2".into(), "i-404".into()], at(5)).await.unwrap();
    let ids = HashMap::from([("c-1".to_owned(), shop.customer)]);
    tx.invoices_upsert(&[invoice("i-2", "INV-2")], &ids, at(4)).await.unwrap();
    tx.invoices_gone(&["i-1".into()], at(5)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(standing(&shop, "INV-2").await, (false, false), "an earlier read does not bring it back");
    assert_eq!(standing(&shop, "INV-3").await, (true, true));
    assert_eq!(standing(&other, "INV-1").await, (true, true), "another merchant's stays");
});

on_both!(s96_a_page_writes_what_is_new_or_has_changed_and_leaves_the_rest_alone, async |db| {
    let shop = shop(&db.store, "acme").await;
    let ids = HashMap::from([("c-1".to_owned(), shop.customer)]);
    let page: Vec<_> = (0..2_500).map(|n| invoice(&format!("p-{n:04}"), &format!("P-{n}"))).collect();
    let write = async |page: &[BooksInvoice], minute: i64| {
        let tx = shop.db.begin().await.unwrap();
        let written = tx.invoices_upsert(page, &ids, at(minute)).await.unwrap();
        tx.commit().await.unwrap();
        written
    };
    let read_at = async |id: &str| shop.db.invoice_by_external_id(id).await.unwrap().unwrap().read_at;
    assert_eq!(write(&page, 1).await, 2_500);
    let odd = BooksInvoice { number: "O'Brien \"7\"\\\0é".into(), due: usd(1), ..page[7].clone() };
    let mut later = page.clone();
    later[7] = odd.clone();
    later[9].reference = Some("Quote Q-1\0".into());
    assert_eq!(write(&later, 2).await, 2);
    assert_eq!((read_at("p-0006").await, read_at("p-0007").await), (at(1), at(2)));
    let row = shop.db.invoice_by_external_id("p-0007").await.unwrap().unwrap();
    assert_eq!((row.number.as_str(), row.due_minor), ("O'Brien \"7\"\\\u{fffd}é", 1));
    assert_eq!((row.date, row.status, row.customer_id, row.reference), (odd.date, odd.status, shop.customer, None));
    let named = shop.db.invoice_by_external_id("p-0009").await.unwrap().unwrap();
    assert_eq!(named.reference.as_deref(), Some("Quote Q-1\u{fffd}"));
    assert_eq!(write(&page, 1).await, 0, "an earlier answer changes nothing");

    let tx = shop.db.begin().await.unwrap();
    let customers = [customer("c-1", "Initech"), customer("c-2", "Globex")];
    assert_eq!(tx.customers_upsert(&customers).await.unwrap(), 1);
    assert_eq!(tx.customers_upsert(&customers).await.unwrap(), 0);
    tx.invoices_read(&["p-0006".into(), "p-0007".into()], at(2)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((read_at("p-0006").await, read_at("p-0008").await), (at(2), at(1)));
});

on_both!(n1_whom_the_books_did_not_know_is_known_by_exactly_the_name_once_they_tell, async |db| {
    let shop = shop(&db.store, "acme").await;
    let new = Customer::unknown_to_books(shop.db.merchant_id(), "Kauri Dental".into(), None);
    let tx = shop.db.begin().await.unwrap();
    tx.customers_add(vec![new.clone()]).await.unwrap();
    tx.commit().await.unwrap();
    let told = [customer("c-8", "kauri dental"), customer("c-9", "Kauri Dental")];
    let theirs = BooksInvoice { customer_external_id: "c-9".into(), ..invoice("i-9", "INV-9") };
    for _ in 0..2 {
        read(&shop.db, &told, std::slice::from_ref(&theirs)).await;
        assert_eq!(shop.db.customer(new.id).await.unwrap().external_id, "c-9");
        assert_eq!(shop.db.customer_ids(std::slice::from_ref(&theirs)).await.unwrap()["c-9"], new.id);
        assert_eq!(shop.db.invoice_by_external_id("i-9").await.unwrap().unwrap().customer_id, new.id);
    }
});

on_both!(s96_what_is_open_and_was_not_seen_in_the_books_is_left_to_be_asked_about, async |db| {
    let (shop, other) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let paid = BooksInvoice { status: InvoiceStatus::Paid, due: usd(0), ..invoice("i-3", "INV-3") };
    read(&shop.db, &[], &[invoice("i-2", "INV-2"), paid, invoice("i-4", "INV-4")]).await;
    let tx = shop.db.begin().await.unwrap();
    let advance = Invoice { status: InvoiceStatus::Open, ..advance(&shop).await };
    tx.advance_add(advance).await.unwrap();
    tx.sync_open_begin().await.unwrap();
    tx.sync_open_begin().await.unwrap();
    tx.sync_open_seen(&["i-2".into(), "i-404".into()]).await.unwrap();
    tx.commit().await.unwrap();
    let left = async |shop: &Shop| shop.db.sync_open_left(9).await.unwrap();
    assert_eq!(numbers(&left(&shop).await), ["INV-1", "INV-4"], "neither what is paid, nor an advance");
    assert!(left(&other).await.is_empty());

    read(&shop.db, &[], &[invoice("i-5", "INV-5")]).await;
    let tx = shop.db.begin().await.unwrap();
    tx.sync_open_end(vec![shop.invoice]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(numbers(&left(&shop).await), ["INV-4"], "what came since is not looked for");
});

on_both!(s96_one_reads_at_a_time_and_whoever_was_let_go_of_holds_nothing, async |db| {
    let (shop, other) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let tx = shop.db.begin().await.unwrap();
    let row = tx.sync_hold(SyncKind::Changes, at(1)).await.unwrap().asked(at(1));
    let row = SyncRow { holder: Some(one), held_until: Some(at(9)), position: Some("2".into()), found: 7, ..row };
    tx.sync_write(row.clone()).await.unwrap();
    tx.commit().await.unwrap();

    let known = shop.db.sync(SyncKind::Changes).await.unwrap().unwrap();
    assert_eq!(known, row);
    assert_eq!([one, two].map(|who| known.is_held_but_by(who, at(8))), [false, true]);
    assert!(!known.is_held_but_by(two, at(9)), "a holder that died is waited for no longer");
    let free = known.let_go(SyncState::Cancelled);
    assert!(!free.is_held_but_by(two, at(2)));
    let again = free.asked(at(3));
    assert_eq!((again.position.as_deref(), again.found), (Some("2"), 0), "it goes on where it was");
    for (shop, kind) in [(&other, SyncKind::Changes), (&shop, SyncKind::Open)] {
        assert_eq!(shop.db.sync(kind).await.unwrap(), None);
    }
});

on_both!(an_invoice_of_an_unknown_customer_is_refused, async |db| {
    let shop = shop(&db.store, "acme").await;
    let tx = shop.db.begin().await.unwrap();
    let refused = tx.invoices_upsert(&[invoice("i-8", "INV-8")], &HashMap::new(), at(0)).await;
    assert!(matches!(refused, Err(Error::Missing)));
});

on_both!(pages_show_every_invoice_once_even_when_all_look_alike, async |db| {
    let shop = shop(&db.store, "acme").await;
    let alike: Vec<_> = (0..50).map(|n| invoice(&format!("x-{n}"), "SAME")).collect();
    read(&shop.db, &[], &alike).await;
    let open = InvoiceFilter { only_open: true, customer: Some(shop.customer), ..search("same") };
    let mut met = HashSet::new();
    for page in 1..=10 {
        let (rows, total) = shop.db.invoice_page(&open, page, 5).await.unwrap();
        assert_eq!((rows.len(), total), (5, 50));
        met.extend(rows.into_iter().map(|row| row.id));
    }
    assert_eq!(met.len(), 50);
});

on_both!(a_page_beyond_all_pages_is_empty, async |db| {
    let shop = shop(&db.store, "acme").await;
    for page in [2, u64::MAX] {
        let (rows, total) = shop.db.invoice_page(&search(""), page, 50).await.unwrap();
        assert_eq!((rows.len(), total), (0, 1));
    }
    assert_eq!(shop.db.invoice_page(&search(""), 0, 50).await.unwrap().0.len(), 1, "page 0 is the first");
});

on_both!(only_what_is_open_and_due_is_most_pressing_first, async |db| {
    let shop = shop(&db.store, "acme").await;
    let of = |n: u32, status, due| BooksInvoice {
        status,
        due: usd(due),
        due_date: day(n),
        ..invoice(&format!("s-{n}"), &format!("S-{n:02}"))
    };
    use InvoiceStatus::{Draft, Open, Paid, Void};
    let all = [of(9, Open, 5), of(3, Open, 5), of(4, Paid, 0), of(5, Void, 5), of(6, Draft, 5), of(7, Open, 0)];
    read(&shop.db, &[], &all).await;
    let open = InvoiceFilter { only_open: true, ..search("S-") };
    assert_eq!(numbers(&shop.db.invoice_page(&open, 1, 10).await.unwrap().0), ["S-03", "S-09"]);
});

on_both!(a_search_means_what_was_typed, async |db| {
    let shop = shop(&db.store, "acme").await;
    let customers = [customer("c-2", "José & Søn 50%_\\"), customer("c-3", "Globex")];
    let of = |id: &str, customer: &str| BooksInvoice { customer_external_id: customer.into(), ..invoice(id, id) };
    read(&shop.db, &customers, &[of("A_1", "c-2"), of("AB1", "c-3"), of("50%", "c-3")]).await;
    for (typed, found) in [
        ("a_1", vec!["A_1"]),
        ("%", vec!["50%", "A_1"]),
        ("_", vec!["A_1"]),
        ("\\", vec!["A_1"]),
        ("gLOBEX", vec!["50%", "AB1"]),
        ("José", vec!["A_1"]),
        ("' OR 1=1 --", vec![]),
        ("nul\0", vec![]),
    ] {
        let (rows, total) = shop.db.invoice_page(&search(typed), 1, 10).await.unwrap();
        let mut found_now = numbers(&rows);
        found_now.sort_unstable();
        assert_eq!((found_now, total), (found.clone(), found.len() as u64), "{typed}");
    }
});

on_both!(junk_in_place_of_a_number_finds_nothing, async |db| {
    let shop = shop(&db.store, "acme").await;
    for junk in ["", "[invnumber]", "INV-1\0", "\0", "INV-1 ", &"9".repeat(65_536), "\u{202e}INV-1"] {
        assert_eq!(shop.db.invoice_by_number(junk).await.unwrap(), None);
        assert_eq!(shop.db.customer_by_name(junk).await.unwrap(), None);
    }
});

on_both!(a_number_that_was_used_again_means_the_invoice_that_counts, async |db| {
    let shop = shop(&db.store, "acme").await;
    let of = |id: &str, status| BooksInvoice { status, ..invoice(id, "N-1") };
    let found = async || shop.db.invoice_by_number("N-1").await.unwrap().unwrap().0.external_id;
    read(&shop.db, &[], &[of("deleted", InvoiceStatus::Void)]).await;
    assert_eq!(found().await, "deleted");
    read(&shop.db, &[], &[of("again", InvoiceStatus::Open)]).await;
    assert_eq!(found().await, "again");
    read(&shop.db, &[], &[of("voided-later", InvoiceStatus::Void)]).await;
    assert_eq!(found().await, "again", "whichever was read last");
});

on_both!(what_we_wrote_onto_an_invoice_is_told_from_what_others_did, async |db| {
    let shop = shop(&db.store, "acme").await;
    let order = shop.opened().await;
    let tx = shop.db.begin().await.unwrap();
    tx.books_entries_intend(order.attempt.id, &order.allocations, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(shop.db.posted_on(vec![shop.invoice]).await.unwrap().is_empty(), "meant is not written");
    assert_eq!(shop.db.books_entries_waiting(at(2)).await.unwrap().len(), 1);
    assert!(shop.db.books_entries_waiting(at(1)).await.unwrap().is_empty(), "not for long yet");
    assert_eq!(shop.db.attempts_unknown(at(1)).await.unwrap().len(), 1);

    let entry = shop.db.books_entries(order.attempt.id).await.unwrap().remove(0);
    let tx = shop.db.begin().await.unwrap();
    tx.books_entry_move(&entry, BooksEntryState::Posted, Some("p-1"), None, at(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.db.posted_on(vec![shop.invoice]).await.unwrap(), [(shop.invoice, 10_000)].into());
    assert!(shop.db.books_entries_waiting(at(2)).await.unwrap().is_empty());
    let paid_on = InvoiceFilter { only_paid_on: true, ..InvoiceFilter::default() };
    assert_eq!(shop.db.invoice_page(&paid_on, 1, 10).await.unwrap().1, 0, "until the books say so");
    read(&shop.db, &[], &[BooksInvoice { due: usd(4_000), ..invoice("i-1", "INV-1") }]).await;
    assert_eq!(shop.db.invoice_page(&paid_on, 1, 10).await.unwrap().1, 1);
});

on_both!(s50_a_number_is_found_in_whichever_case_unless_two_are_alike, async |db| {
    let shop = shop(&db.store, "acme").await;
    let [one, upper, lower] = shop.invoices(&["Abc-7", "XY-1", "xy-1"]).await.try_into().unwrap();
    let found = async |number: &str| shop.db.invoice_by_number(number).await.unwrap().map(|(invoice, _)| invoice.id);
    for number in ["Abc-7", "ABC-7", "abc-7"] {
        assert_eq!(found(number).await, Some(one), "{number}");
    }
    assert_eq!((found("XY-1").await, found("xy-1").await), (Some(upper), Some(lower)));
    assert_eq!(found("Xy-1").await, None, "nobody can tell which is meant");
});

async fn advance(shop: &Shop) -> Invoice {
    Invoice {
        id: InvoiceId(Uuid::now_v7()),
        external_id: "of-ours".into(),
        number: "CR-1".into(),
        advance: Some(AdvanceKind::Prepayment),
        purpose: Some("Hardware".into()),
        reference: None,
        ..shop.db.invoice(shop.invoice).await.unwrap()
    }
}

on_both!(g29_what_became_credit_when_it_was_posted_stays_when_its_money_went_back, async |db| {
    let shop = shop(&db.store, "acme").await;
    let (order, advance) = (shop.opened().await, advance(&shop).await);
    let attempt = order.attempt.id;
    let tx = shop.db.begin().await.unwrap();
    tx.books_entries_intend(attempt, &order.allocations, at(0)).await.unwrap();
    let entry = tx.books_entries(attempt).await.unwrap().remove(0);
    tx.advance_add(advance.clone()).await.unwrap();
    tx.claim_take(attempt, advance.id).await.unwrap();
    tx.books_entry_split(&entry, 9_000, advance.id, at(0)).await.unwrap();
    tx.advance_settle(advance.id, true).await.unwrap();
    tx.advance_settle(advance.id, false).await.unwrap();
    tx.commit().await.unwrap();

    let tx = shop.db.begin().await.unwrap();
    assert_eq!(tx.advances_prune(at(9), 10).await.unwrap(), 0, "its write into the books names it");
    tx.commit().await.unwrap();
    assert_eq!(shop.db.invoice(advance.id).await.unwrap().due_minor, advance.total_minor);
});

on_both!(g34_an_advance_is_no_invoice_in_any_list_and_goes_when_nobody_pays_it, async |db| {
    let shop = shop(&db.store, "acme").await;
    let advance = advance(&shop).await;
    let tx = shop.db.begin().await.unwrap();
    tx.advance_add(advance.clone()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.db.invoice(advance.id).await.unwrap(), advance);
    let (rows, total) = shop.db.invoice_page(&InvoiceFilter::default(), 1, 10).await.unwrap();
    assert_eq!((numbers(&rows), total), (vec!["INV-1"], 1));
    assert_eq!(shop.db.invoice_sums(&InvoiceFilter::default()).await.unwrap()[0].money().unwrap(), usd(10_000));
    assert!(shop.db.invoice_by_number("CR-1").await.unwrap().is_none());

    for (stands, status, due) in [(true, InvoiceStatus::Paid, 0), (false, InvoiceStatus::Open, 10_000)] {
        let tx = shop.db.begin().await.unwrap();
        tx.advance_settle(advance.id, stands).await.unwrap();
        tx.advance_settle(shop.invoice, stands).await.unwrap();
        tx.commit().await.unwrap();
        let row = shop.db.invoice(advance.id).await.unwrap();
        assert_eq!((row.status, row.due_minor), (status, due));
        assert_eq!(shop.db.invoice(shop.invoice).await.unwrap().due_minor, 10_000, "invoices are told by the books");
    }
    for (before, gone) in [(at(0), 0), (at(1), 1), (at(1), 0)] {
        let tx = shop.db.begin().await.unwrap();
        assert_eq!(tx.advances_prune(before, 10).await.unwrap(), gone);
        tx.commit().await.unwrap();
    }
    shop.db.invoice(shop.invoice).await.unwrap();
});
