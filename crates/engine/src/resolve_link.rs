//! From the link in an invoice's e-mail to a checkout, or to why it opens none. Whoever guesses is counted, and learns of no
//! invoice whose it is.

use crate::{Engine, Error, Lane, books_page::Told, open_checkout::nothing_to_pay};
use connectors::books::BooksError;
use domain::{
    ids::{CheckoutId, InvoiceId},
    invoice::{BooksInvoice, CompanyNamed, InvoiceStatus},
    network::Network,
    views::{Closed, ClosedReason},
};
use store::{Customer, Invoice, MerchantDb, TokenHash};

const REPEATED_CHARS_MAX: usize = 40;

/// What a Pay Now link carries. The amount in it is not even read: the books' amount counts (S66).
#[derive(Clone, Debug, Default)]
pub struct PayNowLink {
    pub api_key: String,
    pub invoice_no: String,
    pub company_code: String,
}

impl PayNowLink {
    /// The e-mail was sent with its template's placeholders, or with nothing in their place.
    fn is_incomplete(&self) -> bool {
        let unfilled = |value: &String| value.contains('[');
        self.invoice_no.trim().is_empty()
            || [&self.api_key, &self.invoice_no, &self.company_code].into_iter().any(unfilled)
    }
}

impl Engine {
    /// Resolves a link to a fresh checkout, or says why there is nothing to pay. `known` are checkouts that the same
    /// browser opened: the one whose payment has the invoice now is opened again, so that its payer can go on there.
    ///
    /// # Errors
    /// [`Error::BooksUnreachable`] when an invoice that we do not have cannot be asked for, [`Error::HeldBack`] after too
    /// many guesses from this network or at this merchant.
    pub async fn open_pay_now(
        &self,
        link: &PayNowLink,
        known: &[CheckoutId],
        network: Network,
    ) -> Result<Result<CheckoutId, Closed>, Error> {
        // First, so that each page that ends here names whom to ask.
        let db = self.store().door_pay_link(&TokenHash::of(link.api_key.trim())).await?.map(|(db, _)| db);
        if link.is_incomplete() {
            return closed(db.as_ref(), None, ClosedReason::Unresolved).await.map(Err);
        }
        let Some(db) = db else { return closed(None, None, ClosedReason::UnknownLink).await.map(Err) };
        let (invoice, named) = match self.invoice_of_link(&db, link, network).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                let number = repeatable(&link.invoice_no);
                return closed(Some(&db), number, ClosedReason::UnknownInvoice).await.map(Err);
            }
            // Without books there is nothing to look the number up in.
            Err(Error::NotSetUp) => return closed(Some(&db), None, ClosedReason::NotSetUp).await.map(Err),
            Err(other) => return Err(other),
        };
        if let Some(reason) = nothing_to_pay(&invoice) {
            return closed(Some(&db), Some(invoice.number), reason).await.map(Err);
        }
        match self.left_half_way(&db, invoice.id, known).await? {
            Some(left) => Ok(Ok(left)),
            None => self.checkout(&db, &[invoice.id], None, named).await.map(Ok),
        }
    }

    /// Which of these checkouts the payment was begun at that has the invoice now.
    async fn left_half_way(
        &self,
        db: &MerchantDb,
        invoice: InvoiceId,
        known: &[CheckoutId],
    ) -> Result<Option<CheckoutId>, Error> {
        if known.is_empty() {
            return Ok(None);
        }
        let Some(live) = db.live_payment(invoice).await? else { return Ok(None) };
        let begun_at = db.payment(live).await?.checkout_id;
        let is_open = known.contains(&begun_at) && self.store().door_checkout(begun_at, self.now()).await?.is_some();
        Ok(is_open.then_some(begun_at))
    }

    /// The invoice of a link, and whether the link names its company. One that names another company is answered like one
    /// to an unknown invoice (D20).
    async fn invoice_of_link(
        &self,
        db: &MerchantDb,
        link: &PayNowLink,
        network: Network,
    ) -> Result<Option<(Invoice, bool)>, Error> {
        let found = self.invoice_by_number(db, link.invoice_no.trim(), network).await?;
        let Some((invoice, customer)) = found else { return Ok(None) };
        match CompanyNamed::by(&link.company_code, customer.code.as_deref(), &customer.name) {
            CompanyNamed::Right => {
                let right = self.company_may_be_named(db, invoice.id).await?;
                Ok(Some((invoice, right)))
            }
            CompanyNamed::Unsaid => {
                if !link.company_code.trim().is_empty() {
                    self.count_company(db, invoice.id).await?;
                }
                Ok(Some((invoice, false)))
            }
            CompanyNamed::Wrong => {
                self.count_company(db, invoice.id).await?;
                self.count_guess(network).await.map(|()| None)
            }
        }
    }

    /// An invoice by its number: ours, or one that the books have and we have not read yet. A number that they do not
    /// have is remembered for a while, so that nobody makes us ask for it again and again.
    async fn invoice_by_number(
        &self,
        db: &MerchantDb,
        number: &str,
        network: Network,
    ) -> Result<Option<(Invoice, Customer)>, Error> {
        let known = db.invoice_by_number(number).await?;
        // Of a void one the books may have another of the same number by now.
        if known.as_ref().is_some_and(|(invoice, _)| invoice.status != InvoiceStatus::Void)
            || self.is_known_unknown(db, number).await?
        {
            return Ok(known);
        }
        // On the heap: most links lead to what is known, and each would make and move room for this.
        Box::pin(self.invoice_from_books_by_number(db, number, network, known)).await
    }

    /// The same at the books, for whoever may ask; `known` is a void one of ours, which is answered where they have no other.
    async fn invoice_from_books_by_number(
        &self,
        db: &MerchantDb,
        number: &str,
        network: Network,
        known: Option<(Invoice, Customer)>,
    ) -> Result<Option<(Invoice, Customer)>, Error> {
        self.count_unknown(db, network).await?;
        let (books, asked_at) = (self.books(db, Lane::UserAction).await?, self.now());
        let found = books.invoice_by_number(number).await;
        match &found {
            Err(BooksError::NotFound) => return self.remember_unknown(db, number).await.map(|()| known),
            Ok(BooksInvoice { status: InvoiceStatus::Void, .. }) => self.remember_unknown(db, number).await?,
            _ => {}
        }
        self.forgive_unknown(db, network).await?;
        let found = found.map_err(Error::BooksUnreachable)?;
        let told = Told::of(db, &*books, Vec::new(), vec![found]).await?;
        let tx = db.begin().await?;
        told.write(&tx, asked_at).await?;
        self.cover_by_quotes(&tx).await?;
        tx.commit().await?;
        Ok(db.invoice_by_number(number).await?)
    }
}

/// A number as a page may repeat it that comes with a link: cut, and nothing that could be read as somebody's words.
fn repeatable(number: &str) -> Option<String> {
    let number: String = number.trim().chars().take(REPEATED_CHARS_MAX).collect();
    let is_plain = number.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '#'));
    is_plain.then_some(number)
}

/// Why a link opens no checkout, and whose it is when its key is one of ours.
pub(crate) async fn closed(
    db: Option<&MerchantDb>,
    invoice_number: Option<String>,
    reason: ClosedReason,
) -> Result<Closed, Error> {
    let merchant = match db {
        Some(db) => Some(db.merchant().await?.face()?),
        None => None,
    };
    Ok(Closed { merchant, invoice_number, of_several: false, reason })
}
