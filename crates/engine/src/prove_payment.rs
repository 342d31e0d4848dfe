//! A payment's proof pack: what the payer agreed to, what was seen, what followed, and that the record of it was not
//! touched (N15). Nothing is changed.

use crate::{
    AdminPass, Engine, Error,
    audit::{PAYMENT_STARTED, Started, words},
    clock::{on_the_wall, zone},
    transactions::mail_words,
    verify_trail::{Walk, consent_differs},
};
use chrono::{DateTime, Utc};
use domain::{
    date::Moment,
    ids::PaymentId,
    proof::{Agreed, Notice, Proof, Trail, TrailLine},
};
use store::{AuditLine, Consent, Mail, MerchantDb};

/// A proof computes the trail anew from the payment's first line on; `verify-books` does so from the beginning.
const LINES_AT_ONCE: u64 = 1_000;
const LINES_MAX: usize = 20_000;

impl Engine {
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's payment.
    pub async fn prove_payment(&self, admin: &AdminPass, payment: PaymentId) -> Result<Proof, Error> {
        let (db, zone) = (&admin.db, zone(&admin.who.time_zone));
        let local = |at| on_the_wall(at, zone);
        let story = self.payment_story(admin, payment).await?;
        let attempts = db.attempts_of(payment).await?;
        let mut consents = db.consents_of(attempts.iter().map(|attempt| attempt.id).collect()).await?;
        consents.sort_by_key(|consent| consent.agreed_at);
        let lines = db.audit_lines_of(payment).await?;
        let mut trail = trail(db, &lines, local).await?;
        trail.unsealed = db.audit_slips_of(payment).await?.len();
        trail.differences.extend(self.consents_against(&consents, &lines));
        let mails = db.mails_of_payment(payment).await?;
        Ok(Proof {
            merchant: db.merchant().await?.face()?,
            made_at: local(self.now()),
            story,
            agreed: consents.into_iter().map(|consent| agreed(consent, local)).collect::<Result<_, _>>()?,
            notices: mails.into_iter().map(|mail| notice(mail, local)).collect(),
            trail,
        })
    }

    /// Of each consent whose line is sealed, what does not fit it.
    fn consents_against(&self, consents: &[Consent], lines: &[AuditLine]) -> Vec<String> {
        let begun = lines.iter().filter(|line| line.kind == PAYMENT_STARTED);
        let started = begun.filter_map(|line| serde_json::from_str::<Started>(&line.body).ok());
        let differs = |started: Started| {
            let consent = consents.iter().find(|consent| consent.attempt_id == started.attempt);
            Some(format!("what the payer agreed to {}", consent_differs(&started, consent, self.now())?))
        };
        started.filter_map(differs).collect()
    }
}

/// The payment's sealed lines, and the trail computed anew from the first of them to its end.
async fn trail(db: &MerchantDb, lines: &[AuditLine], local: impl Fn(DateTime<Utc>) -> Moment) -> Result<Trail, Error> {
    let told = |line: &AuditLine| TrailLine {
        number: line.sequence,
        at: local(line.at),
        what: words(&line.kind).to_owned(),
        actor: line.actor.clone(),
        hash: line.hash.clone(),
    };
    let mut trail =
        Trail { lines: lines.iter().map(told).collect(), unsealed: 0, checked: None, differences: Vec::new() };
    if let Some(first) = lines.first() {
        let walk = walk_from(db, first.sequence).await?;
        trail.checked = Some((first.sequence, walk.sequence));
        trail.differences = walk.differences;
    }
    Ok(trail)
}

async fn walk_from(db: &MerchantDb, first: i64) -> Result<Walk, Error> {
    let head = db.audit_head().await?;
    let mut walk = match db.audit_line(first - 1).await? {
        Some(before) => Walk::after(before.sequence, before.hash, head),
        None if first == 1 => Walk::whole(head),
        // The line before it is missing: from behind the gap, which is named.
        None => Walk::after(first - 2, String::new(), head),
    };
    let mut seen = 0;
    while seen < LINES_MAX {
        let lines = db.audit_lines_after(walk.sequence, LINES_AT_ONCE).await?;
        if lines.is_empty() {
            walk.end(db.audit_head().await?.as_ref());
            break;
        }
        seen += lines.len();
        walk.steps(&lines);
    }
    Ok(walk)
}

fn agreed(consent: Consent, local: impl Fn(DateTime<Utc>) -> Moment) -> Result<Agreed, Error> {
    Ok(Agreed {
        at: local(consent.agreed_at),
        amount: consent.amount()?,
        surcharge: consent.surcharge()?,
        forgotten: consent.salt.is_none(),
        version: consent.version,
        wording: consent.wording,
        invoice_number: consent.invoice_number,
        address: consent.address,
        user_agent: consent.user_agent,
    })
}

fn notice(mail: Mail, local: impl Fn(DateTime<Utc>) -> Moment) -> Notice {
    Notice {
        at: local(mail.created_at),
        to: mail.recipient,
        subject: mail.subject,
        text: mail.text,
        state: mail_words(mail.state).to_owned(),
    }
}
