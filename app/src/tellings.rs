//! The lower half of the tab Integrations: what becomes of quotes and where their program is told of it (S13, S20), and where
//! other programs are told what happens (D7, G79).

use crate::{
    components::{
        badge::Badge,
        field::{Field, Kind},
        text_area::TextArea,
    },
    plain_parts::{check_box, error_of, secret_field},
};
use domain::{date::in_words, ids::EndpointId, own_invoice::Wrong, views::Tone};
use engine::{OwnEndpoint, QuoteRulesTyped};
use leptos::prelude::*;

const URL: Kind = Kind { input: "url", autocomplete: "off" };

/// The form of the rules of quotes.
pub(crate) fn quotes(at: &str, typed: QuoteRulesTyped, wrong: &[Wrong]) -> AnyView {
    let QuoteRulesTyped { applies_credits, creates_customers, return_hosts, webhook_url } = typed;
    view! {
        <form class="card pad stack" method="post" action=format!("{at}/quotes") aria-labelledby="quotes">
            <h2 id="quotes">"Quotes"</h2>
            <p class="muted">"Where the payers of a quoting program go back to, and where it is told what became of its quotes."</p>
            <TextArea
                id="return_hosts" label="Hosts that payers go back to" rows=3 value=return_hosts
                hint="One on each line, without https:// and port, like quotes.example.com. Without any, no quote is paid here."
                error=error_of(wrong, "return_hosts")
            />
            {check_box(
                "applies_credits",
                "Apply the credit of a paid quote by itself",
                "To the invoice that names the quote. Otherwise your staff are asked.",
                applies_credits,
            )}
            {check_box(
                "creates_customers",
                "Create a customer whom the books do not have by itself",
                "Who pays a quote, under the name that the quote gives them. Otherwise your staff are asked.",
                creates_customers,
            )}
            <Field
                id="webhook_url" label="Address for news of quotes" kind=URL optional=true value=webhook_url
                hint="It begins with https://. If you leave it empty, no news are sent." error=error_of(wrong, "webhook_url")
            />
            <div class="acts"><button class="btn primary" type="submit" aria-label="Save: Quotes">"Save"</button></div>
        </form>
    }
    .into_any()
}

/// The addresses of events, and the form of another one.
pub(crate) struct Webhooks {
    pub endpoints: Vec<OwnEndpoint>,
    pub is_full: bool,
    /// The address that was not taken.
    pub typed: String,
    pub secret: Option<(EndpointId, String)>,
}

impl Webhooks {
    pub(crate) fn section(self, at: &str, wrong: &[Wrong]) -> AnyView {
        let Self { endpoints, is_full, typed, secret } = self;
        let at = format!("{at}/webhooks");
        let cards = endpoints.into_iter().map(|endpoint| {
            let secret = secret.as_ref().filter(|(of, _)| *of == endpoint.face.id).map(|(_, secret)| secret.clone());
            card(&at, endpoint, secret)
        });
        let cards = cards.collect_view();
        let add = if is_full && typed.is_empty() {
            view! { <p class="muted">"There are as many addresses as there may be. Remove one to add another."</p> }
                .into_any()
        } else {
            view! {
                <form class="stack" method="post" action=at.clone()>
                    <Field
                        id="url" label="Another address" kind=URL value=typed
                        hint="It begins with https://, like https://partner.example/events."
                        error=error_of(wrong, "url")
                    />
                    <div class="acts"><button class="btn" type="submit">"Add address"</button></div>
                </form>
            }
            .into_any()
        };
        view! {
            <section class="card pad stack" aria-labelledby="webhooks">
                <h2 id="webhooks">"Webhooks"</h2>
                <p class="muted">
                    "Your other programs are told of each payment, refund, dispute and paid invoice from the moment their address is \
                     added: in order, and signed. Single deliveries are under " <a href="/admin/webhooks">"Webhooks"</a> "."
                </p>
                {cards}
                {add}
            </section>
        }
        .into_any()
    }
}

/// One address: how it is with it, its secret if that was made just now, and what can be done.
fn card(at: &str, endpoint: OwnEndpoint, secret: Option<String>) -> AnyView {
    let OwnEndpoint { face, last, secret_mark } = endpoint;
    let (id, url, is_off) = (face.id.to_string(), face.url, face.off_since.is_some());
    let secret = secret.map(|secret| {
        let hint = "Copy it into the other program now. It is not shown again.";
        secret_field("event-secret", "Secret that signs what is sent there", hint, secret)
    });
    let (tone, badge) = match (is_off, &face.last_error) {
        (true, Some(_)) => (Tone::Bad, "Off"),
        (true, None) => (Tone::Neutral, "Off"),
        (false, Some(_)) => (Tone::Warn, "Trying"),
        (false, None) => (Tone::Good, "On"),
    };
    let (since, day) = face.off_since.map_or(("Added", face.added_at), |off| ("Off since", off));
    let last = match last {
        Some(last) => {
            let words =
                format!("{}, {}, {}", last.kind, last.badge.to_lowercase(), in_words(last.tried_at.date_naive()));
            view! {
                <div><dt>"Last delivery"</dt><dd>{words}</dd></div>
                <div><dt>"Its answer"</dt><dd>{last.answer}</dd></div>
            }
            .into_any()
        }
        None => view! { <div><dt>"Last delivery"</dt><dd>"None yet"</dd></div> }.into_any(),
    };
    let act = |to: &str, label: &'static str| {
        let label_of = format!("{label}: {url}");
        view! {
            <form method="post" action=format!("{at}/{to}")>
                <input type="hidden" name="endpoint" value=id.clone()/>
                <input type="hidden" name="seen" value=secret_mark.clone()/>
                <button class="btn" type="submit" aria-label=label_of>{label}</button>
            </form>
        }
    };
    let turn = if is_off { act("on", "Turn on again") } else { act("off", "Turn off") };
    let (renew, remove) = (act("secret", "Make a new secret"), act("remove", "Remove"));
    view! {
        <div class="notice stack">
            <p><Badge tone words=badge/> " " <span class="mono">{url.clone()}</span></p>
            <dl class="facts num">
                <div><dt>{since}</dt><dd>{in_words(day.date_naive())}</dd></div>
                <div><dt>"Waiting events"</dt><dd>{face.waiting}</dd></div>
                {last}
            </dl>
            {secret}
            {turn}
            <details>
                <summary>"New secret"</summary>
                <div class="stack">
                    <p>"For a day, the one before signs as well: time enough to tell the new one to the other program."</p>
                    {renew}
                </div>
            </details>
            <details>
                <summary>"Remove this address"</summary>
                <div class="stack">
                    <p>"Nothing more is sent there, also none of what waits. It cannot be undone."</p>
                    {remove}
                </div>
            </details>
        </div>
    }
    .into_any()
}
