//! `/methods`: the company's saved cards. Drawn by the server; each act is a plain form.

use crate::{components::drawn::server_drawn, pages::Screen};
use leptos::prelude::*;

pub struct MethodsScreen;

impl Screen for MethodsScreen {
    fn fetch() -> Self {
        Self
    }

    fn show(self) -> AnyView {
        server_drawn!(super::saved::page(leptos_router::hooks::use_query_map().get_untracked()))
    }
}
