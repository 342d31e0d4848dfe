//! The open half of each connection: what a merchant's books or gateway are, and how they are reached. The secret half, and
//! which adapter gets both: `connections.rs`.

use connectors::{
    books::{
        consent::{Provider, Vendor},
        quickbooks,
        set_up::Choice,
        xero,
    },
    gateway::{Stage, stage_of},
};
use domain::{governor::Limits, money::Currency};
use serde::{Deserialize, Serialize};

/// The open half of a books connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "snake_case")]
pub enum BooksSettings {
    Xero {
        api_base: String,
        token_url: String,
        tenant_id: String,
        clearing_account: String,
        /// It is of Xero's type for bank accounts: over-payments and prepayments can stand on no other.
        #[serde(default)]
        clearing_is_bank: bool,
        /// The code of the account that prepayments and what is paid for quotes are owed on; without one, neither is taken.
        #[serde(default)]
        prepayment_account: Option<String>,
        /// The tax code, of no percent, of prepayments and of what is paid for quotes; without one, these bear no tax.
        #[serde(default)]
        zero_tax: Option<String>,
        /// What is written there is noted in the history of its invoice (`note_in_books.rs`).
        #[serde(default)]
        writes_notes: bool,
    },
    #[serde(rename = "quickbooks")]
    QuickBooks {
        api_base: String,
        token_url: String,
        realm_id: String,
        /// The id of the account.
        clearing_account: String,
        /// The id of the account that what is paid for quotes is owed on; without one, nothing is paid for them.
        #[serde(default)]
        prepayment_account: Option<String>,
        /// That of the company: books in one currency do not name it.
        home_currency: Currency,
    },
    BuiltIn,
}

impl BooksSettings {
    /// As the connection's column names it.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        match self {
            Self::Xero { .. } => "xero",
            Self::QuickBooks { .. } => "quickbooks",
            Self::BuiltIn => "built_in",
        }
    }

    /// As people call them.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Xero { .. } => "Xero",
            Self::QuickBooks { .. } => "QuickBooks Online",
            Self::BuiltIn => "Built-in ledger",
        }
    }

    /// Those of an organisation where nobody has chosen an account yet.
    pub(crate) fn fresh(vendor: Vendor, organisation: String, home_currency: Currency) -> Self {
        let Vendor { provider, token_url, api_base, .. } = vendor;
        let clearing_account = String::new();
        match provider {
            Provider::Xero => Self::Xero {
                api_base,
                token_url,
                tenant_id: organisation,
                clearing_account,
                clearing_is_bank: false,
                prepayment_account: None,
                zero_tax: None,
                writes_notes: false,
            },
            Provider::QuickBooks => Self::QuickBooks {
                api_base,
                token_url,
                realm_id: organisation,
                clearing_account,
                prepayment_account: None,
                home_currency,
            },
        }
    }

    /// Whose books they are, as the vendor names them.
    pub(crate) fn organisation_id(&self) -> Option<&str> {
        match self {
            Self::Xero { tenant_id: id, .. } | Self::QuickBooks { realm_id: id, .. } => Some(id),
            Self::BuiltIn => None,
        }
    }

    /// By what the vendor counts its calls: Xero by client and organisation. QuickBooks Online counts the minute by company
    /// alone; what it counts by client as well is held to together with it.
    pub(crate) fn budget_key(&self, client_id: &str) -> String {
        let provider = self.provider();
        match self {
            Self::Xero { tenant_id, .. } => format!("{provider}:{client_id}:{tenant_id}"),
            Self::QuickBooks { realm_id, .. } => format!("{provider}:{realm_id}"),
            Self::BuiltIn => provider.to_owned(),
        }
    }

    /// How many calls the vendor takes.
    pub(crate) const fn limits(&self) -> Limits {
        match self {
            Self::QuickBooks { .. } => limits_at(Provider::QuickBooks),
            Self::Xero { .. } | Self::BuiltIn => limits_at(Provider::Xero),
        }
    }

    /// Nobody has said where payments are to stand.
    pub(crate) fn lacks_accounts(&self) -> bool {
        self.organisation_id().is_some() && self.accounts().0.is_empty()
    }

    /// The accounts of payments and of prepayments.
    pub(crate) fn accounts(&self) -> (&str, &str) {
        match self {
            Self::Xero { clearing_account, prepayment_account, .. }
            | Self::QuickBooks { clearing_account, prepayment_account, .. } => {
                (clearing_account.as_str(), prepayment_account.as_deref().unwrap_or_default())
            }
            Self::BuiltIn => ("", ""),
        }
    }

    /// The tax code of what is paid before its invoice comes.
    pub(crate) fn zero_tax(&self) -> &str {
        match self {
            Self::Xero { zero_tax, .. } => zero_tax.as_deref().unwrap_or_default(),
            Self::QuickBooks { .. } | Self::BuiltIn => "",
        }
    }

    /// What is written there is noted on its invoice.
    pub(crate) const fn writes_notes(&self) -> bool {
        matches!(self, Self::Xero { writes_notes: true, .. })
    }

    /// The same books with other accounts; and, where there is a choice, with another tax code of what is paid before its
    /// invoice comes, and with notes or without.
    pub(crate) fn with_accounts(
        mut self,
        clearing: &Choice,
        prepayment: Option<&Choice>,
        tax: Option<&Choice>,
        notes: bool,
    ) -> Self {
        if let Self::Xero { clearing_is_bank, zero_tax, writes_notes, .. } = &mut self {
            *clearing_is_bank = clearing.is_bank;
            *zero_tax = tax.map(|tax| tax.id.clone());
            *writes_notes = notes;
        }
        match &mut self {
            Self::Xero { clearing_account, prepayment_account, .. }
            | Self::QuickBooks { clearing_account, prepayment_account, .. } => {
                clearing_account.clone_from(&clearing.id);
                *prepayment_account = prepayment.map(|account| account.id.clone());
            }
            Self::BuiltIn => {}
        }
        self
    }

    /// Where payments are written, as the merchant's bookkeeper calls it.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Xero { clearing_account, .. } | Self::QuickBooks { clearing_account, .. } => {
                format!("{}, clearing account {clearing_account}", self.name())
            }
            Self::BuiltIn => self.name().into(),
        }
    }
}

pub(crate) const fn limits_at(provider: Provider) -> Limits {
    match provider {
        Provider::QuickBooks => quickbooks::LIMITS,
        Provider::Xero => xero::LIMITS,
    }
}

/// The open half of a gateway connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "snake_case")]
pub enum GatewaySettings {
    Stripe {
        base_url: String,
        script_url: String,
        publishable_key: String,
    },
    #[serde(rename = "authorizenet")]
    AuthorizeNet {
        api_url: String,
        page_url: String,
        script_url: String,
        login: String,
        client_key: String,
        /// The one that the account takes.
        currency: Currency,
    },
    #[serde(rename = "globalpayments")]
    GlobalPayments {
        base_url: String,
        app_id: String,
        account_name: String,
        link_account_name: String,
        country: String,
    },
    Payrix {
        auth_url: String,
        base_url: String,
        business_id: String,
        username: String,
        /// The one that the account takes.
        currency: Currency,
    },
    /// For trials; moves no money.
    Sandbox,
}

impl GatewaySettings {
    /// As the connection's column and the address of its webhooks name it.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        match self {
            Self::Stripe { .. } => "stripe",
            Self::AuthorizeNet { .. } => "authorizenet",
            Self::GlobalPayments { .. } => "globalpayments",
            Self::Payrix { .. } => "payrix",
            Self::Sandbox => "sandbox",
        }
    }

    /// Whether what is taken by it is money.
    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Stripe { base_url, publishable_key, .. } => stage_of(base_url, publishable_key),
            Self::AuthorizeNet { api_url: url, .. }
            | Self::GlobalPayments { base_url: url, .. }
            | Self::Payrix { base_url: url, .. } => stage_of(url, ""),
            Self::Sandbox => Stage::Here,
        }
    }
}
