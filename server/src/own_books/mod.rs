//! Staff keep books of our own: customers, invoices, tables. Addresses outside the App, because their forms need no script and
//! come back whole. Where the books are somebody else's, none of them is found.

mod advances;
mod credits;
mod customers;
mod files;
mod invoices;
mod payments;
mod tables;

use crate::{
    layers::plain_page,
    router::Web,
    staff::{Answer, Refusal, admitted, go_to, page, refused},
};
use app::{Assets, addresses, render_refusal, render_signed_out};
use axum::{
    Form, Router,
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request},
    http::{
        HeaderValue, Method,
        header::{CONTENT_TYPE, LOCATION},
        request::Parts,
    },
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use domain::{access::Act, ids::InvoiceId, import::FILE_MAX_BYTES, own_invoice::NotNow, views::Whoami};
use engine::{AdminPass, Engine, Error, ListQuery, OwnBooksError};
use serde::Deserialize;

/// Of a form that comes a second time with something else in it: it has another id then.
const FORM_USED: &str =
    "This form was sent already, and said something else then. Sending it again writes another one.";
/// A hundred lines of letters that are sent as nine bytes each.
const FORM_MAX_BYTES: usize = 512 * 1024;
/// The table, and what the form has around it.
const TABLE_MAX_BYTES: usize = FILE_MAX_BYTES + 64 * 1024;

pub fn router(assets: Assets) -> Router<Web> {
    let forms = Router::new()
        .route("/admin/customers", get(customers::list))
        .route("/admin/customers/archived", get(customers::archived))
        .route("/admin/customers/new", get(customers::new))
        .route("/admin/customers/{customer}", get(customers::form).post(customers::keep))
        .route("/admin/customers/{customer}/payment", get(advances::form).post(advances::enter))
        .route("/admin/customers/{customer}/payment/back", post(advances::take_back))
        .route("/admin/customers/{customer}/archive", post(customers::archive))
        .route("/admin/customers/{customer}/statement", get(customers::statement))
        .route("/admin/invoices", get(invoices::list))
        .route("/admin/invoices/new", get(invoices::new))
        .route("/admin/invoices/numbers", post(invoices::set_numbers))
        .route("/admin/invoices/{invoice}/edit", get(invoices::draft).post(invoices::write))
        .route("/admin/invoices/{invoice}/issue", post(invoices::issue))
        .route("/admin/invoices/{invoice}/mail", post(invoices::mail))
        .route("/admin/invoices/{invoice}/void", post(invoices::void))
        .route("/admin/invoices/{invoice}/credit", get(credits::form).post(credits::issue))
        .route("/admin/invoices/{invoice}/payment", get(payments::form).post(payments::enter))
        .route("/admin/invoices/{invoice}/payment/back", post(payments::take_back))
        .route("/admin/invoices/{invoice}/use-credit", get(advances::use_form).post(advances::use_it))
        .route("/admin/credits", get(credits::list))
        .route("/admin/credits/{note}", get(credits::note))
        .route("/admin/credits/{note}/allocate", post(credits::allocate))
        .route("/admin/credits/{note}/void", post(credits::void))
        .layer(DefaultBodyLimit::max(FORM_MAX_BYTES));
    let tables = Router::new()
        .route("/admin/import", get(tables::choose).post(tables::preview))
        .route("/admin/import/confirm", post(tables::import))
        .layer(DefaultBodyLimit::max(TABLE_MAX_BYTES));
    forms.layer(middleware::from_fn(move |request, next| keep_typed(assets.clone(), request, next))).merge(tables)
}

/// A form that comes after its session has ended is answered by a page that has all of it, and sends it once more.
async fn keep_typed(assets: Assets, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let here = parts.uri.path().to_owned();
    let Ok(typed) = to_bytes(body, FORM_MAX_BYTES).await else { return plain_page(render_refusal(&assets, 413)) };
    let answer = next.run(Request::from_parts(parts, Body::from(typed.clone()))).await;
    let to_sign_in = answer.headers().get(LOCATION).is_some_and(|to| to.as_bytes().starts_with(b"/sign-in"));
    if typed.is_empty() || !to_sign_in {
        return answer;
    }
    let mut again = Request::new(Body::from(typed));
    *again.method_mut() = Method::POST;
    again.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    match Form::<Vec<(String, String)>>::from_request(again, &()).await {
        Ok(Form(typed)) => plain_page(render_signed_out(&assets, here, typed)),
        Err(_) => answer,
    }
}

/// Documents, which are drawn for each who asks.
pub fn files() -> Router<Web> {
    Router::new()
        .route("/admin/invoices/{invoice}/invoice.pdf", get(files::invoice))
        .route("/admin/credits/{note}/credit-note.pdf", get(files::credit_note))
        .route("/admin/customers/{customer}/statement.pdf", get(files::statement))
}

/// Staff of a merchant whose books are our own, and what answers them. Looked for before any body is read.
struct Keeper {
    web: Web,
    admin: AdminPass,
}

impl FromRequestParts<Web> for Keeper {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let admin = admitted(parts, web, Act::KeepBooks, "/admin/invoices").await?;
        if admin.who().own_books { Ok(Self { web: web.clone(), admin }) } else { Err(refused(web, Error::NotFound)) }
    }
}

impl Keeper {
    fn engine(&self) -> &Engine {
        &self.web.engine
    }

    fn who(&self) -> Whoami {
        self.admin.who().clone()
    }

    /// To the invoice's page, which says what was done, or why it was not.
    fn acted(&self, invoice: InvoiceId, done: &str, answer: Result<(), OwnBooksError>) -> Answer {
        self.acted_at(&addresses::invoice(invoice), done, answer)
    }

    /// The same to another page that says so.
    fn acted_at(&self, page: &str, done: &str, answer: Result<(), OwnBooksError>) -> Answer {
        let done = match answer {
            Ok(()) => done,
            Err(OwnBooksError::Wrong(_)) => "number",
            Err(OwnBooksError::Outdated | OwnBooksError::FormUsed) => "outdated",
            Err(OwnBooksError::NotNow(why)) => spelt(why),
            Err(OwnBooksError::Engine(cause)) => return Err(refused(&self.web, cause)),
        };
        go_to(&format!("{page}?done={done}"))
    }
}

fn told(invoice: InvoiceId, done: &str) -> Response {
    Redirect::to(&format!("{}?done={done}", addresses::invoice(invoice))).into_response()
}

/// As the invoice's page knows it (`app/src/own_books/lines.rs`).
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
