//! Payments: linked with invoices, credit memos and expenses, or unapplied. Source: `wire/accounting.md`, 2.5.

use serde_json::{Value, json};

use super::call::Operation;
use super::document::{Document, Link, link_kind};
use super::kind::Kind;
use super::refusal::Refusal;
use super::{wire, writes};
use crate::amounts::{cents, money};
use crate::facts;

/// What the vendor can link a payment with; not all of it is built.
const LINK_TYPES: [&str; 6] = ["Invoice", "CreditMemo", "JournalEntry", "Expense", "Check", "CreditCardCredit"];

pub(crate) fn check(op: &Operation<'_>, draft: &mut Document, before: Option<&Document>) -> Result<(), Refusal> {
    writes::date(op, draft)?;
    draft.total_minor = amount(draft.fields.get("TotalAmt"), "TotalAmt")?;
    if draft.deposit.is_some() && before.is_some_and(|before| before.total_minor != draft.total_minor) {
        return Err(Refusal::deposited());
    }
    let account = wire::reference(&draft.fields, "DepositToAccountRef");
    let account = account.unwrap_or_else(|| facts::qbo::UNDEPOSITED_FUNDS_ID.to_owned());
    let account = op.meant("DepositToAccountRef", Kind::Account, &account)?;
    if !["Bank", "Other Current Asset"].contains(&account.text("AccountType")) {
        return Err(Refusal::business("Select a bank account or an other current asset account to deposit to."));
    }
    let account = json!({ "value": account.id.to_string(), "name": account.label() });
    draft.fields.insert("DepositToAccountRef".to_owned(), account);
    let mut lines = Vec::new();
    for line in draft.lines() {
        lines.extend(read(line)?);
    }
    put_lines(draft, lines);
    let links = draft.payment_links();
    for link in &links {
        is_linkable(op, draft, *link)?;
    }
    match draft.unapplied_minor() {
        ..0 => Err(Refusal::business("The amount applied is more than the amount received and the credits.")),
        unapplied if unapplied > draft.total_minor => {
            Err(Refusal::business("The credits are more than the invoices that they are applied to."))
        }
        _ => Ok(()),
    }
}

/// All amounts are positive: the direction follows from the type of what is linked.
fn amount(sent: Option<&Value>, name: &str) -> Result<i64, Refusal> {
    let sent = sent.filter(|sent| !sent.is_null()).ok_or_else(|| Refusal::missing(name))?;
    let minor = wire::read_amount(sent).filter(|amount| !amount.is_sign_negative()).and_then(cents);
    minor.ok_or_else(|| Refusal::number(name, "an amount is from 0 and has at most 15 digits"))
}

/// One line for each link: some clients put both sides of an application into one.
fn read(line: &Value) -> Result<Vec<Value>, Refusal> {
    let minor = amount(line.get("Amount"), "Amount")?;
    let links = match line.get("LinkedTxn") {
        Some(Value::Array(links)) => links.clone(),
        Some(link @ Value::Object(_)) => vec![link.clone()],
        _ => Vec::new(),
    };
    if links.is_empty() {
        return Err(Refusal::missing("LinkedTxn"));
    }
    let regular = |link: &Value| {
        let id = wire::text(&link["TxnId"]).ok_or_else(|| Refusal::missing("TxnId"))?;
        let kind = wire::text(&link["TxnType"]).ok_or_else(|| Refusal::missing("TxnType"))?;
        match link_kind(&kind) {
            Some(_) => Ok(json!({ "Amount": money(minor), "LinkedTxn": [{ "TxnId": id, "TxnType": kind }] })),
            None if LINK_TYPES.contains(&kind.as_str()) => {
                Err(Refusal::not_linkable(format!("The simulator does not build transactions of the type {kind}.")))
            }
            None => Err(Refusal::enumeration("TxnType", &kind)),
        }
    };
    links.iter().map(regular).collect()
}

/// Only attributes that have a value are kept.
fn put_lines(draft: &mut Document, lines: Vec<Value>) {
    match lines.is_empty() {
        true => draft.fields.remove("Line"),
        false => draft.fields.insert("Line".to_owned(), Value::Array(lines)),
    };
}

fn is_linkable(op: &Operation<'_>, draft: &Document, link: Link) -> Result<(), Refusal> {
    let target = op.books.get(link.kind, link.id).ok_or_else(|| Refusal::not_found("LinkedTxn"))?;
    let owner = target.refers_to("CustomerRef").or_else(|| target.refers_to("EntityRef"));
    if owner != draft.refers_to("CustomerRef") {
        return Err(Refusal::not_linkable("The transaction belongs to another customer."));
    }
    if link.kind == Kind::Purchase && !is_receivable(op, target) {
        return Err(Refusal::not_linkable("The expense is not posted to accounts receivable."));
    }
    let open_minor = target.open_minor() + target.links.get(&draft.id).copied().unwrap_or_default();
    if link.minor > 0 && open_minor == 0 {
        return Err(Refusal::not_linkable("The transaction has no open balance."));
    }
    if link.minor > open_minor {
        return Err(Refusal::business("The amount applied is more than the open balance of the transaction."));
    }
    Ok(())
}

fn is_receivable(op: &Operation<'_>, purchase: &Document) -> bool {
    purchase.lines().any(|line| {
        let account = line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"].as_str();
        let account = account.and_then(|id| op.books.get(Kind::Account, id.parse().ok()?));
        account.is_some_and(|account| account.text("AccountType") == "Accounts Receivable")
    })
}

/// Brings what a payment has taken, and takes now, to the documents that it is linked with: each that changes gets a new
/// version.
pub(crate) fn relink(op: &mut Operation<'_>, payment: u64, before: &[Link], now: &[Link]) {
    let mut touched: Vec<(Kind, u64)> = Vec::new();
    for link in before.iter().filter(|link| !now.contains(link)) {
        let target = op.books.get_mut(link.kind, link.id);
        if target.is_some_and(|target| target.links.remove(&payment).is_some()) {
            touched.push((link.kind, link.id));
        }
    }
    for link in now.iter().filter(|link| !before.contains(link)) {
        if let Some(target) = op.books.get_mut(link.kind, link.id) {
            target.links.insert(payment, link.minor);
            touched.push((link.kind, link.id));
        }
    }
    touched.sort_unstable();
    touched.dedup();
    for (kind, id) in touched {
        op.touch(kind, id);
    }
}

/// Takes the lines to one document out of a payment. What it paid becomes unapplied; what it was paid with goes back to
/// its own document, so far as nothing is left for it.
pub(crate) fn let_go(draft: &mut Document, kind: Kind, id: u64) {
    let of_it = |line: &Value| link_of(line) == Some((kind, id));
    let mut lines: Vec<Value> = draft.lines().filter(|line| !of_it(line)).cloned().collect();
    put_lines(draft, lines.clone());
    let unapplied_minor = draft.unapplied_minor();
    trim(&mut lines, false, -unapplied_minor);
    trim(&mut lines, true, unapplied_minor - draft.total_minor);
    put_lines(draft, lines);
}

fn link_of(line: &Value) -> Option<(Kind, u64)> {
    let link = &line["LinkedTxn"][0];
    Some((link_kind(link["TxnType"].as_str()?)?, link["TxnId"].as_str()?.parse().ok()?))
}

/// Makes the lines to credits, or those to debts, less by the excess, the last ones first.
fn trim(lines: &mut Vec<Value>, credits: bool, mut excess_minor: i64) {
    for at in (0..lines.len()).rev() {
        let is_meant = link_of(&lines[at]).is_some_and(|(kind, _)| (kind == Kind::CreditMemo) == credits);
        if excess_minor <= 0 || !is_meant {
            continue;
        }
        let minor = wire::read_amount(&lines[at]["Amount"]).and_then(cents).unwrap_or_default();
        let cut = minor.min(excess_minor);
        excess_minor -= cut;
        if cut == minor {
            lines.remove(at);
        } else {
            lines[at]["Amount"] = money(minor - cut);
        }
    }
}
