//! The reporting calls: one transaction, what is unsettled, batches and their rows, the merchant.
//! Source: `wire/gateways.md`, 3.5 and 3.7.

use chrono::{DateTime, NaiveDateTime};

use super::operation::{Answer, Operation, Reply};
use super::refusal::Refusal;
use super::reply::{Members, Out, flag, number, put, text};
use super::settlement::Batch;
use super::transactions::Transaction;
use super::tree::Node;
use super::{DAY_MS, MERCHANT, grant_of};

const PAGE_MAX: usize = 1000;
/// Furthest apart that the two dates of a list of batches may lie.
const BATCHES_WITHIN_MS: i64 = 31 * DAY_MS;
/// Without dates, the batches of the past day are listed.
const BATCHES_DEFAULT_MS: i64 = DAY_MS;

pub(crate) fn details(op: &Operation<'_>, root: &Node) -> Answer {
    let id = root.text("transId").and_then(|id| id.parse().ok()).unwrap_or(0);
    let transaction = op.account.transactions.get(&id).ok_or_else(Refusal::not_found)?;
    let mut members: Members = vec![("transaction", transaction.details(op.account))];
    // At the root, not within the transaction.
    put(&mut members, "transrefId", transaction.ref_id.as_deref());
    Ok(Reply::from(members))
}

/// Also held transactions with `status` `pendingApproval`; declined ones stay a day, as in the merchant's own view.
pub(crate) fn unsettled(op: &Operation<'_>, root: &Node) -> Answer {
    let held_alone = match root.text("status") {
        None | Some("any") => false,
        Some("pendingApproval") => true,
        Some(_) => return Err(Refusal::invalid("status")),
    };
    let rows = op.account.transactions.values().filter(|transaction| match held_alone {
        true => transaction.status.held(),
        false => transaction.batch.is_none() && op.now_ms - transaction.submitted_ms < recent(transaction),
    });
    page(rows.collect(), root)
}

/// Voided and declined transactions leave the list of the unsettled with the next batch.
fn recent(transaction: &Transaction) -> i64 {
    if transaction.status.unsettled() { i64::MAX } else { DAY_MS }
}

pub(crate) fn of_batch(op: &Operation<'_>, root: &Node) -> Answer {
    let id = root.text("batchId").ok_or_else(|| Refusal::required("batchId"))?.parse().unwrap_or(0);
    if !op.account.batches.contains_key(&id) {
        return Err(Refusal::not_found());
    }
    let rows = op.account.transactions.values().filter(|transaction| transaction.batch == Some(id));
    page(rows.collect(), root)
}

pub(crate) fn of_customer(op: &Operation<'_>, root: &Node) -> Answer {
    let number = |path: &str| root.text(path).and_then(|id| id.parse::<u64>().ok());
    let profile = number("customerProfileId").unwrap_or(0);
    if !op.account.profiles.contains_key(&profile) {
        return Err(Refusal::not_found());
    }
    let payment_profile = number("customerPaymentProfileId");
    let rows = op.account.transactions.values().filter(|transaction| {
        transaction
            .profile
            .is_some_and(|(of, with)| of == profile && payment_profile.is_none_or(|wanted| wanted == with))
    });
    page(rows.collect(), root)
}

/// `sorting` and `paging`; `offset` counts pages from 1.
fn page(mut rows: Vec<&Transaction>, root: &Node) -> Answer {
    match root.text("sorting/orderBy") {
        None | Some("id" | "submitTimeUTC") => rows.sort_by_key(|row| (row.submitted_ms, row.id)),
        Some("transactionStatus") => rows.sort_by_key(|row| row.status.name()),
        Some("settleAmount") => rows.sort_by_key(|row| row.settle),
        Some(_) => return Err(Refusal::invalid("orderBy")),
    }
    if root.flag("sorting/orderDescending") {
        rows.reverse();
    }
    let count = |path: &str, default: usize| root.text(path).map_or(Some(default), |text| text.parse().ok());
    let limit = count("paging/limit", PAGE_MAX).filter(|limit| (1..=PAGE_MAX).contains(limit));
    let limit = limit.ok_or_else(|| Refusal::invalid("limit"))?;
    let offset = count("paging/offset", 1).filter(|offset| (1..=100_000).contains(offset));
    let offset = offset.ok_or_else(|| Refusal::invalid("offset"))?;
    let total = rows.len();
    let shown: Vec<Out> = rows.into_iter().skip((offset - 1) * limit).take(limit).map(Transaction::summary).collect();
    let mut members = Members::new();
    let found = shown.len();
    if found > 0 {
        members.push(("transactions", Out::List("transaction", shown)));
    }
    members.push(("totalNumInResultSet", number(if root.at("paging").is_some() { total } else { found })));
    Ok(Reply::from(members))
}

pub(crate) fn batches(op: &Operation<'_>, root: &Node) -> Answer {
    let time = |path: &str| match root.text(path) {
        Some(text) => read_time(text).map(Some).ok_or_else(|| Refusal::invalid(path)),
        None => Ok(None),
    };
    let (first, last) = match (time("firstSettlementDate")?, time("lastSettlementDate")?) {
        (Some(first), Some(last)) if last < first => return Err(Refusal::invalid("lastSettlementDate")),
        (Some(first), Some(last)) if last - first > BATCHES_WITHIN_MS => {
            return Err(Refusal::invalid("The date range"));
        }
        (Some(first), Some(last)) => (first, last),
        (Some(first), None) => (first, first + BATCHES_WITHIN_MS),
        (None, last) => (last.unwrap_or(op.now_ms) - BATCHES_DEFAULT_MS, last.unwrap_or(op.now_ms)),
    };
    let statistics = root.flag("includeStatistics");
    let inside = op.account.batches.values().filter(|batch| (first..=last).contains(&batch.settled_ms));
    let rows: Vec<Out> = inside.map(|batch| batch.view(op.account, statistics)).collect();
    if rows.is_empty() {
        return Ok(Reply::from(Members::new()));
    }
    Ok(Reply::from(vec![("batchList", Out::List("batch", rows))]))
}

pub(crate) fn statistics(op: &Operation<'_>, root: &Node) -> Answer {
    let id = root.text("batchId").and_then(|id| id.parse().ok()).unwrap_or(0);
    let batch: &Batch = op.account.batches.get(&id).ok_or_else(Refusal::not_found)?;
    Ok(Reply::from(vec![("batch", batch.view(op.account, true))]))
}

/// `2026-11-25T08:15:30Z`, with an offset, or without: then it is UTC.
fn read_time(text: &str) -> Option<i64> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.timestamp_millis());
    }
    let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    Some(at.and_utc().timestamp_millis())
}

pub(crate) fn merchant(root: &Node) -> Answer {
    let login = root.text("merchantAuthentication/name").unwrap_or_default();
    let processor = Out::Tree(vec![
        ("name", text("First Data Nashville")),
        ("id", number(2)),
        ("cardTypes", Out::List("cardType", ["A", "D", "J", "M", "V"].map(text).to_vec())),
    ]);
    Ok(Reply::from(vec![
        ("isTestMode", flag(false)),
        ("processors", Out::List("processor", vec![processor])),
        ("merchantName", text(MERCHANT.name)),
        ("gatewayId", text("565697")),
        ("marketTypes", Out::List("marketType", vec![text("2")])),
        ("productCodes", Out::List("productCode", vec![text("CNP")])),
        (
            "paymentMethods",
            Out::List("paymentMethod", ["Amex", "Discover", "Echeck", "JCB", "MasterCard", "Visa"].map(text).to_vec()),
        ),
        ("currencies", Out::List("currency", vec![text(MERCHANT.currency)])),
        ("publicClientKey", text(grant_of(login).map(|grant| grant.client_key).unwrap_or_default())),
    ]))
}

#[cfg(test)]
mod tests {
    use super::read_time;

    #[test]
    fn times_may_come_with_and_without_an_offset() {
        let at = read_time("2026-11-25T08:15:30Z");
        assert!(at.is_some());
        assert_eq!(read_time("2026-11-25T08:15:30"), at);
        assert_eq!(read_time("2026-11-25T08:15:30.000+00:00"), at);
        assert_eq!(read_time("yesterday"), None);
    }
}
