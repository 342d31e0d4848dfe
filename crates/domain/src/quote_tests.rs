use super::*;

type Change = fn(&mut SessionAsked);

fn asked() -> SessionAsked {
    SessionAsked {
        quote: QuoteAsked { id: "8f2c".into(), number: 10_231, version: 1, name: "New firewall".into() },
        account: AccountAsked { name: "Acme Pty Ltd".into(), psa_company_id: None },
        payer: PayerAsked {
            email: "ana@acme.test".into(),
            first_name: "Ana".into(),
            last_name: "Example".into(),
            phone: None,
        },
        one_time: OneTimeAsked { amount_minor: 125_000, currency: "USD".into(), tax_minor: Some(5_000) },
        recurring: None,
        allowed_methods: vec![AllowedMethod::Card, AllowedMethod::Bank],
        return_url: "https://sell.example/back".into(),
        cancel_url: "https://sell.example/left".into(),
        acceptance: Acceptance {
            accepted_at: DateTime::UNIX_EPOCH,
            signer_name: "Ana Example".into(),
            signer_ip: None,
        },
        metadata: BTreeMap::new(),
    }
}

#[test]
fn s1_what_can_be_taken_is_taken_and_what_cannot_says_which_field() {
    let own = Currency::USD;
    assert_eq!(asked().read(own), Ok(Money::new(125_000, own)));
    assert_eq!(asked().number(), "Q-10231");
    let changes: [(Change, SessionRefusal); 10] = [
        (|it| it.one_time.amount_minor = 0, SessionRefusal::InvalidAmount),
        (|it| it.one_time.amount_minor = i64::MAX, SessionRefusal::InvalidAmount),
        (|it| it.one_time.tax_minor = Some(125_001), SessionRefusal::InvalidAmount),
        (|it| it.one_time.tax_minor = Some(-1), SessionRefusal::InvalidAmount),
        (|it| it.one_time.currency = "AUD".into(), SessionRefusal::CurrencyMismatch),
        (|it| it.one_time.currency = "dollars".into(), SessionRefusal::CurrencyMismatch),
        (|it| it.quote.id = " ".into(), SessionRefusal::InvalidRequest("quote.id")),
        (|it| it.quote.name = "a\0b".into(), SessionRefusal::InvalidRequest("quote.name")),
        (|it| it.account.name = "n".repeat(201), SessionRefusal::InvalidRequest("account.name")),
        (|it| it.payer.email = "Ana".into(), SessionRefusal::InvalidRequest("payer.email")),
    ];
    for (change, refusal) in changes {
        let mut wrong = asked();
        change(&mut wrong);
        assert_eq!(wrong.read(own), Err(refusal));
        assert_eq!(refusal.status(), 422);
        assert!(refusal.field().is_some());
    }
}

#[test]
fn s15_a_recurring_part_is_one_only_when_it_is_present() {
    let recurring = |present| RecurringAsked { present, amount_minor: 9_900, cycle: "monthly".into(), label: None };
    assert!(!asked().is_recurring());
    assert!(!SessionAsked { recurring: Some(recurring(false)), ..asked() }.is_recurring());
    assert!(SessionAsked { recurring: Some(recurring(true)), ..asked() }.is_recurring());
}

#[test]
fn s20_each_state_of_a_payment_is_one_of_its_session_and_one_that_is_open_is_not_paid_twice() {
    use SessionStatus::{Created, Expired, Failed, Processing, Returned, Succeeded};
    for (paid, status, back) in [
        (None, Created, "cancelled"),
        (Some(AttemptState::RequiresAction), Created, "cancelled"),
        (Some(AttemptState::Voided), Created, "cancelled"),
        (Some(AttemptState::Created), Processing, "processing"),
        (Some(AttemptState::Unknown), Processing, "processing"),
        (Some(AttemptState::Processing), Processing, "processing"),
        (Some(AttemptState::Approved), Succeeded, "succeeded"),
        (Some(AttemptState::Settled), Succeeded, "succeeded"),
        (Some(AttemptState::Declined), Failed, "failed"),
        (Some(AttemptState::Returned), Returned, "failed"),
    ] {
        let found = SessionStatus::of(paid, false);
        assert_eq!((found, found.at_return()), (status, back), "{paid:?}");
        assert_eq!(found.is_taken(), matches!(status, Processing | Succeeded));
    }
    assert_eq!(SessionStatus::of(None, true), Expired);
    assert_eq!(SessionStatus::of(Some(AttemptState::Approved), true), Succeeded, "what is paid stays paid");
}

#[test]
fn s21_a_session_may_be_tried_four_times_within_half_an_hour() {
    let end = DateTime::UNIX_EPOCH + SESSION_LIFE;
    for (tries, now, open) in [
        (0, DateTime::UNIX_EPOCH, true),
        (3, DateTime::UNIX_EPOCH, true),
        (4, DateTime::UNIX_EPOCH, false),
        (0, end, false),
    ] {
        assert_eq!(is_open(end, tries, now), open, "{tries} tries at {now}");
    }
}

#[test]
fn n1_a_credit_covers_what_owes_as_much_and_names_the_quote_or_came_after_its_payment() {
    let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).expect("a day");
    let usd = |minor| Money::new(minor, Currency::USD);
    let credit = OpenCredit { number: "Q-10231", left: usd(125_000), paid_on: day(20) };
    let bill = Bill { number: "INV-700", reference: None, due: usd(125_000), date: day(20) };
    for (told, bill, found) in [
        (
            "names it in its reference",
            Bill { reference: Some("Downpayment for Q-10231"), ..bill },
            Some(CoverKind::Named),
        ),
        ("in its number", Bill { number: "q10231-dp", ..bill }, Some(CoverKind::Named)),
        (
            "in words, though it is older",
            Bill { reference: Some("quote #10231"), date: day(1), ..bill },
            Some(CoverKind::Named),
        ),
        ("owes as much since then", bill, Some(CoverKind::SameAmount)),
        ("owed as much before", Bill { date: day(19), ..bill }, None),
        ("names another", Bill { reference: Some("Q-102311"), date: day(19), ..bill }, None),
        ("owes another amount", Bill { reference: Some("Q-10231"), due: usd(125_001), ..bill }, None),
        (
            "owes another currency",
            Bill { reference: Some("Q-10231"), due: Money::new(125_000, Currency::AUD), ..bill },
            None,
        ),
        ("owes nothing", Bill { reference: Some("Q-10231"), due: usd(0), ..bill }, None),
    ] {
        assert_eq!(covers(credit, bill), found, "an invoice that {told}");
    }
    let used = OpenCredit { left: usd(0), ..credit };
    assert_eq!(covers(used, Bill { reference: Some("Q-10231"), due: usd(0), ..bill }), None, "nothing is left");
}
