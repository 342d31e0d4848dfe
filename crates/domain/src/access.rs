//! Who may do what: one table that guards the server and draws the menu, so nothing offered is ever refused (D23).

use serde::{Deserialize, Serialize};

/// In which capacity somebody is here. What is not listed for a role is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nobody we know: no link, no session.
    Anonymous,
    /// Holds a link to one invoice.
    Guest,
    /// Signed in for one customer.
    Payer,
    /// Staff of one merchant.
    Admin,
    /// Runs the installation.
    Operator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    SeeCheckout,
    PayCheckout,
    SeeOwnInvoices,
    PayOwnInvoices,
    SeeOwnPayments,
    /// Save, name and take out the company's cards.
    ManageMethods,
    SeeMerchantInvoices,
    /// Write customers and invoices, where the books are our own.
    KeepBooks,
    SeeTransactions,
    SeeProof,
    Refund,
    /// Have what the books refused written once more.
    PostAgain,
    /// Have what the books refused written onto another invoice.
    Reallocate,
    SeeExceptions,
    /// End what needs a person: by its cure, or by saying how it was seen to.
    EndExceptions,
    SeeMail,
    SeeWebhooks,
    /// Have events sent again, and an endpoint turned on again.
    SendEvents,
    /// Have the books read now, see how far that is, and stop it.
    SyncBooks,
    SeeConnections,
    /// Try, pause and reconnect those to the books.
    ManageConnections,
    /// Let the merchant's programs in, see their keys, and say where they are told what happens.
    ManageIntegrations,
    /// Say what the merchant takes, and what stands above its documents.
    ManageSettings,
    /// Say what is added for a way of paying.
    ManageSurcharges,
    SeeInstallation,
    SetUpMerchants,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Anonymous, Self::Guest, Self::Payer, Self::Admin, Self::Operator];

    #[must_use]
    pub const fn may(self, act: Act) -> bool {
        match act {
            Act::SeeCheckout | Act::PayCheckout => matches!(self, Self::Guest),
            Act::SeeOwnInvoices | Act::PayOwnInvoices | Act::SeeOwnPayments | Act::ManageMethods => {
                matches!(self, Self::Payer)
            }
            Act::SeeMerchantInvoices
            | Act::KeepBooks
            | Act::SeeTransactions
            | Act::SeeProof
            | Act::Refund
            | Act::PostAgain
            | Act::Reallocate
            | Act::SeeExceptions
            | Act::EndExceptions
            | Act::SeeMail
            | Act::SeeWebhooks
            | Act::SendEvents
            | Act::SeeConnections
            | Act::ManageConnections
            | Act::ManageIntegrations
            | Act::ManageSettings
            | Act::ManageSurcharges => matches!(self, Self::Admin),
            Act::SyncBooks => matches!(self, Self::Payer | Self::Admin),
            Act::SeeInstallation | Act::SetUpMerchants => matches!(self, Self::Operator),
        }
    }

    /// The main menu: where each entry leads and what it is called. Books that are not the merchant's own are kept elsewhere.
    #[must_use]
    pub fn menu(self, own_books: bool) -> Vec<(&'static str, &'static str)> {
        [
            (Act::SeeOwnInvoices, "/dashboard", "Outstanding"),
            (Act::SeeOwnPayments, "/payments", "Past Payments"),
            (Act::ManageMethods, "/methods", "Methods"),
            (Act::SeeMerchantInvoices, "/admin", "Home"),
            (Act::KeepBooks, "/admin/invoices", "Invoices"),
            (Act::KeepBooks, "/admin/customers", "Customers"),
            (Act::SeeTransactions, "/admin/transactions", "Transactions"),
            (Act::SeeTransactions, "/admin/payouts", "Payouts"),
            (Act::SeeExceptions, "/admin/exceptions", "Exceptions"),
            (Act::SeeMail, "/admin/mail", "Mail"),
            (Act::SeeWebhooks, "/admin/webhooks", "Webhooks"),
            (Act::SeeConnections, "/admin/configure/accounting-connections", "Accounting Connections"),
            (Act::ManageIntegrations, "/admin/configure/merchants", "Configure"),
            (Act::SeeInstallation, "/operator", "Installation"),
        ]
        .into_iter()
        .filter(|(act, ..)| self.may(*act) && (own_books || *act != Act::KeepBooks))
        .map(|(_, path, label)| (path, label))
        .collect()
    }

    /// The front page of somebody in this role.
    #[must_use]
    pub fn home(self) -> &'static str {
        self.menu(false).first().map_or("/sign-in", |(path, _)| path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d20_nobody_but_its_own_role_reaches_a_surface() {
        for (act, allowed) in [
            (Act::PayCheckout, Role::Guest),
            (Act::SeeOwnInvoices, Role::Payer),
            (Act::ManageMethods, Role::Payer),
            (Act::KeepBooks, Role::Admin),
            (Act::SeeTransactions, Role::Admin),
            (Act::SeeProof, Role::Admin),
            (Act::Refund, Role::Admin),
            (Act::PostAgain, Role::Admin),
            (Act::Reallocate, Role::Admin),
            (Act::EndExceptions, Role::Admin),
            (Act::SendEvents, Role::Admin),
            (Act::ManageConnections, Role::Admin),
            (Act::ManageIntegrations, Role::Admin),
            (Act::ManageSettings, Role::Admin),
            (Act::ManageSurcharges, Role::Admin),
            (Act::SeeInstallation, Role::Operator),
            (Act::SetUpMerchants, Role::Operator),
        ] {
            for role in Role::ALL {
                assert_eq!(role.may(act), role == allowed, "{role:?} and {act:?}");
            }
        }
        assert_eq!(Role::Anonymous.home(), "/sign-in");
        assert_eq!(Role::Payer.home(), "/dashboard");
        let offers = |role: Role, own_books| role.menu(own_books).iter().any(|(path, _)| *path == "/admin/invoices");
        assert!(offers(Role::Admin, true) && !offers(Role::Admin, false) && !offers(Role::Payer, true));
    }
}
