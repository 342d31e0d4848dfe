//! Nothing to pay here: never a dead end. Pure, so that it is drawn inside and outside the App alike.

use super::words_of_closed::{heading, next_step, way_on};
use crate::{
    components::who::{Help, MerchantMark},
    words::whole,
};
use domain::{
    access::Role,
    views::{Closed, ClosedReason},
};
use leptos::prelude::*;

#[component]
pub fn ClosedView(closed: Closed, role: Role) -> impl IntoView {
    let (heading, next_step) = (heading(&closed), whole(&next_step(&closed)));
    let class = if closed.reason == ClosedReason::AlreadyPaid { "mark good" } else { "mark" };
    let mark = closed.merchant.as_ref().map(|merchant| view! { <MerchantMark name=merchant.name.clone()/> });
    let way_on = way_on(closed.reason, role)
        .map(|(to, words)| view! { <p><a class="btn" href=to rel="external">{words}</a></p> });
    view! {
        <main class="lone" id="main">
            {mark}
            <div class="lone-card">
                <span class=class aria-hidden="true"></span>
                <h1>{heading}</h1>
                <p class="muted">{next_step}</p>
                {way_on}
                {closed.merchant.map(|merchant| view! { <Help merchant/> })}
            </div>
        </main>
    }
}
