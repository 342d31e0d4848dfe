//! The parts of the vendor's replies that we read (`wire/gateways.md`, 3.3, 3.5 and 3.7). Its JSON is XML in disguise:
//! numbers come with quotes or without, a list of one also as the one, an empty text for nothing.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::value::RawValue;

/// What every reply says of the call itself, whatever became of the money.
#[derive(Deserialize)]
pub struct Reply {
    pub messages: Messages,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    pub result_code: String,
    #[serde(default, deserialize_with = "several")]
    pub message: Vec<Message>,
}

#[derive(Deserialize)]
pub struct Message {
    pub code: Option<Text>,
    pub text: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionReply {
    pub messages: Messages,
    pub ref_id: Option<Text>,
    pub transaction_response: Option<TransactionResponse>,
}

#[derive(Deserialize)]
pub struct PageReply {
    /// Opens the page.
    pub token: Text,
}

/// What became of the money.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionResponse {
    pub response_code: Option<Text>,
    trans_id: Option<Text>,
    pub account_type: Option<Text>,
    pub account_number: Option<Text>,
    #[serde(default, deserialize_with = "several")]
    pub messages: Vec<Message>,
    #[serde(default, deserialize_with = "several")]
    pub errors: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    pub error_code: Option<Text>,
    pub error_text: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DetailsReply {
    pub transaction: Details,
    /// `refId` of the request that made the transaction.
    transref_id: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    pub trans_id: Text,
    /// What a refund is of.
    pub ref_trans_id: Option<Text>,
    #[serde(rename = "submitTimeUTC")]
    pub submitted: Option<Text>,
    pub transaction_status: String,
    pub response_reason_code: Option<Text>,
    pub auth_amount: Option<Text>,
    pub settle_amount: Option<Text>,
    pub payment: Option<Payment>,
    #[serde(default, deserialize_with = "several")]
    pub returned_items: Vec<ReturnedItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    pub credit_card: Option<Card>,
    pub bank_account: Option<BankAccount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    pub card_type: Option<Text>,
    pub card_number: Option<Text>,
    /// `2030-12`, where it was asked for.
    pub expiration_date: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BankAccount {
    pub account_number: Option<Text>,
}

/// What a bank took back, and by which code of Nacha's.
#[derive(Deserialize)]
pub struct ReturnedItem {
    pub code: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchList {
    #[serde(default, deserialize_with = "several")]
    pub batch_list: Vec<Batch>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    pub batch_id: Text,
}

#[derive(Deserialize)]
pub struct TransactionList {
    #[serde(default, deserialize_with = "several")]
    pub transactions: Vec<Row>,
}

/// One transaction as lists show it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    pub trans_id: Text,
    #[serde(rename = "submitTimeUTC")]
    pub submitted: Option<Text>,
    pub transaction_status: String,
    pub invoice_number: Option<Text>,
    pub account_type: Option<Text>,
    pub settle_amount: Option<Text>,
    pub has_returned_items: Option<Text>,
}

impl TransactionResponse {
    /// The transaction that was recorded; what was not is called 0.
    pub fn id(&self) -> Option<&str> {
        filled(self.trans_id.as_ref()).filter(|id| *id != "0")
    }
}

impl DetailsReply {
    pub fn ref_id(&self) -> Option<&str> {
        filled(self.transref_id.as_ref())
    }
}

/// A text, whether it came with quotes or as a number.
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(from)?;
        let quoted = raw.get().starts_with('"').then(|| serde_json::from_str(raw.get()));
        quoted.unwrap_or_else(|| Ok(raw.get().to_owned())).map(Self).map_err(D::Error::custom)
    }
}

/// What a text says; an empty one says nothing.
pub fn filled(text: Option<&Text>) -> Option<&str> {
    text.map(|text| text.0.as_str()).filter(|text| !text.is_empty())
}

/// One or many, or none at all.
pub fn several<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let raw = Box::<RawValue>::deserialize(from)?;
    let items = match raw.get().as_bytes() {
        [b'[', ..] => serde_json::from_str(raw.get()),
        [b'{', ..] => serde_json::from_str(raw.get()).map(|one| vec![one]),
        _ => Ok(Vec::new()),
    };
    items.map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lists_and_nothing_may_be_written_in_many_ways() {
        for (json, expected) in [
            (r#"{"settleAmount":"12.30","returnedItems":[{"code":"R01"}]}"#, Some(("12.30", "R01"))),
            (r#"{"settleAmount":12.30,"returnedItems":{"code":"R01"}}"#, Some(("12.30", "R01"))),
            (r#"{"settleAmount":"","returnedItems":""}"#, None),
            (r#"{"settleAmount":null,"returnedItems":null}"#, None),
            ("{}", None),
        ] {
            let whole = json.replacen('{', r#"{"transId":60019392075,"transactionStatus":"x","#, 1).replace(",}", "}");
            let read: Details = serde_json::from_str(&whole).expect(json);
            assert_eq!(read.trans_id.0, "60019392075");
            let code = read.returned_items.last().and_then(|item| filled(item.code.as_ref()));
            assert_eq!(filled(read.settle_amount.as_ref()).zip(code), expected, "{json}");
        }
    }
}
