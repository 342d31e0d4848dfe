//! `/operator`: the installation's merchants, and whether its work gets done.

use crate::{
    api,
    components::{
        badge::Badge,
        empty::Empty,
        frame::Frame,
        load::{Loaded, load},
        page_title::PageTitle,
    },
    pages::Screen,
};
use domain::views::{Installation, MerchantRow, Tone};
use leptos::prelude::*;

pub struct OperatorPage {
    installation: Loaded<Installation>,
}

impl Screen for OperatorPage {
    fn fetch() -> Self {
        Self { installation: Resource::new(|| (), |()| api::installation::read_installation()) }
    }

    fn show(self) -> AnyView {
        load(self.installation, |installation| view! { <OperatorView installation/> })
    }
}

#[component]
pub fn OperatorView(installation: Installation) -> impl IntoView {
    let (tone, words) = match installation.jobs_dead {
        0 => (Tone::Good, "Jobs are running".to_owned()),
        n => (Tone::Bad, format!("{n} given up")),
    };
    let merchants = if installation.merchants.is_empty() {
        view! { <Empty title="No merchants yet">"A merchant appears here when it is set up."</Empty> }.into_any()
    } else {
        view! { <Merchants merchants=installation.merchants/> }.into_any()
    };
    view! {
        <PageTitle text="Installation"/>
        <Frame who=installation.who current="/operator" timeless=true>
            <div class="lead-in"><h1>"Installation"</h1><Badge tone words/></div>
            <dl class="card figures num">
                <div>
                    <dt>"Jobs waiting"</dt>
                    <dd>{installation.jobs_waiting}</dd>
                    <dd class="small muted">"Due now or later"</dd>
                </div>
                <div>
                    <dt>"Jobs given up"</dt>
                    <dd>{installation.jobs_dead}</dd>
                    <dd class="small muted">"The merchant’s staff read why on their Home"</dd>
                </div>
            </dl>
            <section class="card" aria-labelledby="merchants">
                <div class="bar"><h2 id="merchants">"Merchants"</h2></div>
                {merchants}
            </section>
        </Frame>
    }
}

#[component]
fn Merchants(merchants: Vec<MerchantRow>) -> impl IntoView {
    let rows = merchants.into_iter().map(|merchant| {
        let key = merchant.key.clone();
        let switch = merchant.multi_connection.map(|is_on| {
            let (label, multi) =
                if is_on { ("Turn multi-connection off", "false") } else { ("Turn multi-connection on", "true") };
            view! {
                <form method="post" action="/api/installation/multi_connection">
                    <input type="hidden" name="merchant" value=key/>
                    <input type="hidden" name="multi" value=multi/>
                    <button class="btn quiet" type="submit">{label}</button>
                </form>
            }
        });
        view! {
            <tr>
                <th scope="row" class="key">{merchant.name}</th>
                <td class="mono what">{merchant.key}</td>
                <td class="state" data-label="Books:">{merchant.books} {switch}</td>
                <td class="state" data-label="Gateway:">{merchant.gateway}</td>
                <td class="amount">{merchant.currency}</td>
            </tr>
        }
    });
    view! {
        <table class="list list-merchants">
            <thead>
                <tr>
                    <th scope="col">"Merchant"</th>
                    <th scope="col">"Key"</th>
                    <th scope="col">"Books"</th>
                    <th scope="col">"Gateway"</th>
                    <th scope="col" class="amount">"Currency"</th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}
