//! The page on which the built-in sandbox asks a payer, in the place of a bank: `/sandbox/{connection}/{attempt}`, to which
//! Pay leads.

use crate::{layers::plain_page, router::Web};
use app::{fault::Fault, render_fault, render_sandbox_step};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    ids::{AttemptId, ConnectionId},
    payment::StepAnswer,
};
use engine::Error;
use serde::Deserialize;

/// What the page's buttons say.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Pressed {
    Confirm,
    Refuse,
}

#[derive(Deserialize)]
pub struct Answer {
    answer: Pressed,
}

pub async fn ask(State(web): State<Web>, Path(ids): Path<(String, String)>) -> Response {
    let step = match read(&ids) {
        Ok((connection, attempt)) => web.engine.sandbox_step(connection, attempt).await,
        Err(cause) => Err(cause),
    };
    match step {
        Ok(step) => plain_page(render_sandbox_step(&web.assets, step)),
        Err(cause) => refused(&web, cause),
    }
}

pub async fn answer(
    State(web): State<Web>,
    Path(ids): Path<(String, String)>,
    Form(Answer { answer }): Form<Answer>,
) -> Response {
    let answer = match answer {
        Pressed::Confirm => StepAnswer::Confirmed,
        Pressed::Refuse => StepAnswer::Refused,
    };
    let way_back = match read(&ids) {
        Ok((connection, attempt)) => web.engine.answer_sandbox_step(connection, attempt, answer).await,
        Err(cause) => Err(cause),
    };
    match way_back {
        Ok(way_back) => Redirect::to(&way_back).into_response(),
        Err(cause) => refused(&web, cause),
    }
}

fn read((connection, attempt): &(String, String)) -> Result<(ConnectionId, AttemptId), Error> {
    let connection: ConnectionId = connection.parse().map_err(|_| Error::NotFound)?;
    let attempt: AttemptId = attempt.parse().map_err(|_| Error::NotFound)?;
    Ok((connection, attempt))
}

fn refused(web: &Web, cause: Error) -> Response {
    plain_page(render_fault(&web.assets, Fault::from(cause)))
}
