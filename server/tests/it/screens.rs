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
