//! Items of QuickBooks Online: the line of a sale names what is sold, and by that the account that it is on
//! (`wire/accounting.md`, 2.4 and 4.4). Ours are found by their names, and made where there are none.

use super::{
    QuickBooks,
    errors::refused,
    query::quoted,
    unsaid,
    wire::{Ref, named},
};
use crate::books::{BooksError, call::Call};
use serde::Deserialize;
use serde_json::json;

/// On the clearing account: what a bank took back, and is owed again.
const RETURNED: &str = "Returned payment";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    id: Option<String>,
    income_account_ref: Option<Ref>,
}

impl QuickBooks {
    /// The id of the item with this name. Refused, when it is on another account than this one, which is that `of` something.
    pub(super) async fn item_on(
        &self,
        name: &str,
        (account, of): (&str, &str),
        key: &str,
    ) -> Result<String, BooksError> {
        let (items, _) = self.page::<Item>(&format!("SELECT * FROM Item WHERE Name = {}", quoted(name)?)).await?;
        let item = match items.into_iter().next() {
            Some(item) if named(item.income_account_ref.as_ref()) != Some(account) => {
                return Err(refused(format!("The item “{name}” there is on another account than that of {of}.")));
            }
            Some(item) => item,
            None => {
                let body = json!({"Name": name, "Type": "Service", "IncomeAccountRef": {"value": account}});
                self.one(Call::Write, self.write("item", &format!("{key}-item")).json(&body)).await?
            }
        };
        item.id.ok_or_else(|| unsaid("item"))
    }

    pub(super) async fn returned_item(&self, key: &str) -> Result<String, BooksError> {
        self.item_on(RETURNED, (self.config.clearing_account.as_str(), "payments"), key).await
    }
}
