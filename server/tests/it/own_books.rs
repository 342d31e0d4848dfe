//! A merchant without an accounting package: its staff write customers and invoices, which are paid like all others.

use crate::support::{Answer, Client, House, assert_has, field, harbour_link, harbour_link_for, http};
use simulators::facts;

/// Where a form of the page leads to.
pub fn action(page: &str, end: &str) -> String {
    let mut actions = page.split("action=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let action = actions.find(|action| action.ends_with(end) || action.starts_with(end));
    action.unwrap_or_else(|| panic!("no form leads to {end}: {page}")).to_owned()
}

/// The id behind a name in the form of an invoice.
pub fn choice(page: &str, name: &str) -> String {
    let option = page.split("<option ").find(|option| option.contains(&format!(">{name}<")));
    option.unwrap().split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

pub async fn keeper(house: &House) -> Client {
    house.signed_in(facts::HARBOUR.admin_email).await
}

/// The fields of an invoice with these lines: description, quantity, price, tax.
pub fn fields<'a>(customer: &'a str, lines: &[[&'a str; 4]]) -> Vec<(&'a str, &'a str)> {
    let names = ["description", "quantity", "unit_price", "tax"];
    let lines = lines.iter().flat_map(|line| names.into_iter().zip(*line));
    [("customer", customer), ("date", "2026-11-25"), ("due_date", ""), ("number", ""), ("notes", "Thank you")]
        .into_iter()
        .chain(lines)
        .collect()
}

/// A draft for a customer that stands there already; where its page is.
pub async fn draft(staff: &Client, customer: &str, lines: &[[&str; 4]]) -> String {
    let page = staff.get("/admin/invoices/new").await.body;
    let saved = staff.post(&action(&page, "/edit"), &fields(&choice(&page, customer), lines)).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    saved.location.unwrap().split('?').next().unwrap().to_owned()
}

pub async fn issue(staff: &Client, invoice: &str) -> Answer {
    let changes = field(&staff.get(invoice).await.body, "changes");
    let issued = staff.post(&format!("{invoice}/issue"), &[("changes", changes.as_str())]).await;
    assert_eq!(issued.status, 303, "{}", issued.body);
    staff.get(&issued.location.unwrap()).await
}

pub const SUPPORT: [&str; 4] = ["Remote support", "3", "140.00", "15"];

#[tokio::test]
async fn d12_what_staff_write_is_issued_paid_and_then_not_voided() {
    let house = House::new().await;
    let (staff, guest) = (keeper(&house).await, house.client());
    let form = action(&staff.get("/admin/customers/new").await.body, "/admin/customers/cus_");
    let unnamed = staff.post(&form, &[("name", ""), ("code", "TOTARA"), ("terms_days", "soon")]).await;
    assert_eq!(unnamed.status, 422);
    assert_has!(
        unnamed.body,
        "<title>Error: ",
        "Enter the company’s name.",
        "Enter a number of days",
        "value=\"TOTARA\"",
        "value=\"soon\""
    );
    let named = [("name", "Totara Dental"), ("code", "TOTARA"), ("terms_days", "20"), ("address", "1 Quay Street")];
    let kept = staff.post(&form, &named).await;
    assert_eq!(kept.location.as_deref(), Some("/admin/customers?done=saved"));
    assert_eq!(staff.post(&form, &named).await.status, 303, "the same once more");
    assert_eq!(staff.get("/admin/customers?q=totara").await.body.matches("Totara Dental").count(), 1);
    let same = action(&staff.get("/admin/customers/new").await.body, "/admin/customers/cus_");
    assert!(staff.post(&same, &[("name", "totara")]).await.body.contains("Another customer has this name or code."));

    let page = staff.get("/admin/invoices/new").await.body;
    let (edit, totara) = (action(&page, "/edit"), choice(&page, "Totara Dental"));
    let wrong = staff.post(&edit, &fields(&totara, &[["<b>Cable</b>", "many", "9.99", "15"]])).await;
    assert_eq!(wrong.status, 422);
    assert_has!(
        wrong.body,
        "Enter how many line 1 is about",
        "href=\"#quantity-1\"",
        "value=\"many\"",
        "Thank you</textarea>"
    );
    assert!(!wrong.body.contains("<b>Cable"), "{}", wrong.body);
    let lines = [SUPPORT, ["Cable", "1", "9.99", "15"], ["", "", "", "15"]];
    let more = [fields(&totara, &lines), vec![("do", "lines")]].concat();
    let more = staff.post(&edit, &more).await;
    assert_eq!((more.status, more.body.matches("name=\"description\"").count()), (200, 7), "{}", more.body);
    assert!(more.body.contains("value=\"Remote support\""), "{}", more.body);

    let invoice = draft(&staff, "Totara Dental", &lines).await;
    let page = staff.get(&format!("{invoice}?done=saved")).await.body;
    assert_has!(page, "The draft is saved.", "Issue for $494.49", "Tax 15%", "$64.50", "15 Dec 2026", "Discard draft");
    assert_eq!(guest.get(&harbour_link_for("HT-1003", "TOTARA")).await.status, 404, "a draft is owed by nobody");
    let issued = issue(&staff, &invoice).await.body;
    assert!(issued.contains("The invoice is issued.") && issued.contains("HT-1003"), "{issued}");
    assert_eq!(issue_again(&staff, &invoice).await, "issued", "a second press changes nothing");
    assert_eq!(staff.get(&format!("{invoice}/edit")).await.location.as_deref(), Some(invoice.as_str()));

    let form = guest.form(&guest.get(&harbour_link_for("HT-1003", "TOTARA")).await.location.unwrap()).await;
    assert_eq!(form.expected, "NZD 49449");
    assert_eq!(guest.pay(&form, "sbx_approved").await.status, 303);
    let void = format!("{invoice}/void");
    let refused = async || staff.post(&void, &[]).await.location.unwrap();
    house.until("it is paid", async || refused().await.ends_with("?done=paid-on")).await;
    let refused = refused().await;
    let page = staff.get(&refused).await.body;
    assert!(
        page.contains("Something is paid or credited on the invoice") && !page.contains(">Void HT-1003<"),
        "{page}"
    );
}

async fn issue_again(staff: &Client, invoice: &str) -> String {
    let again = staff.post(&format!("{invoice}/issue"), &[("changes", "0")]).await.location.unwrap();
    again.rsplit('=').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_invoice_is_voided_while_nobody_pays_it_and_its_number_stays_its_own() {
    let house = House::without_worker().await;
    let (staff, guest) = (keeper(&house).await, house.client());
    let (one, two) = (draft(&staff, "Acme NZ", &[SUPPORT]).await, draft(&staff, "Acme NZ", &[SUPPORT]).await);
    issue(&staff, &one).await;
    let form = guest.form(&guest.get(&harbour_link("HT-1003")).await.location.unwrap()).await;
    let voided = staff.post(&format!("{one}/void"), &[]).await.location.unwrap();
    assert!(staff.get(&voided).await.body.contains("The invoice is void."));
    let pressed = guest.pay(&form, "sbx_approved").await;
    assert!(!pressed.location.unwrap().contains("/npe/result"), "who had it open pays nothing");
    assert!(guest.get(&harbour_link("HT-1003")).await.location.is_none());

    let page = issue(&staff, &two).await.body;
    assert!(page.contains("HT-1004"), "{page}");
    let form = guest.form(&guest.get(&harbour_link("HT-1004")).await.location.unwrap()).await;
    guest.pay(&form, "sbx_approved").await;
    // Without a worker it stays on its way into the books.
    let refused = staff.post(&format!("{two}/void"), &[]).await.location.unwrap();
    assert!(refused.ends_with("?done=being-paid"), "{refused}");
    assert_eq!(house.number("SELECT count(*) FROM payment").await, 1);
}

#[tokio::test]
async fn a_draft_that_somebody_else_has_saved_is_neither_issued_nor_overwritten_unseen() {
    let house = House::without_worker().await;
    let (staff, other) = (keeper(&house).await, keeper(&house).await);
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    let edit = format!("{invoice}/edit");
    let seen = field(&staff.get(&edit).await.body, "changes");
    let page = other.get(&edit).await.body;
    let acme = choice(&page, "Acme NZ");
    let save = |line: [&'static str; 4], changes: String| {
        let fields: Vec<_> = fields(&acme, &[line]).into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        [fields, vec![("changes".to_owned(), changes)]].concat()
    };
    let post = async |client: &Client, fields: Vec<(String, String)>| {
        let fields: Vec<_> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        client.post(&edit, &fields).await
    };
    assert_eq!(post(&other, save(["Backup", "1", "72.50", "15"], seen.clone())).await.status, 303);
    let stale = staff.post(&format!("{invoice}/issue"), &[("changes", seen.as_str())]).await.location.unwrap();
    assert!(staff.get(&stale).await.body.contains("so it was not issued"));
    let late = post(&staff, save(["Cabling", "1", "50.00", "15"], seen)).await;
    assert_eq!(late.status, 422);
    assert!(late.body.contains("Saving again replaces") && late.body.contains("value=\"Cabling\""), "{}", late.body);
    assert!(staff.get(&invoice).await.body.contains("Backup"));
    let newest = field(&late.body, "changes");
    assert_eq!(post(&staff, save(["Cabling", "1", "50.00", "15"], newest)).await.status, 303);
    assert!(staff.get(&invoice).await.body.contains("Cabling"));
}

#[tokio::test]
async fn d24_what_is_credited_goes_to_what_is_owed_first_and_then_to_another_invoice() {
    let house = House::new().await;
    let (staff, guest) = (keeper(&house).await, house.client());
    let (one, two) = (draft(&staff, "Acme NZ", &[SUPPORT]).await, draft(&staff, "Acme NZ", &[SUPPORT]).await);
    for invoice in [&one, &two] {
        issue(&staff, invoice).await;
    }
    let payment = pay_by_hand(&staff, &one, "483.00").await;
    let credit = format!("{one}/credit");
    let page = async || staff.get(&credit).await;
    let note = field(&page().await.body, "note");
    let wrong = staff.post(&credit, &[("note", note.as_str()), ("amount", "483.01"), ("reason", "")]).await;
    assert_eq!(wrong.status, 422);
    assert_has!(wrong.body, "Enter an amount from 0.01 up to 483.00.", "Enter the reason", "value=\"483.01\"");
    let order = [("note", note.as_str()), ("amount", "161.00"), ("reason", "one hour less")];
    for _ in 0..2 {
        let credited = staff.post(&credit, &order).await.location.unwrap();
        assert!(credited.ends_with("?done=credited"), "{credited}");
    }
    assert_eq!(house.number("SELECT count(*) FROM credit_note").await, 1, "two presses of one form are one note");
    let back = staff.post(&format!("{one}/payment/back"), &[("payment", payment.as_str())]).await.location.unwrap();
    assert!(back.ends_with("?done=credit-given"), "the credit was given for it: {back}");
    let at = format!("/admin/credits/{note}");
    let page = staff.get(&at).await.body;
    assert_has!(page, "CN-0001 for Acme NZ", "one hour less", "$21.00", "Give it to the invoice", "value=\"161.00\"");

    // Who has the other one open reads the new amount before they pay it.
    let form = guest.form(&guest.get(&harbour_link("HT-1004")).await.location.unwrap()).await;
    let (to, left) = (two.rsplit('/').next().unwrap(), field(&page, "left"));
    let give = [("left", left.as_str()), ("invoice", to), ("amount", "161.00")];
    let given = staff.post(&format!("{at}/allocate"), &give).await;
    assert_eq!(given.location.as_deref(), Some(format!("{at}?done=allocated").as_str()), "{}", given.body);
    let again = staff.post(&format!("{at}/allocate"), &give).await;
    assert!(again.status == 422 && again.body.contains("Something else is left of it by now."), "{}", again.body);
    let pressed = guest.pay(&form, "sbx_approved").await.location.unwrap();
    assert!(!pressed.contains("/npe/result"), "{pressed}");
    let form = guest.form(&guest.get(&harbour_link("HT-1004")).await.location.unwrap()).await;
    assert_eq!(form.expected, "NZD 32200");
    assert!(staff.get("/admin/credits").await.body.contains("CN-0001"));

    // HT-1001 of 420.00, two of 483.00, one of them paid, and the credit.
    let acme = choice(&staff.get("/admin/invoices/new").await.body, "Acme NZ");
    let statement = format!("/admin/customers/{acme}/statement?from=2000-01-01&until=2199-12-31");
    let page = staff.get(&statement).await.body;
    assert_has!(page, "Invoice HT-1001", "Payment of HT-1003", "\u{2212}$483.00", "Credit note CN-0001 of HT-1003");
    assert!(page.contains("$742.00 was owed at the end of 31 Dec 2199."), "{page}");
    assert!(staff.get(&one).await.body.contains("CN-0001"));
}

/// Enters a payment of an invoice past the portal, and answers its id.
pub async fn pay_by_hand(staff: &Client, invoice: &str, amount: &str) -> String {
    let at = format!("{invoice}/payment");
    let payment = field(&staff.get(&at).await.body, "payment");
    let fields =
        [("payment", payment.as_str()), ("amount", amount), ("date", "2020-02-03"), ("reference", "Bank 4711")];
    assert!(staff.post(&at, &fields).await.location.is_some_and(|to| to.contains("done=")));
    payment
}

#[tokio::test]
async fn d24_what_was_paid_here_is_refunded_and_never_credited_as_well() {
    let house = House::new().await;
    let (staff, guest) = (keeper(&house).await, house.client());
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    issue(&staff, &invoice).await;
    let credit = format!("{invoice}/credit");
    let note = field(&staff.get(&credit).await.body, "note");
    let form = guest.form(&guest.get(&harbour_link("HT-1003")).await.location.unwrap()).await;
    guest.pay(&form, "sbx_approved").await;
    let order = [("note", note.as_str()), ("amount", "100.00"), ("reason", "wrong quantity")];
    let refused = async || staff.post(&credit, &order).await.body;
    house.until("it is paid", async || refused().await.contains("is paid back by a refund of its payment")).await;
    let told = staff.get(&format!("{invoice}?done=nothing-to-credit")).await.body;
    assert!(told.contains("is paid back by a refund of its payment"), "{told}");

    let page = staff.get(&format!("/admin/transactions/{}", form.payment)).await.body;
    let (refund, currency) = (field(&page, "refund"), field(&page, "currency"));
    let back = [
        ("payment", form.payment.as_str()),
        ("refund", &refund),
        ("currency", &currency),
        ("amount", "400.00"),
        ("reason", "Wrong quantity"),
    ];
    assert_eq!(staff.post("/api/refunds/start", &back).await.status, 303);
    let entered = "SELECT COUNT(*) FROM ledger_payment WHERE amount_minor = -40000";
    house.until("the refund stands in our books", async || house.number(entered).await == 1).await;
    assert!(refused().await.contains("is paid back by a refund of its payment"));
    assert_eq!(house.number("SELECT count(*) FROM credit_note").await, 0);
}

#[tokio::test]
async fn d1_what_was_paid_past_the_portal_is_entered_once_and_can_be_taken_back() {
    let house = House::without_worker().await;
    let (staff, guest) = (keeper(&house).await, house.client());
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    issue(&staff, &invoice).await;
    let form = guest.form(&guest.get(&harbour_link("HT-1003")).await.location.unwrap()).await;
    let (at, back) = (format!("{invoice}/payment"), format!("{invoice}/payment/back"));
    let payment = field(&staff.get(&at).await.body, "payment");
    let enter = async |amount: &str, date: &str, reference: &str| {
        let fields = [("payment", payment.as_str()), ("amount", amount), ("date", date), ("reference", reference)];
        staff.post(&at, &fields).await
    };
    let wrong = enter("483.01", "2199-01-01", "").await;
    assert_eq!(wrong.status, 422);
    assert_has!(
        wrong.body,
        "up to 483.00",
        "one that is still to come",
        "Enter where it can be looked up",
        "value=\"483.01\""
    );
    for _ in 0..2 {
        let entered = enter("83.00", "2020-02-03", "Bank 4711").await.location.unwrap();
        assert!(entered.ends_with("?done=entered"), "{entered}");
    }
    let page = staff.get(&invoice).await.body;
    assert_has!(page, "Bank 4711", "3 Feb 2020", "$83.00", "$400.00", "Part paid");
    assert!(!guest.pay(&form, "sbx_approved").await.location.unwrap().contains("/npe/result"), "it owes less by now");
    for _ in 0..2 {
        let taken = staff.post(&back, &[("payment", payment.as_str())]).await.location.unwrap();
        assert!(taken.ends_with("?done=taken-back"), "{taken}");
    }
    let page = staff.get(&invoice).await.body;
    assert!(page.contains("Taken back") && page.contains("$483.00") && !page.contains("Part paid"), "{page}");
    let form = guest.form(&guest.get(&harbour_link("HT-1003")).await.location.unwrap()).await;
    assert_eq!(form.expected, "NZD 48300");
    guest.pay(&form, "sbx_approved").await;
    let used = enter("1.00", "2020-02-03", "cash").await;
    assert!(used.status == 422 && used.body.contains("said something else then"), "{}", used.body);
    assert!(used.body.contains("value=\"cash\"") && field(&used.body, "payment") != payment, "{}", used.body);
    let refused = staff.get(&at).await.location.unwrap();
    assert!(refused.ends_with("?done=being-paid"), "{refused}");
    assert_eq!(house.number("SELECT count(*) FROM ledger_payment").await, 2, "one, and its taking back");
}

/// Sends a table as a browser does.
pub async fn send_table(house: &House, staff: &Client, path: &str, table: &str, csv: &str) -> Answer {
    send_parts(house, staff, path, &[("table", table), ("csv", csv)]).await
}

/// Sends a form as browsers do that has a file in it.
pub async fn send_parts(house: &House, staff: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let part = |(name, body): &(&str, &str)| {
        format!("--cut\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{body}\r\n")
    };
    let body = format!("{}--cut--\r\n", fields.iter().map(part).collect::<String>());
    let request = http().post(format!("{}{path}", house.portal)).header("origin", &house.portal);
    let request = request.header("accept", "text/html").header("content-type", "multipart/form-data; boundary=cut");
    staff.send(request.body(body)).await
}

#[tokio::test]
async fn a_table_is_shown_first_and_taken_in_whole_or_not_at_all() {
    const HEAD: &str = "number,customer,date,description,quantity,unit_price,tax\n";
    let house = House::without_worker().await;
    let staff = keeper(&house).await;
    let invoices = "SELECT count(*) FROM invoice";
    let before = house.number(invoices).await;
    let good = format!(
        "{HEAD}HT-7,ACMENZ,2026-11-02,=1+1 support,2,100.00,15\nHT-8,Kauri Timber,2026-11-03,Backup,1,72.50,\n\
         HT-7,ACMENZ,2026-11-02,Cable,1,10.00,15\n"
    );
    let bad = format!("{good}HT-9,NOBODY,2026-11-02,Cable,1,10.00,15\nHT-10,ACMENZ,soon,Cable,1,1,\n");
    for path in ["/admin/import", "/admin/import/confirm"] {
        let refused = send_table(&house, &staff, path, "invoices", &bad).await;
        assert_eq!(refused.status, 422, "{path}: {}", refused.body);
        for words in ["Line 5: HT-9: no customer is called", "Line 6: HT-10: Enter the date", "Error: Import invoices"]
        {
            assert!(refused.body.contains(words), "{path} {words}: {}", refused.body);
        }
        assert_eq!(house.number(invoices).await, before, "{path}: not even what was right");
    }
    let preview = send_table(&house, &staff, "/admin/import", "invoices", &good).await;
    assert!(preview.body.contains("2 new, 0 changed, 0 here already."), "{}", preview.body);
    assert!(preview.body.contains("Import 2 invoices for $314.00"), "{}", preview.body);
    assert_eq!(house.number(invoices).await, before, "a preview writes nothing");

    let taken = send_table(&house, &staff, "/admin/import/confirm", "invoices", &good).await;
    assert_eq!(taken.location.as_deref(), Some("/admin/invoices?done=imported"), "{}", taken.body);
    let list = staff.get("/admin/invoices").await.body;
    assert!(["HT-7", "HT-8", "$241.50"].iter().all(|words| list.contains(words)), "{list}");
    let again = send_table(&house, &staff, "/admin/import", "invoices", &good).await.body;
    assert!(again.contains("0 new, 0 changed, 2 here already.") && !again.contains("Import 0"), "{again}");
    assert_eq!(send_table(&house, &staff, "/admin/import/confirm", "invoices", &good).await.status, 303);
    assert_eq!(house.number(invoices).await, before + 2, "the same file again adds nothing");
    let other = good.replace("72.50", "72.51");
    let other = send_table(&house, &staff, "/admin/import", "invoices", &other).await.body;
    assert!(other.contains("HT-8: another invoice has this number."), "{other}");
    let next = draft(&staff, "Kauri Timber", &[SUPPORT]).await;
    assert!(issue(&staff, &next).await.body.contains("HT-1003"), "the series has not moved");
}

#[tokio::test]
async fn customers_of_a_table_are_added_once_and_changed_where_they_stand() {
    let house = House::without_worker().await;
    let staff = keeper(&house).await;
    let table = "Name;Code;Colour;Terms days\n";
    let unknown = send_table(&house, &staff, "/admin/import", "customers", table).await.body;
    assert!(unknown.contains("Line 1: There is no column “Colour” here."), "{unknown}");
    let table = "name;code;E-Mail address;terms_days\nTotara Dental;TOTARA;a@totara.test;20\nKauri Timber Ltd;KAURI;b@kauri.test;7\n";
    let preview = send_table(&house, &staff, "/admin/import", "customers", table).await.body;
    assert!(
        preview.contains("1 new, 1 changed, 0 here already.") && preview.contains("Import 2 customers"),
        "{preview}"
    );
    let taken = send_table(&house, &staff, "/admin/import/confirm", "customers", table).await;
    assert_eq!(taken.location.as_deref(), Some("/admin/customers?done=imported"));
    let list = staff.get("/admin/customers").await.body;
    assert!(list.contains("Kauri Timber Ltd") && list.contains("7 days") && list.contains("Totara Dental"), "{list}");
    let again = send_table(&house, &staff, "/admin/import", "customers", table).await.body;
    assert!(again.contains("0 new, 0 changed, 2 here already."), "{again}");
    let less = "name,terms_days\nTotara Dental,25\n";
    assert_eq!(send_table(&house, &staff, "/admin/import/confirm", "customers", less).await.status, 303);
    let list = staff.get("/admin/customers").await.body;
    let kept = ["25 days", "a@totara.test", "TOTARA"].iter().all(|words| list.contains(words));
    assert!(kept, "what a table has no column for stays: {list}");
    let large = send_table(&house, &staff, "/admin/import", "customers", &"x".repeat(600 * 1024)).await;
    assert_eq!(large.status, 413, "{}", large.body);
}

#[tokio::test]
async fn the_series_goes_on_where_staff_say() {
    let house = House::without_worker().await;
    let staff = keeper(&house).await;
    let wrong = staff.post("/admin/invoices/numbers", &[("next_number", "next year")]).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("with digits at its end") && wrong.body.contains("value=\"next year\""),
        "{}",
        wrong.body
    );
    let set = staff.post("/admin/invoices/numbers", &[("next_number", "HT-2027-0009")]).await;
    assert_eq!(set.location.as_deref(), Some("/admin/invoices?done=numbers"));
    for number in ["HT-2027-0009", "HT-2027-0010"] {
        let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
        let page = issue(&staff, &invoice).await.body;
        assert!(page.contains(number), "{number}: {page}");
    }
}
