//! What those who acted are called, for people: the audit trail knows them by their ids alone, so that they can be
//! forgotten (N15).

use crate::{Error, audit_rows::Written};
use domain::ids::{PayerId, PersonId};
use std::collections::{BTreeSet, HashMap};
use store::MerchantDb;

/// E-mail addresses by the id that the trail has.
#[derive(Default)]
pub(crate) struct Actors(HashMap<String, String>);

impl Actors {
    /// Of those alone who have a place at this merchant.
    pub(crate) async fn of(db: &MerchantDb, written: &Written) -> Result<Self, Error> {
        let ids: BTreeSet<String> = written.actors().map(str::to_owned).collect();
        let staff: Vec<PersonId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let payers: Vec<PayerId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let mut emails = HashMap::new();
        if !staff.is_empty() {
            emails.extend(db.staff_emails(staff).await?.into_iter().map(|(id, email)| (id.to_string(), email)));
        }
        if !payers.is_empty() {
            emails.extend(db.payer_emails(payers).await?.into_iter().map(|(id, email)| (id.to_string(), email)));
        }
        Ok(Self(emails))
    }

    /// Whoever has no place here is called what the trail calls them.
    pub(crate) fn name(&self, actor: &str) -> String {
        self.0.get(actor).map_or(actor, String::as_str).to_owned()
    }
}
