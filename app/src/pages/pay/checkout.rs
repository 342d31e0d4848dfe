//! `/npe?transactionId=…`: what is asked, where the payment stands, or why there is nothing to pay.

use super::live::live;
use crate::{components::drawn::server_drawn, pages::Screen};
use leptos::prelude::*;

pub struct PayPage;

impl Screen for PayPage {
    fn fetch() -> Self {
        Self
    }

    fn show(self) -> AnyView {
        live(server_drawn!(server::page(leptos_router::hooks::use_query_map().get_untracked())))
    }
}

#[cfg(feature = "ssr")]
mod server {
    use crate::{
        api::payments::{PayScreen, open_checkout},
        components::{load::failed, page_title::PageTitle},
        fault::Fault,
        gate,
        pages::{
            closed::ClosedView,
            pay::{AccountNeededView, HeldView, OfferView, StandingView},
            words_of_closed::{heading, status_of},
        },
    };
    use domain::{
        access::Role,
        views::{CheckoutPage, Closed, ClosedReason},
    };
    use leptos::prelude::*;
    use leptos_router::params::ParamsMap;

    pub async fn page(query: ParamsMap) -> AnyView {
        let screen = match query.get("transactionId").unwrap_or_default().parse() {
            Ok(checkout) => {
                let left = query.get("left").and_then(|payment| payment.parse().ok());
                open_checkout(checkout, left).await
            }
            Err(_) => Err(Fault::NotFound),
        };
        match screen {
            Ok(screen) => shown(screen),
            // A link that leads nowhere is a page of its own, not the general "not found".
            Err(Fault::NotFound) => {
                let reason = ClosedReason::UnknownLink;
                closed(Closed { merchant: None, invoice_number: None, of_several: false, reason }, Role::Guest)
            }
            Err(fault) => failed(fault),
        }
    }

    fn shown(screen: PayScreen) -> AnyView {
        let signed_in = screen.role == Role::Payer;
        match screen.page {
            CheckoutPage::Pay(offer) if matches!(screen.note.fault, Some(Fault::TooManyTries { .. })) => {
                view! { <HeldView offer=*offer note=screen.note signed_in_as=screen.signed_in_as/> }.into_any()
            }
            CheckoutPage::Pay(offer) if offer.quote.as_ref().is_some_and(|quote| quote.needs_account.is_some()) => {
                let why = offer.quote.as_ref().and_then(|quote| quote.needs_account.clone()).unwrap_or_default();
                view! { <AccountNeededView offer=*offer why signed_in_as=screen.signed_in_as/> }.into_any()
            }
            CheckoutPage::Pay(offer) => {
                let (note, gave_up) = (screen.note, screen.gave_up);
                view! { <OfferView offer=*offer note gave_up signed_in_as=screen.signed_in_as/> }.into_any()
            }
            CheckoutPage::Standing(standing) => view! { <StandingView standing=*standing signed_in/> }.into_any(),
            CheckoutPage::Closed(why) => closed(why, screen.role),
        }
    }

    fn closed(closed: Closed, role: Role) -> AnyView {
        gate::set_status(status_of(closed.reason));
        view! {
            <PageTitle text=heading(&closed)/>
            <ClosedView closed role/>
        }
        .into_any()
    }
}
