//! The way out when the books refused something and what they objected to is put right.

use domain::{exception::Cure, ids::PaymentId};
use leptos::prelude::*;

#[component]
pub fn BooksAgain(payment: PaymentId, cure: Cure) -> impl IntoView {
    view! {
        <form method="post" action="/api/transactions/post_again">
            <input type="hidden" name="payment" value=payment.to_string()/>
            <button class="btn" type="submit">{cure.words()}</button>
        </form>
    }
}
