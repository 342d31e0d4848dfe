//! `/admin/payouts`: what the gateways paid out to the merchant's bank, and of each payout the payments, refunds and fees that
//! it consists of, tied to the cent (G45, N11). Drawn by the server alone, outside the App; a payout's page is its printed proof.

use crate::{
    Assets, addresses,
    components::{
        badge::Badge,
        empty::Empty,
        pager::{Beyond, Pager, Place},
    },
    plain_parts::{lead_in, listed, page},
};
use domain::{
    date::in_words,
    money::{Locale, Money},
    payout::{Breakdown, PayoutState, off_words},
    views::{Page, Tone, Whoami},
};
use engine::{FOREIGN, PayoutFace, PayoutLineFace, PayoutStory};
use leptos::prelude::*;

const PATH: &str = "/admin/payouts";

/// Status and HTML of the list. `tells`: one of the gateways says what its payouts consist of.
#[must_use]
pub fn render_payouts(assets: &Assets, who: Whoami, list: Page<PayoutFace>, tells: bool) -> (u16, String) {
    let locale = who.locale;
    page(assets, who, PATH, "Payouts", false, || {
        let place = Place::from(&list);
        let rows = if place.is_beyond() {
            view! { <Beyond path=PATH place=place.clone() whole=true/> }.into_any()
        } else if list.rows.is_empty() {
            none(tells)
        } else {
            let rows = list.rows.into_iter().map(|face| row(face, locale)).collect_view();
            listed(&["Arrives", "Gateway", "State"], &["Payments", "Refunds", "Other", "Fees", "Paid out"], rows)
        };
        view! {
            <div class="lead-in">
                <div>
                    <h1>"Payouts"</h1>
                    <p class="muted">
                        "What your gateways sent to your bank. Each is matched once a day with what it consists of: payments less "
                        "refunds, other movements and fees."
                    </p>
                </div>
            </div>
            <section class="card" aria-labelledby="payouts">
                <div class="bar"><h2 id="payouts">"All payouts"</h2></div>
                {rows}
                <Pager path=PATH place whole=true/>
            </section>
        }
        .into_any()
    })
}

fn none(tells: bool) -> AnyView {
    let words = if tells {
        "They appear here on the day after your gateway has ordered them."
    } else {
        "None of your gateways says which payments a payout consists of. Look at the gateway itself."
    };
    view! { <Empty title="No payouts yet">{words}</Empty> }.into_any()
}

fn row(face: PayoutFace, locale: Locale) -> AnyView {
    let is_told = face.breakdown == Breakdown::Told;
    let part = |label: &'static str, amount: Money| {
        let amount = is_told.then(|| amount.format(locale));
        view! { <td class="amount muted" data-label=label>{amount}</td> }
    };
    view! {
        <tr>
            <th scope="row" class="key"><a href=addresses::payout(face.id)>{in_words(face.arrives_on)}</a></th>
            <td>{face.gateway}</td>
            <td>{badges(&face)}</td>
            {part("Payments", face.sums.payments)}
            {part("Refunds", face.sums.refunds)}
            {part("Other", face.sums.other)}
            {part("Fees", face.sums.fees)}
            <td class="amount">{face.amount.format(locale)}</td>
        </tr>
    }
    .into_any()
}

/// Where it stands, and whether it ties out.
fn badges(face: &PayoutFace) -> AnyView {
    let (state, state_tone) = match face.state {
        PayoutState::OnItsWay => ("On its way", Tone::Wait),
        PayoutState::Paid => ("Paid out", Tone::Good),
        PayoutState::Failed if face.came_again => ("Failed, sent again", Tone::Neutral),
        PayoutState::Failed => ("Failed", Tone::Bad),
        PayoutState::Cancelled => ("Cancelled", Tone::Neutral),
    };
    let (tie, tie_tone) = match face.breakdown {
        Breakdown::Told if face.off.minor == 0 => ("Ties out", Tone::Good),
        Breakdown::Told => ("Does not add up", Tone::Bad),
        Breakdown::NotYet => ("Not told yet", Tone::Wait),
        Breakdown::Never => ("Not matched", Tone::Neutral),
    };
    view! { <span class="badges"><Badge tone=state_tone words=state/><Badge tone=tie_tone words=tie/></span> }
        .into_any()
}

/// Status and HTML of one payout.
#[must_use]
pub fn render_payout(assets: &Assets, who: Whoami, story: PayoutStory) -> (u16, String) {
    let (locale, merchant) = (who.locale, who.merchant.clone());
    let heading = format!("Payout of {}", story.payout.amount.format(locale));
    let title = heading.clone();
    page(assets, who, PATH, &title, false, || {
        let payout = &story.payout;
        let (gateway, id, day) = (payout.gateway, payout.gateway_id.clone(), in_words(payout.arrives_on));
        let arrives = if payout.state == PayoutState::Paid { "arrived" } else { "to arrive" };
        let told =
            format!("{id} of {gateway} to {merchant}, {arrives} on {day}. As told on {}.", in_words(payout.told_on));
        let failure = payout.failure.clone().map(|why| view! { <p class="notice">{format!("The bank: {why}")}</p> });
        let below = view! { <p>{told}</p>{badges(payout)}{failure} };
        let lines = (payout.breakdown == Breakdown::Told).then(|| told_whole(&story, locale));
        view! {
            {lead_in(PATH, "Payouts", heading, below)}
            {calculation(&story, locale)}
            {lines}
        }
        .into_any()
    })
}

/// How it adds up, and how it is booked.
fn calculation(story: &PayoutStory, locale: Locale) -> AnyView {
    let (payout, sums) = (&story.payout, story.payout.sums);
    let words = match payout.breakdown {
        Breakdown::Told => tie_words(payout, locale),
        Breakdown::NotYet => {
            format!("{} does not say yet what it consists of. It is read again each day.", payout.gateway)
        }
        Breakdown::Never => {
            format!("{} does not say what it consists of, as of payouts that are ordered by hand.", payout.gateway)
        }
    };
    let fact = |label: &'static str, amount: String| view! { <div><dt>{label}</dt><dd>{amount}</dd></div> };
    let facts = (payout.breakdown == Breakdown::Told).then(|| {
        let negated = Money::new(sums.fees.minor.saturating_neg(), sums.fees.currency);
        let net = sums.net().map(|net| net.format(locale)).unwrap_or_default();
        view! {
            <dl class="facts num">
                {fact("Payments", sums.payments.format(locale))}
                {fact("Refunds", sums.refunds.format(locale))}
                {fact("Disputes, returns and adjustments", sums.other.format(locale))}
                {fact("Fees", negated.format(locale))}
                {fact("Sum", net)}
                {fact("Paid out", payout.amount.format(locale))}
            </dl>
            <h3>"How to book it"</h3>
            <p>{booking(story, locale)}</p>
        }
    });
    view! {
        <section class="card pad stack" aria-labelledby="sum">
            <h2 id="sum">"What it consists of"</h2>
            <p>{words}</p>
            {facts}
        </section>
    }
    .into_any()
}

fn tie_words(payout: &PayoutFace, locale: Locale) -> String {
    if payout.off.minor == 0 {
        return "It adds up to the cent.".to_owned();
    }
    format!("It does not add up: {}.", off_words(payout.off, locale))
}

/// In one sentence, for the bookkeeper. What was made past the portal stands on no clearing account.
fn booking(story: &PayoutStory, locale: Locale) -> String {
    let (sums, foreign) = (story.payout.sums, story.foreign);
    let cleared = sums.payments.plus(sums.refunds).and_then(|sum| sum.minus(foreign));
    let cleared = cleared.map(|sum| sum.format(locale)).unwrap_or_default();
    let words = |amount: Money| amount.format(locale);
    let mut sentence = format!(
        "Clearing account: payments less refunds, {cleared} → Bank {}, Fees {}",
        words(story.payout.amount),
        words(sums.fees)
    );
    if foreign.minor != 0 {
        sentence += &format!(
            "; {} of what came was made past this portal, and is booked from the gateway’s own records",
            words(foreign)
        );
    }
    if sums.other.minor != 0 {
        sentence += &format!("; {} are disputes, returned debits and adjustments, as named below", words(sums.other));
    }
    sentence + "."
}

/// All that it consists of, with the sums of what stands above.
fn told_whole(story: &PayoutStory, locale: Locale) -> AnyView {
    let rows = story.lines.iter().map(|line| line_row(line, locale)).collect_view();
    let net = story.lines_amount.minus(story.lines_fee).map(|net| net.format(locale)).unwrap_or_default();
    let left = (story.lines_left > 0).then(|| {
        let words = format!("{} more lines stand in the file, and are in these sums.", story.lines_left);
        view! { <p class="none">{words}</p> }
    });
    let sum = view! {
        <tr>
            <th scope="row" class="key">"Sum"</th>
            <td></td>
            <td></td>
            <td class="amount muted" data-label="Amount">{story.lines_amount.format(locale)}</td>
            <td class="amount muted" data-label="Fee">{story.lines_fee.format(locale)}</td>
            <td class="amount">{net}</td>
        </tr>
    };
    let rows = view! { {rows}{sum} };
    view! {
        <section class="card" aria-labelledby="lines">
            <div class="bar">
                <h2 id="lines">"Line by line"</h2>
                <a class="btn" href=addresses::payout_csv(story.payout.id)>"Download CSV"</a>
            </div>
            {listed(&["What", "Of", "Date"], &["Amount", "Fee", "Net"], rows)}
            {left}
        </section>
    }
    .into_any()
}

fn line_row(line: &PayoutLineFace, locale: Locale) -> AnyView {
    let kind = line.kind.words();
    let (key, of) = match &line.ours {
        Some(ours) => {
            let key = view! { {kind}" "<a href=addresses::transaction(ours.payment)>{ours.reference.clone()}</a> };
            let whose = [ours.invoices.as_str(), ours.customer.as_str()];
            let of = whose.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", ");
            (key.into_any(), of)
        }
        None => (kind.into_any(), line.words.clone().unwrap_or_default()),
    };
    let foreign = line.is_foreign.then(|| view! { <Badge tone=Tone::Warn words=FOREIGN/> });
    let number =
        (line.is_foreign || line.ours.is_none()).then(|| view! { <p class="small num">{line.gateway_id.clone()}</p> });
    view! {
        <tr>
            <th scope="row" class="key">{key}</th>
            <td class="what">{of}{number}{foreign}</td>
            <td class="num date">{in_words(line.on)}</td>
            <td class="amount muted" data-label="Amount">{line.amount.format(locale)}</td>
            <td class="amount muted" data-label="Fee">{line.fee.format(locale)}</td>
            <td class="amount">{line.net.format(locale)}</td>
        </tr>
    }
    .into_any()
}
