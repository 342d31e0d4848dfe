//! What a merchant has set about quotes. One without a row allows no address to send payers back to.

use crate::{
    Error, MerchantTx,
    scope::{Only, Scoped, owned},
};
use domain::ids::MerchantId;
use sea_orm::{ConnectionTrait, entity::prelude::*, sea_query::OnConflict};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quote_rules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// The credit of a quote is applied by itself to the invoice that names the quote; else staff are asked.
    pub applies_credits: bool,
    /// The hosts that payers may be sent back to, a space between them.
    pub return_hosts: String,
    /// Where the quoting program is told what became of its quotes; nowhere without one.
    pub webhook_url: Option<String>,
    /// Who pays a quote and is not in the books is made there by itself; else staff are asked.
    pub creates_customers: bool,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as QuoteRules;

impl QuoteRules {
    /// Whether payers may be sent back to it.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        self.return_hosts.split(' ').any(|allowed| !allowed.is_empty() && allowed.eq_ignore_ascii_case(host))
    }
}

impl MerchantTx {
    /// # Errors
    /// The database is away.
    pub async fn quote_rules_replace(&self, rules: QuoteRules) -> Result<(), Error> {
        let mut again = OnConflict::column(Column::MerchantId);
        again.update_columns([
            Column::AppliesCredits,
            Column::ReturnHosts,
            Column::WebhookUrl,
            Column::CreatesCustomers,
        ]);
        self.inserting::<Entity>([rules]).on_conflict(again).exec_without_returning(self.conn()).await?;
        Ok(())
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// The database is away.
    pub async fn quote_rules(&self) -> Result<QuoteRules, Error> {
        let none = QuoteRules {
            merchant_id: self.merchant_id(),
            applies_credits: false,
            return_hosts: String::new(),
            webhook_url: None,
            creates_customers: false,
        };
        Ok(self.find::<Entity>().only(self.conn()).await?.unwrap_or(none))
    }
}
