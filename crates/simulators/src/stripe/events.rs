//! Events: what happened, kept for `GET /v1/events` and handed to the webhooks. Source: `wire/gateways.md`, 2.8.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::API_VERSION;
use super::form::Params;
use super::listing;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;
use crate::disturb::News;
use crate::faults::Vendor;

/// Oldest events are dropped above this number, so that a load test cannot fill the memory.
const EVENTS_MAX: usize = 5_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    id: String,
    created: i64,
    kind: String,
    /// The whole event as it is sent; a snapshot of the object at that moment.
    body: Value,
}

const PARAMS: [&str; 7] = ["limit", "starting_after", "ending_before", "created", "type", "types", "delivery_success"];

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&PARAMS)?;
    let types = params.list("types");
    let keep = |event: &Event| {
        params.text("type").is_none_or(|kind| event.kind == kind) && (types.is_empty() || types.contains(&event.kind))
    };
    listing::page(&op.account.events, params, "/v1/events", |event| event.created, keep, |event| event.body.clone())
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str) -> Answer {
    op.account.events.get(id).map(|event| event.body.clone()).ok_or_else(|| Refusal::no_such("event", id, "id"))
}

impl Operation<'_> {
    /// Writes the event down and leaves it for the webhooks.
    pub fn emit(&mut self, kind: &str, object: Value) {
        let id = self.account.mint("evt");
        let endpoints = self.shared.webhooks.count(Vendor::Stripe);
        let body = json!({
            "id": id, "object": "event", "type": kind, "created": self.now_s, "livemode": false,
            "api_version": API_VERSION, "pending_webhooks": endpoints,
            "request": { "id": self.request_id, "idempotency_key": self.idempotency_key },
            "data": { "object": object },
        });
        if endpoints > 0 {
            let news = News { vendor: Vendor::Stripe, kind: kind.to_owned(), body: body.to_string() };
            self.effects.news.push(news);
        }
        let event = Event { id: id.clone(), created: self.now_s, kind: kind.to_owned(), body };
        self.account.events.insert(id, event);
        if self.account.events.len() > EVENTS_MAX {
            self.account.events.pop_first();
        }
    }
}
