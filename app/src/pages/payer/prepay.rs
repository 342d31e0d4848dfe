//! `/prepay`: the company pays without an invoice, and the money stays as its credit (G34). Drawn by the server; what
//! follows is Pay Now.

use crate::{components::drawn::server_drawn, pages::Screen};
use leptos::prelude::*;

pub struct PrepayPage;

impl Screen for PrepayPage {
    fn fetch() -> Self {
        Self
    }

    fn show(self) -> AnyView {
        server_drawn!(server::page())
    }
}

#[cfg(feature = "ssr")]
mod server {
    use crate::{
        components::{
            field::{Field, Kind},
            frame::Frame,
            load::failed,
            page_title::PageTitle,
            summary::{ErrorSummary, Mend},
        },
        fault::Fault,
        gate,
        note::Note,
    };
    use domain::advance::PURPOSE_MAX_CHARS;
    use engine::Prepay;
    use leptos::prelude::*;

    pub async fn page() -> AnyView {
        match read().await {
            Ok((form, note)) => view! { <PrepayView form note/> }.into_any(),
            Err(fault) => failed(fault),
        }
    }

    async fn read() -> Result<(Prepay, Note), Fault> {
        let payer = gate::payer(gate::Act::PayOwnInvoices).await?;
        let form = gate::answer(gate::engine().prepay_form(&payer).await)?;
        Ok((form, gate::take_note("/prepay", "")))
    }

    #[component]
    fn PrepayView(form: Prepay, note: Note) -> impl IntoView {
        let Prepay { who, currency, is_taken } = form;
        let merchant = who.merchant.clone();
        let wrong = note.fault.is_some();
        let body = if is_taken {
            view! { <Fields merchant=merchant.clone() currency=currency.to_string() note/> }.into_any()
        } else {
            view! { <p>{merchant.clone()} " takes no payments without an invoice here."</p> }.into_any()
        };
        view! {
            <PageTitle text=format!("Pay in advance – {merchant}") wrong/>
            <Frame who=who current="/dashboard" timeless=true>
                <div class="lead-in"><h1>"Pay in advance"</h1></div>
                <section class="card pad narrow" aria-label="Payment in advance">{body}</section>
            </Frame>
        }
    }

    #[component]
    fn Fields(merchant: String, currency: String, note: Note) -> impl IntoView {
        let Note { fault, amount, reason: purpose, .. } = note;
        let error = (fault == Some(Fault::BadAmount)).then(|| Fault::BadAmount.to_string());
        let summary = fault.map(|fault| {
            let of_amount = ("Please check the amount", Some("amount".to_owned()));
            let (title, field) = if error.is_some() { of_amount } else { (fault.heading(), None) };
            let mend = vec![Mend { field, words: fault.to_string() }];
            view! { <ErrorSummary title mend/> }
        });
        view! {
            <form class="stack" method="post" action="/api/payments/prepay">
                {summary}
                <p>"It pays no invoice yet and stays as your company’s credit with " {merchant} "."</p>
                <Field
                    id="amount" label=format!("Amount in {currency}") kind=Kind::TEXT inputmode="decimal" value=amount error
                />
                <Field
                    id="purpose" label="What it is for" kind=Kind::TEXT maxlength=PURPOSE_MAX_CHARS optional=true
                    hint="Optional, like “Hardware for the new office”." value=purpose
                />
                <div class="acts">
                    <button class="btn primary" type="submit">"Continue to payment"</button>
                    <a class="btn" href="/dashboard">"Back"</a>
                </div>
            </form>
        }
    }
}
