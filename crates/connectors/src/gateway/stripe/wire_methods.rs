//! What Stripe says of methods: those that it keeps, and those that a charge or an intent names (`wire/gateways.md`, 2.3).

use super::{
    form::METHOD,
    wire::{ApiError, Expandable, Listed, NextAction, OnlyId},
};
use crate::gateway::method_face;
use domain::{
    card::{Brand, CardKind, Funding},
    ids::MethodId,
    method::{MethodFact, MethodSeen, Shown, last_day},
    payment::MethodFace,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A payment method, or what a charge tells about one.
#[derive(Debug, Deserialize)]
pub struct MethodDetails {
    id: Option<String>,
    /// Who has it saved.
    customer: Option<Expandable<OnlyId>>,
    card: Option<Card>,
    us_bank_account: Option<Account>,
    au_becs_debit: Option<Account>,
}

impl MethodDetails {
    pub fn account(&self) -> Option<&Account> {
        self.us_bank_account.as_ref().or(self.au_becs_debit.as_ref())
    }

    pub fn shown(&self) -> Option<Shown> {
        let of_account = || Some(Shown { face: self.account()?.face()?, good_until: None });
        self.card.as_ref().and_then(Card::seen).or_else(of_account)
    }

    /// What it says of itself: one that nobody has saved can be charged no more.
    pub fn observe(&self) -> MethodSeen {
        let gateway_customer = self.customer.as_ref().map(|customer| customer.id().to_owned());
        let fact = if gateway_customer.is_some() { MethodFact::Ready } else { MethodFact::Gone };
        let (gateway_method, shown) = (self.id.clone(), self.shown());
        MethodSeen { gateway_customer, gateway_method, shown, ..MethodSeen::bare(fact) }
    }
}

/// A bank account: who has it, and how it ends.
#[derive(Debug, Deserialize)]
pub struct Account {
    bank_name: Option<String>,
    bsb_number: Option<String>,
    last4: Option<String>,
}

impl Account {
    fn face(&self) -> Option<MethodFace> {
        let bsb = || Some(format!("BSB {}", self.bsb_number.as_ref()?));
        let brand = self.bank_name.clone().or_else(bsb).unwrap_or_else(|| "Bank account".to_owned());
        Some(MethodFace { brand, last4: self.last4.clone()? })
    }
}

#[derive(Debug, Deserialize)]
struct Card {
    brand: Option<String>,
    last4: Option<String>,
    exp_month: Option<u32>,
    exp_year: Option<i32>,
}

impl Card {
    fn seen(&self) -> Option<Shown> {
        let face = method_face(self.brand.as_deref().unwrap_or_default(), self.last4.as_deref()?);
        let good_until = self.exp_month.zip(self.exp_year).and_then(|(month, year)| last_day(month, year));
        Some(Shown { face, good_until })
    }
}

/// A payment, read for its method alone.
#[derive(Debug, Deserialize)]
pub struct IntentMethod {
    pub payment_method: Option<Expandable<MethodDetails>>,
}

/// The authority to debit an account.
#[derive(Debug, Deserialize)]
struct Mandate {
    status: Option<String>,
}

/// A method, as far as it is a card.
#[derive(Debug, Deserialize)]
pub struct CardMethod {
    card: Option<CardTraits>,
}

#[derive(Debug, Default, Deserialize)]
struct CardTraits {
    brand: Option<String>,
    funding: Option<String>,
}

impl CardMethod {
    /// What is not said is not known.
    pub fn kind(self) -> CardKind {
        let CardTraits { brand, funding } = self.card.unwrap_or_default();
        CardKind {
            brand: Brand::named(brand.as_deref().unwrap_or_default()),
            funding: Funding::named(funding.as_deref().unwrap_or_default()),
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct Setup {
    id: String,
    status: Option<SetupStatus>,
    payment_method: Option<Expandable<MethodDetails>>,
    mandate: Option<Expandable<Mandate>>,
    next_action: Option<NextAction>,
    last_setup_error: Option<ApiError>,
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SetupStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    Succeeded,
    Canceled,
    #[serde(untagged)]
    Other(String),
}

impl Listed for Setup {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Setup {
    /// Which of our methods it keeps, when it is ours.
    pub fn method(&self) -> Option<MethodId> {
        self.metadata.as_ref()?.get(METHOD)?.parse().ok()
    }

    pub fn observe(&self) -> MethodSeen {
        let (gateway_method, shown) = match &self.payment_method {
            Some(Expandable::Full(method)) => (method.id.clone(), method.shown()),
            Some(Expandable::Id(id)) => (Some(id.clone()), None),
            None => (None, None),
        };
        MethodSeen { setup_id: Some(self.id.clone()), gateway_method, shown, ..MethodSeen::bare(self.fact()) }
    }

    /// The bank has ended the authority that it was given.
    pub fn has_lost_its_mandate(&self) -> bool {
        let Some(Expandable::Full(mandate)) = &self.mandate else { return false };
        mandate.status.as_deref() == Some("inactive")
    }

    /// Its payer and the bank have nothing left to do.
    pub fn is_over(&self) -> bool {
        matches!(self.fact(), MethodFact::Ready | MethodFact::Refused { .. } | MethodFact::Gone)
    }

    fn fact(&self) -> MethodFact {
        let url = || self.next_action.as_ref()?.url();
        match (&self.status, &self.last_setup_error, url()) {
            (Some(SetupStatus::Succeeded), ..) => MethodFact::Ready,
            (Some(SetupStatus::RequiresAction), _, Some(url)) => MethodFact::ActionNeeded { url },
            (Some(SetupStatus::RequiresPaymentMethod | SetupStatus::Canceled), Some(no), _) => no.setup_fact(),
            (Some(SetupStatus::RequiresPaymentMethod | SetupStatus::Canceled), None, _) => MethodFact::Gone,
            (Some(SetupStatus::Processing), ..) => MethodFact::Verifying,
            (status, ..) => {
                tracing::warn!(gateway.id = self.id, ?status, "Stripe reports a set-up that is not understood");
                MethodFact::Verifying
            }
        }
    }
}
