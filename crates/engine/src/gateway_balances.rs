//! What moved on the merchants' balances at their gateways on each day: what came and went, the gateways' fees, and what was
//! paid out to a bank (`wire/gateways.md`, 8.2). It is told and compared with nothing: our ledger knows no fees.

use crate::{
    Engine, Error,
    clock::{day, zone},
};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use connectors::gateway::BalanceMove;
use domain::money::{Currency, Money};
use std::collections::BTreeMap;

impl Engine {
    /// A line for each merchant, gateway, day and currency, the oldest first. One that did not answer is a line as well.
    ///
    /// # Errors
    /// The database is away.
    pub async fn gateway_balances(&self, since: DateTime<Utc>) -> Result<Vec<String>, Error> {
        let mut lines = Vec::new();
        for db in self.store().door_rounds().await? {
            let merchant = db.merchant().await?;
            let zone = zone(&merchant.time_zone);
            for connection in db.gateways().await? {
                let gateway = self.gateway_of(&db, &connection)?;
                if !gateway.capabilities().balance {
                    continue;
                }
                let name = gateway.capabilities().name;
                let told = match gateway.balance_since(since).await {
                    Ok(moves) => by_day(&moves, zone),
                    Err(cause) => vec![format!("was not read: {cause}")],
                };
                lines.extend(told.into_iter().map(|line| format!("{}, balance at {name}: {line}", merchant.name)));
            }
        }
        Ok(lines)
    }
}

/// Of one day, in minor units.
#[derive(Default)]
struct Sums {
    moved: i64,
    fees: i64,
    paid_out: i64,
}

fn by_day(moves: &[BalanceMove], zone: Tz) -> Vec<String> {
    let mut days: BTreeMap<(NaiveDate, String), (Currency, Sums)> = BTreeMap::new();
    for of in moves {
        let currency = of.amount.currency;
        let key = (day(of.at, zone), currency.code().to_owned());
        let (_, sums) = days.entry(key).or_insert((currency, Sums::default()));
        sums.fees += of.fee.minor;
        if of.is_payout {
            sums.paid_out -= of.amount.minor;
        } else {
            sums.moved += of.amount.minor;
        }
    }
    let line = |((day, code), (currency, Sums { moved, fees, paid_out })): ((NaiveDate, String), (Currency, Sums))| {
        let [came, fee, net, out] =
            [moved, fees, moved - fees, paid_out].map(|minor| Money::new(minor, currency).to_decimal());
        format!("{day} {code}: {came} came, fees {fee}, net {net}; paid out {out}")
    };
    days.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d30_a_day_at_a_gateway_has_one_line_for_what_came_its_fees_and_what_was_paid_out() {
        let moved = |at: &str, minor, fee_minor, is_payout| BalanceMove {
            at: at.parse().expect("a moment"),
            amount: Money::new(minor, Currency::USD),
            fee: Money::new(fee_minor, Currency::USD),
            is_payout,
        };
        let moves = [
            moved("2026-11-26T03:00:00Z", -12_030, 0, false),
            moved("2026-11-25T20:00:00Z", 120_450, 3_523, false),
            moved("2026-11-26T20:00:00Z", -100_000, 25, true),
        ];
        assert_eq!(
            by_day(&moves, Tz::America__New_York),
            [
                "2026-11-25 USD: 1084.20 came, fees 35.23, net 1048.97; paid out 0.00",
                "2026-11-26 USD: 0.00 came, fees 0.25, net -0.25; paid out 1000.00",
            ]
        );
    }
}
