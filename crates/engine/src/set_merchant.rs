//! What a merchant takes besides all that is due, changed by the operator's hand.

use crate::{Engine, Error};
use store::Merchant;

/// What shall change; the rest stays.
#[derive(Clone, Copy, Debug)]
pub struct MerchantChange {
    pub takes_parts: Option<bool>,
    pub takes_more: Option<bool>,
    pub takes_prepayments: Option<bool>,
}

impl Engine {
    /// Changes the merchant with this key or name, and answers it as it is then.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn set_merchant(&self, named: &str, change: MerchantChange) -> Result<Merchant, Error> {
        for db in self.store().door_rounds().await? {
            let merchant = db.merchant().await?;
            if merchant.key != named && merchant.name != named {
                continue;
            }
            let merchant = Merchant {
                takes_parts: change.takes_parts.unwrap_or(merchant.takes_parts),
                takes_more: change.takes_more.unwrap_or(merchant.takes_more),
                takes_prepayments: change.takes_prepayments.unwrap_or(merchant.takes_prepayments),
                ..merchant
            };
            db.merchant_takes(&merchant).await?;
            return Ok(merchant);
        }
        Err(Error::NotFound)
    }
}
