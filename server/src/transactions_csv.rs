//! The staff's transactions as a file (D24): an address outside the App. It is sent while it is read, so that a long one
//! needs no memory; what fails on the way breaks the download off and passes for no shorter file.

use crate::{layers::plain_page, router::Web};
use app::{addresses, render_fault};
use axum::{
    body::Body,
    extract::{Query, State},
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::{
    access::Act,
    export::{ExportLine, HEADER},
};
use engine::{AdminPass, Engine, Error, ExportPart};
use futures::{
    future,
    stream::{self, StreamExt},
};
use serde::Deserialize;
use std::io;

#[derive(Deserialize)]
pub struct Asked {
    /// What the list is searched for.
    #[serde(default)]
    q: String,
}

/// `/admin/transactions.csv?q=…`, for the merchant's staff. Whoever is not signed in signs in first.
pub async fn of_merchant(State(web): State<Web>, cookies: CookieJar, Query(asked): Query<Asked>) -> Response {
    let token = cookies.get(web.cookie.0).map_or("", |cookie| cookie.value());
    let begun = match web.engine.admin(token, Act::SeeTransactions).await {
        Ok(admin) => web.engine.export_transactions(&admin, &asked.q, None).await.map(|first| (admin, first)),
        Err(Error::NotSignedIn) => {
            return Redirect::to(&addresses::sign_in(&addresses::transactions_csv(&asked.q))).into_response();
        }
        Err(cause) => Err(cause),
    };
    match begun {
        Ok((admin, first)) => file(web.engine, admin, asked.q, &first),
        Err(cause) => plain_page(render_fault(&web.assets, cause.into())),
    }
}

fn file(engine: Engine, admin: AdminPass, search: String, first: &ExportPart) -> Response {
    let begin = format!("{HEADER}{}", records(first));
    let rest = stream::try_unfold((engine, admin, search, first.next), |(engine, admin, search, after)| async move {
        let Some(after) = after else { return Ok(None) };
        match engine.export_transactions(&admin, &search, Some(after)).await {
            Ok(part) => Ok(Some((records(&part), (engine, admin, search, part.next)))),
            Err(cause) => {
                tracing::error!(%cause, "A download of transactions was broken off.");
                Err(io::Error::other(cause.to_string()))
            }
        }
    });
    let body = Body::from_stream(stream::once(future::ready(Ok(begin))).chain(rest));
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"transactions.csv\"")];
    (headers, body).into_response()
}

fn records(part: &ExportPart) -> String {
    part.lines.iter().map(ExportLine::record).collect()
}
