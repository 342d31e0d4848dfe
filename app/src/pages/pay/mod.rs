//! Pay Now: the checkout and its result, and the sign-in beside them. Works as plain HTML; the card fields are
//! `public/pay.js`.

pub mod checkout;
mod live;
pub mod past;
pub mod result;

#[cfg(feature = "ssr")]
mod form;
#[cfg(feature = "ssr")]
mod receipt;
#[cfg(feature = "ssr")]
mod standing;
#[cfg(feature = "ssr")]
mod sum;

#[cfg(feature = "ssr")]
pub use {
    form::{AccountNeededView, HeldView, OfferView},
    standing::StandingView,
};

use super::sign_in::SignInPage;
use checkout::PayPage;
use past::PastPage;
use result::ResultPage;

surface!(draw_pay: Checkout = PayPage, Outcome = ResultPage, Past = PastPage, SignIn = SignInPage);
