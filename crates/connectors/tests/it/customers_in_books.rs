//! Customers who are made in each accounting package: once, by their name, whatever is lost on the way.

use crate::{
    quickbooks_contract::{Company, refused},
    sim::Sim,
    stub::{Stub, reply},
    world::{delta, xero},
    xero_contract::with_invoice,
};
use connectors::books::{Books, BooksError, NewCustomer, RefusedCause};
use reqwest::Method;
use serde_json::json;

const NAME: &str = "O'Hara & Söhne \"Dental\"";
const EMAIL: &str = "ana@acme.test";

pub fn new(key: &str, name: &str) -> NewCustomer {
    NewCustomer { idempotency_key: key.into(), name: name.into(), email: Some(EMAIL.into()) }
}

/// How many the books have of that name.
async fn count(books: &dyn Books) -> usize {
    delta(books, None).await.unwrap().customers.iter().filter(|customer| customer.name == NAME).count()
}

async fn made_once(sim: &Sim, books: &dyn Books, vendor: &str) {
    assert_eq!(count(books).await, 0);
    sim.arm(vendor, "reset_after_execute").await;
    assert!(matches!(books.make_customer(&new("first", NAME)).await, Err(BooksError::Unknown(_))));
    // By other keys: what is found is not what a key remembers.
    let found = books.make_customer(&new("second", NAME)).await.unwrap();
    assert_eq!((found.name.as_str(), found.email.as_deref(), found.archived), (NAME, Some(EMAIL), false));
    assert_eq!(books.make_customer(&new("third", NAME)).await.unwrap(), found);
    assert_eq!(count(books).await, 1, "{vendor}");
    let nameless = NewCustomer { email: None, ..new("fourth", "Kauri Dental") };
    assert_eq!(books.make_customer(&nameless).await.unwrap().email, None);
}

#[tokio::test]
async fn d4_s26_a_customer_is_made_once_and_found_by_their_name_after_a_lost_answer() {
    let (sim, xero, _) = with_invoice().await;
    made_once(&sim, &xero, "xero").await;
    let company = Company::new().await;
    made_once(&company.sim, &company.books, "qbo").await;
}

#[tokio::test]
async fn d30_s26_a_customer_whom_the_books_have_put_away_is_said_and_no_second_one_made() {
    let (sim, xero, _) = with_invoice().await;
    let made = xero.make_customer(&new("first", NAME)).await.unwrap();
    let archived = json!({"ContactStatus": "ARCHIVED"});
    sim.ask_xero(Method::POST, &format!("Contacts/{}", made.external_id), archived).await;
    let company = Company::new().await;
    let made = company.books.make_customer(&new("first", NAME)).await.unwrap();
    let inactive = json!({"Id": made.external_id, "SyncToken": "0", "sparse": true, "Active": false});
    company.ask(Method::POST, "customer", Some(inactive)).await;
    for books in [&xero as &dyn Books, &company.books] {
        let (cause, words) = refused(books.make_customer(&new("second", NAME)).await);
        assert_eq!(cause, RefusedCause::Archived, "{words}");
        assert!(words.starts_with(&format!("{NAME} is archived there.")), "{words}");
        assert_eq!(count(books).await, 1);
    }
}

#[tokio::test]
async fn d30_s26_a_name_that_a_vendor_has_in_quickbooks_is_told_as_that() {
    let company = Company::new().await;
    company.ask(Method::POST, "vendor", Some(json!({"DisplayName": NAME}))).await;
    let (cause, words) = refused(company.books.make_customer(&new("first", NAME)).await);
    assert_eq!(cause, RefusedCause::NameTaken);
    assert!(words.starts_with(&format!("{NAME} is a name there already, of a vendor")), "{words}");
    let (_, words) = refused(company.books.make_customer(&new("second", r"Back\slash")).await);
    assert!(words.contains("cannot be looked for there"), "{words}");
}

#[tokio::test]
async fn s26_whom_somebody_makes_in_xero_in_between_is_found() {
    let taken = json!({"Type": "ValidationException", "Message": "A validation exception occurred", "Elements": [
        {"Name": NAME, "ValidationErrors": [{"Message": "The contact name must be unique across all active contacts."}]}]});
    let theirs = json!({"ContactID": "c0000000-0000-4000-8000-000000000042", "ContactStatus": "ACTIVE",
        "Name": NAME.to_uppercase()});
    let (none, there) = (json!({"Contacts": []}), json!({"Contacts": [theirs]}));
    let stub = Stub::start([reply(200, &none), reply(400, &taken), reply(200, &there)]).await;
    let books = xero(&format!("{}/api.xro/2.0", stub.url), "token");
    let found = books.make_customer(&new("first", NAME)).await.unwrap();
    assert_eq!(found.external_id, "c0000000-0000-4000-8000-000000000042", "in other letters, too");
    let stub = Stub::start([reply(200, &none), reply(400, &taken), reply(200, &none)]).await;
    let books = xero(&format!("{}/api.xro/2.0", stub.url), "token");
    assert_eq!(refused(books.make_customer(&new("second", NAME)).await).0, RefusedCause::NameTaken);
}
