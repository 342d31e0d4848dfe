//! The access token that all calls of an adapter share. One that has ended meanwhile is replaced once: a call that is not
//! authenticated has done nothing.

use super::GatewayError;
use crate::http::{Answer, HttpClient};
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// For asking for a token: somebody waits for the call that needs it, and a charge must be over before it is looked up.
pub const TOKEN_WITHIN: Duration = Duration::from_secs(4);

#[derive(Debug)]
pub struct Bearer(Mutex<Option<SecretString>>);

impl Bearer {
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// `fresh` asks for another token.
    pub async fn send<F>(
        &self,
        http: &HttpClient,
        mut call: RequestBuilder,
        fresh: impl FnOnce() -> F,
    ) -> Result<Answer, GatewayError>
    where
        F: Future<Output = Result<SecretString, GatewayError>>,
    {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept {
            let again = call.try_clone();
            let answer = http.send(call.bearer_auth(kept.expose_secret())).await?;
            match again {
                Some(again) if answer.status == StatusCode::UNAUTHORIZED => call = again,
                _ => return Ok(answer),
            }
        }
        let token = fresh().await?;
        let call = call.bearer_auth(token.expose_secret());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
        Ok(http.send(call).await?)
    }
}

/// Whatever goes wrong with the token, the call that needs it was not sent.
pub fn ungranted(error: GatewayError) -> GatewayError {
    match error {
        GatewayError::NotSent(_) | GatewayError::Refused { .. } => error,
        GatewayError::Busy { .. } | GatewayError::Unknown(_) => {
            GatewayError::NotSent(format!("there is no access token: {error}"))
        }
    }
}
