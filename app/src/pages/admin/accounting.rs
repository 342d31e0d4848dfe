//! `/admin/configure/accounting-connections`: a card for each connection, with what is left of its budget and what waits for it
//! (S95, N6). Drawn by the server outside the App, because one more route there costs each payer's browser some 10 kB; each
//! act is a plain form.

use crate::{
    Assets,
    components::{
        badge::Badge,
        empty::Empty,
        frame::Frame,
        summary::{ErrorSummary, Mend},
        toast::Toast,
        when::When,
    },
    plain::render,
};
use domain::{
    ids::ConnectionId,
    lane::Lane,
    views::{BooksOffer, ConnectionsPage, LaneFace, Tone, Used},
};
use engine::NoConnection;
use leptos::prelude::*;

pub(crate) const PATH: &str = "/admin/configure/accounting-connections";

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
        "again" => Some("The books are connected again. What has waited goes on by itself."),
        "left" => Some("The books are disconnected. What is to be written waits until they are connected again."),
        "left-here" => Some(
            "The books are disconnected here. Another connection uses the same organisation by the same app, so the app keeps \
             its access there.",
        ),
        "accounts" => Some("The accounts are saved. Your books are read from now on."),
        _ => None,
    };
    let toast = toast.map(|words| view! { <Toast words whole=true/> });
    let not = NoConnection::of(&done).map(|why| {
        let mend = vec![Mend { field: None, words: why.words().to_owned() }];
        view! { <ErrorSummary title="Nothing was changed" mend/> }
    });
    let words = words(&page);
    let ConnectionsPage { who, books, lanes, offers, lacks_accounts, runs_short, .. } = page;
    let set_up = books.is_some().then(|| {
        let class = if lacks_accounts { "btn primary" } else { "btn" };
        view! { <a class=class href=format!("{PATH}/set-up")>"Set up accounts"</a> }
    });
    let cards = match &books {
        None if offers.is_empty() => view! {
            <section class="card">
                <Empty title="No accounting package is connected">
                    "Your books are the built-in ledger: there is nothing to connect."
                </Empty>
            </section>
        }
        .into_any(),
        None => offers.into_iter().map(|offer| view! { <OfferCard offer/> }).collect_view().into_any(),
        Some(books) => {
            let cards = lanes.into_iter().map(|lane| view! { <LaneCard lane books=books.clone()/> });
            view! { <p class="muted">{words}</p> {cards.collect_view()} }.into_any()
        }
    };
    let accounts = lacks_accounts.then(|| {
        view! {
            <p class="notice warn">
                "Nothing is read or written yet: choose first where payments are to stand, under “Set up accounts”."
            </p>
        }
    });
    let short = runs_short.map(|month| {
        view! {
            <p class="notice warn">
                {format!(
                    "Little is left of what this app may read this month: {}. What runs in the background reads less until the \
                     month is over, so that people can pay. Whoever runs this installation can raise the limit when the app’s \
                     plan allows more.",
                    used(month)
                )}
            </p>
        }
    });
    view! {
        <Frame who current=PATH>
            <div class="lead-in">
                <h1>"Accounting Connections"</h1>
                <div class="acts">{set_up}</div>
            </div>
            {toast}
            {not}
            {accounts}
            {short}
            {cards}
        </Frame>
    }
}

/// What can be connected where nothing is yet.
#[component]
fn OfferCard(offer: BooksOffer) -> impl IntoView {
    let BooksOffer { provider, name, has_app } = offer;
    let heading = format!("offer-{provider}");
    let labelled_by = heading.clone();
    let words = if has_app {
        "Wise-Pay reads your invoices there and writes payments into it. You allow that on its own page, and choose the accounts \
         after it."
    } else {
        "Wise-Pay reads your invoices there and writes payments into it. Whoever runs this installation has no app there, so enter \
         the client id and the secret of one of your own."
    };
    view! {
        <section class="card pad stack" aria-labelledby=labelled_by>
            <h2 id=heading>{name.clone()}</h2>
            <p class="muted">{words}</p>
            <Connect lane=Lane::UserAction of=provider.clone() provider label=format!("Connect {name}") needs_client=!has_app/>
        </section>
    }
}

/// The form that leads to the vendor's page of consent. `of` tells those of one page apart.
#[component]
fn Connect(
    lane: Lane,
    #[prop(into)] of: String,
    #[prop(into)] provider: String,
    label: String,
    needs_client: bool,
) -> impl IntoView {
    let (id, secret) = (format!("client-id-{of}"), format!("client-secret-{of}"));
    let fields = view! {
        <div class="pair">
            <div class="field">
                <label for=id.clone()>"Client id"</label>
                <input
                    class="input" id=id name="client_id" type="text" autocomplete="off" required=needs_client
                    spellcheck="false" autocapitalize="off"
                />
            </div>
            <div class="field">
                <label for=secret.clone()>"Client secret"</label>
                <input
                    class="input" id=secret name="client_secret" type="password" autocomplete="new-password"
                    required=needs_client
                />
            </div>
        </div>
    };
    let fields = if needs_client {
        fields.into_any()
    } else {
        view! { <details class="own-app"><summary>"Use another app"</summary>{fields}</details> }.into_any()
    };
    view! {
        <form class="stack" method="post" action=format!("{PATH}/connect")>
            <input type="hidden" name="lane" value=lane.name()/>
            <input type="hidden" name="provider" value=provider/>
            {fields}
            <div class="acts"><button class="btn" type="submit">{label}</button></div>
        </form>
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
    let (tone, state) = match (lane.is_cut, lane.is_paused, lane.is_valid) {
        (true, ..) => (Tone::Bad, "✗ Disconnected"),
        (false, true, _) => (Tone::Warn, "Paused"),
        (false, false, true) => (Tone::Good, "✓ Valid"),
        (false, false, false) => (Tone::Bad, "✗ Not valid"),
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
    let month = lane.month.map(|month| {
        view! { <div><dt>"Budget used this month"</dt><dd>{used(month)} " for all companies of this app"</dd></div> }
    });
    // One without credentials of its own begins with a client of its own.
    let needs_client = !lane.has_own_client;
    let connect = if needs_client { "Connect" } else { "Reconnect" };
    let tries = (!lane.is_cut).then(|| {
        let leave = lane.has_own_client.then(|| {
            let to = format!("{PATH}/disconnect");
            view! { <Act id=lane.id title to label="Disconnect" paused=None/> }
        });
        view! {
            <Act id=lane.id title to="/api/connections/test" label="Test connection" paused=None/>
            <Act id=lane.id title to="/api/connections/reconnect" label="Renew token" paused=None/>
            {leave}
        }
    });
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
                {month}
                <div><dt>"Queue"</dt><dd>{queue}</dd></div>
                <div><dt>"Last error"</dt><dd>{error}</dd></div>
            </dl>
            <div class="acts">
                {tries}
                <Act id=lane.id title to="/api/connections/pause" label=pause paused=Some(!lane.is_paused)/>
            </div>
            <Connect lane=lane.lane of=lane.lane.name() provider="" label=format!("{connect}: {title}") needs_client/>
        </section>
    }
}

/// A button, which says to whoever cannot see its card which connection it is of.
#[component]
fn Act(
    id: ConnectionId,
    title: &'static str,
    #[prop(into)] to: String,
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
