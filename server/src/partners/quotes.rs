//! `wp-quote/1` (`wire/connectwise.md`, 3.3): a quoting program opens sessions and reads what became of them; its payer's
//! browser comes by `/q/…` and goes back by `/q/back`.

use crate::{
    layers::plain_page,
    partners::program::{idempotency_key, refusal, secret},
    router::Web,
};
use app::{addresses, fault::Fault, render_closed, render_fault};
use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{QueryRejection, StringRejection},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    access::Act,
    ids::{CheckoutId, QuoteSessionId},
    quote::SessionRefusal,
};
use engine::{Error, QuoteError, QuotePass};
use serde::Deserialize;
use serde_json::json;

/// `POST /api/integrations/quotes/v1/sessions`
pub async fn open(
    State(web): State<Web>,
    headers: HeaderMap,
    body: Result<String, StringRejection>,
) -> Result<Response, Refused> {
    let program = program(&web, &headers).await?;
    let key = idempotency_key(&headers).ok_or(SessionRefusal::InvalidRequest("Idempotency-Key"))?;
    let body = body.map_err(|_| SessionRefusal::InvalidRequest("body"))?;
    let opened = web.engine.open_quote_session(&program, key, &body).await?;
    Ok((StatusCode::CREATED, Json(opened)).into_response())
}

/// `GET /api/integrations/quotes/v1/sessions/{session}`: what counts, whatever a browser brings back.
pub async fn read(
    State(web): State<Web>,
    headers: HeaderMap,
    Path(session): Path<String>,
) -> Result<Response, Refused> {
    let program = program(&web, &headers).await?;
    let session: QuoteSessionId = session.parse().map_err(|_| SessionRefusal::NotFound)?;
    Ok(Json(web.engine.quote_session_result(&program, session).await?).into_response())
}

async fn program(web: &Web, headers: &HeaderMap) -> Result<QuotePass, Refused> {
    let program = web.engine.quote_program(secret(headers)).await.map_err(QuoteError::from)?;
    match &web.programs {
        Some(rate) if !rate.let_pass(&program.key()) => Err(Refused::TooMany),
        _ => Ok(program),
    }
}

/// Why a program is not answered as it asked.
pub enum Refused {
    Quote(QuoteError),
    TooMany,
}

impl From<QuoteError> for Refused {
    fn from(cause: QuoteError) -> Self {
        Self::Quote(cause)
    }
}

impl From<SessionRefusal> for Refused {
    fn from(why: SessionRefusal) -> Self {
        Self::Quote(why.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Quote(QuoteError::Refused { why, reference }) => {
                let mut error = json!({ "code": why.code(), "message": why.words() });
                if let Some(field) = why.field() {
                    error["field"] = field.into();
                }
                if let Some(reference) = reference {
                    error["reference"] = reference.into();
                }
                let status = StatusCode::from_u16(why.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                refusal(status, &error)
            }
            Self::Quote(QuoteError::Engine(crowded)) if crowded.is_crowded() => Self::TooMany.into_response(),
            Self::Quote(QuoteError::Engine(Error::NotFound)) => Self::from(SessionRefusal::NotFound).into_response(),
            Self::Quote(QuoteError::Engine(other)) => {
                let cause: &(dyn std::error::Error + 'static) = &other;
                tracing::error!(cause, "a quoting program's call failed");
                let error = json!({ "code": "internal_error", "message": "Something went wrong here. Ask again." });
                refusal(StatusCode::INTERNAL_SERVER_ERROR, &error)
            }
            Self::TooMany => {
                let error = json!({ "code": "too_many_requests", "message": "Ask again in a second." });
                refusal(StatusCode::TOO_MANY_REQUESTS, &error)
            }
        }
    }
}

/// `/q/{token}`: to the checkout of the session, or to why nothing can be paid there.
pub async fn enter(State(web): State<Web>, Path(token): Path<String>) -> Response {
    match web.engine.open_quote(&token).await {
        Ok(Ok(checkout)) => Redirect::to(&addresses::pay(checkout)).into_response(),
        Ok(Err(closed)) => plain_page(render_closed(&web.assets, closed)),
        Err(cause) => plain_page(render_fault(&web.assets, Fault::from(cause))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfCheckout {
    transaction_id: CheckoutId,
}

/// `/q/back?transactionId=…`: to the quote again, with what became of its payment until now (S19-S21).
pub async fn leave(State(web): State<Web>, asked: Result<Query<OfCheckout>, QueryRejection>) -> Response {
    let way_back = match asked {
        Ok(Query(OfCheckout { transaction_id })) => match web.engine.guest(transaction_id, Act::SeeCheckout).await {
            Ok(guest) => web.engine.way_back_to_quote(&guest).await,
            Err(cause) => Err(cause),
        },
        Err(_) => Err(Error::NotFound),
    };
    match way_back {
        Ok(url) => Redirect::to(&url).into_response(),
        Err(cause) => plain_page(render_fault(&web.assets, Fault::from(cause))),
    }
}
