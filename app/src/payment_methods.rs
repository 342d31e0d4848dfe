//! `/admin/configure/merchants/{merchant}/payment-methods`: the merchant's gateways as they are. Drawn by the server alone and
//! outside the App. Nothing is changed here, and no secret is shown.

use crate::{
    Assets,
    components::{badge::Badge, empty::Empty, frame::Frame, when::When},
    configure_tabs::{CONFIGURE, configure_head},
    plain::render,
};
use domain::views::Tone;
use engine::{GatewayCard, GatewayFacts, GatewaysPage, NewsAddress, Stage};
use leptos::prelude::*;

/// Status and HTML.
#[must_use]
pub fn render_payment_methods(assets: &Assets, shown: GatewaysPage) -> (u16, String) {
    let title = format!("Payment methods – {}", shown.who.merchant);
    (200, render(assets, title, || view! { <PaymentMethods shown/> }.into_any()))
}

#[component]
fn PaymentMethods(shown: GatewaysPage) -> impl IntoView {
    let GatewaysPage { who, merchant, gateways } = shown;
    let none = gateways.is_empty().then(|| {
        view! {
            <section class="card">
                <Empty title="No gateway is connected">
                    "Nothing can be paid before whoever runs this installation has set one up."
                </Empty>
            </section>
        }
    });
    let cards = gateways.into_iter().map(card).collect_view();
    let head = configure_head(&who.merchant, &merchant, "payment-methods");
    view! {
        <Frame who current=CONFIGURE>
            {head}
            {none}
            {cards}
        </Frame>
    }
}

fn card(gateway: GatewayCard) -> AnyView {
    let GatewayCard { id, facts, news_at } = gateway;
    let Some(GatewayFacts { name, untried, stage, offered, can, news }) = facts else {
        return view! {
            <section class="card pad">
                <h2>"A gateway"</h2>
                <p class="notice warn">
                    {format!("The connection {id} cannot be read, so nothing can be paid by it. Tell whoever runs this installation.")}
                </p>
            </section>
        }
        .into_any();
    };
    let (tone, state, explained) = words_of(stage);
    let untried = untried.map(|words| view! { <p class="notice warn">{words}</p> });
    let offered = offered.into_iter().map(|words| view! { <li>{words}</li> }).collect_view();
    let can = can.into_iter().map(|(what, words)| view! { <div><dt>{what}</dt><dd>{words}</dd></div> }).collect_view();
    let (heading, labelled_by) = (format!("gateway-{id}"), format!("gateway-{id}"));
    view! {
        <section class="card pad" aria-labelledby=labelled_by>
            <h2 id=heading>{name}</h2>
            <p><Badge tone words=state/></p>
            <p class="muted">{explained}</p>
            {untried}
            <h3>"What payers are offered"</h3>
            <ul class="stack">{offered}</ul>
            <h3>"What it can do"</h3>
            <dl class="facts">{can}</dl>
            <h3>"Its news"</h3>
            {news_of(name, news, news_at.map(|at| view! { <When at/> }.into_any()))}
        </section>
    }
    .into_any()
}

/// A badge, and what it means.
fn words_of(stage: Stage) -> (Tone, &'static str, String) {
    match stage {
        Stage::Live => (Tone::Good, "Live", "What is paid by it is money.".to_owned()),
        Stage::Test => (Tone::Warn, "Test", "This is the vendor’s own sandbox: no money moves.".to_owned()),
        Stage::Elsewhere(host) => (
            Tone::Warn,
            "Neither live nor test",
            format!("Calls go to {host}, which is none of the vendor’s addresses that are known here."),
        ),
        Stage::Here => (Tone::Warn, "Sandbox", "This portal answers by itself: no money moves.".to_owned()),
    }
}

fn news_of(name: &'static str, news: NewsAddress, last: Option<AnyView>) -> AnyView {
    match news {
        NewsAddress::Nothing(why) => {
            view! { <p class="muted">{format!("Nothing is to be registered. {why}")}</p> }.into_any()
        }
        NewsAddress::Register(address) => {
            let last = last.unwrap_or_else(|| "None came yet".into_any());
            view! {
                <p class="muted">
                    {format!("Register this address at {name}. Whoever runs this installation gives the portal the secret that news are signed with.")}
                </p>
                <dl class="facts">
                    <div><dt>"Address"</dt><dd class="mono">{address}</dd></div>
                    <div><dt>"Last news"</dt><dd>{last}</dd></div>
                </dl>
            }
            .into_any()
        }
    }
}
