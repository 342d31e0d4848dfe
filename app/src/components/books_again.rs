//! The way out when the books refused something and what they objected to is put right.

use domain::{ids::PaymentId, views};
use leptos::prelude::*;

#[component]
pub fn BooksAgain(payment: PaymentId, what: views::BooksAgain) -> impl IntoView {
    let words = match what {
        views::BooksAgain::Post => "Post again",
        views::BooksAgain::TakeOut => "Try again",
    };
    view! {
        <form method="post" action="/api/transactions/post_again">
            <input type="hidden" name="payment" value=payment.to_string()/>
            <button class="btn" type="submit">{words}</button>
        </form>
    }
}
