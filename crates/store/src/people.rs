//! People who sign in, and what each of them is where. A person is known by one e-mail address (S59) and may pay for
//! several customers of several merchants (S60).

use crate::{
    Error, MerchantTx, Store, customers, merchants,
    scope::{Only, Scoped, kept, owned, text},
};
use chrono::{DateTime, Utc};
use domain::ids::{CustomerId, MerchantId, PayerId, PersonId};
use sea_orm::{ConnectionTrait, IntoActiveModel, QueryOrder, entity::prelude::*};
use std::{collections::HashMap, fmt};
use uuid::Uuid;

mod person {
    use super::*;
    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "person")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: PersonId,
        /// Lower case.
        pub email: String,
        /// Argon2id in PHC form.
        pub password_hash: String,
        pub operator: bool,
        pub active: bool,
        pub created_at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    /// Without the hash and the address: this ends in logs.
    impl fmt::Debug for Model {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Person").field("id", &self.id).field("active", &self.active).finish_non_exhaustive()
        }
    }
}

mod staff {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "staff")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub person_id: PersonId,
        pub created_at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    owned!();
}

mod payer {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "payer")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merchant_id: MerchantId,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: PayerId,
        pub person_id: PersonId,
        pub customer_id: CustomerId,
        pub created_at: DateTime<Utc>,
    }
    impl ActiveModelBehavior for ActiveModel {}
    owned!();
}

pub use payer::Model as Payer;
pub use person::Model as Person;

/// One capacity of a person, as it stands in the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceRow {
    Operator,
    Admin { merchant: MerchantId, merchant_name: String },
    Payer { merchant: MerchantId, merchant_name: String, payer: PayerId, customer: CustomerId, customer_name: String },
}

impl Store {
    /// # Errors
    /// The address is taken.
    pub async fn person_add(
        &self,
        email: &str,
        password_hash: &str,
        operator: bool,
        now: DateTime<Utc>,
    ) -> Result<PersonId, Error> {
        let id = PersonId(Uuid::now_v7());
        let row = Person {
            id,
            email: email.to_lowercase(),
            password_hash: password_hash.to_owned(),
            operator,
            active: true,
            created_at: now,
        };
        person::Entity::insert(kept(row.into_active_model())).exec_without_returning(&self.pools.write).await?;
        Ok(id)
    }

    /// # Errors
    /// The database is away.
    pub async fn person_by_email(&self, email: &str) -> Result<Option<Person>, Error> {
        let found = person::Entity::find().filter(person::Column::Email.eq(text(&email.to_lowercase())));
        Ok(found.only(&self.pools.read).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn person(&self, id: PersonId) -> Result<Option<Person>, Error> {
        Ok(person::Entity::find_by_id(id).only(&self.pools.read).await?)
    }

    /// Every capacity of a person; the first is where they land.
    ///
    /// # Errors
    /// The database is away.
    pub async fn person_places(&self, person: &Person) -> Result<Vec<PlaceRow>, Error> {
        let mut places = Vec::new();
        if person.operator {
            places.push(PlaceRow::Operator);
        }
        let staff = staff::Entity::find().filter(staff::Column::PersonId.eq(person.id));
        let staff = staff.order_by_asc(staff::Column::CreatedAt).all(&self.pools.read).await?;
        let payers = payer::Entity::find().filter(payer::Column::PersonId.eq(person.id));
        let payers = payers.order_by_asc(payer::Column::CreatedAt).all(&self.pools.read).await?;
        let names = self.place_names(&staff, &payers).await?;
        for row in staff {
            places.push(PlaceRow::Admin { merchant: row.merchant_id, merchant_name: names.merchant(row.merchant_id)? });
        }
        for row in payers {
            places.push(PlaceRow::Payer {
                merchant: row.merchant_id,
                merchant_name: names.merchant(row.merchant_id)?,
                payer: row.id,
                customer: row.customer_id,
                customer_name: names.customer(row.merchant_id, row.customer_id)?,
            });
        }
        Ok(places)
    }

    async fn place_names(&self, staff: &[staff::Model], payers: &[Payer]) -> Result<Names, Error> {
        let ids = staff.iter().map(|row| row.merchant_id).chain(payers.iter().map(|row| row.merchant_id));
        let merchants = merchants::Entity::find().filter(merchants::Column::Id.is_in(ids));
        let merchants = merchants.all(&self.pools.read).await?;
        let customers = customers::Entity::find()
            .filter(customers::Column::MerchantId.is_in(payers.iter().map(|row| row.merchant_id)))
            .filter(customers::Column::Id.is_in(payers.iter().map(|row| row.customer_id)));
        let customers = customers.all(&self.pools.read).await?;
        Ok(Names {
            merchants: merchants.into_iter().map(|row| (row.id, row.name)).collect(),
            customers: customers.into_iter().map(|row| ((row.merchant_id, row.id), row.name)).collect(),
        })
    }

    /// Whether this person is staff of this merchant today.
    pub(crate) async fn is_staff(&self, merchant: MerchantId, person: PersonId) -> Result<bool, Error> {
        Ok(staff::Entity::find_by_id((merchant, person)).only(&self.pools.read).await?.is_some())
    }

    /// This membership, if it is still this person's.
    pub(crate) async fn payer_of(
        &self,
        merchant: MerchantId,
        payer: PayerId,
        person: PersonId,
    ) -> Result<Option<Payer>, Error> {
        let row = payer::Entity::find_by_id((merchant, payer)).only(&self.pools.read).await?;
        Ok(row.filter(|row| row.person_id == person))
    }
}

/// What the places of one person are called.
struct Names {
    merchants: HashMap<MerchantId, String>,
    customers: HashMap<(MerchantId, CustomerId), String>,
}

impl Names {
    fn merchant(&self, id: MerchantId) -> Result<String, Error> {
        self.merchants.get(&id).cloned().ok_or(Error::Missing)
    }
    fn customer(&self, merchant: MerchantId, id: CustomerId) -> Result<String, Error> {
        self.customers.get(&(merchant, id)).cloned().ok_or(Error::Missing)
    }
}

impl MerchantTx {
    /// # Errors
    /// The person is staff already.
    pub async fn staff_add(&self, person: PersonId, now: DateTime<Utc>) -> Result<(), Error> {
        self.insert::<staff::Entity>([staff::Model {
            merchant_id: self.merchant_id(),
            person_id: person,
            created_at: now,
        }])
        .await
    }

    /// # Errors
    /// The person pays for this customer already.
    pub async fn payer_add(
        &self,
        person: PersonId,
        customer: CustomerId,
        now: DateTime<Utc>,
    ) -> Result<PayerId, Error> {
        let id = PayerId(Uuid::now_v7());
        let row =
            Payer { merchant_id: self.merchant_id(), id, person_id: person, customer_id: customer, created_at: now };
        self.insert::<payer::Entity>([row]).await?;
        Ok(id)
    }
}

impl<C: ConnectionTrait> Scoped<C> {
    /// The addresses of those among these people who are staff of this merchant.
    ///
    /// # Errors
    /// The database is away.
    pub async fn staff_emails(&self, among: Vec<PersonId>) -> Result<HashMap<PersonId, String>, Error> {
        let staff = self.find::<staff::Entity>().filter(staff::Column::PersonId.is_in(among)).all(self.conn()).await?;
        self.emails(staff.into_iter().map(|row| row.person_id).collect()).await
    }

    /// The addresses of those among these payers who pay this merchant.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payer_emails(&self, among: Vec<PayerId>) -> Result<HashMap<PayerId, String>, Error> {
        let payers = self.find::<payer::Entity>().filter(payer::Column::Id.is_in(among)).all(self.conn()).await?;
        let emails = self.emails(payers.iter().map(|row| row.person_id).collect()).await?;
        let email = |row: Payer| Some((row.id, emails.get(&row.person_id)?.clone()));
        Ok(payers.into_iter().filter_map(email).collect())
    }

    /// Of people who have a place at this merchant: nobody else's may be asked for.
    async fn emails(&self, people: Vec<PersonId>) -> Result<HashMap<PersonId, String>, Error> {
        let people = person::Entity::find().filter(person::Column::Id.is_in(people)).all(self.conn()).await?;
        Ok(people.into_iter().map(|row| (row.id, row.email)).collect())
    }
}
