//! "Download latest accounting platform data" (S96), outside the App: the page of a reading, which the browser asks for again
//! while it is under way, and the forms that start and cancel it. Staff have theirs under `/admin`, payers beside their
//! dashboard.

use crate::{
    layers::plain_page,
    router::Web,
    staff::{Answer, Done, Refusal, admitted, go_to, payer_admitted},
};
use app::render_sync;
use axum::{
    Form, Router,
    extract::{FromRequestParts, Query},
    http::{HeaderValue, header, request::Parts},
    routing::get,
};
use domain::{access::Act, sync::SyncState};
use engine::{Download, SyncPass};
use serde::Deserialize;

const STAFF: &str = "/admin/sync";
const PAYERS: &str = "/dashboard/sync";
/// What is under way is asked for again after three seconds.
const REFRESH_STAFF: HeaderValue = HeaderValue::from_static("3; url=/admin/sync");
const REFRESH_PAYERS: HeaderValue = HeaderValue::from_static("3; url=/dashboard/sync");

pub fn router() -> Router<Web> {
    Router::new().route(STAFF, get(page).post(press)).route(PAYERS, get(page).post(press))
}

/// Who is here, and where. Looked for before any body is read.
struct Reader {
    web: Web,
    pass: SyncPass,
    here: &'static str,
}

impl FromRequestParts<Web> for Reader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let here = if parts.uri.path() == PAYERS { PAYERS } else { STAFF };
        let pass: SyncPass = if here == PAYERS {
            payer_admitted(parts, web, Act::SyncBooks, here).await?.into()
        } else {
            admitted(parts, web, Act::SyncBooks, here).await?.into()
        };
        Ok(Self { web: web.clone(), pass, here })
    }
}

async fn page(Reader { web, pass, here }: Reader, Query(asked): Query<Done>) -> Answer {
    let page = web.or_refused(web.engine.sync_page(&pass).await)?;
    let is_under_way = page.state.is_some_and(SyncState::is_under_way);
    let mut answer = plain_page(render_sync(&web.assets, page, &asked.done));
    if is_under_way {
        let again = if here == PAYERS { REFRESH_PAYERS } else { REFRESH_STAFF };
        answer.headers_mut().insert(header::REFRESH, again);
    }
    Ok(answer)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Pressed {
    r#do: String,
}

async fn press(Reader { web, pass, here }: Reader, Form(pressed): Form<Pressed>) -> Answer {
    let done = if pressed.r#do == "cancel" {
        web.engine.cancel_download(&pass).await.map(|()| "?done=cancelled")
    } else {
        let begun = web.engine.download_books(&pass).await;
        begun.map(|begun| if begun == Download::TooSoon { "?done=lately" } else { "" })
    };
    go_to(&format!("{here}{}", web.or_refused(done)?))
}
