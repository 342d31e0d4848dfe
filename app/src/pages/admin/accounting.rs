//! `/admin/configure/accounting-connections`: a card for each connection, with what is left of its budget and what waits for it
//! (S95, N6). Drawn by the server outside the App, because one more route there costs each payer's browser some 10 kB; each
//! act is a plain form.

use crate::{
    Assets,
    components::{badge::Badge, empty::Empty, frame::Frame, toast::Toast, when::When},
    plain::render,
};
use domain::{
    ids::ConnectionId,
    lane::Lane,
    views::{ConnectionsPage, LaneFace, Tone, Used},
};
use leptos::prelude::*;

const PATH: &str = "/admin/configure/accounting-connections";

/// Status and HTML. `done`: what a button has just come to.
#[must_use]
pub fn render_connections(assets: &Assets, page: ConnectionsPage, done: String) -> (u16, String) {
    let title = format!("Accounting Connections – {}", page.who.merchant);
    (200, render(assets, title, || view! { <ConnectionsView page done/> }.into_any()))
}

#[component]
pub fn ConnectionsView(page: ConnectionsPage, done: String) -> impl IntoView {
    let toast = match done.as_str() {
        "works" => Some("The connection works."),
        "fails" => Some("The connection does not work. Its card says why."),
        "connected" => Some("The connection was renewed and works."),
        "lost" => Some("The connection could not be renewed. Its card says why."),
        _ => None,
    };
    let toast = toast.map(|words| view! { <Toast words whole=true/> });
    let words = words(&page);
    let ConnectionsPage { who, books, lanes, .. } = page;
    let cards = match &books {
        None => view! {
            <section class="card">
                <Empty title="No accounting package is connected">
                    "Your books are the built-in ledger, or not set up yet: there is nothing to connect."
                </Empty>
            </section>
        }
        .into_any(),
        Some(books) => {
            let cards = lanes.into_iter().map(|lane| view! { <LaneCard lane books=books.clone()/> });
            view! { <p class="muted">{words}</p> {cards.collect_view()} }.into_any()
        }
    };
    view! {
        <Frame who current=PATH>
            <div class="lead-in"><h1>"Accounting Connections"</h1></div>
            {toast}
            {cards}
        </Frame>
    }
}

fn words(page: &ConnectionsPage) -> &'static str {
    if !page.multi {
        "Multi-connection is off: this one connection carries everything, and people come before jobs. Whoever runs this \
         installation can switch it on."
    } else if page.shares_a_budget {
        "Multi-connection is on. Connections whose calls your accounting package counts together share one budget, with people \
         before jobs. Where it counts by client, whoever runs this installation can give each its own."
    } else {
        "Multi-connection is on, and each connection has a budget of calls of its own."
    }
}

#[component]
fn LaneCard(lane: LaneFace, books: String) -> impl IntoView {
    let (title, purpose) = (lane.lane.title(), lane.lane.purpose());
    let heading = format!("lane-{}", lane.lane.name());
    let (tone, state) = match (lane.is_paused, lane.is_valid) {
        (true, _) => (Tone::Warn, "Paused"),
        (false, true) => (Tone::Good, "✓ Valid"),
        (false, false) => (Tone::Bad, "✗ Not valid"),
    };
    let organisation = lane.organisation.clone().unwrap_or_else(|| "Not known before its first test".to_owned());
    let client = match (lane.lane, lane.has_own_client) {
        (_, true) => "Its own client",
        (Lane::UserAction, false) => "None",
        (_, false) => "That of the Wise-Pay connection",
    };
    let tested = lane.tested_at.map_or_else(|| "Never".into_any(), |at| view! { <When at/> }.into_any());
    let token =
        lane.token_made_at.map_or_else(|| "None yet".into_any(), |at| view! { "Renewed " <When at/> }.into_any());
    let stopped = lane.stopped_until.map(|at| view! { <dd class="small muted">"No calls before " <When at/></dd> });
    let queue = match (lane.queued, lane.oldest_at) {
        (0, _) | (_, None) => "Nothing waits".into_any(),
        (count, Some(at)) => view! { {count} " waiting, the oldest since " <When at/> }.into_any(),
    };
    let pause = if lane.is_paused { "Resume" } else { "Pause" };
    let (minute, day) = (used(lane.minute), used(lane.day));
    let error = lane.last_error.clone().unwrap_or_else(|| "None".to_owned());
    view! {
        <section class="card pad" aria-labelledby=heading.clone()>
            <h2 id=heading.clone()>{title}</h2>
            <p><Badge tone words=state/></p>
            <p class="muted">{purpose}</p>
            <dl class="facts num">
                <div><dt>"Connected organisation"</dt><dd>{organisation} ", " {books}</dd></div>
                <div><dt>"Credentials"</dt><dd>{client}</dd></div>
                <div><dt>"Last test"</dt><dd>{tested}</dd></div>
                <div><dt>"Token"</dt><dd>{token}</dd></div>
                <div><dt>"Calls this minute"</dt><dd>{minute}</dd>{stopped}</div>
                <div><dt>"Calls today"</dt><dd>{day}</dd></div>
                <div><dt>"Queue"</dt><dd>{queue}</dd></div>
                <div><dt>"Last error"</dt><dd>{error}</dd></div>
            </dl>
            <div class="acts">
                <Act id=lane.id title to="/api/connections/test" label="Test connection" paused=None/>
                <Act id=lane.id title to="/api/connections/reconnect" label="Reconnect" paused=None/>
                <Act id=lane.id title to="/api/connections/pause" label=pause paused=Some(!lane.is_paused)/>
            </div>
        </section>
    }
}

/// A button, which says to whoever cannot see its card which connection it is of.
#[component]
fn Act(
    id: ConnectionId,
    title: &'static str,
    to: &'static str,
    label: &'static str,
    paused: Option<bool>,
) -> impl IntoView {
    let paused = paused.map(|paused| view! { <input type="hidden" name="paused" value=paused.to_string()/> });
    view! {
        <form method="post" action=to>
            <input type="hidden" name="connection" value=id.to_string()/>
            {paused}
            <button class="btn" type="submit" aria-label=format!("{label}: {title}")>{label}</button>
        </form>
    }
}

fn used(calls: Used) -> String {
    match calls.of {
        Some(of) => format!("{} of {of} used", calls.used),
        None => format!("{} used", calls.used),
    }
}
