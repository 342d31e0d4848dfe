//! Money on screen: tabular digits, never wrapped.

use domain::money::{Locale, Money};
use leptos::prelude::*;

#[component]
pub fn Amount(of: Money, locale: Locale) -> impl IntoView {
    view! { <span class="num nowrap">{of.format(locale)}</span> }
}
