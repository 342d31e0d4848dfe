//! The merchant's staff, and the operator: they see the same parts.

pub mod exceptions;
pub mod home;
pub mod mail;
pub mod story;
pub mod transactions;

#[cfg(feature = "ssr")]
mod inbox;

use super::operator::OperatorPage;
use exceptions::ExceptionsPage;
use home::AdminHomePage;
use mail::MailPage;
use story::StoryPage;
use transactions::TransactionsPage;

surface!(draw_admin:
    Home = AdminHomePage,
    Transactions = TransactionsPage,
    Story = StoryPage,
    Exceptions = ExceptionsPage,
    Mail = MailPage,
    Operator = OperatorPage
);
