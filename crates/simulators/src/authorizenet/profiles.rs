//! Customer profiles (CIM): customers and their stored methods. Source: `wire/gateways.md`, 3.9.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::charge::DECLINED_ZIP;
use super::instruments::{Behaviour, Instrument};
use super::operation::{Answer, Operation, Reply};
use super::reasons::Reason;
use super::refusal::Refusal;
use super::reply::{Members, Out, flag, messages, put, text};
use super::transactions::{ADDRESS, put_texts, texts};
use super::tree::Node;
use super::{Account, random_code};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub id: u64,
    pub identity: Identity,
    pub payment_profiles: BTreeMap<u64, PaymentProfile>,
}

/// What tells one customer from another; at least one of it is there, and the three together are unique.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub merchant_customer_id: Option<String>,
    pub description: Option<String>,
    pub email: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PaymentProfile {
    pub id: u64,
    pub customer_type: Option<String>,
    pub bill_to: BTreeMap<String, String>,
    pub instrument: Instrument,
    pub default: bool,
}

impl Identity {
    fn read(node: Option<&Node>) -> Self {
        let owned = |name: &str| node.and_then(|node| node.owned(name));
        Self {
            merchant_customer_id: owned("merchantCustomerId"),
            description: owned("description"),
            email: owned("email"),
        }
    }

    fn named(self) -> Result<Self, Refusal> {
        if self == Self::default() { Err(Refusal::profile_needs_a_name()) } else { Ok(self) }
    }
}

impl PaymentProfile {
    fn view(&self, profile: Option<u64>, with_expiry: bool) -> Out {
        let mut members = Members::new();
        put(&mut members, "customerType", self.customer_type.as_deref());
        put_texts(&mut members, "billTo", &self.bill_to, &ADDRESS);
        put(&mut members, "customerProfileId", profile.map(|id| id.to_string()));
        members.push(("customerPaymentProfileId", text(self.id.to_string())));
        if self.default {
            members.push(("defaultPaymentProfile", flag(true)));
        }
        members.push(("payment", self.instrument.view(with_expiry)));
        Out::Tree(members)
    }

    fn same_as(&self, instrument: &Instrument, bill_to: &BTreeMap<String, String>) -> bool {
        self.instrument.print() == instrument.print() && &self.bill_to == bill_to
    }
}

impl Profile {
    fn view(&self, with_expiry: bool) -> Out {
        let mut members = Members::new();
        put(&mut members, "merchantCustomerId", self.identity.merchant_customer_id.as_deref());
        put(&mut members, "description", self.identity.description.as_deref());
        put(&mut members, "email", self.identity.email.as_deref());
        members.push(("customerProfileId", text(self.id.to_string())));
        let stored: Vec<Out> = self.payment_profiles.values().map(|stored| stored.view(None, with_expiry)).collect();
        if !stored.is_empty() {
            members.push(("paymentProfiles", Out::Each(stored)));
        }
        members.push(("profileType", text("regular")));
        Out::Tree(members)
    }
}

impl Account {
    pub fn payment_profile(&self, (profile, payment_profile): (u64, u64)) -> Option<&PaymentProfile> {
        self.profiles.get(&profile)?.payment_profiles.get(&payment_profile)
    }
}

fn id_of(root: &Node, path: &str) -> u64 {
    root.text(path).and_then(|id| id.parse().ok()).unwrap_or(0)
}

fn ids(list: &[u64]) -> Out {
    Out::List("numericString", list.iter().map(|id| text(id.to_string())).collect())
}

/// How a stored method is looked at before it is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Validation {
    None,
    Format,
    Charge,
}

impl Validation {
    fn read(root: &Node) -> Result<Self, Refusal> {
        match root.text("validationMode") {
            None | Some("none") => Ok(Self::None),
            Some("testMode") => Ok(Self::Format),
            Some("liveMode" | "oldLiveMode") => Ok(Self::Charge),
            Some(_) => Err(Refusal::invalid("validationMode")),
        }
    }
}

pub(crate) fn create(op: &mut Operation<'_>, root: &Node) -> Answer {
    let profile = root.at("profile").ok_or_else(|| Refusal::required("profile"))?;
    let identity = Identity::read(Some(profile)).named()?;
    op.refuse_duplicate(&identity)?;
    let validation = Validation::read(root)?;
    let mut validated = Vec::new();
    let mut stored = Vec::new();
    for node in profile.all("paymentProfiles") {
        let method = op.read_method(node)?;
        validated.extend(op.validate(validation, &method)?.map(text));
        stored.push(method);
    }
    let id = op.account.mint_profile();
    op.account.profiles.insert(id, Profile { id, identity, payment_profiles: BTreeMap::new() });
    op.emit_customer("created", id);
    let stored: Vec<u64> = stored.into_iter().map(|method| op.store(id, method)).collect();
    Ok(Reply::from(created(id, &stored, validated)))
}

fn created(id: u64, stored: &[u64], validated: Vec<Out>) -> Members {
    vec![
        ("customerProfileId", text(id.to_string())),
        ("customerPaymentProfileIdList", ids(stored)),
        ("customerShippingAddressIdList", ids(&[])),
        ("validationDirectResponseList", Out::List("string", validated)),
    ]
}

pub(crate) fn create_method(op: &mut Operation<'_>, root: &Node) -> Answer {
    let profile = id_of(root, "customerProfileId");
    if !op.account.profiles.contains_key(&profile) {
        return Err(Refusal::not_found());
    }
    let node = root.at("paymentProfile").ok_or_else(|| Refusal::required("paymentProfile"))?;
    let validation = Validation::read(root)?;
    let method = op.read_method(node)?;
    if let Some(existing) = op.stored_already(profile, &method) {
        let members = vec![
            ("customerProfileId", text(profile.to_string())),
            ("customerPaymentProfileId", text(existing.to_string())),
        ];
        return Ok(Reply { members, failure: Some(Refusal::duplicate_payment_profile(existing)) });
    }
    let validated = op.validate(validation, &method)?;
    let id = op.store(profile, method);
    let mut members =
        vec![("customerProfileId", text(profile.to_string())), ("customerPaymentProfileId", text(id.to_string()))];
    put(&mut members, "validationDirectResponse", validated);
    Ok(Reply::from(members))
}

/// The method of an earlier charge, for a new customer or one that exists.
pub(crate) fn create_from_transaction(op: &mut Operation<'_>, root: &Node) -> Answer {
    let transaction = op.account.transactions.get(&id_of(root, "transId")).ok_or_else(Refusal::not_found)?;
    let customer = &transaction.particulars.customer;
    let mut identity = Identity::read(root.at("customer"));
    if identity == Identity::default() {
        identity.merchant_customer_id = customer.get("id").cloned();
        identity.email = customer.get("email").cloned();
    }
    let id = transaction.id;
    let profile = root.at("customerProfileId").map(|_| id_of(root, "customerProfileId"));
    let (profile, stored) = op.profile_from(id, profile, identity)?;
    Ok(Reply::from(created(profile, &[stored], Vec::new())))
}

pub(crate) fn retrieve(op: &Operation<'_>, root: &Node) -> Answer {
    let wanted = |profile: &&Profile| {
        let identity = &profile.identity;
        match (root.text("customerProfileId"), root.text("merchantCustomerId"), root.text("email")) {
            (Some(id), _, _) => profile.id.to_string() == id,
            (None, Some(id), _) => identity.merchant_customer_id.as_deref() == Some(id),
            (None, None, email) => email.is_some() && identity.email.as_deref() == email,
        }
    };
    let profile = op.account.profiles.values().find(wanted).ok_or_else(Refusal::not_found)?;
    Ok(Reply::from(vec![("profile", profile.view(root.flag("unmaskExpirationDate")))]))
}

pub(crate) fn retrieve_ids(op: &Operation<'_>) -> Answer {
    let all: Vec<u64> = op.account.profiles.keys().copied().collect();
    Ok(Reply::from(vec![("ids", ids(&all))]))
}

pub(crate) fn retrieve_method(op: &Operation<'_>, root: &Node) -> Answer {
    let profile = id_of(root, "customerProfileId");
    let stored = op.account.payment_profile((profile, id_of(root, "customerPaymentProfileId")));
    let stored = stored.ok_or_else(Refusal::not_found)?;
    let view = stored.view(Some(profile), root.flag("unmaskExpirationDate"));
    Ok(Reply::from(vec![("paymentProfile", view)]))
}

pub(crate) fn update_method(op: &mut Operation<'_>, root: &Node) -> Answer {
    let profile = id_of(root, "customerProfileId");
    let node = root.at("paymentProfile").ok_or_else(|| Refusal::required("paymentProfile"))?;
    let id = id_of(node, "customerPaymentProfileId");
    let stored = op.account.payment_profile((profile, id)).cloned().ok_or_else(Refusal::not_found)?;
    let masked = ["payment/creditCard/cardNumber", "payment/bankAccount/accountNumber"]
        .into_iter()
        .find_map(|path| node.text(path))
        .is_none_or(|number| number == stored.instrument.masked());
    // A masked number keeps the method; the address is replaced as a whole, as at the vendor.
    let method = if masked && node.at("payment/opaqueData").is_none() {
        PaymentProfile { bill_to: texts(node.at("billTo"), &ADDRESS), ..stored }
    } else {
        PaymentProfile { id, ..op.read_method(node)? }
    };
    let validated = op.validate(Validation::read(root)?, &method)?;
    if let Some(profile) = op.account.profiles.get_mut(&profile) {
        profile.payment_profiles.insert(id, method);
    }
    op.emit_method("updated", profile, id);
    let mut members = Members::new();
    put(&mut members, "validationDirectResponse", validated);
    Ok(Reply::from(members))
}

pub(crate) fn delete(op: &mut Operation<'_>, root: &Node) -> Answer {
    let id = id_of(root, "customerProfileId");
    op.account.profiles.remove(&id).ok_or_else(Refusal::not_found)?;
    op.emit_customer("deleted", id);
    Ok(Reply::from(Members::new()))
}

pub(crate) fn delete_method(op: &mut Operation<'_>, root: &Node) -> Answer {
    let (profile, id) = (id_of(root, "customerProfileId"), id_of(root, "customerPaymentProfileId"));
    let of = op.account.profiles.get_mut(&profile).ok_or_else(Refusal::not_found)?;
    of.payment_profiles.remove(&id).ok_or_else(Refusal::not_found)?;
    op.emit_method("deleted", profile, id);
    Ok(Reply::from(Members::new()))
}

pub(crate) fn validate(op: &Operation<'_>, root: &Node) -> Answer {
    let ids = (id_of(root, "customerProfileId"), id_of(root, "customerPaymentProfileId"));
    let stored = op.account.payment_profile(ids).cloned().ok_or_else(Refusal::not_found)?;
    let mut members = Members::new();
    put(&mut members, "directResponse", op.validate(Validation::read(root)?, &stored)?);
    Ok(Reply::from(members))
}

impl Operation<'_> {
    fn refuse_duplicate(&self, identity: &Identity) -> Result<(), Refusal> {
        match self.account.profiles.values().find(|profile| profile.identity == *identity) {
            Some(profile) => Err(Refusal::duplicate_profile(profile.id)),
            None => Ok(()),
        }
    }

    fn read_method(&mut self, node: &Node) -> Result<PaymentProfile, Refusal> {
        let payment = node.at("payment").ok_or_else(|| Refusal::required("Payment"))?;
        let instrument = self.instrument(payment)?.map_err(|reason| Refusal::not_validated(reason.text()))?;
        Ok(PaymentProfile {
            id: 0,
            customer_type: node.owned("customerType"),
            bill_to: texts(node.at("billTo"), &ADDRESS),
            instrument,
            default: node.flag("defaultPaymentProfile"),
        })
    }

    fn stored_already(&self, profile: u64, method: &PaymentProfile) -> Option<u64> {
        let stored = self.account.profiles.get(&profile)?.payment_profiles.values();
        stored.into_iter().find(|stored| stored.same_as(&method.instrument, &method.bill_to)).map(|stored| stored.id)
    }

    /// The line that the vendor's old interface would have answered with; live validation declines what a charge would.
    fn validate(&self, validation: Validation, method: &PaymentProfile) -> Result<Option<String>, Refusal> {
        let declined = match validation {
            Validation::None => return Ok(None),
            Validation::Format => false,
            Validation::Charge => {
                method.instrument.behaviour() == Behaviour::Decline
                    || method.bill_to.get("zip").is_some_and(|zip| zip == DECLINED_ZIP)
                    || self.armed_decline().is_some()
            }
        };
        if declined {
            return Err(Refusal::not_validated(Reason::DECLINED.text()));
        }
        let kind = if method.instrument.is_bank() { "ECHECK" } else { "CC" };
        Ok(Some(format!(
            "1,1,1,This transaction has been approved.,{},Y,0,none,Test transaction for \
             ValidateCustomerPaymentProfile.,0.00,{kind},auth_only,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,{},{}",
            random_code(6),
            method.instrument.masked(),
            method.instrument.account_type()
        )))
    }

    pub fn store(&mut self, profile: u64, method: PaymentProfile) -> u64 {
        let id = self.account.mint_profile();
        if let Some(profile) = self.account.profiles.get_mut(&profile) {
            profile.payment_profiles.insert(id, PaymentProfile { id, ..method });
        }
        self.emit_method("created", profile, id);
        id
    }

    /// Stores what a person typed on a page of the vendor; the id of what was there already when it was.
    pub fn store_typed(&mut self, profile: u64, instrument: Instrument, bill_to: BTreeMap<String, String>) -> u64 {
        let method = PaymentProfile { id: 0, customer_type: None, bill_to, instrument, default: false };
        match self.stored_already(profile, &method) {
            Some(existing) => existing,
            None => self.store(profile, method),
        }
    }

    /// Puts what a person typed in the place of a stored method.
    pub fn replace_method(&mut self, profile: u64, id: u64, instrument: Instrument, bill_to: BTreeMap<String, String>) {
        let stored = self.account.profiles.get_mut(&profile).and_then(|of| of.payment_profiles.get_mut(&id));
        if let Some(stored) = stored {
            stored.instrument = instrument;
            stored.bill_to = bill_to;
            self.emit_method("updated", profile, id);
        }
    }

    fn profile_from(
        &mut self,
        transaction: u64,
        profile: Option<u64>,
        identity: Identity,
    ) -> Result<(u64, u64), Refusal> {
        let transaction = self.account.transactions.get(&transaction).cloned().ok_or_else(Refusal::not_found)?;
        let method = PaymentProfile {
            id: 0,
            customer_type: None,
            bill_to: transaction.particulars.bill_to.clone(),
            instrument: transaction.instrument,
            default: false,
        };
        let profile = match profile {
            Some(id) if self.account.profiles.contains_key(&id) => id,
            Some(_) => return Err(Refusal::not_found()),
            None => {
                let identity = identity.named()?;
                self.refuse_duplicate(&identity)?;
                let id = self.account.mint_profile();
                self.account.profiles.insert(id, Profile { id, identity, payment_profiles: BTreeMap::new() });
                self.emit_customer("created", id);
                id
            }
        };
        if let Some(existing) = self.stored_already(profile, &method) {
            return Err(Refusal::duplicate_payment_profile(existing));
        }
        Ok((profile, self.store(profile, method)))
    }

    /// `profileResponse` of a charge with `createProfile`; its failure leaves the charge alone.
    pub fn profile_of_charge(&mut self, transaction: u64) -> Out {
        let customer = self.account.transactions.get(&transaction).map(|it| it.particulars.customer.clone());
        let customer = customer.unwrap_or_default();
        let identity = Identity {
            merchant_customer_id: customer.get("id").cloned(),
            description: None,
            email: customer.get("email").cloned(),
        };
        match self.profile_from(transaction, None, identity) {
            Ok((profile, stored)) => Out::Tree(vec![
                ("messages", messages(true, "I00001", "Successful.")),
                ("customerProfileId", text(profile.to_string())),
                ("customerPaymentProfileIdList", ids(&[stored])),
                ("customerShippingAddressIdList", ids(&[])),
            ]),
            Err(refusal) => Out::Tree(vec![("messages", messages(false, refusal.code, &refusal.text))]),
        }
    }
}
