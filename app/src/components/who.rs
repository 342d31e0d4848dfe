//! Who asks for the money: the merchant's mark and name, and whom to ask. And whose the portal is,
//! where no merchant is known.

use crate::words::initial;
use domain::views::MerchantFace;
use leptos::prelude::*;

#[component]
pub fn MerchantMark(#[prop(into)] name: String) -> impl IntoView {
    view! { <p class="who"><span class="logo" aria-hidden="true">{initial(&name)}</span>{name}</p> }
}

#[component]
pub fn BrandMark() -> impl IntoView {
    brand().map(|name| view! { <MerchantMark name/> })
}

#[cfg(feature = "ssr")]
fn brand() -> Option<String> {
    use_context::<crate::Assets>().map(|assets| assets.brand())
}

/// As the server wrote it into the page (`shell.rs`).
#[cfg(feature = "hydrate")]
fn brand() -> Option<String> {
    document().document_element()?.get_attribute("data-brand")
}

#[cfg(not(any(feature = "ssr", feature = "hydrate")))]
const fn brand() -> Option<String> {
    None
}

#[component]
pub fn Help(merchant: MerchantFace) -> impl IntoView {
    let address = format!("mailto:{}", merchant.support_email);
    view! {
        <p class="small muted help">
            "Questions? Ask " {merchant.name} ": " <a href=address>{merchant.support_email}</a>
        </p>
    }
}
