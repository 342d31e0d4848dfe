//! The sandbox: a gateway for trials, without an account anywhere and without money. It keeps nothing: what becomes of a
//! charge follows from its token (`scripts.rs`), the time that has passed, and what its payer has answered, so that a reply,
//! a look-up and a list tell one story, and the same key is the same charge.

mod scripts;

use super::{
    Capabilities, Cards, ChargeHow, ChargeRequest, Clock, ForgetRequest, Found, Gateway, GatewayError, KeepRequest,
    KeptMethod, LateNews, ListedRefund, LookUp, ReadDispute, ReadRefund, RefundLookUp, RefundRequest, Refunds,
    StoreLookUp, StoreRequest, Taken, WebhookError, WebhookNews, Wire, method_face, refused,
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    consent::DebitUser,
    dispute::{DisputeReason, DisputeSeen, DisputeState},
    ids::{AttemptId, CustomerId, MethodId},
    method::{MethodFact, MethodKind, MethodSeen, Shown},
    payment::{DeclineReason, Fact, MethodFace, Observation, StepAnswer},
    refund::{RefundFact, RefundSeen},
    views::{MethodEntry, TestMethod},
};
use http::HeaderMap;
use scripts::{GOOD, RefundStep, Reply, SCRIPTS, Script, Step};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// So long it has no time for who is throttled.
const BUSY_FOR: Duration = Duration::from_secs(10);
/// Evidence is taken so long after a dispute was opened.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::days(7);
const PAYMENT: &str = "sbx_";
const DISPUTE: &str = "sbx_dp_";
const DEBIT_USER: DebitUser = DebitUser {
    name: "Sandbox",
    registered: "the sandbox of this portal, which debits nobody",
    agreement: "there is none: no money moves",
};

/// The portal's rows of what was sent through one connection: all that the sandbox knows.
#[async_trait]
pub trait Rows: Send + Sync {
    /// Charges that were sent since then.
    async fn charges(&self, since: DateTime<Utc>) -> Result<Vec<LookUp>, GatewayError>;

    /// Nothing where no such charge was sent.
    async fn charge(&self, attempt: AttemptId) -> Result<Option<LookUp>, GatewayError>;

    /// Refunds that were sent since then.
    async fn refunds(&self, since: DateTime<Utc>) -> Result<Vec<RefundLookUp>, GatewayError>;

    /// What the payer of a charge has answered.
    async fn answered(&self, attempt: AttemptId) -> Result<Option<StepAnswer>, GatewayError>;

    /// Answers in the payer's stead, unless an answer stands: which one does now.
    async fn answer(&self, attempt: AttemptId, answer: StepAnswer) -> Result<StepAnswer, GatewayError>;
}

/// Needs no credentials.
pub struct Sandbox {
    clock: Clock,
    rows: Arc<dyn Rows>,
    /// Where a payer is asked: an attempt's id follows.
    page_url: String,
}

impl Sandbox {
    #[must_use]
    pub fn new(clock: Clock, rows: Arc<dyn Rows>, page_url: String) -> Self {
        Self { clock, rows, page_url }
    }

    fn since(&self, sent_at: DateTime<Utc>) -> TimeDelta {
        ((self.clock)() - sent_at).max(TimeDelta::zero())
    }

    /// The charge as it stands this long after it was sent; nothing of one that never arrives.
    fn seen(
        &self,
        request: &ChargeRequest,
        script: Script,
        since: TimeDelta,
        answered: Option<StepAnswer>,
    ) -> Option<Observation> {
        let unconfirmed = Step::No(DeclineReason::AuthenticationFailed);
        let step = match (reached(script.charge, since)?, answered) {
            (Step::Asks, Some(StepAnswer::Confirmed)) => reached(GOOD, since)?,
            (Step::Asks, Some(StepAnswer::Refused)) => unconfirmed,
            (Step::Asks, Some(StepAnswer::Cancelled)) => Step::Voided,
            (Step::Asks, None) if request.unattended => unconfirmed,
            (step, _) => step,
        };
        let id = request.attempt.0.simple();
        let fact = match step {
            Step::Asks => {
                Fact::ActionNeeded { url: format!("{}/{}", self.page_url, request.attempt), fields: Vec::new() }
            }
            Step::Processing => Fact::Processing,
            Step::Approved => Fact::Approved,
            Step::Settled => Fact::Settled,
            Step::No(reason) => Fact::BankNo { reason },
            Step::Voided => Fact::Voided,
        };
        Some(Observation {
            fact,
            gateway_id: Some(format!("{PAYMENT}{id}")),
            charge_id: Some(format!("sbx_ch_{id}")),
            method: Some(face(script)),
            amount: Some(request.amount),
        })
    }

    /// A charge that stands in the rows, as it is now.
    async fn now(&self, sent: &LookUp) -> Result<Option<Observation>, GatewayError> {
        // A method that is none was refused, or would have been.
        let Ok(script) = chosen(&sent.request.how) else { return Ok(None) };
        let answered = match script.charge {
            [(_, Step::Asks), ..] => self.rows.answered(sent.request.attempt).await?,
            _ => None,
        };
        Ok(self.seen(&sent.request, script, self.since(sent.sent_at), answered))
    }

    /// The dispute of a charge, from when there is one.
    fn dispute(&self, sent: &LookUp) -> Option<ReadDispute> {
        let script = chosen(&sent.request.how).ok()?;
        let state = reached(script.dispute, self.since(sent.sent_at))?;
        let opened_at = sent.sent_at + TimeDelta::hours(script.dispute.first()?.0);
        let id = sent.request.attempt.0.simple();
        Some(ReadDispute {
            charge_gateway_id: Some(format!("{PAYMENT}{id}")),
            seen: DisputeSeen {
                state,
                gateway_id: format!("{DISPUTE}{id}"),
                amount: sent.request.amount,
                reason: DisputeReason::Unrecognised,
                opened_at,
                answer_by: (state == DisputeState::Open).then(|| opened_at + ANSWERED_WITHIN),
                page_url: None,
            },
        })
    }

    fn refunded(request: &RefundRequest, script: Script, since: TimeDelta) -> Option<RefundSeen> {
        let fact = match reached(script.refund, since)? {
            RefundStep::Pending => RefundFact::Pending,
            RefundStep::Succeeded => RefundFact::Succeeded,
            RefundStep::Failed(reason) => RefundFact::Failed { reason },
        };
        let gateway_id = Some(format!("sbx_re_{}", request.refund.0.simple()));
        Some(RefundSeen { fact, gateway_id, amount: Some(request.amount) })
    }

    fn kept(id: MethodId, customer: CustomerId, script: Script) -> MethodSeen {
        let fact = match script.charge {
            [(0, Step::No(reason)), ..] => MethodFact::Refused { reason: *reason },
            _ => MethodFact::Ready,
        };
        MethodSeen {
            fact,
            setup_id: Some(format!("sbx_set_{}", id.0.simple())),
            gateway_customer: Some(format!("sbx_cus_{}", customer.0.simple())),
            gateway_method: Some(script.token.to_owned()),
            shown: Some(shown(script)),
        }
    }
}

/// The last of these steps that has come.
fn reached<T: Copy>(steps: &[(i64, T)], since: TimeDelta) -> Option<T> {
    steps.iter().rev().find(|(hours, _)| since >= TimeDelta::hours(*hours)).map(|(_, step)| *step)
}

/// What is not answered plainly, as a token asks for it.
fn held(reply: Reply) -> Result<(), GatewayError> {
    match reply {
        Reply::Answered => Ok(()),
        Reply::Lost => Err(GatewayError::Unknown("as this test method asks".into())),
        Reply::Busy => Err(GatewayError::Busy { after: Some(BUSY_FOR) }),
        Reply::Unreachable => Err(GatewayError::NotSent("as this test method asks".into())),
    }
}

fn face(script: Script) -> MethodFace {
    method_face(if script.is_account { "Sandbox Bank" } else { "visa" }, script.last4)
}

fn shown(script: Script) -> Shown {
    Shown { face: face(script), good_until: None }
}

/// More than the charge was. What several refunds come to, only whoever asks for them can know.
const fn is_too_much(request: &RefundRequest) -> bool {
    request.amount.minor > request.charge.amount.minor
}

fn known(token: &str, is_account: bool) -> Result<Script, GatewayError> {
    let known = SCRIPTS.into_iter().find(|script| script.token == token && script.is_account == is_account);
    known.ok_or_else(|| refused("unknown_method", "not one of the sandbox's test methods"))
}

/// Without a page for cards, the sandbox approves what comes without a method. An account is debited under an authority
/// alone, so only where it was saved.
fn chosen(how: &ChargeHow) -> Result<Script, GatewayError> {
    match how {
        ChargeHow::Token(token) => known(token, false),
        ChargeHow::Saved { method, kind, .. } => known(method, kind.is_debit()),
        ChargeHow::HostedPage => Ok(SCRIPTS[0]),
    }
}

fn not_waiting() -> GatewayError {
    refused("not_waiting", "the charge does not wait for its payer")
}

#[async_trait]
impl Gateway for Sandbox {
    fn capabilities(&self) -> &Capabilities {
        const CAN: Capabilities = Capabilities {
            name: "Sandbox",
            verified: true,
            hosted_page: false,
            page_life: None,
            postal_code: false,
            lists: true,
            cards: Cards::Token { life: None },
            reads_cards: false,
            refunds: Refunds::Allowed,
            disputes: true,
            balance: false,
            payouts: false,
            stores: true,
            keeps_paid: true,
            debits: &[MethodKind::AchDebit, MethodKind::BecsDebit],
            debit_user: Some(DEBIT_USER),
            late_news: LateNews::Asked,
            wire: Wire::Here("it keeps no books, its ids follow from ours, and it sends no news"),
        };
        &CAN
    }

    fn method_entry(&self, kind: MethodKind) -> MethodEntry {
        let offered = SCRIPTS.into_iter().filter(|script| script.is_account == kind.is_debit());
        let offered = offered.map(|script| TestMethod { token: script.token.into(), label: script.label.into() });
        MethodEntry::TestMethods(offered.collect())
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Observation, GatewayError> {
        let script = chosen(&request.how)?;
        held(script.reply)?;
        self.seen(request, script, TimeDelta::zero(), None).ok_or_else(|| refused("never_sent", "it never arrives"))
    }

    async fn find(&self, look_up: &LookUp) -> Result<Found, GatewayError> {
        let is_busy = |script: Script| script.reply == Reply::Busy;
        let since = self.since(look_up.sent_at).to_std().unwrap_or_default();
        if chosen(&look_up.request.how).is_ok_and(is_busy) && since < BUSY_FOR {
            return Err(GatewayError::Busy { after: Some(BUSY_FOR - since) });
        }
        Ok(self.now(look_up).await?.map_or(Found::NotThere, Found::Seen))
    }

    async fn cancel(&self, gateway_id: &str) -> Result<Observation, GatewayError> {
        let id = gateway_id.strip_prefix(PAYMENT).and_then(|id| Uuid::try_parse(id).ok()).ok_or_else(not_waiting)?;
        let sent = self.rows.charge(AttemptId(id)).await?.ok_or_else(not_waiting)?;
        let script = chosen(&sent.request.how)?;
        if !matches!(script.charge, [(_, Step::Asks), ..]) {
            return Err(not_waiting());
        }
        let stands = self.rows.answer(sent.request.attempt, StepAnswer::Cancelled).await?;
        let seen = self.seen(&sent.request, script, self.since(sent.sent_at), Some(stands));
        seen.ok_or_else(not_waiting)
    }

    async fn taken_since(&self, since: DateTime<Utc>) -> Result<Vec<Taken>, GatewayError> {
        let mut taken = Vec::new();
        for sent in self.rows.charges(since).await? {
            let Some(Observation { fact, gateway_id: Some(gateway_id), .. }) = self.now(&sent).await? else { continue };
            if fact.is_money() {
                let (attempt, amount, is_settled) = (sent.request.attempt, sent.request.amount, fact == Fact::Settled);
                let is_debit = matches!(sent.request.how, ChargeHow::Saved { kind, .. } if kind.is_debit());
                taken.push(Taken { attempt, gateway_id, amount, is_settled, is_debit });
            }
        }
        Ok(taken)
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundSeen, GatewayError> {
        let script = chosen(&request.charge.how)?;
        if is_too_much(request) {
            return Err(refused("too_much", "more than was charged"));
        }
        held(script.refund_reply)?;
        Self::refunded(request, script, TimeDelta::zero()).ok_or_else(|| refused("never_sent", "it never arrives"))
    }

    async fn find_refund(&self, look_up: &RefundLookUp) -> Result<Found<RefundSeen>, GatewayError> {
        let request = &look_up.request;
        if is_too_much(request) {
            return Ok(Found::NotThere);
        }
        let seen = Self::refunded(request, chosen(&request.charge.how)?, self.since(look_up.sent_at));
        Ok(seen.map_or(Found::NotThere, Found::Seen))
    }

    /// Nobody but us refunds here, and ours bear our name.
    async fn read_refund(&self, _gateway_id: &str) -> Result<ReadRefund, GatewayError> {
        Err(refused("no_such_refund", "the sandbox makes no refunds by itself"))
    }

    /// The test method itself is what is kept.
    async fn store(&self, request: &StoreRequest) -> Result<MethodSeen, GatewayError> {
        let script = known(&request.token, request.kind.is_debit())?;
        // An account is sent for nothing yet, so that its answer is lost when it is debited.
        if !script.is_account {
            held(script.reply)?;
        }
        Ok(Self::kept(request.method, request.customer, script))
    }

    async fn find_stored(&self, look_up: &StoreLookUp) -> Result<Found<MethodSeen>, GatewayError> {
        let request = &look_up.request;
        let Ok(script) = known(&request.token, request.kind.is_debit()) else { return Ok(Found::NotThere) };
        if script.charge.is_empty() {
            return Ok(Found::NotThere);
        }
        Ok(Found::Seen(Self::kept(request.method, request.customer, script)))
    }

    async fn keep_paid(&self, request: &KeepRequest) -> Result<MethodSeen, GatewayError> {
        Ok(Self::kept(request.method, request.customer, chosen(&request.charge.how)?))
    }

    /// Nobody but us changes anything here.
    async fn read_kept(&self, kept: &KeptMethod) -> Result<MethodSeen, GatewayError> {
        let script = known(&kept.method, kept.kind.is_debit())?;
        Ok(MethodSeen {
            fact: MethodFact::Ready,
            setup_id: kept.setup_id.clone(),
            gateway_customer: Some(kept.customer.clone()),
            gateway_method: Some(kept.method.clone()),
            shown: Some(shown(script)),
        })
    }

    async fn forget(&self, _request: &ForgetRequest) -> Result<(), GatewayError> {
        Ok(())
    }

    async fn refunded_since(&self, since: DateTime<Utc>) -> Result<Vec<ListedRefund>, GatewayError> {
        let mut listed = Vec::new();
        for sent in self.rows.refunds(since).await? {
            let Found::Seen(RefundSeen { fact, gateway_id: Some(gateway_id), .. }) = self.find_refund(&sent).await?
            else {
                continue;
            };
            listed.push(ListedRefund {
                refund: Some(sent.request.refund),
                charge_gateway_id: Some(sent.request.charge_gateway_id),
                gateway_id,
                amount: sent.request.amount,
                is_paid: fact == RefundFact::Succeeded,
            });
        }
        Ok(listed)
    }

    async fn read_dispute(&self, gateway_id: &str) -> Result<ReadDispute, GatewayError> {
        let none = || refused("no_such_dispute", "nobody disputes this");
        let id = gateway_id.strip_prefix(DISPUTE).and_then(|id| Uuid::try_parse(id).ok()).ok_or_else(none)?;
        let sent = self.rows.charge(AttemptId(id)).await?.ok_or_else(none)?;
        self.dispute(&sent).ok_or_else(none)
    }

    async fn disputed_since(&self, since: DateTime<Utc>) -> Result<Vec<ReadDispute>, GatewayError> {
        // What was charged before may be disputed since.
        let earlier = SCRIPTS.iter().filter_map(|script| script.dispute.first()).map(|(hours, _)| *hours).max();
        let from = since - TimeDelta::hours(earlier.unwrap_or_default());
        let disputed = self.rows.charges(from).await?.iter().filter_map(|sent| self.dispute(sent)).collect::<Vec<_>>();
        Ok(disputed.into_iter().filter(|dispute| dispute.seen.opened_at >= since).collect())
    }

    /// The sandbox sends no news, so whatever comes is somebody else's.
    fn webhook(&self, _headers: &HeaderMap, _raw: &[u8], _now: DateTime<Utc>) -> Result<WebhookNews, WebhookError> {
        Err(WebhookError::BadSignature)
    }
}
