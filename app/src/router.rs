//! Which address shows which page. Each surface is a lazy route: the browser fetches only the one it is on.

use crate::pages::{admin, home::HomePage, not_found::NotFound, pay, payer, pod};
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    Lazy, SsrMode,
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
                <Route path=path!("/sign-in") view={Lazy::<pay::SignIn>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/npe") view={Lazy::<pay::Checkout>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/npe/result") view={Lazy::<pay::Outcome>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/dashboard") view={Lazy::<payer::Dashboard>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/prepay") view={Lazy::<payer::Prepay>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/payments") view={Lazy::<payer::Past>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/payments/:payment") view={Lazy::<pay::Past>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/methods") view={Lazy::<payer::Methods>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/methods/new") view={Lazy::<payer::NewMethod>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/methods/bank") view={Lazy::<payer::NewBank>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/admin") view={Lazy::<admin::Home>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/admin/invoices/:invoice") view={Lazy::<admin::Invoice>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/admin/transactions") view={Lazy::<admin::Transactions>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/admin/transactions/:payment") view={Lazy::<admin::Story>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/admin/exceptions") view={Lazy::<admin::Exceptions>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/admin/mail") view={Lazy::<admin::Mail>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/admin/webhooks") view={Lazy::<admin::Webhooks>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/operator") view={Lazy::<admin::Operator>::new()} ssr=SsrMode::Async/>
                <Route path=path!("/pods/connectwise") view={Lazy::<pod::Pod>::new()} ssr=SsrMode::Async/>
            </FlatRoutes>
        </Router>
    }
}
