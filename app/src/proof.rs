//! A payment's proof as one HTML file that needs nothing else: its style is in it, it has no script, and it prints. Drawn
//! by the server alone.

use crate::{
    components::unbroken::unbroken,
    words::{count, invoices_of},
};
use domain::{
    date::{Moment, in_words, zone_in_words},
    money::Locale,
    proof::{Agreed, Authorised, Notice, Proof, Trail, TrailLine},
    views::{PaymentStory, PostingFace, RefundFace, StoryEvent},
};
use leptos::{nonce::Nonce, prelude::*};

const STYLE: &str = include_str!("../../style/proof.css");

/// The file, what it may be called, and the nonce of its style for the policy that goes with it.
pub struct ProofFile {
    pub name: String,
    pub html: String,
    pub nonce: String,
}

#[must_use]
pub fn render_proof(proof: Proof) -> ProofFile {
    let nonce = Nonce::new();
    let reference = proof.story.row.reference.clone();
    let title = format!("Proof of payment {reference}");
    let html = Owner::new().with(|| {
        view! {
            <!DOCTYPE html>
            <html lang="en">
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    <title>{title.clone()}</title>
                    <style nonce=nonce.clone()>{STYLE}</style>
                </head>
                <body>{document(&title, proof)}</body>
            </html>
        }
        .to_html()
    });
    ProofFile { name: format!("proof-{reference}.html"), html, nonce: nonce.to_string() }
}

fn document(title: &str, proof: Proof) -> AnyView {
    let Proof { merchant, made_at, story, agreed, authorities, notices, trail } = proof;
    let (locale, zone) = (merchant.locale, merchant.time_zone);
    let zone = format!("All times are in {}, {zone}; each has its distance from UTC.", zone_in_words(&zone));
    let refunds = (!story.refunds.is_empty()).then(|| refunds(&story.refunds, locale));
    view! {
        <main>
            <header>
                <p class="muted">{merchant.name}</p>
                <h1>{unbroken(title)}</h1>
                <p class="small muted">{format!("Made {}. {zone}", exact(made_at))}</p>
            </header>
            {payment(&story, locale)}
            <section>
                <h2>"What the payer agreed to"</h2>
                {consents(agreed, &trail, locale)}
                {authorities.into_iter().map(authority).collect_view()}
            </section>
            {events(story.events)}
            {postings(story.postings, locale)}
            {refunds}
            {sent(notices)}
            {audit(trail)}
        </main>
    }
    .into_any()
}

/// `25 Nov 2026, 14:05:33 UTC-05:00`: on paper there is no machine-readable half.
fn exact(at: Moment) -> String {
    format!("{}, {} UTC{}", in_words(at.date_naive()), at.time().format("%H:%M:%S"), at.offset())
}

fn fact(name: &'static str, value: String) -> AnyView {
    view! { <div><dt>{name}</dt><dd>{value}</dd></div> }.into_any()
}

/// A column of amounts is known by its head.
fn table(heads: &[&'static str], rows: impl IntoView) -> impl IntoView {
    let head =
        |head: &&'static str| view! { <th scope="col" class=(*head == "Amount").then_some("amount")>{*head}</th> };
    view! {
        <table>
            <thead>
                <tr>{heads.iter().map(head).collect_view()}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn payment(story: &PaymentStory, locale: Locale) -> AnyView {
    let row = &story.row;
    let attempts = story.attempts.iter().map(|attempt| {
        let ids = [&attempt.gateway_id, &attempt.charge_id].into_iter().flatten().cloned().collect::<Vec<_>>();
        let (words, _) = attempt.refunded.badge().unwrap_or(attempt.state.badge());
        fact("At the gateway", format!("{}: {words}. {}", attempt.gateway, ids.join(", ")))
    });
    view! {
        <section>
            <h2>"The payment"</h2>
            <dl>
                {fact("Reference", row.reference.clone())}
                {fact("Customer", row.customer.clone())}
                {fact(if row.shares.is_empty() { "Invoice" } else { "Invoices" }, invoices_of(row, locale).join(", "))}
                {fact("Amount", format!("{} ({})", row.amount.format(locale), row.amount.currency))}
                {row.method.clone().map(|method| fact("Method", method))}
                {fact("Receipt to", story.payer_email.clone())}
                {fact("Started", exact(row.at))}
                {fact("Where it stands", story.sentence.clone())}
                {attempts.collect_view()}
            </dl>
        </section>
    }
    .into_any()
}

fn consents(agreed: Vec<Agreed>, trail: &Trail, locale: Locale) -> AnyView {
    if agreed.is_empty() {
        let words = if trail.is_taken_in {
            "This payment was taken in from the gateway after a restore; what its payer agreed to is not known here."
        } else if trail.is_younger {
            "This payment was made before consents were kept."
        } else {
            "There is no record of it any more."
        };
        return view! { <p>{words}</p> }.into_any();
    }
    agreed.into_iter().map(|one| consent(one, locale)).collect_view().into_any()
}

fn consent(agreed: Agreed, locale: Locale) -> AnyView {
    let untold = |told: Option<String>| match told {
        Some(told) => told,
        None if agreed.forgotten => "Forgotten, as long after the payment as banks take disputes".to_owned(),
        None => "Not told".to_owned(),
    };
    let words = match agreed.wording {
        Some(wording) => view! { <blockquote>{unbroken(&wording)}</blockquote> }.into_any(),
        None => view! { <p>"The form that was sent did not say which words it showed."</p> }.into_any(),
    };
    view! {
        {words}
        <dl>
            {agreed.version.map(|version| fact("Version of these words", version))}
            {fact("Pay was pressed", exact(agreed.at))}
            {fact("Amount on the button", agreed.amount.format(locale))}
            {fact("Surcharge in it", agreed.surcharge.format(locale))}
            {fact("Invoice", agreed.invoice_number)}
            {fact("Network address", untold(agreed.address))}
            {fact("Browser", untold(agreed.user_agent))}
        </dl>
    }
    .into_any()
}

fn authority(given: Authorised) -> AnyView {
    view! {
        <h3>"Authority to debit the account"</h3>
        <blockquote>{given.wording}</blockquote>
        <dl>
            {fact("Version of these words", given.version)}
            {fact("Signed by", given.holder)}
            {fact("Signed", exact(given.at))}
            {given.account.map(|account| fact("Account", account))}
            {fact("Signed in as", given.email)}
            {fact("Network address", given.address)}
            {fact("Browser", given.user_agent)}
        </dl>
    }
    .into_any()
}

fn events(events: Vec<StoryEvent>) -> AnyView {
    let rows = events.into_iter().map(|event| {
        view! {
            <tr>
                <td class="at">{exact(event.at)}</td>
                <td>{unbroken(&event.title)}</td>
                <td>{unbroken(&event.detail)}</td>
            </tr>
        }
    });
    view! {
        <section>
            <h2>"What happened, in order"</h2>
            {table(&["When", "What", "Details"], rows.collect_view())}
        </section>
    }
    .into_any()
}

fn postings(postings: Vec<PostingFace>, locale: Locale) -> AnyView {
    if postings.is_empty() {
        return view! { <section><h2>"Postings"</h2><p>"No money has moved."</p></section> }.into_any();
    }
    let rows = postings.into_iter().map(|posting| {
        view! {
            <tr>
                <td class="at">{exact(posting.at)}</td>
                <td>{posting.kind}</td>
                <td>{posting.account}</td>
                <td class="amount">{posting.amount.format(locale)}</td>
            </tr>
        }
    });
    view! {
        <section>
            <h2>"Postings"</h2>
            {table(&["When", "For", "Account", "Amount"], rows.collect_view())}
        </section>
    }
    .into_any()
}

fn refunds(refunds: &[RefundFace], locale: Locale) -> AnyView {
    let rows = refunds.iter().cloned().map(|refund| {
        let (words, _) = refund.state.badge();
        let how = [Some(words.to_owned()), refund.gateway_id, refund.failure];
        view! {
            <tr>
                <td class="at">{exact(refund.at)}</td>
                <td>{format!("{}: {}", refund.asked_by, refund.reason)}</td>
                <td>{how.into_iter().flatten().collect::<Vec<_>>().join(". ")}</td>
                <td class="amount">{refund.amount.format(locale)}</td>
            </tr>
        }
    });
    view! {
        <section>
            <h2>{count(refunds.len(), "refund")}</h2>
            {table(&["When", "Asked for by", "Status", "Amount"], rows.collect_view())}
        </section>
    }
    .into_any()
}

fn sent(notices: Vec<Notice>) -> AnyView {
    let none = notices.is_empty().then(|| view! { <p>"None so far."</p> });
    let mails = notices.into_iter().map(|notice| {
        view! {
            <h3>{unbroken(&notice.subject)}</h3>
            <p class="small muted num">{format!("To {}, {}. {}.", notice.to, exact(notice.at), notice.state)}</p>
            <pre class="mono">{notice.text}</pre>
        }
    });
    view! {
        <section>
            <h2>"Notices to the payer"</h2>
            {none}
            {mails.collect_view()}
        </section>
    }
    .into_any()
}

fn audit(trail: Trail) -> AnyView {
    let beyond = trail.checked.and_then(|(_, to)| uncomputed(&trail.lines, to));
    let holds = match (trail.checked, trail.differences.is_empty()) {
        (None, true) if trail.is_younger => {
            view! { <p>"The merchant’s audit trail began after this payment."</p> }.into_any()
        }
        (None, true) => view! { <p>"Nothing about this payment is sealed yet."</p> }.into_any(),
        (Some((from, to)), true) => {
            let words = format!(
                "Lines {from} to {to} of the merchant’s audit trail were computed anew for this document: each follows \
                 from the one before it, and nothing was changed or taken out since it was sealed."
            );
            view! { <p class="holds">{words}</p> }.into_any()
        }
        (_, false) => {
            let differences = trail.differences.into_iter().map(|words| view! { <li>{words}</li> });
            view! {
                <p class="breaks">"The audit trail does not hold:"</p>
                <ul>{differences.collect_view()}</ul>
            }
            .into_any()
        }
    };
    let young = (trail.unsealed > 0).then(|| {
        let words = format!("Not sealed yet: {}. That takes some seconds.", count(trail.unsealed, "act"));
        view! { <p class="muted">{words}</p> }
    });
    let rows = trail.lines.into_iter().map(|line| {
        view! {
            <tr>
                <td class="num">{line.number.to_string()}</td>
                <td class="at">{exact(line.at)}</td>
                <td>{format!("{} ({})", line.what, line.actor)}</td>
                <td class="mono">{line.hash}</td>
            </tr>
        }
    });
    view! {
        <section>
            <h2>"Audit trail"</h2>
            {holds}
            {beyond}
            {young}
            {table(&["Line", "When", "What, and by whom", "SHA-256 over the line before and this one"], rows.collect_view())}
        </section>
    }
    .into_any()
}

/// The payment's lines behind `to`, the last one that was computed anew.
fn uncomputed(lines: &[TrailLine], to: i64) -> Option<AnyView> {
    let beyond: Vec<_> = lines.iter().map(|line| line.number).filter(|number| *number > to).collect();
    let numbers = beyond.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let words = format!(
        "Not computed for this document, because so many other lines lie before them: {numbers}. Whoever runs the portal \
         has the whole trail computed by verify-books."
    );
    (!beyond.is_empty()).then(|| view! { <p>{words}</p> }.into_any())
}
