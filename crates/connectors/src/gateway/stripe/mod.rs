//! Stripe: card payments by PaymentIntents, and by its own Checkout page for payers without script. Source:
//! `wire/gateways.md`, 2. Keeps nothing: each call carries all it needs.

mod balance;
mod calls;
mod declines;
mod disputes;
mod find;
mod form;
mod kept;
mod methods;
mod payouts;
mod refunds;
mod webhook;
mod wire;
mod wire_methods;
mod wire_refunds;

use super::{
    BalanceMove, Capabilities, Cards, ChargeHow, ChargeRequest, Clock, ForgetRequest, Found, Gateway, GatewayError,
    KeepRequest, KeptMethod, LateNews, ListedPayout, ListedPayoutLine, ListedRefund, LookUp, News, ReadDispute,
    ReadRefund, RefundLookUp, RefundRequest, Refunds, StoreLookUp, StoreRequest, Taken, WebhookError, WebhookNews,
    Wire, no_longer_kept,
};
use crate::http::HttpClient;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    card::CardKind,
    consent::DebitUser,
    method::{MethodKind, MethodSeen},
    payment::Observation,
    refund::RefundSeen,
    views::MethodEntry,
};
use http::HeaderMap;
use reqwest::Method;
use secrecy::SecretString;
use std::fmt;

/// It debits Australian accounts in its own name [recalled: its guide to BECS; not in `wire/`].
const DEBIT_USER: DebitUser = DebitUser {
    name: "Stripe",
    registered: "Stripe Payments Australia Pty Ltd ACN 160 180 343 Direct Debit User ID number 507156",
    agreement: "stripe.com/au-becs-dd-service-agreement/legal",
};

pub struct StripeConfig {
    /// `https://api.stripe.com`, without the `/v1`.
    pub base_url: String,
    pub secret_key: SecretString,
    pub publishable_key: String,
    /// Two while a secret is being rotated.
    pub webhook_secrets: Vec<SecretString>,
    /// `https://js.stripe.com/v3/`; must come from Stripe itself (2.10).
    pub script_url: String,
    pub clock: Clock,
}

impl fmt::Debug for StripeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeConfig").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub struct Stripe {
    http: HttpClient,
    config: StripeConfig,
}

impl Stripe {
    #[must_use]
    pub const fn new(http: HttpClient, config: StripeConfig) -> Self {
        Self { http, config }
    }
}

#[async_trait]
impl Gateway for Stripe {
    fn capabilities(&self) -> &Capabilities {
        const CAN: Capabilities = Capabilities {
            name: "Stripe",
            verified: false,
            hosted_page: true,
            page_life: None,
            postal_code: false,
            lists: true,
            cards: Cards::Token { life: None },
            reads_cards: true,
            refunds: Refunds::Allowed,
            disputes: true,
            balance: true,
            payouts: true,
            stores: true,
            keeps_paid: true,
            debits: &[MethodKind::AchDebit, MethodKind::BecsDebit],
            debit_user: Some(DEBIT_USER),
            late_news: LateNews::Told,
            wire: Wire::Vendor { news: News::Charges { life: Some(webhook::TOLERANCE) } },
        };
        &CAN
    }

    fn method_entry(&self, _kind: MethodKind) -> MethodEntry {
        let (script_url, publishable_key) = (self.config.script_url.clone(), self.config.publishable_key.clone());
        MethodEntry::Fields { script_url, publishable_key }
    }

    async fn read_card(&self, token: &str) -> Result<CardKind, GatewayError> {
        self.card(token).await
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Observation, GatewayError> {
        let answer = self.transmit(request).await?;
        if calls::is_of_none_kept(&answer, &request.how) {
            return Ok(no_longer_kept());
        }
        let seen = calls::read_charge(&answer, &request.how)?;
        self.end_declined(&request.how, &seen).await;
        Ok(seen)
    }

    async fn find(&self, look_up: &LookUp) -> Result<Found, GatewayError> {
        let found = self.look_up(look_up).await?;
        if let Found::Seen(seen) = &found {
            self.end_declined(&look_up.request.how, seen).await;
        }
        Ok(found)
    }

    /// Stripe refuses to end what has ended or was paid; then it is read, and what it is, is the answer.
    async fn cancel(&self, gateway_id: &str) -> Result<Observation, GatewayError> {
        match calls::Id::parse(gateway_id)? {
            calls::Id::Intent(id) => match self.cancel_intent(id).await {
                Err(GatewayError::Refused { .. }) => Ok(self.intent(id).await?.observe()),
                ended => Ok(ended?.observe()),
            },
            calls::Id::Session(id) => {
                let expire = self.call(Method::POST, &format!("checkout/sessions/{id}/expire"));
                match self.json(expire).await {
                    Err(GatewayError::Refused { .. }) => self.observe_session(self.session(id).await?).await,
                    ended => self.observe_session(ended?).await,
                }
            }
        }
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
        Ok(self.refund_by_id(gateway_id).await?.read())
    }

    async fn store(&self, request: &StoreRequest) -> Result<MethodSeen, GatewayError> {
        self.send_store(request).await
    }

    async fn find_stored(&self, look_up: &StoreLookUp) -> Result<Found<MethodSeen>, GatewayError> {
        self.look_up_stored(look_up).await
    }

    async fn keep_paid(&self, request: &KeepRequest) -> Result<MethodSeen, GatewayError> {
        self.keep_card_of(request).await
    }

    async fn read_kept(&self, kept: &KeptMethod) -> Result<MethodSeen, GatewayError> {
        self.kept_now(kept).await
    }

    async fn forget(&self, request: &ForgetRequest) -> Result<(), GatewayError> {
        self.let_go(request).await
    }

    async fn refunded_since(&self, since: DateTime<Utc>) -> Result<Vec<ListedRefund>, GatewayError> {
        self.list_refunds(since).await
    }

    async fn read_dispute(&self, gateway_id: &str) -> Result<ReadDispute, GatewayError> {
        self.dispute(gateway_id).await
    }

    async fn disputed_since(&self, since: DateTime<Utc>) -> Result<Vec<ReadDispute>, GatewayError> {
        self.list_disputes(since).await
    }

    async fn balance_since(&self, since: DateTime<Utc>) -> Result<Vec<BalanceMove>, GatewayError> {
        self.list_balance(since).await
    }

    async fn payouts_since(&self, since: DateTime<Utc>) -> Result<Vec<ListedPayout>, GatewayError> {
        self.list_payouts(since).await
    }

    async fn payout_lines(&self, gateway_id: &str) -> Result<Vec<ListedPayoutLine>, GatewayError> {
        self.list_payout_lines(gateway_id).await
    }

    fn webhook(&self, headers: &HeaderMap, raw: &[u8], now: DateTime<Utc>) -> Result<WebhookNews, WebhookError> {
        let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
        webhook::news(&self.config.webhook_secrets, signature, raw, now)
    }
}
