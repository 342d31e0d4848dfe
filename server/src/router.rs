//! The HTTP surface: the App's pages, its server functions, invoices, proofs and transactions as files, the forms of books of
//! our own, what payers read of their account, the partners' addresses, built files and health, in one list.

use crate::{
    accounting_connections, configure, health, integrations, invoice_pdf, layers, merchant_settings, own_books,
    partners, payer_account, payment_methods, payouts, proof,
    rate_limits::{API, CHECKOUTS, FILES, Limits, PROGRAMS, ProgramRates},
    serve::Site,
    settings::Settings,
    surcharges, sync, transactions_csv,
};
use app::{App, Assets, gate::CookieName, pod_shell, shell};
use axum::{Router, extract::FromRef, middleware, routing::get};
use engine::Engine;
use leptos::{config::LeptosOptions, prelude::provide_context};
use leptos_axum::{
    LeptosRoutes, file_and_error_handler_with_context, generate_route_list, render_app_async_with_context,
};
use std::sync::Arc;

/// Nobody frames the pod before a merchant has named its PSA.
const POD_ANCESTORS: &str = "'none'";

/// What handlers outside the App share.
#[derive(Clone)]
pub struct Web {
    pub engine: Engine,
    pub assets: Assets,
    pub cookie: CookieName,
    /// How much each program may ask; absent where rates are not held.
    pub programs: Option<Arc<ProgramRates>>,
    options: LeptosOptions,
}

impl FromRef<Web> for LeptosOptions {
    fn from_ref(web: &Web) -> Self {
        web.options.clone()
    }
}

impl FromRef<Web> for Engine {
    fn from_ref(web: &Web) -> Self {
        web.engine.clone()
    }
}

pub fn build(settings: &Settings, site: &Site, engine: Engine) -> Router {
    let cookie = CookieName(settings.cookie_name());
    let programs = settings.rate_limits.then(|| Arc::new(ProgramRates::new(PROGRAMS)));
    let (options, assets) = (site.options.clone(), site.assets.clone());
    let web = Web { engine: engine.clone(), assets, cookie, programs, options };
    let assets = site.assets.clone();
    let context = move || {
        provide_context(engine.clone());
        provide_context(assets.clone());
        provide_context(cookie);
    };
    let (pod, portal): (Vec<_>, Vec<_>) =
        generate_route_list(App).into_iter().partition(|route| route.path().starts_with("/pods/"));
    let (page, error, frame, told) =
        (site.assets.clone(), site.assets.clone(), site.assets.clone(), site.assets.clone());
    let pod_page = render_app_async_with_context(context.clone(), move || pod_shell(frame.clone(), POD_ANCESTORS));
    let turns = layers::list_turns();
    let pages = Router::new()
        .leptos_routes_with_context(&web, portal, context.clone(), move || shell(page.clone()))
        .leptos_routes_with_handler(pod, pod_page)
        .layer(middleware::map_response(move |answer| layers::fault_status(told.clone(), answer)))
        .layer(middleware::from_fn(layers::clean_address))
        .layer(middleware::from_fn(move |request, next| layers::lists_in_turn(turns.clone(), request, next)));
    let files = Router::new()
        .route("/npe/invoice.pdf", get(invoice_pdf::of_checkout))
        .route("/payments/invoice.pdf", get(invoice_pdf::of_payer))
        .route("/admin/transactions.csv", get(transactions_csv::of_merchant))
        .route("/admin/transactions/{payment}/proof", get(proof::of_payment))
        .merge(own_books::files())
        .merge(payer_account::files())
        .merge(payouts::files());
    let limits = Limits { on: settings.rate_limits, assets: site.assets.clone() };
    let surface = Router::new()
        .merge(limits.hold(limits.hold(pages, API), CHECKOUTS))
        .merge(limits.hold(files, FILES))
        .merge(own_books::router(site.assets.clone()))
        .merge(configure::router())
        .merge(merchant_settings::router())
        .merge(integrations::router())
        .merge(payment_methods::router())
        .merge(payouts::router())
        .merge(surcharges::router())
        .merge(payer_account::router())
        .merge(accounting_connections::router())
        .merge(sync::router())
        .merge(partners::router(&limits))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .fallback(file_and_error_handler_with_context::<Web, _>(context, move |_| shell(error.clone())));
    layers::around(surface, settings, site.assets.clone()).with_state(web)
}
