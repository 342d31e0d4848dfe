//! Who sets a merchant up: the operator by a command, or its own staff on a screen. Both go the same way and leave a line,
//! each in its own place: the table `audit`, or the merchant's audit trail.

use crate::{
    Error,
    audit::{Actor, Audited},
};
use chrono::{DateTime, Utc};
use domain::ids::PersonId;
use store::MerchantTx;

#[derive(Clone, Copy)]
pub(crate) enum Setter {
    Operator,
    Staff(PersonId),
}

impl Setter {
    /// In the transaction of the act: `done` and what it was done to, as the operator's line has them, and as the trail does.
    pub(crate) async fn write_down(
        self,
        tx: &MerchantTx,
        (done, to): (&str, &str),
        act: &Audited,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        match self {
            Self::Operator => tx.audit_operator(done, to, now).await?,
            Self::Staff(person) => tx.audit_add(act.slip(None, Actor::Staff(person), now)?).await?,
        }
        Ok(())
    }
}
