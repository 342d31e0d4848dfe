//! `/admin/configure/accounting-connections` and what its buttons lead to: to the books' vendor and back, the choice of an
//! organisation, and the accounts. Outside the App like the forms of books of our own.

use crate::{
    layers::plain_page,
    router::Web,
    staff::{Answer, Done, Refusal, admitted, admitted_from, go_to, page, refused},
};
use app::{render_accounts, render_connections, render_on_the_way, render_organisations};
use axum::{
    Form, Router,
    extract::{FromRequestParts, Query, State},
    http::{HeaderValue, header::REFRESH, request::Parts},
    routing::{get, post},
};
use domain::{access::Act, ids::ConnectionId, views::Whoami};
use engine::{
    AccountsForm, AccountsTyped, AdminPass, ConnectError, ConnectOrder, Connected, ConsentAnswer, Engine, Error, Lane,
    LetGo, NoConnection, SettingsError,
};
use serde::Deserialize;

const PATH: &str = "/admin/configure/accounting-connections";

pub fn router() -> Router<Web> {
    let at = |part: &str| format!("{PATH}{part}");
    Router::new()
        .route(PATH, get(of_merchant))
        .route(&at("/connect"), post(connect))
        .route(&at("/callback"), get(callback))
        .route(&at("/organisation"), get(organisations).post(choose_organisation))
        .route(&at("/set-up"), get(accounts).post(choose_accounts))
        .route(&at("/disconnect"), post(disconnect))
}

async fn of_merchant(State(web): State<Web>, Query(asked): Query<Done>, parts: Parts) -> Answer {
    let admin = admitted(&parts, &web, Act::SeeConnections, PATH).await?;
    let found = web.or_refused(web.engine.accounting_connections(&admin).await)?;
    page(render_connections(&web.assets, found, asked.done))
}

/// Staff who may change the connections, and what answers them. Looked for before any body is read.
struct Manager {
    web: Web,
    admin: AdminPass,
}

impl FromRequestParts<Web> for Manager {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        // What a vendor has put into an address of ours is for this session, and goes into no other address.
        let admin = admitted_from(parts, web, Act::ManageConnections, PATH).await?;
        Ok(Self { web: web.clone(), admin })
    }
}

impl Manager {
    fn engine(&self) -> &Engine {
        &self.web.engine
    }

    fn who(&self) -> Whoami {
        self.admin.who().clone()
    }

    /// To where one goes on, or to the page that says why not.
    fn came_to(&self, answer: Result<Connected, ConnectError>) -> Answer {
        match answer {
            Ok(Connected::New) => go_to(&format!("{PATH}/set-up?done=connected")),
            Ok(Connected::Again) => go_to(&format!("{PATH}?done=again")),
            Ok(Connected::ToChoose) => go_to(&format!("{PATH}/organisation")),
            Err(cause) => self.not_done(cause),
        }
    }

    fn not_done(&self, cause: ConnectError) -> Answer {
        match cause {
            ConnectError::Not(why) => go_to(&format!("{PATH}?done={}", why.spelt())),
            ConnectError::Engine(cause) => Err(refused(&self.web, cause)),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Ordered {
    lane: String,
    provider: String,
    client_id: String,
    client_secret: String,
}

async fn connect(manager: Manager, Form(ordered): Form<Ordered>) -> Answer {
    let Ordered { lane, provider, client_id, client_secret } = ordered;
    let lane = manager.web.or_refused(Lane::of_name(&lane).ok_or(Error::NotFound))?;
    let order = ConnectOrder { lane, provider, client_id, client_secret: client_secret.into() };
    let asked = match manager.engine().ask_for_books(&manager.admin, order).await {
        Ok(asked) => asked,
        Err(cause) => return manager.not_done(cause),
    };
    let onward = HeaderValue::from_str(&format!("0; url={}", asked.url));
    let mut answer = plain_page(render_on_the_way(&manager.web.assets, manager.who(), asked));
    if let Ok(onward) = onward {
        answer.headers_mut().insert(REFRESH, onward);
    }
    Ok(answer)
}

/// What a vendor brings back.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Brought {
    state: String,
    code: String,
    error: String,
    /// Intuit's id of the company, which it says nowhere else.
    #[serde(rename = "realmId")]
    realm_id: String,
}

async fn callback(manager: Manager, Query(brought): Query<Brought>) -> Answer {
    let Brought { state, code, error, realm_id } = brought;
    let answer = ConsentAnswer { state, code, error, organisation: realm_id };
    manager.came_to(manager.engine().take_consent(&manager.admin, answer).await)
}

async fn organisations(manager: Manager, Query(asked): Query<Done>) -> Answer {
    let why = NoConnection::of(&asked.done);
    match manager.web.or_refused(manager.engine().organisation_choice(&manager.admin).await)? {
        Some(choice) => page(render_organisations(&manager.web.assets, manager.who(), choice, why)),
        None => manager.not_done(why.unwrap_or(NoConnection::Late).into()),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Chosen {
    organisation: String,
}

async fn choose_organisation(manager: Manager, Form(chosen): Form<Chosen>) -> Answer {
    match manager.engine().choose_organisation(&manager.admin, &chosen.organisation).await {
        // Another one may be chosen there.
        Err(ConnectError::Not(why)) => go_to(&format!("{PATH}/organisation?done={}", why.spelt())),
        answer => manager.came_to(answer),
    }
}

async fn accounts(manager: Manager, Query(asked): Query<Done>) -> Answer {
    let form = manager.web.or_refused(manager.engine().accounts_form(&manager.admin).await)?;
    page(render_accounts(&manager.web.assets, manager.who(), form, Vec::new(), &asked.done))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Typed {
    clearing: String,
    prepayment: String,
    zero_tax: String,
    surcharge: String,
    tax: String,
    writes_notes: String,
}

async fn choose_accounts(manager: Manager, Form(typed): Form<Typed>) -> Answer {
    let Typed { clearing, prepayment, zero_tax, surcharge, tax, writes_notes } = typed;
    let writes_notes = writes_notes == "yes";
    let typed = AccountsTyped { clearing, prepayment, zero_tax, surcharge, tax, writes_notes };
    match manager.engine().choose_accounts(&manager.admin, &typed).await {
        Ok(()) => go_to(&format!("{PATH}?done=accounts")),
        Err(SettingsError::Wrong(wrong)) => {
            let form = manager.web.or_refused(manager.engine().accounts_form(&manager.admin).await)?;
            let form = AccountsForm { typed, ..form };
            page(render_accounts(&manager.web.assets, manager.who(), form, wrong, ""))
        }
        Err(SettingsError::Engine(cause)) => Err(refused(&manager.web, cause)),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Left {
    connection: String,
}

async fn disconnect(manager: Manager, Form(left): Form<Left>) -> Answer {
    let id: ConnectionId = manager.web.read_id(&left.connection)?;
    match manager.engine().disconnect_books(&manager.admin, id).await {
        Ok(LetGo::There) => go_to(&format!("{PATH}?done=left")),
        Ok(LetGo::HereAlone) => go_to(&format!("{PATH}?done=left-here")),
        Err(cause) => manager.not_done(cause),
    }
}
