//! `/admin/invoices/:invoice`: why one invoice is not paid. Drawn by the server.

use crate::{components::drawn::server_drawn, pages::Screen};
use leptos::prelude::*;

pub struct InvoicePage;

impl Screen for InvoicePage {
    fn fetch() -> Self {
        Self
    }

    fn show(self) -> AnyView {
        server_drawn!(super::invoice_story::page(
            leptos_router::hooks::use_params_map().get_untracked(),
            leptos_router::hooks::use_query_map().get_untracked()
        ))
    }
}
