//! What every gateway adapter must pass against its simulator: the ten points of `wire/gateways.md`, 9, by their numbers,
//! what a vendor does to whoever asks too often (11), is not let in any more (12) or is late (13), and that nothing which
//! an adapter says it can do is left to a refusal (14), that the card of a payment can be kept (15), and that a payer whom
//! the bank asks pays by a yes alone (16). Knows no gateway: each has a file below that says how it is driven, and its
//! `Capabilities` say how a card is charged and what cannot go wrong there. The points stand below as well, by what they
//! are about: `charges.rs`, `news.rs`, `refunds.rs`, `trouble.rs`, `methods.rs`.

use bench::{Account, Bench, Card, Simulated};
use charges::*;
use methods::*;
use news::*;
use refunds::*;
use trouble::*;

/// The tests of one gateway.
macro_rules! contract {
    ($bench:ident) => {
        contract! { $bench;
            p1_a_charge_whose_answer_is_lost_is_unknown_and_then_found_once
            p1_a_page_whose_answer_is_lost_takes_nothing_and_another_one_pays
            p1_the_same_key_twice_is_one_charge
            p2_what_cannot_be_sent_is_not_sent_and_may_go_again
            p3_a_decline_is_an_outcome_and_another_method_pays_at_once
            p4_news_that_come_twice_and_in_the_wrong_order_lead_to_one_state
            p5_only_news_as_they_were_signed_are_read
            p6_a_debit_is_under_way_then_money_and_may_come_back
            p7_refunds_at_once_never_sum_to_more_than_was_taken
            p8_a_refund_before_settlement_is_what_the_capability_says
            p9_a_word_of_tomorrow_is_neither_yes_nor_no_and_is_said_aloud
            p10_what_is_logged_holds_no_key_token_or_number
            p11_who_is_throttled_is_busy_and_the_same_request_goes_later
            p12_who_is_not_let_in_any_more_is_refused_and_nothing_passes_for_absent
            p13_a_token_that_has_expired_is_refused_and_another_one_pays
            p14_disputes_and_kept_methods_are_refused_where_the_capability_says_so_alone
            p15_the_card_of_a_payment_is_kept_once_however_often_that_is_asked_and_pays_again
            p16_a_payer_whom_the_bank_asks_pays_by_a_yes_and_by_nothing_else
        }
    };
    ($bench:ident; $($point:ident)*) => {
        $(
            #[tokio::test]
            async fn $point() {
                super::$point::<$bench>().await;
            }
        )*
    };
}

mod authorizenet;
mod bench;
mod charges;
mod globalpayments;
mod methods;
mod news;
mod payrix;
mod refunds;
mod sandbox;
mod stripe;
mod trouble;
