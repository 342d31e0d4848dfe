//! Where a merchant's own series of numbers stand. They are held by whoever issues an invoice or a credit note, until the end of the
//! transaction: numbers have no gap, because one that is not committed is the next one's, and none is given twice.

use crate::{
    Error, MerchantTx,
    scope::{Only, Scoped, owned},
};
use domain::ids::MerchantId;
use sea_orm::{ConnectionTrait, QuerySelect, entity::prelude::*};

const PREFIX: &str = "INV-";
const DIGITS: i32 = 4;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_series")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    pub prefix: String,
    pub next: i64,
    /// Shorter numbers get noughts in front.
    pub digits: i32,
    /// Credit notes have a series of their own, which nobody sets.
    pub next_credit: i64,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

pub use Model as LedgerSeries;

impl LedgerSeries {
    /// What nobody has set.
    fn usual(merchant_id: MerchantId) -> Self {
        Self { merchant_id, prefix: PREFIX.to_owned(), next: 1, digits: DIGITS, next_credit: 1 }
    }

    /// The next number, as it is printed: `INV-0042`.
    #[must_use]
    pub fn spelt(&self) -> String {
        let digits = usize::try_from(self.digits).unwrap_or(0);
        format!("{}{:0digits$}", self.prefix, self.next)
    }
}

impl MerchantTx {
    /// Holds the series. Whoever needs it takes it before any invoice, so that two of them never wait for each other.
    ///
    /// # Errors
    /// The database is away.
    pub async fn ledger_series_hold(&self) -> Result<LedgerSeries, Error> {
        self.insert_absent::<Entity>([LedgerSeries::usual(self.merchant_id())]).await?;
        self.find::<Entity>().lock_exclusive().only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// # Errors
    /// [`Error::Missing`] when nobody holds it.
    pub async fn ledger_series_set(&self, series: LedgerSeries) -> Result<(), Error> {
        self.rewrite::<Entity>(Column::MerchantId.eq(self.merchant_id()), series).await
    }

    /// A number for an invoice: the one that staff chose, or the next of the series, which it moves on. Numbers that
    /// somebody has chosen before are left out. `None`: the one that was chosen is taken.
    ///
    /// # Errors
    /// The database is away.
    pub async fn ledger_number_take(
        &self,
        series: &mut LedgerSeries,
        chosen: Option<&str>,
    ) -> Result<Option<String>, Error> {
        if let Some(chosen) = chosen {
            let is_taken = self.invoice_number_is_taken(chosen).await?;
            return Ok((!is_taken).then(|| chosen.to_owned()));
        }
        while self.invoice_number_is_taken(&series.spelt()).await? {
            series.next += 1;
        }
        let number = series.spelt();
        series.next += 1;
        self.ledger_series_set(series.clone()).await?;
        Ok(Some(number))
    }
}

impl MerchantTx {
    /// A number for a credit note, which moves the series on.
    ///
    /// # Errors
    /// The database is away.
    pub async fn credit_number_take(&self, series: LedgerSeries) -> Result<String, Error> {
        let number = format!("CN-{:04}", series.next_credit);
        self.ledger_series_set(LedgerSeries { next_credit: series.next_credit + 1, ..series }).await?;
        Ok(number)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// The database is away.
    pub async fn ledger_series(&self) -> Result<LedgerSeries, Error> {
        let set = self.find::<Entity>().only(self.conn()).await?;
        Ok(set.unwrap_or_else(|| LedgerSeries::usual(self.merchant_id())))
    }
}
