//! Authorize.Net: card payments by a nonce that the vendor's own script made in the browser (AcceptUI), by its own page
//! for payers without script (Accept Hosted), and by a card or account that it keeps (CIM, eCheck). Source:
//! `wire/gateways.md`, 3. Keeps nothing: each call carries all it needs. The vendor has no key to repeat a request by, so
//! a charge is sent once, and one whose answer was lost is looked for in the vendor's lists, as is one that was made on
//! its page.

mod calls;
mod code;
mod declines;
mod disputes;
mod find;
mod methods;
mod outcomes;
mod profiles;
mod refunds;
mod replies;
mod requests;
mod webhook;

use super::{
    Capabilities, Cards, ChargeHow, ChargeRequest, Clock, ForgetRequest, Found, Gateway, GatewayError, KeepRequest,
    KeptMethod, LateNews, ListedRefund, LookUp, News, ReadDispute, ReadRefund, RefundLookUp, RefundRequest, Refunds,
    StoreLookUp, StoreRequest, Taken, WebhookError, WebhookNews, Wire, no_longer_kept, refused,
};
use crate::http::HttpClient;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    method::{MethodKind, MethodSeen},
    money::{Currency, Money},
    payment::Observation,
    refund::RefundSeen,
    views::MethodEntry,
};
use http::HeaderMap;
use requests::Transaction;
use secrecy::SecretString;
use std::fmt;

pub struct AuthorizeNetConfig {
    /// `https://api2.authorize.net/xml/v1/request.api`: one address for all calls.
    pub api_url: String,
    /// `https://accept.authorize.net/payment/payment`: the page that a token opens (3.10).
    pub page_url: String,
    /// Names the account. Browsers may know it.
    pub login: String,
    pub transaction_key: SecretString,
    /// With the login, all that the script in the browser needs.
    pub client_key: String,
    /// Their text signs, not the bytes that it seems to spell (3.8). Two while one is being rotated.
    pub signature_keys: Vec<SecretString>,
    /// `https://js.authorize.net/v3/AcceptUI.js`: its form is the vendor's, so no card is typed into our page (3.10).
    pub script_url: String,
    /// The account's one currency: replies and lists do not name it.
    pub currency: Currency,
    pub clock: Clock,
}

impl fmt::Debug for AuthorizeNetConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeNetConfig").field("api_url", &self.api_url).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub struct AuthorizeNet {
    http: HttpClient,
    config: AuthorizeNetConfig,
}

impl AuthorizeNet {
    #[must_use]
    pub const fn new(http: HttpClient, config: AuthorizeNetConfig) -> Self {
        Self { http, config }
    }

    /// The account has one currency.
    fn takes(&self, amount: Money) -> Result<(), GatewayError> {
        if amount.currency == self.config.currency {
            return Ok(());
        }
        Err(refused("unsupported_currency", amount.currency.code()))
    }
}

#[async_trait]
impl Gateway for AuthorizeNet {
    fn capabilities(&self) -> &Capabilities {
        const CARDS: Capabilities = Capabilities {
            name: "Authorize.Net",
            verified: false,
            hosted_page: true,
            page_life: Some(find::PAGE_LIFE),
            postal_code: true,
            lists: true,
            // Of a nonce: 3.10.
            cards: Cards::Token { life: Some(TimeDelta::minutes(15)) },
            reads_cards: false,
            refunds: Refunds::WholeUntilSettled,
            disputes: true,
            balance: false,
            payouts: false,
            stores: true,
            keeps_paid: true,
            debits: &[],
            debit_user: None,
            late_news: LateNews::Asked,
            // A signature holds no time: news that come again are known by their id.
            wire: Wire::Vendor { news: News::Charges { life: None } },
        };
        // eCheck debits accounts in the United States.
        const ALL: Capabilities = Capabilities { debits: &[MethodKind::AchDebit], ..CARDS };
        if self.config.currency == Currency::USD { &ALL } else { &CARDS }
    }

    fn method_entry(&self, _kind: MethodKind) -> MethodEntry {
        let AuthorizeNetConfig { script_url, login, client_key, .. } = &self.config;
        MethodEntry::Popup { script_url: script_url.clone(), login: login.clone(), client_key: client_key.clone() }
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Observation, GatewayError> {
        self.takes(request.amount)?;
        let code = code::of(request.attempt)?;
        let charge = match &request.how {
            ChargeHow::Token(nonce) => Transaction::charge(request, &code, nonce),
            ChargeHow::Saved { customer, method, .. } => Transaction::charge_kept(request, &code, customer, method),
            ChargeHow::HostedPage => return self.open_page(request, &code).await,
        };
        let is_saved = matches!(request.how, ChargeHow::Saved { .. });
        let response = match self.transact(Some(&code), charge).await {
            Err(GatewayError::Refused { code: said, .. }) if is_saved && said == methods::NOT_FOUND => {
                return Ok(no_longer_kept());
            }
            response => response?,
        };
        if response.is_duplicate() {
            return self.charged(request, &code, &self.original(&response, &code).await?).await;
        }
        if let (true, Some(id)) = (response.is_partial(), response.id()) {
            return self.undo_part(id).await;
        }
        response.observe()
    }

    async fn find(&self, look_up: &LookUp) -> Result<Found, GatewayError> {
        self.look_up(look_up).await
    }

    /// Voids what has not settled yet. Whether that worked, had been done before or came too late, the transaction
    /// itself says best.
    async fn cancel(&self, gateway_id: &str) -> Result<Observation, GatewayError> {
        self.transact(None, Transaction::Void { ref_trans_id: gateway_id }).await?;
        Ok(self.details(gateway_id).await?.observe(self.config.currency))
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
        Ok(self.details(gateway_id).await?.read_refund(self.config.currency))
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

    /// Signatures do not age: a story that is told again is known by its id.
    fn webhook(&self, headers: &HeaderMap, raw: &[u8], _now: DateTime<Utc>) -> Result<WebhookNews, WebhookError> {
        let signature = headers.get("x-anet-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
        webhook::news(&self.config.signature_keys, signature, raw)
    }
}
