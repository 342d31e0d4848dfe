//! Pages and files outside the App, most of them for staff: who may open them, and what is answered otherwise.

use crate::{layers::plain_page, router::Web};
use app::{addresses, render_fault};
use axum::{
    extract::{FromRequestParts, Path},
    http::{Method, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use domain::access::Act;
use engine::{AdminPass, Error, PayerPass};
use serde::Deserialize;
use std::str::FromStr;

pub type Answer = Result<Response, Refusal>;

/// The answer that says what went wrong.
pub struct Refusal(Box<Response>);

impl From<Response> for Refusal {
    fn from(answer: Response) -> Self {
        Self(Box::new(answer))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// Staff who may do this. Whoever is signed out signs in first and comes back to what they asked for, or to `list` after a
/// form: what was sent to an address that only takes forms cannot be opened there.
pub async fn admitted(parts: &Parts, web: &Web, act: Act, list: &str) -> Result<AdminPass, Refusal> {
    admitted_from(parts, web, act, here(parts).unwrap_or(list)).await
}

/// The same, and whoever signs in first comes back to `back`.
pub async fn admitted_from(parts: &Parts, web: &Web, act: Act, back: &str) -> Result<AdminPass, Refusal> {
    web.engine.admin(&token(parts, web), act).await.map_err(|cause| turned_away(web, cause, back))
}

/// As [`admitted`], of payers.
pub async fn payer_admitted(parts: &Parts, web: &Web, act: Act, list: &str) -> Result<PayerPass, Refusal> {
    let back = here(parts).unwrap_or(list);
    web.engine.payer(&token(parts, web), act).await.map_err(|cause| turned_away(web, cause, back))
}

/// What can be opened again.
fn here(parts: &Parts) -> Option<&str> {
    let here = parts.uri.path_and_query().filter(|_| parts.method == Method::GET);
    here.map(|here| here.as_str())
}

fn token(parts: &Parts, web: &Web) -> String {
    let cookies = CookieJar::from_headers(&parts.headers);
    cookies.get(web.cookie.0).map_or_else(String::new, |cookie| cookie.value().to_owned())
}

fn turned_away(web: &Web, cause: Error, back: &str) -> Refusal {
    match cause {
        Error::NotSignedIn => Redirect::to(&addresses::sign_in(back)).into_response().into(),
        other => refused(web, other),
    }
}

impl Web {
    /// What was found or done, or the page that says why not.
    pub fn or_refused<T>(&self, answer: Result<T, Error>) -> Result<T, Refusal> {
        answer.map_err(|cause| refused(self, cause))
    }

    /// The id in a form; one that cannot be one leads nowhere.
    pub fn read_id<T: FromStr>(&self, spelt: &str) -> Result<T, Refusal> {
        self.or_refused(spelt.parse().map_err(|_| Error::NotFound))
    }
}

/// What the address of a page that a form leads to says.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Done {
    /// What a button has just come to.
    pub done: String,
}

pub fn page(drawn: (u16, String)) -> Answer {
    Ok(plain_page(drawn))
}

pub fn go_to(address: &str) -> Answer {
    Ok(Redirect::to(address).into_response())
}

pub fn refused(web: &Web, cause: Error) -> Refusal {
    plain_page(render_fault(&web.assets, cause.into())).into()
}

/// The id in an address; one that cannot be one leads nowhere.
pub struct Id<T>(pub T);

impl<T: FromStr> FromRequestParts<Web> for Id<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let spelt = Path::<String>::from_request_parts(parts, web).await;
        let id = spelt.ok().and_then(|Path(spelt)| spelt.parse().ok());
        id.map(Self).ok_or_else(|| refused(web, Error::NotFound))
    }
}
