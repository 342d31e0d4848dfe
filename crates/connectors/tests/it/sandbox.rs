//! The sandbox does what each of its test methods says, and reply, look-up and list tell one story.

use crate::world::{look_up, refund, refund_look_up, request, store, token};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connectors::gateway::{
    ChargeHow, Found, Gateway, GatewayError, LookUp, RefundLookUp, StoreRequest,
    sandbox::{Rows, Sandbox},
};
use domain::{
    dispute::DisputeState,
    ids::AttemptId,
    method::{MethodFact, MethodKind},
    payment::{DeclineReason, Fact, StepAnswer},
    refund::{RefundFact, RefundFailure},
    views::MethodEntry,
};
use std::sync::{Arc, Mutex};

/// The portal's rows: one charge, a refund of it, and what its payer has answered.
struct Sent {
    charge: LookUp,
    refund: RefundLookUp,
    answer: Mutex<Option<StepAnswer>>,
}

impl Sent {
    fn of(how: ChargeHow) -> Arc<Self> {
        let charge = look_up(&request(1, how), None, sent_at());
        let refund = refund_look_up(&refund(1, &charge.request, "sbx_1", 500), None, sent_at());
        Arc::new(Self { charge, refund, answer: Mutex::default() })
    }

    fn seen_after(self: &Arc<Self>, later: TimeDelta) -> Sandbox {
        Sandbox::new(Arc::new(move || sent_at() + later), Arc::<Self>::clone(self), "/sandbox/con_1".to_owned())
    }
}

#[async_trait]
impl Rows for Sent {
    async fn charges(&self, since: DateTime<Utc>) -> Result<Vec<LookUp>, GatewayError> {
        Ok(Some(self.charge.clone()).filter(|charge| charge.sent_at >= since).into_iter().collect())
    }

    async fn charge(&self, attempt: AttemptId) -> Result<Option<LookUp>, GatewayError> {
        Ok(Some(self.charge.clone()).filter(|charge| charge.request.attempt == attempt))
    }

    async fn refunds(&self, _since: DateTime<Utc>) -> Result<Vec<RefundLookUp>, GatewayError> {
        Ok(vec![self.refund.clone()])
    }

    async fn answered(&self, _attempt: AttemptId) -> Result<Option<StepAnswer>, GatewayError> {
        Ok(*self.answer.lock().unwrap())
    }

    async fn answer(&self, _attempt: AttemptId, answer: StepAnswer) -> Result<StepAnswer, GatewayError> {
        Ok(*self.answer.lock().unwrap().get_or_insert(answer))
    }
}

fn account(name: &str, kind: MethodKind) -> ChargeHow {
    ChargeHow::Saved { customer: "sbx_cus_1".to_owned(), method: name.to_owned(), kind }
}

fn sent_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_253_400, 0).unwrap()
}

fn sandbox(later: TimeDelta) -> Sandbox {
    Sent::of(ChargeHow::HostedPage).seen_after(later)
}

async fn found(name: &str, later: TimeDelta) -> Found {
    sandbox(later).find(&look_up(&request(1, token(name)), None, sent_at())).await.unwrap()
}

#[tokio::test]
async fn d2_a_reply_and_a_look_up_agree() {
    for name in ["sbx_approved", "sbx_declined", "sbx_no_funds"] {
        let replied = sandbox(TimeDelta::zero()).charge(&request(1, token(name))).await.unwrap();
        assert_eq!(replied.amount, Some(request(1, token(name)).amount));
        assert_eq!(found(name, TimeDelta::zero()).await, Found::Seen(replied), "{name}");
    }
    let no_funds = found("sbx_no_funds", TimeDelta::days(9)).await;
    let Found::Seen(no_funds) = no_funds else { panic!("{no_funds:?}") };
    assert_eq!(no_funds.fact, Fact::BankNo { reason: DeclineReason::InsufficientFunds });
}

#[tokio::test]
async fn d2_a_charge_that_never_arrived_is_not_there() {
    let reply = sandbox(TimeDelta::zero()).charge(&request(1, token("sbx_never_arrives"))).await;
    assert!(matches!(reply, Err(GatewayError::Unknown(_))), "{reply:?}");
    assert_eq!(found("sbx_never_arrives", TimeDelta::hours(1)).await, Found::NotThere);
}

#[tokio::test]
async fn an_approved_card_settles_after_two_days() {
    for (later, fact) in [(TimeDelta::hours(47), Fact::Approved), (TimeDelta::hours(48), Fact::Settled)] {
        let seen = found("sbx_approved", later).await;
        assert!(matches!(&seen, Found::Seen(seen) if seen.fact == fact), "{seen:?}");
    }
}

#[tokio::test]
async fn a_form_without_script_is_offered_methods_and_nothing_else_is_taken() {
    for (kind, first) in [(MethodKind::Card, "sbx_approved"), (MethodKind::BecsDebit, "sbx_bank_clears")] {
        let entry = sandbox(TimeDelta::zero()).method_entry(kind);
        let MethodEntry::TestMethods(methods) = entry else { panic!("test methods") };
        assert_eq!(methods[0].token, first, "the first is chosen already");
        let is_bank = |token: &str| token.starts_with("sbx_bank_");
        assert!(methods.iter().all(|method| is_bank(&method.token) == kind.is_debit()), "{kind:?}");
    }
    let plain = sandbox(TimeDelta::zero()).charge(&request(1, ChargeHow::HostedPage)).await.unwrap();
    assert_eq!(plain.fact, Fact::Approved);
    let foreign = sandbox(TimeDelta::zero()).charge(&request(1, token("pm_card_visa"))).await;
    assert!(matches!(foreign, Err(GatewayError::Refused { .. })), "{foreign:?}");
    assert_eq!(found("pm_card_visa", TimeDelta::hours(1)).await, Found::NotThere, "and nothing hangs on it for ever");
}

#[tokio::test]
async fn g37_a_refund_is_made_at_once_and_a_lost_answer_is_found() {
    for (name, is_lost) in [("sbx_approved", false), ("sbx_refund_lost", true)] {
        let request = refund(1, &request(1, token(name)), "sbx_1", 500);
        let reply = sandbox(TimeDelta::zero()).refund(&request).await;
        let found = sandbox(TimeDelta::seconds(5)).find_refund(&refund_look_up(&request, None, sent_at())).await;
        let Ok(Found::Seen(found)) = found else { panic!("{found:?}") };
        assert_eq!((&found.fact, found.amount), (&RefundFact::Succeeded, Some(request.amount)));
        match reply {
            Ok(replied) => assert!(!is_lost && replied == found),
            Err(lost) => assert!(is_lost && matches!(lost, GatewayError::Unknown(_)), "{lost:?}"),
        }
    }
}

#[tokio::test]
async fn g37_a_refund_may_take_a_day_and_then_come_to_nothing() {
    let failed = RefundFact::Failed { reason: RefundFailure::Declined };
    for (name, end) in [("sbx_refund_waits", RefundFact::Succeeded), ("sbx_refund_fails", failed)] {
        let sent = Sent::of(token(name));
        let replied = sent.seen_after(TimeDelta::zero()).refund(&sent.refund.request).await.unwrap();
        assert_eq!(replied.fact, RefundFact::Pending, "{name}");
        for (hours, fact) in [(23, &RefundFact::Pending), (24, &end)] {
            let sandbox = sent.seen_after(TimeDelta::hours(hours));
            let Ok(Found::Seen(found)) = sandbox.find_refund(&sent.refund).await else { panic!("{name}") };
            assert_eq!((&found.fact, &found.gateway_id), (fact, &replied.gateway_id), "{name} after {hours} hours");
            let [listed] = sandbox.refunded_since(sent_at()).await.unwrap().try_into().unwrap();
            assert_eq!(listed.is_paid, found.fact == RefundFact::Succeeded, "{name} after {hours} hours");
        }
    }
}

#[tokio::test]
async fn f23_a_dispute_is_opened_and_then_won_or_lost() {
    for (name, end) in [("sbx_dispute_won", DisputeState::Won), ("sbx_dispute_lost", DisputeState::Lost)] {
        let sent = Sent::of(token(name));
        let early = sent.seen_after(TimeDelta::hours(71));
        assert!(early.disputed_since(sent_at()).await.unwrap().is_empty(), "{name}");
        for (days, state) in [(3, DisputeState::Open), (9, DisputeState::Open), (10, end)] {
            let sandbox = sent.seen_after(TimeDelta::days(days));
            let [listed] = sandbox.disputed_since(sent_at()).await.unwrap().try_into().unwrap();
            assert_eq!((listed.seen.state, listed.seen.amount), (state, sent.charge.request.amount), "{name}");
            assert_eq!(sandbox.read_dispute(&listed.seen.gateway_id).await.unwrap(), listed, "{name}");
            // What was charged before may be disputed since, and not twice.
            let opened_at = listed.seen.opened_at;
            assert_eq!(sandbox.disputed_since(opened_at).await.unwrap().len(), 1, "{name}");
            assert!(sandbox.disputed_since(opened_at + TimeDelta::hours(1)).await.unwrap().is_empty(), "{name}");
        }
    }
    let undisputed = Sent::of(token("sbx_approved")).seen_after(TimeDelta::days(30));
    assert!(undisputed.disputed_since(sent_at()).await.unwrap().is_empty());
}

#[tokio::test]
async fn d2_whoever_gives_up_a_step_first_decides_and_what_is_answered_stays() {
    for (answer, fact) in [
        (None, Fact::Voided),
        (Some(StepAnswer::Confirmed), Fact::Approved),
        (Some(StepAnswer::Refused), Fact::BankNo { reason: DeclineReason::AuthenticationFailed }),
    ] {
        let sent = Sent::of(token("sbx_asks"));
        let sandbox = sent.seen_after(TimeDelta::minutes(1));
        let waiting = sandbox.charge(&sent.charge.request).await.unwrap();
        let page = format!("/sandbox/con_1/{}", sent.charge.request.attempt);
        assert_eq!(waiting.fact, Fact::ActionNeeded { url: page, fields: Vec::new() });
        if let Some(answer) = answer {
            sent.answer(sent.charge.request.attempt, answer).await.unwrap();
        }
        let id = waiting.gateway_id.unwrap();
        for _ in 0..2 {
            assert_eq!(sandbox.cancel(&id).await.unwrap().fact, fact, "{answer:?}");
        }
        let again = sandbox.charge(&sent.charge.request).await.unwrap();
        assert!(matches!(again.fact, Fact::ActionNeeded { .. }), "the same key, the first answer: {again:?}");
        let taken = sandbox.taken_since(sent_at()).await.unwrap();
        assert_eq!(taken.len(), usize::from(fact.is_money()), "{answer:?}");
    }
    let paid = Sent::of(token("sbx_approved"));
    let cancelled = paid.seen_after(TimeDelta::zero()).cancel("sbx_00000000000000000000000000000001").await;
    assert!(matches!(cancelled, Err(GatewayError::Refused { .. })), "nobody waits there: {cancelled:?}");
}

#[tokio::test]
async fn d8_d9_a_debit_is_decided_in_days_and_may_be_taken_back_and_needs_a_saved_account() {
    let no = |reason| Fact::BankNo { reason };
    for (name, after_three_days, after_twenty) in [
        ("sbx_bank_clears", Fact::Settled, Fact::Settled),
        ("sbx_bank_answer_lost", Fact::Settled, Fact::Settled),
        ("sbx_bank_no_funds", no(DeclineReason::InsufficientFunds), no(DeclineReason::InsufficientFunds)),
        ("sbx_bank_returned", Fact::Settled, no(DeclineReason::NotAuthorised)),
    ] {
        for kind in [MethodKind::AchDebit, MethodKind::BecsDebit] {
            let sent = Sent::of(account(name, kind));
            let replied = sent.seen_after(TimeDelta::zero()).charge(&sent.charge.request).await;
            let is_lost = matches!(replied, Err(GatewayError::Unknown(_)));
            assert_eq!(is_lost, name == "sbx_bank_answer_lost", "{replied:?}");
            for (days, fact) in
                [(0, &Fact::Processing), (2, &Fact::Processing), (3, &after_three_days), (20, &after_twenty)]
            {
                let sandbox = sent.seen_after(TimeDelta::days(days));
                let Ok(Found::Seen(found)) = sandbox.find(&sent.charge).await else { panic!("{name}") };
                assert_eq!(&found.fact, fact, "{name} after {days} days");
                assert_eq!(sandbox.taken_since(sent_at()).await.unwrap().len(), usize::from(fact.is_money()));
            }
            let keep = StoreRequest { kind, ..store(1, name) };
            let kept = sent.seen_after(TimeDelta::zero()).store(&keep).await.unwrap();
            assert_eq!((kept.fact, kept.gateway_method.as_deref()), (MethodFact::Ready, Some(name)));
        }
        for how in [token(name), account(name, MethodKind::Card)] {
            let refused = sandbox(TimeDelta::zero()).charge(&request(1, how)).await;
            assert!(matches!(refused, Err(GatewayError::Refused { .. })), "without an authority: {refused:?}");
        }
    }
}
