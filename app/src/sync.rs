//! "Download latest accounting platform data" (S96): how far the reading of the books is, for staff and for payers. Drawn by the
//! server outside the App: the browser asks for it again by itself while it is under way, without script.

use crate::{
    Assets,
    components::{frame::Frame, toast::Toast, when::When},
    plain::render,
};
use domain::{
    access::Role,
    sync::SyncState,
    views::{SyncPage, Whoami},
};
use leptos::prelude::*;

const TITLE: &str = "Download latest accounting platform data";

/// Status and HTML. `done`: what a button has just come to.
#[must_use]
pub fn render_sync(assets: &Assets, page: SyncPage, done: &str) -> (u16, String) {
    let title = format!("{TITLE} – {}", page.who.merchant);
    let toast = match done {
        "lately" => Some("It was downloaded a moment ago, so nothing was begun."),
        "cancelled" => Some("The download was cancelled."),
        _ => None,
    };
    (200, render(assets, title, || view! { <SyncView page toast/> }.into_any()))
}

/// Where its forms lead, and where it was opened from.
fn places(who: &Whoami) -> (&'static str, &'static str) {
    if who.role == Role::Payer { ("/dashboard/sync", "/dashboard") } else { ("/admin/sync", "/admin") }
}

#[component]
fn SyncView(page: SyncPage, toast: Option<&'static str>) -> impl IntoView {
    let (here, home) = places(&page.who);
    let toast = toast.map(|words| view! { <Toast words whole=true/> });
    let is_under_way = page.state.is_some_and(SyncState::is_under_way);
    let books = page.books.clone().unwrap_or_else(|| "the accounting platform".to_owned());
    let heading = match page.state {
        None => "Not downloaded yet",
        Some(SyncState::Waiting) => "Waiting for its turn",
        Some(SyncState::Running) => "Downloading",
        Some(SyncState::Done) => "Downloaded",
        Some(SyncState::Cancelled) => "Cancelled",
        Some(SyncState::Failed) => "Not downloaded to its end",
    };
    let sentence = match page.state {
        Some(SyncState::Waiting | SyncState::Running) => {
            format!("What changed in {books} is being read. You can leave this page: the download goes on.")
        }
        Some(SyncState::Cancelled) => {
            "What was read before is kept. The next download, yours or that of the service, goes on there.".to_owned()
        }
        _ => format!("Invoices and customers are read from {books}."),
    };
    let error = page.error.clone().map(|words| view! { <p class="notice" role="alert">{words}</p> });
    let bar = is_under_way.then_some(page.left).flatten().map(|left| {
        let (found, all) = (page.found.to_string(), page.found.saturating_add(left).max(1).to_string());
        view! { <progress aria-labelledby="progress" value=found max=all></progress> }
    });
    let left = page.left.map_or_else(|| "Not known yet".to_owned(), |left| left.to_string());
    let asked = page.asked_at.map(|at| view! { <div><dt>"Asked for"</dt><dd><When at/></dd></div> });
    let last = page.synced_at.map_or_else(|| "Never".into_any(), |at| view! { <When at/> }.into_any());
    let acts = if is_under_way {
        // It may be that of somebody else.
        let cancel = (page.who.role != Role::Payer).then(|| {
            view! {
                <form method="post" action=here>
                    <button class="btn" type="submit" name="do" value="cancel">"Cancel download"</button>
                </form>
            }
        });
        view! {
            {cancel}
            <a class="btn quiet" href=here rel="external">"Refresh"</a>
        }
        .into_any()
    } else {
        view! {
            <form method="post" action=here>
                <button class="btn primary" type="submit" name="do" value="start">{TITLE}</button>
            </form>
            <a class="btn quiet" href=home rel="external">"Back"</a>
        }
        .into_any()
    };
    view! {
        <Frame who=page.who.clone() current=home>
            <div class="lead-in"><h1>{TITLE}</h1></div>
            {toast}
            <section class="card pad" aria-labelledby="progress">
                <h2 id="progress">{heading}</h2>
                <p class="muted">{sentence}</p>
                {error}
                {bar}
                <dl class="facts num">
                    <div><dt>"Found"</dt><dd>{page.found.to_string()}</dd></div>
                    <div><dt>"Updated"</dt><dd>{page.updated.to_string()}</dd></div>
                    <div><dt>"Left"</dt><dd>{left}</dd></div>
                    {asked}
                    <div><dt>"Last complete download"</dt><dd>{last}</dd></div>
                </dl>
                <div class="acts">{acts}</div>
            </section>
        </Frame>
    }
}
