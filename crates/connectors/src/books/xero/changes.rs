//! What changed in Xero, and what is open there, a page at a time (`wire/accounting.md`, 1.1 and 4.1). A place between two
//! pages is all that must be kept: it can be left and come back to.

use super::{
    BooksError, Call, Method, PAGES_MAX, Xero, dates, id, readable,
    wire::{Contact, Invoice, Page, Row},
};
use crate::books::{ChangesPage, Next, OpenPage};
use chrono::{DateTime, TimeDelta, Utc};
use domain::invoice::BooksCustomer;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The cursor of books without a single document.
const BEGINNING: &str = "1970-01-01T00:00:00Z";
/// A list goes on from so long before what was read last: its moment may be that of others, and is asked for in seconds.
const STEP_BACK: TimeDelta = TimeDelta::seconds(1);
/// As many ids go into one address.
const IDS_MAX: usize = 40;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum List {
    /// First: each invoice is somebody's.
    #[default]
    Contacts,
    Invoices,
}

/// Where the next page begins. A list is read in the order of its changes, each page from where the one before it ended, so
/// that what is edited meanwhile moves to the end and is read there. Where more than a page changed within a second, as by
/// an import, the rest is read in the order of ids, in which nothing that waits moves forward.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Place {
    /// The cursor of this delta.
    since: Option<String>,
    list: List,
    /// Later than `since`, when a part of the list is read.
    from: Option<String>,
    by_id: bool,
    page: u32,
    seen: Seen,
}

/// What the next cursor follows from: the latest change seen, but never later than when reading began, because what
/// changed while we were reading may stand on a page that we had read already.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Seen {
    began: Option<DateTime<Utc>>,
    latest: Option<DateTime<Utc>>,
}

impl Seen {
    fn note<T: Row>(&mut self, page: &Page<T>) {
        self.began = self.began.or(page.answered.map(|at| at.0));
        self.latest = latest(page).into_iter().chain(self.latest).max();
    }

    fn cursor(&self, before: Option<&str>) -> String {
        let latest = self.latest.map(|latest| self.began.map_or(latest, |began| latest.min(began)));
        latest.map_or_else(|| before.unwrap_or(BEGINNING).to_owned(), dates::cursor)
    }
}

fn latest<T: Row>(page: &Page<T>) -> Option<DateTime<Utc>> {
    page.rows.iter().filter_map(Row::updated).map(|at| at.0).max()
}

impl Place {
    /// A cursor is where a delta starts, or a place within one.
    fn read(cursor: Option<&str>) -> Self {
        let within = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        // A place that another version has written otherwise is none: all is read.
        let since = cursor.filter(|cursor| !cursor.starts_with('{')).map(str::to_owned);
        within.unwrap_or(Self { since, page: 1, ..Self::default() })
    }

    fn written(&self) -> Result<String, BooksError> {
        serde_json::to_string(self).map_err(|cause| BooksError::Unreachable(cause.to_string()))
    }

    fn asked_since(&self) -> Option<&str> {
        self.from.as_deref().or(self.since.as_deref())
    }

    /// Behind a page; `false` when that was the last one of its list.
    fn pass<T: Row>(&mut self, page: &Page<T>) -> Result<bool, BooksError> {
        self.seen.note(page);
        if page.is_last(self.page) {
            return Ok(false);
        }
        let reached = latest(page).map(|latest| dates::before(latest, STEP_BACK));
        let is_further = |reached: &String| self.asked_since().is_none_or(|asked| reached.as_str() > asked);
        match reached.filter(is_further) {
            Some(reached) if !self.by_id => self.from = Some(reached),
            _ if self.by_id => self.page += 1,
            _ => self.by_id = true,
        }
        if self.page > PAGES_MAX {
            return Err(BooksError::Unreachable(format!("there are more than {PAGES_MAX} pages of changes")));
        }
        Ok(true)
    }

    /// At the beginning of the other list.
    fn turn_to(self, list: List) -> Self {
        Self { list, from: None, by_id: false, page: 1, ..self }
    }
}

impl Xero {
    pub(super) async fn changes_page(&self, cursor: Option<&str>) -> Result<ChangesPage, BooksError> {
        let mut place = Place::read(cursor);
        let (mut customers, mut invoices, mut left) = (Vec::new(), Vec::new(), None);
        let has_more = match place.list {
            List::Contacts => {
                let filter = [("includeArchived", "true")];
                let page = self.page_of::<Contact>("Contacts", &filter, "ContactID ASC", &place).await?;
                let has_more = place.pass(&page)?;
                customers.extend(page.rows.into_iter().map(Contact::read));
                has_more
            }
            List::Invoices => {
                // Not by status: what was paid or voided must be seen too (4.1).
                let filter = [("where", r#"Type=="ACCREC""#)];
                let page = self.page_of::<Invoice>("Invoices", &filter, "InvoiceID ASC", &place).await?;
                left = page.left(place.page);
                let has_more = place.pass(&page)?;
                invoices.extend(page.rows.iter().filter(|invoice| invoice.is_collected()).filter_map(readable));
                has_more
            }
        };
        let next = match place.list {
            _ if has_more => Next::More(place.written()?),
            List::Contacts => Next::More(place.turn_to(List::Invoices).written()?),
            // Nothing is deleted there without a trace.
            List::Invoices => Next::Done { cursor: place.seen.cursor(place.since.as_deref()), deletions_told: true },
        };
        Ok(ChangesPage { customers, invoices, gone: Vec::new(), left, next })
    }

    async fn page_of<T: DeserializeOwned>(
        &self,
        path: &str,
        filter: &[(&str, &str)],
        by_id: &str,
        place: &Place,
    ) -> Result<Page<T>, BooksError> {
        let order = if place.by_id { by_id } else { "UpdatedDateUTC ASC" };
        let request = self.page(path, filter, place.asked_since(), place.page).query(&[("order", order)]);
        self.rows(Call::Read, request).await
    }

    /// In the order of ids; the cursor is the number of the page.
    pub(super) async fn open_page(&self, cursor: Option<&str>) -> Result<OpenPage, BooksError> {
        let number = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(1);
        let open = [
            ("where", r#"Type=="ACCREC" AND AmountDue>0"#),
            ("Statuses", "AUTHORISED"),
            ("summaryOnly", "true"),
            ("order", "InvoiceID ASC"),
        ];
        let page: Page<Invoice> = self.rows(Call::Read, self.page("Invoices", &open, None, number)).await?;
        let next = (!page.is_last(number) && number < PAGES_MAX).then(|| (number + 1).to_string());
        let invoices = page.rows.iter().filter(|invoice| invoice.is_collected()).filter_map(readable).collect();
        Ok(OpenPage { invoices, left: page.left(number), next })
    }

    pub(super) async fn contacts(&self, external_ids: &[String]) -> Result<Vec<BooksCustomer>, BooksError> {
        let mut found = Vec::new();
        for some in external_ids.chunks(IDS_MAX) {
            let ids: Vec<_> = some.iter().filter_map(|external_id| Some(id(external_id).ok()?.to_string())).collect();
            if ids.is_empty() {
                continue;
            }
            let ids = ids.join(",");
            let request = self.call(Method::GET, "Contacts");
            let request = request.query(&[("IDs", ids.as_str()), ("includeArchived", "true"), ("page", "1")]);
            let page: Page<Contact> = self.rows(Call::Read, request).await?;
            found.extend(page.rows.into_iter().map(Contact::read));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_where_a_delta_starts_or_a_place_within_one() {
        let start = Place::read(Some("2026-07-01T00:00:00Z"));
        assert_eq!((start.since.as_deref(), start.page, start.list), (Some("2026-07-01T00:00:00Z"), 1, List::Contacts));
        let within = Place { page: 3, by_id: true, ..start.turn_to(List::Invoices) };
        let read = Place::read(within.written().ok().as_deref());
        assert_eq!((read.since.as_deref(), read.page, read.by_id), (Some("2026-07-01T00:00:00Z"), 3, true));
        assert_eq!((read.list, Place::read(None).page), (List::Invoices, 1));
    }
}
