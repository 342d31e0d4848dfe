//! What a merchant has set about quotes, changed by the operator's hand.

use crate::{EndpointError, Engine};
use store::QuoteRules;

/// What shall change; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct QuoteRulesChange {
    /// The credit of a paid quote is applied by itself to the invoice that names the quote.
    pub applies_credits: Option<bool>,
    /// The hosts that payers may be sent back to.
    pub return_hosts: Option<Vec<String>>,
    /// Where the quoting program is told what became of its quotes; empty for nowhere.
    pub webhook_url: Option<String>,
}

impl Engine {
    /// Changes the rules of the merchant with this key or name, and answers them as they are then.
    ///
    /// # Errors
    /// [`EndpointError::Url`] when nothing is sent to such an address, [`crate::Error::NotFound`] without such a merchant.
    pub async fn set_quote_rules(&self, named: &str, change: QuoteRulesChange) -> Result<QuoteRules, EndpointError> {
        let db = self.merchant_named(named).await?;
        let now = db.quote_rules().await?;
        let webhook_url = match change.webhook_url.as_deref().map(str::trim) {
            None => now.webhook_url.clone(),
            Some("") => None,
            Some(url) => Some(self.0.events.check(url)?),
        };
        let rules = QuoteRules {
            applies_credits: change.applies_credits.unwrap_or(now.applies_credits),
            return_hosts: change.return_hosts.map_or_else(|| now.return_hosts.clone(), |hosts| hosts.join(" ")),
            webhook_url,
            ..now
        };
        if rules == now {
            return Ok(now);
        }
        let words = format!(
            "quote credits applied: {}; hosts: {}; news to: {}",
            rules.applies_credits,
            rules.return_hosts,
            rules.webhook_url.as_deref().unwrap_or("nowhere")
        );
        let tx = db.begin().await?;
        tx.quote_rules_replace(rules.clone()).await?;
        tx.audit_operator("set quote rules", &words, self.now()).await?;
        tx.commit().await?;
        Ok(rules)
    }
}
