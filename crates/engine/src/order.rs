//! What callers ask for, already parsed.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{ids::PaymentId, money::Money, network::Network};
use uuid::{NoContext, Timestamp, Uuid};

/// Two nodes tell the time at most this differently.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(1);

/// One press of Pay.
#[derive(Clone, Debug)]
pub struct Order {
    /// Minted with the form; the same id again is the same payment.
    pub payment: PaymentId,
    /// What the payer saw on the button.
    pub expected: Money,
    pub email: String,
    pub how: PayHow,
    /// Where the press came from.
    pub network: Network,
}

impl Order {
    /// Its id came with a page that was drawn within this time. Payments are listed in the order of their ids, so nobody may
    /// choose one.
    pub(crate) fn was_minted_within(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        minted_at(self.payment).is_some_and(|at| from - CLOCKS_APART <= at && at <= to + CLOCKS_APART)
    }
}

/// The id of a payment that may come, for a form.
pub(crate) fn mint(now: DateTime<Utc>) -> PaymentId {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    PaymentId(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos())))
}

fn minted_at(id: PaymentId) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = id.0.get_timestamp().filter(|_| id.0.get_version_num() == 7)?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

#[derive(Clone, Debug)]
pub enum PayHow {
    /// A token of the gateway's hosted fields.
    Token(String),
    /// On the gateway's own page: the way without script.
    HostedPage,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Free text: number, company, reference, gateway id.
    pub search: String,
    /// From 1; 0 is read as 1.
    pub page: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_when_its_form_was_made_and_a_chosen_one_does_not() {
        let now = DateTime::from_timestamp_millis(1_795_253_400_123).expect("a moment");
        assert_eq!(minted_at(mint(now)), Some(now));
        for chosen in [Uuid::nil(), Uuid::max(), Uuid::from_u128(7)] {
            assert_eq!(minted_at(PaymentId(chosen)), None);
        }
    }
}
