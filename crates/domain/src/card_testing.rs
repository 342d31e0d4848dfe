//! When no more cards may be tried: limits on declines, against people who test stolen cards (`quality.md`, 3.2, row 22),
//! and on tries that bring nothing. Decides on moments that were counted elsewhere; nobody is held for paying.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// So many tries in vain within so long, and no card is tried until the oldest of them is past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub tries: usize,
    pub within: TimeDelta,
}

pub const PER_INVOICE: Limit = Limit { tries: 5, within: TimeDelta::hours(1) };
/// Per network, and per payer who is signed in.
pub const PER_ORIGIN: Limit = Limit { tries: 10, within: TimeDelta::minutes(10) };
/// The same, for whatever brought nothing, or nothing yet: declined, given up, left open, or refused before a card was
/// tried. Each has cost the books and the gateway some calls, and one left open keeps others off its invoice.
pub const FRUITLESS: Limit = Limit { tries: 60, within: PER_ORIGIN.within };
pub const PER_MERCHANT: Limit = Limit { tries: 30, within: TimeDelta::minutes(10) };

/// A merchant with this many tries within [`PER_MERCHANT`]'s time, of which more than this share was declined, is being
/// used to test cards.
const ALARM_TRIES_MIN: u64 = 20;
const ALARM_DECLINED_PERCENT: u64 = 30;

/// Which limit has been reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldBy {
    Invoice,
    /// The payer's own declines, signed in.
    Payer,
    Network,
    Merchant,
}

/// When cards were tried in vain within each limit's time, the newest first: declined, where nothing else is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InVain {
    pub invoice: Vec<DateTime<Utc>>,
    /// Of the payer who is signed in, else of the network.
    pub origin: Vec<DateTime<Utc>>,
    /// Of the same one, with those that brought nothing in another way.
    pub fruitless: Vec<DateTime<Utc>>,
    pub merchant: Vec<DateTime<Utc>>,
}

/// The limit that keeps the next card back, and until when. A payer who is signed in is not held for what others do,
/// except at the same invoice. The invoice is named first, because signing in does not help there.
#[must_use]
pub fn held(in_vain: &InVain, signed_in: bool) -> Option<(HeldBy, DateTime<Utc>)> {
    let reached = |limit: Limit, at: &[DateTime<Utc>]| at.get(limit.tries - 1).map(|oldest| *oldest + limit.within);
    if let Some(until) = reached(PER_INVOICE, &in_vain.invoice) {
        return Some((HeldBy::Invoice, until));
    }
    let origin = reached(PER_ORIGIN, &in_vain.origin).max(reached(FRUITLESS, &in_vain.fruitless));
    if signed_in {
        return origin.map(|until| (HeldBy::Payer, until));
    }
    let merchant = reached(PER_MERCHANT, &in_vain.merchant);
    let both = [origin.map(|until| (HeldBy::Network, until)), merchant.map(|until| (HeldBy::Merchant, until))];
    both.into_iter().flatten().max_by_key(|(_, until)| *until)
}

/// Whether a merchant's latest tries look like somebody testing cards.
#[must_use]
pub const fn looks_like_testing(tries: u64, declines: u64) -> bool {
    tries >= ALARM_TRIES_MIN && declines * 100 > tries * ALARM_DECLINED_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many declines, one a second, the last of them at second 100.
    fn declines(count: i64) -> Vec<DateTime<Utc>> {
        (0..count).map(|ago| DateTime::UNIX_EPOCH + TimeDelta::seconds(100 - ago)).collect()
    }

    #[test]
    fn each_limit_holds_at_its_number_until_the_oldest_decline_is_past() {
        use HeldBy::{Invoice, Merchant, Network, Payer};
        let (minutes_10, hour) = (600, 3_600);
        for (invoice, origin, fruitless, merchant, signed_in, expected) in [
            (0, 0, 0, 0, false, None),
            (4, 9, 59, 29, false, None),
            (4, 9, 59, 29, true, None),
            (5, 0, 0, 0, false, Some((Invoice, 96 + hour))),
            (5, 0, 0, 0, true, Some((Invoice, 96 + hour))),
            (7, 0, 0, 0, false, Some((Invoice, 96 + hour))),
            (0, 10, 10, 0, false, Some((Network, 91 + minutes_10))),
            (0, 10, 10, 0, true, Some((Payer, 91 + minutes_10))),
            (0, 0, 60, 0, false, Some((Network, 41 + minutes_10))),
            (0, 0, 60, 0, true, Some((Payer, 41 + minutes_10))),
            (0, 10, 60, 0, false, Some((Network, 91 + minutes_10))),
            (0, 0, 0, 30, false, Some((Merchant, 71 + minutes_10))),
            (0, 0, 0, 30, true, None),
            (0, 9, 9, 500, true, None),
            (0, 10, 10, 30, false, Some((Network, 91 + minutes_10))),
            (5, 10, 10, 30, false, Some((Invoice, 96 + hour))),
        ] {
            let seen = InVain {
                invoice: declines(invoice),
                origin: declines(origin),
                fruitless: declines(fruitless),
                merchant: declines(merchant),
            };
            let told = held(&seen, signed_in).map(|(by, until)| (by, until.timestamp()));
            assert_eq!(told, expected, "{invoice} {origin} {fruitless} {merchant} signed in: {signed_in}");
        }
    }

    #[test]
    fn the_alarm_wants_twenty_tries_and_more_than_three_in_ten_declined() {
        for (tries, declines, alarm) in
            [(19, 19, false), (20, 6, false), (20, 7, true), (100, 30, false), (100, 31, true), (0, 0, false)]
        {
            assert_eq!(looks_like_testing(tries, declines), alarm, "{declines} of {tries}");
        }
    }
}
