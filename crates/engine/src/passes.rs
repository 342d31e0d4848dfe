//! What a door hands out. A use case says by its parameter who may call it; only [`crate::doors`] can make one.

use crate::Error;
use domain::{
    ids::{CustomerId, InvoiceId, PayerId, PersonId},
    views::Whoami,
};
use store::{Checkout, Invoice, Merchant, MerchantDb};

/// Holds a link to one invoice: may see and pay it.
pub struct GuestPass {
    pub(crate) db: MerchantDb,
    pub(crate) checkout: Checkout,
    pub(crate) merchant: Merchant,
}

impl GuestPass {
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
    /// [`Error::NotFound`] also for one of somebody else.
    pub(crate) async fn invoice(&self, id: InvoiceId) -> Result<Invoice, Error> {
        let invoice = self.db.invoice(id).await?;
        if invoice.customer_id == self.customer { Ok(invoice) } else { Err(Error::NotFound) }
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
    pub(crate) who: Whoami,
}

impl AdminPass {
    /// Whose place it is, for header and menu.
    #[must_use]
    pub const fn who(&self) -> &Whoami {
        &self.who
    }
}

/// Runs the installation.
pub struct OperatorPass {
    pub(crate) who: Whoami,
}
