//! What a merchant takes besides all that is due, changed by the operator's hand.

use crate::{Engine, Error};
use domain::advance::OverPayment;
use store::Merchant;

/// What shall change; the rest stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct MerchantTakes {
    pub parts: Option<bool>,
    pub over_payment: Option<OverPayment>,
    pub prepayments: Option<bool>,
}

impl Engine {
    /// Changes the merchant with this key or name, and answers it as it is then.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn set_merchant(&self, named: &str, takes: MerchantTakes) -> Result<Merchant, Error> {
        for db in self.store().door_rounds().await? {
            let merchant = db.merchant().await?;
            if merchant.key != named && merchant.name != named {
                continue;
            }
            let merchant = Merchant {
                takes_parts: takes.parts.unwrap_or(merchant.takes_parts),
                over_payment: takes.over_payment.unwrap_or(merchant.over_payment),
                takes_prepayments: takes.prepayments.unwrap_or(merchant.takes_prepayments),
                ..merchant
            };
            db.merchant_takes(&merchant).await?;
            return Ok(merchant);
        }
        Err(Error::NotFound)
    }
}
