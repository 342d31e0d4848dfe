//! A merchant's surcharge rules as a whole: shown to its staff, tried with an amount, and replaced by them or by the operator's
//! command, each time with a line of the audit trail (N12, E20). How a file of them is read: `read_rules.rs`; what is added to a
//! payment: `surcharges.rs`.

use crate::{
    AdminPass, Engine, Error, RulesError,
    audit::{Actor, Audited, digest_of},
    clock::zone,
    read_rules::read_rules,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    money::{Currency, Money},
    surcharge::{PaidBy, Policy, Rule},
    views::Whoami,
};
use store::{MerchantDb, MerchantTx};

/// Why staff's file of rules was not put in the place of those that stand.
#[derive(Debug, thiserror::Error)]
pub enum SetRulesError {
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// Others stand by now than those that it was held against: it must be looked at again.
    #[error("other rules stand by now")]
    Moved,
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<store::Error> for SetRulesError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

/// The tab of one merchant.
pub struct SurchargesPage {
    pub who: Whoami,
    /// As the address names it.
    pub merchant: String,
    pub currency: Currency,
    pub today: NaiveDate,
    /// None where nothing was ever added.
    pub policy: Option<Policy>,
    /// What payers read before they choose how to pay.
    pub said: Option<String>,
    /// The gateway's name, where it does not tell which card is paid with before it is charged.
    pub cannot_tell: Option<&'static str>,
}

/// What a payer would be asked for.
pub struct Tried {
    pub amount: Money,
    /// As the checkout would know it.
    pub paid_by: PaidBy,
    pub added: Money,
    pub total: Money,
    pub account: Option<String>,
    /// The one rule that counts, where one does, and what it comes to before the law holds it down.
    pub rule: Option<(Rule, Money)>,
}

/// What a file would put in the place of what stands.
pub struct RulesPreview {
    pub before: Option<Policy>,
    pub after: Policy,
    /// What stands, by its digest: [`Engine::set_surcharge_rules`] wants it back.
    pub stands: String,
}

impl Engine {
    /// The rules of the merchant with this key or name; none, when nothing is added for any way of paying.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn surcharge_rules(&self, merchant: &str) -> Result<Option<Policy>, Error> {
        Ok(self.merchant_named(merchant).await?.surcharge_policy().await?)
    }

    /// Puts rules in the place of all that a merchant had. What was shown by the old ones is not charged any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no merchant with this key or name.
    pub async fn replace_surcharge_rules(&self, merchant: &str, policy: &Policy) -> Result<(), Error> {
        let (tx, now) = (turn(&self.merchant_named(merchant).await?).await?, self.now());
        put(&tx, policy, Actor::Operator, now).await?;
        tx.audit_operator("replace surcharge rules", &format!("{} rule(s)", policy.rules.len()), now).await?;
        Ok(tx.commit().await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn surcharges_page(&self, admin: &AdminPass) -> Result<SurchargesPage, Error> {
        let (set_up, policy) = (self.set_up(&admin.db).await?, admin.db.surcharge_policy().await?);
        let (currency, today) = (set_up.currency()?, self.clock().today(zone(&admin.who.time_zone)));
        let cannot_tell = self.unread_cards(admin).await;
        // As on the checkout: what differs by card is said where somebody can tell which card it is.
        let rules = policy.as_ref().filter(|_| cannot_tell.is_none());
        Ok(SurchargesPage {
            who: admin.who.clone(),
            merchant: set_up.merchant.key.clone(),
            currency,
            today,
            said: rules.and_then(|policy| policy.words(currency, today, admin.who.locale)),
            policy,
            cannot_tell,
        })
    }

    /// What a payer would be asked for today, by the function that the checkout asks.
    ///
    /// # Errors
    /// The database is away.
    pub async fn try_surcharge(&self, admin: &AdminPass, amount: Money, paid_by: PaidBy) -> Result<Tried, Error> {
        let (set_up, policy) = (self.set_up(&admin.db).await?, admin.db.surcharge_policy().await?);
        let is_unread = matches!(paid_by, PaidBy::Card(_)) && self.unread_cards(admin).await.is_some();
        let paid_by = if is_unread { PaidBy::Card(None) } else { paid_by };
        let today = self.clock().today(zone(&admin.who.time_zone));
        let (mut by, mut rule) = (None, None);
        if let Some(policy) = &policy {
            by = self.added(&set_up.merchant, policy, paid_by, amount)?;
            rule = policy.reckoned(paid_by, amount, today)?.map(|reckoned| (reckoned.rule.clone(), reckoned.by_rule));
        }
        let added = by.as_ref().map_or(Money::zero(amount.currency), |by| by.amount);
        let account = by.map(|by| by.account);
        Ok(Tried { amount, paid_by, added, total: amount.plus(added)?, account, rule })
    }

    /// A gateway that does not tell which card is paid with. None where it tells, or where there is none.
    async fn unread_cards(&self, admin: &AdminPass) -> Option<&'static str> {
        let (_, gateway) = self.gateway(&admin.db).await.ok()?;
        let capabilities = gateway.capabilities();
        (!capabilities.reads_cards).then_some(capabilities.name)
    }

    /// What a file would change, or all that is wrong in it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn preview_surcharge_rules(
        &self,
        admin: &AdminPass,
        text: &str,
    ) -> Result<Result<RulesPreview, RulesError>, Error> {
        let after = match read_rules(text) {
            Ok(after) => after,
            Err(cause) => return Ok(Err(cause)),
        };
        let before = admin.db.surcharge_policy().await?;
        Ok(Ok(RulesPreview { stands: digest_of(&before)?, before, after }))
    }

    /// Puts the rules of a file in the place of those that it was held against. The same file again changes nothing.
    ///
    /// # Errors
    /// All that is wrong in the file, or [`SetRulesError::Moved`] when others stand by now.
    pub async fn set_surcharge_rules(
        &self,
        admin: &AdminPass,
        text: &str,
        held_against: &str,
    ) -> Result<(), SetRulesError> {
        let policy = read_rules(text)?;
        let tx = turn(&admin.db).await?;
        let stands = tx.surcharge_policy().await?;
        if stands.as_ref() == Some(&policy) {
            return Ok(());
        }
        if digest_of(&stands)? != held_against {
            return Err(SetRulesError::Moved);
        }
        put(&tx, &policy, Actor::Staff(admin.person), self.now()).await?;
        Ok(tx.commit().await?)
    }

    /// From here on nothing is added. Where the merchant takes payments stays known.
    ///
    /// # Errors
    /// The database is away.
    pub async fn turn_surcharges_off(&self, admin: &AdminPass) -> Result<(), Error> {
        let tx = turn(&admin.db).await?;
        let Some(stands) = tx.surcharge_policy().await?.filter(|policy| !policy.rules.is_empty()) else {
            return Ok(());
        };
        put(&tx, &Policy { rules: Vec::new(), ..stands }, Actor::Staff(admin.person), self.now()).await?;
        Ok(tx.commit().await?)
    }
}

/// Whoever sets rules, one after the other: what they were held against still stands when they are put in its place.
async fn turn(db: &MerchantDb) -> Result<MerchantTx, Error> {
    let tx = db.begin().await?;
    tx.merchant_hold().await?;
    Ok(tx)
}

async fn put(tx: &MerchantTx, policy: &Policy, actor: Actor, now: DateTime<Utc>) -> Result<(), Error> {
    tx.surcharge_policy_replace(policy, now).await?;
    let act = Audited::SurchargesSet { rules: policy.rules.len(), text: digest_of(policy)? };
    Ok(tx.audit_add(act.slip(None, actor, now)?).await?)
}
