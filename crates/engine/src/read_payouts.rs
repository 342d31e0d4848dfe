//! Once a day, what the gateways have paid out to the merchant's bank is read with all that it consists of, and added up: the
//! lines of a payout must come to it to the cent (G45, N11; `wire/gateways.md`, 8.2). One that does not, or that failed, needs
//! a person until it does. Nothing is posted from here.

use crate::{
    Engine, Error,
    exception_lines::{OpenException, Subject, sentence_of},
    jobs::chain,
};
use chrono::{DateTime, TimeDelta, Utc};
use connectors::gateway::{Gateway, ListedPayout, ListedPayoutLine};
use domain::{
    date::in_words,
    exception::{Cure, Severity},
    ids::{ConnectionId, PayoutId},
    money::{Locale, Money},
    payout::{Breakdown, PayoutState, PayoutSums, off_words},
};
use store::{Connection, MerchantDb, Payout, PayoutLine};
use uuid::Uuid;

/// A bank may send a payout back for some days after it was told to have it; and what a first look finds.
const READ_FOR: TimeDelta = TimeDelta::days(70);
/// Before the id of a payout that needs a person.
const PAYOUT: &str = "payout:";

impl Engine {
    /// # Errors
    /// Of the first gateway that could not be read. The others were.
    pub(crate) async fn read_payouts(&self, db: &MerchantDb) -> Result<(), Error> {
        let mut first = Ok(());
        for connection in db.gateways().await? {
            first = first.and(self.read_payouts_of(db, &connection).await);
        }
        self.close_failed(db).await?;
        first
    }

    /// A person need not wait until they are read by themselves. A gateway that cannot be reached is read again tomorrow.
    pub(crate) async fn ask_about_payouts(&self, db: &MerchantDb) -> Result<(), Error> {
        if let Err(cause) = self.read_payouts(db).await {
            tracing::warn!(merchant.id = %db.merchant_id(), cause = %chain(&cause), "Payouts could not be read at once.");
        }
        Ok(())
    }

    async fn read_payouts_of(&self, db: &MerchantDb, connection: &Connection) -> Result<(), Error> {
        let gateway = self.gateway_of(db, connection)?;
        if !gateway.capabilities().payouts {
            return Ok(());
        }
        let mut listed = gateway.payouts_since(self.payouts_from(db, connection.id).await?).await?;
        listed.sort_by_key(|payout| payout.created_at);
        for told in listed {
            let stands = db.payout_by_gateway_id(connection.id, &told.gateway_id).await?;
            if !stands.as_ref().map_or(Ok(false), |stands| is_as_told(stands, &told))? {
                self.keep_payout(db, gateway.as_ref(), connection.id, told, stands).await?;
            }
        }
        Ok(())
    }

    /// As far back as whatever is not settled was ordered: else nobody would hear how it ended.
    async fn payouts_from(&self, db: &MerchantDb, connection: ConnectionId) -> Result<DateTime<Utc>, Error> {
        let usual = self.now() - READ_FOR;
        let open = db.payouts_unsettled(connection).await?.into_iter().map(|payout| payout.created_at);
        Ok(open.min().map_or(usual, |earliest| earliest.min(usual)))
    }

    async fn keep_payout(
        &self,
        db: &MerchantDb,
        gateway: &dyn Gateway,
        connection_id: ConnectionId,
        told: ListedPayout,
        stands: Option<Payout>,
    ) -> Result<(), Error> {
        let lines = match (told.breakdown, &stands) {
            (Breakdown::NotYet | Breakdown::Never, _) => None,
            (Breakdown::Told, Some(stands)) if ties_out(stands)? => None,
            (Breakdown::Told, _) => Some(gateway.payout_lines(&told.gateway_id).await?),
        };
        let sums = match (&lines, &stands) {
            (Some(lines), _) => sums_of(lines, told.amount)?,
            (None, Some(stands)) => stands.sums()?,
            (None, None) => PayoutSums::zero(told.amount.currency),
        };
        let came_again = stands.is_some_and(|stands| stands.came_again);
        let has_failed = told.state == PayoutState::Failed && !came_again;
        let is_off = told.breakdown == Breakdown::Told && sums.off(told.amount)?.minor != 0;
        let (merchant_id, id) = (db.merchant_id(), PayoutId(Uuid::now_v7()));
        let row = Payout {
            merchant_id,
            id,
            connection_id,
            gateway_id: told.gateway_id,
            currency: told.amount.currency.code().to_owned(),
            amount_minor: told.amount.minor,
            state: told.state,
            failure: told.failure,
            arrives_on: told.arrives_on,
            created_at: told.created_at,
            breakdown: told.breakdown,
            payments_minor: sums.payments.minor,
            refunds_minor: sums.refunds.minor,
            other_minor: sums.other.minor,
            fees_minor: sums.fees.minor,
            came_again,
            alarming: has_failed || is_off,
            updated_at: self.now(),
        };
        let lines = lines.map(|lines| (0..).zip(lines).map(|(place, line)| row_of(&row, place, line)).collect());
        let tx = db.begin().await?;
        tx.payout_keep(row, lines).await?;
        Ok(tx.commit().await?)
    }

    /// The money of one that failed goes out with a later one, of which it is a line: then nobody needs to see to it.
    async fn close_failed(&self, db: &MerchantDb) -> Result<(), Error> {
        for failed in db.payouts_alarming().await? {
            if failed.state != PayoutState::Failed || !db.payout_came_again(&failed).await? {
                continue;
            }
            let alarming = is_off(&failed)?;
            let tx = db.begin().await?;
            tx.payout_keep(Payout { came_again: true, alarming, updated_at: self.now(), ..failed }, None).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Those that failed, and those whose lines come to something else.
    pub(crate) async fn payout_exceptions(&self, db: &MerchantDb, locale: Locale) -> Result<Vec<OpenException>, Error> {
        let mut lines = Vec::new();
        for payout in db.payouts_alarming().await? {
            let connection = db.connection(payout.connection_id).await?;
            let gateway = self.gateway_of(db, &connection)?.capabilities().name;
            let (amount, off) = (payout.amount()?, payout.sums()?.off(payout.amount()?)?);
            let of = format!("{} ({})", amount.format(locale), payout.gateway_id);
            let (cause, remedy) = if payout.state == PayoutState::Failed && !payout.came_again {
                let (day, why) = (in_words(payout.arrives_on), sentence_of(payout.failure.as_deref()));
                let cause = format!("A payout of {of} that was due on {day} did not reach the bank. {why}");
                let remedy = format!(
                    "Put the bank account right at {gateway}. This ends by itself once its money has come with a later payout."
                );
                (cause.trim_end().to_owned(), remedy)
            } else {
                (
                    format!("A payout of {of} does not add up: {}.", off_words(off, locale)),
                    format!("Have it read again. If it stays, ask {gateway} what that payout consists of."),
                )
            };
            let key = format!("{PAYOUT}{}", payout.id);
            let line = OpenException::new(key, Severity::Money, "Payout", payout.created_at, cause);
            let line = line.fixable(remedy, format!("{:?} {}", payout.state, off.minor));
            lines.push(OpenException { cure: Some(Cure::AskGateway), subject: Subject::Payout(payout.id), ..line });
        }
        Ok(lines)
    }
}

/// Nothing of it has moved, and nothing is left to be read.
fn is_as_told(stands: &Payout, told: &ListedPayout) -> Result<bool, Error> {
    let is_same = stands.state == told.state
        && stands.failure == told.failure
        && stands.arrives_on == told.arrives_on
        && stands.breakdown == told.breakdown
        && stands.amount()? == told.amount;
    Ok(is_same && (told.breakdown != Breakdown::Told || !is_off(stands)?))
}

fn is_off(stands: &Payout) -> Result<bool, Error> {
    Ok(stands.breakdown == Breakdown::Told && stands.sums()?.off(stands.amount()?)?.minor != 0)
}

/// Its lines were read, and prove it.
fn ties_out(stands: &Payout) -> Result<bool, Error> {
    Ok(stands.breakdown == Breakdown::Told && !is_off(stands)?)
}

fn sums_of(lines: &[ListedPayoutLine], paid_out: Money) -> Result<PayoutSums, Error> {
    let mut sums = PayoutSums::zero(paid_out.currency);
    for line in lines {
        sums.add(line.kind, line.amount, line.fee)?;
    }
    Ok(sums)
}

fn row_of(payout: &Payout, place: i32, line: ListedPayoutLine) -> PayoutLine {
    PayoutLine {
        merchant_id: payout.merchant_id,
        payout_id: payout.id,
        place,
        kind: line.kind,
        amount_minor: line.amount.minor,
        fee_minor: line.fee.minor,
        gateway_id: line.gateway_id,
        charge_gateway_id: line.charge_gateway_id,
        words: line.words,
        at: line.at,
    }
}
