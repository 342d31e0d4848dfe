//! Indexes that begin with the column that tells rows apart. PostgreSQL has no statistics of a young table and then takes
//! every column for equally telling: of two indexes that begin with the merchant it would use the wrong one as well as the
//! right one, and read all of a merchant's rows to find one by its id.

use crate::table::sql;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const INDEXES: [(&str, &str); 12] = [
    ("INDEX payment_of_checkout", "payment (checkout_id, merchant_id)"),
    ("INDEX payment_of_customer", "payment (customer_id, merchant_id, id)"),
    ("INDEX allocation_of_invoice", "allocation (invoice_id, merchant_id)"),
    ("INDEX attempt_of_payment", "attempt (payment_id, merchant_id)"),
    ("INDEX attempt_by_day", "attempt (created_at, merchant_id)"),
    ("INDEX attempt_at_gateway", "attempt (gateway_id, merchant_id)"),
    ("INDEX claim_of_invoice", "claim (invoice_id, merchant_id)"),
    ("INDEX observation_of_attempt", "observation (attempt_id, merchant_id, place)"),
    ("INDEX mail_of_payment", "mail (payment_id, merchant_id)"),
    ("UNIQUE INDEX mail_unique_key", "mail (unique_key, merchant_id)"),
    ("INDEX job_of_payment", "job (payment_id, merchant_id)"),
    ("UNIQUE INDEX job_unique_key", "job (unique_key, merchant_id)"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (index, columns) in INDEXES {
            let name = index.trim_start_matches("UNIQUE ");
            sql(manager, &[&format!("DROP {name}"), &format!("CREATE {index} ON {columns}")]).await?;
        }
        Ok(())
    }
}
