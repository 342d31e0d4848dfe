//! Global Payments, by its GP-API: card payments on a page of its own, which a link opens, and by a payment method's
//! token. Source: `wire/gateways.md`, 5, and the official SDKs that it names. Keeps nothing but the access token that all
//! its calls share. A key that was used before is refused with the id of what it made, so that a lost answer is found by
//! sending the request once more.

mod calls;
mod find;
mod links;
mod refunds;
mod webhook;
mod wire;

use super::{
    Capabilities, Cards, ChargeRequest, Clock, Found, Gateway, GatewayError, LateNews, ListedRefund, LookUp, News,
    ReadRefund, RefundLookUp, RefundRequest, Refunds, Taken, WebhookError, WebhookNews, Wire, bearer::Bearer,
};
use crate::http::HttpClient;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{method::MethodKind, payment::Observation, refund::RefundSeen, views::MethodEntry};
use http::HeaderMap;
use secrecy::SecretString;
use std::fmt;

pub struct GlobalPaymentsConfig {
    /// `https://apis.globalpay.com/ucp`; the sandbox's host and the European ones differ.
    pub base_url: String,
    pub app_id: String,
    /// Makes access tokens, and signs what the gateway tells.
    pub app_key: SecretString,
    /// The account that charges tokens: `transaction_processing` in the SDKs' tests.
    pub account_name: String,
    /// The account that opens pages: `paylink` there.
    pub link_account_name: String,
    /// Of the merchant, as ISO 3166 has it.
    pub country: String,
    /// Where the gateway tells what comes of its pages.
    pub status_url: String,
    pub clock: Clock,
}

impl fmt::Debug for GlobalPaymentsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlobalPaymentsConfig").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub struct GlobalPayments {
    http: HttpClient,
    config: GlobalPaymentsConfig,
    token: Bearer,
}

impl GlobalPayments {
    #[must_use]
    pub const fn new(http: HttpClient, config: GlobalPaymentsConfig) -> Self {
        Self { http, config, token: Bearer::new() }
    }
}

#[async_trait]
impl Gateway for GlobalPayments {
    fn capabilities(&self) -> &Capabilities {
        const CAN: Capabilities = Capabilities {
            name: "Global Payments",
            verified: false,
            hosted_page: true,
            page_life: None,
            postal_code: false,
            lists: true,
            // How long a token for one payment lives, nobody says.
            cards: Cards::Token { life: None },
            reads_cards: false,
            refunds: Refunds::Allowed,
            // Its disputes do not say which payment they are of.
            disputes: false,
            balance: false,
            payouts: false,
            stores: false,
            keeps_paid: false,
            debits: &[],
            debit_user: None,
            late_news: LateNews::Told,
            // It is told where to with a link. A signature holds no time.
            wire: Wire::Vendor { news: News::Page { life: None } },
        };
        &CAN
    }

    fn method_entry(&self, _kind: MethodKind) -> MethodEntry {
        MethodEntry::Page
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Observation, GatewayError> {
        self.send_charge(request).await
    }

    async fn find(&self, look_up: &LookUp) -> Result<Found, GatewayError> {
        self.look_up(look_up).await
    }

    async fn cancel(&self, gateway_id: &str) -> Result<Observation, GatewayError> {
        if calls::is_link(gateway_id) { self.close(gateway_id).await } else { self.reverse(gateway_id).await }
    }

    async fn taken_since(&self, since: DateTime<Utc>) -> Result<Vec<Taken>, GatewayError> {
        self.list_taken(since).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundSeen, GatewayError> {
        self.send_refund(request).await
    }

    async fn find_refund(&self, look_up: &RefundLookUp) -> Result<Found<RefundSeen>, GatewayError> {
        self.look_up_refund(look_up).await
    }

    async fn read_refund(&self, gateway_id: &str) -> Result<ReadRefund, GatewayError> {
        self.refund_by_id(gateway_id).await
    }

    async fn refunded_since(&self, since: DateTime<Utc>) -> Result<Vec<ListedRefund>, GatewayError> {
        self.list_refunds(since).await
    }

    /// Signatures do not age: a story that is told again is known by its own digest.
    fn webhook(&self, headers: &HeaderMap, raw: &[u8], _now: DateTime<Utc>) -> Result<WebhookNews, WebhookError> {
        let signature = headers.get("x-gp-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
        webhook::news(&self.config.app_key, signature, raw)
    }
}
