//! Configure > Accounting Connections: what the merchant's admin sees of the connections to the books and does about them
//! (S95, S106, N6), and the operator's part: switching them on, and giving a lane a client of its own (S94).

use crate::{
    AdminPass, BooksGrant, Engine, Error, Lane, OperatorPass,
    clock::{on_the_wall, zone},
    connections::books_secret,
    live_books::LiveBooks,
    send_mail::{BOOKS_BROKEN, rendered},
    set_merchant::MerchantChange,
    set_up::{Route, route},
    setter::Setter,
    turnstile::Errand,
    work::{APPLY_CREDIT, CREATE_CUSTOMER, READ_BOOKS_NEWS},
};
use chrono::TimeDelta;
use chrono_tz::Tz;
use connectors::books::{Books, BooksError, consent::Provider};
use domain::{
    governor::Month,
    ids::ConnectionId,
    views::{BooksOffer, ConnectionsPage, LaneFace, Used},
};
use minijinja::context;
use std::collections::HashSet;
use store::{Connection, ConnectionState, MerchantDb, MerchantTx, NewMail};

/// Work that was sent away for want of calls comes again within so long, and counts as waiting.
const QUEUED_WITHIN: TimeDelta = TimeDelta::minutes(10);

impl Engine {
    /// Each connection with what is left of its budget and what waits for it.
    ///
    /// # Errors
    /// The database is away, or a connection cannot be read.
    pub async fn accounting_connections(&self, admin: &AdminPass) -> Result<ConnectionsPage, Error> {
        let (zone, set_up) = (zone(&admin.who.time_zone), self.set_up(&admin.db).await?);
        let multi = set_up.merchant.multi_connection;
        let lanes = Lane::ALL.into_iter().take(if multi { Lane::ALL.len() } else { 1 });
        let mut budgets = HashSet::new();
        let mut page = ConnectionsPage {
            who: admin.who.clone(),
            books: None,
            multi,
            shares_a_budget: false,
            lacks_accounts: false,
            runs_short: None,
            offers: if set_up.connection("books").is_ok() { Vec::new() } else { self.books_offers() },
            lanes: Vec::new(),
        };
        for lane in lanes {
            let route = match set_up.route(lane) {
                Err(Error::NotSetUp) => break,
                route => route?,
            };
            let Some(books) = self.live_books(&admin.db, route.clone(), Errand::person(lane))? else { break };
            page.books = Some(books.name().to_owned());
            page.lacks_accounts = books.settings().lacks_accounts();
            page.shares_a_budget |= !budgets.insert(books.budget_key()?);
            let month = books.month().await?;
            page.runs_short = page.runs_short.or(month.filter(|month| month.is_short()).map(reads_of));
            page.lanes.push(self.lane_face(&admin.db, lane, &route, &books, month, zone).await?);
        }
        Ok(page)
    }

    /// What can be connected where nothing is yet.
    fn books_offers(&self) -> Vec<BooksOffer> {
        let apps = &self.0.settings.books_apps;
        let offer = |provider: Provider| BooksOffer {
            provider: provider.spelt().to_owned(),
            name: provider.name().to_owned(),
            has_app: apps.of(provider).is_some(),
        };
        Provider::ALL.into_iter().map(offer).collect()
    }

    /// Tries a lane's connection, and says whether it works; `anew`: with a fresh token, for one that does not. It goes on
    /// then.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's, and for what is no connection to books.
    pub async fn try_connection(&self, admin: &AdminPass, id: ConnectionId, anew: bool) -> Result<bool, Error> {
        let lane = lane_of(&admin.db.connection(id).await?)?;
        Ok(self.try_lane(&admin.db, lane, anew).await?.is_ok())
    }

    /// Stops a lane, or lets it go on.
    ///
    /// # Errors
    /// As above.
    pub async fn pause_connection(&self, admin: &AdminPass, id: ConnectionId, paused: bool) -> Result<(), Error> {
        let db = &admin.db;
        let own = db.connection(id).await?;
        lane_of(&own)?;
        let tx = db.begin().await?;
        tx.connection_pause(own.id, paused).await?;
        tx.commit().await?;
        self.forget_set_up(db.merchant_id());
        let done = if paused { "pause connection" } else { "resume connection" };
        self.store().audit(&admin.person.to_string(), done, &own.id.to_string(), self.now()).await?;
        Ok(())
    }

    /// Gives a merchant a connection for each lane, or one for all (S94).
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such merchant.
    pub async fn switch_connections(&self, _: &OperatorPass, merchant: &str, multi: bool) -> Result<(), Error> {
        let change = MerchantChange { multi_connection: Some(multi), ..MerchantChange::default() };
        let db = self.merchant_named(merchant).await?;
        self.change_merchant(&db, Setter::Operator, change).await.map(drop)
    }

    /// Gives a lane a client of its own, and answers the name of the organisation that it reaches.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such merchant, [`Error::NotSetUp`] when its books are not connected,
    /// [`Error::SetUp`] for what cannot be, and [`Error::BooksUnreachable`] when it is kept and does not work.
    pub async fn connect_lane(&self, named: &str, lane: Lane, grant: BooksGrant) -> Result<String, Error> {
        let db = self.merchant_named(named).await?;
        let own = self.own_connection(&db, lane).await?;
        self.refuse_known_client(&db, &own, &grant.client_id).await?;
        let tx = db.begin().await?;
        tx.connection_connect(own.id, &grant.to_json(books_secret(&db, &own)?)).await?;
        tx.connection_state(own.id, ConnectionState::Working, None).await?;
        tx.audit_operator("connect books", &format!("{} connection", lane.title()), self.now()).await?;
        tx.commit().await?;
        self.try_lane(&db, lane, false).await?.map_err(Error::BooksUnreachable)
    }

    /// Two lanes with one client would each believe that they have its budget to themselves.
    pub(crate) async fn refuse_known_client(
        &self,
        db: &MerchantDb,
        own: &Connection,
        client_id: &str,
    ) -> Result<(), Error> {
        let (merchant, connections) = tokio::try_join!(db.merchant(), db.connections())?;
        for lane in Lane::ALL {
            let Some(route) = route(&merchant, &connections, lane) else { continue };
            let is_own = route.credentials.id == own.id;
            let Some(books) = self.live_books(db, route, Errand::person(lane))? else { continue };
            if !is_own && books.client_id()? == client_id {
                let other = lane.title();
                return Err(Error::SetUp(format!("the {other} connection has this client already")));
            }
        }
        Ok(())
    }

    /// The row that a lane's calls go by.
    pub(crate) async fn own_connection(&self, db: &MerchantDb, lane: Lane) -> Result<Connection, Error> {
        let (merchant, connections) = tokio::try_join!(db.merchant(), db.connections())?;
        let own = route(&merchant, &connections, lane).ok_or(Error::NotSetUp)?.lane;
        if own.lane == lane.name() { Ok(own) } else { Err(Error::SetUp("multi-connection is off".into())) }
    }

    async fn try_lane(&self, db: &MerchantDb, lane: Lane, anew: bool) -> Result<Result<String, BooksError>, Error> {
        self.forget_set_up(db.merchant_id());
        let route = self.set_up(db).await?.route(lane)?;
        let id = route.lane.id;
        let books = self.live_books(db, route, Errand::person(lane))?.ok_or(Error::NotSetUp)?;
        let answer = books.tried(anew).await;
        let tx = db.begin().await?;
        match &answer {
            Ok(organisation) => tx.connection_tested(id, organisation, self.now()).await?,
            Err(cause) => {
                let state = tx.connection(id).await?.state;
                tx.connection_state(id, state, Some(&cause.to_string())).await?;
            }
        }
        tx.commit().await?;
        self.forget_set_up(db.merchant_id());
        Ok(answer)
    }

    async fn lane_face(
        &self,
        db: &MerchantDb,
        lane: Lane,
        route: &Route,
        books: &LiveBooks,
        month: Option<Month>,
        zone: Tz,
    ) -> Result<LaneFace, Error> {
        let Route { lane: own, credentials } = route;
        let limits = books.limits();
        let standing = self.budget_standing(&books.budget_key()?, &limits).await?;
        let (queued, oldest_at) = db.jobs_queued(queued_keys(lane), self.now() + QUEUED_WITHIN).await?;
        let wall = |at| on_the_wall(at, zone);
        Ok(LaneFace {
            id: own.id,
            lane,
            organisation: own.organisation.clone().or_else(|| credentials.organisation.clone()),
            is_valid: own.state == ConnectionState::Working,
            is_paused: own.paused,
            is_cut: route.is_cut(),
            has_own_client: own.secret.is_some(),
            tested_at: own.tested_at.map(wall),
            token_made_at: books.token_made_at()?.map(wall),
            minute: Used { used: standing.minute_used, of: Some(limits.minute) },
            day: Used { used: standing.day_used, of: limits.day },
            month: month.map(reads_of),
            stopped_until: standing.stopped_until.map(wall),
            queued,
            oldest_at: oldest_at.map(wall),
            last_error: own.last_error.clone(),
        })
    }

    /// The one mail about a connection that broke: until it has been given another token there is nothing new to tell.
    pub(crate) async fn add_broken_mail(
        &self,
        tx: &MerchantTx,
        own: &Connection,
        token: i32,
        why: &str,
    ) -> Result<(), Error> {
        let merchant = self.merchant_in(tx).await?;
        let lane = Lane::of_name(&own.lane).unwrap_or(Lane::UserAction);
        let text = rendered(
            BOOKS_BROKEN,
            context! {
                lane => lane.title(),
                why,
                carries_payments => lane == Lane::UserAction,
                link => format!("{}/admin/configure/accounting-connections", self.0.settings.public_url),
            },
        )?;
        let mail = NewMail {
            payment: None,
            unique_key: format!("books_broken:{}:{token}", own.id),
            recipient: merchant.support_email,
            subject: format!("The {} connection to the books of {} is broken", lane.title(), merchant.name),
            text,
            state: self.first_mail_state(),
        };
        self.add_mail(tx, mail).await
    }
}

const fn reads_of(month: Month) -> Used {
    Used { used: month.used, of: Some(month.of) }
}

/// Which lane a connection carries; gateways carry none.
pub(crate) fn lane_of(connection: &Connection) -> Result<Lane, Error> {
    Lane::of_name(&connection.lane).filter(|_| connection.kind == "books").ok_or(Error::NotFound)
}

/// Gives each other lane of these books a row of its own.
pub(crate) async fn add_lanes(tx: &MerchantTx, books: &Connection) -> Result<(), Error> {
    for lane in Lane::ALL.into_iter().filter(|lane| *lane != Lane::UserAction) {
        tx.lane_add(lane.name(), books).await?;
    }
    Ok(())
}

/// How the keys of the jobs begin that wait for a lane (`Work::key`).
const fn queued_keys(lane: Lane) -> &'static [&'static str] {
    match lane {
        Lane::UserAction => &[
            "post_payment:",
            "post_again:",
            "take_back_payment:",
            "write_return_invoice:",
            "post_refund:",
            "take_back_refund:",
            "download_books:",
            "draft_credit:",
            "drop_draft:",
            APPLY_CREDIT,
            CREATE_CUSTOMER,
        ],
        Lane::CompanySync => &["first_sync:"],
        Lane::Background => &["sync_books:", "sweep_books:", "watch_credit:", "reconcile:", READ_BOOKS_NEWS],
    }
}
