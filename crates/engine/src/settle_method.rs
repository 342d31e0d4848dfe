//! What gateway and bank say of saved methods, and what follows: asked for, heard of or answered, all of it ends in
//! [`Engine::learn_of_method`], the one way in. Whose methods there are and what their payers do with them: `methods.rs`.

use crate::{
    Engine, Error,
    audit::{Actor, Audited},
    jobs::{Ran, end_with},
    work::Work,
};
use connectors::gateway::{self, ForgetRequest, Found, Gateway, GatewayError, KeptMethod, StoreLookUp, StoreRequest};
use domain::{
    asking::LOOK_UP_SOON,
    ids::{ConnectionId, MethodId},
    method::{MethodFact, MethodSeen, MethodState},
    payment::DeclineReason,
};
use store::{Authority, Job, MerchantDb, MerchantTx, Method};

impl Engine {
    pub(crate) async fn look_up_open_method(&self, db: &MerchantDb, id: MethodId) -> Result<Ran, Error> {
        let method = db.method(id).await?;
        if !method.state.is_open() {
            return Ok(Ran::Finished);
        }
        let Some(method) = self.look_up_method(db, &method).await? else {
            return Ok(Ran::NotYet("the gateway cannot say yet"));
        };
        if method.kind.is_left(method.state, method.created_at, self.now()) {
            self.give_up_method(db, &method).await?;
            return Ok(Ran::Finished);
        }
        let is_open = method.state.is_open();
        Ok(if is_open { Ran::NotYet("the payer or the bank has not acted yet") } else { Ran::Finished })
    }

    /// Ends a method that nobody has finished, at the gateway first: afterwards nobody can.
    async fn give_up_method(&self, db: &MerchantDb, method: &Method) -> Result<(), Error> {
        self.gateway_of_method(db, method).await?.forget(&forget_request(method)).await?;
        self.record_method(db, method.id, MethodSeen::bare(MethodFact::Gone)).await?;
        Ok(())
    }

    /// News of a method. One that was taken out is asked about as well: whoever had the bank's page open may have finished
    /// there since.
    pub(crate) async fn hear_of_method(&self, db: &MerchantDb, method: &Method) -> Result<(), Error> {
        if method.state.is_open() || method.state == MethodState::Revoked {
            self.look_up_method(db, method).await?;
        }
        Ok(())
    }

    /// News of what the gateway keeps, by its id of a method or of the company under which it does: read again there. An
    /// echo of our own taking out is about nothing.
    pub(crate) async fn hear_of_kept(&self, db: &MerchantDb, connection: ConnectionId, id: &str) -> Result<(), Error> {
        for method in db.methods_kept(connection, id).await? {
            let Some(kept) = kept_method(&method) else { continue };
            let mut seen = self.gateway_of_method(db, &method).await?.read_kept(&kept).await?;
            if seen.fact == MethodFact::Gone {
                // Its payer has not taken it out, and reads why it cannot be charged.
                seen.fact = MethodFact::Refused { reason: DeclineReason::NoLongerKept };
            }
            let is_renewed = seen.shown.as_ref().is_some_and(|shown| {
                method.face.as_ref() != Some(&shown.face.to_string()) || method.good_until != shown.good_until
            });
            if method.state.hears(&seen.fact, is_renewed) {
                self.record_method(db, method.id, seen).await?;
            }
        }
        Ok(())
    }

    /// What the gateway never told us of is asked for first.
    pub(crate) async fn forget_method(&self, db: &MerchantDb, job: &Job, id: MethodId) -> Result<Ran, Error> {
        let method = db.method(id).await?;
        let is_known = method.setup_id.is_some() || method.gateway_method.is_some();
        let known = if is_known { Some(method) } else { self.look_up_method(db, &method).await? };
        let Some(method) = known else { return Ok(Ran::NotYet("the gateway cannot say yet")) };
        self.gateway_of_method(db, &method).await?.forget(&forget_request(&method)).await?;
        let tx = db.begin().await?;
        end_with(tx, job).await
    }

    /// Asks the gateway and records the answer. `None`: it cannot say yet.
    pub(crate) async fn look_up_method(&self, db: &MerchantDb, method: &Method) -> Result<Option<Method>, Error> {
        let look_up = StoreLookUp {
            request: store_request(method, db.authority(method.id).await?),
            setup_id: method.setup_id.clone(),
            sent_at: method.created_at,
        };
        let seen = match self.gateway_of_method(db, method).await?.find_stored(&look_up).await? {
            Found::Seen(seen) => seen,
            Found::NotThere => MethodSeen::bare(MethodFact::NeverKept),
            Found::TooEarlyToSay => return Ok(None),
        };
        self.record_method(db, method.id, seen).await.map(Some)
    }

    /// The one way in for what is seen of a method.
    pub(crate) async fn record_method(&self, db: &MerchantDb, id: MethodId, seen: MethodSeen) -> Result<Method, Error> {
        let tx = db.begin().await?;
        let method = tx.method_hold(id).await?;
        let method = self.learn_of_method(&tx, method, seen).await?;
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(method)
    }

    /// The same within a transaction that holds the method.
    pub(crate) async fn learn_of_method(
        &self,
        tx: &MerchantTx,
        mut method: Method,
        seen: MethodSeen,
    ) -> Result<Method, Error> {
        let (id, now, before) = (method.id, self.now(), method.state);
        let (is_kept, was_sent) = (seen.fact == MethodFact::Ready, seen.fact != MethodFact::NeverKept);
        method.state = before.then(&seen.fact);
        method.updated_at = now;
        if let MethodFact::Refused { reason } = seen.fact {
            method.reason = Some(serde_json::to_string(&reason)?);
        }
        method.action_url = match seen.fact {
            MethodFact::ActionNeeded { url } if method.state == MethodState::Verifying => Some(url),
            _ => None,
        };
        method.setup_id = seen.setup_id.or(method.setup_id);
        method.gateway_customer = seen.gateway_customer.or(method.gateway_customer);
        method.gateway_method = seen.gateway_method.or(method.gateway_method);
        if let Some(shown) = seen.shown {
            method.face = Some(shown.face.to_string());
            method.good_until = shown.good_until.or(method.good_until);
        }
        method.is_default &= method.state == MethodState::Ready;
        if method.state == MethodState::Ready && before != MethodState::Ready {
            self.take_place(tx, &mut method).await?;
            let others = tx.methods_of(method.customer_id).await?;
            method.is_default = !others.iter().any(|other| other.is_default);
        }
        tx.method_write(method.clone()).await?;
        if let Some(moved) = Audited::method_moved(before, &method) {
            tx.audit_add(moved.slip(None, Actor::Gateway, now)?).await?;
        }
        if before == MethodState::Unverified
            && was_sent
            && method.state != MethodState::Revoked
            && method.kind.is_debit()
        {
            Work::WriteAuthority { method: id }.queue(tx, None, now, now).await?;
        }
        if method.state.is_open() {
            Work::LookUpMethod { method: id }.queue(tx, None, now + LOOK_UP_SOON, now).await?;
        }
        // Its payer has finished at the bank after it was taken out.
        if before == MethodState::Revoked && is_kept && method.gateway_method.is_some() {
            let forget = Work::ForgetMethod { method: id, seen_ms: Some(now.timestamp_millis()) };
            forget.queue(tx, None, now, now).await?;
        }
        Ok(method)
    }

    /// A method that can be charged takes the place of the one that it replaces: that one's name, unless it has its own, and
    /// that it is chosen beforehand. What was taken out meanwhile has no place to take.
    async fn take_place(&self, tx: &MerchantTx, method: &mut Method) -> Result<(), Error> {
        let Some(old) = method.replaces else { return Ok(()) };
        let old = tx.method_hold(old).await?;
        if old.state == MethodState::Revoked {
            return Ok(());
        }
        if method.nickname.is_empty() {
            method.nickname.clone_from(&old.nickname);
        }
        self.take_out(tx, old, Actor::Portal).await
    }

    pub(crate) async fn take_out(&self, tx: &MerchantTx, method: Method, by: Actor) -> Result<(), Error> {
        let (now, forget) = (self.now(), Work::ForgetMethod { method: method.id, seen_ms: None });
        tx.audit_add(Audited::method_removed(&method).slip(None, by, now)?).await?;
        let taken_out = Method {
            state: MethodState::Revoked,
            is_default: false,
            postal_code: None,
            action_url: None,
            updated_at: now,
            ..method
        };
        let id = taken_out.id;
        tx.method_write(taken_out).await?;
        self.end_planned_debits(tx, id).await?;
        forget.queue(tx, None, now, now).await
    }

    async fn gateway_of_method(&self, db: &MerchantDb, method: &Method) -> Result<Box<dyn Gateway>, Error> {
        self.gateway_of(db, &db.connection(method.connection_id).await?)
    }
}

/// The request of a method, the same whenever it is built: it is sent again to look the method up.
pub(crate) fn store_request(method: &Method, authority: Option<Authority>) -> StoreRequest {
    StoreRequest {
        method: method.id,
        kind: method.kind,
        authority: authority.map(|given| gateway::Authority {
            given_at: given.given_at,
            address: given.address,
            user_agent: given.user_agent,
        }),
        customer: method.customer_id,
        customer_name: method.customer_name.clone(),
        gateway_customer: method.gateway_customer.clone(),
        token: method.token.clone(),
        postal_code: method.postal_code.clone(),
        return_url: method.return_url.clone(),
    }
}

fn forget_request(method: &Method) -> ForgetRequest {
    ForgetRequest { setup_id: method.setup_id.clone(), gateway_method: method.gateway_method.clone() }
}

/// Nothing of what was never kept.
fn kept_method(method: &Method) -> Option<KeptMethod> {
    let (customer, gateway_method) = (method.gateway_customer.clone()?, method.gateway_method.clone()?);
    Some(KeptMethod { kind: method.kind, setup_id: method.setup_id.clone(), customer, method: gateway_method })
}

/// What a call's end says about the method. Busy and unknown alike leave it open.
pub(crate) fn observed(reply: Result<MethodSeen, GatewayError>) -> MethodSeen {
    reply.unwrap_or_else(|cause| {
        tracing::warn!(%cause, "A method's keeping was not answered plainly.");
        MethodSeen::bare(match cause {
            GatewayError::NotSent(_) => MethodFact::Refused { reason: DeclineReason::NotSent },
            GatewayError::Refused { .. } => MethodFact::Refused { reason: DeclineReason::SetUp },
            GatewayError::Busy { .. } | GatewayError::Unknown(_) => MethodFact::Unanswered,
        })
    })
}
