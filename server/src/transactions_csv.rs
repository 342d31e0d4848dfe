//! The staff's transactions as a file (D24): an address outside the App. It is sent while it is read, so that a long one
//! needs no memory; what fails on the way breaks the download off and passes for no shorter file.

use crate::{
    router::Web,
    staff::{Answer, admitted},
};
use app::addresses;
use axum::{
    body::Body,
    extract::{Query, State},
    http::{
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use domain::{
    access::Act,
    export::{ExportLine, HEADER},
};
use engine::{AdminPass, Engine, ExportPart};
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
pub async fn of_merchant(State(web): State<Web>, Query(asked): Query<Asked>, parts: Parts) -> Answer {
    let admin = admitted(&parts, &web, Act::SeeTransactions, &addresses::transactions_csv(&asked.q)).await?;
    let first = web.or_refused(web.engine.export_transactions(&admin, &asked.q, None).await)?;
    Ok(file(web.engine, admin, asked.q, &first))
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
