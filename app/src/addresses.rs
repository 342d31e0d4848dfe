//! The portal's own addresses, where one page leads to another. The addresses themselves are a contract (`demo.md`).

use chrono::NaiveDate;
use domain::{
    ids::{CheckoutId, CreditNoteId, CustomerId, InvoiceId, MailId, MethodId, PaymentId, PayoutId},
    method::MethodKind,
    money::{Currency, Money},
    payment::ShownShare,
};
use leptos_router::location::Url;

#[must_use]
pub fn pay(checkout: CheckoutId) -> String {
    format!("/npe?transactionId={checkout}")
}

#[must_use]
pub fn result(checkout: CheckoutId, payment: PaymentId) -> String {
    format!("/npe/result?transactionId={checkout}&payment={payment}")
}

/// The same for who stays there.
#[must_use]
pub fn result_stay(checkout: CheckoutId, payment: PaymentId) -> String {
    format!("{}&stay=1", result(checkout, payment))
}

/// Back to the quoting program that has sent the payer of this checkout.
#[must_use]
pub fn quote_back(checkout: CheckoutId) -> String {
    format!("/q/back?transactionId={checkout}")
}

/// A checkout's invoice as a file.
#[must_use]
pub fn checkout_pdf(checkout: CheckoutId) -> String {
    format!("/npe/invoice.pdf?transactionId={checkout}")
}

/// One of the payer's own invoices as a file.
#[must_use]
pub fn invoice_pdf(invoice: InvoiceId) -> String {
    format!("/payments/invoice.pdf?invoice={invoice}")
}

/// One of the payer's own invoices, with its lines.
#[must_use]
pub fn payer_invoice(invoice: InvoiceId) -> String {
    format!("/invoices/{invoice}")
}

/// One of the payer's own payments again.
#[must_use]
pub fn receipt(payment: PaymentId) -> String {
    format!("/payments/{payment}")
}

/// The form for another method of this kind.
#[must_use]
pub fn new_method(kind: MethodKind) -> String {
    if kind.is_debit() { format!("/methods/bank?kind={}", self::kind(kind)) } else { "/methods/new".to_owned() }
}

/// The same for one that takes the place of another.
#[must_use]
pub fn replacing(kind: MethodKind, method: MethodId) -> String {
    let form = new_method(kind);
    let and = if form.contains('?') { '&' } else { '?' };
    format!("{form}{and}replaces={method}")
}

/// As addresses and forms spell it, which is how `serde` does.
#[must_use]
pub const fn kind(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Card => "card",
        MethodKind::AchDebit => "ach_debit",
        MethodKind::BecsDebit => "becs_debit",
    }
}

#[must_use]
pub fn read_kind(spelt: &str) -> Option<MethodKind> {
    MethodKind::ALL.into_iter().find(|known| kind(*known) == spelt)
}

#[must_use]
pub fn sign_in(next: &str) -> String {
    format!("/sign-in?next={}", Url::escape(next))
}

#[must_use]
pub fn transaction(payment: PaymentId) -> String {
    format!("/admin/transactions/{payment}")
}

/// The payments that a search finds, as a file.
#[must_use]
pub fn transactions_csv(query: &str) -> String {
    list("/admin/transactions.csv", query, 1)
}

/// One invoice of the merchant, for its staff.
#[must_use]
pub fn invoice(invoice: InvoiceId) -> String {
    format!("/admin/invoices/{invoice}")
}

/// The form of a new invoice in books of our own, for this customer.
#[must_use]
pub fn new_invoice(customer: Option<CustomerId>) -> String {
    let of = customer.map(|customer| format!("?customer={customer}")).unwrap_or_default();
    format!("/admin/invoices/new{of}")
}

/// The form of a draft there.
#[must_use]
pub fn invoice_edit(invoice: InvoiceId) -> String {
    format!("/admin/invoices/{invoice}/edit")
}

/// An invoice there as a file, for staff.
#[must_use]
pub fn own_invoice_pdf(invoice: InvoiceId) -> String {
    format!("/admin/invoices/{invoice}/invoice.pdf")
}

/// The form of a credit note for an invoice there.
#[must_use]
pub fn invoice_credit(invoice: InvoiceId) -> String {
    format!("/admin/invoices/{invoice}/credit")
}

/// The form of a payment that was made past the portal.
#[must_use]
pub fn invoice_payment(invoice: InvoiceId) -> String {
    format!("/admin/invoices/{invoice}/payment")
}

/// The form that gives an invoice a credit of its customer's.
#[must_use]
pub fn use_credit(invoice: InvoiceId) -> String {
    format!("/admin/invoices/{invoice}/use-credit")
}

/// The form of what a customer paid past the portal, for several invoices or in advance.
#[must_use]
pub fn customer_payment(customer: CustomerId) -> String {
    format!("/admin/customers/{customer}/payment")
}

/// One of the credit notes there.
#[must_use]
pub fn credit(note: CreditNoteId) -> String {
    format!("/admin/credits/{note}")
}

/// The same as a file.
#[must_use]
pub fn credit_pdf(note: CreditNoteId) -> String {
    format!("/admin/credits/{note}/credit-note.pdf")
}

/// One of the customers there.
#[must_use]
pub fn customer(customer: CustomerId) -> String {
    format!("/admin/customers/{customer}")
}

/// What a customer there owes, and since when.
#[must_use]
pub fn statement(customer: CustomerId) -> String {
    format!("/admin/customers/{customer}/statement")
}

/// A tab of what a merchant's staff configure.
#[must_use]
pub fn configure(merchant: &str, tab: &str) -> String {
    format!("/admin/configure/merchants/{}/{tab}", Url::escape(merchant))
}

/// Which of a merchant's programs may call, their keys, and where they are told what happens.
#[must_use]
pub fn integrations(merchant: &str) -> String {
    configure(merchant, "integrations")
}

/// What a merchant takes, and what stands above its documents.
#[must_use]
pub fn merchant_settings(merchant: &str) -> String {
    configure(merchant, "settings")
}

/// The same of these days, as a file.
#[must_use]
pub fn statement_pdf(customer: CustomerId, from: NaiveDate, until: NaiveDate) -> String {
    format!("/admin/customers/{customer}/statement.pdf?from={from}&until={until}")
}

/// The payer's own statement of these days, as a file.
#[must_use]
pub fn payer_statement_pdf(from: NaiveDate, until: NaiveDate) -> String {
    format!("/statements.pdf?from={from}&until={until}")
}

/// One of the payer's own credit notes as a file.
#[must_use]
pub fn payer_credit_pdf(note: CreditNoteId) -> String {
    format!("/credit-notes/{note}/credit-note.pdf")
}

/// The exceptions inbox, where one of them is to be mended.
#[must_use]
pub fn exception(key: &str) -> String {
    format!("/admin/exceptions?exception={}", Url::escape(key))
}

/// A mail, open in the list of mails.
#[must_use]
pub fn mail(mail: MailId) -> String {
    format!("/admin/mail?mail={mail}")
}

/// A payout to the merchant's bank, with what it consists of.
#[must_use]
pub fn payout(payout: PayoutId) -> String {
    format!("/admin/payouts/{payout}")
}

/// The same as a file.
#[must_use]
pub fn payout_csv(payout: PayoutId) -> String {
    format!("/admin/payouts/{payout}/payout.csv")
}

/// A payment's proof as a file.
#[must_use]
pub fn proof(payment: PaymentId) -> String {
    format!("/admin/transactions/{payment}/proof")
}

/// The checkout that an address of ours is about.
#[must_use]
pub fn checkout_of(address: &str) -> Option<CheckoutId> {
    let (_, rest) = address.split_once("transactionId=")?;
    rest.split('&').next()?.parse().ok()
}

/// A page of a searchable list.
#[must_use]
pub fn list(path: &str, query: &str, page: u64) -> String {
    match (query.is_empty(), page) {
        (true, 0 | 1) => path.to_owned(),
        (true, page) => format!("{path}?page={page}"),
        (false, 0 | 1) => format!("{path}?q={}", Url::escape(query)),
        (false, page) => format!("{path}?q={}&page={page}", Url::escape(query)),
    }
}

/// A path of this portal and nothing else: whoever writes `next` into a link must not choose where people end up.
#[must_use]
pub fn own_path(next: &str) -> Option<&str> {
    let plain = !next.contains('\\') && next.chars().all(|c| c.is_ascii_graphic());
    (plain && next.starts_with('/') && !next.starts_with("//")).then_some(next)
}

/// What is paid of each invoice in a form field: `USD 120450`, `USD 120450 35000`, and `USD 10000/90000` for a part of what
/// is due.
#[must_use]
pub fn shown_field(shown: &[ShownShare]) -> String {
    let currency = shown.first().map(|first| first.due.currency.to_string()).unwrap_or_default();
    let share = |ShownShare { pay, due }: &ShownShare| {
        if pay == due { format!(" {}", due.minor) } else { format!(" {}/{}", pay.minor, due.minor) }
    };
    currency + &shown.iter().map(share).collect::<String>()
}

/// An amount as somebody typed it, in the currency of a form.
#[must_use]
pub fn read_typed_money(amount: &str, currency: &str) -> Option<Money> {
    Money::from_typed(amount, currency.parse::<Currency>().ok()?).ok()
}

#[must_use]
pub fn read_shown(field: &str) -> Option<Vec<ShownShare>> {
    let (code, shares) = field.split_once(' ')?;
    let currency = code.parse::<Currency>().ok()?;
    let money = |minor: &str| Some(Money::new(minor.parse().ok()?, currency));
    let share = |share: &str| match share.split_once('/') {
        Some((pay, due)) => Some(ShownShare { pay: money(pay)?, due: money(due)? }),
        None => money(share).map(ShownShare::whole),
    };
    shares.split(' ').map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_paths_are_followed_after_sign_in() {
        assert_eq!(own_path("/npe?transactionId=chk_1"), Some("/npe?transactionId=chk_1"));
        for elsewhere in ["https://evil.test", "//evil.test", "/\\evil.test", "evil", "", "/a\r\nset-cookie:x", "/a b"]
        {
            assert_eq!(own_path(elsewhere), None, "{elsewhere:?}");
        }
    }

    #[test]
    fn an_address_of_pay_now_names_its_checkout() {
        let id = "chk_00000000000000000000000000000001";
        for address in [format!("/npe?transactionId={id}"), format!("/npe?transactionId={id}&left=pay_1")] {
            assert_eq!(checkout_of(&address).map(|checkout| checkout.to_string()).as_deref(), Some(id));
        }
        assert_eq!(checkout_of("/dashboard").or(checkout_of("/npe?transactionId=")), None);
    }

    #[test]
    fn what_is_typed_is_an_amount_or_nothing() {
        let usd = |minor| Some(Money::new(minor, Currency::USD));
        for (typed, read) in [
            ("1204.50", usd(120_450)),
            (" 5 ", usd(500)),
            ("1,204.50", usd(120_450)),
            ("1,000", usd(100_000)),
            ("12,345,678.90", usd(1_234_567_890)),
            ("12,50", None),
            ("1204,50", None),
            ("1,20,450", None),
            ("1234,567", None),
            (",204.50", None),
            ("1,204,", None),
            ("1.204,50", None),
            ("12.345,678", None),
            ("$5", None),
            ("", None),
        ] {
            assert_eq!(read_typed_money(typed, "USD"), read, "{typed}");
        }
        assert_eq!(read_typed_money("5", "US"), None);
    }

    #[test]
    fn money_survives_a_form() {
        let usd = |minor| Money::new(minor, Currency::USD);
        let (whole, part) = (ShownShare::whole(usd(120_450)), ShownShare { pay: usd(10_000), due: usd(90_000) });
        for (shown, field) in [
            (vec![whole], "USD 120450"),
            (vec![whole, part], "USD 120450 10000/90000"),
            (vec![part, whole], "USD 10000/90000 120450"),
        ] {
            assert_eq!(shown_field(&shown), field);
            assert_eq!(read_shown(field), Some(shown));
        }
        for junk in [
            "",
            "USD",
            "USD ",
            "USD 1.5",
            "US 15",
            "USD 99999999999999999999",
            "120450",
            "USD 1  2",
            "USD 1/",
            "USD 1/2/3",
        ] {
            assert_eq!(read_shown(junk), None, "{junk}");
        }
    }
}
