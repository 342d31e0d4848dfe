//! The points about what is paid back: never more than was taken, and before settlement as the capability says.

use super::bench::{Bench, WHOLE, gateway, has, paid, simulated, skipped};
use crate::{sim::Sim, world::dated_refund};
use connectors::gateway::{GatewayError, Refunds};
use domain::refund::RefundFact;

/// By the vendor's own word. Where that is more than the charge, the engine's is the one that counts.
pub(super) async fn p7_refunds_at_once_never_sum_to_more_than_was_taken<B: Bench>() {
    let sim = Sim::start().await;
    let (request, seen) = paid::<B>(&sim, 1).await;
    if gateway::<B>(&sim).capabilities().refunds != Refunds::Allowed {
        sim.advance_hours(24).await;
    }
    let gateway = gateway::<B>(&sim);
    let refund = |n, minor| dated_refund(n, &request, seen.gateway_id.as_deref().unwrap(), minor);
    let beyond = WHOLE * B::REFUNDS_BEYOND_PERCENT / 100;
    let over = gateway.refund(&refund(1, WHOLE + beyond + 1)).await;
    assert!(matches!(over, Err(GatewayError::Refused { .. })), "{over:?}");
    if let Refunds::No(why) = gateway.capabilities().refunds {
        return skipped::<B>(why);
    }
    if simulated::<B>(&sim).is_none() {
        return;
    }
    if matches!(gateway.capabilities().refunds, Refunds::Whole(_)) {
        let [a, b] = [2, 3].map(|n| refund(n, WHOLE));
        let made = tokio::join!(gateway.refund(&a), gateway.refund(&b));
        assert!(made.0.is_ok() || made.1.is_ok(), "{made:?}");
        return has::<B>(&sim, &[]).await;
    }
    let [a, b, c, d] = [2, 3, 4, 5].map(|n| refund(n, 50_000));
    let made = tokio::join!(gateway.refund(&a), gateway.refund(&b), gateway.refund(&c), gateway.refund(&d));
    let (made, refused): (Vec<_>, Vec<_>) = [made.0, made.1, made.2, made.3].into_iter().partition(|made| made.is_ok());
    assert_eq!(made.len(), 2, "{refused:?}");
    assert!(refused.iter().all(|error| matches!(error, Err(GatewayError::Refused { .. }))), "{refused:?}");
    has::<B>(&sim, &[(&seen, WHOLE - 100_000)]).await;
    gateway.refund(&refund(6, WHOLE - 100_000)).await.unwrap();
    let over = gateway.refund(&refund(7, beyond + 1)).await;
    assert!(matches!(over, Err(GatewayError::Refused { .. })), "{over:?}");
    has::<B>(&sim, &[]).await;
}

pub(super) async fn p8_a_refund_before_settlement_is_what_the_capability_says<B: Bench>() {
    let sim = Sim::start().await;
    let (request, seen) = paid::<B>(&sim, 1).await;
    let gateway = gateway::<B>(&sim);
    let refund = |n, minor| dated_refund(n, &request, seen.gateway_id.as_deref().unwrap(), minor);
    let part = gateway.refund(&refund(1, 20_000)).await;
    let left = match gateway.capabilities().refunds {
        Refunds::Allowed => {
            assert_eq!(gateway.refund(&refund(1, 20_000)).await.unwrap(), part.unwrap(), "twice is once");
            WHOLE - 20_000
        }
        Refunds::WholeUntilSettled | Refunds::Whole(_) | Refunds::No(_) => {
            assert!(matches!(part, Err(GatewayError::Refused { .. })), "{part:?}");
            WHOLE
        }
    };
    has::<B>(&sim, &[(&seen, left)]).await;
    if matches!(gateway.capabilities().refunds, Refunds::WholeUntilSettled | Refunds::Whole(_)) {
        for _ in 0..2 {
            let whole = gateway.refund(&refund(2, WHOLE)).await.unwrap();
            assert_eq!(whole.fact, RefundFact::Succeeded);
            has::<B>(&sim, &[]).await;
        }
    }
}
