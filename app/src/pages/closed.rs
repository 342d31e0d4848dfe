//! Nothing to pay here: never a dead end. Pure, so that it is drawn inside and outside the App alike.

use super::words_of_closed::{heading, next_step, way_on};
use crate::{
    components::who::{BrandMark, Help, MerchantMark},
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
    let class = match closed.reason {
        ClosedReason::AlreadyPaid | ClosedReason::JustPaid | ClosedReason::Covered => "mark good",
        _ => "mark",
    };
    // `pages/pay/live.rs` asks again for as long as a page says that it is checking.
    let page = if matches!(closed.reason, ClosedReason::InProgress { .. }) { "lone checking" } else { "lone" };
    let mark = match &closed.merchant {
        Some(merchant) => view! { <MerchantMark name=merchant.name.clone()/> }.into_any(),
        None => view! { <BrandMark/> }.into_any(),
    };
    let way_on = match (closed.of_several, role) {
        // The others are chosen again.
        (true, Role::Payer) => Some(("/dashboard", "See your invoices")),
        _ => way_on(closed.reason, role),
    };
    let way_on = way_on.map(|(to, words)| view! { <p><a class="btn" href=to rel="external">{words}</a></p> });
    view! {
        <main class=page id="main">
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
