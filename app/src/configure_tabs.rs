//! The tabs of one merchant under Configure. Each is a page of its own, which the server alone draws.

use crate::addresses;
use leptos::prelude::*;

/// As the menu names all of Configure.
pub(crate) const CONFIGURE: &str = "/admin/configure/merchants";
/// As addresses name them, and what they are called (`demo.md`).
const TABS: [(&str, &str); 4] = [
    ("settings", "Settings"),
    ("integrations", "Integrations"),
    ("payment-methods", "Payment methods"),
    ("surcharges", "Surcharges"),
];

/// All of them, for the merchant with this key; `current` is the one that is open.
pub(crate) fn configure_tabs(key: &str, current: &str) -> AnyView {
    let tab = |(name, label): (&'static str, &'static str)| {
        let current = (name == current).then_some("page");
        view! { <li><a href=addresses::configure(key, name) aria-current=current>{label}</a></li> }
    };
    let tabs = TABS.into_iter().map(tab).collect_view();
    view! { <nav class="tabs" aria-label="Configure"><ul>{tabs}</ul></nav> }.into_any()
}

/// What such a page begins with, above the tabs.
pub(crate) fn configure_lead_in(merchant: &str, heading: &'static str) -> AnyView {
    view! {
        <div class="lead-in">
            <div>
                <p class="crumb small">{format!("Configure › Merchants › {merchant}")}</p>
                <h1>{heading}</h1>
            </div>
        </div>
    }
    .into_any()
}
