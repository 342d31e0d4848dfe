//! Sentences for people. Pure: the same words on the server and in the browser.

use chrono::{Datelike, NaiveDate};
use domain::{
    date::month,
    ids::InvoiceId,
    money::{Locale, Money},
    payment::{INVOICES_PER_PAYMENT_MAX, Refusal, together},
    views::{Dashboard, PaymentRow},
};

/// `1 invoice`, `3 invoices`.
#[must_use]
pub fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// `1 thing needs`, `3 things need`.
#[must_use]
pub fn needs(n: u64) -> String {
    count(usize::try_from(n).unwrap_or(usize::MAX), "thing") + if n == 1 { " needs" } else { " need" }
}

/// `$350.00`, `$350.00 and A$20.00`: one figure per currency, never a sum across (D13).
#[must_use]
pub fn amounts(all: &[Money], locale: Locale) -> String {
    listed(&all.iter().map(|m| m.format(locale)).collect::<Vec<_>>())
}

/// What is ticked to be paid together: `2 selected, $1,554.50`.
#[must_use]
pub fn selected(chosen: &[(InvoiceId, Money)], locale: Locale) -> String {
    let due: Vec<Money> = chosen.iter().map(|(_, due)| *due).collect();
    match together(&due) {
        Ok(sum) => format!("{} selected, {}", due.len(), sum.format(locale)),
        Err(Refusal::Currencies) => format!("{} selected, in different currencies", due.len()),
        Err(Refusal::TooMany) => {
            format!("{} selected. Select up to {INVOICES_PER_PAYMENT_MAX} to pay at once", due.len())
        }
        Err(_) => "Select invoices to pay them together".into(),
    }
}

/// The invoices of a payment: `INV-501`, and of several each with what it got, `INV-501 $1,204.50`.
#[must_use]
pub fn invoices_of(row: &PaymentRow, locale: Locale) -> Vec<String> {
    if row.shares.is_empty() {
        return vec![row.invoice_number.clone()];
    }
    row.shares.iter().map(|share| format!("{} {}", share.number, share.amount.format(locale))).collect()
}

fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// The payer's first line: `You owe $2,254.50 on 3 invoices`.
#[must_use]
pub fn owed(board: &Dashboard) -> String {
    let positive: Vec<Money> = board.owed.iter().copied().filter(|m| m.is_positive()).collect();
    let invoices = board.outstanding.iter().filter(|row| row.advance.is_none()).count();
    if positive.is_empty() || invoices == 0 {
        return "You owe nothing".into();
    }
    format!("You owe {} on {}", amounts(&positive, board.who.locale), count(invoices, "invoice"))
}

/// `Friday, 20 November`.
#[must_use]
pub fn weekday(date: NaiveDate) -> String {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let day = DAYS[date.weekday().num_days_from_monday() as usize];
    format!("{day}, {} {}", date.day(), month(date))
}

/// Prose in which no line ends inside "e-mail". Addresses stay as they are.
#[must_use]
pub fn whole(prose: &str) -> String {
    let mend = |word: &str| if word.contains('@') { word.to_owned() } else { word.replace("e-mail", "e\u{2011}mail") };
    prose.split(' ').map(mend).collect::<Vec<_>>().join(" ")
}

/// Prose cut where a reference or a number begins and ends, like `PAY-3EB637`: each piece, and whether it is one.
#[must_use]
pub fn references(prose: &str) -> Vec<(String, bool)> {
    let mut pieces: Vec<(String, bool)> = Vec::new();
    for word in prose.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        let rest = if is_reference(bare) {
            pieces.push((bare.to_owned(), true));
            &word[bare.len()..]
        } else {
            word
        };
        match pieces.last_mut() {
            _ if rest.is_empty() => {}
            Some((words, false)) => words.push_str(rest),
            _ => pieces.push((rest.to_owned(), false)),
        }
    }
    pieces
}

/// What is longer has no room in one line of a phone.
const REFERENCE_MAX_CHARS: usize = 24;

fn is_reference(word: &str) -> bool {
    let looks_like_one = word.contains('-') && word.contains(|c: char| c.is_ascii_digit()) && !word.contains('@');
    looks_like_one && word.chars().count() <= REFERENCE_MAX_CHARS
}

/// The first letter of a name, for the square beside it.
#[must_use]
pub fn initial(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::money::Currency;

    #[test]
    fn d13_amounts_of_two_currencies_stand_side_by_side() {
        let all = [Money::new(35_000, Currency::USD), Money::new(2_000, Currency::AUD)];
        assert_eq!(amounts(&all, Locale::EnUs), "$350.00 and A$20.00");
        assert_eq!(amounts(&all[..1], Locale::EnUs), "$350.00");
        assert_eq!(count(1, "invoice"), "1 invoice");
        assert_eq!(count(2, "invoice"), "2 invoices");
    }

    #[test]
    fn g28_d13_what_is_ticked_is_summed_in_one_currency_alone() {
        let id: InvoiceId = format!("inv_{}", "0".repeat(32)).parse().expect("an id");
        let ticked = |minor, currency| (id, Money::new(minor, currency));
        let dollars = [ticked(35_000, Currency::USD), ticked(120_450, Currency::USD)];
        assert_eq!(selected(&dollars, Locale::EnUs), "2 selected, $1,554.50");
        let mixed = [ticked(1, Currency::USD), ticked(1, Currency::AUD)];
        assert_eq!(selected(&mixed, Locale::EnUs), "2 selected, in different currencies");
        let many = [ticked(1, Currency::USD); INVOICES_PER_PAYMENT_MAX + 1];
        assert_eq!(selected(&many, Locale::EnUs), "21 selected. Select up to 20 to pay at once");
        assert_eq!(selected(&[], Locale::EnUs), "Select invoices to pay them together");
    }

    #[test]
    fn prose_keeps_e_mail_whole_and_leaves_addresses_alone() {
        assert_eq!(whole("We will e-mail you at e-mail@acme.test."), "We will e\u{2011}mail you at e-mail@acme.test.");
    }

    #[test]
    fn references_are_cut_out_of_prose_and_nothing_of_it_is_lost() {
        let piece = |words: &str, is_one: bool| (words.to_owned(), is_one);
        let prose = "I pay $1,204.50 for INV-501 (PAY-C3753EB637), by e-mail to a-1@acme.test.";
        let cut = references(prose);
        assert_eq!(
            cut[..4],
            [
                piece("I pay $1,204.50 for ", false),
                piece("INV-501", true),
                piece(" ", false),
                piece("(PAY-C3753EB637),", true),
            ]
        );
        assert_eq!(cut[4..], [piece(" by e-mail to a-1@acme.test.", false)]);
        assert_eq!(cut.iter().map(|(words, _)| words.as_str()).collect::<String>(), prose);
        assert!(references("").is_empty());
    }

    #[test]
    fn days_and_names_are_read_the_same_everywhere() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 18).expect("a day");
        assert_eq!(weekday(day), "Wednesday, 18 November");
        assert_eq!(initial(" «northwind»"), "N");
    }
}
