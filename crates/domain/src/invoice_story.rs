//! "Why is this not paid?", of an invoice as a whole and also when nobody tried to pay it: one sentence and one next step
//! for staff, from what is recorded (N3).

use crate::{
    date::{Lateness, Moment, in_words, moment_in_words},
    invoice::InvoiceStatus,
    views::{InvoiceFace, PaymentRow, Whoami},
};
use chrono::NaiveDate;

/// What became of a try to pay an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    WaitsForPayer,
    /// The gateway's answer is missing.
    Unanswered,
    /// The day by which the bank decides, as a rule.
    AtBank {
        clears_by: Option<NaiveDate>,
    },
    /// Its money is here, and is being written into the books.
    Recording,
    /// Its money is here, and the books refused it.
    Refused,
    /// Its money went back, and the books have it still.
    Leaving,
    /// Its money went back, and the books do not let go of it: a person must take it out.
    Stays,
    /// Its money is here and in the books.
    InBooks,
    Declined,
    /// Nothing of it reached the gateway.
    NotSent,
    /// It ended without money, and no bank said no.
    GivenUp,
    /// Its money had come, and went back.
    TakenBack,
    /// Likewise; its payment stays in the books, and another invoice asks for the money.
    Invoiced,
    /// A debit that brought no money is made again on this day.
    AgainOn(NaiveDate),
}

impl Tried {
    /// It keeps others off the invoice, or waits for the books: nothing else says more about it.
    const fn is_under_way(self) -> bool {
        matches!(
            self,
            Self::WaitsForPayer
                | Self::Unanswered
                | Self::AtBank { .. }
                | Self::Recording
                | Self::Refused
                | Self::Leaving
                | Self::Stays
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Try {
    pub at: Moment,
    pub tried: Tried,
}

/// What is recorded about an invoice.
#[derive(Clone, Debug)]
pub struct Known {
    pub status: InvoiceStatus,
    /// What is left to pay, in words.
    pub left: String,
    pub due_date: NaiveDate,
    pub lateness: Lateness,
    /// The newest first.
    pub tries: Vec<Try>,
    /// What was paid here and stands in the books, and what they say is left, come to more than the whole: they have lost a
    /// payment, or were not read since.
    pub lacks_payment: bool,
    /// When a page to pay it was opened last. That is kept for two days, unless somebody paid there.
    pub opened: Option<Moment>,
    /// The books have an address of the customer.
    pub has_email: bool,
}

/// Where an invoice stands, and what one person can do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    pub sentence: String,
    pub next: String,
}

impl Why {
    fn new(sentence: impl Into<String>, next: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), next: next.into() }
    }
}

const NOTHING: &str = "Nothing is to be done.";
const BY_ITSELF: &str = "Wait a moment: it is tried again by itself.";
const WAIT: &str = "Wait until then.";
const OTHERWISE: &str = "Ask the customer to pay in another way. The payment’s page says what they were told.";
const WHAT_KEEPS_THEM: &str = "Ask the customer whether something keeps them from paying.";

impl Known {
    #[must_use]
    pub fn why(&self) -> Why {
        if let Some(under_way) = self.tries.iter().find(|of| of.tried.is_under_way()) {
            return self.of_try(*under_way);
        }
        match (self.status, self.tries.first()) {
            (InvoiceStatus::Draft, _) => {
                Why::new("It is a draft in the books, so nobody can pay it yet.", "Issue it first.")
            }
            (InvoiceStatus::Void, _) => Why::new("It was voided in the books, so nothing is owed.", NOTHING),
            (InvoiceStatus::Paid, _) => self.paid(),
            (InvoiceStatus::Open, Some(newest)) => self.of_try(self.money_of_older().unwrap_or(*newest)),
            (InvoiceStatus::Open, None) => self.untried(),
        }
    }

    /// Whoever is asked to pay because the newest try came to nothing must not pay what an older one has brought, or is
    /// about to.
    fn money_of_older(&self) -> Option<Try> {
        let here = self.tries.iter().position(|of| of.tried == Tried::InBooks);
        let since = &self.tries[..here.unwrap_or(self.tries.len())];
        let lost = here.filter(|_| self.lacks_payment).map(|here| self.tries[here]);
        lost.or_else(|| since.iter().copied().find(|of| matches!(of.tried, Tried::AgainOn(_))))
    }

    fn paid(&self) -> Why {
        let here = self.tries.iter().find(|of| of.tried == Tried::InBooks);
        if let (None, Some(back)) = (here, self.tries.iter().find(|of| of.tried == Tried::Invoiced)) {
            return self.of_try(*back);
        }
        let sentence = here.map_or("It is paid in the books, and not through this portal.".to_owned(), |of| {
            format!("It was paid here on {}, and stands in the books as paid.", moment_in_words(of.at))
        });
        Why::new(sentence, NOTHING)
    }

    fn of_try(&self, of: Try) -> Why {
        let at = moment_in_words(of.at);
        match of.tried {
            Tried::WaitsForPayer => Why::new(
                format!("A payment that was begun on {at} waits for its payer, at the bank’s or the gateway’s page."),
                "Wait: if nobody finishes it, it ends by itself, and the invoice can be paid again.",
            ),
            Tried::Unanswered => Why::new(
                format!("A payment was sent on {at}, and the gateway’s answer is missing."),
                "Wait: the gateway is asked again by itself. Nobody should pay meanwhile.",
            ),
            Tried::AtBank { clears_by: Some(by) } => Why::new(
                format!("A debit was sent to the bank on {at}, which decides by {} as a rule.", in_words(by)),
                WAIT,
            ),
            Tried::AtBank { clears_by: None } => Why::new(
                format!("A payment was sent on {at}, and the bank works on it."),
                "Wait: the books are told when it clears.",
            ),
            Tried::Recording => {
                Why::new(format!("It was paid here on {at}, and the books do not have it yet."), BY_ITSELF)
            }
            Tried::Refused => Why::new(
                format!("It was paid here on {at}, and the books refused the payment."),
                "Open the payment: its page says what they object to, and has it posted again.",
            ),
            Tried::Leaving => Why::new(
                format!("The money of {at} went back, and its payment is being taken out of the books."),
                BY_ITSELF,
            ),
            Tried::Stays => Why::new(
                format!("The money of {at} went back, and the books keep its payment."),
                "Open the payment: its page says why they do. Until it is out of them, nobody can pay the invoice here.",
            ),
            Tried::InBooks if self.lacks_payment => Why::new(
                format!("It was paid here on {at}, and the books say all the same that {} is left.", self.left),
                "Look for the payment in the books before anybody is asked to pay.",
            ),
            Tried::InBooks => Why::new(
                format!("A part of it was paid here on {at}, and {} is left.", self.left),
                "Ask the customer for the rest.",
            ),
            Tried::Declined => {
                Why::new(format!("A try to pay it on {at} was declined, and nobody has tried since."), OTHERWISE)
            }
            Tried::NotSent => Why::new(
                format!("A try to pay it on {at} never reached the gateway, and nobody has tried since."),
                "Ask the customer to try again.",
            ),
            Tried::GivenUp => Why::new(
                format!("A payment was begun on {at} and not finished, and nobody has tried since."),
                WHAT_KEEPS_THEM,
            ),
            Tried::TakenBack => Why::new(format!("It was paid on {at}, and the money went back."), OTHERWISE),
            Tried::Invoiced => Why::new(
                format!(
                    "The money of {at} went back. Its payment stays in the books, and a return invoice asks for it again."
                ),
                NOTHING,
            ),
            Tried::AgainOn(day) => {
                Why::new(format!("A debit of {at} brought no money, and is made again on {}.", in_words(day)), WAIT)
            }
        }
    }

    fn untried(&self) -> Why {
        match (self.opened, self.lateness) {
            (Some(at), _) => Why::new(
                format!("A page to pay it was opened last on {}, and nobody has pressed Pay.", moment_in_words(at)),
                WHAT_KEEPS_THEM,
            ),
            (None, Lateness::NotDue { .. } | Lateness::DueToday) => Why::new(
                format!("It is due on {}, and nobody has tried to pay it here so far.", in_words(self.due_date)),
                WAIT,
            ),
            (None, Lateness::Overdue { .. }) if !self.has_email => Why::new(
                "It is overdue, nobody has tried to pay it here, and the books have no e-mail address of the customer.",
                "Enter one there, and send them the invoice again.",
            ),
            (None, Lateness::Overdue { .. }) => Why::new(
                "It is overdue, nobody has tried to pay it here, and no page to pay it was opened in the last two days.",
                "Send the customer its link again.",
            ),
        }
    }
}

/// An invoice as staff read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceStory {
    pub who: Whoami,
    pub invoice: InvoiceFace,
    pub why: Why,
    pub customer_email: Option<String>,
    /// The newest payments of it, the newest first.
    pub payments: Vec<PaymentRow>,
    /// When pages to pay it were opened, the newest first, as long as that is kept.
    pub opened: Vec<Moment>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32) -> Moment {
        Moment::parse_from_rfc3339(&format!("2026-11-{day:02}T14:05:00+13:00")).expect("a moment")
    }

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).expect("a day of November")
    }

    fn known(status: InvoiceStatus, lateness: Lateness, tries: &[(u32, Tried)]) -> Known {
        Known {
            status,
            left: "$5.00".into(),
            due_date: date(20),
            lateness,
            tries: tries.iter().map(|(day, tried)| Try { at: at(*day), tried: *tried }).collect(),
            lacks_payment: false,
            opened: None,
            has_email: true,
        }
    }

    #[test]
    fn n3_each_invoice_has_one_sentence_and_one_next_step() {
        use {InvoiceStatus as S, Tried as T};
        let late = Lateness::Overdue { days: 3 };
        let of = |tries: &[(u32, Tried)]| known(S::Open, late, tries);
        let untried = of(&[]);
        let debit = T::AtBank { clears_by: Some(date(9)) };
        let table = [
            (
                untried.clone(),
                "no page to pay it was opened in the last two days.",
                "Send the customer its link again.",
            ),
            (
                Known { has_email: false, ..untried.clone() },
                "the books have no e-mail address of the customer.",
                "Enter one there, and send them the invoice again.",
            ),
            (
                Known { lateness: Lateness::DueToday, has_email: false, ..untried.clone() },
                "It is due on 20 Nov 2026, and nobody has tried to pay it here so far.",
                WAIT,
            ),
            (
                Known { opened: Some(at(4)), has_email: false, ..untried },
                "A page to pay it was opened last on 4 Nov 2026, 14:05, and nobody has pressed Pay.",
                WHAT_KEEPS_THEM,
            ),
            (of(&[(5, T::Declined)]), "on 5 Nov 2026, 14:05 was declined, and nobody has tried since.", OTHERWISE),
            (of(&[(5, T::NotSent)]), "never reached the gateway, and nobody has tried since.", "try again."),
            (of(&[(5, T::GivenUp)]), "and not finished, and nobody has tried since.", WHAT_KEEPS_THEM),
            (of(&[(5, T::WaitsForPayer)]), "waits for its payer, at the bank’s or the gateway’s page.", "paid again."),
            (of(&[(5, T::Unanswered)]), "the gateway’s answer is missing.", "Nobody should pay meanwhile."),
            (of(&[(5, debit)]), "which decides by 9 Nov 2026 as a rule.", WAIT),
            (of(&[(5, T::AtBank { clears_by: None })]), "the bank works on it.", "told when it clears."),
            (of(&[(5, T::Recording)]), "and the books do not have it yet.", BY_ITSELF),
            (of(&[(5, T::Refused)]), "and the books refused the payment.", "posted again."),
            (of(&[(5, T::Leaving)]), "is being taken out of the books.", BY_ITSELF),
            (of(&[(5, T::Stays)]), "and the books keep its payment.", "nobody can pay the invoice here."),
            (
                of(&[(5, T::InBooks)]),
                "A part of it was paid here on 5 Nov 2026, 14:05, and $5.00 is left.",
                "the rest.",
            ),
            (of(&[(5, T::TakenBack)]), "It was paid on 5 Nov 2026, 14:05, and the money went back.", OTHERWISE),
            (of(&[(5, T::AgainOn(date(8)))]), "brought no money, and is made again on 8 Nov 2026.", WAIT),
            (known(S::Draft, late, &[]), "so nobody can pay it yet.", "Issue it first."),
            (known(S::Void, late, &[(5, T::Declined)]), "so nothing is owed.", NOTHING),
            (known(S::Paid, late, &[(5, T::Declined)]), "and not through this portal.", NOTHING),
            (known(S::Paid, late, &[(6, T::Declined), (5, T::InBooks)]), "It was paid here on 5 Nov 2026", NOTHING),
        ];
        for (known, sentence, next) in table {
            let why = known.why();
            assert!(why.sentence.contains(sentence) && why.next.ends_with(next), "{known:?}: {why:?}");
            assert_eq!(why.sentence.matches(". ").count(), 0, "one sentence: {}", why.sentence);
            assert!(why.sentence.ends_with('.') && why.next.ends_with('.'), "{why:?}");
        }
    }

    #[test]
    fn n3_what_is_under_way_says_more_than_any_later_try_and_than_the_books() {
        use {InvoiceStatus as S, Tried as T};
        for under_way in [
            T::WaitsForPayer,
            T::Unanswered,
            T::AtBank { clears_by: None },
            T::Recording,
            T::Refused,
            T::Leaving,
            T::Stays,
        ] {
            for status in [S::Draft, S::Open, S::Paid, S::Void] {
                let known = known(status, Lateness::DueToday, &[(7, T::Declined), (5, under_way), (4, T::InBooks)]);
                assert!(known.why().sentence.contains("5 Nov 2026"), "{status:?} {under_way:?}: {:?}", known.why());
            }
        }
    }

    #[test]
    fn n3_nobody_is_asked_to_pay_what_an_older_try_has_brought_or_is_about_to() {
        use {InvoiceStatus as S, Tried as T};
        let again = T::AgainOn(date(8));
        for no in [T::Declined, T::NotSent, T::GivenUp, T::TakenBack] {
            let planned = known(S::Open, Lateness::DueToday, &[(7, no), (5, again)]);
            let why = planned.why();
            assert!(why.sentence.contains("is made again on 8 Nov 2026") && why.next == WAIT, "{no:?}: {why:?}");
            let in_part = known(S::Open, Lateness::DueToday, &[(7, no), (6, T::InBooks), (5, again)]);
            let newest = in_part.of_try(in_part.tries[0]);
            assert_eq!(in_part.why(), newest, "what was paid since moved the amount: nothing is debited again");
            let lost = Known { lacks_payment: true, ..in_part };
            let why = lost.why();
            assert!(why.sentence.contains("paid here on 6 Nov 2026, 14:05, and the books say"), "{no:?}: {why:?}");
            assert!(why.next.starts_with("Look for the payment in the books"), "{no:?}: {why:?}");
        }
    }
}
