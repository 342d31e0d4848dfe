//! What a merchant has set about quotes: changed by the operator's command, or on screen by the merchant's staff.

use crate::{AdminPass, Engine, SettingsError, audit::Audited, own_endpoints::not_sent_there, setter::Setter};
use connectors::quotes::host_of;
use domain::own_invoice::Wrong;
use store::{MerchantDb, QuoteRules};

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

/// All of them, as a form has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuoteRulesTyped {
    pub applies_credits: bool,
    pub creates_customers: bool,
    /// One on each line.
    pub return_hosts: String,
    pub webhook_url: String,
}

impl From<QuoteRules> for QuoteRulesTyped {
    fn from(rules: QuoteRules) -> Self {
        Self {
            applies_credits: rules.applies_credits,
            creates_customers: rules.creates_customers,
            return_hosts: rules.return_hosts.replace(' ', "\n"),
            webhook_url: rules.webhook_url.unwrap_or_default(),
        }
    }
}

impl Engine {
    /// Changes the rules of the merchant with this key or name, and answers them as they are then.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] without such a merchant, [`SettingsError::Wrong`] for what is no host, which no address
    /// could ever lead to, and for an address to which nothing is sent.
    pub async fn set_quote_rules(&self, named: &str, change: QuoteRulesChange) -> Result<QuoteRules, SettingsError> {
        let db = self.merchant_named(named).await?;
        self.change_quote_rules(&db, Setter::Operator, change).await
    }

    /// The same by the merchant's own staff.
    ///
    /// # Errors
    /// [`SettingsError::Wrong`] as above.
    pub async fn set_own_quote_rules(&self, admin: &AdminPass, typed: &QuoteRulesTyped) -> Result<(), SettingsError> {
        let hosts = typed.return_hosts.split([' ', ',', '\r', '\n', '\t']).filter(|host| !host.is_empty());
        let change = QuoteRulesChange {
            applies_credits: Some(typed.applies_credits),
            creates_customers: Some(typed.creates_customers),
            return_hosts: Some(hosts.map(str::to_owned).collect()),
            webhook_url: Some(typed.webhook_url.clone()),
        };
        self.change_quote_rules(&admin.db, Setter::Staff(admin.person), change).await?;
        Ok(())
    }

    /// What is as it was leaves no line.
    async fn change_quote_rules(
        &self,
        db: &MerchantDb,
        by: Setter,
        change: QuoteRulesChange,
    ) -> Result<QuoteRules, SettingsError> {
        let (before, mut wrong) = (db.quote_rules().await?, Vec::new());
        let return_hosts = change.return_hosts.map_or_else(
            || before.return_hosts.clone(),
            |hosts| hosts.iter().filter_map(|host| host_alone(host, &mut wrong)).collect::<Vec<_>>().join(" "),
        );
        let webhook_url = match change.webhook_url.as_deref().map(str::trim) {
            None => before.webhook_url.clone(),
            Some("") => None,
            Some(url) => {
                let kept = self.0.events.check(url);
                kept.map_err(|why| wrong.push(Wrong::at("webhook_url", not_sent_there(why)))).ok()
            }
        };
        if !wrong.is_empty() {
            return Err(wrong.into());
        }
        let applies_credits = change.applies_credits.unwrap_or(before.applies_credits);
        let creates_customers = change.creates_customers.unwrap_or(before.creates_customers);
        let rules = QuoteRules { applies_credits, return_hosts, webhook_url, creates_customers, ..before.clone() };
        if rules == before {
            return Ok(before);
        }
        let words = format!(
            "quote credits applied: {}; hosts: {}; news to: {}; customers created: {}",
            rules.applies_credits,
            rules.return_hosts,
            rules.webhook_url.as_deref().unwrap_or("nowhere"),
            rules.creates_customers
        );
        let audited = Audited::QuoteRulesSet {
            applies_credits,
            creates_customers,
            return_hosts: rules.return_hosts.clone(),
            news_host: rules.webhook_url.as_deref().and_then(|url| host_of(url, true)),
        };
        let tx = db.begin().await?;
        tx.quote_rules_replace(rules.clone()).await?;
        by.write_down(&tx, ("set quote rules", &words), &audited, self.now()).await?;
        tx.commit().await?;
        Ok(rules)
    }
}

/// A host as addresses spell it: an empty list is how nobody is sent back anywhere.
fn host_alone(named: &str, wrong: &mut Vec<Wrong>) -> Option<String> {
    let is_bare = !named.contains([':', '/', '?', '#', '@', ' ']);
    let host = host_of(&format!("https://{named}/"), false).filter(|_| is_bare);
    if host.is_none() {
        let words = format!("{named} is no host. Enter it without https:// and port, like quotes.example.com.");
        wrong.push(Wrong::at("return_hosts", words));
    }
    host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s13_hosts_are_kept_as_addresses_spell_them() {
        let mut wrong = Vec::new();
        assert_eq!(host_alone("SELL.example", &mut wrong).as_deref(), Some("sell.example"));
        assert_eq!(host_alone("s\u{e9}ll.example", &mut wrong).as_deref(), Some("xn--sll-bma.example"));
        assert!(wrong.is_empty(), "{wrong:?}");
        for no_host in ["https://sell.example", "sell.example/back", "sell.example:8443", "a b", "ana@sell.example", ""]
        {
            assert_eq!(host_alone(no_host, &mut wrong), None, "{no_host}");
        }
        assert!(wrong.len() == 6 && wrong.iter().all(|wrong| wrong.field == "return_hosts"), "{wrong:?}");
    }
}
