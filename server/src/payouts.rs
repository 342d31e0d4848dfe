//! `/admin/payouts`: what the gateways paid out, one payout, and that as a file (G45, N11). Addresses outside the App, because
//! the server alone draws them.

use crate::{
    router::Web,
    staff::{Answer, Id, admitted, page},
};
use app::{addresses, render_payout, render_payouts};
use axum::{
    Router,
    extract::{Query, State},
    http::{
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
        request::Parts,
    },
    response::IntoResponse,
    routing::get,
};
use domain::{
    access::Act,
    ids::PayoutId,
    payout::{PAYOUT_HEADER, PayoutRecord},
};
use serde::Deserialize;

const PATH: &str = "/admin/payouts";

pub fn router() -> Router<Web> {
    Router::new().route(PATH, get(list)).route("/admin/payouts/{payout}", get(one))
}

/// A file is drawn for each who asks.
pub fn files() -> Router<Web> {
    Router::new().route("/admin/payouts/{payout}/payout.csv", get(csv))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    page: String,
}

async fn list(State(web): State<Web>, Query(asked): Query<Asked>, parts: Parts) -> Answer {
    let admin = admitted(&parts, &web, Act::SeeTransactions, PATH).await?;
    let number = asked.page.parse().unwrap_or(1);
    let (list, tells) = web.or_refused(web.engine.payouts(&admin, number).await)?;
    page(render_payouts(&web.assets, admin.who().clone(), list, tells))
}

async fn one(State(web): State<Web>, Id(payout): Id<PayoutId>, parts: Parts) -> Answer {
    let admin = admitted(&parts, &web, Act::SeeTransactions, &addresses::payout(payout)).await?;
    let story = web.or_refused(web.engine.payout_story(&admin, payout).await)?;
    page(render_payout(&web.assets, admin.who().clone(), story))
}

async fn csv(State(web): State<Web>, Id(payout): Id<PayoutId>, parts: Parts) -> Answer {
    let admin = admitted(&parts, &web, Act::SeeTransactions, &addresses::payout_csv(payout)).await?;
    let records = web.or_refused(web.engine.export_payout(&admin, payout).await)?;
    let lines: String = records.iter().map(PayoutRecord::record).collect();
    let name = format!("attachment; filename=\"{payout}.csv\"");
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, format!("{PAYOUT_HEADER}{lines}")).into_response())
}
