//! An issued invoice of books of our own goes to its customer by mail, with the link to Pay Now: when staff issue it, and once
//! more when they say so. The mail is written in one transaction with what it is about. The document that goes with it is drawn
//! by a job, after that is committed, and is the very one that staff and payers download (D21).

use crate::{
    AdminPass, Engine, Error, OwnBooksError,
    clock::zone,
    jobs::{Ran, end_with},
    own_books::{line, prices_of},
    own_documents::invoice_document,
    send_mail::{INVOICE, MailLeft, rendered},
    transactions::mail_face,
    work::Work,
};
use domain::{
    date::in_words,
    ids::InvoiceId,
    invoice::InvoiceStatus,
    money::{Locale, Money},
    own_invoice::{Line, NotNow, Prices, Sums},
    views::MailFace,
};
use minijinja::{Value, context};
use secrecy::{ExposeSecret, SecretString};
use store::{Customer, Invoice, Job, LedgerInvoice, MailState, Merchant, MerchantDb, MerchantTx, NewMail};

/// As Pay Now links in mails are called.
const LINKS: &str = "email";
/// So many of one invoice, the first among them.
pub(crate) const MAILS_MAX: usize = 20;

impl Engine {
    /// Mails an invoice that is issued. `sent` is how many mails of it the form has seen: the same press twice sends one.
    ///
    /// # Errors
    /// [`OwnBooksError::NotNow`] for one that nobody owes; [`Error::NotFound`] also where the books are not our own, for one that
    /// nobody wrote here, and when it went out often enough.
    pub async fn mail_invoice(&self, admin: &AdminPass, id: InvoiceId, sent: usize) -> Result<(), OwnBooksError> {
        self.own_books(&admin.db).await?;
        let tx = admin.db.begin().await?;
        let (invoice, details) = tx.ledger_invoice_hold(id).await?;
        match invoice.status {
            InvoiceStatus::Draft => return Err(NotNow::NotIssued.into()),
            InvoiceStatus::Void => return Err(NotNow::Void.into()),
            InvoiceStatus::Open | InvoiceStatus::Paid if sent >= MAILS_MAX => return Err(Error::NotFound.into()),
            InvoiceStatus::Open | InvoiceStatus::Paid => {}
        }
        self.write_invoice_mail(&tx, &invoice, &details, sent + 1).await?;
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(())
    }

    /// The mails of an invoice, oldest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn mails_of_invoice(&self, admin: &AdminPass, id: InvoiceId) -> Result<Vec<MailFace>, Error> {
        let rows = admin.db.mails_by_keys((1..=MAILS_MAX).map(|nth| key(id, nth)).collect()).await?;
        let zone = zone(&admin.who.time_zone);
        Ok(rows.into_iter().map(|row| mail_face(row, zone)).collect())
    }

    /// The `nth` mail of an invoice, written once. Nobody gets one where the customer has no address.
    pub(crate) async fn write_invoice_mail(
        &self,
        tx: &MerchantTx,
        invoice: &Invoice,
        details: &LedgerInvoice,
        nth: usize,
    ) -> Result<(), Error> {
        let (merchant, customer) = (self.merchant_in(tx).await?, tx.customer(invoice.customer_id).await?);
        let total = invoice.total()?;
        let rows = tx.ledger_lines(invoice.id).await?;
        let lines: Vec<_> = rows.into_iter().map(|row| line(row, total.currency)).collect();
        let link = tx.pay_link_key(LINKS).await?.map(|key| self.pay_link(&key, invoice, &customer));
        let words = words(&merchant, &customer, invoice, details, &lines, link)?;
        let locale = merchant.face()?.locale;
        let (number, due) = (&invoice.number, invoice.due()?.format(locale));
        let mail = NewMail {
            payment: None,
            unique_key: key(invoice.id, nth),
            recipient: customer.email.as_deref().unwrap_or_default().trim().to_owned(),
            subject: format!("Invoice {number} from {}: {due}, due {}", merchant.name, in_words(invoice.due_date)),
            text: rendered(INVOICE, words)?,
            state: self.first_mail_state(),
        };
        match self.put_mail(tx, mail).await? {
            // Once it has its document.
            MailLeft::Delivery(_) => {}
            MailLeft::Slip(slip) => tx.audit_add(slip).await?,
            MailLeft::Nothing => return Ok(()),
        }
        let now = self.now();
        Work::AttachDocument { invoice: invoice.id, nth }.queue(tx, None, now, now).await
    }

    /// Has the invoice as it is printed now go with its `nth` mail, by the address of that document, and has the mail delivered.
    /// Of what is void by then nothing is printed (E21): its mail goes alone.
    pub(crate) async fn attach_document(
        &self,
        db: &MerchantDb,
        job: &Job,
        id: InvoiceId,
        nth: usize,
    ) -> Result<Ran, Error> {
        let mail = db.mail_by_key(&key(id, nth)).await?.ok_or(Error::NotFound)?;
        let document = invoice_document(db, id, &self.0.settings.public_url, self.now()).await?;
        let (tx, now) = (db.begin().await?, self.now());
        if let Ok(document) = document {
            tx.mail_attach(mail.id, &document.sha256).await?;
        }
        if mail.state == MailState::Queued {
            Work::DeliverMail { mail: mail.id }.queue(&tx, None, now, now).await?;
        }
        let ended = end_with(tx, job).await?;
        self.0.bell.notify_one();
        Ok(ended)
    }

    fn pay_link(&self, key: &SecretString, invoice: &Invoice, customer: &Customer) -> String {
        let company = customer.code.as_deref().unwrap_or(&customer.name);
        let (number, company) = (escaped(&invoice.number), escaped(company));
        let (portal, key) = (&self.0.settings.public_url, key.expose_secret());
        format!("{portal}/PaymentProxy/PayNow/Email?apiKey={key}&invoiceNo={number}&companyCode={company}")
    }
}

fn key(invoice: InvoiceId, nth: usize) -> String {
    format!("invoice:{invoice}:{nth}")
}

fn words(
    merchant: &Merchant,
    customer: &Customer,
    invoice: &Invoice,
    details: &LedgerInvoice,
    lines: &[Line],
    link: Option<String>,
) -> Result<Value, Error> {
    let (total, due, prices) = (invoice.total()?, invoice.due()?, prices_of(details));
    let locale = merchant.face()?.locale;
    let paid = total.minus(due)?;
    let taxes = Sums::of(lines, prices, total.currency)?.taxes;
    let lines = lines.iter().map(|line| line_words(line, locale)).collect::<Result<Vec<_>, _>>()?;
    Ok(context! {
        merchant => &merchant.name,
        support => &merchant.support_email,
        customer => details.customer_name.as_ref().unwrap_or(&customer.name),
        number => &invoice.number,
        date => in_words(invoice.date),
        due_date => in_words(invoice.due_date),
        lines,
        taxes => taxes.iter().map(|(rate, amount)| context! {
            percent => rate.percent(),
            amount => amount.format(locale),
        }).collect::<Vec<_>>(),
        tax_included => prices == Prices::TaxIncluded,
        total => total.format(locale),
        paid => paid.is_positive().then(|| paid.format(locale)),
        due => due.format(locale),
        notes => &details.notes,
        link,
    })
}

fn line_words(line: &Line, locale: Locale) -> Result<Value, Error> {
    let price = |amount: Money| amount.format(locale);
    Ok(context! {
        description => &line.description,
        quantity => line.quantity.to_string(),
        unit_price => price(line.unit_price),
        amount => price(line.amount()?),
    })
}

/// As a part of a query: mail programs must find the whole address.
fn escaped(text: &str) -> String {
    let spelt = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(spelt).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_number_or_a_name_is_of_stays_one_part_of_the_link() {
        for (text, part) in
            [("HT-1003", "HT-1003"), ("a/b#1", "a%2Fb%231"), ("Acme & Söhne", "Acme%20%26%20S%C3%B6hne")]
        {
            assert_eq!(escaped(text), part);
        }
    }
}
