//! Whole pages without the App, for answers that are given outside its routes: a Pay Now link that leads nowhere, a
//! body that is too large, a crash. Static HTML, no script.

use crate::{
    Assets,
    components::fault_note::FaultPage,
    fault::Fault,
    pages::{
        closed::ClosedView,
        words_of_closed::{heading, status_of},
    },
};
use domain::{access::Role, views::Closed};
use leptos::{prelude::*, tachys::view::any_view::AnyView};

/// Status and HTML of a Pay Now link that opens no checkout.
#[must_use]
pub fn render_closed(assets: &Assets, closed: Closed) -> (u16, String) {
    let (status, title) = (status_of(closed.reason), heading(&closed));
    // Who is signed in is not asked here.
    let page = || view! { <ClosedView closed role=Role::Guest/> }.into_any();
    (status, render(assets, title, page))
}

/// Status and HTML of a fault that has no page of its own.
#[must_use]
pub fn render_fault(assets: &Assets, fault: Fault) -> (u16, String) {
    let status = fault.status();
    let title = fault.heading().to_owned();
    (status, render(assets, title, || view! { <FaultPage fault/> }.into_any()))
}

fn render(assets: &Assets, title: String, page: impl FnOnce() -> AnyView) -> String {
    let owner = Owner::new();
    owner.with(|| {
        view! {
            <!DOCTYPE html>
            <html lang="en" data-surface="quick">
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <meta name="color-scheme" content="light dark"/>
                    <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                    <link rel="stylesheet" href=assets.css()/>
                    <title>{title}</title>
                </head>
                <body>{page()}</body>
            </html>
        }
        .to_html()
    })
}
