//! A document of books of our own is drawn once: where the same stands on it, staff, payers and mails get the same bytes, and what
//! is printed otherwise is another document. Each is addressed by the digest of its bytes, never by its number, and stays
//! readable there (D21).

use crate::{Error, PdfFile};
use chrono::{DateTime, Utc};
use documents::Sheet;
use domain::ids::{CreditNoteId, InvoiceId};
use sha2::{Digest, Sha256};
use store::{Document, MerchantDb, MerchantTx};
use tokio::sync::Semaphore;

/// Each takes a core and megabytes: more at once would only slow one another down.
const DRAWN_AT_ONCE: usize = 4;
static TURNS: Semaphore = Semaphore::const_new(DRAWN_AT_ONCE);

/// What is to be printed.
pub(crate) struct Paper {
    pub invoice: InvoiceId,
    /// Absent where it is the invoice itself.
    pub note: Option<CreditNoteId>,
    pub number: String,
    pub sheet: Sheet,
}

impl From<Document> for PdfFile {
    fn from(document: Document) -> Self {
        let kind = if document.credit_note_id.is_some() { "credit-note" } else { "invoice" };
        let Document { number, bytes, sha256, .. } = document;
        Self { kind, number, bytes, sha256, is_kept: true }
    }
}

/// The document on which this stands: the one that is kept, or one that is drawn now and kept from here on. The snapshot that
/// it was read from is over before anything is drawn.
pub(crate) async fn kept(
    db: &MerchantDb,
    snapshot: MerchantTx,
    paper: Paper,
    now: DateTime<Utc>,
) -> Result<Document, Error> {
    let Paper { invoice, note, number, sheet } = paper;
    let printed = digest(&serde_json::to_vec(&sheet.words())?);
    let stands = snapshot.document_printed(invoice, &printed).await?;
    snapshot.commit().await?;
    if let Some(stands) = stands {
        return Ok(stands);
    }
    let bytes = drawn(move || sheet.pdf()).await?;
    let new = Document {
        merchant_id: db.merchant_id(),
        invoice_id: invoice,
        printed,
        credit_note_id: note,
        sha256: digest(&bytes),
        number,
        bytes,
        drawn_at: now,
    };
    let tx = db.begin().await?;
    let kept = tx.document_keep(new).await?;
    tx.commit().await?;
    Ok(kept)
}

/// SHA-256, as it stands in an address.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Drawn past the threads that answer others, and few at a time.
pub(crate) async fn drawn(
    draw: impl FnOnce() -> Result<Vec<u8>, documents::Error> + Send + 'static,
) -> Result<Vec<u8>, Error> {
    let turn = TURNS.acquire().await.map_err(|_| Error::Crashed)?;
    let drawing = tokio::task::spawn_blocking(move || {
        // As long as it is drawn, whether anybody still waits for it or not.
        let _turn = turn;
        draw()
    });
    Ok(drawing.await.map_err(|_| Error::Crashed)??)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::Duration,
    };

    static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);

    #[tokio::test]
    async fn few_documents_are_drawn_at_once_however_many_are_asked_for() {
        let slow = || {
            MOST.fetch_max(UNDER_WAY.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(20));
            UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
            Ok(Vec::new())
        };
        let all: Vec<_> = (0..3 * DRAWN_AT_ONCE).map(|_| tokio::spawn(drawn(slow))).collect();
        for one in all {
            one.await.expect("no panic").expect("a document");
        }
        let most = MOST.load(Ordering::SeqCst);
        assert!(most <= DRAWN_AT_ONCE, "{most} at once");
    }
}
