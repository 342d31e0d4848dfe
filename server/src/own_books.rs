//! Staff keep books of our own: customers, invoices, tables. Addresses outside the App, because their forms need no script and
//! come back whole. Where the books are somebody else's, none of them is found.

use crate::{layers::plain_page, router::Web};
use app::{
    CreditNotePage, CreditPage, CustomerPage, ImportPage, InvoiceList, InvoicePage, PaymentPage, addresses,
    fault::Fault, render_credit, render_credit_form, render_credits, render_customer, render_customers, render_fault,
    render_import, render_invoice_form, render_invoices, render_payment_form, render_refusal, render_statement,
};
use axum::{
    Form, Router,
    extract::{DefaultBodyLimit, FromRequestParts, Multipart, Path, Query, State, multipart::MultipartError},
    http::{Method, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_extra::extract::CookieJar;
use domain::{
    access::Act,
    ids::{CreditNoteId, CustomerId, InvoiceId, LedgerPaymentId},
    import::{FILE_MAX_BYTES, Kind, RowError},
    invoice::InvoiceStatus,
    own_credit::{CreditTyped, PaymentTyped},
    own_customer::CustomerTyped,
    own_invoice::{InvoiceTyped, LINES_MAX, LineTyped, NotNow, Wrong, read_date},
};
use engine::{AdminPass, CreditOrder, Draft, Error, ImportError, ListQuery, OwnBooksError};
use serde::Deserialize;
use std::str::FromStr;

/// A hundred lines of letters that are sent as nine bytes each.
const FORM_MAX_BYTES: usize = 512 * 1024;
/// The table, and what the form has around it.
const TABLE_MAX_BYTES: usize = FILE_MAX_BYTES + 64 * 1024;
const LINES_AT_FIRST: usize = 4;

pub fn router() -> Router<Web> {
    let forms = Router::new()
        .route("/admin/customers", get(customers))
        .route("/admin/customers/new", get(new_customer))
        .route("/admin/customers/{customer}", get(customer).post(keep_customer))
        .route("/admin/customers/{customer}/statement", get(statement))
        .route("/admin/invoices", get(invoices))
        .route("/admin/invoices/new", get(new_invoice))
        .route("/admin/invoices/numbers", post(set_numbers))
        .route("/admin/invoices/{invoice}/edit", get(draft).post(write_draft))
        .route("/admin/invoices/{invoice}/issue", post(issue))
        .route("/admin/invoices/{invoice}/void", post(void))
        .route("/admin/invoices/{invoice}/credit", get(credit_form).post(credit_invoice))
        .route("/admin/invoices/{invoice}/payment", get(payment_form).post(enter_payment))
        .route("/admin/invoices/{invoice}/payment/back", post(take_back))
        .route("/admin/credits", get(credits))
        .route("/admin/credits/{note}", get(credit))
        .route("/admin/credits/{note}/allocate", post(allocate))
        .layer(DefaultBodyLimit::max(FORM_MAX_BYTES));
    let tables = Router::new()
        .route("/admin/import", get(choose_table).post(preview_table))
        .route("/admin/import/confirm", post(import_table))
        .layer(DefaultBodyLimit::max(TABLE_MAX_BYTES));
    forms.merge(tables)
}

/// Staff of a merchant whose books are our own. Looked for before any body is read.
struct Keeper(AdminPass);

impl FromRequestParts<Web> for Keeper {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let admin = admitted(parts, web, Act::KeepBooks, "/admin/invoices").await?;
        if admin.who().own_books { Ok(Self(admin)) } else { Err(refused(web, Error::NotFound)) }
    }
}

/// Staff who may do this. Whoever is signed out comes back to what they asked for, or to `list` after a form: what was sent to
/// an address that only takes forms cannot be opened there.
pub(crate) async fn admitted(parts: &Parts, web: &Web, act: Act, list: &str) -> Result<AdminPass, Response> {
    let cookies = CookieJar::from_headers(&parts.headers);
    let token = cookies.get(web.cookie.0).map_or("", |cookie| cookie.value());
    web.engine.admin(token, act).await.map_err(|cause| match cause {
        Error::NotSignedIn => {
            let here = parts.uri.path_and_query().filter(|_| parts.method == Method::GET);
            Redirect::to(&addresses::sign_in(here.map_or(list, |here| here.as_str()))).into_response()
        }
        other => refused(web, other),
    })
}

pub(crate) fn refused(web: &Web, cause: Error) -> Response {
    plain_page(render_fault(&web.assets, Fault::from(cause)))
}

/// An id in an address; one that cannot be one leads nowhere.
fn read_id<T: FromStr>(spelt: &str) -> Result<T, Error> {
    spelt.parse().map_err(|_| Error::NotFound)
}

/// The page, or what went wrong.
fn shown(web: &Web, page: Result<(u16, String), Error>) -> Response {
    match page {
        Ok(page) => plain_page(page),
        Err(cause) => refused(web, cause),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    /// What a list is searched for.
    q: String,
    page: String,
    /// What was done just now.
    done: String,
    customer: String,
    table: String,
    /// The days of a statement.
    from: String,
    until: String,
}

impl Asked {
    fn list(&self) -> ListQuery {
        ListQuery { search: self.q.clone(), page: self.page.parse().unwrap_or(1) }
    }
}

async fn customers(State(web): State<Web>, Keeper(admin): Keeper, Query(asked): Query<Asked>) -> Response {
    let list = web.engine.own_customers(&admin, asked.list()).await;
    shown(&web, list.map(|list| render_customers(&web.assets, admin.who().clone(), list, &asked.done)))
}

async fn new_customer(State(web): State<Web>, Keeper(admin): Keeper) -> Response {
    match web.engine.new_customer(&admin).await {
        Ok(id) => {
            let form = CustomerPage { id, is_new: true, typed: CustomerTyped::default(), wrong: Vec::new() };
            customer_page(&web, &admin, form)
        }
        Err(cause) => refused(&web, cause),
    }
}

async fn customer(State(web): State<Web>, Keeper(admin): Keeper, Path(id): Path<String>) -> Response {
    let found = match read_id(&id) {
        Ok(id) => web.engine.own_customer(&admin, id).await,
        Err(cause) => Err(cause),
    };
    match found {
        Ok(found) => {
            let form = CustomerPage { id: found.id, is_new: false, typed: found.typed, wrong: Vec::new() };
            customer_page(&web, &admin, form)
        }
        Err(cause) => refused(&web, cause),
    }
}

fn customer_page(web: &Web, admin: &AdminPass, form: CustomerPage) -> Response {
    plain_page(render_customer(&web.assets, admin.who().clone(), form))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CustomerForm {
    name: String,
    code: String,
    email: String,
    terms_days: String,
    address: String,
}

async fn keep_customer(
    State(web): State<Web>,
    Keeper(admin): Keeper,
    Path(id): Path<String>,
    Form(form): Form<CustomerForm>,
) -> Response {
    let id: CustomerId = match read_id(&id) {
        Ok(id) => id,
        Err(cause) => return refused(&web, cause),
    };
    let CustomerForm { name, code, email, terms_days, address } = form;
    let typed = CustomerTyped { name, code, email, terms_days, address };
    match web.engine.keep_customer(&admin, id, &typed).await {
        Ok(()) => Redirect::to("/admin/customers?done=saved").into_response(),
        Err(OwnBooksError::Wrong(wrong)) => {
            let is_new = web.engine.own_customer(&admin, id).await.is_err();
            customer_page(&web, &admin, CustomerPage { id, is_new, typed, wrong })
        }
        Err(OwnBooksError::Engine(cause)) => refused(&web, cause),
        // A customer is never issued, and whoever saves last is right.
        Err(OwnBooksError::NotNow(_) | OwnBooksError::Outdated) => refused(&web, Error::NotFound),
    }
}

async fn statement(
    State(web): State<Web>,
    Keeper(admin): Keeper,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let (from, until) = (read_date(&asked.from), read_date(&asked.until));
    let found = match read_id(&id) {
        Ok(id) => web.engine.own_statement(&admin, id, from, until).await,
        Err(cause) => Err(cause),
    };
    shown(&web, found.map(|found| render_statement(&web.assets, admin.who().clone(), found)))
}

async fn invoices(State(web): State<Web>, Keeper(admin): Keeper, Query(asked): Query<Asked>) -> Response {
    shown(&web, invoice_list(&web, &admin, &asked, None, Vec::new()).await)
}

/// The list, with what was typed as the next number, if anything was wrong with it.
async fn invoice_list(
    web: &Web,
    admin: &AdminPass,
    asked: &Asked,
    typed: Option<String>,
    wrong: Vec<Wrong>,
) -> Result<(u16, String), Error> {
    let list = web.engine.own_invoices(admin, asked.list()).await?;
    let next_number = match typed {
        Some(typed) => typed,
        None => web.engine.invoice_form(admin).await?.next_number,
    };
    let list = InvoiceList { list, next_number, wrong, done: asked.done.clone() };
    Ok(render_invoices(&web.assets, admin.who().clone(), list))
}

#[derive(Deserialize)]
struct NumbersForm {
    #[serde(default)]
    next_number: String,
}

async fn set_numbers(State(web): State<Web>, Keeper(admin): Keeper, Form(form): Form<NumbersForm>) -> Response {
    match web.engine.set_next_number(&admin, &form.next_number).await {
        Ok(()) => Redirect::to("/admin/invoices?done=numbers").into_response(),
        Err(OwnBooksError::Wrong(wrong)) => {
            shown(&web, invoice_list(&web, &admin, &Asked::default(), Some(form.next_number), wrong).await)
        }
        Err(OwnBooksError::Engine(cause)) => refused(&web, cause),
        Err(OwnBooksError::NotNow(_) | OwnBooksError::Outdated) => refused(&web, Error::NotFound),
    }
}

async fn new_invoice(State(web): State<Web>, Keeper(admin): Keeper, Query(asked): Query<Asked>) -> Response {
    let form = match web.engine.invoice_form(&admin).await {
        Ok(form) => form,
        Err(cause) => return refused(&web, cause),
    };
    let lines = vec![LineTyped::default(); LINES_AT_FIRST];
    let typed = InvoiceTyped { date: form.today.to_string(), lines, ..InvoiceTyped::default() };
    let (id, customer) = (form.invoice, asked.customer.parse().ok());
    let page = InvoicePage { form, id, changes: None, customer, typed, wrong: Vec::new(), refused: None };
    plain_page(render_invoice_form(&web.assets, admin.who().clone(), page))
}

async fn draft(State(web): State<Web>, Keeper(admin): Keeper, Path(id): Path<String>) -> Response {
    let found = match read_id::<InvoiceId>(&id) {
        Ok(id) => web.engine.own_invoice(&admin, id).await.and_then(|own| own.ok_or(Error::NotFound)),
        Err(cause) => Err(cause),
    };
    match found {
        Ok(own) if own.status != InvoiceStatus::Draft => Redirect::to(&addresses::invoice(own.id)).into_response(),
        Ok(own) => {
            let posted = Posted { changes: Some(own.changes), customer: Some(own.customer), typed: own.typed };
            invoice_page(&web, &admin, own.id, posted, Vec::new(), None).await
        }
        Err(cause) => refused(&web, cause),
    }
}

async fn invoice_page(
    web: &Web,
    admin: &AdminPass,
    id: InvoiceId,
    posted: Posted,
    wrong: Vec<Wrong>,
    refused_by: Option<&'static str>,
) -> Response {
    let Posted { changes, customer, typed } = posted;
    shown(
        web,
        web.engine.invoice_form(admin).await.map(|form| {
            let page = InvoicePage { form, id, changes, customer, typed, wrong, refused: refused_by };
            render_invoice_form(&web.assets, admin.who().clone(), page)
        }),
    )
}

/// The form of an invoice as it was sent.
struct Posted {
    changes: Option<i64>,
    customer: Option<CustomerId>,
    typed: InvoiceTyped,
}

impl Posted {
    /// A line is four fields, each of which comes once for each line.
    fn of(pairs: &[(String, String)]) -> Self {
        let all = |name: &str| {
            let named = pairs.iter().filter(move |(key, _)| key == name);
            named.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let one = |name: &str| all(name).into_iter().next().unwrap_or_default();
        let [descriptions, quantities, prices, taxes] = ["description", "quantity", "unit_price", "tax"].map(all);
        let at = |fields: &[String], place: usize| fields.get(place).cloned().unwrap_or_default();
        let line = |place| LineTyped {
            description: at(&descriptions, place),
            quantity: at(&quantities, place),
            unit_price: at(&prices, place),
            tax: at(&taxes, place),
        };
        Self {
            changes: one("changes").parse().ok(),
            customer: one("customer").parse().ok(),
            typed: InvoiceTyped {
                number: one("number"),
                date: one("date"),
                due_date: one("due_date"),
                tax_included: one("tax_included") == "yes",
                notes: one("notes").replace("\r\n", "\n"),
                lines: (0..descriptions.len().min(LINES_MAX + 1)).map(line).collect(),
            },
        }
    }

    /// As many lines more as there were at first, taxed like the last one.
    fn with_more_lines(mut self) -> Self {
        let tax = self.typed.lines.last().map(|line| line.tax.clone()).unwrap_or_default();
        let wanted = (self.typed.lines.len() + LINES_AT_FIRST).min(LINES_MAX);
        while self.typed.lines.len() < wanted {
            self.typed.lines.push(LineTyped { tax: tax.clone(), ..LineTyped::default() });
        }
        self
    }
}

async fn write_draft(
    State(web): State<Web>,
    Keeper(admin): Keeper,
    Path(id): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let invoice: InvoiceId = match read_id(&id) {
        Ok(id) => id,
        Err(cause) => return refused(&web, cause),
    };
    let posted = Posted::of(&pairs);
    if pairs.iter().any(|(key, value)| key == "do" && value == "lines") {
        return invoice_page(&web, &admin, invoice, posted.with_more_lines(), Vec::new(), None).await;
    }
    let Posted { changes, customer, typed } = posted;
    let draft = Draft { invoice, changes, customer, typed };
    let answer = web.engine.write_draft(&admin, &draft).await;
    let posted = Posted { changes: draft.changes, customer: draft.customer, typed: draft.typed };
    match answer {
        Ok(()) => told(invoice, "saved"),
        Err(OwnBooksError::Wrong(wrong)) => invoice_page(&web, &admin, invoice, posted, wrong, None).await,
        Err(OwnBooksError::NotNow(why)) => {
            invoice_page(&web, &admin, invoice, posted, Vec::new(), Some(why.words())).await
        }
        Err(OwnBooksError::Outdated) => {
            let words = "Somebody has saved this draft since you opened it. Saving again replaces what they wrote.";
            let newest = web.engine.own_invoice(&admin, invoice).await.ok().flatten();
            let posted = Posted { changes: newest.map(|own| own.changes).or(posted.changes), ..posted };
            invoice_page(&web, &admin, invoice, posted, Vec::new(), Some(words)).await
        }
        Err(OwnBooksError::Engine(cause)) => refused(&web, cause),
    }
}

/// To the invoice's page, which says it (`app/src/own_books/lines.rs`).
fn told(invoice: InvoiceId, done: &str) -> Response {
    Redirect::to(&format!("{}?done={done}", addresses::invoice(invoice))).into_response()
}

/// As the invoice's page knows it.
const fn spelt(why: NotNow) -> &'static str {
    match why {
        NotNow::PaidOn => "paid-on",
        NotNow::BeingPaid => "being-paid",
        NotNow::Issued => "not-issued",
        NotNow::NotIssued => "draft",
        NotNow::NothingDue => "nothing-due",
        NotNow::NothingToCredit => "nothing-to-credit",
        NotNow::Credited => "credit-given",
        NotNow::Void => "voided",
    }
}

/// What was done, or why it was not.
fn acted(web: &Web, invoice: InvoiceId, done: &str, answer: Result<(), OwnBooksError>) -> Response {
    match answer {
        Ok(()) => told(invoice, done),
        Err(OwnBooksError::Wrong(_)) => told(invoice, "number"),
        Err(OwnBooksError::Outdated) => told(invoice, "outdated"),
        Err(OwnBooksError::NotNow(why)) => told(invoice, spelt(why)),
        Err(OwnBooksError::Engine(cause)) => refused(web, cause),
    }
}

#[derive(Deserialize)]
struct IssueForm {
    changes: i64,
}

async fn issue(
    State(web): State<Web>,
    Keeper(admin): Keeper,
    Path(id): Path<String>,
    Form(form): Form<IssueForm>,
) -> Response {
    match read_id(&id) {
        Ok(id) => acted(&web, id, "issued", web.engine.issue_invoice(&admin, id, form.changes).await),
        Err(cause) => refused(&web, cause),
    }
}

async fn void(State(web): State<Web>, Keeper(admin): Keeper, Path(id): Path<String>) -> Response {
    match read_id(&id) {
        Ok(id) => acted(&web, id, "voided", web.engine.void_invoice(&admin, id).await),
        Err(cause) => refused(&web, cause),
    }
}

async fn credit_form(State(web): State<Web>, Keeper(admin): Keeper, Path(id): Path<String>) -> Response {
    match read_id(&id) {
        Ok(id) => credit_page(&web, &admin, id, None, CreditTyped::default(), Vec::new()).await,
        Err(cause) => refused(&web, cause),
    }
}

/// The form, with the id of the note that it was opened for, if it comes back.
async fn credit_page(
    web: &Web,
    admin: &AdminPass,
    invoice: InvoiceId,
    note: Option<CreditNoteId>,
    typed: CreditTyped,
    wrong: Vec<Wrong>,
) -> Response {
    match web.engine.credit_form(admin, invoice).await {
        Ok(form) => {
            let page = CreditPage { note: note.unwrap_or(form.note), form, typed, wrong };
            plain_page(render_credit_form(&web.assets, admin.who().clone(), page))
        }
        Err(cause) => acted(web, invoice, "", Err(cause)),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CreditSent {
    note: String,
    amount: String,
    reason: String,
}

async fn credit_invoice(
    State(web): State<Web>,
    Keeper(admin): Keeper,
    Path(id): Path<String>,
    Form(sent): Form<CreditSent>,
) -> Response {
    let (invoice, note): (InvoiceId, CreditNoteId) = match (read_id(&id), read_id(&sent.note)) {
        (Ok(invoice), Ok(note)) => (invoice, note),
        _ => return refused(&web, Error::NotFound),
    };
    let order = CreditOrder { note, invoice, typed: CreditTyped { amount: sent.amount, reason: sent.reason } };
    match web.engine.credit_invoice(&admin, &order).await {
        Err(OwnBooksError::Wrong(wrong)) => credit_page(&web, &admin, invoice, Some(note), order.typed, wrong).await,
        answer => acted(&web, invoice, "credited", answer),
    }
}

async fn payment_form(State(web): State<Web>, Keeper(admin): Keeper, Path(id): Path<String>) -> Response {
    match read_id(&id) {
        Ok(id) => payment_page(&web, &admin, id, None, Vec::new()).await,
        Err(cause) => refused(&web, cause),
    }
}

/// The form, with what was typed and the id that it was opened with, if it comes back.
async fn payment_page(
    web: &Web,
    admin: &AdminPass,
    invoice: InvoiceId,
    sent: Option<(LedgerPaymentId, PaymentTyped)>,
    wrong: Vec<Wrong>,
) -> Response {
    match web.engine.payment_form(admin, invoice).await {
        Ok(form) => {
            let fresh = || {
                let (amount, date) = (form.due.to_decimal(), form.today.to_string());
                (form.payment, PaymentTyped { amount, date, ..PaymentTyped::default() })
            };
            let (payment, typed) = sent.unwrap_or_else(fresh);
            let page = PaymentPage { form, invoice, payment, typed, wrong };
            plain_page(render_payment_form(&web.assets, admin.who().clone(), page))
        }
        Err(cause) => acted(web, invoice, "", Err(cause)),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PaymentSent {
    payment: String,
    amount: String,
    date: String,
    reference: String,
}

async fn enter_payment(
    State(web): State<Web>,
    Keeper(admin): Keeper,
    Path(id): Path<String>,
    Form(sent): Form<PaymentSent>,
) -> Response {
    let (invoice, payment): (InvoiceId, LedgerPaymentId) = match (read_id(&id), read_id(&sent.payment)) {
        (Ok(invoice), Ok(payment)) => (invoice, payment),
        _ => return refused(&web, Error::NotFound),
    };
    let typed = PaymentTyped { amount: sent.amount, date: sent.date, reference: sent.reference };
    match web.engine.enter_payment(&admin, invoice, payment, &typed).await {
        Err(OwnBooksError::Wrong(wrong)) => payment_page(&web, &admin, invoice, Some((payment, typed)), wrong).await,
        answer => acted(&web, invoice, "entered", answer),
    }
}

async fn take_back(
    State(web): State<Web>,
    Keeper(admin): Keeper,
    Path(id): Path<String>,
    Form(sent): Form<PaymentSent>,
) -> Response {
    match (read_id(&id), read_id(&sent.payment)) {
        (Ok(invoice), Ok(payment)) => {
            acted(&web, invoice, "taken-back", web.engine.take_back_by_hand(&admin, invoice, payment).await)
        }
        _ => refused(&web, Error::NotFound),
    }
}

async fn credits(State(web): State<Web>, Keeper(admin): Keeper, Query(asked): Query<Asked>) -> Response {
    let list = web.engine.credit_notes(&admin, asked.list().page).await;
    shown(&web, list.map(|list| render_credits(&web.assets, admin.who().clone(), list)))
}

async fn credit(
    State(web): State<Web>,
    Keeper(admin): Keeper,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    match read_id(&id) {
        Ok(id) => note_page(&web, &admin, id, Typed { done: asked.done, ..Typed::default() }).await,
        Err(cause) => refused(&web, cause),
    }
}

/// What comes back on the page of a credit note.
#[derive(Default)]
struct Typed {
    chosen: Option<InvoiceId>,
    amount: String,
    wrong: Vec<Wrong>,
    refused: Option<&'static str>,
    done: String,
}

async fn note_page(web: &Web, admin: &AdminPass, note: CreditNoteId, typed: Typed) -> Response {
    let Typed { chosen, amount, wrong, refused, done } = typed;
    shown(
        web,
        web.engine.credit_story(admin, note).await.map(|story| {
            let page = CreditNotePage { story, chosen, amount, wrong, refused, done };
            render_credit(&web.assets, admin.who().clone(), page)
        }),
    )
}

#[derive(Deserialize)]
struct AllocateForm {
    left: i64,
    #[serde(default)]
    invoice: String,
    #[serde(default)]
    amount: String,
}

async fn allocate(
    State(web): State<Web>,
    Keeper(admin): Keeper,
    Path(id): Path<String>,
    Form(form): Form<AllocateForm>,
) -> Response {
    let (note, to): (CreditNoteId, InvoiceId) = match (read_id(&id), read_id(&form.invoice)) {
        (Ok(note), Ok(to)) => (note, to),
        _ => return refused(&web, Error::NotFound),
    };
    let answer = web.engine.allocate_credit(&admin, note, to, &form.amount, form.left).await;
    let typed = Typed { chosen: Some(to), amount: form.amount, ..Typed::default() };
    match answer {
        Ok(()) => Redirect::to(&format!("{}?done=allocated", addresses::credit(note))).into_response(),
        Err(OwnBooksError::Wrong(wrong)) => note_page(&web, &admin, note, Typed { wrong, ..typed }).await,
        Err(OwnBooksError::NotNow(why)) => {
            note_page(&web, &admin, note, Typed { refused: Some(why.words()), ..typed }).await
        }
        Err(OwnBooksError::Outdated) => {
            let words = "Something else is left of it by now. Look at it again.";
            note_page(&web, &admin, note, Typed { refused: Some(words), ..Typed::default() }).await
        }
        Err(OwnBooksError::Engine(cause)) => refused(&web, cause),
    }
}

async fn choose_table(State(web): State<Web>, Keeper(admin): Keeper, Query(asked): Query<Asked>) -> Response {
    let kind = Kind::named(&asked.table).unwrap_or(Kind::Invoices);
    import_page(&web, &admin, ImportPage::Choose(kind))
}

fn import_page(web: &Web, admin: &AdminPass, page: ImportPage) -> Response {
    plain_page(render_import(&web.assets, admin.who().clone(), page))
}

async fn preview_table(State(web): State<Web>, Keeper(admin): Keeper, sent: Multipart) -> Response {
    let (kind, text) = match read_table(sent).await {
        Ok(Ok(table)) => table,
        Ok(Err((kind, wrong))) => return import_page(&web, &admin, ImportPage::Wrong(kind, vec![wrong])),
        Err(cause) => return plain_page(render_refusal(&web.assets, cause.status().as_u16())),
    };
    match web.engine.preview_import(&admin, kind, &text).await {
        Ok(lines) => import_page(&web, &admin, ImportPage::Preview { kind, text, lines }),
        Err(ImportError::Wrong(wrong)) => import_page(&web, &admin, ImportPage::Wrong(kind, wrong)),
        Err(ImportError::Engine(cause)) => refused(&web, cause),
    }
}

async fn import_table(State(web): State<Web>, Keeper(admin): Keeper, sent: Multipart) -> Response {
    let (kind, text) = match read_table(sent).await {
        Ok(Ok(table)) => table,
        Ok(Err((kind, wrong))) => return import_page(&web, &admin, ImportPage::Wrong(kind, vec![wrong])),
        Err(cause) => return plain_page(render_refusal(&web.assets, cause.status().as_u16())),
    };
    match web.engine.import_table(&admin, kind, &text).await {
        Ok(_) if kind == Kind::Customers => Redirect::to("/admin/customers?done=imported").into_response(),
        Ok(_) => Redirect::to("/admin/invoices?done=imported").into_response(),
        Err(ImportError::Wrong(wrong)) => import_page(&web, &admin, ImportPage::Wrong(kind, wrong)),
        Err(ImportError::Engine(cause)) => refused(&web, cause),
    }
}

/// What a form has sent: of what kind, and the table; or why that cannot be one.
async fn read_table(mut sent: Multipart) -> Result<Result<(Kind, String), (Kind, RowError)>, MultipartError> {
    let (mut kind, mut bytes) = (Kind::Invoices, Vec::new());
    while let Some(field) = sent.next_field().await? {
        let name = field.name().map(str::to_owned);
        match name.as_deref() {
            Some("table") => kind = Kind::named(&field.text().await?).unwrap_or(kind),
            Some("csv") => bytes = field.bytes().await?.to_vec(),
            _ => {}
        }
    }
    if bytes.is_empty() {
        return Ok(Err((kind, RowError::at(1, "Choose a file in which something stands."))));
    }
    let not_utf8 = |_| (kind, RowError::at(1, "The file is not in UTF-8. Save it as “CSV UTF-8”."));
    Ok(String::from_utf8(bytes).map(|text| (kind, text)).map_err(not_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn lines_are_read_in_their_order_and_more_of_them_lose_nothing() {
        let mut pairs = vec![pair("customer", "nobody"), pair("tax_included", "yes"), pair("notes", "a\r\nb")];
        for (description, tax) in [("Support", "15"), ("", "15")] {
            pairs.extend([pair("description", description), pair("quantity", "2"), pair("tax", tax)]);
        }
        let posted = Posted::of(&pairs);
        assert_eq!((posted.changes, posted.customer, posted.typed.notes.as_str()), (None, None, "a\nb"));
        assert!(posted.typed.tax_included);
        let first =
            LineTyped { description: "Support".into(), quantity: "2".into(), tax: "15".into(), ..LineTyped::default() };
        assert_eq!((posted.typed.lines.len(), &posted.typed.lines[0]), (2, &first));
        let more = posted.with_more_lines().typed.lines;
        assert_eq!((more.len(), more[0] == first, more[5].tax.as_str()), (2 + LINES_AT_FIRST, true, "15"));
    }
}
