//! The points about what a gateway tells by itself: in any order, and as it was signed.

use super::bench::{Bench, arrived, gateway, telling, told};
use crate::{
    sim::Sim,
    world::{look_up, seen},
};
use chrono::TimeDelta;
use connectors::gateway::{LookUp, News, WebhookError};
use domain::payment::Folded;
use http::HeaderMap;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) async fn p4_news_that_come_twice_and_in_the_wrong_order_lead_to_one_state<B: Bench>() {
    let sim = Sim::start().await;
    let Some((simulated, news_of)) = telling::<B>(&sim) else { return };
    let mut inbox = sim.webhooks(simulated.vendor, simulated.signed_by).await;
    simulated.arm(&sim, "webhook_reordered", 1).await;
    simulated.arm(&sim, "webhook_twice", 9).await;
    let (request, charged) = told::<B>(&sim, 1, news_of).await;
    let gateway = gateway::<B>(&sim);
    // Whether it worked or came too late: there is more to tell where it worked.
    let truth = gateway.cancel(charged.gateway_id.as_deref().unwrap()).await.unwrap();
    let (mut events, mut facts) = (BTreeSet::new(), vec![charged.fact.clone()]);
    while events.len() < 2 || facts.len() <= events.len() + 1 {
        let (headers, body) = arrived(&mut inbox).await;
        let news = gateway.webhook(&headers, &body, sim.now()).unwrap();
        assert_eq!(news.attempt, Some(request.attempt), "{}", news.kind);
        // What is told of a page are the tries on it.
        let is_try = matches!(news_of, News::Page { .. });
        assert!(is_try || news.gateway_id == charged.gateway_id, "{}: {:?}", news.kind, news.gateway_id);
        let known = look_up(&request, charged.gateway_id.as_deref(), sim.now());
        let found = seen(gateway.find(&LookUp { told: news.gateway_id, ..known }).await);
        assert_eq!(found.fact, truth.fact, "{}", news.kind);
        events.insert(news.event_id);
        facts.push(found.fact);
    }
    let folded = Folded::of(&facts);
    assert!(!folded.contradicted && folded.state == Folded::of([&charged.fact, &truth.fact]).state, "{folded:?}");
}

/// That nothing is written of them, the signature says: a webhook is read without a call.
pub(super) async fn p5_only_news_as_they_were_signed_are_read<B: Bench>() {
    let sim = Sim::start().await;
    let gateway = gateway::<B>(&sim);
    let unsigned = HeaderMap::new();
    assert_eq!(gateway.webhook(&unsigned, b"{}", sim.now()), Err(WebhookError::BadSignature));
    let Some((simulated, news)) = telling::<B>(&sim) else { return };
    let mut inbox = sim.webhooks(simulated.vendor, simulated.signed_by).await;
    let mut others = sim.webhooks(simulated.vendor, simulated.forged_by).await;
    told::<B>(&sim, 1, news).await;
    let ((headers, body), (forged, copy)) = (arrived(&mut inbox).await, arrived(&mut others).await);
    let now = sim.now();
    assert!(gateway.webhook(&headers, &body, now).is_ok());
    let written_again = serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(&body).unwrap()).unwrap();
    let longer = [body.as_slice(), b" "].concat();
    for (headers, body, why) in [
        (&unsigned, body.as_slice(), "unsigned"),
        (&forged, copy.as_slice(), "signed by somebody else"),
        (&headers, &body[..body.len() - 1], "truncated"),
        (&headers, longer.as_slice(), "longer"),
        (&headers, written_again.as_slice(), "read and written again"),
    ] {
        assert_eq!(gateway.webhook(headers, body, now), Err(WebhookError::BadSignature), "{why}");
    }
    let (News::Charges { life } | News::Page { life }) = news else { return };
    let late = now + life.unwrap_or(TimeDelta::days(365)) + TimeDelta::minutes(1);
    assert_eq!(gateway.webhook(&headers, &body, late).is_ok(), life.is_none(), "as the capability says");
}
