//! Which address shows which page. Each surface is a lazy route: the browser fetches only the one it is on.

use crate::pages::{admin, home::HomePage, not_found::NotFound, pay, payer, pod};
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

/// Pages are rendered whole, never streamed: title, status and redirects must be right without script.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <FlatRoutes fallback=|| view! { <NotFound/> }>
                <Route path=path!("/") view=HomePage ssr=SsrMode::Async/>
                <Route path=path!("/sign-in") view={pay::Page::SignIn} ssr=SsrMode::Async/>
                <Route path=path!("/npe") view={pay::Page::Checkout} ssr=SsrMode::Async/>
                <Route path=path!("/npe/result") view={pay::Page::Outcome} ssr=SsrMode::Async/>
                <Route path=path!("/dashboard") view={payer::Page::Dashboard} ssr=SsrMode::Async/>
                <Route path=path!("/prepay") view={payer::Page::Prepay} ssr=SsrMode::Async/>
                <Route path=path!("/payments") view={payer::Page::Past} ssr=SsrMode::Async/>
                <Route path=path!("/payments/:payment") view={pay::Page::Past} ssr=SsrMode::Async/>
                <Route path=path!("/methods") view={payer::Page::Methods} ssr=SsrMode::Async/>
                <Route path=path!("/methods/new") view={payer::Page::NewMethod} ssr=SsrMode::Async/>
                <Route path=path!("/methods/bank") view={payer::Page::NewBank} ssr=SsrMode::Async/>
                <Route path=path!("/admin") view={admin::Page::Home} ssr=SsrMode::Async/>
                <Route path=path!("/admin/invoices/:invoice") view={admin::Page::Invoice} ssr=SsrMode::Async/>
                <Route path=path!("/admin/transactions") view={admin::Page::Transactions} ssr=SsrMode::Async/>
                <Route path=path!("/admin/transactions/:payment") view={admin::Page::Story} ssr=SsrMode::Async/>
                <Route path=path!("/admin/exceptions") view={admin::Page::Exceptions} ssr=SsrMode::Async/>
                <Route path=path!("/admin/mail") view={admin::Page::Mail} ssr=SsrMode::Async/>
                <Route path=path!("/admin/webhooks") view={admin::Page::Webhooks} ssr=SsrMode::Async/>
                <Route path=path!("/operator") view={admin::Page::Operator} ssr=SsrMode::Async/>
                <Route path=path!("/pods/connectwise") view={pod::Page::Pod} ssr=SsrMode::Async/>
            </FlatRoutes>
        </Router>
    }
}
