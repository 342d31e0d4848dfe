//! What else a merchant without an accounting package has: payers who read their account, invoices by mail, credits, and forms
//! that lose nothing.

use crate::{
    own_books::{SUPPORT, action, choice, draft, fields, issue, keeper, pay_by_hand, send_table},
    support::{Client, House, ana, ana_at, assert_has, field, harbour_link},
};
use simulators::facts;

/// Acme NZ's payer at Harbour.
async fn payer(house: &House) -> Client {
    ana_at(&house.portal, facts::HARBOUR.name).await
}

/// The id at the end of an address.
fn id(address: &str) -> &str {
    address.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn g36_a_payer_reads_the_lines_of_an_invoice_and_the_statement_that_staff_read() {
    let house = House::without_worker().await;
    let (staff, ana) = (keeper(&house).await, payer(&house).await);
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT, ["Cable", "2", "9.99", "0"]]).await;
    let own = format!("/invoices/{}", id(&invoice));
    assert_eq!(ana.get(&own).await.status, 404, "a draft is nobody's to read");
    issue(&staff, &invoice).await;
    let dashboard = ana.get("/dashboard").await.body;
    assert!(
        dashboard.contains(&format!("href=\"{own}\"")) && dashboard.contains("href=\"/statements\""),
        "{dashboard}"
    );
    let page = ana.get(&own).await.body;
    assert_has!(page, "Invoice HT-1003", "Remote support", "Tax 15%", "$63.00", "Pay $502.98", "Thank you");
    pay_by_hand(&staff, &invoice, "83.00").await;
    let acme = acme(&staff).await;
    let days = "?from=2000-01-01&until=2199-12-31";
    let theirs = ana.get(&format!("/statements{days}")).await.body;
    let ours = staff.get(&format!("/admin/customers/{acme}/statement{days}")).await.body;
    for words in
        ["Invoice HT-1003", "Payment of HT-1003", "\u{2212}$83.00", "$839.98 was owed at the end of 31 Dec 2199."]
    {
        assert!(theirs.contains(words) && ours.contains(words), "{words}: {theirs}");
    }
    let void = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    issue(&staff, &void).await;
    staff.post(&format!("{void}/void"), &[]).await;
    assert_eq!(ana.get(&format!("/invoices/{}", id(&void))).await.status, 404);
}

/// Acme NZ's id.
async fn acme(staff: &Client) -> String {
    let list = staff.get("/admin/customers?q=Acme").await.body;
    format!("cus_{}", &list.split("/admin/customers/cus_").nth(1).unwrap()[..32])
}

#[tokio::test]
async fn g36_where_the_books_are_elsewhere_a_statement_lists_what_the_portal_knows() {
    let house = House::new().await;
    let form = house.paid().await;
    let ana = ana(&house.portal).await;
    let page = ana.get("/statements?from=2000-01-01&until=2199-12-31").await.body;
    assert_has!(page, "INV-501", "INV-502", "Payments here", "$1,204.50", "Due today: ", form.payment.as_str());
    let none = ana.get("/statements?from=2000-01-01&until=2000-01-31").await.body;
    assert!(none.contains("None.") && !none.contains("INV-501"), "{none}");
}

#[tokio::test]
async fn d29_an_invoice_is_mailed_once_when_it_is_issued_and_again_when_staff_say_so() {
    let house = House::new().await;
    let (staff, guest) = (keeper(&house).await, house.client());
    let mails = async || house.number("SELECT count(*) FROM mail WHERE unique_key LIKE 'invoice:%'").await;
    issue(&staff, &draft(&staff, "Acme NZ", &[SUPPORT]).await).await;
    assert_eq!(mails().await, 0, "nobody asked for one");
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    let page = staff.get(&invoice).await.body;
    assert!(page.contains(&format!("Mail it to {}", facts::ANA_EMAIL)), "{page}");
    let changes = field(&page, "changes");
    for _ in 0..2 {
        let issued = staff.post(&format!("{invoice}/issue"), &[("changes", changes.as_str()), ("mail", "yes")]).await;
        assert!(issued.location.unwrap().ends_with("?done=issued"));
    }
    assert_eq!(mails().await, 1, "once for each issuing");
    let page = staff.get(&invoice).await.body;
    assert!(page.contains("Send again") && page.contains(facts::ANA_EMAIL), "{page}");

    let mail = staff.get("/admin/mail").await.body;
    assert_has!(mail, " from Harbour Tech: $483.00, due", "Remote support, 3 at $140.00: $420.00", "To pay: $483.00");
    let link =
        mail.split("Pay it here: ").nth(1).unwrap().split(['\n', '<', ' ']).next().unwrap().replace("&amp;", "&");
    let checkout = guest.get(link.strip_prefix(&house.portal).unwrap()).await.location.unwrap();
    assert_eq!(guest.form(&checkout).await.expected, "NZD 48300");

    let sent = field(&page, "sent");
    for _ in 0..2 {
        let again = staff.post(&format!("{invoice}/mail"), &[("sent", sent.as_str())]).await;
        assert!(again.location.unwrap().ends_with("?done=mailed"));
    }
    assert_eq!(mails().await, 2, "the same press twice is one mail");
    staff.post(&format!("{invoice}/void"), &[]).await;
    let late = staff.post(&format!("{invoice}/mail"), &[("sent", "2")]).await.location.unwrap();
    assert!(late.ends_with("?done=voided") && mails().await == 2, "{late}");
}

#[tokio::test]
async fn g29_g34_what_a_customer_paid_for_several_invoices_or_in_advance_is_entered_once_and_used() {
    let house = House::new().await;
    let (staff, ana) = (keeper(&house).await, payer(&house).await);
    let (one, two) = (draft(&staff, "Acme NZ", &[SUPPORT]).await, draft(&staff, "Acme NZ", &[SUPPORT]).await);
    for invoice in [&one, &two] {
        issue(&staff, invoice).await;
    }
    assert!(!staff.get(&one).await.body.contains("Use credit"), "nothing is left of anything");
    let acme = acme(&staff).await;
    let at = format!("/admin/customers/{acme}/payment");
    let payment = field(&staff.get(&at).await.body, "payment");
    let enter = async |amount: &str, share: &str| {
        let fields = [
            ("payment", payment.as_str()),
            ("amount", amount),
            ("date", "2020-02-03"),
            ("reference", "Bank 4711"),
            ("invoice", id(&one)),
            ("share", share),
            ("invoice", id(&two)),
            ("share", ""),
        ];
        staff.post(&at, &fields).await
    };
    let much = enter("600.00", "483.01").await;
    assert_eq!(much.status, 422);
    assert_has!(
        much.body,
        "Enter an amount from 0.01 up to 483.00.",
        "href=\"#share-1\"",
        "value=\"483.01\"",
        "value=\"600.00\""
    );
    assert_eq!(house.number("SELECT count(*) FROM ledger_payment").await, 0, "not even what was right");
    for _ in 0..2 {
        let entered = enter("600.00", "483.00").await.location.unwrap();
        assert!(entered.ends_with("?done=entered"), "{entered}");
    }
    assert_eq!(house.number("SELECT sum(amount_minor) FROM ledger_payment").await, 60_000, "the same form once more");
    let customer = staff.get(&format!("/admin/customers/{acme}")).await.body;
    assert_has!(customer, "Bank 4711", "$600.00", "$117.00", "Take back");
    assert!(staff.get(&one).await.body.contains("Credit used"));

    let form = staff.get(&format!("{two}/use-credit")).await.body;
    let credit = form.split("<option value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(credit.ends_with(":11700") && form.contains("value=\"117.00\""), "{form}");
    let spend = async |amount: &str| {
        staff.post(&format!("{two}/use-credit"), &[("credit", credit.as_str()), ("amount", amount)]).await
    };
    let much = spend("117.01").await;
    assert!(much.status == 422 && much.body.contains("value=\"117.01\""), "{}", much.body);
    assert!(spend("100.00").await.location.unwrap().ends_with("?done=credit-used"));
    let again = spend("100.00").await;
    assert!(again.status == 422 && again.body.contains("or it was used already"), "{}", again.body);

    // HT-1001 of 420.00, two of 483.00, and the payment; what is used moves nothing.
    let days = "?from=2000-01-01&until=2199-12-31";
    let statement = ana.get(&format!("/statements{days}")).await.body;
    assert_has!(statement, "Payment of CR-", "\u{2212}$600.00", "$786.00 was owed at the end of 31 Dec 2199.");
    let dashboard = ana.get("/dashboard").await.body;
    assert!(dashboard.contains("$383.00") && !dashboard.contains("HT-1003"), "{dashboard}");
    for _ in 0..2 {
        let taken = staff.post(&format!("{at}/back"), &[("payment", payment.as_str())]).await.location.unwrap();
        assert!(taken.ends_with("?done=taken-back"), "{taken}");
    }
    let dashboard = ana.get("/dashboard").await.body;
    assert!(dashboard.matches("$483.00").count() >= 2, "both are owed again: {dashboard}");
    assert!(ana.get(&format!("/statements{days}")).await.body.contains("$1,386.00 was owed"));
    assert!(house.differences(None).await.is_empty());
}

#[tokio::test]
async fn g41_what_was_credited_as_paid_is_credited_no_second_time_when_the_money_goes_back() {
    let house = House::without_worker().await;
    let staff = keeper(&house).await;
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    issue(&staff, &invoice).await;
    let (at, credit) = (format!("/admin/customers/{}/payment", acme(&staff).await), format!("{invoice}/credit"));
    let payment = field(&staff.get(&at).await.body, "payment");
    let paid = [
        ("payment", payment.as_str()),
        ("amount", "483.00"),
        ("date", "2020-02-03"),
        ("reference", "Bank 4711"),
        ("invoice", id(&invoice)),
        ("share", "483.00"),
    ];
    assert!(staff.post(&at, &paid).await.location.unwrap().ends_with("?done=entered"));
    let note = field(&staff.get(&credit).await.body, "note");
    let order = [("note", note.as_str()), ("amount", "483.00"), ("reason", "never delivered")];
    assert!(staff.post(&credit, &order).await.location.unwrap().ends_with("?done=credited"));
    let back = staff.post(&format!("{at}/back"), &[("payment", payment.as_str())]).await.location.unwrap();
    assert!(back.ends_with("?done=credit-given"), "{back}");
    // What a refund at the gateway does to the invoices of an advance, which nobody can refuse.
    for cut in [
        "INSERT INTO advance_use (merchant_id, advance_id, place, invoice_id, amount_minor, created_at)
         SELECT merchant_id, advance_id, place + 1, invoice_id, -amount_minor, created_at FROM advance_use",
        "UPDATE invoice SET status = 'open', due_minor = total_minor WHERE number = 'HT-1003'",
    ] {
        house.execute(cut).await;
    }
    let again = staff.get(&credit).await.location.unwrap();
    assert!(again.ends_with("?done=nothing-to-credit"), "{again}");
    let void = staff.post(&format!("{invoice}/void"), &[]).await.location.unwrap();
    assert!(void.ends_with("?done=paid-on"), "its customer would keep the credit of it: {void}");
}

#[tokio::test]
async fn g41_a_credit_note_may_have_lines_and_is_voided_while_nobody_pays_what_it_paid() {
    let house = House::without_worker().await;
    let (staff, guest) = (keeper(&house).await, house.client());
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    issue(&staff, &invoice).await;
    let credit = format!("{invoice}/credit");
    let note = field(&staff.get(&credit).await.body, "note");
    let press = async |line: [&str; 2], act: &str| {
        let [price, tax] = line;
        let fields = [
            ("note", note.as_str()),
            ("amount", ""),
            ("reason", "one hour less"),
            ("description", "One hour of support"),
            ("quantity", "1"),
            ("unit_price", price),
            ("tax", tax),
            ("do", act),
        ];
        staff.post(&credit, &fields).await
    };
    let more = press(["140.00", "15"], "lines").await;
    assert_eq!((more.status, more.body.matches("name=\"description\"").count()), (200, 5), "{}", more.body);
    for (line, words) in [
        (["500.00", "15"], "Enter lines that come to more than nothing and to no more than 483.00."),
        (["100.00", "100"], "Of the invoice, 63.00 of tax and 420.00 without tax are left."),
    ] {
        let wrong = press(line, "issue").await;
        assert!(wrong.status == 422 && wrong.body.contains(words), "{words}: {}", wrong.body);
        assert!(wrong.body.contains("value=\"One hour of support\""), "{}", wrong.body);
    }
    assert!(press(["140.00", "15"], "issue").await.location.unwrap().ends_with("?done=credited"));
    let at = format!("/admin/credits/{note}");
    let page = staff.get(&at).await.body;
    assert_has!(page, "One hour of support", "$161.00", "$21.00", "Void CN-0001");
    let due = async || guest.form(&guest.get(&harbour_link("HT-1003")).await.location.unwrap()).await;
    assert_eq!(due().await.expected, "NZD 32200");
    for _ in 0..2 {
        let voided = staff.post(&format!("{at}/void"), &[]).await;
        assert_eq!(voided.location.as_deref(), Some(format!("{at}?done=voided").as_str()), "{}", voided.body);
    }
    assert_eq!(due().await.expected, "NZD 48300", "it is owed again");
    assert!(staff.get("/admin/credits").await.body.contains("Void"));
    let acme = acme(&staff).await;
    let days = "?from=2000-01-01&until=2199-12-31";
    let statement = staff.get(&format!("/admin/customers/{acme}/statement{days}")).await.body;
    assert!(!statement.contains("CN-0001") && statement.contains("$903.00 was owed"), "{statement}");

    let second = field(&staff.get(&credit).await.body, "note");
    let order = [("note", second.as_str()), ("amount", "100.00"), ("reason", "less")];
    assert!(staff.post(&credit, &order).await.location.unwrap().ends_with("?done=credited"));
    guest.pay(&due().await, "sbx_approved").await;
    // Without a worker it stays on its way into the books.
    let refused = staff.post(&format!("/admin/credits/{second}/void"), &[]).await;
    assert!(refused.status == 422 && refused.body.contains("being paid at this moment"), "{}", refused.body);
}

#[tokio::test]
async fn a_form_that_comes_too_late_or_a_second_time_loses_nothing() {
    let house = House::without_worker().await;
    let (staff, guest, nobody) = (keeper(&house).await, house.client(), house.client());
    let page = staff.get("/admin/invoices/new").await.body;
    let (edit, acme) = (action(&page, "/edit"), choice(&page, "Acme NZ"));
    let typed = fields(&acme, &[SUPPORT, ["Cable <3 m>", "1", "9.99", "15"]]);
    // The session has ended: the page sends all of it once more.
    let late = nobody.post(&edit, &typed).await;
    assert_eq!(late.status, 401);
    assert_has!(late.body, "You were signed out", "Cable &lt;3 m", "value=\"Remote support\"", edit.as_str());
    assert_eq!(late.body.matches("name=\"description\"").count(), 2, "{}", late.body);
    for _ in 0..2 {
        assert_eq!(staff.post(&edit, &typed).await.status, 303, "the same once more is the same invoice");
    }
    let other = staff.post(&edit, &fields(&acme, &[SUPPORT])).await;
    assert!(other.status == 422 && other.body.contains("said something else then"), "{}", other.body);
    assert_ne!(action(&other.body, "/edit"), edit, "it writes another one");
    assert_eq!(house.number("SELECT count(*) FROM ledger_invoice WHERE issued_at IS NULL").await, 1);

    let invoice = edit.strip_suffix("/edit").unwrap();
    issue(&staff, invoice).await;
    assert_eq!(staff.post(&edit, &typed).await.status, 303, "also when it is issued by then");
    let (credit, payment) = (format!("{invoice}/credit"), format!("{invoice}/payment"));
    let (note, paid) =
        (field(&staff.get(&credit).await.body, "note"), field(&staff.get(&payment).await.body, "payment"));
    let form = guest.form(&guest.get(&harbour_link("HT-1003")).await.location.unwrap()).await;
    guest.pay(&form, "sbx_approved").await;
    let order = [("note", note.as_str()), ("amount", "1.00"), ("reason", "one metre less")];
    let cash = [("payment", paid.as_str()), ("amount", "1.00"), ("date", "2020-02-03"), ("reference", "in cash")];
    for (refused, value) in
        [(staff.post(&credit, &order).await, "one metre less"), (staff.post(&payment, &cash).await, "in cash")]
    {
        assert!(refused.status == 422 && refused.body.contains("being paid at this moment"), "{}", refused.body);
        assert!(refused.body.contains(&format!("value=\"{value}\"")), "{}", refused.body);
    }
}

#[tokio::test]
async fn a_customer_among_many_is_found_and_never_lost() {
    let house = House::without_worker().await;
    let staff = keeper(&house).await;
    assert!(!staff.get("/admin/invoices/new").await.body.contains("Find a customer"));
    let names: Vec<_> = (0..500).map(|n| format!("Beech {n:03},B{n}")).collect();
    let table = format!("name,code\nZebra Zoo,ZEBRA\n{}\n", names.join("\n"));
    let taken = send_table(&house, &staff, "/admin/import/confirm", "customers", &table).await;
    assert_eq!(taken.status, 303, "{}", taken.body);
    let page = staff.get("/admin/invoices/new").await.body;
    assert!(page.contains("Find a customer") && !page.contains("Zebra Zoo"), "{page}");
    let found = staff.get("/admin/invoices/new?q=zebra").await.body;
    let (edit, zebra) = (action(&found, "/edit"), choice(&found, "Zebra Zoo"));
    assert!(!found.contains("Beech 001"), "{found}");
    let search = [fields(&zebra, &[SUPPORT]), vec![("find", "Beech 499"), ("do", "find")]].concat();
    let found = staff.post(&edit, &search).await;
    assert_eq!(found.status, 200);
    assert_has!(found.body, "Beech 499", "Zebra Zoo", "value=\"Remote support\"", "value=\"Beech 499\"");
    assert_eq!(staff.post(&edit, &fields(&zebra, &[SUPPORT])).await.status, 303);
    assert!(staff.get(&edit).await.body.contains("Zebra Zoo"), "a draft keeps its own among the choices");
}

#[tokio::test]
async fn a_table_is_taken_in_as_drafts_which_nobody_owes() {
    let house = House::without_worker().await;
    let (staff, guest) = (keeper(&house).await, house.client());
    let csv = "Invoice number,Customer,Date,Description,Quantity,Unit price,Tax %\nHT-7,ACMENZ,2026-11-02,Support,2,100.00,15\n";
    let table = "invoices\r\n--cut\r\ncontent-disposition: form-data; name=\"drafts\"\r\n\r\nyes";
    let preview = send_table(&house, &staff, "/admin/import", table, csv).await.body;
    assert!(preview.contains("Import 1 draft for $230.00") && preview.contains("name=\"drafts\""), "{preview}");
    for _ in 0..2 {
        assert_eq!(send_table(&house, &staff, "/admin/import/confirm", table, csv).await.status, 303);
    }
    let drafts = "SELECT count(*) FROM ledger_invoice WHERE wanted_number = 'HT-7' AND issued_at IS NULL";
    assert_eq!(house.number(drafts).await, 1, "the same file again adds nothing");
    assert_eq!(guest.get(&harbour_link("HT-7")).await.status, 404, "nobody owes it");
    let other = send_table(&house, &staff, "/admin/import", table, &csv.replace("100.00", "101.00")).await.body;
    assert!(other.contains("HT-7: another invoice has this number."), "{other}");
    let list = staff.get("/admin/invoices?q=Draft").await.body;
    let invoice = format!("/admin/invoices/inv_{}", &list.split("/admin/invoices/inv_").nth(1).unwrap()[..32]);
    let issued = issue(&staff, &invoice).await.body;
    assert!(issued.contains("HT-7"), "{issued}");
}

#[tokio::test]
async fn what_is_over_leaves_the_lists_and_what_is_issued_stays_as_it_was() {
    let house = House::without_worker().await;
    let (staff, ana) = (keeper(&house).await, payer(&house).await);
    let acme = acme(&staff).await;
    let at = format!("/admin/customers/{acme}");
    let renamed =
        |name: &'static str, address: &'static str| [("name", name), ("code", "ACMENZ"), ("address", address)];
    staff.post(&at, &renamed("Acme NZ", "1 Quay Street")).await;
    let (invoice, gone) = (draft(&staff, "Acme NZ", &[SUPPORT]).await, draft(&staff, "Acme NZ", &[SUPPORT]).await);
    issue(&staff, &invoice).await;
    assert_eq!(staff.post(&at, &renamed("Acme Aotearoa", "2 Hill Road")).await.status, 303);
    for page in [staff.get(&invoice).await.body, ana.get(&format!("/invoices/{}", id(&invoice))).await.body] {
        assert!(page.contains("Billed to Acme NZ\n1 Quay Street") && !page.contains("2 Hill Road"), "{page}");
    }

    assert!(staff.get("/admin/invoices").await.body.contains(&gone), "a draft is in the list");
    staff.post(&format!("{gone}/void"), &[]).await;
    assert!(!staff.get("/admin/invoices").await.body.contains(&gone), "and leaves it when it is discarded");
    assert!(staff.get("/admin/invoices?q=Draft").await.body.contains(&gone), "whoever looks for it finds it");

    let archived = staff.post(&format!("{at}/archive"), &[("archived", "yes")]).await;
    assert_eq!(archived.location.as_deref(), Some("/admin/customers?done=archived"));
    for hidden in ["/admin/customers", "/admin/invoices/new"] {
        assert!(!staff.get(hidden).await.body.contains("Acme Aotearoa"), "{hidden}");
    }
    assert!(staff.get("/admin/customers/archived").await.body.contains("Acme Aotearoa"));
    assert!(ana.get("/dashboard").await.body.contains("$483.00"), "what they owe stays");
    let same = action(&staff.get("/admin/customers/new").await.body, "/admin/customers/cus_");
    assert_eq!(staff.post(&same, &[("name", "acme aotearoa")]).await.status, 422, "nobody else is called so");
    staff.post(&format!("{at}/archive"), &[("archived", "no")]).await;
    assert!(staff.get("/admin/invoices/new").await.body.contains("Acme Aotearoa"));
}

#[tokio::test]
async fn n4_verify_books_names_an_invoice_whose_lines_or_payments_do_not_add_up() {
    let house = House::new().await;
    let staff = keeper(&house).await;
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    issue(&staff, &invoice).await;
    pay_by_hand(&staff, &invoice, "83.00").await;
    assert!(house.differences(None).await.is_empty());
    for (spoilt, mended, words) in [
        (
            "UPDATE ledger_line SET unit_minor = unit_minor + 1 WHERE description = 'Remote support'",
            "UPDATE ledger_line SET unit_minor = unit_minor - 1 WHERE description = 'Remote support'",
            "HT-1003: its lines come to 483.03 with 63.00 of tax, and it says 483.00 with 63.00",
        ),
        (
            "UPDATE invoice SET due_minor = due_minor - 1 WHERE number = 'HT-1003'",
            "UPDATE invoice SET due_minor = due_minor + 1 WHERE number = 'HT-1003'",
            "HT-1003: 400.00 is due by its payments and credits, and it says 399.99, Open",
        ),
    ] {
        house.execute(spoilt).await;
        let differences = house.differences(None).await;
        assert!(differences.len() == 1 && differences[0].ends_with(words), "{differences:?}");
        house.execute(mended).await;
    }
}
