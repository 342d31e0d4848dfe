//! A refund that somebody made at the gateway becomes one of ours: what is left goes down by it, and ledger, books and
//! payer follow as after our own (D24). It never passes for ours, nor ours for somebody else's. Where it is more than what is
//! left, the gateway is asked first what made room for it. One of ours that a restored copy lacks comes back under the name
//! that the gateway has of it, by which the books know it too (F25).

use crate::{
    Engine, Error,
    audit::{Actor, Audited},
    error::known,
    receive_webhook::Worked,
};
use connectors::gateway::ReadRefund;
use domain::{
    exception::key_of_unknown,
    ids::{ConnectionId, RefundId},
    money::Money,
    payment::Source,
    planted,
    refund::{Left, RefundMade, RefundMeaning, RefundState},
};
use store::{Attempt, MerchantDb, Refund, TakenIn, left_to_refund};
use uuid::Uuid;

impl Engine {
    /// A refund that bears no name of ours, or one that is missing here, told or listed, by the gateway's id of it.
    pub(crate) async fn hear_of_refund(
        &self,
        db: &MerchantDb,
        connection: ConnectionId,
        gateway_id: &str,
        source: Source,
    ) -> Result<Worked, Error> {
        if let Some(stands) = db.refund_by_gateway_id(gateway_id).await? {
            let is_told = self.look_up_refund(db, &stands, source).await?;
            return Ok(if is_told { Worked::Processed } else { Worked::NotYet("the gateway cannot say yet") });
        }
        let connection = db.connection(connection).await?;
        let read = self.gateway_of(db, &connection)?.read_refund(gateway_id).await?;
        let ours = match read.refund {
            Some(ours) => known(db.refund(ours).await)?,
            None => None,
        };
        if let Some(ours) = ours {
            if ours.state == RefundState::Created {
                return Ok(Worked::NotYet("the refund is still being sent"));
            }
            self.record_refund(db, ours.id, read.seen, source).await?;
            return Ok(Worked::Processed);
        }
        // A person has entered it in a way of their own: it would be credited twice. Later news of it are theirs as well.
        if !db.exceptions_fixed_of(vec![key_of_unknown(gateway_id)]).await?.is_empty() {
            return Ok(Worked::Unknown);
        }
        let attempt = match &read.charge_gateway_id {
            Some(charge) => db.attempt_by_gateway_id(charge).await?,
            None => None,
        };
        let Some(mut attempt) = attempt.filter(|attempt| attempt.connection_id == connection.id) else {
            return Ok(Worked::Unknown);
        };
        if attempt.state.is_open() {
            return Ok(Worked::NotYet("the payment is not decided yet"));
        }
        let currency = attempt.amount()?.currency;
        let Some(amount) = read.seen.amount.filter(|amount| amount.currency == currency) else {
            return Ok(Worked::Unknown);
        };
        let mut left = left_of(db, &attempt).await?;
        if amount.minor > left.whole.minor && !planted::is("room_unasked") {
            self.ask_what_made_room(db, &attempt).await?;
            attempt = db.attempt(attempt.id).await?;
            left = left_of(db, &attempt).await?;
        }
        if !attempt.state.has_money() {
            return Ok(Worked::Unknown);
        }
        self.take_in_refund(db, &attempt, amount, left, read, source).await
    }

    /// The gateway let somebody refund more than what is left here: an earlier refund has failed, or a dispute was won, and
    /// nobody has told yet. Heard of afterwards, it would find no share of an invoice that this one could be credited on.
    async fn ask_what_made_room(&self, db: &MerchantDb, attempt: &Attempt) -> Result<(), Error> {
        let refunds = db.refunds_of(&[attempt.id]).await?;
        // One without an id there may be the very one that is told, and is asked about by a job of its own.
        for refund in refunds.iter().filter(|refund| !refund.state.is_dead() && refund.gateway_id.is_some()) {
            self.read_refund_again(db, refund).await?;
        }
        let disputes = db.disputes_of(&[attempt.id]).await?;
        for dispute in disputes.iter().filter(|dispute| dispute.state.holds_money()) {
            self.look_up_dispute(db, attempt, &dispute.gateway_id, Source::LookUp).await?;
        }
        Ok(())
    }

    async fn take_in_refund(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        amount: Money,
        left: Left,
        read: ReadRefund,
        source: Source,
    ) -> Result<Worked, Error> {
        let now = self.now();
        let new = Refund {
            merchant_id: db.merchant_id(),
            id: read.refund.unwrap_or_else(|| RefundId(Uuid::now_v7())),
            attempt_id: attempt.id,
            made: RefundMade::There,
            // Nobody says there what it means.
            meaning: RefundMeaning::SaleCancelled,
            currency: amount.currency.code().to_owned(),
            amount_minor: amount.minor,
            // Who made it there did not choose.
            surcharge_minor: left.surcharge_in(amount.minor),
            charge_gateway_id: attempt.gateway_id.clone().unwrap_or_default(),
            reason: String::new(),
            asked_by: String::new(),
            state: RefundState::Created,
            failure: None,
            contradicted: false,
            gateway_id: read.seen.gateway_id.clone(),
            // As the gateway lists it: what is compared by its day must not fall between two days.
            created_at: read.made_at.unwrap_or(now),
            updated_at: now,
        };
        let slip = Audited::refund_found(&new)?.slip(Some(attempt.payment_id), Actor::Gateway, now)?;
        let id = match db.refund_take_in(new.clone(), slip).await? {
            TakenIn::New => new.id,
            TakenIn::Stands(stands) => stands,
            TakenIn::Undecided => return Ok(Worked::NotYet("a refund of ours may be the same one")),
        };
        // Should this process die here, the sweep asks by the gateway's id.
        self.record_refund(db, id, read.seen, source).await?;
        Ok(Worked::Processed)
    }
}

/// What can be paid back of it, as far as we know.
async fn left_of(db: &MerchantDb, attempt: &Attempt) -> Result<Left, Error> {
    let (refunds, disputes) = (db.refunds_of(&[attempt.id]).await?, db.disputes_of(&[attempt.id]).await?);
    Ok(left_to_refund(attempt, &refunds, &disputes)?)
}
