//! What the books did with a payment, each posting, refusal and asking again, and how the jobs of it ended (N3). Told
//! from what was written down then: a row of the books knows only where it stands now.

use crate::{
    actors::Actors,
    audit_rows::Written,
    audit_words::{PAYMENT_TAKEN_IN, RETURN_INVOICE_WRITTEN},
    payment_story::event,
    work::Work,
};
use chrono::{DateTime, Utc};
use domain::{
    date::Moment,
    ids::{AttemptId, InvoiceId},
    views::{JobFace, StoryEvent, Tone},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use store::{BooksEntry, BooksEntryState, Job, JobState};

pub(crate) const RUNNING: &str = "Running";

/// A payment's money and the books, in the order in which it was written down.
pub(crate) struct BooksStory(Vec<Told>);

struct Told {
    at: DateTime<Utc>,
    actor: String,
    attempt: AttemptId,
    invoice: Option<InvoiceId>,
    did: Did,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Did {
    /// From the gateway, after a restore.
    TakenIn,
    MoneyCame,
    MoneyWentBack,
    /// With the books' id of it.
    Posted(String),
    Refused,
    AskedAgain,
    /// Meant for another invoice.
    Reallocated,
    TakenBack,
    InvoiceAsked,
    /// With the number of the return invoice.
    Invoiced(String),
}

/// What is read of a body. One that was changed may not be readable, and tells nothing here.
#[derive(Deserialize)]
struct Body {
    attempt: AttemptId,
    invoice: Option<InvoiceId>,
    external_id: Option<String>,
    number: Option<String>,
}

impl Told {
    fn read(kind: &str, actor: &str, body: &str, at: DateTime<Utc>) -> Option<Self> {
        let Body { attempt, invoice, external_id, number } = serde_json::from_str(body).ok()?;
        let did = match kind {
            PAYMENT_TAKEN_IN => Did::TakenIn,
            "money_came" => Did::MoneyCame,
            "money_went_back" => Did::MoneyWentBack,
            "books_posted" => Did::Posted(external_id.unwrap_or_default()),
            "books_refused" => Did::Refused,
            "post_again_asked" => Did::AskedAgain,
            "reallocated" => Did::Reallocated,
            "books_taken_back" => Did::TakenBack,
            "return_invoice_asked" => Did::InvoiceAsked,
            RETURN_INVOICE_WRITTEN => Did::Invoiced(number.unwrap_or_default()),
            _ => return None,
        };
        Some(Self { at, actor: actor.to_owned(), attempt, invoice, did })
    }

    fn is_of(&self, entry: &BooksEntry) -> bool {
        self.attempt == entry.attempt_id && self.invoice == Some(entry.invoice_id)
    }

    /// A job that writes into the books begins with it.
    fn begins_a_job(&self) -> bool {
        matches!(self.did, Did::MoneyCame | Did::MoneyWentBack | Did::AskedAgain | Did::Reallocated | Did::InvoiceAsked)
    }
}

impl BooksStory {
    pub(crate) fn of(written: &Written) -> Self {
        let lines = written.lines.iter().filter_map(|line| Told::read(&line.kind, &line.actor, &line.body, line.at));
        let slips = written.slips.iter().filter_map(|slip| Told::read(&slip.kind, &slip.actor, &slip.body, slip.at));
        Self(lines.chain(slips).collect())
    }

    /// What happened, and what the rows say of which nothing was written down.
    pub(crate) fn events(
        &self,
        entries: &[BooksEntry],
        actors: &Actors,
        place: &str,
        local: impl Fn(DateTime<Utc>) -> Moment,
    ) -> Vec<StoryEvent> {
        let told = self.0.iter().enumerate();
        let mut events: Vec<_> = told
            .filter_map(|(n, told)| match &told.did {
                Did::MoneyCame | Did::MoneyWentBack => None,
                Did::TakenIn => {
                    let who = format!("By {}. Who paid, and what they agreed to, was lost.", actors.name(&told.actor));
                    Some(event(local(told.at), "Taken in from the gateway after a restore", &who, Tone::Neutral))
                }
                Did::Posted(id) => Some(posted(local(told.at), place, id)),
                Did::Refused => Some(self.refused(n, told, entries, place, local(told.at))),
                Did::AskedAgain => Some(self.asked_again(n, told, actors, local(told.at))),
                Did::Reallocated => {
                    let who = format!("By {}", actors.name(&told.actor));
                    Some(event(local(told.at), "Put on another invoice", &who, Tone::Neutral))
                }
                Did::TakenBack => Some(taken_back(local(told.at), place)),
                Did::InvoiceAsked => {
                    let who = format!("By {}", actors.name(&told.actor));
                    Some(event(local(told.at), "Return invoice asked for", &who, Tone::Neutral))
                }
                Did::Invoiced(number) => {
                    let detail = format!("{place}: {number} asks for the money, and the payment stays.");
                    Some(event(local(told.at), "Return invoice written", &detail, Tone::Good))
                }
            })
            .collect();
        // One press asks for each invoice of a payment.
        events.dedup();
        events.extend(entries.iter().filter_map(|entry| self.untold(entry, place, local(entry.updated_at))));
        events
    }

    fn refused(&self, n: usize, told: &Told, entries: &[BooksEntry], place: &str, at: Moment) -> StoryEvent {
        let title = if self.had_gone_back(n, told) { "The books refused to let it go" } else { "The books refused it" };
        // The trail has no vendor's words, and the row only the last ones.
        let is_last = |entry: &&BooksEntry| {
            let mut later = self.0.iter().skip(n + 1);
            told.is_of(entry) && !later.any(|later| later.is_of(entry) && later.did == Did::Refused)
        };
        let why = entries.iter().find(is_last).and_then(|entry| entry.last_error.as_deref());
        event(at, title, why.unwrap_or(place), Tone::Bad)
    }

    fn asked_again(&self, n: usize, told: &Told, actors: &Actors, at: Moment) -> StoryEvent {
        let title = if self.had_gone_back(n, told) {
            "Taking it out of the books again asked for"
        } else {
            "Posting again asked for"
        };
        event(at, title, &format!("By {}", actors.name(&told.actor)), Tone::Neutral)
    }

    /// What is to be done about an entry is that an invoice asks for its money, and not that it leaves.
    pub(crate) fn is_to_be_invoiced(&self, entry: &BooksEntry) -> bool {
        let last = self.0.iter().rfind(|told| told.is_of(entry));
        entry.state == BooksEntryState::Leaving && last.is_some_and(|last| last.did == Did::InvoiceAsked)
    }

    /// Whether the money was back with the payer when this happened.
    fn had_gone_back(&self, n: usize, told: &Told) -> bool {
        let before = self.0.iter().take(n).filter(|before| before.attempt == told.attempt);
        let mut moves = before.filter(|before| matches!(before.did, Did::MoneyCame | Did::MoneyWentBack));
        moves.next_back().is_some_and(|last| last.did == Did::MoneyWentBack)
    }

    /// How an entry stands, when nobody wrote down how it came to that: it is under way, or older than the trail.
    fn untold(&self, entry: &BooksEntry, place: &str, at: Moment) -> Option<StoryEvent> {
        let is_told = |did: fn(&Did) -> bool| {
            self.0.iter().any(|told| told.is_of(entry) && told.at >= entry.updated_at && did(&told.did))
        };
        match entry.state {
            BooksEntryState::Leaving if self.is_to_be_invoiced(entry) => None,
            BooksEntryState::Leaving => Some(event(at, "To be taken out of the books", place, Tone::Wait)),
            // Its number says that it stood.
            BooksEntryState::Needless if entry.external_id.is_some() => {
                (!is_told(|did| *did == Did::TakenBack)).then(|| taken_back(at, place))
            }
            BooksEntryState::Intended
            | BooksEntryState::Needless
            | BooksEntryState::ByHand
            | BooksEntryState::Moved
            | BooksEntryState::Invoiced => None,
            BooksEntryState::Posted => (!is_told(|did| matches!(did, Did::Posted(_))))
                .then(|| posted(at, place, entry.external_id.as_deref().unwrap_or_default())),
            BooksEntryState::Refused => (!is_told(|did| *did == Did::Refused)).then(|| {
                let why = entry.last_error.as_deref().unwrap_or(place);
                event(at, "The books refused it", why, Tone::Bad)
            }),
        }
    }

    /// The jobs of a payment, oldest first. One is refused by what came of it, whatever the books did later; what they
    /// object to is known of the last refusal alone.
    pub(crate) fn jobs(
        &self,
        rows: Vec<Job>,
        entries: &[BooksEntry],
        local: impl Fn(DateTime<Utc>) -> Moment,
    ) -> Vec<JobFace> {
        let (mut next, mut explained) = (BTreeMap::new(), BTreeSet::new());
        let newest_first = rows.into_iter().rev().map(|row| {
            let work = serde_json::from_str::<Work>(&row.body).ok();
            let refused = work.as_ref().and_then(|work| self.posting(work)).filter(|(attempt, from)| {
                let to = next.insert(*attempt, *from);
                row.state == JobState::Done && self.was_refused(*attempt, *from, to, entries)
            });
            let why = match refused {
                Some((attempt, _)) if explained.insert(attempt) => reason(entries, attempt),
                Some(_) => None,
                None => row.last_error.clone(),
            };
            let next_at = (row.state == JobState::Ready).then(|| local(row.run_at));
            JobFace {
                what: work.map_or("Unknown task", |work| work.words()).to_owned(),
                state: if refused.is_some() { "Refused" } else { state_words(&row) }.to_owned(),
                tries: u32::try_from(row.tries).unwrap_or(0),
                next_at,
                last_error: why,
            }
        });
        let mut faces: Vec<_> = newest_first.collect();
        faces.reverse();
        faces
    }

    /// Whose money a job is to write into the books or to take out of them, and where it begins in what is told.
    fn posting(&self, work: &Work) -> Option<(AttemptId, usize)> {
        let (attempt, asked_ms) = match work {
            Work::PostPayment { attempt } => return Some((*attempt, 0)),
            Work::PostAgain { attempt, asked_ms }
            | Work::TakeBackPayment { attempt, asked_ms }
            | Work::WriteReturnInvoice { attempt, asked_ms, .. } => (*attempt, *asked_ms),
            _ => return None,
        };
        let its_own =
            |told: &Told| told.attempt == attempt && told.begins_a_job() && told.at.timestamp_millis() == asked_ms;
        let begins = self.0.iter().rposition(its_own);
        // One from before the trail, or that another job asked for.
        let begins = begins.or_else(|| self.0.iter().position(|told| told.at.timestamp_millis() > asked_ms));
        Some((attempt, begins.unwrap_or(self.0.len())))
    }

    /// Between the beginnings of this job and of the next one for the same money; of the newest, the rows tell as well.
    fn was_refused(&self, attempt: AttemptId, from: usize, to: Option<usize>, entries: &[BooksEntry]) -> bool {
        let mut told = self.0.iter().take(to.unwrap_or(self.0.len())).skip(from);
        let is_refused_now =
            |entry: &BooksEntry| entry.attempt_id == attempt && entry.state == BooksEntryState::Refused;
        told.any(|told| told.attempt == attempt && told.did == Did::Refused)
            || (to.is_none() && entries.iter().any(is_refused_now))
    }
}

/// What the books object to, in their words.
fn reason(entries: &[BooksEntry], attempt: AttemptId) -> Option<String> {
    let mut its_own = entries.iter().filter(|entry| entry.attempt_id == attempt);
    its_own.find_map(|entry| entry.last_error.clone())
}

fn state_words(job: &Job) -> &'static str {
    match job.state {
        JobState::Ready => "Waiting",
        JobState::Leased => RUNNING,
        // Ended by news before anybody had to run it.
        JobState::Done if job.tries == 0 => "Not needed",
        JobState::Done => "Done",
        JobState::Dead => "Given up",
    }
}

fn posted(at: Moment, place: &str, id: &str) -> StoryEvent {
    event(at, "Posted to the books", &format!("{place}: payment {id}."), Tone::Good)
}

fn taken_back(at: Moment, place: &str) -> StoryEvent {
    event(at, "Taken out of the books", place, Tone::Neutral)
}

#[cfg(test)]
#[path = "books_story_tests.rs"]
mod tests;
