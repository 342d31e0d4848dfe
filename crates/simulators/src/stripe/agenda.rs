//! What will happen by itself as the clock goes on: debits end, disputes come, refunds arrive. In the order of the due
//! moments, each with its own moment as the present.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::operation::Operation;
use crate::Shared;
use crate::disturb::Effects;
use crate::faults::{Call, Caller, Vendor};

/// How often the simulator looks at its own clock; `POST /control/advance` looks at once.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// One thing that falls due, with the id of what it happens to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Due {
    DebitEnds(String),
    Disputed(String),
    EvidenceJudged(String),
    RefundSucceeds(String),
    RefundFails(String),
    DepositsFail(String),
    DepositsTimeOut(String),
    PayoutArrives(String),
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Agenda(Vec<(i64, Due)>);

impl Agenda {
    pub fn plan(&mut self, at_s: i64, due: Due) {
        self.0.push((at_s, due));
    }

    fn is_due(&self, now_s: i64) -> bool {
        self.0.iter().any(|(at_s, _)| *at_s <= now_s)
    }

    /// The earliest that is due; of one moment, what was planned first.
    fn take(&mut self, now_s: i64) -> Option<(i64, Due)> {
        let earliest = self.0.iter().enumerate().min_by_key(|(_, (at_s, _))| *at_s).map(|(place, _)| place)?;
        (self.0[earliest].0 <= now_s).then(|| self.0.remove(earliest))
    }
}

/// Does all that is due, saves it and sends its news in order; false when it could not be saved.
pub(crate) async fn catch_up(shared: &Arc<Shared>) -> bool {
    let now_s = shared.clock.now_s();
    if !shared.stripe.read(|account| account.agenda.is_due(now_s)) {
        return true;
    }
    let effects = shared.stripe.write(|account| due_effects(account, shared));
    let saved = shared.saved().await;
    if saved {
        shared.webhooks.send_all(shared, effects.news);
    }
    saved
}

/// Does all that is due, under the account's lock.
pub(crate) fn due_effects(account: &mut super::Account, shared: &Shared) -> Effects {
    let call = Call { vendor: Vendor::Stripe, caller: Caller::Read, line: "clock".to_owned() };
    let mut op = Operation::new(account, shared, &call, "");
    op.run_due();
    op.effects
}

/// Catches up with the clock until the simulators close.
pub(crate) async fn keep_time(shared: Arc<Shared>) {
    let mut closing = shared.closing.subscribe();
    while tokio::time::timeout(LOOK_EVERY, closing.wait_for(|closing| *closing)).await.is_err() {
        catch_up(&shared).await;
    }
}

impl Operation<'_> {
    fn run_due(&mut self) {
        let now_s = self.now_s;
        while let Some((at_s, due)) = self.account.agenda.take(now_s) {
            self.now_s = at_s;
            match due {
                Due::DebitEnds(charge) => self.debit_ends(&charge),
                Due::Disputed(charge) => self.dispute(&charge),
                Due::EvidenceJudged(dispute) => self.judge_evidence(&dispute),
                Due::RefundSucceeds(refund) => self.refund_succeeds(&refund),
                Due::RefundFails(refund) => self.refund_fails(&refund),
                Due::DepositsFail(intent) => self.deposits_fail(&intent),
                Due::DepositsTimeOut(intent) => self.deposits_time_out(&intent),
                Due::PayoutArrives(payout) => self.payout_arrives(&payout),
            }
        }
        self.now_s = now_s;
    }
}
