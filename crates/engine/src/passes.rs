//! What a door hands out. A use case says by its parameter who may call it; only [`crate::doors`] can make one.

use crate::{Error, audit::Actor, quote_sessions::is_quote};
use chrono::{DateTime, Utc};
use domain::{
    ids::{CustomerId, IntegrationKeyId, InvoiceId, MerchantId, PayerId, PaymentId, PersonId},
    money::{Currency, Money},
    payment::Takes,
    views::Whoami,
};
use store::{Checkout, CheckoutInvoice, Customer, Invoice, Merchant, MerchantDb};

/// Holds a link to one invoice, or the checkout of several: may see and pay them.
pub struct GuestPass {
    pub(crate) db: MerchantDb,
    pub(crate) checkout: Checkout,
    pub(crate) merchant: Merchant,
    /// At least one, in the order of the page.
    pub(crate) chosen: Vec<Chosen>,
}

/// An invoice of a checkout.
pub(crate) struct Chosen {
    pub(crate) invoice: InvoiceId,
    /// What its payer wants to pay of it; absent: all that is due.
    amount: Option<Wanted>,
}

/// A part of what was due when it was typed, or more than that.
#[derive(Clone, Copy)]
struct Wanted {
    pay_minor: i64,
    due_minor: i64,
    at: DateTime<Utc>,
}

impl Wanted {
    fn of(row: &CheckoutInvoice) -> Option<Self> {
        let (pay_minor, due_minor) = row.pay_minor.zip(row.due_minor)?;
        Some(Self { pay_minor, due_minor, at: row.chosen_at })
    }

    /// A part stays a part, and more stays more, whatever is due by now.
    fn still(self, due: Money, takes: Takes) -> bool {
        if self.pay_minor > self.due_minor {
            takes.more && self.pay_minor > due.minor
        } else {
            takes.parts && self.pay_minor < due.minor
        }
    }
}

impl Chosen {
    /// `rows` as they were chosen; without any, the one of the link.
    pub(crate) fn of(checkout: &Checkout, rows: Vec<CheckoutInvoice>) -> Vec<Self> {
        if rows.is_empty() {
            return vec![Self { invoice: checkout.invoice_id, amount: None }];
        }
        rows.into_iter().map(|row| Self { invoice: row.invoice_id, amount: Wanted::of(&row) }).collect()
    }

    /// What is offered to be paid of it, as far as that is taken. What was paid since it was chosen is chosen no more.
    pub(crate) fn pay(&self, due: Money, takes: Takes, paid_at: Option<DateTime<Utc>>) -> Money {
        let chosen = self.amount.filter(|wanted| paid_at.is_none_or(|paid| wanted.at > paid));
        match chosen {
            Some(wanted) if wanted.still(due, takes) => Money::new(wanted.pay_minor, due.currency),
            _ => due,
        }
    }
}

impl GuestPass {
    pub(crate) fn invoices(&self) -> Vec<InvoiceId> {
        self.chosen.iter().map(|chosen| chosen.invoice).collect()
    }

    pub(crate) fn pays(&self, invoice: InvoiceId) -> bool {
        self.chosen.iter().any(|chosen| chosen.invoice == invoice)
    }

    /// Its invoices as they were last read, and whose they are.
    pub(crate) async fn invoices_read(&self) -> Result<(Vec<Invoice>, Customer), Error> {
        self.with_others(self.db.invoice_with_customer(self.checkout.invoice_id).await?).await
    }

    /// The same where the first of them was read already.
    pub(crate) async fn with_others(
        &self,
        (first, customer): (Invoice, Customer),
    ) -> Result<(Vec<Invoice>, Customer), Error> {
        let mut invoices = vec![first];
        for chosen in self.chosen.iter().skip(1) {
            let invoice = self.db.invoice(chosen.invoice).await?;
            // The books have given it to somebody else meanwhile.
            if invoice.customer_id != customer.id {
                return Err(Error::NotFound);
            }
            invoices.push(invoice);
        }
        Ok((invoices, customer))
    }

    /// The payment that keeps others off one of its invoices.
    pub(crate) async fn taken(&self) -> Result<Option<PaymentId>, Error> {
        Ok(self.taken_by().await?.map(|(payment, _)| payment))
    }

    /// The same with that invoice.
    pub(crate) async fn taken_by(&self) -> Result<Option<(PaymentId, InvoiceId)>, Error> {
        for chosen in &self.chosen {
            if let Some(by) = self.db.live_payment(chosen.invoice).await? {
                return Ok(Some((by, chosen.invoice)));
            }
        }
        Ok(None)
    }

    /// Who asks for the money.
    #[must_use]
    pub fn merchant_name(&self) -> &str {
        &self.merchant.name
    }
}

/// Signed in for one customer.
pub struct PayerPass {
    pub(crate) db: MerchantDb,
    pub(crate) payer: PayerId,
    pub(crate) customer: CustomerId,
    pub(crate) who: Whoami,
}

impl PayerPass {
    /// One of the payer's own invoices.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for one of somebody else, and for what is none.
    pub(crate) async fn invoice(&self, id: InvoiceId) -> Result<Invoice, Error> {
        let invoice = self.invoice_or_quote(id).await?;
        if invoice.advance.is_none() { Ok(invoice) } else { Err(Error::NotFound) }
    }

    /// The same with quotes.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for one of somebody else, and for another advance.
    pub(crate) async fn invoice_or_quote(&self, id: InvoiceId) -> Result<Invoice, Error> {
        let invoice = self.db.invoice(id).await?;
        let is_own = invoice.customer_id == self.customer && (invoice.advance.is_none() || is_quote(&invoice));
        is_own.then_some(invoice).ok_or(Error::NotFound)
    }

    /// Whether they are of this customer, at the merchant whose link the guest holds.
    pub(crate) fn is_of(&self, customer: CustomerId, guest: &GuestPass) -> bool {
        self.db.merchant_id() == guest.db.merchant_id() && self.customer == customer
    }

    /// Whose place it is, for header and menu.
    #[must_use]
    pub const fn who(&self) -> &Whoami {
        &self.who
    }
}

/// Staff of one merchant.
pub struct AdminPass {
    pub(crate) db: MerchantDb,
    pub(crate) person: PersonId,
    /// The hash of the session: what is asked for in one is answered in no other.
    pub(crate) session: String,
    pub(crate) who: Whoami,
}

impl AdminPass {
    /// Whose place it is, for header and menu.
    #[must_use]
    pub const fn who(&self) -> &Whoami {
        &self.who
    }
}

/// A program of the merchant's own, which keeps its books here by a key of the API.
pub struct ApiPass {
    pub(crate) db: MerchantDb,
    pub(crate) key: IntegrationKeyId,
    pub(crate) own_books: bool,
    pub(crate) currency: Currency,
}

impl ApiPass {
    /// Whose rate its calls count against: ids of keys are minted with forms, and another merchant may have the same one.
    #[must_use]
    pub const fn key(&self) -> (MerchantId, IntegrationKeyId) {
        (self.db.merchant_id(), self.key)
    }

    /// There is no accounting package, so that invoices are written here.
    #[must_use]
    pub const fn has_own_books(&self) -> bool {
        self.own_books
    }

    /// That of all invoices that are written here.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }
}

/// May keep books of our own: staff, or a program of the merchant's.
pub struct BooksPass {
    pub(crate) db: MerchantDb,
    pub(crate) actor: Actor,
}

impl From<&AdminPass> for BooksPass {
    fn from(admin: &AdminPass) -> Self {
        Self { db: admin.db.clone(), actor: Actor::Staff(admin.person) }
    }
}

impl From<&ApiPass> for BooksPass {
    fn from(api: &ApiPass) -> Self {
        Self { db: api.db.clone(), actor: Actor::Program(api.key) }
    }
}

/// The merchant's quoting program: has quotes paid, and reads what became of them.
pub struct QuotePass {
    pub(crate) db: MerchantDb,
    pub(crate) key: IntegrationKeyId,
}

impl QuotePass {
    /// Whose rate its calls count against, likewise.
    #[must_use]
    pub const fn key(&self) -> (MerchantId, IntegrationKeyId) {
        (self.db.merchant_id(), self.key)
    }
}

/// Runs the installation.
pub struct OperatorPass {
    pub(crate) who: Whoami,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn g27_g29_a_part_never_becomes_more_than_is_due_and_more_never_a_part() {
        let pays = |pay_minor, due_minor, now_minor| {
            let amount = Some(Wanted { pay_minor, due_minor, at: DateTime::UNIX_EPOCH });
            let chosen = Chosen { invoice: InvoiceId(Uuid::nil()), amount };
            let takes = Takes { parts: true, more: true };
            chosen.pay(Money::new(now_minor, Currency::USD), takes, None).minor
        };
        for (pay, due, now, comes_to) in [
            (1_000, 1_200, 1_200, 1_000),
            (1_000, 1_200, 1_100, 1_000),
            (1_000, 1_200, 500, 500),
            (1_300, 1_200, 1_200, 1_300),
            (1_300, 1_200, 500, 1_300),
            (1_300, 1_200, 1_400, 1_400),
        ] {
            assert_eq!(pays(pay, due, now), comes_to, "{pay} of {due}, {now} by now");
        }
    }
}
