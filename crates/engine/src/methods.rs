//! Saved methods, in the order of a charge: the row committed, then the gateway asked with no transaction open, then what
//! was seen recorded. Whatever dies in between is found by the sweep. Only a signed-in payer of the company has any (D22).

use crate::{
    Engine, Error, GuestPass, MethodError, PayerPass, SaveMethod, TakeError,
    audit::{Actor, Audited},
    clock::zone,
    consent::marked,
    error::known,
    failpoint,
    jobs::chain,
    settle_method::{observed, store_request},
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::gateway::{Capabilities, Gateway};
use domain::{
    consent::{AuthorityWording, DebitUser},
    ids::{ConnectionId, CustomerId, MerchantId, MethodId},
    method::{MethodKind, MethodState, end_in_words, ends},
    money::Currency,
    payment::DeclineReason,
    planted,
    views::{GatewayFace, MethodsPage, NewMethod, SavedMethod},
};
use store::{Authority, MerchantDb, MerchantTx, Method, Throttle};
use uuid::Uuid;

/// Of a method whose request came to nothing.
const NEVER_KEPT: &str =
    "The payment service did not answer plainly, and does not have it. Enter it once more, or remove it.";
const NICKNAME_MAX_CHARS: usize = 40;
const HOLDER_MAX_CHARS: usize = 100;
/// Saving a card tells whether it is good, so whoever has many to try must not try them here.
const PER_CUSTOMER: Throttle = Throttle { max: 10, window: TimeDelta::hours(1), lock: TimeDelta::hours(1) };

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn methods(&self, payer: &PayerPass) -> Result<MethodsPage, Error> {
        let can_add = match self.gateway(&payer.db).await {
            Ok((_, gateway)) => self.kinds_kept(payer, gateway.as_ref()).await?,
            Err(_) => Vec::new(),
        };
        let methods = self.saved_methods(&payer.db, payer.customer).await?;
        let planned = self.planned_debits(&payer.db, &methods).await?;
        Ok(MethodsPage { who: payer.who.clone(), methods, can_add, planned })
    }

    /// Cards, and debits in a currency that the company owes in, or has paid in.
    async fn kinds_kept(&self, payer: &PayerPass, gateway: &dyn Gateway) -> Result<Vec<MethodKind>, Error> {
        let capabilities = gateway.capabilities();
        if !capabilities.stores {
            return Ok(Vec::new());
        }
        let currencies = payer.db.invoice_currencies(payer.customer).await?;
        let is_used =
            |kind: &&MethodKind| kind.debits().is_some_and(|debits| currencies.iter().any(|c| c == debits.code()));
        Ok(std::iter::once(MethodKind::Card).chain(capabilities.debits.iter().filter(is_used).copied()).collect())
    }

    /// What the form for another method needs, or for one that takes the place of another.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the merchant's gateway keeps none of this kind, and for another company's method.
    pub async fn new_method(
        &self,
        payer: &PayerPass,
        kind: MethodKind,
        replaces: Option<MethodId>,
    ) -> Result<NewMethod, Error> {
        let replaces = match replaces {
            Some(old) => Some(replaceable(payer, old, kind).await?),
            None => None,
        };
        let (_, gateway) = self.storing_gateway(payer, kind).await?;
        let capabilities = gateway.capabilities();
        Ok(NewMethod {
            who: payer.who.clone(),
            method: MethodId(Uuid::now_v7()),
            kind,
            authority: self
                .authority_words(&payer.db, kind, capabilities.debit_user)
                .await?
                .map(|(_, words)| marked(words)),
            replaces: replaces.map(|old| (old.id, title(&old))),
            gateway: GatewayFace {
                name: capabilities.name.to_owned(),
                entry: gateway.method_entry(kind),
                hosted_page: false,
                postal_code: asks_postal_code(capabilities, kind),
            },
        })
    }

    /// Has the gateway keep a method, once for each id; the same id again answers where that one stands. `Some` is the
    /// address of the bank, where the payer must act.
    ///
    /// # Errors
    /// Why it is not kept.
    pub async fn save_method(&self, payer: &PayerPass, mut order: SaveMethod) -> Result<Option<String>, MethodError> {
        let (connection, gateway) = self.storing_gateway(payer, order.kind).await?;
        if !asks_postal_code(gateway.capabilities(), order.kind) {
            order.postal_code = None;
        }
        let db = payer.db.clone();
        let new = self.method_row(payer, &order, connection).await?;
        let user = gateway.capabilities().debit_user;
        let authority = self.authority_given(payer, &order, user, new.created_at).await?;
        if let Some(stands) = known(db.method(new.id).await)? {
            return if stands.customer_id == payer.customer { told(&stands) } else { Err(Error::NotFound.into()) };
        }
        if let Some(old) = order.replaces {
            replaceable(payer, old, order.kind).await?;
        }
        self.count(&format!("methods:{}", payer.customer), PER_CUSTOMER).await?;
        let given = Audited::method_given(&new, authority.as_ref());
        let slip = given.slip(None, Actor::Payer(payer.payer), new.created_at)?;
        if !db.method_open(new.clone(), authority.clone(), slip).await? {
            return told(&db.method(new.id).await?);
        }
        failpoint::reach("after_method_intent");
        let engine = self.clone();
        // A task of its own: whoever closes the page must not break it off half-way.
        let sent = tokio::spawn(async move {
            let seen = observed(gateway.store(&store_request(&new, authority)).await);
            failpoint::reach("after_store");
            engine.record_method(&db, new.id, seen).await
        });
        match sent.await {
            Ok(Ok(method)) => return told(&method),
            Ok(Err(cause)) => {
                tracing::error!(method.id = %order.method, cause = %chain(&cause), "What became of a method could not be recorded; the sweep will ask.");
            }
            Err(_) => {}
        }
        Ok(None)
    }

    /// # Errors
    /// [`Error::NotFound`] also for another company's method.
    pub async fn name_method(&self, payer: &PayerPass, id: MethodId, nickname: &str) -> Result<(), Error> {
        let (tx, method) = own(payer, id).await?;
        tx.method_write(Method { nickname: short(nickname), updated_at: self.now(), ..method }).await?;
        Ok(tx.commit().await?)
    }

    /// # Errors
    /// [`Error::NotFound`] also for another company's method, and for one that cannot be charged.
    pub async fn choose_method(&self, payer: &PayerPass, id: MethodId) -> Result<(), Error> {
        let (tx, method) = own(payer, id).await?;
        if method.state != MethodState::Ready {
            return Err(Error::NotFound);
        }
        tx.methods_no_default(payer.customer).await?;
        tx.method_write(Method { is_default: true, updated_at: self.now(), ..method }).await?;
        Ok(tx.commit().await?)
    }

    /// Nothing more is charged to it from here on; the gateway forgets it as soon as it can be reached.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another company's method.
    pub async fn remove_method(&self, payer: &PayerPass, id: MethodId) -> Result<(), Error> {
        let (tx, method) = own(payer, id).await?;
        self.take_out(&tx, method, Actor::Payer(payer.payer)).await?;
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(())
    }

    /// Back from the bank's page: what became of it is asked at once. Not knowing is no error.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another company's method.
    pub async fn method_returned(&self, payer: &PayerPass, id: MethodId) -> Result<(), Error> {
        let method = own(payer, id).await?.1;
        if let (true, Err(cause)) = (method.state.is_open(), self.look_up_method(&payer.db, &method).await) {
            tracing::warn!(method.id = %id, cause = %chain(&cause), "A method could not be asked about.");
        }
        Ok(())
    }

    /// What this payer may choose from at a checkout. Guests, and payers of others, have none (D22).
    pub(crate) async fn methods_at(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        customer: CustomerId,
    ) -> Result<Vec<SavedMethod>, Error> {
        if !payer.is_some_and(|payer| payer.is_of(customer, guest)) && !planted::is("guest_sees_methods") {
            return Ok(Vec::new());
        }
        let currency = guest.db.invoice(guest.checkout.invoice_id).await?.due()?.currency;
        let mut saved = self.saved_methods(&guest.db, customer).await?;
        saved.retain(|method| method.state == MethodState::Ready && pays_in(method.kind, currency));
        Ok(saved)
    }

    /// A saved method as it is charged, with the gateway's ids of company and method.
    ///
    /// # Errors
    /// [`TakeError::MethodGone`] for one that cannot be charged, whatever the reason.
    pub(crate) async fn method_to_charge(
        &self,
        guest: &GuestPass,
        payer: Option<&PayerPass>,
        connection: ConnectionId,
        id: MethodId,
    ) -> Result<Method, TakeError> {
        let invoice = guest.db.invoice(guest.checkout.invoice_id).await?;
        let (customer, currency) = (invoice.customer_id, invoice.due().map_err(Error::from)?.currency);
        let payer = payer.filter(|payer| payer.is_of(customer, guest)).ok_or(TakeError::MethodGone)?;
        let method = known(payer.db.method(id).await)?.filter(|method| {
            let can_pay = method.state == MethodState::Ready && pays_in(method.kind, currency);
            let is_kept = method.gateway_customer.is_some() && method.gateway_method.is_some();
            can_pay && is_kept && method.customer_id == customer && method.connection_id == connection
        });
        method.ok_or(TakeError::MethodGone)
    }

    async fn saved_methods(&self, db: &MerchantDb, customer: CustomerId) -> Result<Vec<SavedMethod>, Error> {
        let today = self.clock().today(zone(&self.set_up(db).await?.merchant.time_zone));
        let face = |method: Method| {
            let reason: Option<DeclineReason> = method.reason.as_deref().map(serde_json::from_str).transpose()?;
            let trouble = (method.state == MethodState::NeedsAttention)
                .then(|| reason.map_or(NEVER_KEPT, DeclineReason::words).to_owned());
            Ok(SavedMethod {
                id: method.id,
                face: face_of(&method),
                kind: method.kind,
                clears_by: method.kind.clears_by(today),
                nickname: method.nickname,
                end: method.good_until.map(|last| end_in_words(last, today)),
                ends: ends(method.good_until, today),
                state: method.state,
                is_default: method.is_default,
                action_url: method.action_url,
                trouble,
            })
        };
        db.methods_of(customer).await?.into_iter().map(face).collect()
    }

    async fn storing_gateway(
        &self,
        payer: &PayerPass,
        kind: MethodKind,
    ) -> Result<(ConnectionId, Box<dyn Gateway>), Error> {
        let (connection, gateway) = self.gateway(&payer.db).await?;
        let is_kept = self.kinds_kept(payer, gateway.as_ref()).await?.contains(&kind);
        if is_kept { Ok((connection, gateway)) } else { Err(Error::NotFound) }
    }

    /// What its owner signs, as pages show it now. No account is debited without.
    async fn authority_words(
        &self,
        db: &MerchantDb,
        kind: MethodKind,
        user: Option<DebitUser>,
    ) -> Result<Option<(AuthorityWording, String)>, Error> {
        let Some(wording) = AuthorityWording::current(kind, user) else {
            return if kind.is_debit() { Err(Error::NotFound) } else { Ok(None) };
        };
        let set_up = self.set_up(db).await?;
        Ok(Some((wording, wording.text(&set_up.merchant.name, &set_up.merchant.support_email))))
    }

    async fn authority_given(
        &self,
        payer: &PayerPass,
        order: &SaveMethod,
        user: Option<DebitUser>,
        given_at: DateTime<Utc>,
    ) -> Result<Option<Authority>, MethodError> {
        let Some((wording, words)) = self.authority_words(&payer.db, order.kind, user).await? else { return Ok(None) };
        if marked(words.clone()).mark != order.consent {
            return Err(MethodError::WordsMoved);
        }
        let holder: String = order.holder.trim().chars().filter(|c| !c.is_control()).take(HOLDER_MAX_CHARS).collect();
        if holder.is_empty() {
            return Err(MethodError::NotSigned);
        }
        Ok(Some(Authority {
            merchant_id: payer.db.merchant_id(),
            method_id: order.method,
            version: wording.version().to_owned(),
            wording: words,
            holder,
            email: payer.who.email.clone(),
            address: order.network.to_string(),
            // A gateway may ask for one.
            user_agent: order.user_agent.clone().unwrap_or_else(|| "unknown".to_owned()),
            given_at,
        }))
    }

    async fn method_row(
        &self,
        payer: &PayerPass,
        order: &SaveMethod,
        connection_id: ConnectionId,
    ) -> Result<Method, Error> {
        let (merchant, customer) = (payer.db.merchant_id(), payer.customer);
        Ok(Method {
            token: order.token.clone(),
            postal_code: order.postal_code.clone(),
            customer_name: payer.db.customer(customer).await?.name,
            added_by: payer.who.email.clone(),
            gateway_customer: payer.db.gateway_customer(customer, connection_id).await?,
            nickname: short(&order.nickname),
            replaces: order.replaces,
            ..self.unverified(merchant, order.method, customer, connection_id, order.kind)
        })
    }

    /// A method of which the gateway has said nothing yet, and nobody else either.
    pub(crate) fn unverified(
        &self,
        merchant_id: MerchantId,
        id: MethodId,
        customer_id: CustomerId,
        connection_id: ConnectionId,
        kind: MethodKind,
    ) -> Method {
        let (now, public) = (self.now(), &self.0.settings.public_url);
        Method {
            merchant_id,
            id,
            customer_id,
            connection_id,
            token: String::new(),
            postal_code: None,
            customer_name: String::new(),
            return_url: format!("{public}/methods?back={id}"),
            added_by: String::new(),
            kind,
            state: MethodState::Unverified,
            reason: None,
            setup_id: None,
            gateway_customer: None,
            gateway_method: None,
            face: None,
            good_until: None,
            action_url: None,
            nickname: String::new(),
            is_default: false,
            replaces: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// The payer's own method, held.
async fn own(payer: &PayerPass, id: MethodId) -> Result<(MerchantTx, Method), Error> {
    let tx = payer.db.begin().await?;
    let method = tx.method_hold(id).await?;
    let is_own = method.customer_id == payer.customer && method.state != MethodState::Revoked;
    if is_own { Ok((tx, method)) } else { Err(Error::NotFound) }
}

/// The payer's own method of this kind, whose place another one may take.
async fn replaceable(payer: &PayerPass, id: MethodId, kind: MethodKind) -> Result<Method, Error> {
    let (_, method) = own(payer, id).await?;
    if method.kind == kind { Ok(method) } else { Err(Error::NotFound) }
}

fn face_of(method: &Method) -> String {
    let unseen = if method.kind.is_debit() { "Bank account" } else { "Card" };
    method.face.clone().unwrap_or_else(|| unseen.to_owned())
}

/// As its payer knows it.
pub(crate) fn title(method: &Method) -> String {
    let face = face_of(method);
    if method.nickname.is_empty() { face } else { format!("{}, {face}", method.nickname) }
}

/// A card that is kept has its address with it, an account has none.
fn asks_postal_code(capabilities: &Capabilities, kind: MethodKind) -> bool {
    capabilities.postal_code && !kind.is_debit()
}

/// A debit moves one currency alone.
fn pays_in(kind: MethodKind, currency: Currency) -> bool {
    kind.debits().is_none_or(|debits| debits == currency)
}

/// Where the payer goes from here, or why it is not kept.
fn told(method: &Method) -> Result<Option<String>, MethodError> {
    if method.state != MethodState::Revoked {
        return Ok(method.action_url.clone());
    }
    let reason = method.reason.as_deref().map(serde_json::from_str).transpose().map_err(Error::from)?;
    Err(MethodError::Refused(reason.unwrap_or(DeclineReason::SetUp)))
}

fn short(nickname: &str) -> String {
    nickname.trim().chars().filter(|c| !c.is_control()).take(NICKNAME_MAX_CHARS).collect()
}
