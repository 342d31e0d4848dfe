//! Events: what happened, kept for `GET /v1/events` and handed to the webhooks. Source: `wire/gateways.md`, 2.8.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::API_VERSION;
use super::form::Params;
use super::listing;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;
use crate::Shared;
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
    /// Endpoints that have not taken it yet.
    undelivered: usize,
}

impl Event {
    fn view(&self) -> Value {
        let mut view = self.body.clone();
        view["pending_webhooks"] = json!(self.undelivered);
        view
    }
}

/// An endpoint has taken the event that it was sent as `body`.
pub(crate) fn delivered(shared: &Shared, body: &str) {
    let sent: Value = serde_json::from_str(body).unwrap_or_default();
    let id = sent["id"].as_str().unwrap_or_default();
    shared.stripe.write(|account| {
        if let Some(event) = account.events.get_mut(id) {
            event.undelivered = event.undelivered.saturating_sub(1);
        }
    });
}

const PARAMS: [&str; 7] = ["limit", "starting_after", "ending_before", "created", "type", "types", "delivery_success"];

pub(crate) fn list(op: &Operation<'_>, params: &Params) -> Answer {
    params.allow(&PARAMS)?;
    let types = params.list("types");
    let delivered = params.choice("delivery_success", &["true", "false"])?.map(|wanted| wanted == "true");
    let keep = |event: &Event| {
        params.text("type").is_none_or(|kind| is_kind(&event.kind, kind))
            && (types.is_empty() || types.contains(&event.kind))
            && delivered.is_none_or(|delivered| delivered == (event.undelivered == 0))
    };
    listing::page(&op.account.events, params, "/v1/events", |event| event.created, keep, Event::view)
}

/// `charge.dispute.*` stands for a whole family.
fn is_kind(kind: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(family) => kind.starts_with(family),
        None => kind == wanted,
    }
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str) -> Answer {
    op.account.events.get(id).map(Event::view).ok_or_else(|| Refusal::no_such("event", id, "id"))
}

impl Operation<'_> {
    /// Writes the event down and leaves it for the webhooks.
    pub fn emit(&mut self, kind: &str, object: Value) {
        self.emit_changed(kind, object, Value::Null);
    }

    /// The same, with what members the object had before.
    pub fn emit_changed(&mut self, kind: &str, object: Value, previous: Value) {
        self.effects.changed = true;
        let id = self.account.mint("evt");
        let endpoints = self.shared.webhooks.count(Vendor::Stripe);
        let mut body = json!({
            "id": id, "object": "event", "type": kind, "created": self.now_s, "livemode": false,
            "api_version": API_VERSION, "pending_webhooks": endpoints,
            "request": { "id": Some(self.request_id).filter(|id| !id.is_empty()),
                "idempotency_key": self.idempotency_key },
            "data": { "object": object },
        });
        if !previous.is_null() {
            body["data"]["previous_attributes"] = previous;
        }
        if endpoints > 0 {
            let news = News { vendor: Vendor::Stripe, kind: kind.to_owned(), body: body.to_string() };
            self.effects.news.push(news);
        }
        let event = Event { id: id.clone(), created: self.now_s, kind: kind.to_owned(), body, undelivered: endpoints };
        self.account.events.insert(id, event);
        if self.account.events.len() > EVENTS_MAX {
            self.account.events.pop_first();
        }
    }
}
