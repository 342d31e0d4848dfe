//! `/admin/configure/merchants/{merchant}/settings`: what the merchant takes besides all that is due (G27, G29, G34), whether
//! debits are tried again, and what stands above its documents. One form for each, drawn by the server alone.

use crate::{
    Assets, addresses,
    components::{
        field::{Field, Kind},
        text_area::TextArea,
        toast::Toast,
    },
    configure_tabs::{CONFIGURE, configure_head},
    plain_parts::{check_box, error_of, page, summary},
};
use domain::own_invoice::Wrong;
use engine::{Merchant, MerchantSettings};
use leptos::prelude::*;

/// Status and HTML. `shown` has what was typed where something is `wrong`.
#[must_use]
pub fn render_merchant_settings(
    assets: &Assets,
    shown: MerchantSettings,
    wrong: Vec<Wrong>,
    done: &str,
) -> (u16, String) {
    let MerchantSettings { who, merchant, keeps_more, keeps_prepayments } = shown;
    let (name, own_books) = (who.merchant.clone(), who.own_books);
    page(assets, who, CONFIGURE, "Settings", !wrong.is_empty(), || {
        let toast = (done == "saved").then(|| view! { <Toast words="The settings are saved." whole=true/> });
        let at = addresses::merchant_settings(&merchant.key);
        let lacking = lacking(keeps_more, keeps_prepayments);
        view! {
            {configure_head(&name, &merchant.key, "settings")}
            {toast}
            {summary(&wrong)}
            {payments(&at, &merchant, lacking)}
            {debits(&at, &merchant)}
            {own_books.then(|| documents(&at, &merchant, &wrong))}
        }
        .into_any()
    })
}

/// What the books have no place for.
const fn lacking(keeps_more: bool, keeps_prepayments: bool) -> Option<&'static str> {
    match (keeps_more, keeps_prepayments) {
        (true, true) => None,
        (false, true) => Some("Over-payments"),
        (true, false) => Some("Prepayments"),
        (false, false) => Some("Over-payments and prepayments"),
    }
}

fn payments(at: &str, merchant: &Merchant, lacking: Option<&'static str>) -> AnyView {
    let lacking = lacking.map(|what| {
        view! {
            <p class="notice warn">
                {format!("{what} are not offered yet, whatever you choose here: your books have no account for them. Choose one \
                          under ")}
                <a href="/admin/configure/accounting-connections">"Accounting Connections"</a> "."
            </p>
        }
    });
    let over = |value: &'static str, label: &'static str, means: &'static str, checked: bool| {
        view! {
            <label class="choice">
                <input type="radio" name="takes_more" value=value checked=checked/>
                <span>{label}<small class="muted">{means}</small></span>
            </label>
        }
    };
    view! {
        <form class="card pad stack" method="post" action=format!("{at}/payments") aria-labelledby="payments">
            <h2 id="payments">"What payers may pay"</h2>
            <p class="muted">
                "Payers who sign in can always pay several invoices in one payment. All that is due is what a page offers first."
            </p>
            {lacking}
            {check_box(
                "takes_parts",
                "Part payments",
                "Less than is due on an invoice. The rest stays owed.",
                merchant.takes_parts,
            )}
            <fieldset class="choices">
                <legend>"Over-payments"</legend>
                {over("no", "Refuse", "Nobody pays more than is due.", !merchant.takes_more)}
                {over("yes", "Keep as credit", "What is over what is due stays as your customer’s credit.", merchant.takes_more)}
            </fieldset>
            {check_box(
                "takes_prepayments",
                "Prepayments",
                "Payments without an invoice, by payers who sign in. They stay as credit.",
                merchant.takes_prepayments,
            )}
            {save("Save: What payers may pay")}
        </form>
    }
    .into_any()
}

fn debits(at: &str, merchant: &Merchant) -> AnyView {
    view! {
        <form class="card pad stack" method="post" action=format!("{at}/debits") aria-labelledby="debits">
            <h2 id="debits">"Bank debits"</h2>
            {check_box(
                "retries_debits",
                "Try again when an account had too little money",
                "Three bank days later and twice at most, where the account’s authority allows it. Its payer is told the day by mail.",
                merchant.retries_debits,
            )}
            {save("Save: Bank debits")}
        </form>
    }
    .into_any()
}

/// Where the books are our own: elsewhere, the books draw their own documents.
fn documents(at: &str, merchant: &Merchant, wrong: &[Wrong]) -> AnyView {
    view! {
        <form class="card pad stack" method="post" action=format!("{at}/documents") aria-labelledby="documents">
            <h2 id="documents">"On your documents"</h2>
            <p class="muted">"It stands below your name on invoices, credit notes and statements."</p>
            <TextArea
                id="address" label="Address" hint="In lines. It may be empty." rows=4
                value=merchant.address.clone().unwrap_or_default() error=error_of(wrong, "address")
            />
            <Field
                id="tax_number" label="Tax number" kind=Kind::TEXT hint="It may be empty." optional=true
                value=merchant.tax_number.clone().unwrap_or_default() error=error_of(wrong, "tax_number")
            />
            {save("Save: On your documents")}
        </form>
    }
    .into_any()
}

fn save(label: &'static str) -> AnyView {
    view! { <div class="acts"><button class="btn primary" type="submit" aria-label=label>"Save"</button></div> }
        .into_any()
}
