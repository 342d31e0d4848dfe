//! What each of the sandbox's tokens makes happen: one table. Times are in hours, counted from when it was sent.

use domain::{dispute::DisputeState, payment::DeclineReason, refund::RefundFailure};

/// What the call itself comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Answered,
    /// It is done, or never arrives, as the steps say; our side hears nothing of it.
    Lost,
    /// Done all the same, once the sandbox has time for it.
    Busy,
    /// Nothing is sent.
    Unreachable,
}

/// What is seen of a charge from some hour on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The payer must confirm it on the sandbox's page; whoever does has paid like [`GOOD`].
    Asks,
    Processing,
    Approved,
    Settled,
    No(DeclineReason),
    Voided,
}

/// The same of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefundStep {
    Pending,
    Succeeded,
    Failed(RefundFailure),
}

/// A test card, or a test bank account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    pub token: &'static str,
    pub label: &'static str,
    pub last4: &'static str,
    pub is_account: bool,
    pub reply: Reply,
    /// None: it never arrives.
    pub charge: &'static [(i64, Step)],
    pub refund_reply: Reply,
    pub refund: &'static [(i64, RefundStep)],
    /// None: its holder disputes nothing.
    pub dispute: &'static [(i64, DisputeState)],
}

/// Approved at once, settled in two days.
pub(super) const GOOD: &[(i64, Step)] = &[(0, Step::Approved), (48, Step::Settled)];
const AT_ONCE: &[(i64, RefundStep)] = &[(0, RefundStep::Succeeded)];

const CARD: Script = Script {
    token: "sbx_approved",
    label: "Approved",
    last4: "4242",
    is_account: false,
    reply: Reply::Answered,
    charge: GOOD,
    refund_reply: Reply::Answered,
    refund: AT_ONCE,
    dispute: &[],
};
/// Debits are decided in three days, and taken back after twenty.
const ACCOUNT: Script = Script {
    token: "sbx_bank_clears",
    label: "Clears in three days",
    last4: "6789",
    is_account: true,
    charge: &[(0, Step::Processing), (72, Step::Settled)],
    ..CARD
};

/// In the order in which they are offered; the first card is also what is charged where none was chosen.
pub(super) const SCRIPTS: [Script; 17] = [
    CARD,
    Script {
        token: "sbx_declined",
        label: "Declined by the bank",
        last4: "0002",
        charge: &[(0, Step::No(DeclineReason::Declined))],
        ..CARD
    },
    Script {
        token: "sbx_no_funds",
        label: "Not enough money",
        last4: "9995",
        charge: &[(0, Step::No(DeclineReason::InsufficientFunds))],
        ..CARD
    },
    Script {
        token: "sbx_asks",
        label: "The bank asks for a confirmation",
        last4: "3184",
        charge: &[(0, Step::Asks)],
        ..CARD
    },
    Script {
        token: "sbx_answer_lost",
        label: "Charged, but the answer never comes",
        last4: "6009",
        reply: Reply::Lost,
        ..CARD
    },
    Script {
        token: "sbx_never_arrives",
        label: "The charge never reaches the gateway",
        last4: "0119",
        reply: Reply::Lost,
        charge: &[],
        ..CARD
    },
    Script {
        token: "sbx_unreachable",
        label: "The gateway cannot be reached",
        last4: "0341",
        reply: Reply::Unreachable,
        charge: &[],
        ..CARD
    },
    Script {
        token: "sbx_busy",
        label: "The gateway is busy for ten seconds",
        last4: "0429",
        reply: Reply::Busy,
        ..CARD
    },
    Script {
        token: "sbx_refund_lost",
        label: "Approved, but the answer to a refund never comes",
        last4: "7726",
        refund_reply: Reply::Lost,
        ..CARD
    },
    Script {
        token: "sbx_refund_waits",
        label: "Approved, and a refund takes a day",
        last4: "7734",
        refund: &[(0, RefundStep::Pending), (24, RefundStep::Succeeded)],
        ..CARD
    },
    Script {
        token: "sbx_refund_fails",
        label: "Approved, and a refund fails after a day",
        last4: "5126",
        refund: &[(0, RefundStep::Pending), (24, RefundStep::Failed(RefundFailure::Declined))],
        ..CARD
    },
    Script {
        token: "sbx_dispute_won",
        label: "Approved, disputed after three days, won after ten",
        last4: "0259",
        dispute: &[(72, DisputeState::Open), (240, DisputeState::Won)],
        ..CARD
    },
    Script {
        token: "sbx_dispute_lost",
        label: "Approved, disputed after three days, lost after ten",
        last4: "2685",
        dispute: &[(72, DisputeState::Open), (240, DisputeState::Lost)],
        ..CARD
    },
    ACCOUNT,
    Script {
        token: "sbx_bank_no_funds",
        label: "Not enough money, which the bank says after three days",
        last4: "2227",
        charge: &[(0, Step::Processing), (72, Step::No(DeclineReason::InsufficientFunds))],
        ..ACCOUNT
    },
    Script {
        token: "sbx_bank_returned",
        label: "Clears in three days, and is taken back after twenty",
        last4: "5559",
        charge: &[(0, Step::Processing), (72, Step::Settled), (480, Step::No(DeclineReason::NotAuthorised))],
        ..ACCOUNT
    },
    Script {
        token: "sbx_bank_answer_lost",
        label: "Clears in three days, but the answer never comes",
        last4: "6017",
        reply: Reply::Lost,
        ..ACCOUNT
    },
];
