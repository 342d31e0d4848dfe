//! Mails: written as rows by one job, delivered by another, each once.

use crate::{
    Engine, Error,
    audit::{Actor, Audited},
    clock::{on_the_wall, zone},
    faces::{decline_reason, numbers},
    failpoint,
    invoice_pdf::{PdfFile, file_name},
    jobs::{Ran, chain, end_with},
    payment_standing::why_not,
    settle_payment::latest,
    work::Work,
};
use domain::{
    date,
    ids::{AttemptId, MailId, PaymentId, RefundId},
    money::Money,
    payment::{AttemptState, DeclineReason},
};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Attachment, Mailbox, MultiPart, SinglePart, header::ContentType},
};
use minijinja::{Environment, UndefinedBehavior, Value, context};
use secrecy::{ExposeSecret, SecretString};
use std::sync::LazyLock;
use store::{Allocation, Attempt, Job, MailState, Merchant, MerchantDb, MerchantTx, NewMail, NewSlip, Payment, Refund};

/// A mail to a payer, by the name of its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tells {
    Receipt,
    Sent,
    NoMoney,
    MoneyBack,
    NotAgain,
    NeedsPayer,
    Cancelled,
    Refund,
    RefundFailed,
}

impl Tells {
    const ALL: [(Self, &str); 9] = [
        (Self::Receipt, include_str!("../templates/receipt.txt")),
        (Self::Sent, include_str!("../templates/sent.txt")),
        (Self::NoMoney, include_str!("../templates/no_money.txt")),
        (Self::MoneyBack, include_str!("../templates/money_back.txt")),
        (Self::NotAgain, include_str!("../templates/not_again.txt")),
        (Self::NeedsPayer, include_str!("../templates/needs_payer.txt")),
        (Self::Cancelled, include_str!("../templates/cancelled.txt")),
        (Self::Refund, include_str!("../templates/refund.txt")),
        (Self::RefundFailed, include_str!("../templates/refund_failed.txt")),
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Sent => "sent",
            Self::NoMoney => "no_money",
            Self::MoneyBack => "money_back",
            Self::NotAgain => "not_again",
            Self::NeedsPayer => "needs_payer",
            Self::Cancelled => "cancelled",
            Self::Refund => "refund",
            Self::RefundFailed => "refund_failed",
        }
    }

    fn subject(self, amount: &str, merchant: &str, reference: &str) -> String {
        match self {
            Self::Receipt => format!("Receipt: {amount} to {merchant} ({reference})"),
            Self::Sent => format!("Sent to your bank: {amount} to {merchant} ({reference})"),
            Self::NoMoney => format!("Not paid: {amount} to {merchant} ({reference})"),
            Self::MoneyBack => format!("Returned by your bank: {amount} to {merchant} ({reference})"),
            Self::NotAgain => format!("Not debited again: {amount} to {merchant} ({reference})"),
            Self::NeedsPayer => format!("Your bank asks for you: {amount} to {merchant} ({reference})"),
            Self::Cancelled => format!("Cancelled: {amount} to {merchant} ({reference})"),
            Self::Refund => format!("Refund: {amount} from {merchant} ({reference})"),
            Self::RefundFailed => format!("Refund not paid: {amount} from {merchant} ({reference})"),
        }
    }
}

/// What a mail that was written leaves to be written.
pub(crate) enum MailLeft {
    Delivery(Work),
    /// There is no mail server, and nothing to deliver.
    Slip(NewSlip),
    /// It stood already, or has no recipient.
    Nothing,
}

/// What a payer's mail is worded from.
struct Told<'a> {
    merchant: &'a Merchant,
    payment: Payment,
    shares: &'a [Allocation],
    attempt: &'a Attempt,
    refund: Option<&'a Refund>,
    /// Of a debit ([`Engine::debit_words`]).
    debit: Option<Value>,
}

/// The mails about saved methods: of no payment.
pub(crate) const AUTHORITY: &str = "authority";
pub(crate) const CARD_ENDS: &str = "card_ends";
/// To a customer of books of our own.
pub(crate) const INVOICE: &str = "invoice";
/// To the merchant.
pub(crate) const BOOKS_BROKEN: &str = "books_broken";
pub(crate) const READS_SHORT: &str = "reads_short";

/// Read once. One that cannot be read is missing here, and the job that wants it says so.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    // A name that nothing gives is no empty place in a mail: its job fails and says so.
    templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    let others = [
        (AUTHORITY, include_str!("../templates/authority.txt")),
        (CARD_ENDS, include_str!("../templates/card_ends.txt")),
        (INVOICE, include_str!("../templates/invoice.txt")),
        (BOOKS_BROKEN, include_str!("../templates/books_broken.txt")),
        (READS_SHORT, include_str!("../templates/reads_short.txt")),
    ];
    for (name, text) in Tells::ALL.map(|(tells, text)| (tells.name(), text)).into_iter().chain(others) {
        if let Err(cause) = templates.add_template(name, text) {
            tracing::error!(template = name, %cause, "A mail's template cannot be read.");
        }
    }
    templates
});

/// A mail's text.
pub(crate) fn rendered(template: &str, words: Value) -> Result<String, Error> {
    let text = TEMPLATES.get_template(template).and_then(|template| template.render(words));
    text.map_err(|e| Error::SetUp(e.to_string()))
}

/// The way to the merchant's mail server.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    pub(crate) fn new(url: &SecretString, from: &str) -> Result<Self, Error> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret());
        let transport = transport.map_err(|e| Error::SetUp(e.to_string()))?.build();
        let from = from.parse().map_err(|_| Error::SetUp("the sender's mail address cannot be read".into()))?;
        Ok(Self { transport, from })
    }
}

impl Engine {
    /// The receipt of a card payment with the fact that brings its money: a durable commit less for each of them. `None`: a
    /// job must write it. A mail that cannot be worded keeps no money from being recorded; and what a debit's says is read
    /// from more than the fact's rows.
    pub(crate) async fn write_receipt_at_once(
        &self,
        tx: &MerchantTx,
        attempt: &Attempt,
        payment: Payment,
        shares: &[Allocation],
    ) -> Result<Option<MailLeft>, Error> {
        if attempt.kind.is_debit() {
            return Ok(None);
        }
        let merchant = self.merchant_in(tx).await?;
        let told = Told { merchant: &merchant, payment, shares, attempt, refund: None, debit: None };
        match self.mail_of(&told, Tells::Receipt) {
            Ok(mail) => self.put_mail(tx, mail).await.map(Some),
            Err(cause) => {
                tracing::error!(attempt.id = %attempt.id, cause = %chain(&cause), "A receipt could not be worded; its job will try.");
                Ok(None)
            }
        }
    }

    /// The receipt of a payment whose money came.
    pub(crate) async fn write_receipt(&self, db: &MerchantDb, job: &Job, payment: PaymentId) -> Result<Ran, Error> {
        let attempt = latest(db, payment).await?;
        if !attempt.state.has_money() {
            return Ok(Ran::Finished);
        }
        self.write_mail(db, job, &attempt, Tells::Receipt, None).await
    }

    /// That a debit is with the payer's bank. What has moved on since then is told by other mails.
    pub(crate) async fn write_sent(&self, db: &MerchantDb, job: &Job, attempt: AttemptId) -> Result<Ran, Error> {
        let attempt = db.attempt(attempt).await?;
        if attempt.state != AttemptState::Processing {
            return Ok(Ran::Finished);
        }
        self.write_mail(db, job, &attempt, Tells::Sent, None).await
    }

    /// How a payment ended whose payer was told to wait for a mail. What has moved on since then is told by other mails.
    pub(crate) async fn write_notice(
        &self,
        db: &MerchantDb,
        job: &Job,
        attempt: AttemptId,
        came_to: AttemptState,
    ) -> Result<Ran, Error> {
        let attempt = db.attempt(attempt).await?;
        if attempt.state != came_to {
            return Ok(Ran::Finished);
        }
        let tells = match came_to {
            _ if attempt.is_unattended() && came_to.needs_payer(decline_reason(&attempt)) => Tells::NeedsPayer,
            AttemptState::Returned => Tells::MoneyBack,
            // What was meant for the books was money.
            AttemptState::Voided if !db.books_entries(attempt.id).await?.is_empty() => Tells::Cancelled,
            _ => Tells::NoMoney,
        };
        self.write_mail(db, job, &attempt, tells, None).await
    }

    /// That a debit that has failed is not tried again, which its payer was to count on.
    pub(crate) async fn write_not_again(&self, db: &MerchantDb, job: &Job, failed: &Attempt) -> Result<Ran, Error> {
        self.write_mail(db, job, failed, Tells::NotAgain, None).await
    }

    /// That money comes back, or that it does not after all. What has moved on since then is told by another mail.
    pub(crate) async fn write_refund_notice(
        &self,
        db: &MerchantDb,
        job: &Job,
        refund: RefundId,
        failed: bool,
    ) -> Result<Ran, Error> {
        let refund = db.refund(refund).await?;
        if refund.state.is_dead() != failed {
            return Ok(Ran::Finished);
        }
        let attempt = db.attempt(refund.attempt_id).await?;
        let tells = if failed { Tells::RefundFailed } else { Tells::Refund };
        self.write_mail(db, job, &attempt, tells, Some(&refund)).await
    }

    /// Written once, however often the job runs.
    async fn write_mail(
        &self,
        db: &MerchantDb,
        job: &Job,
        attempt: &Attempt,
        tells: Tells,
        refund: Option<&Refund>,
    ) -> Result<Ran, Error> {
        let mail = self.payers_mail(db, attempt, tells, refund).await?;
        self.keep_mail(db, job, mail).await
    }

    /// A mail with the end of the job that writes it.
    pub(crate) async fn keep_mail(&self, db: &MerchantDb, job: &Job, mail: NewMail) -> Result<Ran, Error> {
        let tx = db.begin().await?;
        self.add_mail(&tx, mail).await?;
        failpoint::reach("before_mail_commit");
        let ended = end_with(tx, job).await?;
        failpoint::reach("after_mail");
        self.0.bell.notify_one();
        Ok(ended)
    }

    /// Once for each key, however often it comes. Without a mail server there is nothing to deliver; and nothing is written
    /// to nobody: of a payment that was taken in after a restore, its payer's address is lost.
    pub(crate) async fn add_mail(&self, tx: &MerchantTx, new: NewMail) -> Result<(), Error> {
        let (now, payment) = (self.now(), new.payment);
        match self.put_mail(tx, new).await? {
            MailLeft::Delivery(deliver) => deliver.queue(tx, payment, now, now).await?,
            MailLeft::Slip(slip) => tx.audit_add(slip).await?,
            MailLeft::Nothing => {}
        }
        Ok(())
    }

    /// The same without what it leaves, which its caller writes with other rows of the same kind.
    pub(crate) async fn put_mail(&self, tx: &MerchantTx, new: NewMail) -> Result<MailLeft, Error> {
        if new.recipient.is_empty() {
            return Ok(MailLeft::Nothing);
        }
        let (now, payment, to_deliver) = (self.now(), new.payment, new.state == MailState::Queued);
        let text = Audited::digest_of_mail(&new.recipient, &new.subject, &new.text)?;
        Ok(match tx.mail_write(new, now).await? {
            Some(mail) if to_deliver => MailLeft::Delivery(Work::DeliverMail { mail }),
            Some(mail) => MailLeft::Slip(Audited::MailKept { mail, text }.slip(payment, Actor::Portal, now)?),
            None => MailLeft::Nothing,
        })
    }

    /// A mail that is written now waits for the server, if there is one.
    pub(crate) fn first_mail_state(&self) -> MailState {
        if self.0.mailer.is_some() { MailState::Queued } else { MailState::Kept }
    }

    async fn payers_mail(
        &self,
        db: &MerchantDb,
        attempt: &Attempt,
        tells: Tells,
        refund: Option<&Refund>,
    ) -> Result<NewMail, Error> {
        let set_up = self.set_up(db).await?;
        let (payment, shares) = db.payment_with_shares(attempt.payment_id).await?;
        let debit = self.debit_words(db, attempt, zone(&set_up.merchant.time_zone)).await?;
        self.mail_of(&Told { merchant: &set_up.merchant, payment, shares: &shares, attempt, refund, debit }, tells)
    }

    fn mail_of(&self, told: &Told<'_>, tells: Tells) -> Result<NewMail, Error> {
        let Told { merchant, payment, shares, attempt, refund, debit } = told;
        let share = shares.first().ok_or(Error::NotFound)?;
        let (paid, locale) = (payment.amount()?, merchant.face()?.locale);
        let amount = refund.map_or(Ok(paid), Refund::amount)?.format(locale);
        let words = |minor| Money::new(minor, paid.currency).format(locale);
        let several = shares.iter().filter(|_| shares.len() > 1);
        let surcharge = attempt.surcharge()?;
        let invoices: Vec<_> = shares.iter().filter(|share| share.advance.is_none()).cloned().collect();
        let failure = refund.and_then(|refund| refund.failure.as_deref());
        // By its name, which is what the template knows it by.
        let failure: Option<String> = failure.map(serde_json::from_str).transpose()?;
        let begun_at = on_the_wall(payment.created_at, zone(&merchant.time_zone));
        let text = rendered(
            tells.name(),
            context! {
                merchant => &merchant.name,
                support => &merchant.support_email,
                customer => &payment.customer_name,
                invoice => numbers(if invoices.is_empty() { shares } else { &invoices }),
                reference => &payment.reference,
                amount => &amount,
                paid => paid.format(locale),
                several => several.map(|share| context! {
                    invoice => &share.invoice_number,
                    is_advance => share.advance.is_some(),
                    amount => words(share.amount_minor),
                    left => (share.due_minor > share.amount_minor).then(|| words(share.due_minor - share.amount_minor)),
                }).collect::<Vec<_>>(),
                total => words(share.total_minor),
                paid_before => (share.total_minor > share.due_minor).then(|| words(share.total_minor - share.due_minor)),
                balance => words(share.due_minor - share.amount_minor),
                surcharge => surcharge.map(|surcharge| surcharge.format(locale)),
                method => &attempt.method,
                date => date::moment_in_words(begun_at),
                zone => date::zone_in_words(&merchant.time_zone),
                why => why(attempt),
                debit => debit,
                link => format!("{}/dashboard", self.0.settings.public_url),
                failure => failure,
                owed => refund.is_some_and(Refund::is_owed_again),
                ..paid_for(invoices.len(), shares.len()),
            },
        )?;
        Ok(NewMail {
            payment: Some(payment.id),
            unique_key: match refund {
                Some(refund) => format!("{}:{}", tells.name(), refund.id),
                None => mail_key(tells, attempt),
            },
            subject: tells.subject(&amount, &merchant.name, &payment.reference),
            recipient: payment.email.clone(),
            text,
            state: self.first_mail_state(),
        })
    }

    pub(crate) async fn deliver_mail(&self, db: &MerchantDb, job: &Job, mail: MailId) -> Result<Ran, Error> {
        let row = db.mail(mail).await?;
        let was_queued = row.state == MailState::Queued;
        let state = match &self.0.mailer {
            _ if !was_queued => row.state,
            // The server's setting was taken away since it was written.
            None => MailState::Kept,
            Some(mailer) => {
                let to =
                    row.recipient.parse().map_err(|_| Error::SetUp("the recipient's address cannot be read".into()))?;
                let message = Message::builder().from(mailer.from.clone()).to(to).subject(&row.subject);
                // The same id on a second delivery lets the receiving side see that it has the mail.
                let message = message.message_id(Some(format!("<{}@wisepay>", row.id)));
                let message = match &row.document {
                    None => message.body(row.text.clone()),
                    Some(address) => message.multipart(with(row.text.clone(), db.document(address).await?.into())?),
                };
                let message = message.map_err(|e| Error::SetUp(e.to_string()))?;
                mailer.transport.send(message).await.map_err(|e| Error::Mail(e.to_string()))?;
                MailState::Accepted
            }
        };
        let tx = db.begin().await?;
        tx.mail_move(row.id, state, None).await?;
        if was_queued {
            let text = Audited::digest_of_mail(&row.recipient, &row.subject, &row.text)?;
            let ended = if state == MailState::Accepted {
                Audited::MailSent { mail, text }
            } else {
                Audited::MailKept { mail, text }
            };
            tx.audit_add(ended.slip(row.payment_id, Actor::Portal, self.now())?).await?;
        }
        end_with(tx, job).await
    }
}

/// A mail's text, and the document that goes with it.
fn with(text: String, pdf: PdfFile) -> Result<MultiPart, Error> {
    let kind = ContentType::parse("application/pdf").map_err(|e| Error::SetUp(e.to_string()))?;
    let name = format!("{}.pdf", file_name(pdf.kind, &pdf.number, |c| c.is_ascii_alphanumeric()));
    Ok(MultiPart::mixed().singlepart(SinglePart::plain(text)).singlepart(Attachment::new(name).body(pdf.bytes, kind)))
}

/// What a payment is for, as all its mails call it: so many invoices among so many shares, the rest of which are credit.
fn paid_for(invoices: usize, shares: usize) -> Value {
    let what = match invoices {
        0 => "Payment in advance",
        1 => "Invoice",
        _ => "Invoices",
    };
    context! {
        what => what,
        in_advance => invoices == 0,
        of_one => invoices == 1,
        credit => shares > invoices,
    }
}

/// A debit that is tried again is told of again.
fn mail_key(tells: Tells, attempt: &Attempt) -> String {
    match attempt.retry {
        0 => format!("{}:{}", tells.name(), attempt.payment_id),
        _ => format!("{}:{}", tells.name(), attempt.id),
    }
}

/// Of the mails that tell how a debit failed.
pub(crate) fn notice_keys(failed: &Attempt) -> [String; 2] {
    [Tells::NoMoney, Tells::MoneyBack].map(|tells| mail_key(tells, failed))
}

/// Of a debit, what happened alone: what to do stands beside it.
fn why(attempt: &Attempt) -> &'static str {
    let debit = decline_reason(attempt).filter(|_| attempt.kind.is_debit());
    debit.map_or_else(|| why_not(attempt), DeclineReason::of_debit)
}

#[cfg(test)]
#[path = "send_mail_tests.rs"]
mod tests;
