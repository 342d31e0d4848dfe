//! Signed-in payers.

pub mod dashboard;
pub mod past;

use dashboard::DashboardPage;
use past::PastPaymentsPage;

surface!(draw_payer: Dashboard = DashboardPage, Past = PastPaymentsPage);
