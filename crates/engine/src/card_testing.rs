//! Keeps people from testing stolen cards here. Whether a card may be tried is decided by `domain::card_testing` on the
//! declines of the database, so every node knows them; this file counts and waits. Never calls a gateway.

use crate::{Engine, Error, GuestPass, PayerPass, TakeError, jobs::chain};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    card_testing::{InVain, PER_INVOICE, PER_MERCHANT, PER_ORIGIN, held, looks_like_testing},
    ids::{MerchantId, PayerId},
    network::Network,
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use store::{MerchantDb, Throttle, TokenHash, TriesInVain};

/// Whoever comes while as many cards of a merchant are being tried as may still be declined waits for them this long.
const TURN_LOOKS_MAX: u32 = 200;
const TURN_LOOK_EVERY: Duration = Duration::from_millis(100);
/// The alarm is raised once in this time, and shown to the admin as long.
const ALARM: Throttle = Throttle::remember(TimeDelta::hours(24));

/// Who pressed Pay, as limits count it.
pub(crate) enum Origin {
    Network(Network),
    Payer(PayerId),
}

impl Origin {
    /// Signing in counts at the merchant that one is signed in at.
    pub(crate) fn of(guest: &GuestPass, payer: Option<&PayerPass>, network: Network) -> Self {
        let here = payer.filter(|payer| payer.db.merchant_id() == guest.db.merchant_id());
        here.map_or(Self::Network(network), |payer| Self::Payer(payer.payer))
    }

    pub(crate) fn hash(&self) -> String {
        let subject = match self {
            Self::Network(network) => format!("network:{network}"),
            Self::Payer(payer) => payer.to_string(),
        };
        TokenHash::of(&subject).into_text()
    }

    const fn signed_in(&self) -> bool {
        matches!(self, Self::Payer(_))
    }
}

/// The tries of this process that are under way, per merchant: each may still be declined.
#[derive(Default)]
pub(crate) struct UnderWay(Mutex<HashMap<MerchantId, usize>>);

/// One of them. It lasts until the outcome is recorded.
pub(crate) struct Turn {
    engine: Engine,
    merchant: MerchantId,
}

impl Turn {
    /// A turn, and how many there are with it.
    fn take(engine: &Engine, merchant: MerchantId) -> (Self, usize) {
        let mut tries = engine.0.under_way.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = tries.entry(merchant).or_default();
        *count += 1;
        (Self { engine: engine.clone(), merchant }, *count)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut tries = self.engine.0.under_way.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = tries.entry(self.merchant).or_default();
        *count = count.saturating_sub(1);
        if *count == 0 {
            tries.remove(&self.merchant);
        }
    }
}

impl Engine {
    /// A turn to try a card at this invoice. The turn is taken before the declines are read, so a try is seen either as
    /// one under way or as a decline: a thousand cards tried at once are held like a thousand in a row.
    pub(crate) async fn await_turn(&self, guest: &GuestPass, origin: &Origin) -> Result<Turn, TakeError> {
        for _ in 0..TURN_LOOKS_MAX {
            let (turn, under_way) = Turn::take(self, guest.db.merchant_id());
            if origin.signed_in() || under_way <= PER_MERCHANT.tries {
                let in_vain = self.check_tries(guest, origin).await?;
                if origin.signed_in() || in_vain.merchant.len() + under_way <= PER_MERCHANT.tries {
                    return Ok(turn);
                }
            }
            drop(turn);
            tokio::time::sleep(TURN_LOOK_EVERY).await;
        }
        Err(Error::NoTurn.into())
    }

    /// The tries in vain that count now, when they hold nothing back.
    ///
    /// # Errors
    /// [`TakeError::TooManyTries`].
    pub(crate) async fn check_tries(&self, guest: &GuestPass, origin: &Origin) -> Result<InVain, TakeError> {
        let in_vain = self.in_vain(guest, origin).await?;
        let Some((by, until)) = held(&in_vain, origin.signed_in()) else { return Ok(in_vain) };
        let (merchant, minutes) = (guest.db.merchant_id(), minutes_until(until, self.now()));
        tracing::warn!(merchant.id = %merchant, ?by, minutes, "A card was not tried: too many were tried in vain.");
        Err(TakeError::TooManyTries { by, minutes, support_email: guest.merchant.support_email.clone() })
    }

    async fn in_vain(&self, guest: &GuestPass, origin: &Origin) -> Result<InVain, Error> {
        let (now, hash) = (self.now(), origin.hash());
        let of_origin = (hash.as_str(), now - PER_ORIGIN.within);
        let tried = guest.db.tries_in_vain(now - PER_INVOICE.within, of_origin).await?;
        let TriesInVain { declines: mut merchant, of_origin: fruitless } = tried;
        // Most of the time nobody was declined at all.
        let mut invoice = Vec::new();
        let tried = if merchant.is_empty() { Vec::new() } else { guest.invoices() };
        for id in tried {
            let declines = guest.db.declines_of_invoice(id, now - PER_INVOICE.within).await?;
            // Of several, the one that counts most.
            if declines.len() > invoice.len() {
                invoice = declines;
            }
        }
        merchant.retain(|at| *at > now - PER_MERCHANT.within);
        let origin = fruitless.iter().filter(|of| of.declined).map(|of| of.at).collect();
        Ok(InVain { invoice, origin, fruitless: fruitless.into_iter().map(|of| of.at).collect(), merchant })
    }

    /// After a decline: raises the alarm, once a day, when the merchant's latest tries look like card testing.
    pub(crate) async fn watch_declines(&self, db: &MerchantDb) {
        let merchant = db.merchant_id();
        match self.alarm_is_new(db).await {
            Ok(false) => {}
            Ok(true) => {
                tracing::error!(merchant.id = %merchant, "Many cards are being declined: somebody may be testing stolen ones.");
            }
            Err(cause) => {
                tracing::warn!(merchant.id = %merchant, cause = %chain(&cause), "Declines could not be watched.");
            }
        }
    }

    async fn alarm_is_new(&self, db: &MerchantDb) -> Result<bool, Error> {
        let (now, since) = (self.now(), self.now() - PER_MERCHANT.within);
        let declines = u64::try_from(db.declines(since).await?.len()).unwrap_or(u64::MAX);
        if !looks_like_testing(db.tries_count(since).await?, declines) {
            return Ok(false);
        }
        Ok(self.store().throttle_count(&alarm_of(db), ALARM, now).await?.is_none())
    }

    /// When the alarm was raised at this merchant, if that was within the last day.
    pub(crate) async fn alarm_stands(&self, db: &MerchantDb) -> Result<Option<DateTime<Utc>>, Error> {
        let until = self.store().throttle_locked_until(&alarm_of(db), self.now()).await?;
        Ok(until.map(|until| until - ALARM.lock))
    }
}

fn alarm_of(db: &MerchantDb) -> String {
    format!("card-testing:{}", db.merchant_id())
}

/// Whole minutes to wait, for people: never too few.
pub(crate) fn minutes_until(until: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
    u32::try_from((until - now).num_minutes() + 1).unwrap_or(1)
}
