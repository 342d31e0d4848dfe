//! Mandates: the payer's permission to debit a bank account. Source: `wire/gateways.md`, 2.3.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bank_accounts::Scheme;
use super::form::Params;
use super::operation::{Answer, Operation};
use super::refusal::Refusal;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MandateStatus {
    Active,
    Inactive,
    /// Until the account is known to be the payer's.
    Pending,
}

impl MandateStatus {
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Pending => "pending",
        }
    }
}

/// How the payer agreed (`mandate_data[customer_acceptance]`).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Acceptance {
    online: bool,
    accepted_at: i64,
    ip_address: Option<String>,
    user_agent: Option<String>,
}

impl Acceptance {
    /// `None` when the call carries no `mandate_data`.
    pub fn read(params: &Params, now_s: i64) -> Result<Option<Self>, Refusal> {
        if !params.has("mandate_data") {
            return Ok(None);
        }
        let data = params.inner("mandate_data");
        data.allow(&["customer_acceptance"])?;
        let given = data.inner("customer_acceptance");
        given.allow(&["type", "accepted_at", "online", "offline"])?;
        let name = |field: &str| format!("mandate_data[customer_acceptance]{field}");
        let online = match given.choice("type", &["online", "offline"])? {
            Some(kind) => kind == "online",
            None => return Err(Refusal::missing_parameter(&name("[type]"))),
        };
        let seen = given.inner("online");
        // A browser's call may let the vendor see address and program for itself.
        if online && !seen.flag("infer_from_client") {
            for field in ["ip_address", "user_agent"] {
                if seen.text(field).is_none() {
                    return Err(Refusal::missing_parameter(&name(&format!("[online][{field}]"))));
                }
            }
        }
        Ok(Some(Self {
            online,
            accepted_at: given.integer("accepted_at")?.unwrap_or(now_s),
            ip_address: seen.owned("ip_address"),
            user_agent: seen.owned("user_agent"),
        }))
    }

    /// Given on the vendor's own page.
    pub fn on_page(now_s: i64) -> Self {
        let user_agent = Some("browser".to_owned());
        Self { online: true, accepted_at: now_s, ip_address: Some("127.0.0.1".to_owned()), user_agent }
    }

    fn view(&self) -> Value {
        let mut view = json!({
            "type": if self.online { "online" } else { "offline" }, "accepted_at": self.accepted_at,
        });
        match self.online {
            true => view["online"] = json!({ "ip_address": self.ip_address, "user_agent": self.user_agent }),
            false => view["offline"] = json!({}),
        }
        view
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Mandate {
    pub id: String,
    pub status: MandateStatus,
    pub method: String,
    pub scheme: Scheme,
    /// Amount and currency of the one payment that it allows; `None` for any number of payments.
    pub single_use: Option<(i64, String)>,
    pub acceptance: Acceptance,
}

impl Mandate {
    fn view(&self, public_url: &str) -> Value {
        let details = match self.scheme {
            Scheme::UsBankAccount => json!({ "type": "us_bank_account", "us_bank_account": {} }),
            Scheme::AuBecsDebit => json!({
                "type": "au_becs_debit",
                "au_becs_debit": { "url": format!("{public_url}/stripe/mandate/{}", self.id) },
            }),
        };
        let mut view = json!({
            "id": self.id, "object": "mandate", "livemode": false, "status": self.status,
            "type": if self.single_use.is_some() { "single_use" } else { "multi_use" },
            "payment_method": self.method, "payment_method_details": details,
            "customer_acceptance": self.acceptance.view(),
        });
        match &self.single_use {
            Some((amount, currency)) => view["single_use"] = json!({ "amount": amount, "currency": currency }),
            None => view["multi_use"] = json!({}),
        }
        view
    }
}

/// What a confirmation says of the mandate that it needs.
pub(crate) struct MandateAsked<'a> {
    pub named: Option<&'a str>,
    pub acceptance: Option<Acceptance>,
    pub single_use: Option<(i64, String)>,
}

pub(crate) fn retrieve(op: &Operation<'_>, id: &str, params: &Params) -> Answer {
    params.allow(&[])?;
    let mandate = op.account.mandates.get(id).ok_or_else(|| Refusal::no_such("mandate", id, "mandate"))?;
    let mut view = mandate.view(&op.shared.options.public_url);
    if params.expands("payment_method")
        && let Some(method) = op.account.methods.get(&mandate.method)
    {
        view["payment_method"] = method.view();
    }
    Ok(view)
}

impl Operation<'_> {
    pub fn show_mandate(&self, id: &str) -> Value {
        self.account.mandates.get(id).map_or(Value::Null, |mandate| mandate.view(&self.shared.options.public_url))
    }

    /// The mandate that a debit of `method` leans on: the one that is named, a fresh one by the payer's acceptance, or
    /// one that stands from earlier.
    /// It is pending as long as `verify` says that the account is not known to be the payer's.
    pub fn mandate_for(&mut self, method: &str, asked: MandateAsked<'_>, verify: bool) -> Result<String, Refusal> {
        let MandateAsked { named, acceptance, single_use } = asked;
        let usable = |mandate: &Mandate| mandate.method == method && mandate.status != MandateStatus::Inactive;
        if let Some(id) = named {
            return match self.account.mandates.get(id) {
                None => Err(Refusal { status: 400, ..Refusal::no_such("mandate", id, "mandate") }),
                Some(mandate) if usable(mandate) => Ok(id.to_owned()),
                Some(_) => Err(invalid("The provided mandate is inactive, or belongs to another payment method.")),
            };
        }
        let account = self.account.methods.get(method).and_then(|method| method.bank());
        if let (Some(acceptance), Some(account)) = (acceptance, account) {
            let scheme = account.scheme;
            let status = if verify { MandateStatus::Pending } else { MandateStatus::Active };
            let id = self.account.mint("mandate");
            let mandate = Mandate { id: id.clone(), status, method: method.to_owned(), scheme, single_use, acceptance };
            self.account.mandates.insert(id.clone(), mandate);
            return Ok(id);
        }
        let standing = self.account.mandates.values().rev();
        let standing = standing.filter(|mandate| mandate.single_use.is_none()).find(|mandate| usable(mandate));
        standing.map(|mandate| mandate.id.clone()).ok_or_else(|| {
            invalid(
                "This payment requires a mandate, but no existing mandate was found. Collect mandate acceptance from \
                 the customer and try again, providing acceptance data in the mandate_data parameter.",
            )
        })
    }

    /// The account turned out to be the payer's.
    pub fn activate_mandates(&mut self, method: &str) {
        self.turn_mandates(method, MandateStatus::Pending, MandateStatus::Active);
    }

    /// The account is closed, the debit was disputed, or the method was let go.
    pub fn end_mandates(&mut self, method: &str) {
        self.turn_mandates(method, MandateStatus::Active, MandateStatus::Inactive);
        self.turn_mandates(method, MandateStatus::Pending, MandateStatus::Inactive);
    }

    fn turn_mandates(&mut self, method: &str, from: MandateStatus, to: MandateStatus) {
        let public_url = &self.shared.options.public_url;
        let hit =
            self.account.mandates.values_mut().filter(|mandate| mandate.method == method && mandate.status == from);
        let turned: Vec<Value> = hit
            .map(|mandate| {
                mandate.status = to;
                mandate.view(public_url)
            })
            .collect();
        for view in turned {
            self.emit_changed("mandate.updated", view, json!({ "status": from }));
        }
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::invalid(Some("payment_intent_mandate_invalid"), message).about("mandate")
}
