//! What was refused and then posted was refused all the same (N3).

use super::*;
use chrono::TimeDelta;
use domain::{ids::MerchantId, payment::AttemptState};
use uuid::Uuid;

const PLACE: &str = "Their books";

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn attempt() -> AttemptId {
    AttemptId(Uuid::nil())
}

fn told(acts: &[(i64, Did)]) -> BooksStory {
    let told = |(minutes, did): &(i64, Did)| Told {
        at: at(*minutes),
        actor: "per_1".to_owned(),
        attempt: attempt(),
        invoice: Some(InvoiceId(Uuid::nil())),
        did: did.clone(),
    };
    BooksStory(acts.iter().map(told).collect())
}

fn entry(state: BooksEntryState, last_error: Option<&str>, minutes: i64) -> BooksEntry {
    BooksEntry {
        merchant_id: MerchantId(Uuid::nil()),
        attempt_id: attempt(),
        invoice_id: InvoiceId(Uuid::nil()),
        amount_minor: 1,
        idempotency_key: String::new(),
        state,
        external_id: Some("pmt-1".to_owned()),
        last_error: last_error.map(str::to_owned),
        updated_at: at(minutes),
    }
}

fn shown(story: &BooksStory, entry: BooksEntry) -> Vec<(String, String)> {
    let events = story.events(&[entry], &Actors::default(), PLACE, |at| at.fixed_offset());
    events.into_iter().map(|event| (event.title, event.detail)).collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(title, detail)| ((*title).to_owned(), (*detail).to_owned())).collect()
}

#[test]
fn n3_each_refusal_is_told_and_the_reason_of_the_last() {
    use BooksEntryState::{Posted, Refused};
    let mut acts = vec![(0, Did::MoneyCame), (1, Did::Refused), (2, Did::AskedAgain), (3, Did::Refused)];
    let refused = [("The books refused it", PLACE), ("Posting again asked for", "By per_1")];
    let now = [refused[0], refused[1], ("The books refused it", "Locked.")];
    assert_eq!(shown(&told(&acts), entry(Refused, Some("Locked."), 3)), pairs(&now));
    acts.extend([(4, Did::AskedAgain), (5, Did::Posted("pmt-1".to_owned()))]);
    let then = [refused[0], refused[1], refused[0], refused[1], ("Posted to the books", "Their books: payment pmt-1.")];
    assert_eq!(shown(&told(&acts), entry(Posted, None, 5)), pairs(&then));
}

#[test]
fn n3_what_is_older_than_the_trail_is_told_by_its_row() {
    use BooksEntryState::{Intended, Leaving, Needless, Posted, Refused};
    for (state, says) in [
        (Posted, Some(("Posted to the books", "Their books: payment pmt-1."))),
        (Refused, Some(("The books refused it", "Locked."))),
        (Leaving, Some(("To be taken out of the books", PLACE))),
        (Needless, Some(("Taken out of the books", PLACE))),
        (Intended, None),
    ] {
        let says: Vec<_> = says.into_iter().collect();
        assert_eq!(shown(&told(&[]), entry(state, Some("Locked."), 1)), pairs(&says), "{state:?}");
    }
}

#[test]
fn n3_money_that_went_back_is_asked_to_be_let_go_of() {
    let acts =
        [(0, Did::MoneyCame), (1, Did::MoneyWentBack), (2, Did::Refused), (3, Did::AskedAgain), (4, Did::TakenBack)];
    let says = [
        ("The books refused to let it go", PLACE),
        ("Taking it out of the books again asked for", "By per_1"),
        ("Taken out of the books", PLACE),
    ];
    assert_eq!(shown(&told(&acts), entry(BooksEntryState::Needless, None, 4)), pairs(&says));
}

#[test]
fn n3_d9_money_that_went_back_is_asked_for_by_an_invoice() {
    let mut acts = vec![(0, Did::MoneyCame), (1, Did::MoneyWentBack), (2, Did::Refused), (3, Did::InvoiceAsked)];
    let mut says = vec![("The books refused to let it go", PLACE), ("Return invoice asked for", "By per_1")];
    let leaving = entry(BooksEntryState::Leaving, None, 3);
    assert!(told(&acts).is_to_be_invoiced(&leaving));
    assert_eq!(shown(&told(&acts), leaving), pairs(&says));
    acts.push((4, Did::Invoiced("RT-1".to_owned())));
    says.push(("Return invoice written", "Their books: RT-1 asks for the money, and the payment stays."));
    assert_eq!(shown(&told(&acts), entry(BooksEntryState::Invoiced, None, 4)), pairs(&says));
}

#[test]
fn n3_a_job_is_refused_by_what_came_of_it() {
    let story = told(&[(0, Did::MoneyCame), (1, Did::Refused), (2, Did::AskedAgain), (3, Did::Posted("1".to_owned()))]);
    let asked_ms = at(2).timestamp_millis();
    let (first, from) = story.posting(&Work::PostPayment { attempt: attempt() }).expect("it posts");
    let (again, to) = story.posting(&Work::PostAgain { attempt: attempt(), asked_ms }).expect("it posts");
    assert_eq!((from, to), (0, 2));
    let posted = [entry(BooksEntryState::Posted, None, 3)];
    assert!(story.was_refused(first, from, Some(to), &posted), "whatever came of the next");
    assert!(!story.was_refused(again, to, None, &posted));
    let silent = told(&[]);
    let refused = [entry(BooksEntryState::Refused, Some("Locked."), 3)];
    assert!(silent.was_refused(again, 0, None, &refused), "the newest, when nothing was written down");
    assert!(!silent.was_refused(first, 0, Some(0), &refused));
    assert_eq!(story.posting(&Work::WriteNotice { attempt: attempt(), came_to: AttemptState::Voided }), None);
}
