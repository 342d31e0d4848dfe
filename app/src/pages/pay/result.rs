//! `/npe/result?transactionId=…&payment=…`: where the payer comes back to.

use super::live::live;
use crate::{components::drawn::server_drawn, pages::Screen};
use leptos::prelude::*;

pub struct ResultPage;

impl Screen for ResultPage {
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
        addresses, api::payments::read_standing, components::load::failed, fault::Fault, gate, pages::pay::StandingView,
    };
    use domain::{access::Role, views::Standing};
    use leptos::prelude::*;
    use leptos_router::params::ParamsMap;

    pub async fn page(query: ParamsMap) -> AnyView {
        let again = query.get("stay").is_some();
        match asked(query).await {
            // Somebody else's: the checkout says what there is to say of it.
            Ok(standing) if !standing.mine => {
                gate::go_to(&addresses::pay(standing.checkout));
                ().into_any()
            }
            Ok(standing) => {
                let signed_in = gate::whoami().await.is_ok_and(|who| who.role == Role::Payer);
                view! { <StandingView standing signed_in again/> }.into_any()
            }
            Err(fault) => failed(fault),
        }
    }

    async fn asked(query: ParamsMap) -> Result<Standing, Fault> {
        let checkout = query.get("transactionId").unwrap_or_default().parse().map_err(|_| Fault::NotFound)?;
        let payment = query.get("payment").unwrap_or_default().parse().map_err(|_| Fault::NotFound)?;
        read_standing(checkout, payment).await
    }
}
