//! Nothing to pay here: never a dead end. Pure, so that it is drawn inside and outside the App alike.

use super::words_of_closed::{heading, next_step};
use crate::components::who::{Help, MerchantMark};
use domain::views::{Closed, ClosedReason};
use leptos::prelude::*;

#[component]
pub fn ClosedView(closed: Closed) -> impl IntoView {
    let (heading, next_step) = (heading(&closed), next_step(&closed));
    let done = closed.reason == ClosedReason::AlreadyPaid;
    let (class, dashboard) = if done { ("mark good", Some("See your payments")) } else { ("mark", None) };
    let mark = closed.merchant.as_ref().map(|merchant| view! { <MerchantMark name=merchant.name.clone()/> });
    let dashboard = dashboard.map(|words| view! { <p><a class="btn" href="/payments" rel="external">{words}</a></p> });
    view! {
        <main class="lone" id="main">
            {mark}
            <div class="lone-card">
                <span class=class aria-hidden="true"></span>
                <h1>{heading}</h1>
                <p class="muted">{next_step}</p>
                {dashboard}
                {closed.merchant.map(|merchant| view! { <Help merchant/> })}
            </div>
        </main>
    }
}
