//! The merchant's staff, and the operator: they see the same parts.

pub mod exceptions;
pub mod home;
pub mod invoice;
pub mod mail;
pub mod story;
pub mod transactions;

#[cfg(feature = "ssr")]
mod inbox;
#[cfg(feature = "ssr")]
mod invoice_story;

use super::operator::OperatorPage;
use exceptions::ExceptionsPage;
use home::AdminHomePage;
use invoice::InvoicePage;
use mail::MailPage;
use story::StoryPage;
use transactions::TransactionsPage;

surface!(draw_admin:
    Home = AdminHomePage,
    Invoice = InvoicePage,
    Transactions = TransactionsPage,
    Story = StoryPage,
    Exceptions = ExceptionsPage,
    Mail = MailPage,
    Operator = OperatorPage
);
