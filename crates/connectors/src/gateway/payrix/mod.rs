//! Payrix Australia, once IntegraPay: card payments on its own page, which a token opens for twenty minutes. Source:
//! `wire/gateways.md`, 4, and the answers that the public client mhssmnn/activemerchant-payrix has recorded of the vendor's
//! sandbox. How a refund is asked for is documented, and what is answered to that is not: the charge itself, whose members
//! are known, proves that all of it was paid back. Its feed of status changes, debits and kept cards are documented too
//! little. Keeps nothing but the access token that all its calls share.

mod calls;
mod refunds;
mod wire;

use super::{
    Capabilities, Cards, ChargeHow, ChargeRequest, Clock, Found, Gateway, GatewayError, LateNews, ListedRefund, LookUp,
    News, PageLife, ReadRefund, RefundLookUp, RefundRequest, Refunds, Taken, WebhookError, WebhookNews, Wire,
    bearer::Bearer, refused,
};
use crate::http::HttpClient;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    method::MethodKind,
    money::Currency,
    payment::{Fact, Observation},
    refund::RefundSeen,
    views::MethodEntry,
};
use http::HeaderMap;
use secrecy::SecretString;
use std::fmt;

/// A token opens the page for 20 minutes (4.2), of which one is left to get there. How long the open page takes a card,
/// nobody says, so whoever opened it last is given as long again.
const PAGE_LIFE: PageLife = PageLife { opens: TimeDelta::minutes(19), over: TimeDelta::minutes(20 + 20 + 2) };
/// Its token long dead, a page that was opened so long ago takes no card any more, whatever its status says: which of them
/// are final, no document tells.
const OVER_AT_LAST: TimeDelta = TimeDelta::hours(24);

pub struct PayrixConfig {
    /// `https://auth.paymentsapi.io`
    pub auth_url: String,
    /// `https://rest.paymentsapi.io`
    pub base_url: String,
    pub business_id: String,
    pub username: String,
    pub password: SecretString,
    /// The account's one currency, whatever a request names.
    pub currency: Currency,
    pub clock: Clock,
}

impl fmt::Debug for PayrixConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayrixConfig").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub struct Payrix {
    http: HttpClient,
    config: PayrixConfig,
    token: Bearer,
}

impl Payrix {
    #[must_use]
    pub const fn new(http: HttpClient, config: PayrixConfig) -> Self {
        Self { http, config, token: Bearer::new() }
    }
}

fn not_built() -> GatewayError {
    refused("not_built", "this is done in the gateway's own portal")
}

#[async_trait]
impl Gateway for Payrix {
    fn capabilities(&self) -> &Capabilities {
        const CAN: Capabilities = Capabilities {
            name: "Payrix",
            verified: false,
            hosted_page: true,
            page_life: Some(PAGE_LIFE),
            postal_code: false,
            lists: false,
            cards: Cards::Page,
            reads_cards: false,
            refunds: Refunds::Whole("Refund a part in Payrix’s own portal, and take it out of the books by hand."),
            disputes: false,
            balance: false,
            payouts: false,
            stores: false,
            keeps_paid: false,
            debits: &[],
            debit_user: None,
            late_news: LateNews::Told,
            wire: Wire::Vendor { news: News::No("how it signs its news is not public") },
        };
        &CAN
    }

    fn method_entry(&self, _kind: MethodKind) -> MethodEntry {
        MethodEntry::Page
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Observation, GatewayError> {
        match request.how {
            ChargeHow::HostedPage => self.open_page(request).await,
            ChargeHow::Token(_) | ChargeHow::Saved { .. } => {
                Err(refused("page_only", "cards are typed on its own page"))
            }
        }
    }

    /// By its page; a page whose token nobody has, nobody can pay on, and the attempt's own name says whether anybody did.
    async fn find(&self, look_up: &LookUp) -> Result<Found, GatewayError> {
        let attempt = look_up.request.attempt;
        let Some(token) = &look_up.gateway_id else {
            return Ok(self.payment_of(attempt).await?.map_or(Found::NotThere, Found::Seen));
        };
        let page = self.page(token).await?;
        if let Some(seen) = page.observe(attempt)? {
            return Ok(Found::Seen(seen));
        }
        let age = (self.config.clock)() - look_up.sent_at;
        if age >= PAGE_LIFE.over && page.is_over() {
            return Ok(Found::Seen(page.says(Fact::Voided)));
        }
        let end = if age < OVER_AT_LAST { None } else { page.observe_at_last() };
        Ok(end.map_or(Found::TooEarlyToSay, Found::Seen))
    }

    /// Its page ends by itself: what it has come to so far is the answer.
    async fn cancel(&self, gateway_id: &str) -> Result<Observation, GatewayError> {
        let page = self.page(gateway_id).await?;
        match page.observe_whoevers() {
            Some(seen) => Ok(seen),
            None => page.waits(),
        }
    }

    async fn taken_since(&self, _since: DateTime<Utc>) -> Result<Vec<Taken>, GatewayError> {
        Err(not_built())
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundSeen, GatewayError> {
        self.send_refund(request).await
    }

    async fn find_refund(&self, look_up: &RefundLookUp) -> Result<Found<RefundSeen>, GatewayError> {
        self.look_up_refund(look_up).await
    }

    async fn read_refund(&self, _gateway_id: &str) -> Result<ReadRefund, GatewayError> {
        Err(not_built())
    }

    async fn refunded_since(&self, _since: DateTime<Utc>) -> Result<Vec<ListedRefund>, GatewayError> {
        Err(not_built())
    }

    /// How it signs its news is not public (4.4), so whatever comes may be anybody's.
    fn webhook(&self, _headers: &HeaderMap, _raw: &[u8], _now: DateTime<Utc>) -> Result<WebhookNews, WebhookError> {
        Err(WebhookError::BadSignature)
    }
}
