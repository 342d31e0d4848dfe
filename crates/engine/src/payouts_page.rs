//! Payouts as staff read them: one payout = payments - refunds - fees, with whose each line is (G45, N11).

use crate::{
    AdminPass, Engine, Error,
    clock::{day, zone},
    faces::{ROWS_PER_PAGE, numbers, page},
};
use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::{
    ids::{PaymentId, PayoutId},
    money::Money,
    payout::{Breakdown, PayoutLineKind, PayoutRecord, PayoutState, PayoutSums},
    views::Page,
};
use std::collections::{HashMap, HashSet};
use store::{MerchantDb, Payout, PayoutLine};

/// So many lines stand on a page; its file has all.
const LINES_SHOWN_MAX: usize = 1_000;
/// So many lines are looked up at once.
const LINES_AT_ONCE: usize = 500;

/// A payout in the list, and at the head of its page.
#[derive(Clone, Debug)]
pub struct PayoutFace {
    pub id: PayoutId,
    pub gateway: &'static str,
    pub gateway_id: String,
    pub amount: Money,
    pub state: PayoutState,
    /// Why it failed, in the gateway's words.
    pub failure: Option<String>,
    /// It failed, and its money has reached the bank by a later one.
    pub came_again: bool,
    pub arrives_on: NaiveDate,
    pub breakdown: Breakdown,
    pub sums: PayoutSums,
    /// By how much its lines come to more than was paid out.
    pub off: Money,
    /// When the gateway last told something new of it.
    pub told_on: NaiveDate,
}

/// The payment of ours behind a line.
#[derive(Clone, Debug)]
pub struct PayoutOurs {
    pub payment: PaymentId,
    pub reference: String,
    pub customer: String,
    pub invoices: String,
}

/// One thing that a payout consists of.
#[derive(Clone, Debug)]
pub struct PayoutLineFace {
    pub kind: PayoutLineKind,
    pub on: NaiveDate,
    pub amount: Money,
    pub fee: Money,
    pub net: Money,
    pub gateway_id: String,
    pub ours: Option<PayoutOurs>,
    /// It is of a payment, and nobody made it here.
    pub is_foreign: bool,
    /// What the gateway calls it, where it is of no payment.
    pub words: Option<String>,
}

/// The page of a payout.
#[derive(Clone, Debug)]
pub struct PayoutStory {
    pub payout: PayoutFace,
    pub lines: Vec<PayoutLineFace>,
    /// How many there are, beyond those that are shown.
    pub lines_left: usize,
    /// What all of them come to, as amounts and as the fees beside these.
    pub lines_amount: Money,
    pub lines_fee: Money,
    /// Of payments and refunds, what was not made here: it stands on no clearing account.
    pub foreign: Money,
}

impl Engine {
    /// A page of all payouts, those that arrive last first; and whether any gateway tells of them.
    ///
    /// # Errors
    /// The database is away.
    pub async fn payouts(&self, admin: &AdminPass, number: u64) -> Result<(Page<PayoutFace>, bool), Error> {
        let (db, zone) = (&admin.db, zone(&admin.who.time_zone));
        let (rows, total) = db.payout_page(number, ROWS_PER_PAGE).await?;
        let (mut gateways, mut tells) = (HashMap::new(), false);
        for connection in db.gateways().await? {
            let gateway = self.gateway_of(db, &connection)?;
            tells |= gateway.capabilities().payouts;
            gateways.insert(connection.id, gateway.capabilities().name);
        }
        let name = |row: &Payout| gateways.get(&row.connection_id).copied().unwrap_or_default();
        let faces = rows.into_iter().map(|row| face(name(&row), row, zone)).collect::<Result<_, _>>()?;
        Ok((page(faces, total, number, ""), tells))
    }

    /// # Errors
    /// [`Error::NotFound`] also for another merchant's payout.
    pub async fn payout_story(&self, admin: &AdminPass, id: PayoutId) -> Result<PayoutStory, Error> {
        let (payout, lines) = self.payout_with_lines(admin, id).await?;
        let zero = Money::zero(payout.amount.currency);
        let (mut lines_amount, mut lines_fee, mut foreign) = (zero, zero, zero);
        for line in &lines {
            lines_amount = lines_amount.plus(line.amount)?;
            lines_fee = lines_fee.plus(line.fee)?;
            if line.is_foreign && matches!(line.kind, PayoutLineKind::Payment | PayoutLineKind::Refund) {
                foreign = foreign.plus(line.amount)?;
            }
        }
        let lines_left = lines.len().saturating_sub(LINES_SHOWN_MAX);
        let lines = lines.into_iter().take(LINES_SHOWN_MAX).collect();
        Ok(PayoutStory { payout, lines, lines_left, lines_amount, lines_fee, foreign })
    }

    /// The lines of a payout for its file.
    ///
    /// # Errors
    /// [`Error::NotFound`] also for another merchant's payout.
    pub async fn export_payout(&self, admin: &AdminPass, id: PayoutId) -> Result<Vec<PayoutRecord>, Error> {
        let (payout, lines) = self.payout_with_lines(admin, id).await?;
        let record = |line: PayoutLineFace| {
            let note = if line.is_foreign { FOREIGN.to_owned() } else { line.words.unwrap_or_default() };
            let (reference, customer, invoices) =
                line.ours.map(|ours| (ours.reference, ours.customer, ours.invoices)).unwrap_or_default();
            PayoutRecord {
                payout: payout.gateway_id.clone(),
                arrives_on: payout.arrives_on,
                on: line.on,
                kind: line.kind,
                reference,
                customer,
                invoices,
                amount: line.amount,
                fee: line.fee,
                net: line.net,
                gateway_id: line.gateway_id,
                note,
            }
        };
        Ok(lines.into_iter().map(record).collect())
    }

    async fn payout_with_lines(
        &self,
        admin: &AdminPass,
        id: PayoutId,
    ) -> Result<(PayoutFace, Vec<PayoutLineFace>), Error> {
        let (db, zone) = (&admin.db, zone(&admin.who.time_zone));
        let payout = db.payout(id).await?;
        let gateway = self.gateway_of(db, &db.connection(payout.connection_id).await?)?.capabilities().name;
        let mut lines = Vec::new();
        for rows in db.payout_lines(id).await?.chunks(LINES_AT_ONCE) {
            lines.extend(line_faces(db, &payout, rows, zone).await?);
        }
        Ok((face(gateway, payout, zone)?, lines))
    }
}

/// What a line of a payment is called that nobody made here.
pub const FOREIGN: &str = "Made past this portal";

fn face(gateway: &'static str, row: Payout, zone: Tz) -> Result<PayoutFace, Error> {
    let (amount, sums) = (row.amount()?, row.sums()?);
    let is_told = row.breakdown == Breakdown::Told;
    Ok(PayoutFace {
        id: row.id,
        gateway,
        off: if is_told { sums.off(amount)? } else { Money::zero(amount.currency) },
        amount,
        sums,
        state: row.state,
        failure: row.failure,
        came_again: row.came_again,
        arrives_on: row.arrives_on,
        breakdown: row.breakdown,
        told_on: day(row.updated_at, zone),
        gateway_id: row.gateway_id,
    })
}

/// Each line with the payment of ours that it is of: by the gateway's id of that payment, and a refund by its own as well.
async fn line_faces(
    db: &MerchantDb,
    payout: &Payout,
    rows: &[PayoutLine],
    zone: Tz,
) -> Result<Vec<PayoutLineFace>, Error> {
    let charges: Vec<_> = rows.iter().filter_map(|row| row.charge_gateway_id.clone()).collect();
    let attempts = db.attempts_there(payout.connection_id, &charges).await?;
    let payments: Vec<_> = attempts.iter().map(|attempt| attempt.payment_id).collect();
    let shares = db.shares_of(payments.clone()).await?;
    let payments: HashMap<_, _> = db.payments_by_id(payments).await?.into_iter().map(|row| (row.id, row)).collect();
    let mut ours = HashMap::new();
    for attempt in attempts {
        if let (Some(id), Some(payment)) = (attempt.gateway_id, payments.get(&attempt.payment_id)) {
            let invoices = shares.get(&payment.id).map(|shares| numbers(shares)).unwrap_or_default();
            let (reference, customer) = (payment.reference.clone(), payment.customer_name.clone());
            ours.insert(id, PayoutOurs { payment: payment.id, reference, customer, invoices });
        }
    }
    let refunds = rows.iter().filter(|row| row.kind == PayoutLineKind::Refund).map(|row| row.gateway_id.clone());
    let refunds = db.refunds_there(&refunds.collect::<Vec<_>>()).await?;
    let refunds: HashSet<_> = refunds.into_iter().filter_map(|refund| refund.gateway_id).collect();
    let currency = payout.amount()?.currency;
    let face = |row: &PayoutLine| {
        let ours = row.charge_gateway_id.as_ref().and_then(|id| ours.get(id)).cloned();
        let is_known = ours.is_some() && (row.kind != PayoutLineKind::Refund || refunds.contains(&row.gateway_id));
        let (amount, fee) = (Money::new(row.amount_minor, currency), Money::new(row.fee_minor, currency));
        Ok(PayoutLineFace {
            kind: row.kind,
            on: day(row.at, zone),
            amount,
            fee,
            net: amount.minus(fee)?,
            gateway_id: row.gateway_id.clone(),
            is_foreign: row.kind.is_of_payment() && !is_known,
            ours,
            words: row.words.clone(),
        })
    };
    rows.iter().map(face).collect()
}
