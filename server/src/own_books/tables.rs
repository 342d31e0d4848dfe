//! Tables of customers and invoices: shown first, taken in afterwards.

use super::{Asked, Keeper, go_to, page};
use crate::{
    layers::plain_page,
    staff::{Answer, Refusal, refused},
};
use app::{ImportPage, render_import, render_refusal};
use axum::extract::{Multipart, Query, multipart::MultipartError};
use domain::import::{Kind, RowError};
use engine::ImportError;

pub async fn choose(keeper: Keeper, Query(asked): Query<Asked>) -> Answer {
    shown(&keeper, ImportPage::Choose(Kind::named(&asked.table).unwrap_or(Kind::Invoices)))
}

fn shown(keeper: &Keeper, import: ImportPage) -> Answer {
    page(render_import(&keeper.web.assets, keeper.who(), import))
}

pub async fn preview(keeper: Keeper, sent: Multipart) -> Answer {
    let Sent { kind, text, as_drafts } = read(&keeper, sent).await?;
    match keeper.engine().preview_import(&keeper.admin, kind, &text, as_drafts).await {
        Ok(lines) => shown(&keeper, ImportPage::Preview { kind, text, as_drafts, lines }),
        Err(cause) => not_taken(&keeper, kind, cause),
    }
}

pub async fn import(keeper: Keeper, sent: Multipart) -> Answer {
    let Sent { kind, text, as_drafts } = read(&keeper, sent).await?;
    match keeper.engine().import_table(&keeper.admin, kind, &text, as_drafts).await {
        Ok(_) => go_to(&format!("/admin/{}?done=imported", kind.name())),
        Err(cause) => not_taken(&keeper, kind, cause),
    }
}

fn not_taken(keeper: &Keeper, kind: Kind, cause: ImportError) -> Answer {
    match cause {
        ImportError::Wrong(wrong) => shown(keeper, ImportPage::Wrong(kind, wrong)),
        ImportError::Engine(cause) => Err(refused(&keeper.web, cause)),
    }
}

/// What a form has sent.
struct Sent {
    kind: Kind,
    /// The table.
    text: String,
    /// Its invoices are not issued yet.
    as_drafts: bool,
}

/// What a form has sent, or the page that says why that cannot be a table.
async fn read(keeper: &Keeper, sent: Multipart) -> Result<Sent, Refusal> {
    let refusal = |cause: MultipartError| plain_page(render_refusal(&keeper.web.assets, cause.status().as_u16()));
    let (kind, bytes, as_drafts) = parts_of(sent).await.map_err(refusal)?;
    let words = match String::from_utf8(bytes) {
        Ok(text) if !text.is_empty() => return Ok(Sent { kind, text, as_drafts }),
        Ok(_) => "Choose a file in which something stands.",
        Err(_) => "The file is not in UTF-8. Save it as “CSV UTF-8”.",
    };
    Err(shown(keeper, ImportPage::Wrong(kind, vec![RowError::at(1, words)]))?.into())
}

async fn parts_of(mut sent: Multipart) -> Result<(Kind, Vec<u8>, bool), MultipartError> {
    let (mut kind, mut bytes, mut as_drafts) = (Kind::Invoices, Vec::new(), false);
    while let Some(field) = sent.next_field().await? {
        let name = field.name().map(str::to_owned);
        match name.as_deref() {
            Some("table") => kind = Kind::named(&field.text().await?).unwrap_or(kind),
            Some("csv") => bytes = field.bytes().await?.to_vec(),
            Some("drafts") => as_drafts = field.text().await? == "yes",
            _ => {}
        }
    }
    Ok((kind, bytes, as_drafts))
}
