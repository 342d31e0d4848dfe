//! Prose in which no line ends inside a reference. Its text stays as it is, for whoever copies it.

use crate::words::references;
use leptos::prelude::*;

pub fn unbroken(prose: &str) -> AnyView {
    let pieces = references(prose).into_iter().map(|(words, is_reference)| {
        if is_reference { view! { <span class="nowrap">{words}</span> }.into_any() } else { words.into_any() }
    });
    pieces.collect_view().into_any()
}
