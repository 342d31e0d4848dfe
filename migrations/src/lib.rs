//! The schema, forward only. Tables are singular and their keys begin with the merchant, so that a row cannot point
//! into another tenant and a distributed PostgreSQL can spread tenants without a change of code.

mod m001_tenants;
mod m002_money;
mod m003_work;
mod m004_built_in_ledger;
mod m005_claim_takes;
mod m006_limits;
mod m007_waiting_for_books;
mod m008_attempts;
mod m009_tries;
mod m010_own_words;
mod m011_index_order;
mod m012_undecided;
mod m013_refunds;
mod m014_action_fields;
mod m015_waiting;
mod m016_methods;
mod m017_postal_code;
mod m018_audit_trail;
mod m019_consents;
mod m020_folded_numbers;
mod m021_leaving;
mod m022_debits;
mod m023_made_there;
mod m024_method_postal_code;
mod m025_exceptions;
mod m026_checkout_invoices;
mod m027_surcharges;
mod m028_kept_cards;
mod m029_advances;
mod m030_debits_again;
mod m031_step_answers;
mod m032_needs_payer;
mod m033_events;
mod m034_append_only;
mod m035_what_staff_see;
mod m036_by_time;
mod m037_own_invoices;
mod m038_budgets;
mod m039_grant_requests;
mod m040_quotes;
mod m041_integrations;
mod m042_letterhead;
mod m043_syncs;
mod m045_own_credits;
mod m046_refund_meaning;
mod m047_fewer_trees;
mod m048_quote_news;
mod m049_documents;
mod m052_create_customers;
mod m055_app_reads;
mod m056_payouts;
mod table;

use sea_orm_migration::prelude::*;

pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m001_tenants::Migration),
            Box::new(m002_money::Migration),
            Box::new(m003_work::Migration),
            Box::new(m004_built_in_ledger::Migration),
            Box::new(m005_claim_takes::Migration),
            Box::new(m006_limits::Migration),
            Box::new(m007_waiting_for_books::Migration),
            Box::new(m008_attempts::Migration),
            Box::new(m009_tries::Migration),
            Box::new(m010_own_words::Migration),
            Box::new(m011_index_order::Migration),
            Box::new(m012_undecided::Migration),
            Box::new(m013_refunds::Migration),
            Box::new(m014_action_fields::Migration),
            Box::new(m015_waiting::Migration),
            Box::new(m016_methods::Migration),
            Box::new(m017_postal_code::Migration),
            Box::new(m018_audit_trail::Migration),
            Box::new(m019_consents::Migration),
            Box::new(m020_folded_numbers::Migration),
            Box::new(m021_leaving::Migration),
            Box::new(m022_debits::Migration),
            Box::new(m023_made_there::Migration),
            Box::new(m024_method_postal_code::Migration),
            Box::new(m025_exceptions::Migration),
            Box::new(m026_checkout_invoices::Migration),
            Box::new(m027_surcharges::Migration),
            Box::new(m028_kept_cards::Migration),
            Box::new(m029_advances::Migration),
            Box::new(m030_debits_again::Migration),
            Box::new(m031_step_answers::Migration),
            Box::new(m032_needs_payer::Migration),
            Box::new(m033_events::Migration),
            Box::new(m034_append_only::Migration),
            Box::new(m035_what_staff_see::Migration),
            Box::new(m036_by_time::Migration),
            Box::new(m037_own_invoices::Migration),
            Box::new(m038_budgets::Migration),
            Box::new(m039_grant_requests::Migration),
            Box::new(m040_quotes::Migration),
            Box::new(m041_integrations::Migration),
            Box::new(m042_letterhead::Migration),
            Box::new(m043_syncs::Migration),
            Box::new(m046_refund_meaning::Migration),
            Box::new(m047_fewer_trees::Migration),
            Box::new(m045_own_credits::Migration),
            Box::new(m048_quote_news::Migration),
            Box::new(m049_documents::Migration),
            Box::new(m052_create_customers::Migration),
            Box::new(m055_app_reads::Migration),
            Box::new(m056_payouts::Migration),
        ]
    }
}
