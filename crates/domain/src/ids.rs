//! Ids are types: an `InvoiceId` prints as `inv_…`, parses back, and refuses a `PaymentId`.

use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The text is no id of the kind that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct BadId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "orm", derive(sea_orm::DeriveValueType))]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                let hex = text.strip_prefix(concat!($prefix, "_")).ok_or(BadId)?;
                Uuid::try_parse(hex).map($name).map_err(|_| BadId)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "orm")]
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    };
}

id!(/** The MSP that is paid; every row of a tenant carries it. */ MerchantId, "mer");
id!(/** A person who can sign in, known by an e-mail address. */ PersonId, "per");
id!(/** The payer's company: an account at one merchant. */ CustomerId, "cus");
id!(/** One membership of a person as a payer of one customer. */ PayerId, "pyr");
id!(/** An invoice as the books know it. */ InvoiceId, "inv");
id!(/** Credentials of one outside system (books, gateway, PSA). */ ConnectionId, "con");
id!(/** A merchant's Pay Now link: an API key printed in e-mails. */ PayLinkId, "lnk");
id!(/** What a link was resolved to; the `transactionId` of `/npe`. Random, not time-ordered. */ CheckoutId, "chk");
id!(/** What a payer means to pay; minted with the form, and the idempotency key of all that follows. */ PaymentId, "pay");
id!(/** One try at one gateway with one method. */ AttemptId, "att");
id!(/** Money of an attempt that is paid back; minted with the form, and the idempotency key of all that follows. */ RefundId, "rfd");
id!(/** A dispute of an attempt's money. */ DisputeId, "dsp");
id!(/** Money that a gateway sends to the merchant's bank. */ PayoutId, "pyo");
id!(/** A saved method; minted with the form, and the idempotency key of all that follows. */ MethodId, "mth");
id!(/** An immutable fact about an attempt, a refund or a dispute. */ ObservationId, "obs");
id!(/** A balanced set of double-entry lines. */ JournalId, "jnl");
id!(/** A payment in the built-in ledger. */ LedgerPaymentId, "lpy");
id!(/** What is taken off an invoice in the built-in ledger; minted with the form. */ CreditNoteId, "crn");
id!(/** Work written in the same transaction as the fact that needs it. */ JobId, "job");
id!(/** A message to a person. */ MailId, "mail");
id!(/** One line of the audit trail. */ AuditId, "aud");
id!(/** Something that needed a person, and what became of it. */ ExceptionId, "exc");
id!(/** Something that happened at a merchant, as its partners are told. */ EventId, "evt");
id!(/** Where a merchant's events are sent. */ EndpointId, "end");
id!(/** A key that one of the merchant's programs calls with, as it is shown beside its secret. */ IntegrationKeyId, "wpik");
id!(/** One visit of a payer who is sent here to pay a quote. */ QuoteSessionId, "qs");
id!(/** A vendor's news, stored raw before it is worked. */ WebhookId, "whk");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_parses_back_and_refuses_another_kind() {
        let id = InvoiceId(Uuid::from_u128(7));
        assert_eq!(id.to_string(), "inv_00000000000000000000000000000007");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("pay_00000000000000000000000000000007".parse::<InvoiceId>(), Err(BadId));
        assert_eq!("inv_".parse::<InvoiceId>(), Err(BadId));
        let json = serde_json::to_string(&id).expect("an id is text");
        assert_eq!(serde_json::from_str::<InvoiceId>(&json).expect("it parses back"), id);
    }
}
