//! Holds what stands in the audit trail against the rows that it tells of, and the other way round. The one place that
//! knows which row that is, and what of it may have changed since (N15).

use crate::{
    Error,
    audit::{Audited, Started},
    audit_words::{
        AUTHORITY_GIVEN, METHOD_GIVEN, PAYMENT_RETRIED, PAYMENT_STARTED, PAYMENT_TAKEN_IN, RETURN_INVOICE_WRITTEN,
        words,
    },
    consent::TRACEABLE_FOR,
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{AttemptId, InvoiceId, MailId, MethodId, PaymentId, RefundId},
    money::Money,
    refund::{RefundMade, RefundMeaning, RefundState},
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};
use store::{
    Attempt, AuditLine, AuditSlip, Authority, BooksEntry, BooksEntryState, Consent, Mail, MailState, MerchantDb,
    Refund, RefundEntry,
};

const GONE: &str = "tells of something that is not there";
const ANOTHER_AMOUNT: &str = "tells of another amount than is shown";
const ANOTHER_ID: &str = "names another id than is shown";
const ANOTHER_MAIL: &str = "tells of a mail with other words, or to somebody else";
const ANOTHER_AUTHORITY: &str = "tells of another authority than is shown";
const ANOTHER_REASON: &str = "gives another reason or meaning, or tells of another payment";

/// What is written down about a payment, sealed and not sealed yet, in its order.
pub(crate) struct Written {
    pub lines: Vec<AuditLine>,
    pub slips: Vec<AuditSlip>,
}

impl Written {
    pub(crate) async fn of_payment(db: &MerchantDb, payment: PaymentId) -> Result<Self, Error> {
        // In this order: what is sealed meanwhile is seen once or twice, and never not at all.
        let mut slips = db.audit_slips_of(payment).await?;
        let lines = db.audit_lines_of(payment).await?;
        slips.retain(|slip| lines.iter().all(|line| line.id != slip.id));
        Ok(Self { lines, slips })
    }

    pub(crate) fn acts(&self) -> Vec<Act> {
        self.lines.iter().map(Act::from).chain(self.slips.iter().map(Act::from)).collect()
    }

    /// Who did it, as it is written.
    pub(crate) fn actors(&self) -> impl Iterator<Item = &str> {
        let sealed = self.lines.iter().map(|line| line.actor.as_str());
        sealed.chain(self.slips.iter().map(|slip| slip.actor.as_str()))
    }
}

/// An act as it is written down: sealed as a line, or waiting to be.
pub(crate) struct Act {
    line: Option<i64>,
    at: DateTime<Utc>,
    kind: String,
    named: Named,
    started: Option<Started>,
}

/// What a body names, whatever it tells.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    attempt: Option<AttemptId>,
    refund: Option<RefundId>,
    invoice: Option<InvoiceId>,
    mail: Option<MailId>,
    method: Option<MethodId>,
    authority: Option<String>,
    amount: Option<Money>,
    amount_minor: Option<i64>,
    gateway_id: Option<String>,
    charge_id: Option<String>,
    credit_id: Option<String>,
    external_id: Option<String>,
    reason: Option<String>,
    meaning: Option<RefundMeaning>,
    text: Option<String>,
}

impl Act {
    fn new(line: Option<i64>, at: DateTime<Utc>, kind: &str, body: &str) -> Self {
        // What cannot be read was changed: it names nothing, and its hash says so.
        let started = if kind == PAYMENT_STARTED { serde_json::from_str(body).ok() } else { None };
        Self { line, at, kind: kind.to_owned(), named: serde_json::from_str(body).unwrap_or_default(), started }
    }

    fn starts(&self, attempt: AttemptId) -> bool {
        let is_own = matches!(self.kind.as_str(), PAYMENT_RETRIED | PAYMENT_TAKEN_IN);
        (is_own && self.named.attempt == Some(attempt))
            || self.started.as_ref().is_some_and(|started| started.attempt == attempt)
    }

    /// Nobody's press of Pay began it here.
    pub(crate) fn takes_in(&self) -> bool {
        self.kind == PAYMENT_TAKEN_IN
    }

    /// As [`Due`] has it.
    fn key(&self) -> String {
        let Named { mail, refund, attempt, invoice, .. } = self.named;
        match (mail, refund, attempt) {
            (Some(mail), _, _) => mail.to_string(),
            (_, Some(refund), _) => key(&self.kind, refund, invoice),
            (_, _, Some(attempt)) => key(&self.kind, attempt, invoice),
            _ => String::new(),
        }
    }
}

impl From<&AuditLine> for Act {
    fn from(line: &AuditLine) -> Self {
        Self::new(Some(line.sequence), line.at, &line.kind, &line.body)
    }
}

impl From<&AuditSlip> for Act {
    fn from(slip: &AuditSlip) -> Self {
        Self::new(None, slip.at, &slip.kind, &slip.body)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = words(&self.kind);
        match self.line {
            Some(number) => write!(f, "line {number} of the audit trail ({what})"),
            None => write!(f, "an act that is not sealed yet ({what})"),
        }
    }
}

/// Something that stands here and must be told by an act since there are acts.
struct Due {
    key: String,
    what: String,
    since: DateTime<Utc>,
}

/// What acts are about.
pub(crate) struct Rows {
    attempts: BTreeMap<AttemptId, Attempt>,
    consents: BTreeMap<AttemptId, Consent>,
    entries: BTreeMap<(AttemptId, InvoiceId), BooksEntry>,
    refunds: BTreeMap<RefundId, Refund>,
    parts: BTreeMap<(RefundId, InvoiceId), RefundEntry>,
    mails: BTreeMap<MailId, Mail>,
    authorities: BTreeMap<MethodId, Authority>,
}

impl Rows {
    /// Those that these acts are about. They are read after the acts: none is older than what is told of it.
    pub(crate) async fn of_acts(db: &MerchantDb, acts: &[Act]) -> Result<Self, Error> {
        let attempts: BTreeSet<_> = acts.iter().filter_map(|act| act.named.attempt).collect();
        let refunds: BTreeSet<_> = acts.iter().filter_map(|act| act.named.refund).collect();
        let mails: BTreeSet<_> = acts.iter().filter_map(|act| act.named.mail).collect();
        let (attempts, refunds) = (attempts.into_iter().collect(), refunds.into_iter().collect::<Vec<_>>());
        let mails = db.mails_by_id(mails.into_iter().collect()).await?;
        let methods: BTreeSet<_> = acts.iter().filter_map(|act| act.named.method).collect();
        let authorities = db.authorities_of(methods.into_iter().collect()).await?;
        Self::read(db, attempts, db.refunds_by_id(&refunds).await?, mails, authorities).await
    }

    /// All that there is about a payment. It is read before the acts: each row has been told of when they are.
    pub(crate) async fn of_payment(db: &MerchantDb, payment: PaymentId) -> Result<Self, Error> {
        let attempts: Vec<_> = db.attempts_of(payment).await?.into_iter().map(|attempt| attempt.id).collect();
        let refunds = db.refunds_of(&attempts).await?;
        Self::read(db, attempts, refunds, db.mails_of_payment(payment).await?, Vec::new()).await
    }

    async fn read(
        db: &MerchantDb,
        attempts: Vec<AttemptId>,
        refunds: Vec<Refund>,
        mails: Vec<Mail>,
        authorities: Vec<Authority>,
    ) -> Result<Self, Error> {
        let entries = db.books_entries_of(&attempts).await?.into_iter();
        let parts = db.refund_parts(&refunds).await?.into_iter();
        Ok(Self {
            attempts: db.attempts_by_id(&attempts).await?.into_iter().map(|row| (row.id, row)).collect(),
            consents: db.consents_of(attempts).await?.into_iter().map(|row| (row.attempt_id, row)).collect(),
            entries: entries.map(|row| ((row.attempt_id, row.invoice_id), row)).collect(),
            refunds: refunds.into_iter().map(|row| (row.id, row)).collect(),
            parts: parts.map(|row| ((row.refund_id, row.invoice_id), row)).collect(),
            mails: mails.into_iter().map(|row| (row.id, row)).collect(),
            authorities: authorities.into_iter().map(|row| (row.method_id, row)).collect(),
        })
    }

    /// They are from before the audit trail `began`: no start was written down, and nothing that was agreed to.
    pub(crate) fn are_older(&self, acts: &[Act], began: DateTime<Utc>) -> bool {
        let is_older = |attempt: &Attempt| attempt.created_at < began && !acts.iter().any(|act| act.starts(attempt.id));
        self.consents.is_empty() && self.attempts.values().all(is_older)
    }

    /// The act tells of an authority that stands here. In lines from before there was a word for that, its account is told
    /// of as a card.
    pub(crate) fn tells_of_authority(&self, act: &Act) -> bool {
        let is_given = matches!(act.kind.as_str(), METHOD_GIVEN | AUTHORITY_GIVEN);
        is_given && act.named.method.is_some_and(|method| self.authorities.contains_key(&method))
    }

    /// What an act says that its row does not.
    pub(crate) fn differs(&self, act: &Act, now: DateTime<Utc>) -> Option<String> {
        if let Some(started) = &act.started
            && let Some(how) = consent_differs(started, self.consents.get(&started.attempt), now)
        {
            return Some(format!("the consent of {} {how}", started.attempt));
        }
        let Named { mail, refund, attempt, invoice, method, .. } = act.named;
        if let (Some(method), Some(told)) = (method, &act.named.authority)
            && let Some(how) = authority_differs(told, self.authorities.get(&method))
        {
            return Some(format!("{act} {how}"));
        }
        let how = match (mail, refund, attempt, invoice) {
            (Some(mail), ..) => mail_differs(&act.named, self.mails.get(&mail)),
            (_, Some(refund), _, Some(invoice)) => part_differs(act, self.parts.get(&(refund, invoice))),
            (_, Some(refund), ..) => refund_differs(act, self.refunds.get(&refund)),
            (_, _, Some(attempt), Some(invoice)) => entry_differs(act, self.entries.get(&(attempt, invoice))),
            (_, _, Some(attempt), None) => attempt_differs(act, self.attempts.get(&attempt)),
            (_, _, None, _) => None,
        };
        Some(format!("{act} {}", how?))
    }

    /// What stands here since the audit trail `began`, and in none of the payment's acts; and a start that is told twice.
    pub(crate) fn untold(&self, acts: &[Act], began: DateTime<Utc>) -> Vec<String> {
        let mut differences = Vec::new();
        for (id, attempt) in &self.attempts {
            match acts.iter().filter(|act| act.starts(*id)).count() {
                1 => {}
                0 if attempt.created_at < began && !self.consents.contains_key(id) => {}
                0 => differences.push(format!("the start of {id} stands nowhere in the audit trail")),
                times => differences.push(format!("the start of {id} stands {times} times in the audit trail")),
            }
        }
        let told: BTreeSet<_> = acts.iter().map(Act::key).collect();
        let missed = self.due().into_iter().filter(|due| due.since >= began && !told.contains(&due.key));
        differences.extend(missed.map(|due| format!("{} stands nowhere in the audit trail", due.what)));
        differences
    }

    fn due(&self) -> Vec<Due> {
        let mut due = Vec::new();
        let mut must = |key, what, since| due.push(Due { key, what, since });
        for (id, attempt) in self.attempts.iter().filter(|(_, attempt)| attempt.state.has_money()) {
            must(key("money_came", id, None), format!("the money of {id}"), attempt.created_at);
        }
        for ((attempt, invoice), entry) in &self.entries {
            let (told, what) = match entry.state {
                BooksEntryState::Posted => ("books_posted", "posting"),
                BooksEntryState::Invoiced => (RETURN_INVOICE_WRITTEN, "return invoice"),
                _ => continue,
            };
            must(key(told, attempt, Some(*invoice)), format!("the {what} of {attempt}"), entry.updated_at);
        }
        for (id, refund) in &self.refunds {
            let (told, what) = match refund.made {
                RefundMade::Here => ("refund_asked", "order"),
                RefundMade::There => ("refund_found", "finding"),
            };
            must(key(told, id, None), format!("the {what} of {id}"), refund.created_at);
            if refund.state == RefundState::Succeeded {
                must(key("refund_paid", id, None), format!("the money of {id}"), refund.created_at);
            }
        }
        let parts = self.parts.iter().filter(|(_, part)| part.state == BooksEntryState::Posted);
        for ((refund, invoice), part) in parts {
            let what = format!("the posting of {refund}");
            must(key("refund_posted", refund, Some(*invoice)), what, part.updated_at);
        }
        for (id, mail) in self.mails.iter().filter(|(_, mail)| mail.state != MailState::Queued) {
            must(id.to_string(), format!("the mail “{}”", mail.subject), mail.created_at);
        }
        due
    }
}

fn key(kind: &str, of: impl fmt::Display, invoice: Option<InvoiceId>) -> String {
    let invoice = invoice.map(|id| id.to_string()).unwrap_or_default();
    format!("{kind} {of} {invoice}")
}

/// What is wrong with a consent, seen from the line about it.
fn consent_differs(started: &Started, consent: Option<&Consent>, now: DateTime<Utc>) -> Option<&'static str> {
    let Some(consent) = consent else { return Some("is missing") };
    if consent.terms_digest() != started.terms {
        return Some("is not what its line in the audit trail says");
    }
    match consent.origin_digest() {
        None if now - consent.agreed_at < TRACEABLE_FOR => Some("does not tell where it came from any more"),
        Some(origin) if started.origin.as_ref() != Some(&origin) => {
            Some("comes from elsewhere than its line in the audit trail says")
        }
        _ => None,
    }
}

fn authority_differs(told: &str, authority: Option<&Authority>) -> Option<&'static str> {
    let Some(authority) = authority else { return Some(GONE) };
    (authority.digest() != told).then_some(ANOTHER_AUTHORITY)
}

fn attempt_differs(act: &Act, attempt: Option<&Attempt>) -> Option<&'static str> {
    let Some(attempt) = attempt else { return Some(GONE) };
    if act.named.amount.is_some() && act.named.amount != attempt.amount().ok() {
        return Some(ANOTHER_AMOUNT);
    }
    // What is told of how it stands now: a later try on the gateway's page may have another id there.
    let is_current = match act.kind.as_str() {
        "money_came" => attempt.state.has_money(),
        "money_went_back" | "no_money" => attempt.state.is_dead(),
        _ => false,
    };
    let fit = fits(act.named.gateway_id.as_ref(), attempt.gateway_id.as_ref())
        && fits(act.named.charge_id.as_ref(), attempt.charge_id.as_ref());
    (is_current && !attempt.contradicted && !fit).then_some(ANOTHER_ID)
}

fn entry_differs(act: &Act, entry: Option<&BooksEntry>) -> Option<&'static str> {
    let Some(entry) = entry else { return Some(GONE) };
    let named = &act.named;
    if named.amount_minor != Some(entry.amount_minor) {
        return Some(ANOTHER_AMOUNT);
    }
    let fit = fits(named.external_id.as_ref(), entry.external_id.as_ref());
    // It may have been written anew since, under another id.
    (act.at >= entry.updated_at && !fit).then_some(ANOTHER_ID)
}

fn refund_differs(act: &Act, refund: Option<&Refund>) -> Option<&'static str> {
    let Some(refund) = refund else { return Some(GONE) };
    let named = &act.named;
    if named.amount != refund.amount().ok() {
        return Some(ANOTHER_AMOUNT);
    }
    let is_current = match act.kind.as_str() {
        "refund_asked" => {
            let same = named.reason.as_ref() == Some(&refund.reason)
                && named.attempt == Some(refund.attempt_id)
                && named.meaning.unwrap_or(RefundMeaning::SaleCancelled) == refund.meaning;
            return (!same).then_some(ANOTHER_REASON);
        }
        "refund_found" => return (named.attempt != Some(refund.attempt_id)).then_some(ANOTHER_REASON),
        "refund_paid" => refund.state == RefundState::Succeeded,
        _ => refund.state.is_dead(),
    };
    let fit = fits(named.gateway_id.as_ref(), refund.gateway_id.as_ref());
    (is_current && !refund.contradicted && !fit).then_some(ANOTHER_ID)
}

fn part_differs(act: &Act, part: Option<&RefundEntry>) -> Option<&'static str> {
    let Some(part) = part else { return Some(GONE) };
    let named = &act.named;
    if named.amount_minor != Some(part.amount_minor) {
        return Some(ANOTHER_AMOUNT);
    }
    let fit = fits(named.credit_id.as_ref(), part.credit_id.as_ref())
        && fits(named.external_id.as_ref(), part.external_id.as_ref());
    (act.at >= part.updated_at && !fit).then_some(ANOTHER_ID)
}

fn mail_differs(named: &Named, mail: Option<&Mail>) -> Option<&'static str> {
    let Some(mail) = mail else { return Some(GONE) };
    let text = Audited::digest_of_mail(&mail.recipient, &mail.subject, &mail.text).ok();
    (named.text != text).then_some(ANOTHER_MAIL)
}

/// What is named must be what is shown; what had no id yet when it was told may have one now.
fn fits(named: Option<&String>, shown: Option<&String>) -> bool {
    named.is_none() || named == shown
}
