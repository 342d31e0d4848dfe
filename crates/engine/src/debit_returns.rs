//! Too many bank debits that come back (D10): read anew each time, so it ends when fewer do. The limits are those of
//! `domain/src/returns.rs`.

use crate::{Engine, Error, exception_lines::OpenException};
use chrono::{DateTime, Utc};
use domain::{
    exception::Severity,
    payment::DeclineReason,
    returns::{RETURNS_MIN, RETURNS_WITHIN, ReturnLimit},
};
use store::MerchantDb;

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
