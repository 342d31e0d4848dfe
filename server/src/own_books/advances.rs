//! What a customer paid past this portal for several invoices or in advance, and credits that are used on an invoice.

use super::{FORM_USED, Keeper, go_to, invoices::first, page};
use crate::staff::{Answer, Id, refused};
use app::{AdvancePage, UsePage, addresses, render_advance_form, render_use_form};
use axum::Form;
use domain::{
    ids::{CustomerId, InvoiceId},
    own_credit::PaymentTyped,
    own_invoice::{LINES_MAX, Wrong},
};
use engine::{AdvanceTyped, CreditOf, OwnBooksError};
use serde::Deserialize;

pub async fn form(keeper: Keeper, Id(customer): Id<CustomerId>) -> Answer {
    let form = keeper.web.or_refused(keeper.engine().advance_form(&keeper.admin, customer).await)?;
    let paid = PaymentTyped { date: form.today.to_string(), ..PaymentTyped::default() };
    let (payment, typed) = (form.payment, AdvanceTyped { paid, shares: Vec::new() });
    shown(&keeper, AdvancePage { form, payment, typed, wrong: Vec::new(), refused: None })
}

fn shown(keeper: &Keeper, advance: AdvancePage) -> Answer {
    page(render_advance_form(&keeper.web.assets, keeper.who(), advance))
}

/// A share is two fields, each of which comes once for each invoice.
fn typed(pairs: &[(String, String)]) -> AdvanceTyped {
    let all = |name: &'static str| pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value);
    let one = |name| first(pairs, name);
    let shares = all("invoice").zip(all("share")).take(LINES_MAX);
    AdvanceTyped {
        paid: PaymentTyped { amount: one("amount"), date: one("date"), reference: one("reference") },
        shares: shares.filter_map(|(invoice, share)| Some((invoice.parse().ok()?, share.clone()))).collect(),
    }
}

pub async fn enter(keeper: Keeper, Id(customer): Id<CustomerId>, Form(pairs): Form<Vec<(String, String)>>) -> Answer {
    let (payment, typed) = (keeper.web.read_id(&first(&pairs, "payment"))?, typed(&pairs));
    let (wrong, refused, is_used) = match keeper.engine().enter_advance(&keeper.admin, customer, payment, &typed).await
    {
        Err(OwnBooksError::Wrong(wrong)) => (wrong, None, false),
        Err(OwnBooksError::NotNow(why)) => (Vec::new(), Some(why.words()), false),
        Err(OwnBooksError::FormUsed) => (Vec::new(), Some(FORM_USED), true),
        answer => return keeper.acted_at(&addresses::customer(customer), "entered", answer),
    };
    let form = keeper.web.or_refused(keeper.engine().advance_form(&keeper.admin, customer).await)?;
    let payment = if is_used { form.payment } else { payment };
    shown(&keeper, AdvancePage { form, payment, typed, wrong, refused })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Entered {
    payment: String,
}

pub async fn take_back(keeper: Keeper, Id(customer): Id<CustomerId>, Form(sent): Form<Entered>) -> Answer {
    let payment = keeper.web.read_id(&sent.payment)?;
    let answer = keeper.engine().take_back_advance(&keeper.admin, customer, payment).await;
    keeper.acted_at(&addresses::customer(customer), "taken-back", answer)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Used {
    /// The id of a credit, and what was left of it when the form was shown.
    credit: String,
    amount: String,
}

impl Used {
    fn read(&self) -> Option<(CreditOf, i64)> {
        let (id, left) = self.credit.split_once(':')?;
        Some((id.parse().ok()?, left.parse().ok()?))
    }
}

pub async fn use_form(keeper: Keeper, Id(invoice): Id<InvoiceId>) -> Answer {
    let form = keeper.web.or_refused(keeper.engine().use_form(&keeper.admin, invoice).await)?;
    match form.now {
        Ok(()) => {
            let shown =
                UsePage { form, chosen: String::new(), amount: String::new(), wrong: Vec::new(), refused: None };
            page(render_use_form(&keeper.web.assets, keeper.who(), shown))
        }
        Err(why) => keeper.acted(invoice, "", Err(why.into())),
    }
}

pub async fn use_it(keeper: Keeper, Id(invoice): Id<InvoiceId>, Form(sent): Form<Used>) -> Answer {
    let answer = match sent.read() {
        Some(credit) => keeper.engine().use_credit(&keeper.admin, credit, invoice, &sent.amount).await,
        None => Err(OwnBooksError::Wrong(vec![Wrong::at("credit", "Choose a credit.")])),
    };
    let (wrong, refused_by) = match answer {
        Ok(()) => return go_to(&format!("{}?done=credit-used", addresses::invoice(invoice))),
        Err(OwnBooksError::Wrong(wrong)) => (wrong, None),
        Err(OwnBooksError::NotNow(why)) => (Vec::new(), Some(why.words())),
        Err(OwnBooksError::Outdated | OwnBooksError::FormUsed) => {
            (Vec::new(), Some("Something else is left of it by now, or it was used already. Look at it again."))
        }
        Err(OwnBooksError::Engine(cause)) => return Err(refused(&keeper.web, cause)),
    };
    let form = keeper.web.or_refused(keeper.engine().use_form(&keeper.admin, invoice).await)?;
    let shown = UsePage { form, chosen: sent.credit, amount: sent.amount, wrong, refused: refused_by };
    page(render_use_form(&keeper.web.assets, keeper.who(), shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_share_is_that_of_its_invoice_and_a_credit_is_told_by_its_id() {
        let (one, two) = ("inv_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b", "inv_0193a1b2c3d47e5f8a9b0c1d2e3f4a5c");
        let pairs = [("amount", "10"), ("invoice", one), ("share", ""), ("invoice", two), ("share", "7.00")];
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let typed = typed(&pairs);
        assert_eq!((typed.paid.amount.as_str(), typed.shares.len()), ("10", 2));
        assert_eq!((typed.shares[1].0.to_string().as_str(), typed.shares[1].1.as_str()), (two, "7.00"));
        let read = |credit: String| Used { credit, amount: String::new() }.read();
        assert!(matches!(read(format!("{one}:700")), Some((CreditOf::Advance(_), 700))));
        let note = one.replace("inv_", "crn_");
        assert!(matches!(read(format!("{note}:5")), Some((CreditOf::Note(_), 5))));
        assert_eq!((read(note), read(format!("{one}:much"))), (None, None));
    }
}
