//! An address that nobody knows.

use crate::{components::fault_note::FaultAnswer, fault::Fault};
use leptos::prelude::*;

#[component]
pub fn NotFound() -> impl IntoView {
    view! { <FaultAnswer fault=Fault::NotFound/> }
}
