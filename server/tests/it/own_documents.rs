//! Documents of books of our own: drawn from what stands there, for whoever may read them and nobody else.

use crate::{
    invoice_pdf::{assert_no_document, pdf_of},
    own_books::{SUPPORT, choice, draft, issue, keeper, pay_by_hand},
    quotes,
    support::{Answer, Client, House, On, ana_at, assert_has, field, harbour_link},
};
use engine::MerchantChange;
use serde_json::json;
use simulators::facts;

fn assert_document(answer: &Answer, title: &str, name: &str) {
    assert_eq!(answer.status, 200, "{title}: {}", answer.body);
    let named = format!("attachment; filename=\"{name}.pdf\"; filename*=UTF-8''{name}.pdf");
    for (header, value) in [
        ("content-type", "application/pdf"),
        ("content-disposition", named.as_str()),
        ("cache-control", "private, no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.headers[header], value, "{title}: {header}");
    }
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
    for part in ["%PDF-1.7", title, "pdfaid:part>2<", "pdfuaid:part>1<"] {
        assert!(answer.body.contains(part), "{title} has no {part}: {}", answer.body);
    }
}

#[tokio::test]
async fn s57_d21_e21_staff_payer_and_guest_get_one_document_of_an_invoice_that_was_issued() {
    let house = House::new().await;
    let (staff, guest) = (keeper(&house).await, house.client());
    let ana = ana_at(&house.portal, facts::HARBOUR.name).await;
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    let file = format!("{invoice}/invoice.pdf");
    let to_payers = format!("/payments/invoice.pdf?invoice={}", invoice.rsplit('/').next().unwrap());

    // E21: of a draft there is none, and its page says why.
    let refused = staff.get(&file).await.location.unwrap();
    let page = staff.get(&refused).await.body;
    assert!(page.contains("The invoice is a draft") && !page.contains("invoice.pdf"), "{page}");
    assert_no_document(&ana.get(&to_payers).await, "a draft");

    assert!(issue(&staff, &invoice).await.body.contains(&file), "it is offered");
    let checkout = guest.get(&harbour_link("HT-1003")).await.location.unwrap();
    let of_guest = pdf_of("HT-1003", &guest.get(&checkout).await.body).unwrap();
    let of_payer = pdf_of("HT-1003", &ana.get("/dashboard").await.body).unwrap();
    assert_eq!(of_payer, to_payers);
    let documents = [staff.get(&file).await, ana.get(&of_payer).await, guest.get(&of_guest).await];
    for document in &documents {
        assert_document(document, "Tax invoice HT-1003 – Harbour Tech", "invoice-HT-1003");
        assert_eq!(document.headers["etag"], documents[0].headers["etag"], "the same bytes for all");
    }
    assert_eq!(staff.get(&file).await.headers["etag"], documents[0].headers["etag"], "and again");
    pay_by_hand(&staff, &invoice, "100.00").await;
    let paid = ana.get(&of_payer).await;
    assert_document(&paid, "Tax invoice HT-1003 – Harbour Tech", "invoice-HT-1003");
    assert_ne!(paid.headers["etag"], documents[0].headers["etag"], "D21: no old balance under the same number");

    // Of another customer, at the same merchant and for its payer: nothing.
    let kauri = staff.get("/admin/invoices?q=HT-1002").await.body;
    let kauri = format!("inv_{}", &kauri.split("/admin/invoices/inv_").nth(1).unwrap()[..32]);
    assert_no_document(&ana.get(&format!("/payments/invoice.pdf?invoice={kauri}")).await, "another customer's");
    let (bo, northwind) = (house.signed_in(facts::BO_EMAIL).await, house.staff().await);
    assert_no_document(&bo.get(&of_payer).await, "another merchant's");
    assert_no_document(&northwind.get(&file).await, "another merchant's");
    assert!(house.client().get(&file).await.location.unwrap().starts_with("/sign-in?next=%2Fadmin%2Finvoices"));
}

#[tokio::test]
async fn e21_a_void_invoice_is_handed_out_to_nobody() {
    let house = House::new().await;
    let (staff, guest) = (keeper(&house).await, house.client());
    let ana = ana_at(&house.portal, facts::HARBOUR.name).await;
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    issue(&staff, &invoice).await;
    let checkout = guest.get(&harbour_link("HT-1003")).await.location.unwrap();
    let of_guest = pdf_of("HT-1003", &guest.get(&checkout).await.body).unwrap();
    let of_payer = pdf_of("HT-1003", &ana.get("/dashboard").await.body).unwrap();
    assert_eq!(staff.post(&format!("{invoice}/void"), &[]).await.status, 303);
    assert_no_document(&guest.get(&of_guest).await, "void, for a guest");
    assert_no_document(&ana.get(&of_payer).await, "void, for a payer");
    let refused = staff.get(&format!("{invoice}/invoice.pdf")).await.location.unwrap();
    let page = staff.get(&refused).await.body;
    assert!(page.contains("The invoice is void.") && !page.contains("invoice.pdf"), "{page}");
}

/// Takes so much off an invoice. Answers the id of the credit note.
async fn credit(staff: &Client, invoice: &str, amount: &str) -> String {
    let note = field(&staff.get(&format!("{invoice}/credit")).await.body, "note");
    let order = [("note", note.as_str()), ("amount", amount), ("reason", "one hour less")];
    assert_eq!(staff.post(&format!("{invoice}/credit"), &order).await.status, 303);
    note
}

#[tokio::test]
async fn s57_staff_download_credit_notes_and_statements() {
    let house = House::new().await;
    let staff = keeper(&house).await;
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    issue(&staff, &invoice).await;
    let note = credit(&staff, &invoice, "161.00").await;
    let file = format!("/admin/credits/{note}/credit-note.pdf");
    assert!(staff.get(&format!("/admin/credits/{note}")).await.body.contains(&file));
    assert_document(&staff.get(&file).await, "Credit note CN-0001 – Harbour Tech", "credit-note-CN-0001");

    let acme = choice(&staff.get("/admin/invoices/new").await.body, "Acme NZ");
    let days = "?from=2000-01-01&until=2199-12-31";
    let page = staff.get(&format!("/admin/customers/{acme}/statement{days}")).await.body;
    let file = format!("/admin/customers/{acme}/statement.pdf{days}");
    assert!(page.contains(&file.replace('&', "&amp;")), "{page}");
    let statement = staff.get(&file).await;
    assert_document(&statement, "Statement Acme NZ – Harbour Tech", "statement-2199-12-31-Acme-NZ");
    let sooner = staff.get(&file.replace("2199", "2001")).await;
    assert_ne!(sooner.headers["etag"], statement.headers["etag"]);
}

/// Its row is that of an invoice, and it has a credit note: on paper it would be a tax invoice over nothing.
#[tokio::test]
async fn e21_what_is_paid_for_a_quote_is_no_invoice_on_paper() {
    let house = House::new().await;
    quotes::allow_at(&house, facts::HARBOUR.key, false).await;
    let mut asked = quotes::asked();
    asked["account"]["name"] = json!("Acme NZ");
    asked["one_time"]["currency"] = json!("NZD");
    let session = quotes::opened_by(&house, facts::HARBOUR.sell.secret, "one", &asked).await;
    let guest = house.client();
    let (checkout, _) = quotes::entered(&guest, &session).await;
    let form = guest.form(&checkout).await;
    assert_eq!(guest.pay(&form, "sbx_approved").await.status, 303);
    let is_credit = async || house.number("SELECT count(*) FROM credit_note").await == 1;
    house.until("the money is the customer's credit", is_credit).await;
    assert_no_document(&guest.get(&checkout.replace("/npe?", "/npe/invoice.pdf?")).await, "a quote");
    let ana = ana_at(&house.portal, facts::HARBOUR.name).await;
    assert!(ana.get("/credit-notes").await.body.contains("No credit notes"), "nothing was taken off an invoice");
}

/// Where a document stays, whatever is changed.
fn kept_at(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let at = answer.headers["content-location"].to_str().unwrap();
    assert!(at.ends_with(answer.headers["etag"].to_str().unwrap().trim_matches('"')), "{at}");
    at.to_owned()
}

const KEPT: &str = "SELECT count(*) FROM document";

#[tokio::test]
async fn d21_a_document_keeps_the_names_of_its_day_and_stays_readable_at_its_address() {
    for database in [On::Sqlite, On::Postgres] {
        let Some(house) = House::on(database).await else { continue };
        let (staff, ana) = (keeper(&house).await, ana_at(&house.portal, facts::HARBOUR.name).await);
        let (invoice, other) = (draft(&staff, "Acme NZ", &[SUPPORT]).await, draft(&staff, "Acme NZ", &[SUPPORT]).await);
        for issued in [&invoice, &other] {
            issue(&staff, issued).await;
        }
        let (file, id) = (format!("{invoice}/invoice.pdf"), invoice.rsplit('/').next().unwrap());
        let to_payers = format!("/payments/invoice.pdf?invoice={id}");
        let (first, of_payer) = (staff.get(&file).await, ana.get(&to_payers).await);
        let (at, at_payers) = (kept_at(&first), kept_at(&of_payer));
        assert!(
            at.starts_with(&format!("{file}?document=")) && at_payers.starts_with(&format!("{to_payers}&document="))
        );
        assert!(first.body == of_payer.body && house.number(KEPT).await == 1, "drawn once");

        // Who wrote it and for whom are called otherwise from now on.
        let change = MerchantChange {
            address: Some("9 Other Road".into()),
            tax_number: Some("987-654-321".into()),
            ..MerchantChange::default()
        };
        house.engine.set_merchant(facts::HARBOUR.key, change).await.unwrap();
        let acme = choice(&staff.get("/admin/invoices/new").await.body, "Acme NZ");
        let other_name = [("name", "Acme Pacific"), ("code", "ACMENZ"), ("terms_days", "20")];
        assert_eq!(staff.post(&format!("/admin/customers/{acme}"), &other_name).await.status, 303);
        assert_eq!(staff.get(&file).await.headers["etag"], first.headers["etag"]);
        assert_eq!(house.number(KEPT).await, 1, "nothing else is printed");

        // What is printed changes: another document, and the first one stays.
        let payment = pay_by_hand(&staff, &invoice, "100.00").await;
        let paid = ana.get(&to_payers).await;
        assert_ne!(kept_at(&paid), at_payers);
        for (client, address) in [(&staff, &at), (&ana, &at_payers)] {
            assert!(client.get(address).await.body == first.body, "{address}");
        }
        assert_eq!(staff.post(&format!("{invoice}/payment/back"), &[("payment", payment.as_str())]).await.status, 303);
        assert_eq!(kept_at(&ana.get(&to_payers).await), at_payers, "the same is printed again");
        assert_eq!(house.number(KEPT).await, 2);

        // It is of this invoice, of this customer, at this merchant; and of what is void there is none.
        let digest = at.rsplit('=').next().unwrap();
        let kauri = staff.get("/admin/invoices?q=HT-1002").await.body;
        let kauri = &kauri.split("/admin/invoices/inv_").nth(1).unwrap()[..32];
        let other = other.rsplit('/').next().unwrap();
        for nowhere in [
            format!("/payments/invoice.pdf?invoice=inv_{kauri}&document={digest}"),
            format!("/payments/invoice.pdf?invoice={other}&document={digest}"),
            format!("{to_payers}&document={}", "0".repeat(64)),
            format!("{to_payers}&document=HT-1003"),
        ] {
            assert_no_document(&ana.get(&nowhere).await, &nowhere);
        }
        let later = house.client().get(&at_payers).await.location.unwrap();
        assert!(later.starts_with("/sign-in?next=") && later.contains(digest), "{later}");
        assert_no_document(&house.signed_in(facts::BO_EMAIL).await.get(&at_payers).await, "another merchant's");
        assert_no_document(&house.staff().await.get(&at).await, "another merchant's");
        assert_eq!(staff.post(&format!("{invoice}/void"), &[]).await.status, 303);
        assert_no_document(&ana.get(&at_payers).await, "void");
        assert!(staff.get(&at).await.location.unwrap().ends_with("?done=voided"));
    }
}

#[tokio::test]
async fn d21_the_mail_of_an_invoice_brings_the_very_document_that_its_payer_downloads() {
    let house = House::with_mail(On::Sqlite).await.unwrap();
    let (staff, ana) = (keeper(&house).await, ana_at(&house.portal, facts::HARBOUR.name).await);
    let invoice = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    let changes = field(&staff.get(&invoice).await.body, "changes");
    let issued = staff.post(&format!("{invoice}/issue"), &[("changes", changes.as_str()), ("mail", "yes")]).await;
    assert!(issued.location.unwrap().ends_with("?done=issued"));
    let brought = "SELECT count(*) FROM mail JOIN document ON mail.document = document.sha256
        WHERE mail.merchant_id = document.merchant_id AND mail.state = 'accepted' AND mail.unique_key LIKE 'invoice:%'";
    house.until("the mail is out, and has one", async || house.number(brought).await == 1).await;
    let id = invoice.rsplit('/').next().unwrap();
    kept_at(&ana.get(&format!("/payments/invoice.pdf?invoice={id}")).await);
    assert_eq!(house.number(KEPT).await, 1, "no other was drawn");
}

#[tokio::test]
async fn g36_a_payer_downloads_their_own_statement() {
    let house = House::new().await;
    let staff = keeper(&house).await;
    issue(&staff, &draft(&staff, "Acme NZ", &[SUPPORT]).await).await;
    let ana = ana_at(&house.portal, facts::HARBOUR.name).await;
    let days = "?from=2000-01-01&until=2199-12-31";
    let (page, file) = (ana.get(&format!("/statements{days}")).await.body, format!("/statements.pdf{days}"));
    assert!(page.contains(&file.replace('&', "&amp;")), "{page}");
    assert_document(&ana.get(&file).await, "Statement Acme NZ – Harbour Tech", "statement-2199-12-31-Acme-NZ");
    assert!(house.client().get(&file).await.location.unwrap().starts_with("/sign-in?next=%2Fstatements%2Epdf"));
    let elsewhere = house.signed_in(facts::BO_EMAIL).await;
    assert!(!elsewhere.get(&format!("/statements{days}")).await.body.contains("statements.pdf"));
    assert_no_document(&elsewhere.get(&file).await, "books of somebody else's");
    assert_eq!(staff.get(&file).await.status, 404, "staff have those of customers");
}

#[tokio::test]
async fn g35_d20_d21_a_payer_reads_the_credit_notes_of_their_company_and_of_nobody_else() {
    let house = House::without_worker().await;
    let (staff, ana) = (keeper(&house).await, ana_at(&house.portal, facts::HARBOUR.name).await);
    let offered = async || ana.get("/statements").await.body.contains("href=\"/credit-notes\"");
    assert!(!offered().await && ana.get("/credit-notes").await.body.contains("No credit notes"));
    let (invoice, other) =
        (draft(&staff, "Acme NZ", &[SUPPORT]).await, draft(&staff, "Kauri Timber", &[SUPPORT]).await);
    for issued in [&invoice, &other] {
        issue(&staff, issued).await;
    }
    pay_by_hand(&staff, &invoice, "400.00").await;
    let (note, of_kauri) = (credit(&staff, &invoice, "161.00").await, credit(&staff, &other, "11.00").await);

    let page = ana.get("/credit-notes").await.body;
    let at = |note: &str| format!("/credit-notes/{note}/credit-note.pdf");
    let (file, id) = (at(&note), invoice.rsplit('/').next().unwrap());
    assert_has!(page, "CN-0001", ": one hour less", "$161.00", ": $83.00", "$78.00", id, file.as_str());
    assert!(offered().await && !page.contains("CN-0002") && !page.contains("$11.00"), "{page}");
    let of_payer = ana.get(&file).await;
    assert_document(&of_payer, "Credit note CN-0001 – Harbour Tech", "credit-note-CN-0001");
    let of_staff = staff.get(&format!("/admin/credits/{note}/credit-note.pdf")).await;
    assert_eq!(of_payer.headers["etag"], of_staff.headers["etag"], "the same bytes for all");
    assert!(ana.get(&kept_at(&of_payer)).await.body == of_payer.body);

    let bo = house.signed_in(facts::BO_EMAIL).await;
    assert!(bo.get("/credit-notes").await.body.contains("No credit notes"));
    assert_no_document(&bo.get(&file).await, "another merchant's");
    assert_no_document(&ana.get(&at(&of_kauri)).await, "another customer's");
    for hidden in ["/credit-notes", file.as_str()] {
        assert!(house.client().get(hidden).await.location.unwrap().starts_with("/sign-in?next=%2Fcredit"), "{hidden}");
        assert_eq!(staff.get(hidden).await.status, 404, "{hidden}");
    }
    assert_eq!(staff.post(&format!("/admin/credits/{note}/void"), &[]).await.status, 303);
    assert!(!offered().await && !ana.get("/credit-notes").await.body.contains("CN-0001"), "void");
    assert_no_document(&ana.get(&file).await, "void");
}
