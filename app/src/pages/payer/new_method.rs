//! `/methods/new`: another card is saved. Drawn by the server, like Pay Now.

use crate::{components::drawn::server_drawn, pages::Screen};
use leptos::prelude::*;

pub struct NewMethodPage;

impl Screen for NewMethodPage {
    fn fetch() -> Self {
        Self
    }

    fn show(self) -> AnyView {
        server_drawn!(super::new_card::page(leptos_router::hooks::use_query_map().get_untracked()))
    }
}
