//! What changes an earlier transaction: capture, void, refund, and the decision about a held one.
//! Source: `wire/gateways.md`, 3.4.

use super::charge::{Asked, answered, refused, user_fields};
use super::duplicates;
use super::instruments::Instrument;
use super::money;
use super::operation::{Answer, Operation, Reply};
use super::reasons::Reason;
use super::refusal::Refusal;
use super::transactions::{Kind, Status, Transaction};
use super::tree::Node;
use super::{DAY_MS, random_code};

/// A linked refund is possible so long after settlement.
const REFUND_WITHIN_MS: i64 = 180 * DAY_MS;

fn named(op: &Operation<'_>, request: &Node) -> Option<u64> {
    let id = request.text("refTransId")?.parse().ok()?;
    op.account.transactions.contains_key(&id).then_some(id)
}

/// `priorAuthCaptureTransaction`: the whole authorisation or less of it, once.
pub(crate) fn capture(op: &mut Operation<'_>, request: &Node) -> Reply {
    let now_ms = op.now_ms;
    let Some(transaction) = named(op, request).and_then(|id| op.account.transactions.get_mut(&id)) else {
        return refused(Reason::NOT_FOUND);
    };
    let id = transaction.id;
    let amount = match request.text("amount") {
        Some(text) => money::read(text),
        None => Some(transaction.amount),
    };
    let reason = match (transaction.status, amount) {
        (_, None) => return refused(Reason::AMOUNT),
        (Status::AuthorizedPendingCapture, Some(amount)) if amount > transaction.amount => {
            return refused(Reason::CAPTURE_TOO_HIGH);
        }
        (Status::AuthorizedPendingCapture, Some(amount)) => {
            transaction.status = Status::CapturedPendingSettlement;
            transaction.captured_ms = Some(now_ms);
            transaction.settle = amount;
            Reason::APPROVED
        }
        (Status::CapturedPendingSettlement | Status::SettledSuccessfully, _) => Reason::ALREADY_CAPTURED,
        _ => return refused(Reason::NOT_FOUND),
    };
    let response = transaction.response(reason, Some(id), user_fields(request));
    if reason == Reason::APPROVED {
        op.emit_payment("priorAuthCapture.created", id);
    }
    answered(reason, response)
}

/// `voidTransaction`: only before settlement. A second void says 310 and changes nothing.
pub(crate) fn void(op: &mut Operation<'_>, request: &Node) -> Reply {
    let Some(transaction) = named(op, request).and_then(|id| op.account.transactions.get_mut(&id)) else {
        return refused(Reason::NOT_FOUND);
    };
    let (id, of, amount) = (transaction.id, transaction.of, transaction.amount);
    let reason = match transaction.status {
        Status::Voided => Reason::ALREADY_VOIDED,
        status if status.unsettled() => {
            transaction.status = Status::Voided;
            Reason::APPROVED
        }
        _ => return refused(Reason::NOT_FOUND),
    };
    let response = transaction.response(reason, Some(id), user_fields(request));
    if reason == Reason::APPROVED {
        // A refund that is called off gives its amount back to be refunded.
        if let Some(original) = of.and_then(|of| op.account.transactions.get_mut(&of)) {
            original.refunded -= amount;
        }
        op.emit_payment("void.created", id);
    }
    answered(reason, response)
}

/// `refundTransaction`: linked to a settled transaction, never more than was settled.
pub(crate) fn refund(op: &mut Operation<'_>, request: &Node) -> Answer {
    let Some(asked) = Asked::read(request, Kind::Refund) else { return Ok(refused(Reason::AMOUNT)) };
    let Some(original) = named(op, request).and_then(|id| op.account.transactions.get(&id)).cloned() else {
        let reason = if request.text("refTransId").is_some() { Reason::NOT_FOUND } else { Reason::NOT_CREDITABLE };
        return Ok(refused(reason));
    };
    if !same_instrument(op, request, &original) || !creditable(&original, op.now_ms) {
        return Ok(refused(Reason::NOT_CREDITABLE));
    }
    let window = duplicates::Window::read(request);
    if let Some(earlier) = op.duplicate(&window, &asked, &original.instrument) {
        return Ok(duplicates::reply(&window, earlier));
    }
    if original.refunded + asked.amount > original.settle {
        return Ok(refused(Reason::CREDITS_EXCEED));
    }
    if let Some(reason) = op.armed_decline() {
        return Ok(refused(reason));
    }
    let credit = op.credit(&original, asked);
    let response = credit.response(Reason::APPROVED, Some(original.id), user_fields(request));
    Ok(answered(Reason::APPROVED, response))
}

/// Settled, not taken back, and not too long ago.
fn creditable(original: &Transaction, now_ms: i64) -> bool {
    original.kind != Kind::Refund
        && matches!(original.status, Status::SettledSuccessfully | Status::ChargebackReversal)
        && original.returned.is_none()
        && original.settled_ms.is_some_and(|settled_ms| now_ms - settled_ms <= REFUND_WITHIN_MS)
}

/// The last four digits (`1111` or `XXXX1111`), the whole number, or the stored method must be those of the original.
fn same_instrument(op: &Operation<'_>, request: &Node, original: &Transaction) -> bool {
    if let Some(profile) = request.text("profile/customerProfileId") {
        let payment_profile = request.text("profile/paymentProfile/paymentProfileId").unwrap_or_default();
        let ids = (profile.parse().unwrap_or(0), payment_profile.parse().unwrap_or(0));
        let print = op.account.payment_profile(ids).map(|stored| stored.instrument.print());
        return print == Some(original.instrument.print());
    }
    let number = match original.instrument {
        Instrument::Card(_) => request.text("payment/creditCard/cardNumber"),
        Instrument::Bank(_) => request.text("payment/bankAccount/accountNumber"),
    };
    number.is_some_and(|number| number.len() >= 4 && number.ends_with(original.instrument.last4()))
}

/// `updateHeldTransactionRequest`: the merchant looked at a held transaction and lets it through, or not.
pub(crate) fn decide_held(op: &mut Operation<'_>, root: &Node) -> Answer {
    let request = root.at("heldTransactionRequest").ok_or_else(|| Refusal::required("heldTransactionRequest"))?;
    let approve = match request.text("action") {
        Some("approve") => true,
        Some("decline") => false,
        _ => return Err(Refusal::invalid("action")),
    };
    let Some(id) = named(op, request) else { return Ok(refused(Reason::NOT_FOUND)) };
    match op.decide_held(id, approve) {
        Some(reason) => {
            let response = op.account.transactions.get(&id).map(|held| held.response(reason, Some(id), None));
            Ok(answered(Reason::APPROVED, response.unwrap_or_default()))
        }
        None => Ok(refused(Reason::NOT_FOUND)),
    }
}

impl Operation<'_> {
    /// What became of the held transaction; nothing when it is not held.
    pub fn decide_held(&mut self, id: u64, approve: bool) -> Option<Reason> {
        let now_ms = self.now_ms;
        let held = self.account.transactions.get_mut(&id).filter(|held| held.status.held())?;
        let event = if approve {
            held.reason = Reason::APPROVED;
            held.status = match held.kind {
                Kind::AuthOnly => Status::AuthorizedPendingCapture,
                _ => Status::CapturedPendingSettlement,
            };
            held.captured_ms = (held.kind != Kind::AuthOnly).then_some(now_ms);
            "fraud.approved"
        } else {
            held.reason = Reason::DECLINED;
            held.status = Status::FailedReview;
            held.settle = 0;
            "fraud.declined"
        };
        let reason = held.reason;
        self.emit_payment(event, id);
        Some(reason)
    }

    fn credit(&mut self, original: &Transaction, asked: Asked) -> Transaction {
        let Asked { amount, particulars, .. } = asked;
        if let Some(original) = self.account.transactions.get_mut(&original.id) {
            original.refunded += amount;
        }
        let credit = Transaction {
            id: self.account.mint(),
            ref_id: self.ref_id.clone(),
            kind: Kind::Refund,
            status: Status::RefundPendingSettlement,
            reason: Reason::APPROVED,
            submitted_ms: self.now_ms,
            captured_ms: None,
            auth_code: String::new(),
            avs: "P".to_owned(),
            code_result: String::new(),
            amount,
            settle: amount,
            currency: original.currency.clone(),
            network_id: (!original.bank()).then(|| random_code(15)),
            instrument: original.instrument.clone(),
            particulars,
            of: Some(original.id),
            refunded: 0,
            profile: original.profile,
            batch: None,
            settled_ms: None,
            returned: None,
        };
        self.account.transactions.insert(credit.id, credit.clone());
        self.emit_payment("refund.created", credit.id);
        credit
    }
}
