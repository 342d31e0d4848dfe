//! A call of a program: who it is, what it asks, and in which form it reads what went wrong.

use crate::{
    partners::program::{IDEMPOTENCY_KEY_MAX_CHARS, idempotency_key, refusal, secret},
    router::Web,
};
use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::StringRejection},
    http::{StatusCode, header::CONTENT_TYPE, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{
    import::RowError,
    money::Money,
    own_invoice::{NotNow, Wrong},
};
use engine::{ApiPass, ApiQuery, Asked, Engine, Error, ImportError, KeyError, OwnBooksError, RequestError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use std::str::FromStr;
use uuid::Uuid;

const LIMIT_USUAL: u64 = 50;
const LIMIT_MAX: u64 = 100;

pub type Answer = Result<Response, Refused>;

/// What went wrong.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
    field: Option<String>,
    /// All that is wrong in a table.
    rows: Vec<RowError>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None, rows: Vec::new() }
    }

    /// Something in the request is to be mended.
    pub fn wrong(code: &'static str, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::unread(code, message) }
    }

    /// No member of it can be named.
    fn unread(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    fn too_many() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "Too many requests at once. Ask again in a second.",
        )
    }

    /// Nothing was written, and what is mended may come under the same key. Whoever is only to wait keeps it: what found no room
    /// may have been the reading of what is written already.
    fn leaves_key(&self) -> bool {
        self.status.is_client_error() && self.status != StatusCode::TOO_MANY_REQUESTS
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(field) = self.field {
            error["field"] = field.into();
        }
        if !self.rows.is_empty() {
            let rows = self.rows.into_iter().map(|RowError { line, words }| json!({ "line": line, "message": words }));
            error["rows"] = rows.collect();
        }
        refusal(self.status, &error)
    }
}

impl From<Error> for Refused {
    fn from(cause: Error) -> Self {
        match cause {
            Error::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing."),
            crowded if crowded.is_crowded() => Self::too_many(),
            other => {
                let cause: &(dyn std::error::Error + 'static) = &other;
                tracing::error!(cause, "a program's call failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong here. Ask again.")
            }
        }
    }
}

impl From<KeyError> for Refused {
    fn from(cause: KeyError) -> Self {
        match cause {
            KeyError::Unknown => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_key",
                "Send a key of the API as “Authorization: Bearer wpsk_…”. This one is unknown, retired, or for \
                 something else.",
            ),
            KeyError::Disabled => {
                Self::new(StatusCode::FORBIDDEN, "integration_disabled", "The merchant has turned the API off.")
            }
            KeyError::Engine(cause) => cause.into(),
        }
    }
}

impl From<RequestError> for Refused {
    fn from(cause: RequestError) -> Self {
        match cause {
            RequestError::Conflict => Self {
                field: Some("Idempotency-Key".to_owned()),
                ..Self::new(
                    StatusCode::CONFLICT,
                    "idempotency_conflict",
                    "Something else was asked under this idempotency key. Send another key with another request.",
                )
            },
            RequestError::Engine(cause) => cause.into(),
        }
    }
}

impl From<OwnBooksError> for Refused {
    fn from(cause: OwnBooksError) -> Self {
        let conflict = |code: &'static str, words: &str| Self::new(StatusCode::CONFLICT, code, words);
        match cause {
            OwnBooksError::Wrong(wrong) => match wrong.into_iter().next() {
                Some(Wrong { field, words }) => Self::wrong("invalid_field", field_of(&field), words),
                None => Self::unread("invalid_field", "Something in the request is to be mended."),
            },
            OwnBooksError::NotNow(why @ NotNow::BeingPaid) => conflict("being_paid", why.words()),
            OwnBooksError::NotNow(why) => conflict("not_possible", why.words()),
            OwnBooksError::Outdated => conflict("outdated", "Somebody has changed it meanwhile. Read it again."),
            OwnBooksError::FormUsed => {
                conflict("not_possible", "It was written already, and says something else by now.")
            }
            OwnBooksError::Engine(cause) => cause.into(),
        }
    }
}

impl From<ImportError> for Refused {
    fn from(cause: ImportError) -> Self {
        match cause {
            ImportError::Wrong(rows) => {
                let words = "Nothing of the table was taken in. Mend what is wrong in it, and send all of it again.";
                Self { rows, ..Self::wrong("invalid_table", "csv", words) }
            }
            ImportError::Engine(cause) => cause.into(),
        }
    }
}

/// The member of the request that a field of the screens' forms stands for: `quantity-2` is that of the second line, `share-2` what
/// the second invoice gets.
fn field_of(field: &str) -> String {
    let (name, line) = match field.rsplit_once('-') {
        Some((name, line)) => (name, line.parse::<usize>().ok().filter(|line| *line > 0)),
        None => (field, None),
    };
    let (list, name) = match name {
        "share" => ("shares", "amount_minor"),
        "amount" => ("lines", "amount_minor"),
        "unit_price" => ("lines", "unit_price_minor"),
        "tax" => ("lines", "tax_percent"),
        other => ("lines", other),
    };
    line.map_or_else(|| name.to_owned(), |line| format!("{list}[{}].{name}", line - 1))
}

/// A program with a key of the API. Looked for before any body is read.
pub struct Program {
    web: Web,
    pub pass: ApiPass,
}

impl FromRequestParts<Web> for Program {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refused> {
        let pass = web.engine.api(secret(&parts.headers)).await?;
        match &web.programs {
            Some(rate) if !rate.let_pass(&pass.key()) => Err(Refused::too_many()),
            _ => Ok(Self { web: web.clone(), pass }),
        }
    }
}

impl Program {
    pub fn engine(&self) -> &Engine {
        &self.web.engine
    }

    /// Whether what is owed is written here.
    pub fn may_write(&self) -> Result<(), Refused> {
        if self.pass.has_own_books() {
            return Ok(());
        }
        let words = "The merchant's books are in its accounting package. Write there; it is read here.";
        Err(Refused::new(StatusCode::CONFLICT, "books_elsewhere", words))
    }

    /// An amount as the forms of the screens have it.
    pub fn typed(&self, minor: i64) -> String {
        Money::new(minor, self.pass.currency()).to_decimal()
    }

    /// Invoices that are written here are in one currency.
    pub fn reads_currency(&self, currency: &str) -> Result<(), Refused> {
        let own = self.pass.currency();
        if currency == own.code() {
            return Ok(());
        }
        Err(Refused::wrong("currency_mismatch", "currency", format!("The merchant's currency is {own}.")))
    }
}

/// The id in an address; one that cannot be one leads nowhere.
pub struct Id<T>(pub T);

impl<T: FromStr> FromRequestParts<Web> for Id<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refused> {
        let spelt = Path::<String>::from_request_parts(parts, web).await;
        let id = spelt.ok().and_then(|Path(spelt)| spelt.parse().ok());
        id.map(Self).ok_or_else(|| Error::NotFound.into())
    }
}

/// What an address asks of a list.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ListAsked {
    cursor: String,
    limit: String,
    pub customer: String,
    pub status: String,
}

impl FromRequestParts<Web> for ListAsked {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refused> {
        let asked = Query::<Self>::from_request_parts(parts, web).await;
        asked.map(|Query(asked)| asked).map_err(|cause| Refused::unread("invalid_query", cause.body_text()))
    }
}

impl ListAsked {
    pub fn read<T: FromStr>(&self) -> Result<ApiQuery<T>, Refused> {
        let after = read_if_any(&self.cursor, "cursor", "Send a cursor as next_cursor had it.")?;
        let words = format!("Send a limit from 1 to {LIMIT_MAX}.");
        let limit = read_if_any(&self.limit, "limit", &words)?.unwrap_or(LIMIT_USUAL);
        if (1..=LIMIT_MAX).contains(&limit) {
            Ok(ApiQuery { after, limit })
        } else {
            Err(Refused::wrong("invalid_query", "limit", words))
        }
    }
}

/// What may be left out of a query.
pub fn read_if_any<T: FromStr>(spelt: &str, field: &str, words: &str) -> Result<Option<T>, Refused> {
    if spelt.is_empty() {
        return Ok(None);
    }
    spelt.parse().map(Some).map_err(|_| Refused::wrong("invalid_query", field, words))
}

/// What a program sends: the body, and its idempotency key.
pub struct Order {
    key: Option<String>,
    address: String,
    body: String,
}

impl FromRequest<Web> for Order {
    type Rejection = Refused;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Refused> {
        let key = idempotency_key(request.headers()).map(str::to_owned);
        let address = request.uri().path().to_owned();
        let body = String::from_request(request, web).await.map_err(unread)?;
        Ok(Self { key, address, body })
    }
}

fn unread(cause: StringRejection) -> Refused {
    match cause.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is larger than is taken here.")
        }
        _ => Refused::unread("invalid_body", "Send the body as JSON in UTF-8."),
    }
}

impl Order {
    /// The body. What it has no member for is refused, because it was meant to do something.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_str(&self.body).map_err(|cause| Refused::unread("invalid_body", cause.to_string()))
    }

    fn key(&self) -> Result<&str, Refused> {
        self.key.as_deref().ok_or_else(|| {
            let words = format!("Send the header Idempotency-Key, with 1 to {IDEMPOTENCY_KEY_MAX_CHARS} characters.");
            Refused::wrong("idempotency_key_required", "Idempotency-Key", words)
        })
    }

    /// Answers as this was answered before, or has the document written under the id that is kept for it, and answers with that, as
    /// whoever was first has it. A refusal of what was asked leaves the key to what is mended.
    pub async fn once<T: Serialize>(
        &self,
        program: &Program,
        write: impl AsyncFnOnce(Uuid) -> Result<T, Refused>,
    ) -> Answer {
        let (engine, pass, key) = (program.engine(), &program.pass, self.key()?);
        let request = format!("{}\n{}", self.address, self.body);
        let id = match engine.begin_request(pass, key, &request).await? {
            Asked::Answered(answer) => return Ok(created(answer)),
            Asked::Begun(id) => id,
        };
        let document = match write(id).await {
            Ok(document) => document,
            Err(refused) => {
                if refused.leaves_key() {
                    engine.refuse_request(pass, key, &request).await?;
                }
                return Err(refused);
            }
        };
        let answer = serde_json::to_string(&document).map_err(|cause| Refused::from(Error::from(cause)))?;
        Ok(created(engine.end_request(pass, key, &request, &answer).await?))
    }
}

/// A document that was written, as it was told the first time.
fn created(answer: String) -> Response {
    (StatusCode::CREATED, [(CONTENT_TYPE, "application/json")], answer).into_response()
}

pub fn told(document: impl Serialize) -> Answer {
    Ok(Json(document).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_a_form_is_named_as_the_request_has_it() {
        for (field, member) in [
            ("name", "name"),
            ("due_date", "due_date"),
            ("amount", "amount_minor"),
            ("unit_price-1", "lines[0].unit_price_minor"),
            ("tax-12", "lines[11].tax_percent"),
            ("share-2", "shares[1].amount_minor"),
            ("quantity-0", "quantity"),
        ] {
            assert_eq!(field_of(field), member);
        }
    }

    #[test]
    fn d1_whoever_is_only_to_wait_keeps_the_key_of_what_may_be_written_already() {
        assert!(Refused::from(OwnBooksError::Outdated).leaves_key());
        assert!(Refused::from(Error::NotFound).leaves_key());
        assert!(!Refused::from(Error::Contended).leaves_key());
        assert!(!Refused::from(Error::Crashed).leaves_key());
    }
}
