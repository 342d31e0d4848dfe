//! How a fact is kept, be it about an attempt, a refund or a dispute: as a row of that kind's own table, with its place
//! among the facts of the same object. Rows are added and never changed.

use crate::{Error, scope::json};
use chrono::{DateTime, Utc};
use domain::{
    dispute::DisputeSeen,
    ids::ObservationId,
    payment::{Observation, Source},
    refund::RefundSeen,
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// A stored fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed<S = Observation> {
    pub seen: S,
    pub source: Source,
    pub at: DateTime<Utc>,
}

pub type ObservedRefund = Observed<RefundSeen>;
pub type ObservedDispute = Observed<DisputeSeen>;

/// What a row has beside the object that it is about.
pub(crate) struct FactColumns {
    pub id: ObservationId,
    pub place: i32,
    pub source: String,
    pub body: String,
    pub at: DateTime<Utc>,
}

impl<S: Serialize + DeserializeOwned> Observed<S> {
    /// As the fact after the `place` that stand. An error bears the name of the column, of source or body.
    pub(crate) fn columns(&self, place: usize, [source, body]: [&'static str; 2]) -> Result<FactColumns, Error> {
        Ok(FactColumns {
            id: ObservationId(Uuid::now_v7()),
            place: i32::try_from(place).unwrap_or(i32::MAX),
            source: json(&self.source, source)?,
            body: json(&self.seen, body)?,
            at: self.at,
        })
    }

    /// From source and body of a row, and the same names.
    pub(crate) fn read(
        [source, body]: [&str; 2],
        at: DateTime<Utc>,
        [source_name, body_name]: [&'static str; 2],
    ) -> Result<Self, Error> {
        let seen = serde_json::from_str(body).map_err(|_| Error::Unreadable(body_name))?;
        let source = serde_json::from_str(source).map_err(|_| Error::Unreadable(source_name))?;
        Ok(Self { seen, source, at })
    }
}
