//! A gateway's news at our door: only authentic news is taken, and nothing authentic is ever answered with an error.

use crate::support::{House, http, sign_event as sign};
use simulators::facts;

async fn send(house: &House, signature: &str, body: &str) -> u16 {
    let url = format!("{}/webhooks/stripe/{}", house.portal, house.gateway);
    http().post(url).header("stripe-signature", signature).body(body.to_owned()).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn d6_forged_news_is_refused_and_unknown_news_is_parked_with_200() {
    let house = House::new().await;
    let now = chrono::Utc::now().timestamp();
    let secret = facts::stripe::PORTAL_WEBHOOK_SECRET;
    let body = r#"{"id":"evt_1","object":"event","type":"invoice.marked_uncollectible","created":1,"data":{"object":{"id":"in_1","object":"invoice"}}}"#;

    assert_eq!(send(&house, &sign(body, "whsec_wrong", now), body).await, 400);
    assert_eq!(send(&house, &sign(body, secret, now - 3600), body).await, 400, "too old");
    assert_eq!(send(&house, "", body).await, 400);
    let changed = body.replace("in_1", "in_2");
    assert_eq!(send(&house, &sign(body, secret, now), &changed).await, 400, "another body");

    for _ in 0..3 {
        assert_eq!(send(&house, &sign(body, secret, now), body).await, 200, "authentic, whatever it is about");
    }
    let nobody = format!("{}/webhooks/stripe/con_{}", house.portal, "0".repeat(32));
    assert_eq!(http().post(nobody).body("{}").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn d3_fifty_deliveries_of_one_event_post_once() {
    let house = House::new().await;
    let client = house.client();
    let form = client.open("INV-501").await;
    client.pay(&form, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    let charge = house.charges().await.remove(0);
    let now = chrono::Utc::now().timestamp();
    let body = format!(
        r#"{{"id":"evt_same","object":"event","type":"payment_intent.succeeded","created":{now},"data":{{"object":{{"id":{},"object":"payment_intent","latest_charge":{},"metadata":{}}}}}}}"#,
        charge["payment_intent"], charge["id"], charge["metadata"]
    );
    let signature = sign(&body, facts::stripe::PORTAL_WEBHOOK_SECRET, now);
    let sent = futures::future::join_all((0..50).map(|_| send(&house, &signature, &body))).await;
    assert!(sent.iter().all(|status| *status == 200), "{sent:?}");
    house.assert_paid_once("INV-501", 120_450).await;
}
