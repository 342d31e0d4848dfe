//! Customers: the payers' companies, as the books know them.

use crate::{
    Error, MerchantTx, Part,
    invoice_lists::like,
    invoices::{self, ROWS_PER_STATEMENT},
    scope::{Only, Scoped, owned, text},
};
use domain::{
    ids::{CustomerId, MerchantId},
    invoice::{BooksCustomer, BooksInvoice},
};
use sea_orm::{
    ConnectionTrait, ExprTrait, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Func, OnConflict},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CustomerId,
    /// The books' id.
    pub external_id: String,
    pub name: String,
    /// What PSA and links call the company.
    pub code: Option<String>,
    pub email: Option<String>,
    pub archived: bool,
    /// Where the books are our own: how many days its invoices give.
    pub terms_days: Option<i32>,
    /// And what is printed above them.
    pub address: Option<String>,
}
impl ActiveModelBehavior for ActiveModel {}
owned!();

/// Stands for the books' id of a customer that they do not have yet.
const TO_MAKE: &str = "to-make-";

impl Model {
    /// One of whom the books have not told yet: a quote was accepted by somebody new.
    #[must_use]
    pub fn unknown_to_books(merchant_id: MerchantId, name: String, email: Option<String>) -> Self {
        let id = CustomerId(Uuid::now_v7());
        let external_id = format!("{TO_MAKE}{id}");
        Self { merchant_id, id, external_id, name, code: None, email, archived: false, terms_days: None, address: None }
    }

    #[must_use]
    pub fn is_known_to_books(&self) -> bool {
        !self.external_id.starts_with(TO_MAKE)
    }

    fn is_as(&self, told: &BooksCustomer) -> bool {
        let Self { name, code, email, archived, .. } = self;
        (name, code, email, *archived) == (&told.name, &told.code, &told.email, told.archived)
    }
}

impl MerchantTx {
    /// Takes over what the books say, and says how many rows that has changed; the id of a known customer stays, and what stands
    /// here already is not written.
    ///
    /// # Errors
    /// The database is away.
    pub async fn customers_upsert(&self, customers: &[BooksCustomer]) -> Result<u64, Error> {
        self.customers_recognise(customers).await?;
        // As in `invoices_upsert`: the later one counts, in one order for everybody.
        let latest: BTreeMap<_, _> = customers.iter().map(|told| (&told.external_id, told)).collect();
        let latest: Vec<_> = latest.into_values().collect();
        let mut columns = OnConflict::columns([Column::MerchantId, Column::ExternalId]);
        columns.update_columns([Column::Name, Column::Code, Column::Email, Column::Archived]);
        let mut changed = 0;
        for some in latest.chunks(ROWS_PER_STATEMENT) {
            let ids: Vec<_> = some.iter().map(|told| text(&told.external_id)).collect();
            let these = self.one_of(Column::ExternalId, &ids)?;
            let known = self.find::<Entity>().filter(these).all(self.conn()).await?;
            let known: HashMap<_, _> = known.into_iter().map(|row| (row.external_id.clone(), row)).collect();
            let is_new = |told: &&&BooksCustomer| known.get(&told.external_id).is_none_or(|known| !known.is_as(told));
            let rows: Vec<_> = some.iter().filter(is_new).map(|told| self.told(told)).collect();
            if !rows.is_empty() {
                let insert = self.inserting::<Entity>(rows).on_conflict(columns.clone());
                changed += insert.exec_without_returning(self.conn()).await?;
            }
        }
        Ok(changed)
    }

    /// A customer that is new here.
    fn told(&self, told: &BooksCustomer) -> Model {
        Model {
            merchant_id: self.merchant_id(),
            id: CustomerId(Uuid::now_v7()),
            external_id: told.external_id.clone(),
            name: told.name.clone(),
            code: told.code.clone(),
            email: told.email.clone(),
            archived: told.archived,
            terms_days: None,
            address: None,
        }
    }

    /// Whom the books did not have yet, they may have made meanwhile: known by exactly the name. Where we know theirs already,
    /// because two quotes came at once or the books told of them at that moment, what is paid for ours is theirs.
    async fn customers_recognise(&self, customers: &[BooksCustomer]) -> Result<(), Error> {
        if customers.is_empty() {
            return Ok(());
        }
        let ours = self.find::<Entity>().filter(Column::ExternalId.starts_with(TO_MAKE));
        let ours = ours.filter(Column::Archived.eq(false)).order_by_asc(Column::Id).all(self.conn()).await?;
        for ours in ours {
            let told = customers.iter().find(|theirs| theirs.name == ours.name);
            let alike = match told {
                Some(theirs) => self.find::<Entity>().filter(Column::ExternalId.eq(theirs.external_id.as_str())),
                None => self.find::<Entity>().filter(Column::Name.eq(ours.name.as_str())),
            };
            let is_theirs = |known: &Model| told.is_some() || (known.is_known_to_books() && !known.archived);
            if let Some(known) = alike.all(self.conn()).await?.into_iter().find(is_theirs) {
                self.customer_merge(ours, known.id).await?;
            } else if let Some(theirs) = told {
                self.customer_rewrite(Model { external_id: theirs.external_id.clone(), ..ours }).await?;
            }
        }
        Ok(())
    }

    /// What is paid for ours is that one's.
    async fn customer_merge(&self, ours: Model, into: CustomerId) -> Result<(), Error> {
        let advances = self.update::<invoices::Entity>().filter(invoices::Column::CustomerId.eq(ours.id));
        let advances = advances.col_expr(invoices::Column::CustomerId, Expr::value(into));
        advances.exec(self.conn()).await?;
        self.customer_rewrite(Model { archived: true, ..ours }).await
    }

    /// Takes over whom the books have made for one whom they did not have: that one is theirs from here on. Where they are known
    /// here already, what is paid for ours is theirs. Nothing, when the books have told of them before.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's customer.
    pub async fn customer_made(&self, id: CustomerId, told: &BooksCustomer) -> Result<(), Error> {
        let ours = self.customer(id).await?;
        if ours.is_known_to_books() {
            return Ok(());
        }
        let theirs = self.find::<Entity>().filter(Column::ExternalId.eq(told.external_id.as_str()));
        match theirs.only(self.conn()).await? {
            Some(theirs) => self.customer_merge(ours, theirs.id).await,
            None => {
                let BooksCustomer { external_id, name, code, email, archived } = told.clone();
                self.customer_rewrite(Model { external_id, name, code, email, archived, ..ours }).await
            }
        }
    }
}

impl MerchantTx {
    /// Customers of books of our own, or of whom the books have not told yet.
    ///
    /// # Errors
    /// The database is away.
    pub async fn customers_add(&self, customers: Vec<Model>) -> Result<(), Error> {
        for chunk in customers.chunks(ROWS_PER_STATEMENT) {
            self.insert::<Entity>(chunk.to_vec()).await?;
        }
        Ok(())
    }

    /// The same after a change.
    ///
    /// # Errors
    /// [`Error::Missing`] also for another merchant's customer.
    pub async fn customer_rewrite(&self, customer: Model) -> Result<(), Error> {
        self.rewrite::<Entity>(Column::Id.eq(customer.id), customer).await
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// # Errors
    /// [`Error::Missing`] also for another merchant's customer.
    pub async fn customer(&self, id: CustomerId) -> Result<Model, Error> {
        self.find::<Entity>().filter(Column::Id.eq(id)).only(self.conn()).await?.ok_or(Error::Missing)
    }

    /// # Errors
    /// The database is away.
    pub async fn customer_by_name(&self, name: &str) -> Result<Option<Model>, Error> {
        Ok(self.find::<Entity>().filter(Column::Name.eq(text(name))).only(self.conn()).await?)
    }

    /// One page of those that are archived, or of all others, by name, and how many there are. `search` is a part of name, code
    /// or e-mail address.
    ///
    /// # Errors
    /// The database is away.
    pub async fn customer_page(
        &self,
        search: &str,
        archived: bool,
        page: u64,
        per_page: u64,
    ) -> Result<(Vec<Model>, u64), Error> {
        let mut list = self.find::<Entity>().filter(Column::Archived.eq(archived));
        if !search.is_empty() {
            let named = like(Column::Name, search).or(like(Column::Code, search)).or(like(Column::Email, search));
            list = list.filter(named);
        }
        self.page(list.order_by_asc(Column::Name).order_by_asc(Column::Id), page, per_page).await
    }

    /// # Errors
    /// The database is away.
    pub async fn customers_part(&self, part: Part<CustomerId>) -> Result<Vec<Model>, Error> {
        Ok(part.of(self.find::<Entity>(), Column::Id).all(self.conn()).await?)
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// The database is away.
    pub async fn customers(&self) -> Result<Vec<Model>, Error> {
        Ok(self.find::<Entity>().order_by_asc(Column::Name).order_by_asc(Column::Id).all(self.conn()).await?)
    }

    /// Those whose code or name this is, in whichever case its letters come.
    ///
    /// # Errors
    /// The database is away.
    pub async fn customers_called(&self, called: &str) -> Result<Vec<Model>, Error> {
        let folded = |column: Column| {
            let called = Expr::expr(Func::lower(Expr::val(text(called))));
            Expr::expr(Func::lower(Expr::col(column.as_column_ref()))).eq(called)
        };
        let called = self.find::<Entity>().filter(folded(Column::Name).or(folded(Column::Code)));
        Ok(called.order_by_asc(Column::Id).all(self.conn()).await?)
    }

    /// The names of these customers, for lists.
    ///
    /// # Errors
    /// The database is away.
    pub async fn customer_names(
        &self,
        ids: impl IntoIterator<Item = CustomerId>,
    ) -> Result<HashMap<CustomerId, String>, Error> {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = self.find::<Entity>().filter(Column::Id.is_in(ids)).all(self.conn()).await?;
        Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
    }

    /// Whose these invoices are, as far as their customers are known: the ids by the books' ids.
    ///
    /// # Errors
    /// The database is away.
    pub async fn customer_ids(&self, of: &[BooksInvoice]) -> Result<HashMap<String, CustomerId>, Error> {
        if of.is_empty() {
            return Ok(HashMap::new());
        }
        let whose: BTreeSet<_> = of.iter().map(|invoice| invoice.customer_external_id.as_str()).collect();
        let whose: Vec<_> = whose.into_iter().map(text).collect();
        let these = self.find::<Entity>().filter(self.one_of(Column::ExternalId, &whose)?);
        let pairs = these.select_only().columns([Column::ExternalId, Column::Id]);
        Ok(pairs.into_tuple::<(String, CustomerId)>().all(self.conn()).await?.into_iter().collect())
    }
}
