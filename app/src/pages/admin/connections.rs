//! `/admin/configure/accounting-connections`: the connections to the merchant's books. Drawn by the server; each act is a
//! plain form.

use crate::{components::drawn::server_drawn, pages::Screen};
use leptos::prelude::*;

pub struct ConnectionsScreen;

impl Screen for ConnectionsScreen {
    fn fetch() -> Self {
        Self
    }

    fn show(self) -> AnyView {
        server_drawn!(super::accounting::page(leptos_router::hooks::use_query_map().get_untracked()))
    }
}
