//! What a program asks under an idempotency key is done once. The key is written down with the id of the document that comes of
//! it, before anything is done: whoever asks again, or at the same time, writes the same document, and gets the same answer.

use crate::{ApiPass, Engine, Error};
use domain::integration::IntegrationKind;
use store::TokenHash;
use uuid::Uuid;

/// Where a request stands.
pub enum Asked {
    /// It was answered, with this.
    Answered(String),
    /// To be done, with this id for the document.
    Begun(Uuid),
}

#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Something else was asked under this key.
    #[error("the idempotency key was used for another request")]
    Conflict,
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<store::Error> for RequestError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

impl Engine {
    /// # Errors
    /// [`RequestError::Conflict`] when something else was asked under this key.
    pub async fn begin_request(&self, api: &ApiPass, key: &str, request: &str) -> Result<Asked, RequestError> {
        let (key, request) = (TokenHash::of(key), TokenHash::of(request));
        let tx = api.db.begin().await?;
        let stands = tx.integration_request_begin(IntegrationKind::Api, &key, &request, self.now()).await?;
        tx.commit().await?;
        if !stands.is_of(&request) {
            return Err(RequestError::Conflict);
        }
        Ok(stands.answer.map_or(Asked::Begun(stands.document_id), Asked::Answered))
    }

    /// Keeps the answer for whoever asks again, and says which one counts.
    ///
    /// # Errors
    /// The database is away: the document stands, and the same request brings its answer.
    pub async fn end_request(&self, api: &ApiPass, key: &str, request: &str, answer: &str) -> Result<String, Error> {
        let (key, request) = (TokenHash::of(key), TokenHash::of(request));
        let tx = api.db.begin().await?;
        let counts = tx.integration_request_end(IntegrationKind::Api, &key, &request, answer).await?;
        tx.commit().await?;
        Ok(counts)
    }

    /// Leaves the key to what is mended: this request was refused before anything was written.
    ///
    /// # Errors
    /// The database is away: the key still stands for this request.
    pub async fn refuse_request(&self, api: &ApiPass, key: &str, request: &str) -> Result<(), Error> {
        let (key, request) = (TokenHash::of(key), TokenHash::of(request));
        let tx = api.db.begin().await?;
        tx.integration_request_refused(IntegrationKind::Api, &key, &request).await?;
        Ok(tx.commit().await?)
    }
}
