//! Payments that were made past the portal: the form of one, and those of an invoice, as a part of its page.

use crate::{
    Assets, addresses,
    components::field::{Field, Kind},
    plain_parts::{error_of, lead_in, listed, not_done, page, summary},
};
use domain::{
    date::in_words,
    ids::{InvoiceId, LedgerPaymentId},
    money::Locale,
    own_credit::PaymentTyped,
    own_invoice::Wrong,
    views::Whoami,
};
use engine::{HandPayment, PaymentForm};
use leptos::prelude::*;

/// The form, with what was typed.
pub struct PaymentPage {
    pub form: PaymentForm,
    pub invoice: InvoiceId,
    /// What comes back with the form: the id that it was opened with.
    pub payment: LedgerPaymentId,
    pub typed: PaymentTyped,
    pub wrong: Vec<Wrong>,
    /// Why it was not entered, beside what is wrong in its fields.
    pub refused: Option<&'static str>,
}

/// Status and HTML of the form.
#[must_use]
pub fn render_payment_form(assets: &Assets, who: Whoami, shown: PaymentPage) -> (u16, String) {
    let PaymentPage { form, invoice, payment, typed, wrong, refused } = shown;
    let (locale, heading) = (who.locale, format!("Enter a payment of {}", form.number));
    let (title, is_wrong) = (heading.clone(), !wrong.is_empty() || refused.is_some());
    page(assets, who, "/admin/invoices", &title, is_wrong, || {
        let most = format!("Up to {}, which is due.", form.due.format(locale));
        let more = view! {
            <p class="muted">
                "For what was paid past this portal, in cash or by transfer. No money moves. What is over, or for several invoices, is "
                <a href=addresses::customer_payment(form.customer)>"a payment of the customer"</a> "."
            </p>
        };
        view! {
            {lead_in(addresses::invoice(invoice), form.number, heading, more)}
            <form class="card pad stack" method="post" action=addresses::invoice_payment(invoice)>
                {not_done("It is not entered", refused)}
                {summary(&wrong)}
                <input type="hidden" name="payment" value=payment.to_string()/>
                {fields("Amount".to_owned(), most, typed, &wrong)}
                <div class="acts">
                    <button class="btn primary" type="submit">"Enter payment"</button>
                    <a class="btn quiet" href=addresses::invoice(invoice)>"Cancel"</a>
                </div>
            </form>
        }
        .into_any()
    })
}

/// What is asked of any payment that was made past the portal. `hint` is of the amount, and may be empty.
pub(super) fn fields(label: String, hint: String, typed: PaymentTyped, wrong: &[Wrong]) -> AnyView {
    let PaymentTyped { amount, date, reference } = typed;
    view! {
        <Field
            id="amount" label kind=Kind::TEXT inputmode="decimal" hint value=amount error=error_of(wrong, "amount")
        />
        <Field id="date" label="Came on" kind=Kind::DATE value=date error=error_of(wrong, "date")/>
        <Field
            id="reference" label="Reference" kind=Kind::TEXT value=reference maxlength=100
            hint="Where others can look it up, like the line of a bank statement." error=error_of(wrong, "reference")
        />
    }
    .into_any()
}

/// The button that takes one back, where its form is; or that it is back.
pub(super) fn taking_back(of: String, hand: HandPayment) -> AnyView {
    if hand.is_back {
        return view! { <span class="muted">"Taken back"</span> }.into_any();
    }
    view! {
        <form method="post" action=format!("{of}/back")>
            <input type="hidden" name="payment" value=hand.payment.to_string()/>
            <button class="btn quiet" type="submit">
                "Take back"<span class="vh">{format!(" {}", hand.reference)}</span>
            </button>
        </form>
    }
    .into_any()
}

/// What staff have entered for an invoice.
pub(crate) fn table(invoice: InvoiceId, payments: Vec<HandPayment>, locale: Locale) -> AnyView {
    let row = |payment: HandPayment| {
        view! {
            <tr>
                <th scope="row" class="key">{payment.reference.clone()}</th>
                <td class="num date">{in_words(payment.date)}</td>
                <td class="act">{taking_back(addresses::invoice_payment(invoice), payment.clone())}</td>
                <td class="amount">{payment.amount.format(locale)}</td>
            </tr>
        }
    };
    listed(&["Reference", "Came on", "Actions"], &["Amount"], payments.into_iter().map(row).collect_view())
}
