//! What staff say of a payment whose outcome nobody knows, because its gateway never told: that it is there, by its number, or
//! that it is not. The gateway is asked once more before either counts, and what it answers goes before what they say: id and
//! amount are its own. What they declare absent ends without money, and its invoice can be paid again.

use crate::{
    AdminPass, Engine, Error, MendError,
    audit::{Actor, Audited},
    exception_lines::{OpenException, Subject},
    exceptions::{WORDS_MAX_CHARS, was_fixed_so},
    order::typed,
    settle_payment::retried,
    take_payment::reference,
};
use connectors::gateway::{Found, GatewayError};
use domain::{
    asking::before_asking,
    exception::Verdict,
    ids::AttemptId,
    payment::{AttemptState, Fact, Observation, Source},
};
use store::{Attempt, Exception, MerchantDb};

/// Of a payment at a gateway. What is typed comes back in the words of a refusal, which a cookie must hold.
const NUMBER_MAX_CHARS: usize = 64;
const NO_NUMBER: &str = "Type the number that the payment has at the gateway.";
const NO_REASON: &str = "Type how you know that the gateway does not have it.";
const OF_ANOTHER: &str = "That is the number of another payment here.";
const GATEWAY_SILENT: &str = "The gateway cannot be asked just now, and nothing is decided without its answer. Try again in \
                              a minute; if it does not let the portal in any more, that must be mended first.";
const ON_ITS_PAGE: &str = "It stands on the gateway’s own page, where it may still be paid.";
/// How one that was declared absent reads among what is fixed.
const ABSENT: &str = "The gateway does not have a payment whose outcome nobody knew.";

impl Engine {
    /// `told` is the number that a payment has at the gateway, `reason` how somebody knows that it has none. Answers what it is
    /// from here on: there, too, where the gateway has found what was to be absent. Nothing: it had ended in another way before.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's, and for what is not offered; why it stays undecided.
    pub async fn decide_outcome(
        &self,
        admin: &AdminPass,
        key: &str,
        verdict: Verdict,
        reason: &str,
        told: &str,
    ) -> Result<Option<Verdict>, MendError> {
        let (reason, told) = (typed(reason, WORDS_MAX_CHARS), typed(told, NUMBER_MAX_CHARS));
        let Some(open) = self.open_exception(&admin.db, key).await? else {
            return Ok(was_decided(&admin.db, key, verdict, &reason).await?);
        };
        let is_offered = if verdict == Verdict::There { open.may_be_named } else { open.may_be_denied };
        let attempt = match open.subject {
            Subject::Attempt(attempt) if is_offered => self.heard_of(&admin.db, attempt).await?,
            _ => return Err(Error::NotFound.into()),
        };
        let decided = match verdict {
            _ if attempt.state != AttemptState::Unknown => None,
            Verdict::There => Some(self.find_there(admin, &attempt, &told).await?),
            Verdict::Absent => self.declare_absent(admin, &open, &attempt, &reason).await?,
        };
        match decided {
            // The gateway was faster, or this very form, sent twice at once.
            None => Ok(was_decided(&admin.db, key, verdict, &reason).await?),
            decided => Ok(decided),
        }
    }

    /// Before its gateway is asked: from then on, a first send that failed proves nothing any more.
    async fn heard_of(&self, db: &MerchantDb, attempt: AttemptId) -> Result<Attempt, Error> {
        let attempt = db.attempt(attempt).await?;
        match before_asking(attempt.state) {
            Some(first) => self.record(db, attempt.id, Observation::bare(first), Source::LookUp).await,
            None => Ok(attempt),
        }
    }

    /// The number only says where to look. What counts is what bears the attempt's own name there.
    async fn find_there(&self, admin: &AdminPass, attempt: &Attempt, told: &str) -> Result<Verdict, MendError> {
        let db = &admin.db;
        if told.is_empty() {
            return Err(undecided(NO_NUMBER));
        }
        if db.attempts_quoting(told).await?.iter().any(|other| other.id != attempt.id) {
            return Err(undecided(OF_ANOTHER));
        }
        let (name, locale, asked) = (reference(attempt.id), admin.who.locale, attempt.amount()?);
        let seen = match self.find_charge(db, attempt, Some(told.to_owned())).await {
            Ok(Found::Seen(seen)) => seen,
            Ok(Found::NotThere | Found::TooEarlyToSay) | Err(Error::Gateway(GatewayError::Refused { .. })) => {
                return Err(undecided(format!("The gateway tells of no payment {told} with the name {name}.")));
            }
            Err(cause) => return Err(silent(attempt, cause)),
        };
        if seen.fact.is_money() && seen.amount != Some(asked) {
            let there = seen.amount.map_or("Another amount".to_owned(), |there| there.format(locale));
            let asked = asked.format(locale);
            let words = format!("{there} was taken there with the name {name}, not {asked}. Compare it there.");
            return Err(undecided(words));
        }
        retried(attempt.id, || self.write_there(admin, attempt.id, &seen)).await?;
        Ok(Verdict::There)
    }

    /// What the gateway says, with all that follows, and whose word led to it: together or not at all. It counts as well where
    /// another press, or news, came first; nobody's word led to it then.
    async fn write_there(&self, admin: &AdminPass, attempt: AttemptId, seen: &Observation) -> Result<(), Error> {
        let (now, tx) = (self.now(), admin.db.begin().await?);
        let mut attempt = tx.attempt_hold(attempt).await?;
        if attempt.state.is_unknown() {
            let named = Audited::ChargeNamed { attempt: attempt.id, gateway_id: seen.gateway_id.clone() };
            tx.audit_add(named.slip(Some(attempt.payment_id), Actor::Staff(admin.person), now)?).await?;
        }
        self.learn(&tx, &mut attempt, seen, Source::LookUp).await?;
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(())
    }

    /// Only where the gateway answers and does not find it. One whose list is too long to be read whole can say no more than
    /// that it is too early: nothing is on its way any more, and whoever has searched there by its name is believed.
    async fn declare_absent(
        &self,
        admin: &AdminPass,
        open: &OpenException,
        attempt: &Attempt,
        reason: &str,
    ) -> Result<Option<Verdict>, MendError> {
        if reason.is_empty() {
            return Err(undecided(NO_REASON));
        }
        match self.find_charge(&admin.db, attempt, None).await {
            Ok(Found::Seen(seen)) => {
                self.record(&admin.db, attempt.id, seen, Source::LookUp).await?;
                Ok(Some(Verdict::There))
            }
            Ok(Found::TooEarlyToSay) if attempt.method_token.is_none() => Err(undecided(ON_ITS_PAGE)),
            Ok(Found::NotThere | Found::TooEarlyToSay) => {
                let is_written = retried(attempt.id, || self.write_absent(admin, open, attempt.id, reason)).await?;
                Ok(is_written.then_some(Verdict::Absent))
            }
            Err(cause) => Err(silent(attempt, cause)),
        }
    }

    /// The fact with all that follows, whose word it is, and the line's end: together or not at all. `false`: news came first.
    async fn write_absent(
        &self,
        admin: &AdminPass,
        open: &OpenException,
        attempt: AttemptId,
        reason: &str,
    ) -> Result<bool, Error> {
        let (now, tx) = (self.now(), admin.db.begin().await?);
        let mut attempt = tx.attempt_hold(attempt).await?;
        if !attempt.state.is_unknown() {
            return Ok(false);
        }
        let (id, amount) = (attempt.id, attempt.amount()?);
        let declared = Audited::DeclaredAbsent { attempt: id, amount, reason: reason.to_owned() };
        tx.audit_add(declared.slip(Some(attempt.payment_id), Actor::Staff(admin.person), now)?).await?;
        self.learn(&tx, &mut attempt, &Observation::bare(Fact::DeclaredAbsent), Source::LookUp).await?;
        let ended = Exception {
            cause: ABSENT.to_owned(),
            fixed_by: Some(admin.who.email.clone()),
            reason: Some(reason.to_owned()),
            reference: Some(reference(id)),
            ..open.clone().row(&tx, now)
        };
        tx.exception_fix(ended).await?;
        tx.commit().await?;
        tracing::info!(attempt.id = %id, "Staff have declared that a gateway does not have a payment.");
        self.0.bell.notify_one();
        Ok(true)
    }
}

/// The verdict once more, where what has ended is as this form says: by itself, sent before, or by the gateway.
async fn was_decided(db: &MerchantDb, key: &str, verdict: Verdict, reason: &str) -> Result<Option<Verdict>, Error> {
    let Subject::Attempt(attempt) = Subject::of_key(key) else { return Ok(None) };
    let is_so = match verdict {
        Verdict::There => db.attempt(attempt).await?.gateway_id.is_some(),
        Verdict::Absent => was_fixed_so(db, key, reason, &reference(attempt)).await?,
    };
    Ok(is_so.then_some(verdict))
}

fn undecided(why: impl Into<String>) -> MendError {
    MendError::Undecided(why.into())
}

fn silent(attempt: &Attempt, cause: Error) -> MendError {
    match cause {
        Error::Gateway(cause) => {
            tracing::warn!(attempt.id = %attempt.id, %cause, "A gateway could not be asked about a payment that staff want decided.");
            undecided(GATEWAY_SILENT)
        }
        other => other.into(),
    }
}
