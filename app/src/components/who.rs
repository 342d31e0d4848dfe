//! Who asks for the money: the merchant's mark and name, and whom to ask.

use crate::words::initial;
use domain::views::MerchantFace;
use leptos::prelude::*;

#[component]
pub fn MerchantMark(#[prop(into)] name: String) -> impl IntoView {
    view! { <p class="who"><span class="logo" aria-hidden="true">{initial(&name)}</span>{name}</p> }
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
