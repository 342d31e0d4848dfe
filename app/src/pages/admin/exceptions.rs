//! `/admin/exceptions`: the inbox of what needs a person. Drawn by the server; each act is a plain form.

use crate::{components::drawn::server_drawn, pages::Screen};
use leptos::prelude::*;

pub struct ExceptionsPage;

impl Screen for ExceptionsPage {
    fn fetch() -> Self {
        Self
    }

    fn show(self) -> AnyView {
        server_drawn!(super::inbox::page(leptos_router::hooks::use_query_map().get_untracked()))
    }
}
