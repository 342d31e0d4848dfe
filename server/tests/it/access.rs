//! Every page and every endpoint × everybody who can come: what works for the one whom it is for is *not found* for all
//! others, never *forbidden* (D20). All ids exist. What does not stand here turns the build red.

use crate::support::{Answer, Client, Form, House, ana, field, link_for, places, sign_event};
use domain::access::Role;
use simulators::facts;
use std::collections::BTreeSet;

type Body = &'static [(&'static str, &'static str)];

/// Pages, and whom each is for. `PAYMENT` stands for Acme's payment at Northwind, `INVOICE` for one of their invoices there.
const PAGES: [(&str, Role); 15] = [
    ("/dashboard", Role::Payer),
    ("/methods", Role::Payer),
    ("/methods/new", Role::Payer),
    ("/methods/bank", Role::Payer),
    ("/payments", Role::Payer),
    ("/prepay", Role::Payer),
    ("/payments/PAYMENT", Role::Payer),
    ("/admin", Role::Admin),
    ("/admin/invoices/INVOICE", Role::Admin),
    ("/admin/transactions", Role::Admin),
    ("/admin/transactions/PAYMENT", Role::Admin),
    ("/admin/exceptions", Role::Admin),
    ("/admin/mail", Role::Admin),
    ("/admin/webhooks", Role::Admin),
    ("/operator", Role::Operator),
];
const METHOD_NAME: &str = "Blue office card";
/// Where Northwind's events are sent.
const SECRET_PLACE: &str = "http://127.0.0.1:9/of-northwind";
/// Files and pages outside the App, and whom each is for. `INVOICE` stands for one of Acme's at Northwind, `PAYMENT` for its payment.
const FILES: [(&str, Role); 14] = [
    ("/invoices/INVOICE", Role::Payer),
    ("/statements", Role::Payer),
    ("/credit-notes", Role::Payer),
    ("/admin/configure/accounting-connections", Role::Admin),
    ("/admin/configure/merchants/northwind/integrations", Role::Admin),
    ("/admin/configure/merchants/northwind/settings", Role::Admin),
    ("/admin/configure/merchants/northwind/payment-methods", Role::Admin),
    ("/admin/configure/merchants/northwind/surcharges", Role::Admin),
    ("/admin/sync", Role::Admin),
    ("/dashboard/sync", Role::Payer),
    ("/payments/invoice.pdf?invoice=INVOICE", Role::Payer),
    ("/admin/payouts", Role::Admin),
    ("/admin/transactions.csv", Role::Admin),
    ("/admin/transactions/PAYMENT/proof", Role::Admin),
];
/// What has books read, and for whom; each has those of its own merchant read.
const DOWNLOADS: [(&str, Role); 2] = [("/admin/sync", Role::Admin), ("/dashboard/sync", Role::Payer)];
/// Pages that need no session; those of a checkout need its id. That of the sandbox is none of the App's, and is opened by two
/// ids: `sandbox.rs` holds that nobody else finds it.
const OPEN_PAGES: [&str; 5] = ["/", "/sign-in", "/npe", "/npe/result", "/pods/connectwise"];
/// Server functions behind a session, whom each is for, and a body that works for them.
const ENDPOINTS: [(&str, Role, Body); 32] = [
    ("/api/invoices/dashboard", Role::Payer, &[]),
    ("/api/invoices/pay", Role::Payer, &[("invoice", "INVOICE")]),
    ("/api/invoices/pay_chosen", Role::Payer, &[("invoices[]", "INVOICE")]),
    ("/api/payments/prepay", Role::Payer, &[("amount", "5.00"), ("purpose", "")]),
    ("/api/transactions/past", Role::Payer, &[("search", ""), ("page", "1")]),
    ("/api/methods/list", Role::Payer, &[]),
    ("/api/methods/new", Role::Payer, &[]),
    ("/api/methods/save", Role::Payer, &[("method", "METHOD"), ("token", "pm_card_visa")]),
    ("/api/methods/name", Role::Payer, &[("method", "METHOD"), ("nickname", METHOD_NAME)]),
    ("/api/methods/choose", Role::Payer, &[("method", "METHOD")]),
    ("/api/methods/remove", Role::Payer, &[("method", "METHOD")]),
    ("/api/invoices/admin_home", Role::Admin, &[("search", ""), ("page", "1")]),
    ("/api/transactions/list", Role::Admin, &[("search", ""), ("page", "1")]),
    ("/api/transactions/story", Role::Admin, &[("payment", "PAYMENT")]),
    ("/api/transactions/post_again", Role::Admin, &[("payment", "PAYMENT")]),
    ("/api/transactions/reallocate", Role::Admin, &[("payment", "PAYMENT"), ("from", "INVOICE"), ("to", "INVOICE")]),
    (
        "/api/refunds/start",
        Role::Admin,
        &[
            ("payment", "PAYMENT"),
            ("refund", "rfd_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b"),
            ("currency", "USD"),
            ("amount", "1.00"),
            ("reason", "one cable less"),
        ],
    ),
    ("/api/exceptions/list", Role::Admin, &[("page", "1")]),
    ("/api/exceptions/retry", Role::Admin, &[("exception", "EXCEPTION")]),
    ("/api/exceptions/create_customer", Role::Admin, &[("exception", "EXCEPTION")]),
    ("/api/exceptions/write_return_invoice", Role::Admin, &[("exception", "EXCEPTION")]),
    (
        "/api/exceptions/fix",
        Role::Admin,
        &[("exception", "EXCEPTION"), ("reason", "Entered by hand"), ("reference", "TX-1")],
    ),
    ("/api/exceptions/decide", Role::Admin, &[("exception", "EXCEPTION"), ("verdict", "there"), ("reference", "pi_1")]),
    ("/api/mail/list", Role::Admin, &[("search", ""), ("page", "1")]),
    ("/api/webhooks/list", Role::Admin, &[]),
    ("/api/webhooks/send_again", Role::Admin, &[("endpoint", "ENDPOINT"), ("event", "EVENT")]),
    ("/api/webhooks/turn_on", Role::Admin, &[("endpoint", "ENDPOINT")]),
    ("/api/connections/test", Role::Admin, &[("connection", "CONNECTION")]),
    ("/api/connections/reconnect", Role::Admin, &[("connection", "CONNECTION")]),
    ("/api/connections/pause", Role::Admin, &[("connection", "CONNECTION"), ("paused", "false")]),
    ("/api/installation/show", Role::Operator, &[]),
    ("/api/installation/multi_connection", Role::Operator, &[("merchant", "Northwind IT"), ("multi", "false")]),
];
/// Addresses on which the staff of a merchant keep books of our own, outside the App: what is sent there, none where the page is
/// read. `CUSTOMER`, `DRAFT`, `NOTE` and `PAID` stand for one of Harbour's; what else works there, `own_books.rs` shows.
const OWN_BOOKS: [(&str, Option<Body>); 35] = [
    ("/admin/customers", None),
    ("/admin/customers/new", None),
    ("/admin/customers/CUSTOMER", None),
    ("/admin/customers/CUSTOMER", Some(&[("name", "Acme NZ Limited"), ("code", "ACMENZ")])),
    ("/admin/customers/archived", None),
    ("/admin/customers/CUSTOMER/archive", Some(&[("archived", "no")])),
    ("/admin/customers/CUSTOMER/statement", None),
    ("/admin/customers/CUSTOMER/statement.pdf", None),
    ("/admin/invoices", None),
    ("/admin/invoices/new", None),
    ("/admin/invoices/numbers", Some(&[("next_number", "HT-1003")])),
    ("/admin/invoices/DRAFT/edit", None),
    ("/admin/invoices/DRAFT/edit", Some(&[("do", "lines")])),
    ("/admin/invoices/DRAFT/issue", Some(&[("changes", "0")])),
    ("/admin/invoices/DRAFT/invoice.pdf", None),
    ("/admin/invoices/DRAFT/mail", Some(&[("sent", "0")])),
    ("/admin/invoices/DRAFT/credit", None),
    ("/admin/invoices/DRAFT/credit", Some(&[("note", "NOTE"), ("amount", "0.50"), ("reason", "less")])),
    ("/admin/invoices/DRAFT/payment", None),
    (
        "/admin/invoices/DRAFT/payment",
        Some(&[("payment", "PAID"), ("amount", "0.10"), ("date", "2020-01-01"), ("reference", "cash")]),
    ),
    ("/admin/invoices/DRAFT/payment/back", Some(&[("payment", "PAID")])),
    ("/admin/customers/CUSTOMER/payment", None),
    (
        "/admin/customers/CUSTOMER/payment",
        Some(&[("payment", ADVANCE), ("amount", "9.00"), ("date", "2020-01-01"), ("reference", "cash")]),
    ),
    ("/admin/customers/CUSTOMER/payment/back", Some(&[("payment", ADVANCE)])),
    ("/admin/invoices/DRAFT/use-credit", None),
    ("/admin/invoices/DRAFT/use-credit", Some(&[("credit", ""), ("amount", "")])),
    ("/admin/credits", None),
    ("/admin/credits/NOTE", None),
    ("/admin/credits/NOTE/credit-note.pdf", None),
    ("/admin/credits/NOTE/allocate", Some(&[("left", "0"), ("invoice", "DRAFT"), ("amount", "0.10")])),
    ("/admin/credits/NOTE/void", Some(&[])),
    ("/admin/invoices/DRAFT/void", Some(&[])),
    ("/admin/import", None),
    ("/admin/import", Some(&[])),
    ("/admin/import/confirm", Some(&[])),
];
const ADVANCE: &str = "lpy_0193a1b2c3d47e5f8a9b0c1d2e3f4a5c";
/// What the staff of Northwind press on its tabs, outside the App: with what, and what it answers. Nothing is sent to
/// `NO_ENDPOINT`, and Xero draws its own documents.
const TABS: [(&str, Body, u16); 16] = [
    ("integrations/sell", &[("is_enabled", "yes"), ("key", KEY), ("do", "generate")], 303),
    ("integrations/sell", &[("do", "save")], 303),
    ("integrations/sell/display", &[("key", KEY)], 200),
    ("integrations/sell/retire", &[("key", KEY)], 303),
    ("integrations/quotes", &[("return_hosts", "sell.example")], 303),
    ("integrations/webhooks", &[("url", "http://127.0.0.1:9/second")], 200),
    ("integrations/webhooks/secret", &[("endpoint", NO_ENDPOINT), ("seen", "")], 404),
    ("integrations/webhooks/off", &[("endpoint", NO_ENDPOINT)], 404),
    ("integrations/webhooks/on", &[("endpoint", NO_ENDPOINT)], 404),
    ("integrations/webhooks/remove", &[("endpoint", NO_ENDPOINT)], 303),
    ("settings/payments", &[("takes_parts", "yes"), ("takes_more", "no")], 303),
    ("settings/debits", &[], 303),
    ("settings/documents", &[("address", "1 Main Street"), ("tax_number", "1")], 404),
    // A file of rules comes in another encoding: whoever may send one has it refused as such.
    ("surcharges/preview", &[], 400),
    ("surcharges/save", &[], 400),
    ("surcharges/off", &[], 303),
];
const NO_ENDPOINT: &str = "end_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b";
const KEY: &str = "wpik_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b";
/// Addresses on which staff connect books of somebody else's, outside the App: what is sent there, none where the page is read.
/// `CONNECTION` stands for Northwind's; how books are really connected, `consent.rs` shows.
const CONNECTING: [(&str, Option<Body>); 7] = [
    ("organisation", None),
    ("organisation", Some(&[("organisation", "1")])),
    ("connect", Some(&[("lane", "all"), ("provider", "xero")])),
    ("callback?state=made-up&code=made-up", None),
    ("set-up", None),
    ("set-up", Some(&[("clearing", "825"), ("prepayment", "830")])),
    ("disconnect", Some(&[("connection", "CONNECTION")])),
];
/// Server functions of a checkout: its random id is the right to see and pay one invoice. And what works answers with.
const CHECKOUT: [(&str, Body, &str); 5] = [
    ("/api/payments/page", &[("checkout", "CHECKOUT")], "INV-501"),
    (
        "/api/payments/take",
        &[
            ("checkout", "CHECKOUT"),
            ("payment", "PAYMENT"),
            ("expected", "USD 120450"),
            ("email", "accounts@acme.test"),
            ("token", "pm_card_visa"),
        ],
        "",
    ),
    ("/api/payments/amounts", &[("checkout", "CHECKOUT"), ("currency", "USD"), ("amounts[]", "1204.50")], ""),
    ("/api/payments/standing", &[("checkout", "CHECKOUT"), ("payment", "PAYMENT")], "INV-501"),
    ("/api/payments/cancel", &[("checkout", "CHECKOUT"), ("payment", "PAYMENT")], ""),
];
/// Addresses of a quoting program and of the payers whom it sends here, outside the App: what they answer whoever has neither its
/// key nor a session of its. What works there, `quotes.rs` shows.
const QUOTES: [(&str, u16); 3] = [
    ("/api/integrations/quotes/v1/sessions/qs_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b", 401),
    ("/q/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 404),
    ("/q/back?transactionId=CHECKOUT", 404),
];
/// Open to everybody by their nature.
const OPEN: [&str; 5] =
    ["/api/session/note", "/api/session/home", "/api/session/sign_in", "/api/session/sign_out", "/api/session/switch"];

#[tokio::test]
async fn d20_every_page_and_every_server_function_stands_in_these_tables() {
    let _house = House::new().await;
    let registered: BTreeSet<_> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    let guarded = ENDPOINTS.iter().map(|(path, ..)| *path).chain(CHECKOUT.iter().map(|(path, ..)| *path));
    let known: BTreeSet<_> = guarded.chain(OPEN).map(str::to_owned).collect();
    assert_eq!(registered, known, "add new endpoints to these tables, with a body that works");

    let routes = leptos_axum::generate_route_list(app::App);
    let mut registered = BTreeSet::new();
    for route in &routes {
        let path = ["payment", "invoice"].into_iter().fold(route.path().to_owned(), |path, name| {
            let thing = name.to_uppercase();
            path.replace(&format!("{{{name}}}"), &thing).replace(&format!(":{name}"), &thing)
        });
        registered.insert(path);
    }
    let known: BTreeSet<_> = PAGES.iter().map(|(path, _)| *path).chain(OPEN_PAGES).map(str::to_owned).collect();
    assert_eq!(registered, known, "add new pages to these tables");
}

#[tokio::test]
async fn d20_what_works_for_one_is_not_found_for_everybody_else() {
    let house = House::new().await;
    house.execute("UPDATE merchant SET takes_prepayments = TRUE").await;
    let things = Things::of_acme(&house).await;
    let callers = Caller::all(&house).await;
    for (path, role, body) in ENDPOINTS {
        let body = things.put_into(body);
        for caller in &callers {
            let answer = caller.client.call(path, &body).await;
            caller.check(
                role,
                path,
                !body.is_empty() && !["search", "page", "amount"].contains(&body[0].0),
                &answer,
                &things,
            );
        }
    }
    for (path, role) in PAGES.into_iter().chain(FILES) {
        let names_a_thing = ["PAYMENT", "INVOICE", "northwind"].iter().any(|thing| path.contains(thing));
        let path = path.replace("PAYMENT", &things.form.payment).replace("INVOICE", &things.invoice);
        for caller in &callers {
            caller.check(role, &path, names_a_thing, &caller.client.get(&path).await, &things);
        }
    }
    for (path, role) in DOWNLOADS {
        for caller in &callers {
            let pressed = caller.client.post(path, &[("do", "start")]).await;
            let led_back = pressed.status == 303 && pressed.location.as_deref().is_some_and(|to| to.starts_with(path));
            assert_eq!(led_back, caller.role == role, "{} at {path}: {}", caller.name, pressed.status);
            things.assert_hidden_in(&pressed, path);
        }
    }
    let charges = house.charges().await;
    assert_eq!(charges.len(), 1, "none of it charged anything");
    assert_eq!(charges[0]["refunded_minor"], 100, "and only its own staff paid anything back");
}

#[tokio::test]
async fn d20_a_checkout_is_the_right_to_its_own_invoice_and_to_no_other() {
    let house = House::new().await;
    let things = Things::of_acme(&house).await;
    let stranger = house.client();
    let bolt = stranger.open("INV-601").await.checkout;
    let harbour = stranger.get(&link_of(facts::HARBOUR.pay_now.email, "HT-1001")).await.location.unwrap();
    let harbour = harbour.split("transactionId=").nth(1).unwrap().to_owned();
    let nobodys = format!("chk_{}", "0".repeat(32));
    for (path, body, shows) in CHECKOUT {
        let body = things.put_into(body);
        for (whose, checkout) in [("nobody's", &nobodys), ("Bolt's", &bolt), ("Harbour's", &harbour)] {
            let mut theirs = body.clone();
            theirs[0].1 = checkout;
            let answer = stranger.call(path, &theirs).await;
            let due = match (path, whose) {
                ("/api/payments/page", "Bolt's" | "Harbour's") => 200,
                // Their own invoices owe other amounts; the answer is the same for an id that nobody has.
                ("/api/payments/take" | "/api/payments/amounts", "Bolt's" | "Harbour's") => 409,
                _ => 404,
            };
            assert_eq!(answer.status, due, "{path} with {whose} checkout: {}", answer.body);
            things.assert_hidden_in(&answer, &format!("{path} with {whose} checkout"));
        }
        let own = house.client().call(path, &body).await;
        // It is paid: nothing is left to pay a part of.
        let due = if path == "/api/payments/amounts" { 409 } else { 200 };
        assert!(own.status == due && own.body.contains(shows), "{path}: {} {}", own.status, own.body);
        let leads_on = own.location.is_none_or(|to| to.contains(&things.form.payment));
        assert!(leads_on, "{path} leads to the payment's result");
    }
    let file = async |checkout: &str| stranger.get(&format!("/npe/invoice.pdf?transactionId={checkout}")).await;
    for (whose, checkout, due) in [("nobody's", &nobodys, 404), ("Bolt's", &bolt, 200), ("Harbour's", &harbour, 200)] {
        let answer = file(checkout).await;
        assert_eq!(answer.status, due, "the file of {whose} checkout: {}", answer.body);
        things.assert_hidden_in(&answer, &format!("the file of {whose} checkout"));
    }
    assert!(file(&things.form.checkout).await.body.contains("Invoice INV-501"));
    assert_eq!(house.charges().await.len(), 1, "the same payment, and nobody else's");
}

#[tokio::test]
async fn d20_books_of_our_own_are_kept_by_their_own_staff_alone() {
    let house = House::new().await;
    let callers = Caller::all(&house).await;
    let (keeper, others): (Vec<_>, Vec<_>) = callers.iter().partition(|caller| caller.name == "Harbour's staff");
    let keeper = &keeper[0].client;
    let list = keeper.get("/admin/customers").await.body;
    let customer = format!("cus_{}", &list.split("/admin/customers/cus_").nth(1).unwrap()[..32]);
    let form = keeper.get("/admin/invoices/new").await.body;
    let draft = format!("inv_{}", &form.split("/admin/invoices/inv_").nth(1).unwrap()[..32]);
    let lines = [("description", "Support"), ("quantity", "1"), ("unit_price", "1.00"), ("tax", "")];
    let fields = [&lines[..], &[("customer", customer.as_str()), ("date", "2026-11-25")]].concat();
    assert_eq!(keeper.post(&format!("/admin/invoices/{draft}/edit"), &fields).await.status, 303);
    for (path, sent) in OWN_BOOKS {
        let note = "crn_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b";
        let real = |text: &str| {
            text.replace("CUSTOMER", &customer)
                .replace("DRAFT", &draft)
                .replace("NOTE", note)
                .replace("PAID", &note.replace("crn_", "lpy_"))
        };
        let path = real(path);
        for caller in
            others.iter().map(|caller| (caller.name, caller.role, &caller.client)).chain([("", Role::Admin, keeper)])
        {
            let (name, role, client) = caller;
            let answer = match sent {
                Some(body) => {
                    let body: Vec<_> = body.iter().map(|(key, value)| (*key, real(value))).collect();
                    let body: Vec<_> = body.iter().map(|(key, value)| (*key, value.as_str())).collect();
                    client.post(&path, &body).await
                }
                None => client.get(&path).await,
            };
            let what = format!("{name} at {path}: {} {}", answer.status, answer.body);
            let to_sign_in = answer.location.as_ref().is_some_and(|to| to.starts_with("/sign-in?next=%2Fadmin"));
            match (name, role) {
                // A table comes in another encoding: whoever may send one has it refused as such.
                ("", _) if sent.is_some_and(<[_]>::is_empty) && path.contains("import") => {
                    assert_eq!(answer.status, 400, "{what}");
                }
                // Of the credit, nothing is left to be given to another invoice, and no other is chosen.
                ("", _) if path.ends_with("allocate") || (path.ends_with("use-credit") && sent.is_some()) => {
                    assert_eq!(answer.status, 422, "{what}");
                }
                ("", _) => assert!([200, 303].contains(&answer.status) && !to_sign_in, "{what}"),
                // What was typed comes back, to be sent once more.
                (_, Role::Anonymous) if sent.is_some_and(|body| !body.is_empty()) => {
                    assert!(answer.status == 401 && answer.body.contains("Send it again"), "{what}");
                }
                (_, Role::Anonymous) => assert!(to_sign_in, "{what}"),
                _ => assert!(answer.status == 404 && !answer.body.contains("Acme NZ"), "{what}"),
            }
        }
    }
    let northwind = house.staff().await;
    assert_eq!(northwind.get(&format!("/admin/invoices/{draft}")).await.status, 404);
    assert!(!northwind.get("/admin").await.body.contains("/admin/customers"), "nothing is offered that is not found");
}

#[tokio::test]
async fn d20_what_a_merchants_staff_configure_is_their_own_alone() {
    let house = House::new().await;
    let mut callers = Caller::all(&house).await;
    // Whoever may do it comes last, so that nothing stands before.
    callers.sort_by_key(|caller| caller.name == "Northwind's staff");
    for (act, body, due) in TABS {
        let path = format!("/admin/configure/merchants/northwind/{act}");
        for Caller { name, role, client, .. } in &callers {
            let answer = client.post(&path, body).await;
            let what = format!("{name} at {path}: {} {}", answer.status, answer.body);
            let to_sign_in = answer.location.as_ref().is_some_and(|to| to.starts_with("/sign-in?next=%2Fadmin"));
            match *name {
                "Northwind's staff" => assert!(answer.status == due && !to_sign_in, "{what}"),
                _ if *role == Role::Anonymous => assert!(to_sign_in, "{what}"),
                _ => assert!(
                    answer.status == 404 && !["wpsk_", "whsec_"].iter().any(|secret| answer.body.contains(secret)),
                    "{what}"
                ),
            }
            let menu = client.get("/admin/configure/merchants").await;
            let own = if *name == "Harbour's staff" { "harbour" } else { "northwind" };
            match role {
                Role::Admin => assert!(menu.location.is_some_and(|to| to.contains(own)), "{what}"),
                Role::Anonymous => assert!(menu.location.is_some_and(|to| to.starts_with("/sign-in"))),
                _ => assert_eq!(menu.status, 404, "{what}"),
            }
        }
    }
}

#[tokio::test]
async fn d20_books_are_connected_by_their_own_staff_alone() {
    let house = House::new().await;
    let callers = Caller::all(&house).await;
    let page = house.staff().await.get("/admin/configure/accounting-connections").await.body;
    let connection = field(&page, "connection");
    for (part, sent) in CONNECTING {
        let path = format!("/admin/configure/accounting-connections/{part}");
        for caller in &callers {
            let answer = match sent {
                Some(body) => {
                    let real = |value: &'static str| if value == "CONNECTION" { connection.as_str() } else { value };
                    let body: Vec<_> = body.iter().map(|(key, value)| (*key, real(value))).collect();
                    caller.client.post(&path, &body).await
                }
                None => caller.client.get(&path).await,
            };
            let what = format!("{} at {path}: {} {:?} {}", caller.name, answer.status, answer.location, answer.body);
            let to = answer.location.unwrap_or_default();
            match (caller.role, caller.ours) {
                (Role::Anonymous, _) => {
                    assert!(to.starts_with("/sign-in?next=%2Fadmin") && !to.contains("code"), "{what}")
                }
                (Role::Admin, true) => {
                    assert!([200, 303].contains(&answer.status) && !to.starts_with("/sign-in"), "{what}");
                }
                // Their own books are the built-in ledger, and they have asked for nothing.
                (Role::Admin, false) => assert!(answer.status == 404 || to.contains("?done="), "{what}"),
                _ => assert_eq!(answer.status, 404, "{what}"),
            }
            let is_theirs = caller.role == Role::Admin && caller.ours;
            assert!(is_theirs || !answer.body.contains(facts::NORTHWIND.name), "{what}");
        }
    }
}

#[tokio::test]
async fn d20_the_switcher_and_the_search_lead_to_no_place_of_somebody_else() {
    let house = House::new().await;
    let things = Things::of_acme(&house).await;
    let (ana, bo, harbour) = (house.client(), house.client(), house.client());
    ana.sign_in(facts::ANA_EMAIL).await;
    bo.sign_in(facts::BO_EMAIL).await;
    harbour.sign_in(facts::HARBOUR.admin_email).await;
    let elsewhere = places(&ana.get("/dashboard").await.body).remove(0).0;
    assert_eq!(bo.call("/api/session/switch", &[("place", &elsewhere)]).await.status, 404);
    assert_eq!(ana.call("/api/session/switch", &[("place", &elsewhere)]).await.status, 200);

    // The words searched for come back in the search field; nothing that they would find may.
    for (path, found) in [("/admin/transactions?q=INV-501", "PAY-"), ("/admin?q=Acme+Pty", "INV-")] {
        let page = harbour.get(path).await;
        assert!(page.status == 200 && !page.body.contains(found), "{path}");
        things.assert_hidden_in(&harbour.get("/admin/mail").await, path);
    }
}

#[tokio::test]
async fn d20_partners_reach_what_their_key_is_for_and_nothing_else() {
    let house = House::new().await;
    let guest = house.client();
    let (northwind, harbour) = (facts::NORTHWIND.pay_now.email, facts::HARBOUR.pay_now.email);
    for (key, number, status) in [
        (northwind, "INV-501", 303),
        (harbour, "HT-1001", 303),
        (harbour, "INV-501", 404),
        (northwind, "HT-1001", 404),
        ("00000000000000000000000000000000", "INV-501", 404),
    ] {
        let answer = guest.get(&link_of(key, number)).await;
        assert_eq!(answer.status, status, "{number} with {key}: {}", answer.body);
        assert!(status == 303 || !answer.body.contains("Acme"), "{}", answer.body);
    }

    let body = r#"{"id":"evt_1","object":"event","type":"customer.created","created":1,"data":{"object":{"id":"cus_1","object":"customer"}}}"#;
    let nobodys = format!("con_{}", "0".repeat(32));
    for (connection, secret, status) in [
        (house.gateway.to_string(), facts::stripe::PORTAL_WEBHOOK_SECRET, 200),
        (house.gateway.to_string(), "whsec_of_somebody_else", 400),
        (nobodys, facts::stripe::PORTAL_WEBHOOK_SECRET, 404),
    ] {
        let signature = sign_event(body, secret, chrono::Utc::now().timestamp());
        let request = crate::support::http().post(format!("{}/webhooks/stripe/{connection}", house.portal));
        let answer = guest.send(request.header("stripe-signature", signature).body(body)).await;
        assert_eq!(answer.status, status, "{connection}");
    }
}

#[tokio::test]
async fn d20_no_address_of_the_partner_api_opens_without_a_key() {
    let house = House::without_worker().await;
    let staff = house.staff().await;
    let openapi: serde_json::Value = serde_json::from_str(&staff.get("/openapi.json").await.body).unwrap();
    for (path, methods) in openapi["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method: reqwest::Method = method.to_uppercase().parse().unwrap();
            let address = format!("{}{}", house.portal, path.replace(['{', '}'], ""));
            for key in ["", "Bearer ", "Bearer wpsk_0"] {
                let request = crate::support::http().request(method.clone(), &address).header("authorization", key);
                let answer = staff.send(request.header("idempotency-key", "one").body("{}")).await;
                assert_eq!(answer.status, 401, "{method} {path}, with a session: {}", answer.body);
                assert!(answer.body.contains("\"invalid_key\""), "{}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn d20_no_address_of_quotes_tells_anything_without_its_key_or_its_session() {
    let house = House::without_worker().await;
    let staff = house.staff().await;
    let checkout = staff.open("INV-501").await.checkout;
    let sessions = "/api/integrations/quotes/v1/sessions";
    assert_eq!(staff.post(sessions, &[]).await.status, 401, "with a session of staff's");
    for client in [house.client(), staff] {
        for (path, status) in QUOTES {
            let answer = client.get(&path.replace("CHECKOUT", &checkout)).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn d20_other_sites_cannot_post_what_works_from_ours() {
    let house = House::new().await;
    let nobody = house.client();
    let form = nobody.open("INV-501").await;
    let press = async |origin: &str| {
        let request = crate::support::http().post(format!("{}/api/payments/take", house.portal));
        nobody.send(request.header("origin", origin).form(&form.fields("pm_card_visa"))).await.status
    };
    assert_eq!(press("https://evil.example").await, 403);
    assert_eq!(press("null").await, 403);
    assert!(house.charges().await.is_empty());
    assert_eq!(press(&house.portal).await, 303);
    house.assert_paid_once("INV-501", 120_450).await;
}

/// Acme's at Northwind: one invoice paid, another one open, a saved card.
struct Things {
    form: Form,
    invoice: String,
    method: String,
    reference: String,
    /// About their payment, and over.
    exception: String,
    /// Nobody answers there.
    endpoint: String,
    event: String,
    /// To Northwind's books.
    connection: String,
}

impl Things {
    async fn of_acme(house: &House) -> Self {
        house.engine.endpoint_add(facts::NORTHWIND.name, SECRET_PLACE).await.unwrap();
        let guest = house.client();
        let form = guest.open("INV-501").await;
        let result = guest.pay(&form, "pm_card_visa").await.location.unwrap();
        house.assert_paid_once("INV-501", 120_450).await;
        let result = guest.get(&result).await.body;
        let reference = result.split("PAY-").nth(1).map(|rest| format!("PAY-{}", &rest[..10])).unwrap();
        let ana = ana(&house.portal).await;
        let dashboard = ana.get("/dashboard").await.body;
        let invoice = dashboard.split("value=\"inv_").nth(1).map(|rest| format!("inv_{}", &rest[..32])).unwrap();
        let method = field(&ana.get("/methods/new").await.body, "method");
        let card = [("method", method.as_str()), ("token", "pm_card_visa"), ("nickname", METHOD_NAME)];
        assert_eq!(ana.post("/api/methods/save", &card).await.status, 303);
        let attempt = house.charges().await.remove(0)["metadata"]["attempt_id"].as_str().unwrap().to_owned();
        let staff = house.staff().await;
        let tried = async || staff.get("/admin/webhooks").await.body.contains("name=\"event\"");
        house.until("an event was tried", tried).await;
        let page = staff.get("/admin/webhooks").await.body;
        let (endpoint, event) = (field(&page, "endpoint"), field(&page, "event"));
        let connection = field(&staff.get("/admin/configure/accounting-connections").await.body, "connection");
        let exception = format!("posting_missing:{attempt}");
        Self { form, invoice, method, reference, exception, endpoint, event, connection }
    }

    fn put_into(&self, body: Body) -> Vec<(&str, &str)> {
        let real = |value: &'static str| match value {
            "CHECKOUT" => self.form.checkout.as_str(),
            "INVOICE" => &self.invoice,
            "METHOD" => &self.method,
            "EXCEPTION" => &self.exception,
            "ENDPOINT" => &self.endpoint,
            "EVENT" => &self.event,
            "CONNECTION" => &self.connection,
            "PAYMENT" => &self.form.payment,
            other => other,
        };
        body.iter().map(|(key, value)| (*key, real(value))).collect()
    }

    fn assert_hidden_in(&self, answer: &Answer, what: &str) {
        for secret in ["INV-50", "accounts@acme.test", METHOD_NAME, SECRET_PLACE, &self.reference] {
            assert!(!answer.body.contains(secret), "{what} tells {secret}: {}", answer.body);
        }
    }
}

/// Somebody with a session, or without.
struct Caller {
    name: &'static str,
    role: Role,
    /// Stands where Acme's things are their own.
    ours: bool,
    client: Client,
}

impl Caller {
    /// Each role where Acme's things are, and each of them elsewhere: another customer, another merchant, the same
    /// person at another merchant.
    async fn all(house: &House) -> Vec<Self> {
        let mut all = vec![Self { name: "nobody", role: Role::Anonymous, ours: false, client: house.client() }];
        for (name, role, ours, email, place) in [
            ("Ana at Northwind", Role::Payer, true, facts::ANA_EMAIL, facts::NORTHWIND.name),
            ("Ana at Harbour", Role::Payer, false, facts::ANA_EMAIL, facts::HARBOUR.name),
            ("Bo", Role::Payer, false, facts::BO_EMAIL, facts::NORTHWIND.name),
            ("Northwind's staff", Role::Admin, true, facts::NORTHWIND.admin_email, facts::NORTHWIND.name),
            ("Harbour's staff", Role::Admin, false, facts::HARBOUR.admin_email, facts::HARBOUR.name),
            ("the operator", Role::Operator, true, facts::OPERATOR_EMAIL, ""),
        ] {
            let client = house.signed_in(email).await;
            client.stand_at(place).await;
            all.push(Self { name, role, ours, client });
        }
        all
    }

    /// Whether this caller was answered as is due at something that is for `role`.
    fn check(&self, role: Role, path: &str, names_a_thing: bool, answer: &Answer, things: &Things) {
        let what = format!("{} at {path}: {} {}", self.name, answer.status, answer.body);
        let to_sign_in = answer.location.as_ref().is_some_and(|to| to.starts_with("/sign-in"));
        let right_role = self.role == role;
        match self.role {
            _ if right_role && self.ours => assert_eq!(answer.status, 200, "{what}"),
            Role::Anonymous => assert!(answer.status == 401 || to_sign_in, "{what}"),
            // Their own gateway has no such card.
            _ if right_role && path == "/api/methods/save" => assert!([404, 409].contains(&answer.status), "{what}"),
            // Nor does every gateway debit bank accounts.
            _ if right_role && path == "/methods/bank" => assert!([200, 404].contains(&answer.status), "{what}"),
            _ if right_role && !names_a_thing => assert_eq!(answer.status, 200, "their own: {what}"),
            _ => assert_eq!(answer.status, 404, "{what}"),
        }
        if !(right_role && self.ours) {
            things.assert_hidden_in(answer, &what);
        }
    }
}

fn link_of(key: &str, number: &str) -> String {
    let company = if key == facts::HARBOUR.pay_now.email { "ACMENZ" } else { "Acme" };
    link_for(number, company).replace(facts::NORTHWIND.pay_now.email, key)
}
