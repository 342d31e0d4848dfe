//! The sandbox: a gateway for trials, without an account anywhere and without money. It keeps nothing: what becomes of a
//! charge follows from its test method and the time that has passed, so that a reply and a look-up tell one story.

use super::{
    Capabilities, Cards, ChargeHow, ChargeRequest, Clock, ForgetRequest, Found, Gateway, GatewayError, KeepRequest,
    KeptMethod, LateNews, ListedRefund, LookUp, ReadRefund, RefundLookUp, RefundRequest, Refunds, StoreLookUp,
    StoreRequest, Taken, WebhookError, WebhookNews, Wire, method_face, refused,
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{CustomerId, MethodId},
    method::{MethodFact, MethodSeen, Shown},
    payment::{DeclineReason, Fact, Observation},
    refund::{RefundFact, RefundSeen},
    views::{MethodEntry, TestMethod},
};
use http::HeaderMap;

/// A card's money is settled this long after it was approved.
const SETTLES_AFTER: TimeDelta = TimeDelta::days(2);

/// What a test method makes happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Approve,
    Decline(DeclineReason),
    /// The money is taken, and our side does not hear of it.
    AnswerLost,
    /// The charge is approved; a refund of it is made, and our side does not hear of it.
    RefundLost,
    /// Bytes left, and nobody received them.
    NeverArrives,
    Unreachable,
}

/// A test method: its token, what happens with it, how its card ends.
#[derive(Clone, Copy, Debug)]
struct Method {
    token: &'static str,
    label: &'static str,
    last4: &'static str,
    script: Script,
}

const APPROVED: Method = method("sbx_approved", "Approved", "4242", Script::Approve);
const METHODS: [Method; 7] = [
    APPROVED,
    method("sbx_declined", "Declined by the bank", "0002", Script::Decline(DeclineReason::Declined)),
    method("sbx_no_funds", "Not enough money", "9995", Script::Decline(DeclineReason::InsufficientFunds)),
    method("sbx_answer_lost", "Charged, but the answer never comes", "6009", Script::AnswerLost),
    method("sbx_never_arrives", "The charge never reaches the gateway", "0119", Script::NeverArrives),
    method("sbx_refund_lost", "Approved, but the answer to a refund never comes", "7726", Script::RefundLost),
    method("sbx_unreachable", "The gateway cannot be reached", "0341", Script::Unreachable),
];

const fn method(token: &'static str, label: &'static str, last4: &'static str, script: Script) -> Method {
    Method { token, label, last4, script }
}

/// Needs no credentials.
pub struct Sandbox {
    clock: Clock,
}

impl Sandbox {
    #[must_use]
    pub const fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// The charge as it stands this long after it was made.
    fn seen(request: &ChargeRequest, method: Method, since: TimeDelta) -> Observation {
        let fact = match method.script {
            Script::Decline(reason) => Fact::BankNo { reason },
            _ if since >= SETTLES_AFTER => Fact::Settled,
            _ => Fact::Approved,
        };
        let id = request.attempt.0.simple();
        Observation {
            fact,
            gateway_id: Some(format!("sbx_{id}")),
            charge_id: Some(format!("sbx_ch_{id}")),
            method: Some(method_face("visa", method.last4)),
            amount: Some(request.amount),
        }
    }

    fn kept(id: MethodId, customer: CustomerId, method: Method) -> MethodSeen {
        let fact = match method.script {
            Script::Decline(reason) => MethodFact::Refused { reason },
            _ => MethodFact::Ready,
        };
        MethodSeen {
            fact,
            setup_id: Some(format!("sbx_set_{}", id.0.simple())),
            gateway_customer: Some(format!("sbx_cus_{}", customer.0.simple())),
            gateway_method: Some(method.token.to_owned()),
            shown: Some(Self::shown(method)),
        }
    }

    fn shown(method: Method) -> Shown {
        Shown { face: method_face("visa", method.last4), good_until: None }
    }

    fn refunded(request: &RefundRequest) -> RefundSeen {
        let gateway_id = Some(format!("sbx_re_{}", request.refund.0.simple()));
        RefundSeen { fact: RefundFact::Succeeded, gateway_id, amount: Some(request.amount) }
    }
}

fn no_list() -> GatewayError {
    refused("no_list", "the sandbox keeps nothing")
}

/// More than the charge was. What several refunds come to, only whoever asks for them can know.
const fn is_too_much(request: &RefundRequest) -> bool {
    request.amount.minor > request.charge.amount.minor
}

/// Without a page of its own, the sandbox approves what comes without a method.
fn chosen(how: &ChargeHow) -> Result<Method, GatewayError> {
    let (ChargeHow::Token(token) | ChargeHow::Saved { method: token, .. }) = how else { return Ok(APPROVED) };
    let known = METHODS.into_iter().find(|method| method.token == token);
    known.ok_or_else(|| refused("unknown_method", "not one of the sandbox's test methods"))
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
            lists: false,
            cards: Cards::Token { life: None },
            reads_cards: false,
            refunds: Refunds::Allowed,
            disputes: false,
            balance: false,
            stores: true,
            keeps_paid: true,
            debits: &[],
            debit_user: None,
            late_news: LateNews::Told,
            wire: Wire::Here("it keeps no books, its ids follow from ours, and it sends no news"),
        };
        &CAN
    }

    fn method_entry(&self) -> MethodEntry {
        let offered = |method: Method| TestMethod { token: method.token.into(), label: method.label.into() };
        MethodEntry::TestMethods(METHODS.map(offered).to_vec())
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Observation, GatewayError> {
        let method = chosen(&request.how)?;
        match method.script {
            Script::AnswerLost | Script::NeverArrives => Err(GatewayError::Unknown("as this test method asks".into())),
            Script::Unreachable => Err(GatewayError::NotSent("as this test method asks".into())),
            Script::Approve | Script::RefundLost | Script::Decline(_) => {
                Ok(Self::seen(request, method, TimeDelta::zero()))
            }
        }
    }

    async fn find(&self, look_up: &LookUp) -> Result<Found, GatewayError> {
        // A method that is none was refused, or would have been.
        let Ok(method) = chosen(&look_up.request.how) else { return Ok(Found::NotThere) };
        Ok(match method.script {
            Script::NeverArrives | Script::Unreachable => Found::NotThere,
            _ => Found::Seen(Self::seen(&look_up.request, method, (self.clock)() - look_up.sent_at)),
        })
    }

    /// Nothing here ever waits for its payer.
    async fn cancel(&self, _gateway_id: &str) -> Result<Observation, GatewayError> {
        Err(refused("not_waiting", "the charge has ended"))
    }

    async fn taken_since(&self, _since: DateTime<Utc>) -> Result<Vec<Taken>, GatewayError> {
        Err(no_list())
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundSeen, GatewayError> {
        match chosen(&request.charge.how)?.script {
            _ if is_too_much(request) => Err(refused("too_much", "more than was charged")),
            Script::RefundLost => Err(GatewayError::Unknown("as this test method asks".into())),
            _ => Ok(Self::refunded(request)),
        }
    }

    async fn find_refund(&self, look_up: &RefundLookUp) -> Result<Found<RefundSeen>, GatewayError> {
        let request = &look_up.request;
        Ok(if is_too_much(request) { Found::NotThere } else { Found::Seen(Self::refunded(request)) })
    }

    /// Nobody but us refunds here.
    async fn read_refund(&self, _gateway_id: &str) -> Result<ReadRefund, GatewayError> {
        Err(no_list())
    }

    /// The test method itself is what is kept.
    async fn store(&self, request: &StoreRequest) -> Result<MethodSeen, GatewayError> {
        let method = chosen(&ChargeHow::Token(request.token.clone()))?;
        match method.script {
            Script::AnswerLost | Script::NeverArrives => Err(GatewayError::Unknown("as this test method asks".into())),
            Script::Unreachable => Err(GatewayError::NotSent("as this test method asks".into())),
            _ => Ok(Self::kept(request.method, request.customer, method)),
        }
    }

    async fn find_stored(&self, look_up: &StoreLookUp) -> Result<Found<MethodSeen>, GatewayError> {
        let Ok(method) = chosen(&ChargeHow::Token(look_up.request.token.clone())) else { return Ok(Found::NotThere) };
        Ok(match method.script {
            Script::NeverArrives | Script::Unreachable => Found::NotThere,
            _ => Found::Seen(Self::kept(look_up.request.method, look_up.request.customer, method)),
        })
    }

    async fn keep_paid(&self, request: &KeepRequest) -> Result<MethodSeen, GatewayError> {
        Ok(Self::kept(request.method, request.customer, chosen(&request.charge.how)?))
    }

    /// Nobody but us changes anything here.
    async fn read_kept(&self, kept: &KeptMethod) -> Result<MethodSeen, GatewayError> {
        let method = chosen(&ChargeHow::Token(kept.method.clone()))?;
        Ok(MethodSeen {
            fact: MethodFact::Ready,
            setup_id: kept.setup_id.clone(),
            gateway_customer: Some(kept.customer.clone()),
            gateway_method: Some(kept.method.clone()),
            shown: Some(Self::shown(method)),
        })
    }

    async fn forget(&self, _request: &ForgetRequest) -> Result<(), GatewayError> {
        Ok(())
    }

    async fn refunded_since(&self, _since: DateTime<Utc>) -> Result<Vec<ListedRefund>, GatewayError> {
        Err(no_list())
    }

    /// The sandbox sends no news, so whatever comes is somebody else's.
    fn webhook(&self, _headers: &HeaderMap, _raw: &[u8], _now: DateTime<Utc>) -> Result<WebhookNews, WebhookError> {
        Err(WebhookError::BadSignature)
    }
}
