//! What screens say where something is missing or did not happen.

use crate::support::{House, http};
use simulators::facts;

#[tokio::test]
async fn an_admin_without_an_accounting_package_reads_what_comes_next() {
    let house = House::new().await;
    for (merchant, connected) in [(facts::SOUTHERN, false), (facts::HARBOUR, true)] {
        let admin = house.client();
        admin.sign_in(merchant.admin_email).await;
        let home = admin.get("/admin").await.body;
        assert_eq!(home.contains("No accounting package is connected yet"), !connected, "{home}");
        for words in ["Download latest accounting platform data", "Collected this month", "Nothing needs you"] {
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
        assert!(page.headers.contains_key("content-security-policy"), "{path} from {origin}");
        let told = send(path, "*/*", origin).await;
        assert_eq!(told.status, status, "{path} from {origin}: {}", told.body);
        assert!(!told.body.is_empty() && !told.body.contains('<'), "{path} from {origin}: {}", told.body);
    }
}

#[tokio::test]
async fn a_list_that_has_ended_or_is_empty_says_so_without_counting_to_nothing() {
    let house = House::new().await;
    let (admin, ana) = (house.client(), house.client());
    admin.sign_in(facts::NORTHWIND.admin_email).await;
    ana.sign_in(facts::ANA_EMAIL).await;
    ana.stand_at(facts::NORTHWIND.name).await;
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
    let admin = house.client();
    admin.sign_in(facts::HARBOUR.admin_email).await;
    let home = admin.get("/admin").await.body;
    let collected = home.split("Collected this month").nth(1).unwrap();
    assert!(collected.contains("<dd>$0.00</dd>"), "{home}");
}
