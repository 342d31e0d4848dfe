//! `/payments/:payment`: one of the company's payments again, as a receipt, for whoever is signed in to pay for it.

use super::live::live;
use crate::{components::drawn::server_drawn, pages::Screen};
use leptos::prelude::*;

pub struct PastPage;

impl Screen for PastPage {
    fn fetch() -> Self {
        Self
    }

    fn show(self) -> AnyView {
        live(server_drawn!(server::page(leptos_router::hooks::use_params_map().get_untracked())))
    }
}

#[cfg(feature = "ssr")]
mod server {
    use crate::{components::load::failed, fault::Fault, gate, pages::pay::StandingView};
    use domain::{ids::PaymentId, views::Standing};
    use leptos::prelude::*;
    use leptos_router::params::ParamsMap;

    pub async fn page(params: ParamsMap) -> AnyView {
        match read(params).await {
            Ok(standing) => view! { <StandingView standing signed_in=true again=true/> }.into_any(),
            Err(fault) => failed(fault),
        }
    }

    async fn read(params: ParamsMap) -> Result<Standing, Fault> {
        let payer = gate::payer(gate::Act::SeeOwnPayments).await?;
        let payment = params.get("payment").unwrap_or_default().parse::<PaymentId>().map_err(|_| Fault::NotFound)?;
        gate::answer(gate::engine().receipt(&payer, payment).await)
    }
}
