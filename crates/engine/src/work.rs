//! What the worker can be told to do. A job is written in the transaction of the fact that needs it, or by the sweep and
//! the clock under a key that lets it in once. How it is run: `jobs.rs`.

use crate::Error;
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    ids::{
        AttemptId, DisputeId, EndpointId, EventId, InvoiceId, MailId, MethodId, PaymentId, QuoteSessionId, RefundId,
        WebhookId,
    },
    payment::AttemptState,
    quote_event::QuoteEvent,
};
use serde::{Deserialize, Serialize};
use store::{MerchantTx, NewJob};

/// Before the id of the news that a job reads.
pub(crate) const READ_NEWS: &str = "read_news:";
/// The same where they are of books, which are called for them.
pub(crate) const READ_BOOKS_NEWS: &str = "read_news:books:";
/// Before the id of the invoice that a job gives a quote's credit to.
pub(crate) const APPLY_CREDIT: &str = "apply_credit:";
/// Before the id of what is owed by the customer whom a job makes in the books.
pub(crate) const CREATE_CUSTOMER: &str = "create_customer:";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub(crate) enum Work {
    /// Ask the gateway what became of an attempt whose outcome is open.
    LookUp {
        attempt: AttemptId,
    },
    /// Write a payment into the books.
    PostPayment {
        attempt: AttemptId,
    },
    /// Write what they refused into the books once more, as staff asked at that moment.
    PostAgain {
        attempt: AttemptId,
        asked_ms: i64,
    },
    /// Take a payment out of the books whose money went back, as was known at that moment.
    TakeBackPayment {
        attempt: AttemptId,
        asked_ms: i64,
    },
    /// Write an invoice into the books that asks for what a bank took back of this one, as staff asked at that moment.
    WriteReturnInvoice {
        attempt: AttemptId,
        invoice: InvoiceId,
        asked_ms: i64,
    },
    /// Write the draft of a credit into the books, whose quote a debit is to pay.
    DraftCredit {
        attempt: AttemptId,
        /// Of the quote's payments.
        number: i32,
    },
    /// Take that draft out again: the debit brought no money.
    DropDraft {
        attempt: AttemptId,
        number: i32,
    },
    /// Make the customer in the books whom this is owed by, as staff asked at that moment.
    CreateCustomer {
        invoice: InvoiceId,
        asked_ms: i64,
    },
    /// Give a quote's credit to the invoice that it is for, as was asked at that moment.
    ApplyCredit {
        invoice: InvoiceId,
        asked_ms: i64,
    },
    /// Ask the books what is left of a quote's credit.
    WatchCredit {
        quote: InvoiceId,
        asked_ms: i64,
    },
    /// Write the receipt.
    WriteReceipt {
        payment: PaymentId,
        /// Of a debit that was tried again: each that clears has its own.
        #[serde(default)]
        retry: i32,
    },
    /// Write to a payer that a debit is with their bank.
    WriteSent {
        attempt: AttemptId,
    },
    /// Write to whoever signed the authority to debit an account.
    WriteAuthority {
        method: MethodId,
    },
    /// Debit an account again that had not enough money in it.
    RetryDebit {
        attempt: AttemptId,
        /// How often, with this one.
        number: i32,
        /// The day that its owner is told; of a job that does not know it, nothing is debited.
        #[serde(default)]
        on: Option<NaiveDate>,
    },
    /// Write to a payer who left with an open outcome that no money came, or that it went back.
    WriteNotice {
        attempt: AttemptId,
        came_to: AttemptState,
    },
    /// Ask the gateway what became of a refund whose outcome is open.
    LookUpRefund {
        refund: RefundId,
        /// It has come back to life: the job of its first life has ended.
        #[serde(default)]
        revived: bool,
    },
    /// Write a refund into the books.
    PostRefund {
        refund: RefundId,
        /// When staff asked for it once more.
        #[serde(default)]
        asked_ms: Option<i64>,
    },
    /// Take a refund that has failed out of the books.
    TakeBackRefund {
        refund: RefundId,
        /// As above.
        #[serde(default)]
        asked_ms: Option<i64>,
    },
    /// Write to the payer that money comes back, or that it does not after all.
    WriteRefundNotice {
        refund: RefundId,
        failed: bool,
    },
    /// Ask the gateway what became of a dispute that is open.
    LookUpDispute {
        dispute: DisputeId,
    },
    /// Have the gateway keep the card of a payment.
    KeepCard {
        attempt: AttemptId,
    },
    /// Ask the gateway what became of a method that it was to keep.
    LookUpMethod {
        method: MethodId,
    },
    /// Have the gateway keep a method no longer.
    ForgetMethod {
        method: MethodId,
        /// When it was seen there once more, though it had been taken out.
        #[serde(default)]
        seen_ms: Option<i64>,
    },
    /// Draw the invoice that goes with its so many-th mail, and have that delivered.
    AttachDocument {
        invoice: InvoiceId,
        nth: usize,
    },
    DeliverMail {
        mail: MailId,
    },
    ReadNews {
        webhook: WebhookId,
        /// It is the books that tell them.
        #[serde(default)]
        of_books: bool,
    },
    /// Send an endpoint all that it has not got.
    SendEvents {
        endpoint: EndpointId,
    },
    /// Send it one event once more, as staff asked at that moment.
    SendAgain {
        endpoint: EndpointId,
        event: EventId,
        asked_ms: i64,
    },
    /// Tell a quoting program what became of a quote.
    TellQuote {
        told: QuoteEvent,
    },
    SyncBooks,
    /// The same for the first time, because somebody has said at that moment where payments are to stand.
    FirstSync {
        asked_ms: i64,
    },
    /// The same because somebody has asked for it at that moment, on the lane of people.
    DownloadBooks {
        asked_ms: i64,
    },
    /// Look through all that is open in the books.
    SweepBooks {
        /// When deletions were found untold; none: once a week.
        #[serde(default)]
        asked_ms: Option<i64>,
    },
    Prune,
    /// Look for debits that banks have taken back.
    LookForReturns,
    /// Look for saved cards that end.
    LookForExpiry,
    /// Lay gateways, payments and books beside one another.
    Reconcile,
    /// Read what the gateways paid out, and match it.
    ReadPayouts,
    /// Hold what is recorded here against itself.
    CheckRecords,
}

impl Work {
    /// The same work has the same key, so it is queued once.
    pub(crate) fn key(&self, period: &str) -> String {
        match self {
            Self::LookUp { attempt } => format!("look_up:{attempt}"),
            Self::PostPayment { attempt } => format!("post_payment:{attempt}"),
            Self::PostAgain { attempt, asked_ms } => format!("post_again:{attempt}:{asked_ms}"),
            Self::TakeBackPayment { attempt, asked_ms } => format!("take_back_payment:{attempt}:{asked_ms}"),
            Self::WriteReturnInvoice { attempt, invoice, asked_ms } => {
                format!("write_return_invoice:{attempt}:{invoice}:{asked_ms}")
            }
            Self::DraftCredit { attempt, number } => format!("draft_credit:{attempt}:{number}"),
            Self::DropDraft { attempt, number } => format!("drop_draft:{attempt}:{number}"),
            Self::CreateCustomer { invoice, asked_ms } => format!("{CREATE_CUSTOMER}{invoice}:{asked_ms}"),
            Self::ApplyCredit { invoice, asked_ms } => format!("{APPLY_CREDIT}{invoice}:{asked_ms}"),
            Self::WatchCredit { quote, asked_ms } => format!("watch_credit:{quote}:{asked_ms}"),
            Self::WriteReceipt { payment, retry: 0 } => format!("write_receipt:{payment}"),
            Self::WriteReceipt { payment, retry } => format!("write_receipt:{payment}:{retry}"),
            Self::WriteSent { attempt } => format!("write_sent:{attempt}"),
            Self::WriteAuthority { method } => format!("write_authority:{method}"),
            Self::RetryDebit { attempt, number, .. } => format!("retry_debit:{attempt}:{number}"),
            Self::WriteNotice { attempt, came_to } => format!("write_notice:{attempt}:{came_to:?}"),
            Self::LookUpRefund { refund, revived: false } => format!("look_up_refund:{refund}"),
            Self::LookUpRefund { refund, revived: true } => format!("look_up_refund:{refund}:revived"),
            Self::PostRefund { refund, asked_ms: None } => format!("post_refund:{refund}"),
            Self::PostRefund { refund, asked_ms: Some(at) } => format!("post_refund:{refund}:{at}"),
            Self::TakeBackRefund { refund, asked_ms: None } => format!("take_back_refund:{refund}"),
            Self::TakeBackRefund { refund, asked_ms: Some(at) } => format!("take_back_refund:{refund}:{at}"),
            Self::WriteRefundNotice { refund, failed } => format!("write_refund_notice:{refund}:{failed}"),
            Self::LookUpDispute { dispute } => format!("look_up_dispute:{dispute}"),
            Self::KeepCard { attempt } => format!("keep_card:{attempt}"),
            Self::LookUpMethod { method } => format!("look_up_method:{method}"),
            Self::ForgetMethod { method, seen_ms: None } => format!("forget_method:{method}"),
            Self::ForgetMethod { method, seen_ms: Some(at) } => format!("forget_method:{method}:{at}"),
            Self::AttachDocument { invoice, nth } => format!("attach_document:{invoice}:{nth}"),
            Self::DeliverMail { mail } => format!("deliver_mail:{mail}"),
            Self::ReadNews { webhook, of_books: false } => format!("{READ_NEWS}{webhook}"),
            Self::ReadNews { webhook, of_books: true } => format!("{READ_BOOKS_NEWS}{webhook}"),
            Self::SendEvents { endpoint } => format!("send_events:{endpoint}"),
            Self::SendAgain { endpoint, event, asked_ms } => format!("send_again:{endpoint}:{event}:{asked_ms}"),
            Self::TellQuote { told } => format!("{}{}", told_of(told.data.session_id), told.id),
            Self::SyncBooks => format!("sync_books:{period}"),
            Self::FirstSync { asked_ms } => format!("first_sync:{asked_ms}"),
            Self::DownloadBooks { asked_ms } => format!("download_books:{asked_ms}"),
            Self::SweepBooks { asked_ms: None } => format!("sweep_books:{period}"),
            Self::SweepBooks { asked_ms: Some(at) } => format!("sweep_books:{at}"),
            Self::Prune => format!("prune:{period}"),
            Self::LookForReturns => format!("look_for_returns:{period}"),
            Self::LookForExpiry => format!("look_for_expiry:{period}"),
            Self::Reconcile => format!("reconcile:{period}"),
            Self::ReadPayouts => format!("read_payouts:{period}"),
            Self::CheckRecords => format!("check_records:{period}"),
        }
    }

    /// What it does, for people.
    pub(crate) const fn words(&self) -> &'static str {
        match self {
            Self::LookUp { .. } => "Ask the gateway for the outcome",
            Self::PostPayment { .. } => "Post to the books",
            Self::PostAgain { .. } => "Post to the books again",
            Self::TakeBackPayment { .. } => "Take the payment out of the books",
            Self::WriteReturnInvoice { .. } => "Write the return invoice",
            Self::DraftCredit { .. } => "Write the draft of a quote’s credit",
            Self::DropDraft { .. } => "Delete the draft of a quote’s credit",
            Self::CreateCustomer { .. } => "Create the customer in the books",
            Self::ApplyCredit { .. } => "Apply a quote’s credit to its invoice",
            Self::WatchCredit { .. } => "Ask the books about a quote’s credit",
            Self::WriteReceipt { .. } => "Write the receipt",
            Self::WriteSent { .. } => "Tell the payer that the debit was sent",
            Self::WriteAuthority { .. } => "Send the copy of the authority",
            Self::RetryDebit { .. } => "Debit the account again",
            Self::WriteNotice { .. } => "Tell the payer how it ended",
            Self::LookUpRefund { .. } => "Ask the gateway for the refund’s outcome",
            Self::PostRefund { .. } => "Post the refund to the books",
            Self::TakeBackRefund { .. } => "Take the failed refund out of the books",
            Self::WriteRefundNotice { .. } => "Tell the payer about the refund",
            Self::LookUpDispute { .. } => "Ask the gateway about a dispute",
            Self::KeepCard { .. } => "Save the card of a payment at the gateway",
            Self::LookUpMethod { .. } => "Ask the gateway about a saved method",
            Self::ForgetMethod { .. } => "Take a saved method out at the gateway",
            Self::AttachDocument { .. } => "Draw the invoice that goes with a mail",
            Self::DeliverMail { .. } => "Send the mail",
            Self::ReadNews { .. } => "Work a vendor’s news",
            Self::SendEvents { .. } => "Send events to a partner",
            Self::SendAgain { .. } => "Send an event to a partner again",
            Self::TellQuote { .. } => "Tell the quoting program",
            Self::SyncBooks => "Read changes from the books",
            Self::FirstSync { .. } => "Read the books for the first time",
            Self::DownloadBooks { .. } => "Download the latest data of the books",
            Self::SweepBooks { .. } => "Look through all that is open in the books",
            Self::Prune => "Delete what is old",
            Self::LookForReturns => "Look for debits that banks took back",
            Self::LookForExpiry => "Look for saved cards that end",
            Self::Reconcile => "Compare gateway, payments and books",
            Self::ReadPayouts => "Read and match payouts",
            Self::CheckRecords => "Check what is recorded here",
        }
    }

    /// Open outcomes and what is missing in the books are asked about for as long as it takes.
    pub(crate) const fn is_about_money(&self) -> bool {
        matches!(
            self,
            Self::LookUp { .. }
                | Self::PostPayment { .. }
                | Self::PostAgain { .. }
                | Self::DraftCredit { .. }
                | Self::DropDraft { .. }
                | Self::ApplyCredit { .. }
                | Self::CreateCustomer { .. }
                | Self::TakeBackPayment { .. }
                | Self::WriteReturnInvoice { .. }
                | Self::LookUpDispute { .. }
                | Self::LookUpRefund { .. }
                | Self::PostRefund { .. }
                | Self::TakeBackRefund { .. }
        )
    }

    /// Queues it for a period of the clock, once however many workers look.
    pub(crate) async fn queue_for(&self, tx: &MerchantTx, period: &str, now: DateTime<Utc>) -> Result<(), Error> {
        self.queue_for_at(tx, period, now, now).await
    }

    /// The same, for later.
    pub(crate) async fn queue_for_at(
        &self,
        tx: &MerchantTx,
        period: &str,
        run_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        Ok(tx.jobs_add([self.row(None, period, run_at)?], now).await?)
    }

    fn row(&self, payment: Option<PaymentId>, period: &str, run_at: DateTime<Utc>) -> Result<NewJob, Error> {
        Ok(NewJob { payment, unique_key: self.key(period), body: serde_json::to_string(self)?, run_at })
    }

    /// Queues it in the caller's transaction.
    pub(crate) async fn queue(
        &self,
        tx: &MerchantTx,
        payment: Option<PaymentId>,
        run_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        Self::queue_all(std::slice::from_ref(self), tx, payment, run_at, now).await
    }

    /// Queues it though it may have ended before: what it is about has come up once more.
    pub(crate) async fn queue_again(
        &self,
        tx: &MerchantTx,
        payment: Option<PaymentId>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.queue(tx, payment, now, now).await?;
        Ok(tx.job_rerun(&self.key(""), now).await?)
    }

    /// Queues several at once.
    pub(crate) async fn queue_all(
        works: &[Self],
        tx: &MerchantTx,
        payment: Option<PaymentId>,
        run_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let new = works.iter().map(|work| work.row(payment, "", run_at)).collect::<Result<Vec<_>, _>>()?;
        Ok(tx.jobs_add(new, now).await?)
    }
}

/// How the keys of the jobs begin that tell a program of this session.
pub(crate) fn told_of(session: QuoteSessionId) -> String {
    format!("tell_quote:{session}:")
}
