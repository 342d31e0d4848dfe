//! Prints the month-end storm with one client and with three: simulated time, the same on every machine.

#[path = "../tests/storm/storm.rs"]
mod storm;

use storm::{Clients, PAYERS, storm};

fn main() {
    println!("10,000 changed invoices (250 calls), {PAYERS} payers in ten minutes, Xero's limits, simulated time.");
    let (one, three) = (storm(Clients::One, 0), storm(Clients::Three, 0));
    println!("One client for all lanes:\n{one}\nA client for each lane:\n{three}");
    let tenths = one.synced_ms * 10 / three.synced_ms;
    println!("With three clients the sync is done {}.{} times sooner.", tenths / 10, tenths % 10);
}
