//! `/admin/webhooks`: where the merchant's events are sent. Drawn by the server; each act is a plain form.

use crate::{components::drawn::server_drawn, pages::Screen};
use leptos::prelude::*;

pub struct WebhooksPage;

impl Screen for WebhooksPage {
    fn fetch() -> Self {
        Self
    }

    fn show(self) -> AnyView {
        server_drawn!(super::sendings::page(leptos_router::hooks::use_query_map().get_untracked()))
    }
}
