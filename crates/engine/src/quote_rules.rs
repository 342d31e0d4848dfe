//! What a merchant has set about quotes, changed by the operator's hand.

use crate::{Engine, Error};
use store::QuoteRules;

/// What shall change; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct QuoteRulesChange {
    /// The credit of a paid quote is applied by itself to the invoice that names the quote.
    pub applies_credits: Option<bool>,
    /// The hosts that payers may be sent back to.
    pub return_hosts: Option<Vec<String>>,
}

impl Engine {
    /// Changes the rules of the merchant with this key or name, and answers whether credits are applied by themselves, and the
    /// hosts, as they are then.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn set_quote_rules(&self, named: &str, change: QuoteRulesChange) -> Result<(bool, String), Error> {
        let db = self.merchant_named(named).await?;
        let now = db.quote_rules().await?;
        if change.applies_credits.is_none() && change.return_hosts.is_none() {
            return Ok((now.applies_credits, now.return_hosts));
        }
        let rules = QuoteRules {
            applies_credits: change.applies_credits.unwrap_or(now.applies_credits),
            return_hosts: change.return_hosts.map_or(now.return_hosts, |hosts| hosts.join(" ")),
            ..now
        };
        let words = format!("quote credits applied: {}; hosts: {}", rules.applies_credits, rules.return_hosts);
        let tx = db.begin().await?;
        tx.quote_rules_replace(rules.clone()).await?;
        tx.audit_operator("set quote rules", &words, self.now()).await?;
        tx.commit().await?;
        Ok((rules.applies_credits, rules.return_hosts))
    }
}
