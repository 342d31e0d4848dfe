//! The faults that a test or a visitor arms (`demo.md`, `POST /control/faults`): their names and whom they hit.
//! Knows nothing of HTTP; `disturb.rs` carries them out.
//!
//! Without `match` a fault hits the vendor's API proper: `*_after_execute` and `unknown_status` the next write,
//! `token_revoked` also the token endpoint, the others any call. Browser pages, the hosted fields and the token endpoint
//! are hit only by a `match` that names them ("METHOD path", substring), and by `decline`, which hits whatever would move
//! money.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Whose wire: the names that `demo.md` uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    AuthorizeNet,
    GlobalPayments,
    Payrix,
    Qbo,
    Stripe,
    Xero,
}

impl Vendor {
    pub const ALL: [Self; 6] =
        [Self::AuthorizeNet, Self::GlobalPayments, Self::Payrix, Self::Qbo, Self::Stripe, Self::Xero];

    pub fn name(self) -> &'static str {
        match self {
            Self::AuthorizeNet => "authorizenet",
            Self::GlobalPayments => "globalpayments",
            Self::Payrix => "payrix",
            Self::Qbo => "qbo",
            Self::Stripe => "stripe",
            Self::Xero => "xero",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.name() == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Delay(Duration),
    /// Answer this status without executing.
    Http(u16),
    /// Ours, beyond `demo.md`: Xero's 429 with this problem, also one that a single organisation never brings about.
    Throttled(&'static str),
    /// Ours, beyond `demo.md`: execute, then answer 500 (fault F4 of `quality.md`).
    ErrorAfterExecute,
    TimeoutBefore,
    TimeoutAfterExecute,
    ResetAfterExecute,
    Decline(String),
    /// Ours, beyond `demo.md`: execute, and answer with statuses that no version of ours has heard of.
    UnknownStatus,
    WebhookLost,
    WebhookTwice,
    WebhookReordered,
    TokenRevoked,
    PeriodLocked,
}

/// The names, as an unknown one is answered with.
pub(crate) const KNOWN: &[&str] = &[
    "delay_ms:N",
    "http:429",
    "http:500",
    "http:503",
    "throttled:PROBLEM",
    "http_after_execute:500",
    "timeout_before",
    "timeout_after_execute",
    "reset_after_execute",
    "decline:CODE",
    "unknown_status",
    "webhook_lost",
    "webhook_twice",
    "webhook_reordered",
    "token_revoked",
    "period_locked",
];

/// What Xero may call a limit that was reached (`wire/accounting.md`, 1.4).
const PROBLEMS: [&str; 4] = ["appminute", "concurrent", "day", "minute"];

impl Fault {
    pub fn parse(text: &str) -> Option<Self> {
        let (name, value) = text.split_once(':').map_or((text, None), |(name, value)| (name, Some(value)));
        Some(match (name, value) {
            ("delay_ms", Some(ms)) => Self::Delay(Duration::from_millis(ms.parse().ok()?)),
            ("http", Some("429")) => Self::Http(429),
            ("http", Some("500")) => Self::Http(500),
            ("http", Some("503")) => Self::Http(503),
            ("throttled", Some(problem)) => Self::Throttled(PROBLEMS.into_iter().find(|known| *known == problem)?),
            ("http_after_execute", Some("500")) => Self::ErrorAfterExecute,
            ("timeout_before", None) => Self::TimeoutBefore,
            ("timeout_after_execute", None) => Self::TimeoutAfterExecute,
            ("reset_after_execute", None) => Self::ResetAfterExecute,
            ("decline", Some(code)) if !code.is_empty() => Self::Decline(code.to_owned()),
            ("unknown_status", None) => Self::UnknownStatus,
            ("webhook_lost", None) => Self::WebhookLost,
            ("webhook_twice", None) => Self::WebhookTwice,
            ("webhook_reordered", None) => Self::WebhookReordered,
            ("token_revoked", None) => Self::TokenRevoked,
            ("period_locked", None) => Self::PeriodLocked,
            _ => return None,
        })
    }

    pub fn is_wire(&self) -> bool {
        !matches!(self, Self::Decline(_) | Self::PeriodLocked) && !self.is_webhook()
    }

    pub fn is_webhook(&self) -> bool {
        matches!(self, Self::WebhookLost | Self::WebhookTwice | Self::WebhookReordered)
    }

    /// Whom the fault hits when it was armed without `match`.
    fn hits(&self, caller: Caller) -> bool {
        match self {
            Self::TimeoutAfterExecute
            | Self::ResetAfterExecute
            | Self::ErrorAfterExecute
            | Self::UnknownStatus
            | Self::PeriodLocked => caller == Caller::Write,
            Self::Delay(_) | Self::Http(_) | Self::Throttled(_) | Self::TimeoutBefore => {
                matches!(caller, Caller::Read | Caller::Write)
            }
            Self::TokenRevoked => caller != Caller::Browser,
            Self::Decline(_) => matches!(caller, Caller::Write | Caller::Browser),
            Self::WebhookLost | Self::WebhookTwice | Self::WebhookReordered => caller == Caller::Webhook,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delay(delay) => write!(f, "delay_ms:{}", delay.as_millis()),
            Self::Http(status) => write!(f, "http:{status}"),
            Self::Throttled(problem) => write!(f, "throttled:{problem}"),
            Self::ErrorAfterExecute => f.write_str("http_after_execute:500"),
            Self::TimeoutBefore => f.write_str("timeout_before"),
            Self::TimeoutAfterExecute => f.write_str("timeout_after_execute"),
            Self::ResetAfterExecute => f.write_str("reset_after_execute"),
            Self::Decline(code) => write!(f, "decline:{code}"),
            Self::UnknownStatus => f.write_str("unknown_status"),
            Self::WebhookLost => f.write_str("webhook_lost"),
            Self::WebhookTwice => f.write_str("webhook_twice"),
            Self::WebhookReordered => f.write_str("webhook_reordered"),
            Self::TokenRevoked => f.write_str("token_revoked"),
            Self::PeriodLocked => f.write_str("period_locked"),
        }
    }
}

/// What kind of request stands before the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Read,
    Write,
    Identity,
    Browser,
    Webhook,
}

/// One request (or outgoing event) as faults see it; `line` is "METHOD path", or "webhook <event type>".
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub vendor: Vendor,
    pub caller: Caller,
    pub line: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Armed {
    pub vendor: Vendor,
    pub fault: Fault,
    /// So many requests that it would hit pass first.
    pub skip: u32,
    pub times: u32,
    pub needle: Option<String>,
}

impl Armed {
    fn hits(&self, call: &Call) -> bool {
        self.vendor == call.vendor
            && match &self.needle {
                Some(needle) => call.line.contains(needle.as_str()),
                None => self.fault.hits(call.caller),
            }
    }
}

/// All faults that wait for their request, oldest first.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Armed>>);

impl Faults {
    /// Arms a fault; `times: 0` disarms the fault of that name instead.
    pub fn arm(&self, armed: Armed) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if armed.times == 0 {
            all.retain(|other| other.vendor != armed.vendor || other.fault != armed.fault);
        } else {
            all.push(armed);
        }
    }

    /// Uses up one turn of the oldest fault that hits this call and is of the wanted kind. Those that still let calls pass
    /// count it.
    pub fn take(&self, call: &Call, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter_mut().position(|armed| {
            let hits = wanted(&armed.fault) && armed.hits(call);
            let passes = hits && armed.skip > 0;
            armed.skip -= u32::from(passes);
            hits && !passes
        })?;
        let fault = all[at].fault.clone();
        all[at].times -= 1;
        if all[at].times == 0 {
            all.remove(at);
        }
        Some(fault)
    }

    /// The code of an armed `decline:CODE` that hits this call, used up by it.
    pub fn take_decline(&self, call: &Call) -> Option<String> {
        match self.take(call, |fault| matches!(fault, Fault::Decline(_))) {
            Some(Fault::Decline(code)) => Some(code),
            _ => None,
        }
    }

    pub fn armed(&self) -> Vec<Armed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
