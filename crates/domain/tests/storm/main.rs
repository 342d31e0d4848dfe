//! The month-end storm: 10,000 changed invoices are to be read again while 500 payers pay within ten minutes, under Xero's
//! limits. In simulated time; `cargo bench --package domain` prints it.

mod storm;

use storm::{Clients, PAYERS, storm};

const SEEDS: u64 = 12;

#[test]
fn s92_n6_at_the_end_of_a_month_nobody_who_pays_waits_and_three_clients_are_much_faster() {
    for seed in 0..SEEDS {
        let (one, three) = (storm(Clients::One, seed), storm(Clients::Three, seed));
        for told in [&one, &three] {
            assert_eq!((told.paid, told.posted), (PAYERS, PAYERS), "seed {seed}: {told}");
            assert!(told.longest_wait_ms <= 2_000, "seed {seed}: {told}");
            assert_eq!(told.refusals_in_a_row, 0, "seed {seed}: {told}");
            assert!(told.transactions < 2 * told.calls, "seed {seed}: {told}");
        }
        assert!(three.synced_ms * 5 <= one.synced_ms * 2, "seed {seed}: {one}\n{three}");
    }
}
