//! The yardstick: what one would write by hand with axum and sqlx for the same rows, without tenants, doors, books or
//! components. Plain HTML of about the same length, and three durable commits for a payment.

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::CheckoutId;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::{
    PgPool, Row, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fmt::Write, net::SocketAddr, time::Duration};
use uuid::Uuid;

/// As many connections as the portal itself opens (`crates/store/src/connect.rs`); what is not named here is as sqlx has it.
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const CHECKOUT_SQL: &str = "SELECT merchant_id, invoice_id FROM checkout WHERE id = $1 AND expires_at > $2";
const MERCHANT_SQL: &str = "SELECT name, support_email FROM merchant WHERE id = $1";
const INVOICE_SQL: &str = "SELECT number, currency, total_minor, due_minor, date, due_date, customer_id FROM invoice \
     WHERE merchant_id = $1 AND id = $2";
const CUSTOMER_SQL: &str = "SELECT name FROM customer WHERE merchant_id = $1 AND id = $2";
const CLAIMS_SQL: &str = "SELECT count(*) FROM claim WHERE merchant_id = $1 AND invoice_id = $2 AND live";
const JOINED_SQL: &str = "SELECT m.name, m.support_email, i.number, i.currency, i.total_minor, i.due_minor, i.date, \
     i.due_date, u.name, (SELECT count(*) FROM claim l WHERE l.merchant_id = c.merchant_id \
     AND l.invoice_id = c.invoice_id AND l.live) FROM checkout c JOIN merchant m ON m.id = c.merchant_id \
     JOIN invoice i ON i.merchant_id = c.merchant_id AND i.id = c.invoice_id \
     JOIN customer u ON u.merchant_id = i.merchant_id AND u.id = i.customer_id WHERE c.id = $1 AND c.expires_at > $2";
const PLACE_SQL: &str = "SELECT p.merchant_id, p.customer_id, u.name FROM session s \
     JOIN payer p ON p.merchant_id = s.merchant_id AND p.id = s.payer_id AND p.person_id = s.person_id \
     JOIN customer u ON u.merchant_id = p.merchant_id AND u.id = p.customer_id \
     WHERE s.token_hash = $1 AND s.expires_at > $2";
const LIST_SQL: &str = "SELECT id, number, currency, due_minor, due_date FROM invoice WHERE merchant_id = $1 \
     AND customer_id = $2 AND status = 'open' AND due_minor > 0 ORDER BY due_date, number LIMIT 500";
const TABLES_SQL: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS bare_payment (id TEXT PRIMARY KEY, invoice_id TEXT, amount_minor BIGINT, state TEXT)",
    "CREATE TABLE IF NOT EXISTS bare_job (id TEXT PRIMARY KEY, payment_id TEXT, state TEXT)",
    "CREATE TABLE IF NOT EXISTS bare_posting (id TEXT PRIMARY KEY, payment_id TEXT, amount_minor BIGINT)",
    "CREATE TABLE IF NOT EXISTS bare_row (id TEXT PRIMARY KEY, body TEXT)",
];
/// So many rows by one statement, which is its own transaction: a database can hardly be asked for less per commit.
const ROWS_SQL: &str = "WITH RECURSIVE line (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM line WHERE n < $2) \
     INSERT INTO bare_row (id, body) SELECT $1 || '-' || n, $1 FROM line";
const DUE_SQL: &str = "SELECT i.number, i.due_minor FROM checkout c JOIN invoice i \
     ON i.merchant_id = c.merchant_id AND i.id = c.invoice_id WHERE c.id = $1";

/// Words, styles and scripts that the portal's page carries besides its figures.
const REST_OF_PAGE: &str =
    "<p>Wise-Pay takes your payment for the company above. Card numbers go to the gateway alone.</p>\n";
const PAY_PAGE_REST: usize = 40;
const LIST_ROW_REST: &str = "<span class=\"badge\">Due in 14 days</span>";

#[derive(Deserialize)]
struct Asked {
    checkout: String,
}

#[derive(Deserialize)]
struct Committed {
    rows: i32,
    commits: i32,
}

struct Pay {
    words: [String; 4],
    customer: String,
    minor: [i64; 2],
    dates: [NaiveDate; 2],
    taken: bool,
}

struct Due {
    id: Uuid,
    words: [String; 2],
    minor: i64,
    date: NaiveDate,
}

/// The handlers for one kind of database: sqlx has a type of its own for each.
macro_rules! handlers {
    ($module:ident, $reads:ty, $begin:literal) => {
        mod $module {
            use super::*;

            #[derive(Clone)]
            pub struct Pools {
                pub read: $reads,
                pub write: $reads,
            }

            /// One statement per table, as one writes it first.
            pub async fn pay(State(pools): State<Pools>, Query(asked): Query<Asked>) -> Result<Response, Broken> {
                let (checkout, now): (CheckoutId, DateTime<Utc>) = (asked.checkout.parse()?, Utc::now());
                let found = sqlx::query(CHECKOUT_SQL).bind(checkout.0).bind(now).fetch_optional(&pools.read).await?;
                let Some(row) = found else { return Ok(StatusCode::NOT_FOUND.into_response()) };
                let (merchant, invoice): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
                let of = sqlx::query(MERCHANT_SQL).bind(merchant).fetch_one(&pools.read).await?;
                let row = sqlx::query(INVOICE_SQL).bind(merchant).bind(invoice).fetch_one(&pools.read).await?;
                let customer: Uuid = row.try_get(6)?;
                let name = sqlx::query(CUSTOMER_SQL).bind(merchant).bind(customer).fetch_one(&pools.read).await?;
                let live = sqlx::query(CLAIMS_SQL).bind(merchant).bind(invoice).fetch_one(&pools.read).await?;
                let pay = Pay {
                    words: [of.try_get(0)?, of.try_get(1)?, row.try_get(0)?, row.try_get(1)?],
                    minor: [row.try_get(2)?, row.try_get(3)?],
                    dates: [row.try_get(4)?, row.try_get(5)?],
                    customer: name.try_get(0)?,
                    taken: live.try_get::<i64, _>(0)? > 0,
                };
                Ok(Html(pay_page(checkout, &pay)).into_response())
            }

            /// The same rows by one statement: the least that a database can be asked.
            pub async fn joined(State(pools): State<Pools>, Query(asked): Query<Asked>) -> Result<Response, Broken> {
                let (checkout, now): (CheckoutId, DateTime<Utc>) = (asked.checkout.parse()?, Utc::now());
                let found = sqlx::query(JOINED_SQL).bind(checkout.0).bind(now).fetch_optional(&pools.read).await?;
                let Some(row) = found else { return Ok(StatusCode::NOT_FOUND.into_response()) };
                let pay = Pay {
                    words: [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?],
                    minor: [row.try_get(4)?, row.try_get(5)?],
                    dates: [row.try_get(6)?, row.try_get(7)?],
                    customer: row.try_get(8)?,
                    taken: row.try_get::<i64, _>(9)? > 0,
                };
                Ok(Html(pay_page(checkout, &pay)).into_response())
            }

            pub async fn list(State(pools): State<Pools>, headers: HeaderMap) -> Result<Response, Broken> {
                let token = headers.get("cookie").and_then(|value| value.to_str().ok()?.split('=').nth(1));
                let hash = hex::encode(Sha256::digest(token.unwrap_or_default()));
                let now: DateTime<Utc> = Utc::now();
                let found = sqlx::query(PLACE_SQL).bind(hash).bind(now).fetch_optional(&pools.read).await?;
                let Some(place) = found else { return Ok(StatusCode::UNAUTHORIZED.into_response()) };
                let (merchant, customer): (Uuid, Uuid) = (place.try_get(0)?, place.try_get(1)?);
                let rows = sqlx::query(LIST_SQL).bind(merchant).bind(customer).fetch_all(&pools.read).await?;
                let due = rows.iter().map(|row| {
                    Ok(Due {
                        id: row.try_get(0)?,
                        words: [row.try_get(1)?, row.try_get(2)?],
                        minor: row.try_get(3)?,
                        date: row.try_get(4)?,
                    })
                });
                let due = due.collect::<Result<Vec<_>, sqlx::Error>>()?;
                Ok(Html(list_page(place.try_get(2)?, &due)).into_response())
            }

            pub async fn take(State(pools): State<Pools>, Query(asked): Query<Asked>) -> Result<Response, Broken> {
                let checkout: CheckoutId = asked.checkout.parse()?;
                let [payment, job, posting] = [(); 3].map(|()| Uuid::now_v7().to_string());
                let row = sqlx::query(DUE_SQL).bind(checkout.0).fetch_one(&pools.read).await?;
                let (invoice, minor): (String, i64) = (row.try_get(0)?, row.try_get(1)?);

                let mut tx = pools.write.begin_with($begin).await?;
                let insert = sqlx::query("INSERT INTO bare_payment VALUES ($1, $2, $3, 'intended')");
                insert.bind(&payment).bind(&invoice).bind(minor).execute(&mut *tx).await?;
                tx.commit().await?;

                let mut tx = pools.write.begin_with($begin).await?;
                let update = sqlx::query("UPDATE bare_payment SET state = 'paid' WHERE id = $1");
                update.bind(&payment).execute(&mut *tx).await?;
                let insert = sqlx::query("INSERT INTO bare_job VALUES ($1, $2, 'ready')");
                insert.bind(&job).bind(&payment).execute(&mut *tx).await?;
                tx.commit().await?;

                let mut tx = pools.write.begin_with($begin).await?;
                let update = sqlx::query("UPDATE bare_job SET state = 'done' WHERE id = $1");
                update.bind(&job).execute(&mut *tx).await?;
                let insert = sqlx::query("INSERT INTO bare_posting VALUES ($1, $2, $3)");
                insert.bind(&posting).bind(&payment).bind(minor).execute(&mut *tx).await?;
                tx.commit().await?;
                Ok(Html(format!("<!DOCTYPE html><h1>Paid</h1><p>{payment}</p>")).into_response())
            }

            /// So many rows in so many commits, and nothing else: the limit of the database itself.
            pub async fn raw(State(pools): State<Pools>, Query(asked): Query<Committed>) -> Result<Response, Broken> {
                let Committed { rows, commits } = asked;
                for commit in 0..commits {
                    let share = rows * (commit + 1) / commits - rows * commit / commits;
                    let insert = sqlx::query(ROWS_SQL).bind(Uuid::now_v7().to_string()).bind(share);
                    insert.execute(&pools.write).await?;
                }
                Ok(StatusCode::NO_CONTENT.into_response())
            }

            pub async fn router(pools: Pools) -> anyhow::Result<Router> {
                for sql in TABLES_SQL {
                    sqlx::query(sql).execute(&pools.write).await?;
                }
                let pages =
                    Router::new().route("/pay", get(pay)).route("/joined", get(joined)).route("/list", get(list));
                Ok(pages.route("/take", get(take)).route("/raw", get(raw)).with_state(pools))
            }
        }
    };
}

handlers!(on_sqlite, SqlitePool, "BEGIN IMMEDIATE");
handlers!(on_postgres, PgPool, "BEGIN");

pub async fn serve(listen: SocketAddr, database: &str) -> anyhow::Result<()> {
    let router = match database.starts_with("sqlite:") {
        true => on_sqlite::router(sqlite(database).await?).await?,
        false => {
            let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).connect(database).await?;
            on_postgres::router(on_postgres::Pools { read: pool.clone(), write: pool }).await?
        }
    };
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, router).await?)
}

/// One writer, a pool of readers, every commit on the disk: as the portal has it.
async fn sqlite(database: &str) -> anyhow::Result<on_sqlite::Pools> {
    let options = database.parse::<SqliteConnectOptions>()?.journal_mode(SqliteJournalMode::Wal);
    let options = options.synchronous(SqliteSynchronous::Full).busy_timeout(BUSY_TIMEOUT);
    let pool = |connections| SqlitePoolOptions::new().max_connections(connections).connect_with(options.clone());
    Ok(on_sqlite::Pools { write: pool(1).await?, read: pool(SQLITE_READERS).await? })
}

fn pay_page(checkout: CheckoutId, pay: &Pay) -> String {
    let Pay {
        words: [merchant, support, number, currency],
        customer,
        minor: [total, due],
        dates: [date, due_date],
        taken,
    } = pay;
    let mut page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"/><title>Invoice {number}</title></head><body>\
         <h1>{currency} {due}</h1><p>Invoice {number} for {customer}, by {merchant} ({support})</p>\
         <dl><dt>Date</dt><dd>{date}</dd><dt>Due</dt><dd>{due_date}</dd><dt>Total</dt><dd>{total}</dd></dl>\
         <form method=\"post\" action=\"/take\"><input type=\"hidden\" name=\"checkout\" value=\"{checkout}\"/>\
         <input type=\"hidden\" name=\"payment\" value=\"{}\"/><input name=\"email\"/><button{}>Pay</button></form>",
        Uuid::now_v7(),
        if *taken { " disabled" } else { "" },
    );
    for _ in 0..PAY_PAGE_REST {
        page.push_str(REST_OF_PAGE);
    }
    page + "</body></html>"
}

fn list_page(customer: String, due: &[Due]) -> String {
    let mut page =
        format!("<!DOCTYPE html><html lang=\"en\"><head><title>{customer}</title></head><body><table><tbody>");
    for Due { id, words: [number, currency], minor, date } in due {
        // Into a String nothing can fail.
        let _ = write!(
            page,
            "<tr><th scope=\"row\" class=\"key num\">{number}</th><td class=\"num date\">{date}</td>\
             <td class=\"state\">{LIST_ROW_REST}</td><td class=\"amount\">{currency} {minor}</td><td class=\"act\">\
             <form method=\"post\" action=\"/api/invoices/pay\"><input type=\"hidden\" name=\"invoice\" value=\"{id}\"/>\
             <button class=\"btn\" type=\"submit\">Pay Invoice<span class=\"vh\"> {number}</span></button></form></td></tr>"
        );
    }
    page + "</tbody></table></body></html>"
}

/// Any failure is an answer of 500, which ends the run.
struct Broken(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Broken {
    fn from(cause: E) -> Self {
        Self(cause.into())
    }
}

impl IntoResponse for Broken {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{:#}", self.0)).into_response()
    }
}
