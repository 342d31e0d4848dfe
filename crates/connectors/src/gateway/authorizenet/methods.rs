//! Saved methods at Authorize.Net (`wire/gateways.md`, 3.9): a customer profile of its own for each. It cannot be asked
//! for by a key, so it is made once, and one whose answer was lost is looked for by its name. The vendor tries a card at
//! the bank before it keeps it; an account cannot be tried, its first debit tells.

use super::{
    AuthorizeNet, ForgetRequest, Found, GatewayError, KeepRequest, KeptMethod, StoreLookUp, StoreRequest, code,
    find::LISTED_WITHIN,
    profiles::{KeptReply, NewCustomer, NewProfile, PaymentProfile, Profile, ProfileReply},
    replies::{Reply, filled},
    requests::Request,
};
use crate::gateway::refused;
use chrono::NaiveDate;
use domain::{
    method::{MethodFact, MethodKind, MethodSeen, Shown, last_day},
    payment::DeclineReason,
};

/// It stands there already; by its name, this very request came twice.
const DUPLICATE: &str = "E00039";
/// The bank did not say yes; why, a sentence alone tells.
const NOT_APPROVED: &str = "E00027";
pub const NOT_FOUND: &str = "E00040";
/// `validationMode`: tried at the bank, or looked at alone.
const TRIED: &str = "liveMode";
const LOOKED_AT: &str = "testMode";

impl AuthorizeNet {
    pub(super) async fn send_store(&self, request: &StoreRequest) -> Result<MethodSeen, GatewayError> {
        let name = code::of_method(request.method)?;
        if request.kind.is_debit() && request.authority.is_none() {
            return Err(refused("no_authority", "nobody may debit this account"));
        }
        let keep = Request::Keep {
            head: self.head(Some(&name)),
            profile: NewProfile::of(request, &name),
            validation_mode: if request.kind.is_debit() { LOOKED_AT } else { TRIED },
        };
        match made(self.ask(keep).await) {
            Err(GatewayError::Refused { code, .. }) if code == NOT_APPROVED => {
                Ok(MethodSeen::bare(MethodFact::Refused { reason: DeclineReason::Declined }))
            }
            id => Ok(self.read_soon(request.kind, id?).await),
        }
    }

    /// The vendor makes a profile of a charge that it approved. By its name, it makes one.
    pub(super) async fn keep_card_of(&self, request: &KeepRequest) -> Result<MethodSeen, GatewayError> {
        let name = code::of_method(request.method)?;
        let keep = Request::KeepPaid {
            head: self.head(Some(&name)),
            trans_id: &request.charge_gateway_id,
            customer: NewCustomer::of(&name, &request.customer_name),
        };
        let id = made(self.ask(keep).await)?;
        Ok(self.read_soon(MethodKind::Card, id).await)
    }

    /// The answer shows nothing of the method. It is kept, whatever comes of reading it.
    async fn read_soon(&self, kind: MethodKind, id: String) -> MethodSeen {
        let read: Result<ProfileReply, _> = self.ask_soon(self.by_id(&id)).await;
        let seen = match read {
            Ok(reply) => self.seen(kind, &reply.profile).await,
            Err(cause) => Err(cause),
        };
        seen.unwrap_or_else(|cause| {
            tracing::warn!(%cause, "What Authorize.Net keeps could not be read; a look-up will.");
            MethodSeen { setup_id: Some(id), ..MethodSeen::bare(MethodFact::Verifying) }
        })
    }

    pub(super) async fn kept_now(&self, kept: &KeptMethod) -> Result<MethodSeen, GatewayError> {
        match self.ask::<ProfileReply>(self.by_id(&kept.customer)).await {
            Ok(reply) => self.seen(kept.kind, &reply.profile).await,
            Err(GatewayError::Refused { code, .. }) if code == NOT_FOUND => Ok(MethodSeen::bare(MethodFact::Gone)),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn look_up_stored(&self, look_up: &StoreLookUp) -> Result<Found<MethodSeen>, GatewayError> {
        let name = code::of_method(look_up.request.method)?;
        let by = match &look_up.setup_id {
            Some(id) => self.by_id(id),
            None => self.by_name(&name),
        };
        match self.ask::<ProfileReply>(by).await {
            Ok(reply) => Ok(Found::Seen(self.seen(look_up.request.kind, &reply.profile).await?)),
            Err(GatewayError::Refused { code, .. }) if code == NOT_FOUND => {
                let is_early = look_up.setup_id.is_none() && (self.config.clock)() - look_up.sent_at < LISTED_WITHIN;
                Ok(if is_early { Found::TooEarlyToSay } else { Found::NotThere })
            }
            Err(error) => Err(error),
        }
    }

    /// What is not there is forgotten.
    pub(super) async fn let_go(&self, request: &ForgetRequest) -> Result<(), GatewayError> {
        let Some(customer_profile_id) = &request.setup_id else { return Ok(()) };
        match self.ask::<Reply>(Request::Forget { head: self.head(None), customer_profile_id }).await {
            Err(GatewayError::Refused { code, .. }) if code == NOT_FOUND => Ok(()),
            other => other.map(drop),
        }
    }

    /// A token does not tell what it was made of: a method of another kind than its payer agreed to is not kept.
    async fn seen(&self, kind: MethodKind, profile: &Profile) -> Result<MethodSeen, GatewayError> {
        let setup_id = Some(profile.customer_profile_id.0.clone());
        let Some(kept) = profile.payment_profiles.first() else { return Ok(MethodSeen::bare(MethodFact::Gone)) };
        if kept.kind() != Some(kind) {
            self.let_go(&ForgetRequest { setup_id, gateway_method: None }).await?;
            return Ok(MethodSeen::bare(MethodFact::Refused { reason: DeclineReason::SetUp }));
        }
        Ok(MethodSeen {
            fact: MethodFact::Ready,
            gateway_customer: setup_id.clone(),
            setup_id,
            gateway_method: Some(kept.customer_payment_profile_id.0.clone()),
            shown: kept.shown(),
        })
    }

    fn by_id<'a>(&'a self, id: &'a str) -> Request<'a> {
        self.profile(Some(id), None)
    }

    fn by_name<'a>(&'a self, name: &'a str) -> Request<'a> {
        self.profile(None, Some(name))
    }

    fn profile<'a>(&'a self, id: Option<&'a str>, name: Option<&'a str>) -> Request<'a> {
        Request::Profile {
            head: self.head(None),
            customer_profile_id: id,
            merchant_customer_id: name,
            unmask_expiration_date: true,
        }
    }
}

impl PaymentProfile {
    fn kind(&self) -> Option<MethodKind> {
        let payment = self.payment.as_ref()?;
        match (&payment.credit_card, &payment.bank_account) {
            (Some(_), None) => Some(MethodKind::Card),
            (None, Some(_)) => Some(MethodKind::AchDebit),
            _ => None,
        }
    }

    fn shown(&self) -> Option<Shown> {
        let payment = self.payment.as_ref()?;
        let expiry = payment.credit_card.as_ref().and_then(|card| filled(card.expiration_date.as_ref()));
        Some(Shown { face: payment.face()?, good_until: expiry.and_then(good_until) })
    }
}

/// Of `2030-12`.
fn good_until(expiry: &str) -> Option<NaiveDate> {
    let (year, month) = expiry.split_once('-')?;
    last_day(month.parse().ok()?, year.parse().ok()?)
}

/// The profile that was made, by this request or by the very same before it.
fn made(reply: Result<KeptReply, GatewayError>) -> Result<String, GatewayError> {
    match reply {
        Ok(kept) => Ok(kept.customer_profile_id.0),
        Err(GatewayError::Refused { code, message }) if code == DUPLICATE => named_in(&message),
        Err(other) => Err(other),
    }
}

/// The id in "A duplicate record with ID 933042598 already exists." It stands nowhere else (3.9).
fn named_in(message: &str) -> Result<String, GatewayError> {
    let digits = message.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    digits.map(str::to_owned).ok_or_else(|| GatewayError::Unknown("called a duplicate, of what is not said".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twin_of_a_profile_is_named_in_a_sentence_alone() {
        let said = named_in("A duplicate record with ID 933042598 already exists.");
        assert!(matches!(said.as_deref(), Ok("933042598")), "{said:?}");
        for other in ["", "A duplicate customer payment profile already exists."] {
            assert!(matches!(named_in(other), Err(GatewayError::Unknown(_))), "{other}");
        }
    }

    #[test]
    fn a_card_is_good_to_the_end_of_the_month_that_the_vendor_names() {
        assert_eq!(good_until("2028-02"), NaiveDate::from_ymd_opt(2028, 2, 29));
        for other in ["XXXX", "", "2028", "2028-13", "02-2028-1"] {
            assert_eq!(good_until(other), None, "{other}");
        }
    }
}
