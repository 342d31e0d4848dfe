//! What a door hands out. A use case says by its parameter who may call it; only [`crate::doors`] can make one.

use domain::{
    ids::{CustomerId, PayerId},
    views::Whoami,
};
use store::{Checkout, Merchant, MerchantDb};

/// Holds a link to one invoice: may see and pay it.
pub struct GuestPass {
    pub(crate) db: MerchantDb,
    pub(crate) checkout: Checkout,
    pub(crate) merchant: Merchant,
}

/// Signed in for one customer.
pub struct PayerPass {
    pub(crate) db: MerchantDb,
    pub(crate) payer: PayerId,
    pub(crate) customer: CustomerId,
    pub(crate) who: Whoami,
}

/// Staff of one merchant.
pub struct AdminPass {
    pub(crate) db: MerchantDb,
    pub(crate) who: Whoami,
}

/// Runs the installation.
pub struct OperatorPass {
    pub(crate) who: Whoami,
}
