//! What staff say of a payment or a refund whose outcome nobody knows, because its gateway never told: that it is there, by its
//! number, or that it is not. The gateway is asked once more before either counts, and what it answers goes before what they
//! say: id and amount are its own. What they declare absent ends without money: an invoice can be paid again, what a refund was
//! over refunded again. Nobody's word replaces its answer: where it lets the portal in no more, a second refund might be one too
//! many.

use crate::{
    AdminPass, Engine, Error, MendError,
    audit::{Actor, Audited},
    exception_lines::{OpenException, Subject},
    exceptions::{WORDS_MAX_CHARS, was_fixed_so},
    order::typed,
    settle_payment::{InHand, retried},
    settle_refund::held,
    take_payment::reference,
};
use connectors::gateway::{Found, GatewayError};
use domain::{
    asking::{before_asking, before_asking_of_refund},
    exception::Verdict,
    ids::{AttemptId, RefundId},
    money::Money,
    payment::{Fact, Observation, Source},
    refund::{RefundFact, RefundSeen},
};
use store::{Attempt, Exception, MerchantDb, Refund};

/// Of a payment or a refund at a gateway. What is typed comes back in the words of a refusal, which a cookie must hold.
const NUMBER_MAX_CHARS: usize = 64;
const NO_REASON: &str = "Type how you know that the gateway does not have it.";
const GATEWAY_SILENT: &str = "The gateway cannot be asked just now, and nothing is decided without its answer. Try again in \
                              a minute; if it does not let the portal in any more, that must be mended first.";
const ON_ITS_PAGE: &str = "It stands on the gateway’s own page, where it may still be paid.";
const NOT_RULED_OUT: &str = "The gateway does not rule out that it has it, and a second refund would pay the money back twice. \
                             If one of as much stands there, type its number.";

/// What nobody knows the outcome of: a charge, or a refund of one.
struct Outcome {
    attempt: Attempt,
    refund: Option<Refund>,
}

/// What its gateway says of it.
enum Seen {
    Charge(AttemptId, Observation),
    Refund(RefundId, RefundSeen),
}

impl Engine {
    /// `told` is the number that it has at the gateway, `reason` how somebody knows that it has none. Answers what it is from here
    /// on: there, too, where the gateway has found what was to be absent. Nothing: it had ended in another way before.
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
        if !is_offered {
            return Err(Error::NotFound.into());
        }
        let it = self.heard_of(&admin.db, &open.subject).await?;
        let decided = match verdict {
            _ if !it.is_unknown() => None,
            Verdict::There => Some(self.find_there(admin, &it, &told).await?),
            Verdict::Absent => self.declare_absent(admin, &open, &it, &reason).await?,
        };
        match decided {
            // The gateway was faster, or this very form, sent twice at once.
            None => Ok(was_decided(&admin.db, key, verdict, &reason).await?),
            decided => Ok(decided),
        }
    }

    /// Before its gateway is asked: from then on, a first send that failed proves nothing any more.
    async fn heard_of(&self, db: &MerchantDb, subject: &Subject) -> Result<Outcome, Error> {
        match subject {
            Subject::Attempt(attempt) => {
                let mut attempt = db.attempt(*attempt).await?;
                if let Some(first) = before_asking(attempt.state) {
                    attempt = self.record(db, attempt.id, Observation::bare(first), Source::LookUp).await?;
                }
                Ok(Outcome { attempt, refund: None })
            }
            Subject::Refund(refund) => {
                let mut refund = db.refund(*refund).await?;
                if let Some(first) = before_asking_of_refund(refund.state) {
                    refund = self.record_refund(db, refund.id, RefundSeen::bare(first), Source::LookUp).await?;
                }
                Ok(Outcome { attempt: db.attempt(refund.attempt_id).await?, refund: Some(refund) })
            }
            _ => Err(Error::NotFound),
        }
    }

    /// The number only says where to look. What counts is what stands there as the very one: by our own name, or as a refund of
    /// this charge over as much.
    async fn find_there(&self, admin: &AdminPass, it: &Outcome, told: &str) -> Result<Verdict, MendError> {
        let (db, what, name) = (&admin.db, it.what(), it.name());
        if told.is_empty() {
            return Err(undecided(format!("Type the number that the {what} has at the gateway.")));
        }
        let of_another = || undecided(format!("That is the number of another {what} here."));
        if it.is_anothers(db, told).await? {
            return Err(of_another());
        }
        let not_told = || undecided(format!("The gateway tells of no {what} {told} {name}."));
        let seen = match self.find_outcome(db, it, Some(told.to_owned())).await {
            Ok(Found::Seen(seen)) => seen,
            Ok(Found::NotThere | Found::TooEarlyToSay) => return Err(not_told()),
            // Of a charge, some gateways refuse a number that is none.
            Err(Error::Gateway(GatewayError::Refused { .. })) if it.refund.is_none() => return Err(not_told()),
            Err(cause) => return Err(silent(it, cause)),
        };
        let (locale, asked) = (admin.who.locale, it.amount()?);
        let (has_moved, there) = seen.money();
        if has_moved && there != Some(asked) {
            let there = there.map_or("Another amount".to_owned(), |there| there.format(locale));
            let (asked, moved) = (asked.format(locale), it.moved());
            return Err(undecided(format!("{there} {moved} there {name}, not {asked}. Compare it there.")));
        }
        if !retried(told, || self.write_there(admin, &seen)).await? {
            return Err(of_another());
        }
        Ok(Verdict::There)
    }

    async fn find_outcome(&self, db: &MerchantDb, it: &Outcome, told: Option<String>) -> Result<Found<Seen>, Error> {
        let attempt = &it.attempt;
        Ok(match &it.refund {
            None => self.find_charge(db, attempt, told).await?.map(|seen| Seen::Charge(attempt.id, seen)),
            Some(refund) => self.find_refund(db, refund, told).await?.map(|seen| Seen::Refund(refund.id, seen)),
        })
    }

    /// What the gateway says, with all that follows, and whose word led to it: together or not at all. It counts as well where
    /// another press, or news, came first; nobody's word led to it then. `false`: another refund has that number meanwhile.
    async fn write_there(&self, admin: &AdminPass, seen: &Seen) -> Result<bool, Error> {
        let (now, tx) = (self.now(), admin.db.begin().await?);
        match seen {
            Seen::Charge(attempt, seen) => {
                let mut attempt = tx.attempt_hold(*attempt).await?;
                if attempt.state.is_unknown() {
                    let named = Audited::ChargeNamed { attempt: attempt.id, gateway_id: seen.gateway_id.clone() };
                    tx.audit_add(named.slip(Some(attempt.payment_id), Actor::Staff(admin.person), now)?).await?;
                }
                self.learn(&tx, &mut attempt, seen, Source::LookUp, InHand::default()).await?;
            }
            Seen::Refund(refund, seen) => {
                let (mut attempt, mut refund) = held(&tx, *refund).await?;
                let refunds = tx.refunds_of(&[attempt.id]).await?;
                let has_it = |other: &Refund| other.id != refund.id && other.gateway_id == seen.gateway_id;
                if seen.gateway_id.is_some() && refunds.iter().any(has_it) {
                    return Ok(false);
                }
                if refund.state.is_unknown() {
                    let (amount, gateway_id) = (refund.amount()?, seen.gateway_id.clone());
                    let named = Audited::RefundNamed { refund: refund.id, amount, gateway_id };
                    tx.audit_add(named.slip(Some(attempt.payment_id), Actor::Staff(admin.person), now)?).await?;
                }
                self.learn_refund(&tx, &mut attempt, &mut refund, seen, Source::LookUp).await?;
            }
        }
        tx.commit().await?;
        self.0.bell.notify_one();
        Ok(true)
    }

    /// Only where the gateway answers and does not find it. One whose list is too long to be read whole can say no more of a
    /// charge than that it is too early: nothing is on its way any more, and whoever has searched there by its name is believed.
    /// Of a refund nobody is: the next one would be paid as well.
    async fn declare_absent(
        &self,
        admin: &AdminPass,
        open: &OpenException,
        it: &Outcome,
        reason: &str,
    ) -> Result<Option<Verdict>, MendError> {
        if reason.is_empty() {
            return Err(undecided(NO_REASON));
        }
        match self.find_outcome(&admin.db, it, None).await {
            Ok(Found::Seen(Seen::Charge(attempt, seen))) => {
                self.record(&admin.db, attempt, seen, Source::LookUp).await?;
                Ok(Some(Verdict::There))
            }
            Ok(Found::Seen(Seen::Refund(refund, seen))) => {
                self.record_refund(&admin.db, refund, seen, Source::LookUp).await?;
                Ok(Some(Verdict::There))
            }
            Ok(Found::TooEarlyToSay) if it.is_on_page() => Err(undecided(ON_ITS_PAGE)),
            Ok(Found::TooEarlyToSay) if it.refund.is_some() => Err(undecided(NOT_RULED_OUT)),
            Ok(Found::NotThere | Found::TooEarlyToSay) => {
                let is_written = retried(&open.key, || self.write_absent(admin, open, it, reason)).await?;
                Ok(is_written.then_some(Verdict::Absent))
            }
            Err(cause) => Err(silent(it, cause)),
        }
    }

    /// The fact with all that follows, whose word it is, and the line's end: together or not at all. `false`: news came first.
    async fn write_absent(
        &self,
        admin: &AdminPass,
        open: &OpenException,
        it: &Outcome,
        reason: &str,
    ) -> Result<bool, Error> {
        let (now, tx) = (self.now(), admin.db.begin().await?);
        let (by, reason) = (Actor::Staff(admin.person), reason.to_owned());
        match &it.refund {
            None => {
                let mut attempt = tx.attempt_hold(it.attempt.id).await?;
                if !attempt.state.is_unknown() {
                    return Ok(false);
                }
                let (id, amount) = (attempt.id, attempt.amount()?);
                let declared = Audited::DeclaredAbsent { attempt: id, amount, reason: reason.clone() };
                tx.audit_add(declared.slip(Some(attempt.payment_id), by, now)?).await?;
                let absent = Observation::bare(Fact::DeclaredAbsent);
                self.learn(&tx, &mut attempt, &absent, Source::LookUp, InHand::default()).await?;
            }
            Some(refund) => {
                let (mut attempt, mut refund) = held(&tx, refund.id).await?;
                if !refund.state.is_unknown() {
                    return Ok(false);
                }
                let (id, amount) = (refund.id, refund.amount()?);
                let declared = Audited::RefundDeclaredAbsent { refund: id, amount, reason: reason.clone() };
                tx.audit_add(declared.slip(Some(attempt.payment_id), by, now)?).await?;
                let absent = RefundSeen::bare(RefundFact::DeclaredAbsent);
                self.learn_refund(&tx, &mut attempt, &mut refund, &absent, Source::LookUp).await?;
            }
        }
        let ended = Exception {
            // How it reads among what is fixed.
            cause: format!("The gateway does not have a {} whose outcome nobody knew.", it.what()),
            fixed_by: Some(admin.who.email.clone()),
            reason: Some(reason),
            reference: Some(it.reference()),
            ..open.clone().row(&tx, now)
        };
        tx.exception_fix(ended).await?;
        tx.commit().await?;
        tracing::info!(exception = open.key, "Staff have declared that a gateway does not have something.");
        self.0.bell.notify_one();
        Ok(true)
    }
}

impl Outcome {
    fn is_unknown(&self) -> bool {
        self.refund.as_ref().map_or(self.attempt.state.is_unknown(), |refund| refund.state.is_unknown())
    }

    const fn is_on_page(&self) -> bool {
        self.refund.is_none() && self.attempt.method_token.is_none()
    }

    fn amount(&self) -> Result<Money, store::Error> {
        self.refund.as_ref().map_or_else(|| self.attempt.amount(), Refund::amount)
    }

    async fn is_anothers(&self, db: &MerchantDb, number: &str) -> Result<bool, Error> {
        Ok(match &self.refund {
            None => db.attempts_quoting(number).await?.iter().any(|other| other.id != self.attempt.id),
            Some(refund) => db.refund_by_gateway_id(number).await?.is_some_and(|other| other.id != refund.id),
        })
    }

    const fn what(&self) -> &'static str {
        if self.refund.is_some() { "refund" } else { "payment" }
    }

    const fn moved(&self) -> &'static str {
        if self.refund.is_some() { "was paid back" } else { "was taken" }
    }

    /// As which it stands at the gateway, in a sentence.
    fn name(&self) -> String {
        let by = if self.refund.is_some() { "of" } else { "with the name" };
        format!("{by} {}", self.reference())
    }

    /// By what it is found at the gateway: its own name, or the charge that it is of.
    fn reference(&self) -> String {
        self.refund.as_ref().map_or_else(|| reference(self.attempt.id), |refund| refund.charge_gateway_id.clone())
    }
}

impl Seen {
    /// Whether money came, or goes back, and how much, where that can be read.
    const fn money(&self) -> (bool, Option<Money>) {
        match self {
            Self::Charge(_, seen) => (seen.fact.is_money(), seen.amount),
            Self::Refund(_, seen) => (seen.fact.is_money(), seen.amount),
        }
    }
}

/// The verdict once more, where what has ended is as this form says: by itself, sent before, or by the gateway.
async fn was_decided(db: &MerchantDb, key: &str, verdict: Verdict, reason: &str) -> Result<Option<Verdict>, Error> {
    let (refund, attempt) = match Subject::of_key(key) {
        Subject::Attempt(attempt) => (None, attempt),
        Subject::Refund(refund) => {
            let refund = db.refund(refund).await?;
            let of = refund.attempt_id;
            (Some(refund), of)
        }
        _ => return Ok(None),
    };
    let it = Outcome { attempt: db.attempt(attempt).await?, refund };
    let is_so = match verdict {
        Verdict::There => it.refund.as_ref().map_or(&it.attempt.gateway_id, |refund| &refund.gateway_id).is_some(),
        Verdict::Absent => was_fixed_so(db, key, reason, &it.reference()).await?,
    };
    Ok(is_so.then_some(verdict))
}

fn undecided(why: impl Into<String>) -> MendError {
    MendError::Undecided(why.into())
}

fn silent(it: &Outcome, cause: Error) -> MendError {
    match cause {
        Error::Gateway(cause) => {
            tracing::warn!(about = it.reference(), %cause, "A gateway could not be asked about what staff want decided.");
            undecided(GATEWAY_SILENT)
        }
        other => other.into(),
    }
}
