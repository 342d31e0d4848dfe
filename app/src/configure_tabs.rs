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

/// What such a page begins with, of the merchant that is called so and has this key; `current` is the tab that is open.
pub(crate) fn configure_head(merchant: &str, key: &str, current: &str) -> AnyView {
    let heading = TABS.into_iter().find(|(name, _)| *name == current).map_or("", |(_, label)| label);
    let tab = |(name, label): (&'static str, &'static str)| {
        let current = (name == current).then_some("page");
        view! { <li><a href=addresses::configure(key, name) aria-current=current>{label}</a></li> }
    };
    let tabs = TABS.into_iter().map(tab).collect_view();
    view! {
        <div class="lead-in">
            <div>
                <p class="crumb small">{format!("Configure › Merchants › {merchant}")}</p>
                <h1>{heading}</h1>
            </div>
        </div>
        <nav class="tabs" aria-label="Configure"><ul>{tabs}</ul></nav>
    }
    .into_any()
}
