//! The merchant's staff, and the operator: they see the same parts.

pub mod exceptions;
pub mod home;
pub mod invoice;
pub mod mail;
pub mod story;
pub mod transactions;
pub mod webhooks;

#[cfg(feature = "ssr")]
pub mod accounting;
#[cfg(feature = "ssr")]
mod inbox;
#[cfg(feature = "ssr")]
mod invoice_story;
#[cfg(feature = "ssr")]
mod sendings;

use super::operator::OperatorPage;
use exceptions::ExceptionsPage;
use home::AdminHomePage;
use invoice::InvoicePage;
use mail::MailPage;
use story::StoryPage;
use transactions::TransactionsPage;
use webhooks::WebhooksPage;

surface!(draw_admin:
    Home = AdminHomePage,
    Invoice = InvoicePage,
    Transactions = TransactionsPage,
    Story = StoryPage,
    Exceptions = ExceptionsPage,
    Mail = MailPage,
    Webhooks = WebhooksPage,
    Operator = OperatorPage
);
