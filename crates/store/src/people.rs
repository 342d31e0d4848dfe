//! People who sign in, and what each of them is where. A person is known by one e-mail address (S59) and may pay for
//! several customers of several merchants (S60).

use crate::{Error, MerchantTx, Store, customers, merchants, scope::owned};
use chrono::{DateTime, Utc};
use domain::ids::{CustomerId, MerchantId, PayerId, PersonId};
use sea_orm::{IntoActiveModel, QueryOrder, entity::prelude::*};
use uuid::Uuid;

mod person {
    use super::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
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
        person::Entity::insert(row.into_active_model()).exec_without_returning(&self.pools.write).await?;
        Ok(id)
    }

    /// # Errors
    /// The database is away.
    pub async fn person_by_email(&self, email: &str) -> Result<Option<Person>, Error> {
        let found = person::Entity::find().filter(person::Column::Email.eq(email.to_lowercase()));
        Ok(found.one(&self.pools.read).await?)
    }

    /// # Errors
    /// The database is away.
    pub async fn person(&self, id: PersonId) -> Result<Option<Person>, Error> {
        Ok(person::Entity::find_by_id(id).one(&self.pools.read).await?)
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
        let staff = staff::Entity::find().filter(staff::Column::PersonId.eq(person.id)).all(&self.pools.read).await?;
        for row in staff {
            let merchant_name = self.merchant_name(row.merchant_id).await?;
            places.push(PlaceRow::Admin { merchant: row.merchant_id, merchant_name });
        }
        let payers =
            payer::Entity::find().filter(payer::Column::PersonId.eq(person.id)).order_by_asc(payer::Column::CreatedAt);
        for row in payers.all(&self.pools.read).await? {
            let merchant_name = self.merchant_name(row.merchant_id).await?;
            let customer =
                customers::Entity::find_by_id((row.merchant_id, row.customer_id)).one(&self.pools.read).await?;
            places.push(PlaceRow::Payer {
                merchant: row.merchant_id,
                merchant_name,
                payer: row.id,
                customer: row.customer_id,
                customer_name: customer.ok_or(Error::Missing)?.name,
            });
        }
        Ok(places)
    }

    async fn merchant_name(&self, id: MerchantId) -> Result<String, Error> {
        let row = merchants::Entity::find_by_id(id).one(&self.pools.read).await?;
        Ok(row.ok_or(Error::Missing)?.name)
    }
}

impl MerchantTx {
    /// # Errors
    /// The person is staff already.
    pub async fn staff_add(&self, person: PersonId, now: DateTime<Utc>) -> Result<(), Error> {
        self.insert::<staff::Entity>(staff::Model {
            merchant_id: self.merchant_id(),
            person_id: person,
            created_at: now,
        })
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
        self.insert::<payer::Entity>(row).await?;
        Ok(id)
    }
}
