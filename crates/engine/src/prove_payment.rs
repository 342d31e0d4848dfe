//! A payment's proof pack: what the payer agreed to, what was seen, what followed, and that the record of it was not
//! touched (N15). Nothing is changed.

use crate::{
    AdminPass, Engine, Error,
    actors::Actors,
    audit_rows::{Act, Rows, Written},
    audit_words::words,
    clock::{on_the_wall, zone},
    payment_story::Repeats,
    send_authority::authority_key,
    transactions::mail_words,
    verify_trail::Walk,
};
use chrono::{DateTime, Utc};
use domain::{
    date::Moment,
    ids::{MethodId, PaymentId},
    proof::{Agreed, Authorised, Notice, Proof, Trail, TrailLine},
};
use std::collections::BTreeSet;
use store::{Attempt, AuditLine, Consent, Mail, MerchantDb};

/// A proof computes the trail anew from the payment's first line on; `verify-books` does so from the beginning.
const LINES_AT_ONCE: u64 = 1_000;
/// The payment's lines behind so many are named as not computed.
const LINES_MAX: usize = 20_000;

impl Engine {
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's payment.
    pub async fn prove_payment(&self, admin: &AdminPass, payment: PaymentId) -> Result<Proof, Error> {
        let (db, zone) = (&admin.db, zone(&admin.who.time_zone));
        let local = |at| on_the_wall(at, zone);
        let payment = db.payment(payment).await?.id;
        let trail = self.trail(db, payment, local).await?;
        let story = self.tell_payment(admin, payment, Repeats::Kept).await?;
        let attempts = db.attempts_of(payment).await?;
        let mut consents = db.consents_of(attempts.iter().map(|attempt| attempt.id).collect()).await?;
        consents.sort_by_key(|consent| consent.agreed_at);
        let mut mails = db.mails_of_payment(payment).await?;
        let mut authorities = Vec::new();
        for method in debited(&attempts) {
            authorities.extend(authorised(db, method, local).await?);
            mails.extend(db.mail_by_key(&authority_key(method)).await?);
        }
        mails.sort_by_key(|mail| mail.created_at);
        Ok(Proof {
            merchant: db.merchant().await?.face()?,
            made_at: local(self.now()),
            story,
            agreed: consents.into_iter().map(|consent| agreed(consent, local)).collect::<Result<_, _>>()?,
            authorities,
            notices: mails.into_iter().map(|mail| notice(mail, local)).collect(),
            trail,
        })
    }

    /// The payment's sealed lines, the trail computed anew from the first of them to its end, and what of the payment does
    /// not fit what was written down about it.
    async fn trail(
        &self,
        db: &MerchantDb,
        payment: PaymentId,
        local: impl Fn(DateTime<Utc>) -> Moment,
    ) -> Result<Trail, Error> {
        let rows = Rows::of_payment(db, payment).await?;
        let written = Written::of_payment(db, payment).await?;
        let acts = written.acts();
        let began = began(db).await?;
        let is_younger = rows.are_older(&acts, began);
        let is_taken_in = acts.iter().any(Act::takes_in);
        let (checked, mut differences) = computed(db, &written.lines).await?;
        differences.extend(rows.untold(&acts, began));
        let told_of = Rows::of_acts(db, &acts).await?;
        differences.extend(acts.iter().filter_map(|act| told_of.differs(act, self.now())));
        let actors = Actors::of(db, &written).await?;
        let unsealed = written.slips.len();
        let lines = written.lines.into_iter().map(|line| trail_line(line, &actors, &local)).collect();
        Ok(Trail { lines, unsealed, checked, is_younger, is_taken_in, differences })
    }
}

/// When the merchant's audit trail began: at no time, when there is none; before everything, when its beginning is lost.
async fn began(db: &MerchantDb) -> Result<DateTime<Utc>, Error> {
    let is_new = db.audit_head().await?.is_none_or(|head| head.sequence == 0);
    Ok(match db.audit_lines_after(0, 1).await?.first() {
        Some(first) if first.sequence == 1 && first.follows("") => first.at,
        None if is_new => DateTime::<Utc>::MAX_UTC,
        _ => DateTime::<Utc>::MIN_UTC,
    })
}

/// The lines that were computed anew, from and to, and what does not hold.
async fn computed(db: &MerchantDb, lines: &[AuditLine]) -> Result<(Option<(i64, i64)>, Vec<String>), Error> {
    let Some(first) = lines.first().map(|line| line.sequence) else { return Ok((None, Vec::new())) };
    let mut walk = walk_from(db, first).await?;
    let before = u64::try_from(first - 1).unwrap_or_default();
    let missing = before.saturating_sub(db.audit_lines_count_before(first).await?);
    if missing > 0 {
        walk.differences.push(format!("{missing} line(s) before line {first} of the audit trail are missing"));
    }
    Ok((Some((first, walk.sequence)), walk.differences))
}

fn trail_line(line: AuditLine, actors: &Actors, local: impl Fn(DateTime<Utc>) -> Moment) -> TrailLine {
    TrailLine {
        number: line.sequence,
        at: local(line.at),
        what: words(&line.kind).to_owned(),
        actor: actors.name(&line.actor),
        hash: line.hash,
    }
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

/// The accounts that were debited, each once.
fn debited(attempts: &[Attempt]) -> BTreeSet<MethodId> {
    attempts.iter().filter(|attempt| attempt.kind.is_debit()).filter_map(|attempt| attempt.method_id).collect()
}

async fn authorised(
    db: &MerchantDb,
    method: MethodId,
    local: impl Fn(DateTime<Utc>) -> Moment,
) -> Result<Option<Authorised>, Error> {
    let Some(given) = db.authority(method).await? else { return Ok(None) };
    Ok(Some(Authorised {
        at: local(given.given_at),
        version: given.version,
        wording: given.wording,
        holder: given.holder,
        email: given.email,
        address: given.address,
        user_agent: given.user_agent,
        account: db.method(method).await?.face,
    }))
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
