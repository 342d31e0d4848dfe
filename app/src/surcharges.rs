//! `/admin/configure/merchants/{merchant}/surcharges`: what is added for a way of paying, in words; what a payer would be asked
//! for; and the file that says so (N12, E20). Drawn by the server alone and outside the App. What another file changes is shown
//! before it is saved: `surcharge_preview.rs`.

use crate::{
    Assets, addresses,
    components::{
        badge::Badge,
        empty::Empty,
        field::{Field, Kind},
        summary::{ErrorSummary, Mend},
        text_area::TextArea,
        toast::Toast,
    },
    configure_tabs::{CONFIGURE, configure_head},
    plain_parts::{error_of, listed, page, select},
    surcharge_words::{account, scope, sentence},
};
use chrono::NaiveDate;
use domain::{
    card::{Brand, CardKind, Funding},
    date::in_words,
    money::{Currency, Locale, Money},
    own_invoice::Wrong,
    surcharge::{PaidBy, Policy, Rule},
    surcharge_review::Standing,
    views::Tone,
};
use engine::{RulesError, SurchargesPage, Tried};
use leptos::prelude::*;
use serde::Deserialize;

const EXAMPLE: &str = r#"{"place": "NZ", "rules": [
{"rate_ppm": 15000, "account": "260"},
{"brand": "amex", "rate_ppm": 20000, "fixed_minor": 30, "cap_minor": 1000, "currency": "NZD", "account": "260", "tax": "OUTPUT2"}
]}"#;

/// A payment that is tried, as it was typed; nothing is where nothing was asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Trial {
    pub amount: String,
    pub brand: String,
    pub funding: String,
    pub channel: String,
}

impl Trial {
    /// How it is paid. What nobody could choose is a card that no rule names.
    #[must_use]
    pub fn paid_by(&self) -> PaidBy {
        let brand = Brand::ALL.into_iter().find(|brand| brand.spelt() == self.brand).unwrap_or(Brand::Other);
        let funding = Funding::ALL.into_iter().find(|funding| funding.spelt() == self.funding);
        match self.channel.as_str() {
            "bank_debit" => PaidBy::BankDebit,
            "page" => PaidBy::Card(None),
            _ => PaidBy::Card(Some(CardKind { brand, funding: funding.unwrap_or(Funding::Unknown) })),
        }
    }
}

/// What the page says besides what stands.
#[derive(Default)]
pub struct SurchargesTold {
    /// What a button has just come to.
    pub done: String,
    pub trial: Trial,
    pub tried: Option<Tried>,
    /// Of what was typed into the trial.
    pub wrong: Vec<Wrong>,
    /// A file that was not taken, and why.
    pub refused: Option<(String, Vec<String>)>,
}

impl SurchargesTold {
    /// Of a file that was not taken.
    #[must_use]
    pub fn of_wrong_file(text: String, cause: &RulesError) -> Self {
        let why = match cause {
            RulesError::Unreadable(cause) => vec![format!("The file cannot be read: {cause}.")],
            RulesError::Wrong(rules) => rules.iter().map(|rule| sentence(&rule.to_string())).collect(),
        };
        Self { refused: Some((text, why)), ..Self::default() }
    }
}

/// Status and HTML.
#[must_use]
pub fn render_surcharges(assets: &Assets, shown: SurchargesPage, told: SurchargesTold) -> (u16, String) {
    let SurchargesPage { who, merchant, currency, today, policy, said, cannot_tell } = shown;
    let SurchargesTold { done, trial, tried, wrong, refused } = told;
    let (name, locale) = (who.merchant.clone(), who.locale);
    let (at, is_wrong) = (addresses::configure(&merchant, "surcharges"), !wrong.is_empty() || refused.is_some());
    page(assets, who, CONFIGURE, "Surcharges", is_wrong, || {
        let toast = match done.as_str() {
            "saved" => Some("The rules are saved. They count for every payment from now on."),
            "off" => Some("Surcharges are turned off. Nothing is added from now on."),
            _ => None,
        };
        let toast = toast.map(|words| view! { <Toast words whole=true/> });
        let summary = refused.as_ref().map(|(_, why)| {
            let mend = |words: &String| Mend { field: Some("rules".to_owned()), words: words.clone() };
            let mend: Vec<_> = why.iter().map(mend).collect();
            view! { <ErrorSummary title="Nothing was changed: the file is to be mended" mend/> }
        });
        let policy = policy.filter(|policy| !policy.rules.is_empty());
        let off = policy.is_some().then(|| turn_off(&at));
        let text = policy.as_ref().map(|policy| serde_json::to_string_pretty(policy).unwrap_or_default());
        let text = refused.map(|(text, _)| text).or(text).unwrap_or_default();
        let stands = match &policy {
            None => view! {
                <section class="card">
                    <Empty title="Nothing is added for any way of paying">
                        "Payers pay what they owe and no more. Rules say where that is different."
                    </Empty>
                </section>
            }
            .into_any(),
            Some(policy) => standing(policy, said, cannot_tell, (currency, today, locale)),
        };
        view! {
            {configure_head(&name, &merchant, "surcharges")}
            {toast}
            {summary}
            {stands}
            {try_form(&at, currency, &trial, &wrong)}
            {tried.map(|tried| result(&tried, policy.as_ref(), locale))}
            {rules_form(&at, text)}
            {off}
        }
        .into_any()
    })
}

/// The rules as they stand.
fn standing(
    policy: &Policy,
    said: Option<String>,
    cannot_tell: Option<&'static str>,
    (currency, today, locale): (Currency, NaiveDate, Locale),
) -> AnyView {
    let said =
        said.map(|said| view! { <p>{format!("Payers read before they choose how to pay: “Surcharges: {said}.”")}</p> });
    let cannot_tell = cannot_tell.map(|name| {
        let words = format!(
            "{name} does not tell which card is paid with before it is charged, so of these rules only what is the same for \
             all cards is added."
        );
        view! { <p class="notice warn">{words}</p> }
    });
    let row = |rule: &Rule| {
        let (tone, state) = badge(policy.standing(rule, today));
        view! {
            <tr>
                <th scope="row" class="key">{sentence(&rule.paid_with())}</th>
                <td>{rule.fee(currency, locale)}</td>
                <td>{scope(rule)}</td>
                <td>{account(rule)}</td>
                <td class="state"><Badge tone words=state/></td>
            </tr>
        }
    };
    let rows = policy.rules.iter().map(row).collect_view();
    view! {
        <p class="muted">
            {format!("Payments are taken in {}. Of several rules about one payment, the most precise counts.", policy.place)}
        </p>
        {said}
        {cannot_tell}
        <section class="card" aria-labelledby="standing">
            <div class="bar"><h2 id="standing">"What is added now"</h2></div>
            {listed(&["Paid with", "Added", "Where and when", "In the books", "State"], &[], rows)}
        </section>
    }
    .into_any()
}

fn badge(standing: Standing) -> (Tone, String) {
    match standing {
        Standing::InForce => (Tone::Good, "In force".to_owned()),
        Standing::NotYet(from) => (Tone::Wait, format!("From {}", in_words(from))),
        Standing::Over(last) => (Tone::Neutral, format!("Ended {}", in_words(last))),
        Standing::Elsewhere => (Tone::Neutral, "Of another place".to_owned()),
        Standing::Forbidden => (Tone::Warn, "Not allowed here".to_owned()),
    }
}

fn try_form(at: &str, currency: Currency, trial: &Trial, wrong: &[Wrong]) -> AnyView {
    let option = |value: &'static str, label: String, chosen: &str| {
        let is_chosen = value == chosen;
        view! { <option value=value selected=is_chosen>{label}</option> }
    };
    let brands = Brand::ALL.map(|brand| {
        let label = if brand == Brand::Other { "Another" } else { brand.words().trim() };
        option(brand.spelt(), label.to_owned(), &trial.brand)
    });
    let fundings = Funding::ALL.map(|funding| {
        let label = if funding == Funding::Unknown { "Not told".to_owned() } else { sentence(funding.spelt()) };
        option(funding.spelt(), label, &trial.funding)
    });
    let channels =
        [("card", "A card on Pay Now"), ("page", "A card on the gateway’s own page"), ("bank_debit", "A bank debit")];
    let channels = channels.map(|(value, label)| option(value, label.to_owned(), &trial.channel));
    view! {
        <form class="card pad stack" method="get" action=at.to_owned()>
            <h2>"What would be charged?"</h2>
            <div class="pair">
                <Field
                    id="amount" label=format!("Amount in {currency}") kind=Kind::TEXT inputmode="decimal"
                    value=trial.amount.clone() error=error_of(wrong, "amount")
                />
                {select("channel", "Paid by", "", channels.into_iter().collect_view(), None)}
                {select("brand", "Brand of the card", "", brands.into_iter().collect_view(), None)}
                {select("funding", "Kind of card", "", fundings.into_iter().collect_view(), None)}
            </div>
            <div class="acts"><button class="btn" type="submit">"Work it out"</button></div>
        </form>
    }
    .into_any()
}

/// What a payer would be asked for, line by line.
fn result(tried: &Tried, policy: Option<&Policy>, locale: Locale) -> AnyView {
    let Tried { amount, paid_by, added, total, account, rule } = tried;
    let money = |money: &Money| money.format(locale);
    let heading = if added.is_positive() {
        format!("For {paid_by} a surcharge of {} applies today.", money(added))
    } else {
        format!("For {paid_by} no surcharge applies today.")
    };
    let by = match rule {
        Some((rule, by_rule)) => {
            let words = format!("{}: {}", sentence(&rule.paid_with()), rule.fee(amount.currency, locale));
            let lawful = policy.filter(|_| added != by_rule).map(|policy| {
                view! {
                    <div><dt>{format!("Allowed by the law in {}", policy.place)}</dt><dd>{money(added)}</dd></div>
                }
            });
            view! {
                <div><dt>"Rule"</dt><dd>{words}</dd></div>
                <div><dt>"By that rule"</dt><dd>{money(by_rule)}</dd></div>
                {lawful}
            }
            .into_any()
        }
        None if *paid_by == PaidBy::Card(None) => view! {
            <div><dt>"Rule"</dt><dd>"Nobody knows which card it is: what is the same for all cards is added"</dd></div>
        }
        .into_any(),
        None => view! { <div><dt>"Rule"</dt><dd>"None is about it"</dd></div> }.into_any(),
    };
    let account = account.clone().map(|account| view! { <div><dt>"Account in the books"</dt><dd>{account}</dd></div> });
    view! {
        <section class="card pad" aria-labelledby="tried">
            <h2 id="tried">{heading}</h2>
            <dl class="facts num">
                <div><dt>"Amount"</dt><dd>{money(amount)}</dd></div>
                {by}
                <div><dt>"Surcharge"</dt><dd>{money(added)}</dd></div>
                {account}
                <div class="total"><dt>"Asked for"</dt><dd>{money(total)}</dd></div>
            </dl>
        </section>
    }
    .into_any()
}

fn rules_form(at: &str, text: String) -> AnyView {
    let field = |(name, words): (&'static str, &'static str)| {
        view! { <div><dt class="mono">{name}</dt><dd>{words}</dd></div> }
    };
    let fields = [
        ("place", "Where you take payments: a country or a part of one, as AU or US-CO"),
        ("account", "In your books, for what is earned by the rule; each rule has one"),
        ("tax", "The books’ name of the tax that is in it"),
        ("rate_ppm", "Parts of a million: 15000 is 1.5 percent"),
        ("fixed_minor", "In the smallest unit of a currency, as cents, which the rule must name then"),
        ("cap_minor", "The most that is added, in the same unit"),
        ("currency", "Of what is paid, as NZD; without it, any"),
        ("brand", "visa, mastercard, amex, discover, diners, jcb, unionpay, eftpos; without it, any"),
        ("funding", "credit, debit, prepaid or any; without it, credit"),
        ("channel", "card or bank_debit; without it, card"),
        ("jurisdiction", "Only while you take payments there; without it, anywhere"),
        ("from, to", "First and last day, as 2026-11-25"),
    ];
    let fields = fields.map(field).into_iter().collect_view();
    view! {
        <form class="card pad stack" method="post" action=format!("{at}/preview") enctype="multipart/form-data">
            <h2>"Replace the rules"</h2>
            <p class="muted">"All of them are replaced together. What would change is shown first."</p>
            <TextArea
                id="rules" label="Rules" hint="JSON, as the command wisepay surcharges takes and prints it." value=text
                error=None rows=14
            />
            <div class="field">
                <label for="file">"Or a file of them"</label>
                <p class="hint" id="file-hint">"What stands in the file counts then, and not what stands above."</p>
                <input class="input" type="file" id="file" name="file" accept=".json,application/json" aria-describedby="file-hint"/>
            </div>
            <details>
                <summary>"How rules are written"</summary>
                <div class="stack">
                    <dl class="facts">{fields}</dl>
                    <p class="mono notes">{EXAMPLE}</p>
                </div>
            </details>
            <div class="acts"><button class="btn primary" type="submit">"Show what changes"</button></div>
        </form>
    }
    .into_any()
}

fn turn_off(at: &str) -> AnyView {
    view! {
        <section class="card pad">
            <details>
                <summary>"Turn surcharges off"</summary>
                <form class="stack" method="post" action=format!("{at}/off")>
                    <p>
                        "Nothing is added from then on, whatever is paid with. The rules are gone: keep the text above if you want \
                         them again. What was added to payments already stays."
                    </p>
                    <div class="acts"><button class="btn danger" type="submit">"Turn surcharges off"</button></div>
                </form>
            </details>
        </section>
    }
    .into_any()
}
