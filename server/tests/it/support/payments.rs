//! What a house tells of its payments, and what must be true of them in the end.

use super::{Client, Form, House, PATIENCE, breathe};
use chrono::{DateTime, Utc};
use simulators::facts;
use std::time::{Duration, Instant};

impl House {
    /// INV-501, paid by a guest and booked.
    pub async fn paid(&self) -> Form {
        paid_and_booked(self, &self.portal).await.1
    }

    /// How Northwind's staff read a payment's story.
    pub async fn story(&self, form: &Form) -> String {
        let admin = self.client();
        admin.sign_in(facts::NORTHWIND.admin_email).await;
        admin.get(&format!("/admin/transactions/{}", form.payment)).await.body
    }

    /// The newest mails of Northwind, as its staff read them.
    pub async fn mails(&self) -> String {
        self.staff().await.get("/admin/mail").await.body
    }

    /// The invariant of every payment story: one charge at the gateway, one payment in the books, the same cents.
    pub async fn assert_paid_once(&self, number: &str, minor: i64) {
        self.assert_paid_once_within(number, minor, PATIENCE).await;
    }

    pub async fn assert_paid_once_within(&self, number: &str, minor: i64, patience: Duration) {
        let what = format!("{number} stands in the books");
        self.until_within(&what, patience, async || self.books_payments(number).await.len() == 1).await;
        let charges = self.charges().await;
        assert_eq!(charges.len(), 1, "one charge at the gateway: {charges:?}");
        assert_eq!(charges[0]["amount_minor"], minor);
        let payment = self.books_payments(number).await.remove(0);
        assert_eq!(payment["reference"], charges[0]["id"], "the books quote the gateway's id");
        assert_eq!(payment["amount_minor"], minor);
    }

    /// Gateway, portal and books agree, once the last job has run.
    pub async fn assert_everything_agrees(&self) {
        let start = Instant::now();
        loop {
            let looked = Instant::now();
            let differences = self.differences(None).await;
            if differences.is_empty() {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "what differs, differs for good: {differences:#?}");
            breathe(looked).await;
        }
    }

    /// What `verify-books` names, once the audit trail has caught up: it is sealed every other second, and a leap of the
    /// clock makes an hour of that.
    pub async fn differences(&self, since: Option<DateTime<Utc>>) -> Vec<String> {
        let start = Instant::now();
        loop {
            let looked = Instant::now();
            let differences = self.engine.verify_books(since).await.unwrap().differences;
            let behind = differences.iter().any(|words| words.contains("waited too long to be sealed"));
            if !behind || start.elapsed() > PATIENCE {
                return differences;
            }
            breathe(looked).await;
        }
    }
}

/// A guest of this portal with INV-501 paid, and the form of that.
pub async fn paid_and_booked(house: &House, portal: &str) -> (Client, Form) {
    let guest = Client::new(portal);
    let form = guest.open("INV-501").await;
    guest.pay(&form, "pm_card_visa").await;
    house.assert_paid_once("INV-501", 120_450).await;
    // The posting is ended a moment after it stands.
    house.assert_everything_agrees().await;
    (guest, form)
}
