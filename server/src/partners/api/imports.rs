//! `/api/v1/imports`: tables of customers and invoices, which are shown first where that is asked, and taken in whole or not at all.

use super::call::{Answer, Order, Program, Refused, told};
use domain::import::Kind;
use engine::{ApiImported, ImportLine, Listed};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    table: String,
    csv: String,
    /// Its invoices are not issued yet.
    #[serde(default)]
    drafts: bool,
}

impl Sent {
    fn kind(&self) -> Result<Kind, Refused> {
        Kind::named(&self.table).ok_or_else(|| Refused::wrong("invalid_field", "table", "Send customers or invoices."))
    }
}

fn face(lines: Vec<ImportLine>) -> Listed<ApiImported> {
    Listed::whole(lines.into_iter().map(ApiImported::from).collect())
}

pub async fn preview(program: Program, order: Order) -> Answer {
    program.may_write()?;
    let sent: Sent = order.read()?;
    told(face(program.engine().preview_import(&program.pass, sent.kind()?, &sent.csv, sent.drafts).await?))
}

/// Whoever asks again after an answer that was lost reads that nothing is left to do: the same table adds nothing.
pub async fn import(program: Program, order: Order) -> Answer {
    program.may_write()?;
    let sent: Sent = order.read()?;
    let kind = sent.kind()?;
    order
        .once(&program, async |_| {
            let taken = program.engine().import_table(&program.pass, kind, &sent.csv, sent.drafts).await?;
            Ok(face(taken))
        })
        .await
}
