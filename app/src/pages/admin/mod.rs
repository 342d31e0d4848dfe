//! The merchant's staff, and the operator: they see the same parts.

pub mod home;
pub mod mail;
pub mod story;
pub mod transactions;

use super::operator::OperatorPage;
use home::AdminHomePage;
use mail::MailPage;
use story::StoryPage;
use transactions::TransactionsPage;

surface!(draw_admin:
    Home = AdminHomePage,
    Transactions = TransactionsPage,
    Story = StoryPage,
    Mail = MailPage,
    Operator = OperatorPage
);
