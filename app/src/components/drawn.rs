//! Markup that the server alone draws and the browser adopts as it stands: no view code, no data and no serde of it in
//! the browser. For pages that people reach by a link and leave by a form: Pay Now, its result, sign-in.

use leptos::prelude::*;

/// The page, on the server.
#[cfg(feature = "ssr")]
pub fn drawn(page: impl Future<Output = AnyView> + Send + 'static) -> AnyView {
    frame(async move { page.await.to_html() })
}

/// The page, in the browser: what the server sent stays untouched. Links to it are `rel="external"`; whoever comes here by
/// an in-page navigation nevertheless is sent to the server.
#[cfg(not(feature = "ssr"))]
pub fn adopted() -> AnyView {
    #[cfg(feature = "hydrate")]
    if !Owner::current_shared_context().is_some_and(|context| context.get_is_hydrating()) {
        window().location().reload().ok();
    }
    frame(async { String::new() })
}

/// Both sides build the same one element, so hydration finds what it looks for.
fn frame(html: impl Future<Output = String> + Send + 'static) -> AnyView {
    view! {
        <Suspense>
            {Suspend::new(async move { view! { <div class="drawn" inner_html=html.await></div> } })}
        </Suspense>
    }
    .into_any()
}

/// `drawn(page)` or `adopted()`: the page's own code exists on the server alone.
macro_rules! server_drawn {
    ($page:expr) => {{
        #[cfg(feature = "ssr")]
        let view = {
            $crate::gate::still_asked_for();
            $crate::components::drawn::drawn($page)
        };
        #[cfg(not(feature = "ssr"))]
        let view = $crate::components::drawn::adopted();
        view
    }};
}
pub(crate) use server_drawn;
