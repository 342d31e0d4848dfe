//! From a resource to a page: its skeleton, its view, or its fault with the right status. Whoever is not signed in is
//! sent to sign in and comes back.

use super::{
    fault_note::{FaultAnswer, FaultPage},
    skeleton::Skeleton,
};
use crate::{addresses, fault::Fault};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Serialize, de::DeserializeOwned};

pub type Loaded<T> = Resource<Result<T, Fault>>;

/// Shows what `from` brings. A function and not a component: its views differ per page, its markup does not.
pub fn load<T, V>(from: Loaded<T>, show: impl Fn(T) -> V + Clone + Send + Sync + 'static) -> AnyView
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
    V: IntoView + 'static,
{
    view! {
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || {
                let show = show.clone();
                Suspend::new(async move {
                    match from.await {
                        Ok(data) => show(data).into_any(),
                        Err(fault) => failed(fault),
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}

/// The page instead of the one that failed.
pub fn failed(fault: Fault) -> AnyView {
    if fault == Fault::SignInNeeded {
        ask_to_sign_in();
        return view! { <FaultPage fault/> }.into_any();
    }
    view! { <FaultAnswer fault/> }.into_any()
}

fn ask_to_sign_in() {
    #[cfg(feature = "ssr")]
    crate::gate::go_to(&addresses::sign_in(&crate::gate::this_address()));
    #[cfg(feature = "hydrate")]
    {
        let here = window().location();
        let path = here.pathname().unwrap_or_default() + &here.search().unwrap_or_default();
        here.assign(&addresses::sign_in(&path)).ok();
    }
    #[cfg(not(any(feature = "ssr", feature = "hydrate")))]
    let _ = addresses::sign_in;
}

/// Search words and page of a list, from the address.
#[must_use]
pub fn list_query() -> Memo<(String, u64)> {
    #[cfg(feature = "ssr")]
    crate::gate::still_asked_for();
    let query = use_query_map();
    Memo::new(move |_| {
        query.with(|query| {
            let page = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
            (query.get("q").unwrap_or_default(), page)
        })
    })
}
