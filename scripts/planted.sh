#!/usr/bin/env bash
# make planted: does the net catch fish? Plants one bug after the other (domain/src/planted.rs) and fails unless the test
# beside it does; without a bug, all of them pass. The build of the tests has every bug in it, so nothing is compiled for it.
set -euo pipefail
# shellcheck source=scripts/tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

readonly LOGS="$ROOT/target/test-logs"
# What nextest says when tests have failed; that there is no such test, or no build, it says otherwise.
readonly TESTS_FAILED=100

# Bug, package, and the test that must find it.
readonly BUGS=(
  "claim_without_key         store      claims::d1_ten_tabs_on_two_nodes_open_one_attempt::sqlite"
  "balance_from_before       store      claims::d1_a_payment_that_came_and_went_makes_the_balance_old::sqlite"
  "lease_without_fencing     store      jobs::a_lost_lease_goes_to_another_worker_and_the_first_can_write_nothing::sqlite"
  "refund_without_limit      store      refunds::d24_refunds_go_up_to_what_was_captured_and_no_further::sqlite"
  "event_order_ignored       domain     payment::tests::d3_every_state_meets_every_fact"
  "amount_from_the_form      domain     payment::tests::s66_the_amount_is_the_books_and_d11_a_move_must_be_confirmed"
  "more_than_due             domain     payment::tests::g27_less_is_taken_where_the_merchant_takes_parts_and_g29_more_where_it_keeps_credit"
  "float_money               domain     money::tests::d12_minor_units_follow_the_exponent_of_the_currency"
  "debit_surcharged          domain     surcharge::tests::n12_each_rule_has_its_vector"
  "silence_is_proof          domain     asking::tests::d2_silence_is_proof_when_it_is_repeated_two_minutes_later"
  "charge_before_intent      server     pay::s50_s46_s42_a_guest_pays_from_a_link_without_any_account_and_the_books_agree"
  "new_key_per_try           server     faults::d2_d4_an_answer_that_is_lost_after_the_charge_is_found_and_nobody_pays_twice"
  "unknown_is_failed         server     faults::d2_d4_an_answer_that_is_lost_after_the_charge_is_found_and_nobody_pays_twice"
  "no_look_before_write      server     faults::d4_a_posting_is_looked_for_before_it_is_written_again_though_the_books_forgot_its_key"
  "retry_for_ever            domain     debit::tests::d10_only_want_of_money_is_tried_again_twice_and_within_half_a_year"
  "retry_without_asking      server     debit_retries::d1_d10_a_debit_is_not_tried_again_once_its_invoice_was_paid_in_another_way"
  "post_before_outcome       domain     d1_d2_d3_d4_d24_every_story_keeps_to_the_truth_and_ends_in_it"
  "unknown_frees_the_invoice domain     d1_d2_d3_d4_d24_every_story_keeps_to_the_truth_and_ends_in_it"
  "return_stays_booked       server     debits::d9_s39_s40_a_late_return_leaves_all_books_tells_the_payer_and_is_paid_again_from_the_dashboard"
  "owed_refund_stays_booked  server     refunds_owed::d24_a_double_click_is_one_refund_and_a_used_form_means_what_it_meant"
  "room_unasked              server     refunds_made_there::d24_a_refund_made_there_in_the_place_of_one_whose_failure_was_not_told_is_credited"
  "refund_key_per_try        server     refunds::d2_d24_a_refund_whose_answer_is_lost_counts_against_the_limit_and_is_found"
  "name_is_proof             connectors authorizenet_odd::d2_a_charge_is_found_by_its_name_and_proved_by_its_ref_id"
  "guest_sees_methods        server     methods::d22_nobody_but_its_company_sees_a_saved_card_or_pays_with_it"
  "sum_not_shown             server     surcharges::n12_e20_g21_g22_a_surcharge_is_confirmed_before_it_is_charged_and_has_an_invoice_of_its_own"
  "money_without_a_line      server     proof::n15_the_proof_tells_what_was_agreed_to_what_followed_and_that_the_trail_is_whole"
  "news_unverified           server     webhooks::d6_forged_news_is_refused_and_unknown_news_is_parked_with_200"
)

# run log filter [bug]: answers as nextest does.
run() {
  WISEPAY_PLANTED="${3:-}" cargo nextest run "${SERVER_CRATES[@]}" --no-fail-fast -E "$2" >"$LOGS/planted-$1.log" 2>&1
}

# Each that is not found stands in `missed`.
plant_all() {
  local line bug package test code every=""
  missed=()
  for line in "${BUGS[@]}"; do
    read -r bug package test <<<"$line"
    every+="${every:+ | }(package($package) & test(=$test))"
  done
  run none "$every" || fail "Without a planted bug these tests do not pass; target/test-logs/planted-none.log says why."
  for line in "${BUGS[@]}"; do
    read -r bug package test <<<"$line"
    code=0
    run "$bug" "package($package) & test(=$test)" "$bug" || code=$?
    if ((code == TESTS_FAILED)); then
      note "$bug: found by $test"
    else
      note "$bug: NOT FOUND by $test (target/test-logs/planted-$bug.log)"
      missed+=("$bug")
    fi
  done
  ((${#missed[@]} == 0)) || fail "${#missed[@]} of ${#BUGS[@]} planted bugs were not found."
}

need_build_packages
need_rust
need_nextest
mkdir -p "$LOGS"
say "Planting ${#BUGS[@]} bugs, one at a time …"
with_lock plant_all
note "All ${#BUGS[@]} were found."
