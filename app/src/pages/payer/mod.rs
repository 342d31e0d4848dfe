//! Signed-in payers.

pub mod dashboard;
pub mod methods;
pub mod new_bank;
pub mod new_method;
pub mod past;
pub mod prepay;

#[cfg(feature = "ssr")]
mod new_account;
#[cfg(feature = "ssr")]
mod new_card;
#[cfg(feature = "ssr")]
mod saved;

use dashboard::DashboardPage;
use methods::MethodsScreen;
use new_bank::NewBankPage;
use new_method::NewMethodPage;
use past::PastPaymentsPage;
use prepay::PrepayPage;

surface!(draw_payer: Dashboard = DashboardPage, Past = PastPaymentsPage, Methods = MethodsScreen, NewMethod = NewMethodPage, NewBank = NewBankPage, Prepay = PrepayPage);
