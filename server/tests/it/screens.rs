//! What screens say where something is missing or did not happen.

use crate::support::{House, ana, assert_has, http, link};
use simulators::facts;

#[tokio::test]
async fn an_admin_without_an_accounting_package_reads_what_comes_next() {
    const NONE_YET: &str = "No accounting package is connected yet";
    let house = House::new().await;
    house.leave_southern_without_books().await;
    for (merchant, connected) in [(facts::SOUTHERN, false), (facts::HARBOUR, true)] {
        let admin = house.signed_in(merchant.admin_email).await;
        let told = async || admin.get("/admin").await.body.contains(NONE_YET) != connected;
        house.until("the front page knows", told).await;
        let home = admin.get("/admin").await.body;
        for words in ["Collected this month", "Nothing needs you"] {
            assert_eq!(home.contains(words), connected, "{words}: {home}");
        }
    }
}

#[tokio::test]
async fn what_is_refused_before_any_page_is_a_page_to_browsers_and_a_sentence_to_others() {
    let house = House::new().await;
    let client = house.client();
    let send = async |path: &str, accept: &str, origin: &str| {
        let request = http().post(format!("{}{path}", house.portal)).header("accept", accept).header("origin", origin);
        client.send(request.body("junk")).await
    };
    let ours = house.portal.as_str();
    for (path, origin, status) in [
        ("/npe", ours, 405),
        ("/PaymentProxy/PayNow/Email", ours, 405),
        ("/sign-in", ours, 405),
        ("/api/session/sign_in", "null", 403),
        ("/api/session/sign_in", "https://evil.example", 403),
        ("/api/payments/take", ours, 400),
    ] {
        let page = send(path, "text/html", origin).await;
        assert_eq!(page.status, status, "{path} from {origin}: {}", page.body);
        assert!(page.body.contains("<h1>") && page.body.contains("href=\"/\""), "{path} from {origin}: {}", page.body);
        assert!(page.body.contains("class=\"logo\""), "{path} from {origin} says whose page it is: {}", page.body);
        assert!(page.headers.contains_key("content-security-policy"), "{path} from {origin}");
        let told = send(path, "*/*", origin).await;
        assert_eq!(told.status, status, "{path} from {origin}: {}", told.body);
        assert!(!told.body.is_empty() && !told.body.contains('<'), "{path} from {origin}: {}", told.body);
    }
}

#[tokio::test]
async fn a_page_of_no_merchant_carries_the_installations_mark() {
    let house = House::new().await;
    for path in ["/no-such-page", "/npe?transactionId=nothing", "/PaymentProxy/PayNow/Email?apiKey=x&invoiceNo=x"] {
        let page = house.client().get(path).await;
        assert!(page.status >= 400, "{path}: {}", page.status);
        assert_eq!(page.body.matches("class=\"logo\"").count(), 1, "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn a_list_that_has_ended_or_is_empty_says_so_without_counting_to_nothing() {
    let house = House::new().await;
    let (admin, ana) = (house.staff().await, ana(&house.portal).await);
    house.until("the books were read", async || admin.get("/admin").await.body.contains("INV-501")).await;
    let beyond = admin.get("/admin?page=99").await.body;
    assert!(beyond.contains("No more on this page") && beyond.contains("Go to the last page"), "{beyond}");
    assert!(!beyond.contains("No invoices yet") && !beyond.contains("0 of"), "{beyond}");
    for list in ["/admin/transactions", "/admin/mail?q=nothing", "/admin?q=nothing"] {
        let page = admin.get(list).await.body;
        assert!(!page.contains("0 of 0"), "{list}: {page}");
    }
    let found = ana.get("/payments?q=INV-504").await.body;
    assert!(found.contains("Paid outside this portal") && !found.contains("Nothing found"), "{found}");
    assert!(ana.get("/payments?q=INV-nothing").await.body.contains("Nothing found"));
}

#[tokio::test]
async fn a_figure_of_nothing_is_an_amount_like_those_beside_it() {
    let house = House::new().await;
    let admin = house.signed_in(facts::HARBOUR.admin_email).await;
    let home = admin.get("/admin").await.body;
    let collected = home.split("Collected this month").nth(1).unwrap();
    assert!(collected.contains("<dd>$0.00</dd>"), "{home}");
}

#[tokio::test]
async fn the_button_beside_overdue_invoices_says_what_it_pays() {
    let house = House::new().await;
    let ana = ana(&house.portal).await;
    let dashboard = ana.get("/dashboard").await.body;
    assert!(dashboard.contains("$1,050.00 is overdue"), "{dashboard}");
    assert!(dashboard.contains("Pay everything overdue, $1,050.00"), "{dashboard}");
    let guest = house.client();
    guest.pay(&guest.open("INV-503").await, "pm_card_visa").await;
    house.until("it is paid", async || house.client().get(&link("INV-503")).await.status == 409).await;
    let dashboard = ana.get("/dashboard").await.body;
    assert!(dashboard.contains("Pay overdue INV-502, $350.00"), "{dashboard}");
}

#[tokio::test]
async fn a_mail_of_another_merchant_is_not_found() {
    let house = House::new().await;
    let (guest, admin, harbour) = (house.client(), house.client(), house.client());
    guest.pay(&guest.open("INV-501").await, "pm_card_visa").await;
    admin.sign_in(facts::NORTHWIND.admin_email).await;
    harbour.sign_in(facts::HARBOUR.admin_email).await;
    let mails = async || admin.get("/admin/mail").await.body;
    house.until("the receipt is kept", async || mails().await.contains("?mail=")).await;
    let address = mails().await.split("?mail=").nth(1).map(|rest| rest.split('"').next().unwrap().to_owned()).unwrap();
    let address = format!("/admin/mail?mail={address}");
    let read = admin.get(&address).await;
    assert!(read.status == 200 && read.body.contains("Receipt: $1,204.50"), "{}", read.body);
    assert!(admin.get(&format!("{address}&q=nothing+like+it")).await.body.contains("Receipt: $1,204.50"));
    assert_eq!(harbour.get(&address).await.status, 404);
}

#[tokio::test]
async fn a_payments_page_leads_to_its_invoice_and_its_receipt_in_words_for_staff() {
    let house = House::new().await;
    let guest = house.client();
    let form = guest.open("INV-501").await;
    guest.pay(&form, "pm_card_visa").await;
    let told = async || house.story(&form).await.contains("?mail=");
    house.until("the receipt stands on the page", told).await;
    let story = house.story(&form).await;
    assert_has!(
        story,
        "href=\"/admin?q=INV%2D501\"",
        "href=\"/admin/mail?mail=",
        "Its number there: ch_",
        "Tried once"
    );
    assert!(!story.contains("1 try"), "{story}");
}
