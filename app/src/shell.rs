//! The document around the App: one for the portal, one for the pod inside ConnectWise. Also the one place that knows
//! which scripts load when, and the content security policy that goes with them.

use crate::{App, Assets, GatewayOrigins};
use http::{HeaderValue, header::CONTENT_SECURITY_POLICY, request::Parts};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;

/// What a page is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Surface {
    /// Pay Now and sign-in: nothing is loaded before the reader can act.
    Quick,
    Portal,
    Pod,
}

impl Surface {
    fn of(path: &str) -> Self {
        match path {
            path if path.starts_with("/npe") || path == "/sign-in" => Self::Quick,
            path if path.starts_with("/pods/") => Self::Pod,
            _ => Self::Portal,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Portal => "portal",
            Self::Pod => "pod",
        }
    }
}

/// Says to the style sheet that script runs. Opens dialogs modal, also on pages that the program never touches: with
/// focus on their opener, which gets it back. Sends forms with empty fields, too: our answer names all of them beside their
/// fields, the browser one at a time (D34). And reads a page that waits for an outcome again, unless the program has come
/// and does that by itself (`pages/pay/live.rs`).
const ALWAYS: &str = "{\
    const root=document.documentElement,modal=(d,by)=>{\
        (by||document.querySelector(`[popovertarget=${d.id}]`))?.focus();\
        d.removeAttribute('popover');d.removeAttribute('open');d.showModal()\
    };\
    root.classList.add('js');\
    addEventListener('click',e=>{\
        const form=e.target.closest('form'),by=e.target.closest('[popovertarget]'),\
            d=by&&document.getElementById(by.getAttribute('popovertarget'));\
        if(form)form.noValidate=true;\
        if(d?.nodeName!='DIALOG')return;\
        e.preventDefault();\
        by.hasAttribute('popovertargetaction')?d.close():modal(d,by)\
    });\
    addEventListener('DOMContentLoaded',()=>document.querySelectorAll('dialog[open]').forEach(d=>modal(d)));\
    addEventListener('load',()=>setTimeout(()=>{\
        if(document.querySelector('main.checking')&&!root.dataset.live)location.reload()\
    },8000))\
}";

/// Every page but the pod. Refuses to be framed.
pub fn shell(assets: Assets) -> impl IntoView {
    let path = with_context(|parts: &Parts| parts.uri.path().to_owned()).unwrap_or_default();
    document(assets, Surface::of(&path), &path, "'none'")
}

/// The pod: no navigation, and framed by the merchant's PSA alone (`frame_ancestors`, a list of origins).
pub fn pod_shell(assets: Assets, frame_ancestors: &str) -> impl IntoView {
    document(assets, Surface::Pod, "/pods/", frame_ancestors)
}

fn document(assets: Assets, surface: Surface, path: &str, frame_ancestors: &str) -> impl IntoView + use<> {
    set_policy(&assets, frame_ancestors, None, None);
    provide_context(assets.clone());
    let brand = assets.brand();
    let script = match path {
        "/npe" | "/methods/new" => Some("/pay.js"),
        "/methods/bank" => Some("/bank.js"),
        _ => None,
    };
    let script = script.map(|src| view! { <script src=src defer nonce=use_nonce()></script> });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-surface=surface.name() data-brand=brand>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=assets.css()/>
                <Scripts assets surface/>
                {script}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// What every page needs, and the start of hydration: at once in the portal; on a quick page only when the browser has
/// nothing better to do, so that no byte of WASM delays the first press of a button.
#[component]
fn Scripts(assets: Assets, surface: Surface) -> impl IntoView {
    const HYDRATE: &str = "import(js).then(m=>m.default({module_or_path:wasm}).then(()=>m.hydrate())).catch(()=>{})";
    let nonce = use_nonce();
    let files = format!("const js={:?},wasm={:?};", assets.js(), assets.wasm());
    let start = match surface {
        Surface::Quick => format!(
            "const go=()=>(window.requestIdleCallback||setTimeout)(()=>{HYDRATE});\
             document.readyState==='complete'?go():addEventListener('load',go);"
        ),
        Surface::Portal | Surface::Pod => format!("{HYDRATE};"),
    };
    let hints = (surface != Surface::Quick).then(|| {
        // The manifest makes the server integration preload the split files of the matched route.
        if let Some(splits) = assets.splits() {
            provide_context(splits);
        }
        view! {
            <link rel="modulepreload" href=assets.js() crossorigin=""/>
            <link rel="preload" href=assets.wasm() r#as="fetch" r#type="application/wasm" crossorigin=""/>
        }
    });
    view! {
        <script nonce=nonce.clone()>{ALWAYS}</script>
        {hints}
        <script type="module" nonce=nonce>{files + &start}</script>
    }
}

/// Lets a vendor's sandbox in on this page, whose gateway connection leads there: for its script with the frame that this
/// opens, or for a page that a form leads to. Other addresses change nothing.
pub(crate) fn allow_sandbox(script: Option<&str>, page: Option<&str>) {
    let Some(assets) = use_context::<Assets>() else { return };
    let sandbox = |url: Option<&str>| assets.gateways().sandbox_of(url?);
    let (script, page) = (sandbox(script), sandbox(page));
    if script.is_some() || page.is_some() {
        set_policy(&assets, "'none'", script, page);
    }
}

/// Our scripts by nonce alone; card fields and windows, hosted pages and the redirects of forms only of and to the gateways
/// of this installation.
fn set_policy(assets: &Assets, frame_ancestors: &str, sandbox_script: Option<&str>, sandbox_page: Option<&str>) {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    let GatewayOrigins { scripts, frames, calls, pages, .. } = assets.gateways();
    let with = |list: &str, more: Option<&str>| [list].into_iter().chain(more).collect::<Vec<_>>().join(" ");
    let (scripts, frames) = (with(scripts, sandbox_script), with(frames, sandbox_script));
    let pages = with(pages, sandbox_page);
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval' {scripts}; style-src 'self'; \
         img-src 'self' data:; connect-src 'self' {calls}; frame-src {frames}; form-action 'self' {pages}; \
         base-uri 'none'; frame-ancestors {frame_ancestors}"
    );
    if let Ok(value) = HeaderValue::from_str(&policy) {
        response.insert_header(CONTENT_SECURITY_POLICY, value);
    }
}
