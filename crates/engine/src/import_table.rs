//! Customers and invoices from a table, into books of our own. A preview and the import are the same steps, and only the
//! second is written: what was shown is what comes, or all of it is refused. The same file again adds nothing, because
//! customers are known by code or name, and invoices by their number.

use crate::{
    BooksPass, Engine, ImportError,
    audit::Audited,
    keep_customer::{added, changed},
    own_books::terms_of,
    write_invoice::{document, issued},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{CustomerId, InvoiceId},
    import::{self, InvoiceRows, Kind, RowError},
    invoice::InvoiceStatus,
    money::{Currency, Money},
};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, HashSet};
use store::{Customer, Invoice, MerchantTx, NewLedgerInvoice, TokenHash};
use uuid::Uuid;

/// What becomes of something in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    Add,
    Change,
    /// It stands here already, just so.
    Nothing,
}

/// Something in the file.
#[derive(Clone, Debug)]
pub struct ImportLine {
    pub line: usize,
    /// A customer's name, or an invoice's number.
    pub what: String,
    /// Whose invoice it is.
    pub customer: Option<String>,
    pub total: Option<Money>,
    pub does: Does,
}

/// All that a file comes to.
struct Plan {
    lines: Vec<ImportLine>,
    customers_new: Vec<Customer>,
    customers_changed: Vec<Customer>,
    invoices: Vec<NewLedgerInvoice>,
}

impl Engine {
    /// What taking a file in would do. `as_drafts`: its invoices would be owed by nobody yet.
    ///
    /// # Errors
    /// [`ImportError::Wrong`] with all that is wrong in it; [`crate::Error::NotFound`] where the books are not our own.
    pub async fn preview_import(
        &self,
        keeper: impl Into<BooksPass>,
        kind: Kind,
        text: &str,
        as_drafts: bool,
    ) -> Result<Vec<ImportLine>, ImportError> {
        let BooksPass { db, .. } = keeper.into();
        let currency = self.own_books(&db).await?.currency()?;
        // Nobody who writes waits for one who only looks.
        let tx = db.snapshot().await?;
        Ok(plan(&tx, kind, text, Taking { currency, now: self.now(), as_drafts }).await?.lines)
    }

    /// Takes all of a file in, or nothing; invoices are owed from here on, or drafts.
    ///
    /// # Errors
    /// As above: what was right in the preview may have ended since.
    pub async fn import_table(
        &self,
        keeper: impl Into<BooksPass>,
        kind: Kind,
        text: &str,
        as_drafts: bool,
    ) -> Result<Vec<ImportLine>, ImportError> {
        let BooksPass { db, actor } = keeper.into();
        let currency = self.own_books(&db).await?.currency()?;
        let (tx, now) = (db.begin().await?, self.now());
        tx.ledger_series_hold().await?;
        let plan = plan(&tx, kind, text, Taking { currency, now, as_drafts }).await?;
        let count = |does: Does| plan.lines.iter().filter(|line| line.does == does).count();
        let act = Audited::TableImported {
            table: kind.name(),
            added: count(Does::Add),
            changed: count(Does::Change),
            text: TokenHash::of(text).into_text(),
        };
        tx.customers_add(plan.customers_new).await?;
        for customer in plan.customers_changed {
            tx.customer_rewrite(customer).await?;
        }
        tx.ledger_invoices_add(plan.invoices).await?;
        tx.audit_add(act.slip(None, actor, now)?).await?;
        tx.commit().await?;
        Ok(plan.lines)
    }
}

/// How invoices are taken in.
#[derive(Clone, Copy)]
struct Taking {
    currency: Currency,
    now: DateTime<Utc>,
    as_drafts: bool,
}

async fn plan(tx: &MerchantTx, kind: Kind, text: &str, taking: Taking) -> Result<Plan, ImportError> {
    let known = Known::of(tx.customers().await?);
    match kind {
        Kind::Customers => plan_customers(tx, text, &known),
        Kind::Invoices => plan_invoices(tx, text, &known, taking).await,
    }
}

/// The merchant's customers by what they are called.
struct Known {
    customers: Vec<Customer>,
    by_call: HashMap<String, Vec<usize>>,
}

impl Known {
    fn of(customers: Vec<Customer>) -> Self {
        let mut by_call: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, customer) in customers.iter().enumerate() {
            for call in [Some(&customer.name), customer.code.as_ref()].into_iter().flatten() {
                by_call.entry(call.to_lowercase()).or_default().push(at);
            }
        }
        Self { customers, by_call }
    }

    /// All that are called by any of these, each once.
    fn called(&self, calls: &[&str]) -> Vec<&Customer> {
        let at = calls.iter().filter_map(|call| self.by_call.get(&call.trim().to_lowercase())).flatten();
        let at: BTreeSet<_> = at.copied().collect();
        at.into_iter().map(|at| &self.customers[at]).collect()
    }
}

fn plan_customers(tx: &MerchantTx, text: &str, known: &Known) -> Result<Plan, ImportError> {
    let (mut plan, mut wrong, mut met) = (Plan::empty(), Vec::new(), HashSet::new());
    for row in import::customers(text)? {
        let (line, read, what) = (row.line, row.customer.clone(), row.customer.name);
        let called = known.called(&[&read.name, read.code.as_deref().unwrap_or(&read.name)]);
        let does = match called.as_slice() {
            [] => {
                plan.customers_new.push(added(tx, CustomerId(Uuid::now_v7()), read));
                Does::Add
            }
            [stands] if met.insert(stands.id) => {
                let as_said = silent_kept(stands, changed((*stands).clone(), read), &row.says);
                let does = if as_said == **stands { Does::Nothing } else { Does::Change };
                plan.customers_changed.extend((does == Does::Change).then_some(as_said));
                does
            }
            _ => {
                wrong.push(RowError::at(line, format!("{what}: more than one customer has this name or code.")));
                continue;
            }
        };
        plan.lines.push(ImportLine { line, what, customer: None, total: None, does });
    }
    if wrong.is_empty() { Ok(plan) } else { Err(wrong.into()) }
}

/// Of what a table has no column for, it says nothing: that stays.
fn silent_kept(stands: &Customer, read: Customer, says: &[&str]) -> Customer {
    let says = |column: &str| says.contains(&column);
    Customer {
        code: if says("code") { read.code } else { stands.code.clone() },
        email: if says("email") { read.email } else { stands.email.clone() },
        terms_days: if says("terms_days") { read.terms_days } else { stands.terms_days },
        address: if says("address") { read.address } else { stands.address.clone() },
        ..read
    }
}

async fn plan_invoices(tx: &MerchantTx, text: &str, known: &Known, taking: Taking) -> Result<Plan, ImportError> {
    let found = import::invoices(text)?;
    let numbers: Vec<_> = found.iter().map(|rows| rows.number.as_str()).collect();
    let mut stand: HashMap<_, _> = HashMap::new();
    // A draft has its number once it is issued.
    let drafts = if taking.as_drafts { tx.drafts_numbered(&numbers).await? } else { Vec::new() };
    stand.extend(drafts.into_iter().map(|(number, draft)| (number.to_lowercase(), draft)));
    let issued = tx.invoices_numbered(&numbers).await?;
    stand.extend(issued.into_iter().map(|invoice| (invoice.number.to_lowercase(), invoice)));
    let (mut plan, mut wrong) = (Plan::empty(), Vec::new());
    for rows in &found {
        let stands = stand.get(&rows.number.to_lowercase());
        match plan_invoice(tx, rows, known, stands, taking) {
            Ok((line, new)) => {
                plan.lines.push(line);
                plan.invoices.extend(new);
            }
            Err(of_rows) => wrong.extend(of_rows),
        }
    }
    wrong.sort_by_key(|wrong| wrong.line);
    if wrong.is_empty() { Ok(plan) } else { Err(wrong.into()) }
}

/// What becomes of one invoice, and what is written of it, if anything.
fn plan_invoice(
    tx: &MerchantTx,
    rows: &InvoiceRows,
    known: &Known,
    stands: Option<&Invoice>,
    taking: Taking,
) -> Result<(ImportLine, Option<NewLedgerInvoice>), Vec<RowError>> {
    let line = rows.lines.first().copied().unwrap_or(1);
    let wrong = |words: String| vec![RowError::at(line, words)];
    let customer = match known.called(&[&rows.customer]).as_slice() {
        [one] => *one,
        [] => return Err(wrong(format!("{}: no customer is called “{}”.", rows.number, rows.customer))),
        _ => return Err(wrong(format!("{}: several customers are called “{}”.", rows.number, rows.customer))),
    };
    let read = rows.read(taking.currency, terms_of(customer))?;
    let total = read.sums.total;
    let write = if taking.as_drafts { document } else { issued };
    let new = write(tx.merchant_id(), InvoiceId(Uuid::now_v7()), customer, read, taking.now);
    let does = match stands {
        None => Does::Add,
        Some(stands) if is_same(stands, &new.invoice) => Does::Nothing,
        Some(_) => return Err(wrong(format!("{}: another invoice has this number.", rows.number))),
    };
    let shown =
        ImportLine { line, what: rows.number.clone(), customer: Some(customer.name.clone()), total: Some(total), does };
    Ok((shown, (does == Does::Add).then_some(new)))
}

/// Whether it says the same of what is owed. What was paid of it since is no matter.
fn is_same(stands: &Invoice, new: &Invoice) -> bool {
    let said = |of: &Invoice| (of.customer_id, of.currency.clone(), of.total_minor, of.date, of.due_date);
    stands.status != InvoiceStatus::Void && stands.advance.is_none() && said(stands) == said(new)
}

impl Plan {
    const fn empty() -> Self {
        Self { lines: Vec::new(), customers_new: Vec::new(), customers_changed: Vec::new(), invoices: Vec::new() }
    }
}
