//! What a merchant takes besides all that is due, whether debits are tried again, whether its books have a connection for each
//! lane, and what stands above its own documents: changed by the operator's command, or on screen by the merchant's staff.

use crate::{
    AdminPass, Engine, Error, Lane, SettingsError,
    accounting_connections::add_lanes,
    audit::{Audited, digest_of},
    setter::Setter,
};
use domain::{
    letterhead::{read_address, read_tax_number},
    own_invoice::Wrong,
    views::Whoami,
};
use store::{Merchant, MerchantDb};

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

/// The tab of one merchant.
pub struct MerchantSettings {
    pub who: Whoami,
    pub merchant: Merchant,
    /// The books have a place for what is paid over what is due.
    pub keeps_more: bool,
    /// And for what is paid without an invoice.
    pub keeps_prepayments: bool,
}

impl MerchantChange {
    /// The same with its texts as they are kept.
    fn read(self) -> Result<Self, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut kept = |typed: Option<String>, read: fn(&str) -> Result<String, Wrong>| {
            typed.map(|typed| read(&typed).map_err(|why| wrong.push(why)).unwrap_or_default())
        };
        let (address, tax_number) = (kept(self.address, read_address), kept(self.tax_number, read_tax_number));
        if wrong.is_empty() { Ok(Self { address, tax_number, ..self }) } else { Err(wrong) }
    }

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

    fn made_in(self, merchant: Merchant) -> Merchant {
        let some = |text: String| (!text.is_empty()).then_some(text);
        Merchant {
            takes_parts: self.takes_parts.unwrap_or(merchant.takes_parts),
            takes_more: self.takes_more.unwrap_or(merchant.takes_more),
            takes_prepayments: self.takes_prepayments.unwrap_or(merchant.takes_prepayments),
            retries_debits: self.retries_debits.unwrap_or(merchant.retries_debits),
            multi_connection: self.multi_connection.unwrap_or(merchant.multi_connection),
            address: self.address.map_or(merchant.address, some),
            tax_number: self.tax_number.map_or(merchant.tax_number, some),
            ..merchant
        }
    }
}

impl Engine {
    /// What the merchant's staff read of it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn merchant_settings(&self, admin: &AdminPass) -> Result<MerchantSettings, Error> {
        let merchant = admin.db.merchant().await?;
        let (keeps_more, keeps_prepayments) = match self.books(&admin.db, Lane::UserAction).await {
            Ok(books) => (books.advances().over_payments, books.advances().prepayments),
            Err(Error::NotSetUp) => (false, false),
            Err(cause) => return Err(cause),
        };
        Ok(MerchantSettings { who: admin.who.clone(), merchant, keeps_more, keeps_prepayments })
    }

    /// Changes the merchant with this key or name, and answers it as it is then.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, [`SettingsError::Wrong`] for a text that does not fit.
    pub async fn set_merchant(&self, named: &str, change: MerchantChange) -> Result<Merchant, SettingsError> {
        let db = self.merchant_named(named).await?;
        Ok(self.change_merchant(&db, Setter::Operator, change.read()?).await?)
    }

    /// The same by its own staff. How the books are connected is the operator's, and stays (S94).
    ///
    /// # Errors
    /// [`SettingsError::Wrong`] for a text that does not fit.
    pub async fn set_own_merchant(&self, admin: &AdminPass, change: MerchantChange) -> Result<(), SettingsError> {
        let change = MerchantChange { multi_connection: None, ..change.read()? };
        self.change_merchant(&admin.db, Setter::Staff(admin.person), change).await?;
        Ok(())
    }

    /// What is as it was leaves no line.
    pub(crate) async fn change_merchant(
        &self,
        db: &MerchantDb,
        by: Setter,
        change: MerchantChange,
    ) -> Result<Merchant, Error> {
        let (words, now) = (change.words(), self.now());
        if words.is_empty() {
            return Ok(db.merchant().await?);
        }
        let tx = db.begin().await?;
        let before = tx.merchant_hold().await?;
        let merchant = change.made_in(before.clone());
        if merchant != before {
            tx.merchant_set(&merchant, now).await?;
            by.write_down(&tx, ("set merchant", &words), &audited(&merchant)?, now).await?;
        }
        if let Some(books) = tx.connection_of_kind("books").await?.filter(|_| merchant.multi_connection) {
            add_lanes(&tx, &books).await?;
        }
        tx.commit().await?;
        self.forget_set_up(db.merchant_id());
        Ok(merchant)
    }
}

fn audited(merchant: &Merchant) -> Result<Audited, Error> {
    Ok(Audited::MerchantSet {
        takes_parts: merchant.takes_parts,
        takes_more: merchant.takes_more,
        takes_prepayments: merchant.takes_prepayments,
        retries_debits: merchant.retries_debits,
        letterhead: digest_of(&[&merchant.address, &merchant.tax_number])?,
    })
}
