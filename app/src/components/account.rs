//! Where one is and as whom: the company switcher for one e-mail in several organisations (S60), and the way out.
//! Plain forms in a popover, so they work without script, and Escape or a press beside it closes the menu.

use domain::views::{Place, Whoami};
use leptos::prelude::*;

#[component]
pub fn Account(who: Whoami) -> impl IntoView {
    let here = who.customer.clone().unwrap_or_else(|| who.email.clone());
    let elsewhere: Vec<Place> = who.places.into_iter().skip(1).collect();
    let switcher = if elsewhere.is_empty() {
        view! { <span class="here">{here}</span> }.into_any()
    } else {
        view! { <Switcher here places=elsewhere/> }.into_any()
    };
    view! {
        <div class="account">
            {switcher}
            <form method="post" action="/api/session/sign_out">
                <button class="btn quiet" type="submit" title=who.email>"Sign out"</button>
            </form>
        </div>
    }
}

#[component]
fn Switcher(here: String, places: Vec<Place>) -> impl IntoView {
    let places = places.into_iter().map(|place| {
        view! {
            <li>
                <form method="post" action="/api/session/switch">
                    <input type="hidden" name="place" value=place.key/>
                    <button type="submit">{place.label}</button>
                </form>
            </li>
        }
    });
    view! {
        <div class="menu">
            <button type="button" class="btn quiet" popovertarget="places">
                <span class="vh">"Switch company, now: "</span>
                {here}
            </button>
            <ul id="places" popover="auto">{places.collect_view()}</ul>
        </div>
    }
}
