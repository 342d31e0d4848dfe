//! What a merchant takes besides all that is due, whether debits are tried again, whether its books have a connection for each
//! lane, and what stands above its own documents, changed by the operator's hand.

use crate::{Engine, Error, accounting_connections::add_lanes};
use store::Merchant;

/// What shall change; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct MerchantChange {
    pub takes_parts: Option<bool>,
    pub takes_more: Option<bool>,
    pub takes_prepayments: Option<bool>,
    pub retries_debits: Option<bool>,
    /// A connection to the books for each lane (S94).
    pub multi_connection: Option<bool>,
    /// Empty to take it away, like the next one.
    pub address: Option<String>,
    pub tax_number: Option<String>,
}

impl MerchantChange {
    /// As the operator's line has it; empty when nothing is to change.
    fn words(&self) -> String {
        let yes = |name: &'static str, to: Option<bool>| Some(format!("{name} {}", to?));
        let text = |name: &'static str, to: &Option<String>| Some(format!("{name} {}", to.as_ref()?));
        let set = [
            yes("takes_parts", self.takes_parts),
            yes("takes_more", self.takes_more),
            yes("takes_prepayments", self.takes_prepayments),
            yes("retries_debits", self.retries_debits),
            yes("multi_connection", self.multi_connection),
            text("address", &self.address),
            text("tax_number", &self.tax_number),
        ];
        set.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Engine {
    /// Changes the merchant with this key or name, and answers it as it is then.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn set_merchant(&self, named: &str, change: MerchantChange) -> Result<Merchant, Error> {
        let (db, words) = (self.merchant_named(named).await?, change.words());
        if words.is_empty() {
            return Ok(db.merchant().await?);
        }
        let (tx, now) = (db.begin().await?, self.now());
        let merchant = tx.merchant().await?;
        let merchant = Merchant {
            takes_parts: change.takes_parts.unwrap_or(merchant.takes_parts),
            takes_more: change.takes_more.unwrap_or(merchant.takes_more),
            takes_prepayments: change.takes_prepayments.unwrap_or(merchant.takes_prepayments),
            retries_debits: change.retries_debits.unwrap_or(merchant.retries_debits),
            multi_connection: change.multi_connection.unwrap_or(merchant.multi_connection),
            address: change.address.map_or(merchant.address, some),
            tax_number: change.tax_number.map_or(merchant.tax_number, some),
            ..merchant
        };
        tx.merchant_set(&merchant, now).await?;
        if let Some(books) = tx.connection_of_kind("books").await?.filter(|_| merchant.multi_connection) {
            add_lanes(&tx, &books).await?;
        }
        tx.audit_operator("set merchant", &words, now).await?;
        tx.commit().await?;
        self.forget_set_up(db.merchant_id());
        Ok(merchant)
    }
}

fn some(typed: String) -> Option<String> {
    let typed = typed.trim();
    (!typed.is_empty()).then(|| typed.to_owned())
}
