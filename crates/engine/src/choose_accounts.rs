//! Staff choose where payments, prepayments and surcharges stand in their books. What may be chosen is read there for the form
//! and once more when it is saved, so nothing is kept that does not fit.

use crate::{
    AdminPass, Engine, Error, Lane, SettingsError,
    audit::{Actor, Audited},
    live_books::LiveBooks,
    turnstile::Errand,
    work::Work,
};
use chrono::{DateTime, Utc};
use connectors::books::{
    Books,
    set_up::{Chart, Choice, Company},
};
use domain::{
    own_invoice::Wrong,
    surcharge::{Policy, Rule},
};
use store::{Connection, MerchantTx};

/// What is chosen, by the books' names; empty where nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountsTyped {
    pub clearing: String,
    pub prepayment: String,
    /// Of what is paid before its invoice comes.
    pub zero_tax: String,
    pub surcharge: String,
    pub tax: String,
    /// In the history of invoices.
    pub writes_notes: bool,
}

/// What the form shows.
pub struct AccountsForm {
    pub books: &'static str,
    pub company: Company,
    pub chart: Chart,
    /// Surcharges are taken: where they are earned can be chosen.
    pub has_rules: bool,
    pub typed: AccountsTyped,
}

/// The connection that carries what is written, and what its books say.
struct Read {
    first: Connection,
    books: LiveBooks,
    company: Company,
    chart: Chart,
}

impl Engine {
    /// The form, with what is chosen now.
    ///
    /// # Errors
    /// [`Error::NotFound`] without books that are connected, [`Error::BooksUnreachable`] when they do not answer.
    pub async fn accounts_form(&self, admin: &AdminPass) -> Result<AccountsForm, Error> {
        let Read { books, company, chart, .. } = self.read_chart(admin).await?;
        let rules = admin.db.surcharge_policy().await?.map(|policy| policy.rules).unwrap_or_default();
        let (clearing, prepayment) = books.settings().accounts();
        let same = |of: fn(&Rule) -> &str| {
            let first = rules.first().map(of).unwrap_or_default();
            if rules.iter().all(|rule| of(rule) == first) { first.to_owned() } else { String::new() }
        };
        let typed = AccountsTyped {
            clearing: clearing.to_owned(),
            prepayment: prepayment.to_owned(),
            zero_tax: books.settings().zero_tax().to_owned(),
            surcharge: same(|rule| &rule.account),
            tax: same(|rule| rule.tax.as_deref().unwrap_or_default()),
            writes_notes: books.settings().writes_notes(),
        };
        Ok(AccountsForm { books: books.name(), company, chart, has_rules: !rules.is_empty(), typed })
    }

    /// Keeps what was chosen. The first time, the books are read from there on.
    ///
    /// # Errors
    /// As above, and [`SettingsError::Wrong`] for what does not fit.
    pub async fn choose_accounts(&self, admin: &AdminPass, typed: &AccountsTyped) -> Result<(), SettingsError> {
        let Read { first, books, company, chart } = self.read_chart(admin).await?;
        let (db, now) = (&admin.db, self.now());
        let chosen = Chosen::of(typed, &chart, &company, &db.merchant().await?.currency)?;
        let Chosen { clearing, prepayment, zero_tax, .. } = chosen;
        let settings = books.settings().clone().with_accounts(clearing, prepayment, zero_tax, typed.writes_notes);
        let settings = serde_json::to_string(&settings).map_err(Error::from)?;
        let tx = db.begin().await?;
        tx.connection_settings(first.id, &settings).await?;
        if let Some(account) = chosen.surcharge {
            rewrite_rules(&tx, account, chosen.tax, now).await?;
        }
        let audited = Audited::AccountsChosen {
            connection: first.id,
            clearing: chosen.clearing.id.clone(),
            prepayment: chosen.prepayment.map(|account| account.id.clone()),
        };
        tx.audit_add(audited.slip(None, Actor::Staff(admin.person), now)?).await?;
        if books.settings().lacks_accounts() {
            Work::FirstSync { asked_ms: now.timestamp_millis() }.queue(&tx, None, now, now).await?;
        }
        tx.commit().await?;
        self.forget_set_up(db.merchant_id());
        self.0.bell.notify_one();
        Ok(())
    }

    async fn read_chart(&self, admin: &AdminPass) -> Result<Read, Error> {
        let db = &admin.db;
        self.forget_set_up(db.merchant_id());
        let route = match self.set_up(db).await?.route(Lane::UserAction) {
            Err(Error::NotSetUp) => return Err(Error::NotFound),
            route => route?,
        };
        let first = route.lane.clone();
        let books = self.live_books(db, route, Errand::person(Lane::UserAction))?.ok_or(Error::NotFound)?;
        let (company, chart) = books.set_up_reads().await.map_err(Error::BooksUnreachable)?;
        Ok(Read { first, books, company, chart })
    }
}

/// What was typed, found in the books.
struct Chosen<'a> {
    clearing: &'a Choice,
    prepayment: Option<&'a Choice>,
    zero_tax: Option<&'a Choice>,
    surcharge: Option<&'a Choice>,
    tax: Option<&'a Choice>,
}

impl<'a> Chosen<'a> {
    fn of(typed: &AccountsTyped, chart: &'a Chart, company: &Company, currency: &str) -> Result<Self, SettingsError> {
        let mut wrong = Vec::new();
        if company.currency != currency {
            let words = format!(
                "The books of {} are kept in {}, and this merchant is paid in {currency}.",
                company.name, company.currency
            );
            wrong.push(Wrong::at("clearing", words));
        }
        let clearing = found("clearing", &typed.clearing, &chart.clearing, &mut wrong);
        let prepayment = found("prepayment", &typed.prepayment, &chart.prepayment, &mut wrong);
        let zero_tax = found("zero_tax", &typed.zero_tax, &chart.zero_taxes, &mut wrong);
        let surcharge = found("surcharge", &typed.surcharge, &chart.surcharge, &mut wrong);
        let tax = found("tax", &typed.tax, &chart.taxes, &mut wrong);
        if typed.clearing.is_empty() {
            wrong.push(Wrong::at("clearing", "Choose the account that payments are posted to."));
        }
        match clearing {
            Some(clearing) if wrong.is_empty() => Ok(Self { clearing, prepayment, zero_tax, surcharge, tax }),
            _ => Err(SettingsError::Wrong(wrong)),
        }
    }
}

/// What is named so in the books now. What is chosen and is not there does not fit any more, or never did.
fn found<'a>(field: &str, id: &str, choices: &'a [Choice], wrong: &mut Vec<Wrong>) -> Option<&'a Choice> {
    let found = choices.iter().find(|choice| choice.id == id);
    if found.is_none() && !id.is_empty() {
        wrong.push(Wrong::at(
            field,
            "This one does not fit, or is not in your books any more. Choose one from the list.",
        ));
    }
    found
}

/// All rules earn there. Rules that say so already stay untouched.
async fn rewrite_rules(
    tx: &MerchantTx,
    account: &Choice,
    tax: Option<&Choice>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(Policy { place, rules }) = tx.surcharge_policy().await? else { return Ok(()) };
    let tax = tax.map(|tax| tax.id.clone());
    let earn = |rule: &Rule| Rule { account: account.id.clone(), tax: tax.clone(), ..rule.clone() };
    let fresh: Vec<_> = rules.iter().map(earn).collect();
    if fresh != rules {
        tx.surcharge_policy_replace(&Policy { place, rules: fresh }, now).await?;
    }
    Ok(())
}
