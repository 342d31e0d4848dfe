//! Carries out what an armed fault does to the wire: delays, holds, broken connections. Statuses belong to the vendors.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::stream;
use serde_json::Value;

use crate::Shared;
use crate::faults::{Fault, Vendor};

/// `Retry-After` of an armed `http:429`.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 1;
/// A vendor too slow to answer is slow with its news too: without this, they would reach the portal before its own
/// time-out, and nobody would ever see what a lost answer looks like.
const NEWS_AFTER_HOLD: Duration = Duration::from_secs(45);

/// One event for the vendor's webhooks, ready to send.
pub(crate) struct News {
    pub vendor: Vendor,
    pub kind: String,
    pub body: String,
}

/// What an operation leaves behind besides its answer, for when the lock is released and the records are saved.
#[derive(Default)]
pub(crate) struct Effects {
    /// Events to send, oldest first.
    pub news: Vec<News>,
    /// The card of `timeout_after_execute` was charged: hold the answer.
    pub unanswered: bool,
    /// Something happened that must be saved, whether or not anybody is told: by the clock, or behind a mere read.
    pub changed: bool,
}

impl Effects {
    pub fn behind(self, response: Response) -> Executed {
        Executed { response, news: self.news, unanswered: self.unanswered }
    }
}

/// What an executed request leaves: its answer, its news, and whether the answer shall never come.
pub(crate) struct Executed {
    pub response: Response,
    pub news: Vec<News>,
    pub unanswered: bool,
}

impl From<Response> for Executed {
    fn from(response: Response) -> Self {
        Self { response, news: Vec::new(), unanswered: false }
    }
}

/// What every status becomes by an armed `unknown_status`: a word that nobody has heard of. The vendor says what its
/// members for statuses are called.
pub(crate) fn of_tomorrow(view: &mut Value, names: &[&str]) {
    match view {
        Value::Object(members) => {
            for (name, member) in members {
                if names.contains(&name.as_str()) && member.is_string() {
                    *member = Value::from("held_by_martians");
                } else {
                    of_tomorrow(member, names);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| of_tomorrow(item, names)),
        _ => {}
    }
}

/// Runs `execute` with the fault around it. No answer and no news leave before the records are saved; the news leave
/// also when the answer is lost.
pub(crate) async fn around<E: Into<Executed>>(
    shared: &Arc<Shared>,
    fault: Option<&Fault>,
    execute: impl FnOnce() -> E,
) -> Response {
    match fault {
        Some(Fault::Delay(delay)) => tokio::time::sleep(*delay).await,
        Some(Fault::TimeoutBefore) => return held(shared).await,
        _ => {}
    }
    let Executed { response, news, unanswered } = execute().into();
    let held_back = unanswered || fault == Some(&Fault::TimeoutAfterExecute);
    let news_after = if held_back { NEWS_AFTER_HOLD } else { Duration::ZERO };
    if !published(shared, news, news_after).await {
        return broken();
    }
    match fault {
        _ if held_back => held(shared).await,
        Some(Fault::ResetAfterExecute) => broken(),
        _ => response,
    }
}

/// Saves, then sends the news; in a task of its own, for a client that hangs up now must not silence the vendor.
async fn published(shared: &Arc<Shared>, news: Vec<News>, after: Duration) -> bool {
    if news.is_empty() {
        return shared.saved().await;
    }
    let shared = Arc::clone(shared);
    let publishing = tokio::spawn(async move {
        let saved = shared.saved().await;
        if saved && after.is_zero() {
            shared.webhooks.send_all(&shared, news);
        } else if saved {
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                shared.webhooks.send_all(&shared, news);
            });
        }
        saved
    });
    publishing.await.unwrap_or(false)
}

/// Holds the request as a dead vendor does. Ends when the client leaves (the future is dropped), the hold time is over
/// or the simulators close; never with an answer.
async fn held(shared: &Shared) -> Response {
    let mut closing = shared.closing.subscribe();
    tokio::select! {
        () = tokio::time::sleep(shared.options.hold) => {}
        _ = closing.wait_for(|closing| *closing) => {}
    }
    broken()
}

/// A response that hyper gives up on before it has flushed its head: the client sees the connection close.
fn broken() -> Response {
    let failing = stream::once(std::future::ready(Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset))));
    Response::new(Body::from_stream(failing))
}
