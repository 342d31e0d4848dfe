//! Staff let the portal into their books by their browser (S88, S95, S106, N6). The vendor is asked under a state that this
//! session alone can bring back, once and in time. What comes back is traded for tokens, which are sealed before anything else
//! is done with them; the connection itself is made, or renewed, when organisation and currency are the merchant's.

use crate::{
    AdminPass, BooksSecret, BooksSettings, ConnectError, Engine, Error, Lane,
    accounting_connections::add_lanes,
    audit::{Actor, Audited},
    connect_words::NoConnection,
    connections::books_secret,
    failpoint,
    live_books::adapter,
    sign_in::random_token,
    turnstile::Errand,
};
use chrono::TimeDelta;
use connectors::books::{
    BooksError, TokenSet,
    consent::{Organisation, Proof, Provider},
    oauth::Client,
};
use domain::{ids::PersonId, money::Currency};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use store::{Connection, ConnectionState, GrantRequest, MerchantDb, MerchantTx, NewConnection, TokenHash};

/// Staff may sign in at the vendor first.
const ANSWER_WITHIN: TimeDelta = TimeDelta::minutes(10);
const CALLBACK: &str = "/admin/configure/accounting-connections/callback";
/// The vendor's word for staff who pressed Cancel.
const DENIED: &str = "access_denied";

/// What staff ask for.
#[derive(Debug)]
pub struct ConnectOrder {
    pub lane: Lane,
    /// Whose books; what is connected already stays what it is.
    pub provider: String,
    /// An app of their own; both empty for the one that is known.
    pub client_id: String,
    pub client_secret: SecretString,
}

/// Where staff go to consent.
pub struct AskedFor {
    pub books: &'static str,
    pub url: String,
}

/// What their browser brings back; what it does not is empty.
pub struct ConsentAnswer {
    pub state: String,
    pub code: String,
    pub error: String,
    /// The organisation, where the vendor names it here.
    pub organisation: String,
}

/// What an answer has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connected {
    /// Its accounts are to be chosen.
    New,
    Again,
    /// The answer reaches several organisations.
    ToChoose,
}

/// The organisations that an answer reaches.
#[derive(Debug)]
pub struct OrganisationChoice {
    pub books: &'static str,
    pub organisations: Vec<Organisation>,
}

/// For whom books are connected.
#[derive(Clone)]
struct Asker {
    db: MerchantDb,
    person: PersonId,
    session: String,
    /// The hash of the state that it was asked under.
    state: String,
}

impl Asker {
    fn of(admin: &AdminPass, state: String) -> Self {
        Self { db: admin.db.clone(), person: admin.person, session: admin.session.clone(), state }
    }

    /// Keeps what has come of it so far; nothing, when it has come to its end. What the session has asked for since is
    /// another request, to which nothing of this one belongs.
    async fn keep(&self, tx: &MerchantTx, secret: Option<&SecretString>) -> Result<(), ConnectError> {
        match tx.grant_request_keep(&self.session, &self.state, secret).await {
            Err(store::Error::Missing) => Err(NoConnection::NotAsked.into()),
            kept => Ok(kept?),
        }
    }
}

/// What must be known again when the answer comes, and what has come of it so far.
#[derive(Deserialize)]
struct Asked {
    provider: Provider,
    lane: Lane,
    client_id: String,
    client_secret: SecretString,
    /// What the challenge was made of.
    verifier: String,
    tokens: Option<TokenSet>,
    /// Those of which one is to be chosen.
    organisations: Vec<Organisation>,
}

impl Asked {
    fn new(provider: Provider, lane: Lane, client: Client) -> Result<Self, Error> {
        let Client { id: client_id, secret: client_secret } = client;
        let verifier = random_token()?;
        Ok(Self { provider, lane, client_id, client_secret, verifier, tokens: None, organisations: Vec::new() })
    }

    fn of(db: &MerchantDb, request: &GrantRequest) -> Result<Self, Error> {
        Ok(serde_json::from_str(db.grant_request_secret(request)?.expose_secret())?)
    }

    /// Only to be sealed.
    fn to_json(&self) -> SecretString {
        let tokens = self.tokens.as_ref().map(|tokens| {
            json!({
                "access_token": tokens.access_token.expose_secret(),
                "refresh_token": tokens.refresh_token.expose_secret(),
                "expires_at": tokens.expires_at,
            })
        });
        let json = json!({
            "provider": self.provider,
            "lane": self.lane,
            "client_id": self.client_id,
            "client_secret": self.client_secret.expose_secret(),
            "verifier": self.verifier,
            "tokens": tokens,
            "organisations": self.organisations,
        });
        SecretString::from(json.to_string())
    }

    fn client(&self) -> Client {
        Client { id: self.client_id.clone(), secret: self.client_secret.clone() }
    }

    async fn keep(&self, asker: &Asker) -> Result<(), ConnectError> {
        let tx = asker.db.begin().await?;
        asker.keep(&tx, Some(&self.to_json())).await?;
        Ok(tx.commit().await?)
    }
}

impl Engine {
    /// Remembers what is asked for, and answers where staff consent to it.
    ///
    /// # Errors
    /// [`Error::NotFound`] where books of our own leave nothing to connect, and for a lane that there is not.
    pub async fn ask_for_books(&self, admin: &AdminPass, order: ConnectOrder) -> Result<AskedFor, ConnectError> {
        let own = self.lane_to_connect(&admin.db, order.lane).await?;
        let spelt = own.as_ref().map_or(&order.provider, |own| &own.provider);
        let provider = Provider::of(spelt).ok_or(Error::NotFound)?;
        let client = self.client_for(&admin.db, own.as_ref(), provider, &order)?;
        if let Some(own) = &own {
            match self.refuse_known_client(&admin.db, own, &client.id).await {
                Err(Error::SetUp(_)) => return Err(NoConnection::KnownApp.into()),
                known => known?,
            }
        }
        let (state, asked) = (random_token()?, Asked::new(provider, order.lane, client)?);
        let tx = admin.db.begin().await?;
        let until = self.now() + ANSWER_WITHIN;
        tx.grant_request_put(&admin.session, &TokenHash::of(&state), &asked.to_json(), until).await?;
        tx.commit().await?;
        let vendor = self.0.settings.books_apps.vendor(provider);
        let url = vendor.ask(&asked.client_id, &self.consent_callback(), &state, &asked.verifier);
        Ok(AskedFor { books: provider.name(), url: url.map_err(Error::BooksUnreachable)? })
    }

    /// Takes what the vendor has sent staff's browser back with. A task of its own: who hangs up must not break off what has
    /// used up the code half-way.
    ///
    /// # Errors
    /// The request has come to its end then, and the next one begins anew.
    pub async fn take_consent(&self, admin: &AdminPass, answer: ConsentAnswer) -> Result<Connected, ConnectError> {
        let state = TokenHash::of(&answer.state);
        let asker = Asker::of(admin, state.clone().into_text());
        let tx = asker.db.begin().await?;
        let is_taken = tx.grant_request_take(&asker.session, &state, self.now()).await?;
        tx.commit().await?;
        let request = asker.db.grant_request(&asker.session).await?;
        let request = request.filter(|request| request.state_hash == asker.state).ok_or(NoConnection::NotAsked)?;
        if !is_taken {
            return taken_before(&asker, &request);
        }
        let asked = Asked::of(&asker.db, &request)?;
        let engine = self.clone();
        let taking = tokio::spawn(async move {
            let connected = engine.trade(&asker, asked, answer).await;
            if connected.is_err() {
                let tx = asker.db.begin().await?;
                if asker.keep(&tx, None).await.is_ok() {
                    tx.commit().await?;
                }
            }
            connected
        });
        taking.await.unwrap_or(Err(ConnectError::Engine(Error::Crashed)))
    }

    /// What is to be chosen from, where an answer reaches several organisations.
    ///
    /// # Errors
    /// The database is away.
    pub async fn organisation_choice(&self, admin: &AdminPass) -> Result<Option<OrganisationChoice>, Error> {
        let request = admin.db.grant_request(&admin.session).await?;
        let Some(request) = request.filter(|request| self.is_open(request)) else { return Ok(None) };
        let Asked { provider, organisations, .. } = Asked::of(&admin.db, &request)?;
        Ok((!organisations.is_empty()).then(|| OrganisationChoice { books: provider.name(), organisations }))
    }

    /// Connects the one that was chosen. Where that cannot be, another one may be chosen.
    ///
    /// # Errors
    /// [`Error::NotFound`] for one that the answer does not reach.
    pub async fn choose_organisation(&self, admin: &AdminPass, id: &str) -> Result<Connected, ConnectError> {
        let request = admin.db.grant_request(&admin.session).await?;
        let request = request.filter(|request| self.is_open(request)).ok_or(NoConnection::Late)?;
        let asker = Asker::of(admin, request.state_hash.clone());
        let asked = Asked::of(&asker.db, &request)?;
        let chosen = asked.organisations.iter().find(|known| known.id == id).cloned().ok_or(Error::NotFound)?;
        if self.lane_to_connect(&asker.db, asked.lane).await?.is_some() {
            return Err(NoConnection::Meanwhile.into());
        }
        self.connect(&asker, &asked, None, chosen).await
    }

    fn is_open(&self, request: &GrantRequest) -> bool {
        request.secret.is_some() && request.expires_at > self.now()
    }

    fn consent_callback(&self) -> String {
        format!("{}{CALLBACK}", self.0.settings.public_url)
    }

    /// The row of a lane that is connected again; none where the books are connected for the first time.
    async fn lane_to_connect(&self, db: &MerchantDb, lane: Lane) -> Result<Option<Connection>, Error> {
        match self.own_connection(db, lane).await {
            Ok(own) => Ok(Some(own)),
            Err(Error::NotSetUp) if lane == Lane::UserAction => Ok(None),
            Err(Error::NotSetUp | Error::SetUp(_)) => Err(Error::NotFound),
            Err(cause) => Err(cause),
        }
    }

    /// The app that was typed, else the lane's own, else the operator's for the connection that carries the rest. What the
    /// operator has of an app is newer than what a connection has kept of it.
    fn client_for(
        &self,
        db: &MerchantDb,
        own: Option<&Connection>,
        provider: Provider,
        order: &ConnectOrder,
    ) -> Result<Client, ConnectError> {
        match (order.client_id.trim(), order.client_secret.expose_secret().trim()) {
            ("", "") => {}
            ("", _) | (_, "") => return Err(NoConnection::NoApp.into()),
            (id, secret) => return Ok(Client { id: id.to_owned(), secret: secret.into() }),
        }
        let kept = own.map(|own| books_secret(db, own)).transpose()?.flatten().map(|secret| secret.client());
        let shared = self.0.settings.books_apps.of(provider).filter(|_| order.lane == Lane::UserAction);
        let shared = shared.filter(|app| kept.as_ref().is_none_or(|kept| kept.id == app.id)).cloned();
        Ok(shared.or(kept).ok_or(NoConnection::NoApp)?)
    }

    async fn trade(&self, asker: &Asker, mut asked: Asked, answer: ConsentAnswer) -> Result<Connected, ConnectError> {
        if answer.code.is_empty() {
            let is_denied = answer.error == DENIED;
            return Err(if is_denied { NoConnection::Denied } else { NoConnection::Refused }.into());
        }
        let (vendor, callback) = (self.0.settings.books_apps.vendor(asked.provider), self.consent_callback());
        let proof = Proof { code: &answer.code, callback: &callback, verifier: &asked.verifier };
        let traded = vendor.exchange(&self.0.http, &asked.client(), proof, self.now()).await;
        let tokens = traded.map_err(|cause| not_connected(&cause))?;
        failpoint::reach("after_books_exchange");
        // Before they are used: a crash from here on loses them no more.
        let access_token = tokens.access_token.clone();
        asked.tokens = Some(tokens);
        asked.keep(asker).await?;
        let reached = vendor.organisations(&self.0.http, &access_token, &answer.organisation).await;
        self.settle(asker, asked, reached.map_err(|cause| not_connected(&cause))?).await
    }

    /// A connection keeps its organisation: another one would mix two sets of books.
    async fn settle(
        &self,
        asker: &Asker,
        mut asked: Asked,
        mut reached: Vec<Organisation>,
    ) -> Result<Connected, ConnectError> {
        let own = self.lane_to_connect(&asker.db, asked.lane).await?;
        let known = match own {
            Some(own) => Some((own, self.books_settings(&asker.db).await?)),
            None => None,
        };
        let before = known.as_ref().and_then(|(_, settings)| settings.organisation_id());
        if reached.is_empty() {
            return Err(NoConnection::NothingAllowed.into());
        }
        if let Some(before) = before {
            reached.retain(|one| one.id.eq_ignore_ascii_case(before));
        } else if reached.len() > 1 {
            asked.organisations = reached;
            asked.keep(asker).await?;
            return Ok(Connected::ToChoose);
        }
        let chosen = reached.into_iter().next().ok_or(NoConnection::OtherOrganisation)?;
        self.connect(asker, &asked, known, chosen).await
    }

    /// What is written where, which is set up once for all lanes.
    async fn books_settings(&self, db: &MerchantDb) -> Result<BooksSettings, Error> {
        let books = db.connection_of_kind("books").await?.ok_or(Error::NotSetUp)?;
        Ok(serde_json::from_str(&books.settings)?)
    }

    async fn connect(
        &self,
        asker: &Asker,
        asked: &Asked,
        known: Option<(Connection, BooksSettings)>,
        Organisation { id: organisation, .. }: Organisation,
    ) -> Result<Connected, ConnectError> {
        let merchant = asker.db.merchant().await?;
        let currency: Currency =
            merchant.currency.parse().map_err(|_| store::Error::Unreadable("merchant.currency"))?;
        let (own, settings) = match known {
            Some((own, settings)) => (Some(own), settings),
            None => {
                let vendor = self.0.settings.books_apps.vendor(asked.provider);
                (None, BooksSettings::fresh(vendor, organisation.clone(), currency))
            }
        };
        let secret = granted(&asker.db, own.as_ref(), asked)?;
        let errand = Errand::person(asked.lane);
        let company = async { adapter(self, &settings, secret.clone(), &errand, true)?.company().await };
        let company = company.await.map_err(|cause| not_connected(&cause))?;
        if company.currency != currency.code() {
            return Err(NoConnection::OtherCurrency.into());
        }
        let (now, json) = (self.now(), secret.to_json());
        let tx = asker.db.begin().await?;
        let (connection, done) = match &own {
            Some(own) => {
                tx.connection_connect(own.id, &json).await?;
                (own.id, Connected::Again)
            }
            None => {
                let (provider, settings) =
                    (settings.provider(), serde_json::to_string(&settings).map_err(Error::from)?);
                let new = NewConnection { kind: "books", provider, settings, secret: Some(json) };
                match tx.connection_add(new).await {
                    Err(cause) if cause.is_duplicate("one_connection_per_lane") => {
                        return Err(NoConnection::Meanwhile.into());
                    }
                    added => (added?, Connected::New),
                }
            }
        };
        tx.connection_state(connection, ConnectionState::Working, None).await?;
        tx.connection_tested(connection, &company.name, now).await?;
        if done == Connected::New && merchant.multi_connection {
            add_lanes(&tx, &tx.connection(connection).await?).await?;
        }
        let made = Audited::ConnectionMade { connection, organisation };
        tx.audit_add(made.slip(None, Actor::Staff(asker.person), now)?).await?;
        asker.keep(&tx, None).await?;
        tx.commit().await?;
        self.forget_set_up(asker.db.merchant_id());
        Ok(done)
    }
}

/// The secret half of the connection, with what its news are signed with.
fn granted(db: &MerchantDb, own: Option<&Connection>, asked: &Asked) -> Result<BooksSecret, ConnectError> {
    let TokenSet { access_token, refresh_token, expires_at } = asked.tokens.clone().ok_or(NoConnection::Interrupted)?;
    let before = own.map(|own| books_secret(db, own)).transpose()?.flatten();
    Ok(BooksSecret {
        client_id: asked.client_id.clone(),
        client_secret: asked.client_secret.clone(),
        refresh_token,
        access_token,
        expires_at,
        webhook_secrets: before.map(|before| before.webhook_secrets).unwrap_or_default(),
    })
}

/// The answer came in vain: once more, too late, or after one that broke off.
fn taken_before(asker: &Asker, request: &GrantRequest) -> Result<Connected, ConnectError> {
    match (request.taken_at, &request.secret) {
        (None, _) => Err(NoConnection::Late.into()),
        (Some(_), None) => Err(NoConnection::Used.into()),
        (Some(_), Some(_)) => {
            let is_choice = !Asked::of(&asker.db, request)?.organisations.is_empty();
            if is_choice { Ok(Connected::ToChoose) } else { Err(NoConnection::Interrupted.into()) }
        }
    }
}

/// What the vendor said, in the words of staff.
fn not_connected(cause: &BooksError) -> NoConnection {
    tracing::warn!(%cause, "Books could not be connected.");
    match cause {
        BooksError::Disconnected(why) if why == "invalid_client" || why == "unauthorized_client" => {
            NoConnection::AppRefused
        }
        BooksError::Disconnected(_) | BooksError::TokenExpired => NoConnection::CodeRefused,
        _ => NoConnection::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn what_is_sealed_of_a_request_is_read_again_and_never_printed() {
        let client = Client { id: "client_1".into(), secret: "word_1".into() };
        assert!(!format!("{client:?}").contains("word_1"));
        let mut asked = Asked::new(Provider::ALL[0], Lane::Background, client).expect("randomness");
        asked.tokens = Some(TokenSet {
            access_token: "access_1".into(),
            refresh_token: "refresh_1".into(),
            expires_at: DateTime::UNIX_EPOCH,
        });
        asked.organisations = vec![Organisation { id: "1".into(), name: "One".into() }];
        let read: Asked = serde_json::from_str(asked.to_json().expose_secret()).expect("it is read");
        assert_eq!((read.provider, read.lane, read.verifier), (asked.provider, asked.lane, asked.verifier));
        let tokens = read.tokens.expect("they are kept");
        assert_eq!(tokens.refresh_token.expose_secret(), "refresh_1");
        assert!(!format!("{tokens:?}").contains("refresh_1"));
        assert_eq!(read.organisations, asked.organisations);
    }
}
