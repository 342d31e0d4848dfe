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
    use crate::{api::payments::read_standing, components::load::failed, fault::Fault, pages::pay::StandingView};
    use domain::views::Standing;
    use leptos::prelude::*;
    use leptos_router::params::ParamsMap;

    pub async fn page(query: ParamsMap) -> AnyView {
        match asked(query).await {
            Ok(standing) => view! { <StandingView standing/> }.into_any(),
            Err(fault) => failed(fault),
        }
    }

    async fn asked(query: ParamsMap) -> Result<Standing, Fault> {
        let checkout = query.get("transactionId").unwrap_or_default().parse().map_err(|_| Fault::NotFound)?;
        let payment = query.get("payment").unwrap_or_default().parse().map_err(|_| Fault::NotFound)?;
        read_standing(checkout, payment).await
    }
}
