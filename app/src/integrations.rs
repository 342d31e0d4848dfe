//! `/admin/configure/merchants/{merchant}/integrations`: which of the merchant's programs may call, their keys (S6-S12), and
//! where they are told what happens (`tellings.rs`). Drawn by the server alone and outside the App. A secret is on the page that
//! answers whoever asked for it, and on no other.

use crate::{
    Assets, addresses,
    components::toast::Toast,
    configure_tabs::{CONFIGURE, configure_head},
    plain_parts::{not_done, page, secret_field, summary},
    tellings::{Webhooks, quotes},
};
use domain::{
    date::in_words,
    ids::{EndpointId, IntegrationKeyId},
    integration::IntegrationKind,
    own_invoice::Wrong,
};
use engine::{IntegrationFace, IntegrationsPage, KeyFace, QuoteRulesTyped, Tellings};
use leptos::prelude::*;

/// What the page says besides what stands.
#[derive(Default)]
pub struct Told {
    /// What a button has just come to.
    pub done: String,
    /// The secret that was asked for.
    pub secret: Option<(IntegrationKeyId, String)>,
    /// The one that signs what is sent to an address, made just now.
    pub event_secret: Option<(EndpointId, String)>,
    /// What was typed where something is `wrong`.
    pub quote_rules: Option<QuoteRulesTyped>,
    pub url: String,
    pub wrong: Vec<Wrong>,
}

/// Status and HTML.
#[must_use]
pub fn render_integrations(assets: &Assets, shown: IntegrationsPage, tellings: Tellings, told: Told) -> (u16, String) {
    let IntegrationsPage { who, merchant, sections } = shown;
    let (name, is_full) = (who.merchant.clone(), told.done == "full");
    page(assets, who, CONFIGURE, "Integrations", is_full || !told.wrong.is_empty(), || {
        let toast = match told.done.as_str() {
            "saved" => Some("The integration is saved."),
            "generated" => Some("The key is generated. Display it to copy its secret."),
            "retired" => Some("The key is retired."),
            "quotes" => Some("The rules of quotes are saved."),
            "off" => Some("Nothing is sent there until it is turned on again."),
            "on" => Some("Events are sent there again."),
            "removed" => Some("The address is removed."),
            _ => None,
        };
        let toast = toast.map(|words| view! { <Toast words whole=true/> });
        let refused = is_full.then_some("Two keys are active already. Retire the older one first.");
        let at = addresses::integrations(&merchant);
        let sections = sections.into_iter().map(|face| section(&at, face, told.secret.as_ref())).collect_view();
        let Told { event_secret, quote_rules, url, wrong, .. } = told;
        let Tellings { quote_rules: kept, endpoints, is_full } = tellings;
        let webhooks = Webhooks { endpoints, is_full, typed: url, secret: event_secret };
        view! {
            {configure_head(&name, &merchant, "integrations")}
            {toast}
            {not_done("No key was generated", refused)}
            {summary(&wrong)}
            {sections}
            {quotes(&at, quote_rules.unwrap_or(kept), &wrong)}
            {webhooks.section(&at, &wrong)}
        }
        .into_any()
    })
}

fn section(at: &str, face: IntegrationFace, secret: Option<&(IntegrationKeyId, String)>) -> AnyView {
    let IntegrationFace { kind, is_enabled, keys, next } = face;
    let (title, at, heading) = (kind.title(), format!("{at}/{}", kind.name()), format!("integration-{}", kind.name()));
    let labelled = heading.clone();
    let generate = match next {
        Some(key) => view! {
            <input type="hidden" name="key" value=key.to_string()/>
            <button class="btn" type="submit" name="do" value="generate" aria-label=format!("Generate: {title}")>
                "Generate"
            </button>
        }
        .into_any(),
        None => view! { <p class="muted small">"Two keys are active. Retire one to generate another."</p> }.into_any(),
    };
    let keys = keys.into_iter().map(|key| {
        let secret = secret.filter(|(of, _)| *of == key.id).map(|(_, secret)| secret.clone());
        key_card(&at, title, &key, secret)
    });
    let keys = keys.collect_view();
    let guide = (kind == IntegrationKind::Sell).then(sell_guide);
    view! {
        <section class="card pad stack" aria-labelledby=labelled>
            <h2 id=heading>{title}</h2>
            <p class="muted">{kind.purpose()}</p>
            <form class="stack" method="post" action=at.clone()>
                <label class="choice">
                    <input type="checkbox" name="is_enabled" value="yes" checked=is_enabled/>
                    <span>"Is Enabled"<span class="vh">{format!(": {title}")}</span></span>
                </label>
                <div class="acts">
                    <button
                        class="btn primary" type="submit" name="do" value="save" aria-label=format!("Save: {title}")
                    >
                        "Save"
                    </button>
                    {generate}
                </div>
            </form>
            {keys}
            {guide}
        </section>
    }
    .into_any()
}

/// One key: what it is called, its secret if that was asked for, and what can be done with it.
fn key_card(at: &str, title: &'static str, key: &KeyFace, secret: Option<String>) -> AnyView {
    let id = key.id.to_string();
    let act = |to: &str, label: &'static str| {
        let label_of = format!("{label}: {title}, {id}");
        view! {
            <form method="post" action=format!("{at}/{to}")>
                <input type="hidden" name="key" value=id.clone()/>
                <button class="btn" type="submit" aria-label=label_of>{label}</button>
            </form>
        }
    };
    let secret = secret.map(|secret| {
        let hint = "Copy it into the other program, and keep it nowhere else.";
        secret_field("secret", "API key", hint, secret)
    });
    let stops =
        format!("{title} is refused from that moment on wherever it still calls with this key. It cannot be undone.");
    view! {
        <div class="notice stack">
            <dl class="facts num">
                <div><dt>"Key"</dt><dd>{id.clone()}</dd></div>
                <div><dt>"Generated"</dt><dd>{in_words(key.made_at.date_naive())}</dd></div>
            </dl>
            {secret}
            {act("display", "Display")}
            <details>
                <summary>"Retire this key"</summary>
                <div class="stack">
                    <p>{stops}</p>
                    {act("retire", "Retire")}
                </div>
            </details>
        </div>
    }
    .into_any()
}

/// What is done on Sell's side (S12).
fn sell_guide() -> AnyView {
    view! {
        <details>
            <summary>"How to set up ConnectWise Sell"</summary>
            <ol class="stack">
                <li>"Here: check Is Enabled, press Generate, and press Save."</li>
                <li>"Press Display and copy the API key."</li>
                <li>
                    "In ConnectWise Sell, open Settings and Order Porter, choose this portal as what takes payments, and \
                     paste the API key there."
                </li>
                <li>
                    "Choose there whether quotes may be paid by card, by bank debit, or both. What is not set up here stays \
                     out."
                </li>
                <li>
                    "Accept a quote of your own in Order Porter: Accept and Pay leads here, and the payment back to the quote."
                </li>
                <li>
                    "To change the key later, generate a second one, paste it into Sell, pay one quote, and retire the \
                     first. Until then both work."
                </li>
            </ol>
        </details>
    }
    .into_any()
}
