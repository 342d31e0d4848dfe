//! What payers read in their mails, from the templates with words of the tests.

use super::*;
use domain::refund::RefundFailure;

/// What every mail is given, of one invoice that is paid whole.
fn whole_context() -> Value {
    context! {
        merchant => "Northwind IT",
        support => "help@northwind.test",
        customer => "Acme",
        invoice => "INV-501",
        reference => "PAY-1",
        amount => "$700.00",
        paid => "$700.00",
        total => "$700.00",
        balance => "$0.00",
        date => "1 July 2026, 12:00",
        zone => "Chicago time",
        why => "Your bank declined this payment.",
        debit => context! { sent => "1 July 2026", clears_by => "7 July 2026" },
        link => "https://pay.example.com/dashboard",
        failure => None::<String>,
        owed => false,
        ..paid_for(1, 1),
    }
}

/// A mail with these in the place of what it is given else.
fn text_of(tells: Tells, own: Value) -> String {
    rendered(tells.name(), context! { ..own, ..whole_context() }).expect("a text")
}

#[test]
fn g29_g34_every_mail_names_what_was_paid_and_no_invoice_where_there_is_none() {
    for (invoices, shares, what) in
        [(0, 1, "Payment in advance"), (1, 1, "Invoice"), (1, 2, "Invoice"), (2, 2, "Invoices")]
    {
        for (tells, _) in Tells::ALL {
            let text = text_of(tells, paid_for(invoices, shares));
            assert!(text.contains(&format!("\n{what}: INV-501\n")), "{tells:?} {invoices} {shares}: {text}");
            let (one, two) = (text.replace("INV-501", "").contains("nvoice"), text.contains("nvoices"));
            assert_eq!((one, two), (invoices > 0, invoices > 1), "{tells:?} {invoices} {shares}: {text}");
            let lost = matches!(tells, Tells::MoneyBack | Tells::Cancelled) && invoices > 0 && shares > invoices;
            assert_eq!(text.contains(" What stayed as credit is gone with it."), lost, "{tells:?}: {text}");
        }
    }
    for (tells, ends) in [
        (Tells::NoMoney, "\n\nNothing was added to your credit. You can pay again under \"Pay in advance\" on"),
        (Tells::MoneyBack, "Northwind IT does not have this money any more, so it is no longer credit. Ask your bank"),
        (Tells::Cancelled, "Northwind IT does not have this money. It is no longer credit.\n\nQuestions?"),
    ] {
        let text = text_of(tells, paid_for(0, 1));
        assert!(text.contains(ends), "{tells:?}: {text}");
    }
}

#[test]
fn g37_a_name_that_nothing_gives_fails_its_mail() {
    for (tells, _) in Tells::ALL {
        assert!(rendered(tells.name(), context! { merchant => "Northwind IT" }).is_err(), "{tells:?}");
    }
}

#[test]
fn d14_a_receipt_adds_up_where_a_part_was_paid_before() {
    for (paid_before, rows) in [
        (Some("$200.00"), "Invoice total: $900.00\nPaid before: $200.00\nThis payment: $700.00\nBalance left: $0.00"),
        (None, "Invoice total: $900.00\nThis payment: $700.00"),
    ] {
        let text = text_of(Tells::Receipt, context! { total => "$900.00", paid_before => paid_before });
        assert!(text.contains(rows), "{text}");
    }
}

#[test]
fn g22_a_receipt_names_the_surcharge_and_adds_up_with_it() {
    let one = context! { total => "$100.00", surcharge => "$1.50", amount => "$101.50" };
    let shares = vec![
        context! { invoice => "INV-501", amount => "$60.00" },
        context! { invoice => "INV-502", amount => "$40.00" },
    ];
    let several = context! { several => shares, surcharge => "$1.50", amount => "$101.50" };
    let ahead = context! { ..paid_for(0, 1), ..one.clone() };
    for (context, rows) in [
        (
            ahead,
            "Stays as credit with Northwind IT: $100.00\nSurcharge: $1.50\nThis payment: $101.50\n\nKeep this mail",
        ),
        (one, "Invoice total: $100.00\nSurcharge: $1.50\nThis payment: $101.50\nBalance left: $0.00"),
        (several, "Invoice INV-502: $40.00\nSurcharge: $1.50\nThis payment: $101.50"),
    ] {
        let text = text_of(Tells::Receipt, context);
        assert!(text.contains(rows), "{text}");
    }
}

#[test]
fn g28_a_receipt_of_several_invoices_names_each_with_its_share() {
    let shares = vec![
        context! { invoice => "INV-501", amount => "$1,004.00", left => "$200.50" },
        context! { invoice => "INV-502", amount => "$50.00" },
    ];
    let several =
        context! { amount => "$1,054.00", invoice => "INV-501, INV-502", several => shares, ..paid_for(2, 2) };
    let text = text_of(Tells::Receipt, several);
    let rows = "Reference: PAY-1\n\nInvoice INV-501: $1,004.00, $200.50 left to pay\n\
                Invoice INV-502: $50.00\nThis payment: $1,054.00\n\nKeep this mail";
    assert!(text.contains("Invoices: INV-501, INV-502\n") && text.contains(rows), "{text}");
}

#[test]
fn s84_a_payer_reads_that_what_was_refunded_is_owed_again_and_that_it_is_not_when_that_failed() {
    for (invoices, shares, open, once_more) in [
        (
            1,
            1,
            "With this refund the invoice is open again: you can pay it",
            "do not pay the invoice once more.\n\nRefund",
        ),
        (2, 3, "the invoices are open again: you can pay them", "do not pay the invoices once more.\n\nRefund"),
    ] {
        let owed = |owed| context! { owed => owed, ..paid_for(invoices, shares) };
        let told = text_of(Tells::Refund, owed(true));
        assert!(told.contains(open) && told.contains("were sent.") && told.contains("\n\nMost banks"), "{told}");
        assert_eq!(told.contains("What stayed as credit is gone with it."), shares > invoices, "{told}");
        let failed = text_of(Tells::RefundFailed, owed(true));
        assert!(failed.contains(once_more), "{failed}");
        let cancelled = text_of(Tells::Refund, owed(false));
        assert!(
            cancelled.contains("Reference: PAY-1\n\nMost banks") && !cancelled.contains(" open again"),
            "{cancelled}"
        );
    }
}

#[test]
fn g37_a_payer_reads_why_a_refund_failed_and_what_comes_next() {
    const ASK: &str = "Reference: PAY-1\n\nQuestions? Write to help@northwind.test and quote PAY-1.";
    for (failure, why, next) in [
        (Some(RefundFailure::CardGone), "The card that you had paid with does not", "pay you back in another way."),
        (Some(RefundFailure::Declined), "Your bank did not take it, so the money", "pay you back in another way."),
        (Some(RefundFailure::NoBalance), "It could not be paid out just now.", "will refund it again. Questions?"),
        (Some(RefundFailure::Disputed), "The payment is disputed at your bank", ASK),
        (Some(RefundFailure::Refused), "It could not be paid out.", ASK),
        (None, "It was cancelled.", ASK),
    ] {
        let name =
            failure.map(|failure| serde_json::from_str::<String>(&serde_json::to_string(&failure).expect("JSON")));
        let failure_name = name.transpose().expect("a name");
        let text = text_of(Tells::RefundFailed, context! { amount => "$5.00", failure => failure_name });
        let said = format!("Northwind IT is paying you back $5.00. {why}");
        assert!(text.contains(&said) && text.contains(next), "{failure:?}: {text}");
        let another_way = matches!(failure, Some(RefundFailure::CardGone | RefundFailure::Declined));
        assert_eq!(text.contains("another way"), another_way, "{failure:?}: {text}");
    }
}

#[test]
fn d21_a_document_goes_with_a_mail_to_the_byte_and_its_name_stays_a_name() {
    let pdf = PdfFile::new("invoice", "HT-1/\u{e9}\r\n3".into(), b"%PDF-1.7 \xff".to_vec());
    let mail = with("To pay: $1.00".into(), pdf).expect("two parts").formatted();
    let mail = String::from_utf8(mail).expect("seven bits");
    for part in [
        "To pay: $1.00",
        "Content-Type: application/pdf\r\n",
        "Content-Disposition: attachment; filename=\"invoice-HT-1----3.pdf\"\r\n",
        "\r\n\r\nJVBERi0xLjcg/w==\r\n",
    ] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
}
