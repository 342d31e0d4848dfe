//! What waits in the whole installation, in numbers alone, for whoever watches it from outside: nothing says whose it is.

use crate::{Engine, Error, jobs::chain};
use chrono::{DateTime, Utc};
use std::time::Duration;
use store::JobState;

/// How many there are, and for how long the oldest has been there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub count: u64,
    pub oldest: Duration,
}

/// Jobs of one kind that are due, under way or given up.
#[derive(Clone, Debug)]
pub struct JobsWaiting {
    pub kind: String,
    pub state: &'static str,
    /// Since the oldest fell due.
    pub waiting: Waiting,
}

/// How the installation stands at one moment.
#[derive(Clone, Debug)]
pub struct Figures {
    pub jobs: Vec<JobsWaiting>,
    /// Attempts of which nobody knows how they end.
    pub attempts_open: Waiting,
}

impl Engine {
    /// # Errors
    /// The database is away.
    pub async fn figures(&self) -> Result<Figures, Error> {
        let now = self.now();
        let (jobs, (attempts, begun_at)) =
            tokio::try_join!(self.store().jobs_by_kind(now), self.store().attempts_open_count())?;
        let jobs = jobs.into_iter().map(|row| JobsWaiting {
            kind: row.kind,
            state: spelt(row.state),
            waiting: waiting(u64::try_from(row.jobs).unwrap_or(0), row.oldest_at, now),
        });
        Ok(Figures { jobs: jobs.collect(), attempts_open: waiting(attempts, begun_at, now) })
    }

    /// For how long the job has waited that fell due first and that no worker has.
    ///
    /// # Errors
    /// The database is away.
    pub async fn longest_due(&self) -> Result<Duration, Error> {
        let now = self.now();
        let jobs = self.store().jobs_by_kind(now).await?;
        let due = jobs.into_iter().filter(|row| row.state == JobState::Ready).filter_map(|row| row.oldest_at).min();
        Ok(since(due, now))
    }

    /// How many lines all inboxes have together. Each is put together from all that needs a person, so ask seldom.
    ///
    /// # Errors
    /// The database is away.
    pub async fn exceptions_count(&self) -> Result<u64, Error> {
        let mut count: u64 = 0;
        for db in self.store().door_rounds().await? {
            match self.open_exceptions(&db).await {
                Ok(open) => count = count.saturating_add(u64::try_from(open.len()).unwrap_or(u64::MAX)),
                Err(cause) => {
                    tracing::warn!(merchant.id = %db.merchant_id(), cause = %chain(&cause), "An inbox could not be counted.");
                }
            }
        }
        Ok(count)
    }
}

fn waiting(count: u64, at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Waiting {
    Waiting { count, oldest: since(at, now) }
}

fn since(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Duration {
    at.and_then(|at| (now - at).to_std().ok()).unwrap_or_default()
}

const fn spelt(state: JobState) -> &'static str {
    match state {
        JobState::Ready => "due",
        JobState::Leased => "under_way",
        JobState::Done => "done",
        JobState::Dead => "given_up",
    }
}
