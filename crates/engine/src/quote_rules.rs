//! What a merchant has set about quotes, changed by the operator's hand.

use crate::{EndpointError, Engine, Error};
use connectors::quotes::host_of;
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
    /// Who pays a quote and is not in the books is made there by itself.
    pub creates_customers: Option<bool>,
}

impl Engine {
    /// Changes the rules of the merchant with this key or name, and answers them as they are then.
    ///
    /// # Errors
    /// [`EndpointError::Url`] when nothing is sent to such an address, [`Error::NotFound`] without such a merchant,
    /// [`Error::SetUp`] for what is no host, which no address could ever lead to.
    pub async fn set_quote_rules(&self, named: &str, change: QuoteRulesChange) -> Result<QuoteRules, EndpointError> {
        let db = self.merchant_named(named).await?;
        let now = db.quote_rules().await?;
        let webhook_url = match change.webhook_url.as_deref().map(str::trim) {
            None => now.webhook_url.clone(),
            Some("") => None,
            Some(url) => Some(self.0.events.check(url)?),
        };
        let return_hosts = match change.return_hosts {
            Some(hosts) => hosts.iter().map(|host| host_alone(host)).collect::<Result<Vec<_>, _>>()?.join(" "),
            None => now.return_hosts.clone(),
        };
        let rules = QuoteRules {
            applies_credits: change.applies_credits.unwrap_or(now.applies_credits),
            return_hosts,
            webhook_url,
            creates_customers: change.creates_customers.unwrap_or(now.creates_customers),
            ..now
        };
        if rules == now {
            return Ok(now);
        }
        let words = format!(
            "quote credits applied: {}; hosts: {}; news to: {}; customers created: {}",
            rules.applies_credits,
            rules.return_hosts,
            rules.webhook_url.as_deref().unwrap_or("nowhere"),
            rules.creates_customers
        );
        let tx = db.begin().await?;
        tx.quote_rules_replace(rules.clone()).await?;
        tx.audit_operator("set quote rules", &words, self.now()).await?;
        tx.commit().await?;
        Ok(rules)
    }
}

/// A host as addresses spell it: an empty list is how nobody is sent back anywhere.
fn host_alone(named: &str) -> Result<String, Error> {
    let is_bare = !named.contains([':', '/', '?', '#', '@', ' ']);
    let host = host_of(&format!("https://{named}/"), false).filter(|_| is_bare);
    host.ok_or_else(|| Error::SetUp(format!("{named} is no host; name it without https:// and port")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s13_hosts_are_kept_as_addresses_spell_them() {
        assert_eq!(host_alone("SELL.example").expect("a host"), "sell.example");
        assert_eq!(host_alone("s\u{e9}ll.example").expect("a host"), "xn--sll-bma.example");
        for wrong in ["https://sell.example", "sell.example/back", "sell.example:8443", "a b", "ana@sell.example", ""] {
            assert!(matches!(host_alone(wrong), Err(Error::SetUp(_))), "{wrong}");
        }
    }
}
