//! A moment: in words for people, with its offset for machines. Its zone is named once on a page, by the frame or the
//! receipt.

use domain::date::{Moment, moment_in_words};
use leptos::prelude::*;

#[component]
pub fn When(at: Moment) -> impl IntoView {
    view! { <time datetime=at.to_rfc3339()>{moment_in_words(at)}</time> }
}
