//! What else a merchant without an accounting package has: payers who read their account, invoices by mail, credits, and forms
//! that lose nothing.

use crate::{
    own_books::{SUPPORT, draft, issue, keeper, pay_by_hand},
    support::{Client, House, ana, field},
};
use simulators::facts;

/// Acme NZ's payer at Harbour.
async fn payer(house: &House) -> Client {
    let ana = house.client();
    ana.sign_in(facts::ANA_EMAIL).await;
    ana.stand_at(facts::HARBOUR.name).await;
    ana
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
    assert!(dashboard.contains(&format!("href=\"{own}\"")) && dashboard.contains("href=\"/statements\""), "{dashboard}");
    let page = ana.get(&own).await.body;
    for words in ["Invoice HT-1003", "Remote support", "Tax 15%", "$63.00", "Pay $502.98", "Thank you"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    pay_by_hand(&staff, &invoice, "83.00").await;
    let acme = dashboard_customer(&staff).await;
    let days = "?from=2000-01-01&until=2199-12-31";
    let theirs = ana.get(&format!("/statements{days}")).await.body;
    let ours = staff.get(&format!("/admin/customers/{acme}/statement{days}")).await.body;
    for words in ["Invoice HT-1003", "Payment of HT-1003", "\u{2212}$83.00", "$839.98 was owed at the end of 31 Dec 2199."] {
        assert!(theirs.contains(words) && ours.contains(words), "{words}: {theirs}");
    }
    let void = draft(&staff, "Acme NZ", &[SUPPORT]).await;
    issue(&staff, &void).await;
    staff.post(&format!("{void}/void"), &[]).await;
    assert_eq!(ana.get(&format!("/invoices/{}", id(&void))).await.status, 404);
}

/// Acme NZ's id.
async fn dashboard_customer(staff: &Client) -> String {
    let list = staff.get("/admin/customers?q=Acme").await.body;
    format!("cus_{}", &list.split("/admin/customers/cus_").nth(1).unwrap()[..32])
}

#[tokio::test]
async fn g36_where_the_books_are_elsewhere_a_statement_lists_what_the_portal_knows() {
    let house = House::new().await;
    let form = house.paid().await;
    let ana = ana(&house.portal).await;
    let page = ana.get("/statements?from=2000-01-01&until=2199-12-31").await.body;
    for words in ["INV-501", "INV-502", "Payments here", "$1,204.50", "Due today: ", form.payment.as_str()] {
        assert!(page.contains(words), "{words}: {page}");
    }
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
    for words in ["Invoice HT-1004 from Harbour Tech: $483.00, due", "Remote support, 3 at $140.00: $420.00", "To pay: $483.00"] {
        assert!(mail.contains(words), "{words}: {mail}");
    }
    let link = mail.split("Pay it here: ").nth(1).unwrap().split(['\n', '<', ' ']).next().unwrap().replace("&amp;", "&");
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
