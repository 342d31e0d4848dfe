//! Bank debits that come back: too many of them (D10), by the limits of `domain/src/returns.rs`, and one of which something
//! had been refunded. Read anew each time, so it ends when its rows have moved on.

use crate::{Engine, Error, exception_lines::OpenException};
use chrono::{DateTime, Utc};
use domain::{
    exception::Severity,
    money::{Locale, Money},
    payment::DeclineReason,
    refund::credit_number,
    returns::{RETURNS_MIN, RETURNS_WITHIN, ReturnLimit},
};
use store::{Attempt, BooksEntryState, MerchantDb};

impl Engine {
    pub(crate) async fn debit_return_exceptions(&self, db: &MerchantDb) -> Result<Vec<OpenException>, Error> {
        let since = self.now() - RETURNS_WITHIN;
        let returned = db.ach_returned(since).await?;
        // Most merchants have hardly any, and their debits need not be counted.
        if count(returned.len()) < RETURNS_MIN {
            return Ok(Vec::new());
        }
        let sent = db.ach_sent(since).await?;
        Ok(ReturnLimit::ALL.into_iter().filter_map(|limit| exceeded(limit, &returned, sent)).collect())
    }
}

fn exceeded(limit: ReturnLimit, returned: &[(DeclineReason, DateTime<Utc>)], sent: u64) -> Option<OpenException> {
    let counted: Vec<_> = returned.iter().filter(|(reason, _)| limit.counts(*reason)).collect();
    let since = counted.iter().map(|(_, at)| *at).max()?;
    let returned = count(counted.len());
    limit.is_exceeded(returned, sent).then(|| {
        let cause = limit.cause(returned, sent);
        let line = OpenException::new(limit.key().to_owned(), Severity::Look, "Debits", since, cause);
        OpenException { remedy: limit.remedy().to_owned(), ..line }
    })
}

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

/// A bank that takes a debit back takes the whole of it, or what its refunds have left: no gateway's document says which
/// (`wire/gateways.md`, 2.4, 3.7), and the refunds' credits hang on that (`wire/accounting.md`, 4.5).
pub(crate) async fn returned_beside_refunds(
    db: &MerchantDb,
    attempt: &Attempt,
    locale: Locale,
) -> Result<Option<OpenException>, Error> {
    let mut refunds = db.refunds_of(&[attempt.id]).await?;
    refunds.retain(|refund| !refund.state.is_dead());
    if refunds.is_empty() {
        return Ok(None);
    }
    let whole = attempt.amount()?;
    let words = |minor| Money::new(minor, whole.currency).format(locale);
    let minor: i64 = refunds.iter().map(|refund| refund.amount_minor).sum();
    let (amount, refunded, rest) = (whole.format(locale), words(minor), words(whole.minor - minor));
    let mut credits = Vec::new();
    for part in db.refund_parts(&refunds).await?.iter().filter(|part| part.state == BooksEntryState::Posted) {
        let number = db.invoice(part.invoice_id).await?.number;
        credits.push(format!("{} to {number}", credit_number(part.refund_id, part.invoice_id)));
    }
    let cause = format!("The bank took a debit of {amount} back of which {refunded} had been refunded.");
    let of_rest = if credits.is_empty() {
        format!("credit {refunded} on it in the books, where the refund does not stand")
    } else {
        format!("delete the payment of the refund in the books and allocate its credit, {}", credits.join(", "))
    };
    let remedy = format!(
        "Look at the gateway how much it took. If {amount}, its payer has {refunded} twice: the invoice is owed whole, as it \
         stands. If {rest}, no more than that is owed: {of_rest}."
    );
    let key = format!("returned_beside_refunds:{}", attempt.id);
    let line = OpenException::new(key, Severity::Money, "Payment", attempt.updated_at, cause).of(attempt.payment_id);
    Ok(Some(line.fixable(remedy, format!("{refunded} {}", credits.len()))))
}
