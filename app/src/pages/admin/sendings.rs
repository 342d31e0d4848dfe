//! What `/admin/webhooks` shows: each endpoint and how it is with it, and below, how the last deliveries went, with what the
//! receivers said.

use crate::{
    api::webhooks::list_webhooks,
    components::{
        badge::Badge, empty::Empty, frame::Frame, load::failed, page_title::PageTitle, toast::Toast, when::When,
    },
};
use domain::views::{DeliveryFace, EndpointBox, EndpointFace, Tone};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

const PATH: &str = "/admin/webhooks";

pub async fn page(query: ParamsMap) -> AnyView {
    let done = query.get("done").unwrap_or_default();
    match list_webhooks().await {
        Ok(list) => view! { <WebhooksView list done/> }.into_any(),
        Err(fault) => failed(fault),
    }
}

#[component]
pub fn WebhooksView(list: EndpointBox, done: String) -> impl IntoView {
    let EndpointBox { who, endpoints, deliveries } = list;
    let toast = match done.as_str() {
        "again" => Some("It is being sent again."),
        "on" => Some("Events are sent there again."),
        _ => None,
    };
    let toast = toast.map(|words| view! { <Toast words whole=true/> });
    let rows = if endpoints.is_empty() {
        view! {
            <Empty title="Events are sent nowhere">
                "Your other programs can be told when a payment succeeds, fails or comes back. Their addresses are added "
                "under " <a href="/admin/configure/merchants" rel="external">"Configure"</a> ", on the tab Integrations."
            </Empty>
        }
        .into_any()
    } else {
        let rows = endpoints.into_iter().map(|endpoint| view! { <EndpointRow endpoint/> }).collect_view();
        view! { <ul>{rows}</ul> }.into_any()
    };
    let deliveries = (!deliveries.is_empty()).then(|| {
        let rows = deliveries.into_iter().map(|delivery| view! { <DeliveryRow delivery/> }).collect_view();
        view! {
            <section class="card todo" aria-labelledby="deliveries">
                <h2 id="deliveries">"Last deliveries"</h2>
                <ul>{rows}</ul>
            </section>
        }
    });
    view! {
        <PageTitle text=format!("Webhooks – {}", who.merchant)/>
        <Frame who current=PATH>
            <div class="lead-in"><h1>"Webhooks"</h1></div>
            {toast}
            <section class="card todo" aria-labelledby="endpoints">
                <h2 id="endpoints">"Where events are sent"</h2>
                {rows}
            </section>
            {deliveries}
        </Frame>
    }
}

#[component]
fn EndpointRow(endpoint: EndpointFace) -> impl IntoView {
    let EndpointFace { id, url, added_at, off_since, last_error, waiting } = endpoint;
    let (tone, badge) = match (&off_since, &last_error) {
        (Some(_), _) => (Tone::Bad, "Off"),
        (None, Some(_)) => (Tone::Warn, "Trying"),
        (None, None) => (Tone::Good, "On"),
    };
    let wait = match waiting {
        0 => "It has everything.".to_owned(),
        1 => "1 event waits for it.".to_owned(),
        more => format!("{more} events wait for it."),
    };
    let is_off = off_since.is_some();
    let by_staff = last_error.is_none();
    let off = is_off.then(|| {
        let words = if by_staff {
            "It was turned off by your staff."
        } else {
            "It was turned off, because it did not take what was sent."
        };
        view! { <p class="muted">{words}</p> }
    });
    let why = last_error.map(|said| view! { <p class="muted">"Last answer: " {said}</p> });
    let (since, at) = off_since.map_or(("Added ", added_at), |off| ("Off since ", off));
    let turn_on = is_off.then(|| {
        view! {
            <form method="post" action="/api/webhooks/turn_on">
                <input type="hidden" name="endpoint" value=id.to_string()/>
                <button class="btn" type="submit">"Turn on again"</button>
            </form>
        }
    });
    view! {
        <li>
            <Badge tone words=badge/>
            <div>
                <p class="mono">{url}</p>
                {off}
                {why}
                <p class="muted">{wait}</p>
                <p class="small muted num">{since} <When at/></p>
            </div>
            <div class="acts">{turn_on}</div>
        </li>
    }
}

#[component]
fn DeliveryRow(delivery: DeliveryFace) -> impl IntoView {
    let DeliveryFace { endpoint, event, url, kind, sequence, badge, tone, answer, tries, tried_at } = delivery;
    let tried = if tries == 1 { "tried once".to_owned() } else { format!("tried {tries} times") };
    let label = format!("Send again: {kind}, number {sequence}, to {url}");
    view! {
        <li>
            <Badge tone words=badge/>
            <div>
                <p>{format!("{kind}, number {sequence}")}</p>
                <p class="mono muted">{url}</p>
                <p class="muted">{answer}</p>
                <p class="small muted num"><When at=tried_at/> {format!(", {tried}")}</p>
            </div>
            <div class="acts">
                <form method="post" action="/api/webhooks/send_again">
                    <input type="hidden" name="endpoint" value=endpoint.to_string()/>
                    <input type="hidden" name="event" value=event.to_string()/>
                    <button class="btn quiet" type="submit" aria-label=label>"Send again"</button>
                </form>
            </div>
        </li>
    }
}
