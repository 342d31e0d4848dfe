//! The way out when the books refused a payment and what they objected to is put right.

use domain::ids::PaymentId;
use leptos::prelude::*;

#[component]
pub fn PostAgain(payment: PaymentId) -> impl IntoView {
    view! {
        <form method="post" action="/api/transactions/post_again">
            <input type="hidden" name="payment" value=payment.to_string()/>
            <button class="btn" type="submit">"Post again"</button>
        </form>
    }
}
