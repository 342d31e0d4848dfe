//! `/admin/configure/merchants/{merchant}/payment-methods`, outside the App. Nothing is changed there.

use crate::{
    configure::AtMerchant,
    router::Web,
    staff::{Answer, page},
};
use app::render_payment_methods;
use axum::{Router, extract::State, http::request::Parts, routing::get};
use domain::access::Act;

pub fn router() -> Router<Web> {
    Router::new().route("/admin/configure/merchants/{merchant}/payment-methods", get(show))
}

async fn show(State(web): State<Web>, mut parts: Parts) -> Answer {
    let AtMerchant { admin, .. } = AtMerchant::may(Act::SeeConnections, &mut parts, &web).await?;
    page(render_payment_methods(&web.assets, web.or_refused(web.engine.gateways_page(&admin).await)?))
}
