//! What we send and read about customer profiles (CIM), in the order of the vendor's schema (`wire/gateways.md`, 3.2 and
//! 3.9). One of them keeps one method, and is called by that method's name: a card that is saved twice is two, each is
//! forgotten alone, and whether one was made can be asked for by name.

use super::{
    replies::{Payment as Kept, Text, several},
    requests::{BillTo, DESCRIPTION_MAX_CHARS, Payment, Settings, Transaction},
};
use crate::gateway::{ChargeRequest, RefundRequest, StoreRequest};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewProfile<'a> {
    merchant_customer_id: &'a str,
    /// Whose it is, for the merchant's staff at the vendor.
    description: String,
    payment_profiles: [NewMethod<'a>; 1],
}

/// The same without a method: that of a charge is put into it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCustomer<'a> {
    merchant_customer_id: &'a str,
    description: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewMethod<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    bill_to: Option<BillTo<'a>>,
    payment: Payment<'a>,
}

/// A method that the vendor keeps, as it is charged.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChosenProfile<'a> {
    customer_profile_id: &'a str,
    payment_profile: ChosenMethod<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChosenMethod<'a> {
    payment_profile_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptReply {
    pub customer_profile_id: Text,
}

#[derive(Deserialize)]
pub struct ProfileReply {
    pub profile: Profile,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    pub customer_profile_id: Text,
    #[serde(default, deserialize_with = "several")]
    pub payment_profiles: Vec<PaymentProfile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentProfile {
    pub customer_payment_profile_id: Text,
    pub payment: Option<Kept>,
}

impl<'a> NewProfile<'a> {
    pub fn of(request: &'a StoreRequest, name: &'a str) -> Self {
        Self {
            merchant_customer_id: name,
            description: described(&request.customer_name),
            payment_profiles: [NewMethod {
                bill_to: request.postal_code.as_deref().map(|zip| BillTo { zip }),
                payment: Payment::nonce(&request.token),
            }],
        }
    }
}

impl<'a> NewCustomer<'a> {
    pub fn of(name: &'a str, customer_name: &str) -> Self {
        Self { merchant_customer_id: name, description: described(customer_name) }
    }
}

fn described(customer_name: &str) -> String {
    customer_name.chars().take(DESCRIPTION_MAX_CHARS).collect()
}

impl<'a> Transaction<'a> {
    /// What the vendor keeps has its address with it.
    pub fn charge_kept(request: &'a ChargeRequest, code: &'a str, profile: &'a str, method: &'a str) -> Self {
        let kept = ChosenProfile::of(profile, method);
        Self::taking(request, code, None, Some(kept), Some(Settings::whole_or_nothing()))
    }

    /// To an account that was debited: its number, nobody but the vendor has.
    pub fn refund_to_kept(request: &'a RefundRequest, code: &'a str, profile: &'a str, method: &'a str) -> Self {
        Self::paying_back(request, code, None, Some(ChosenProfile::of(profile, method)))
    }
}

impl<'a> ChosenProfile<'a> {
    const fn of(profile: &'a str, method: &'a str) -> Self {
        Self { customer_profile_id: profile, payment_profile: ChosenMethod { payment_profile_id: method } }
    }
}
