//! Guesses are counted by every node, and all of them.

use crate::{database::on_both, shop::at};
use chrono::TimeDelta;
use store::Throttle;
use tokio::task::JoinSet;

const LIMIT: Throttle = Throttle { failures: 5, window: TimeDelta::minutes(10), lock: TimeDelta::minutes(30) };

on_both!(the_fifth_wrong_password_locks_and_the_lock_ends, async |db| {
    for minute in 0..4 {
        db.store.throttle_fail("a@b.example", LIMIT, at(minute)).await.unwrap();
        assert_eq!(db.store.throttle_locked_until("a@b.example", at(minute)).await.unwrap(), None);
    }
    db.store.throttle_fail("a@b.example", LIMIT, at(4)).await.unwrap();
    let other = db.node().await;
    assert_eq!(other.throttle_locked_until("a@b.example", at(5)).await.unwrap(), Some(at(34)));
    assert_eq!(other.throttle_locked_until("a@b.example", at(34)).await.unwrap(), None);
    assert_eq!(other.throttle_locked_until("c@b.example", at(5)).await.unwrap(), None, "nobody else");
});

on_both!(a_new_window_counts_anew_and_a_right_password_clears, async |db| {
    for _ in 0..4 {
        db.store.throttle_fail("a@b.example", LIMIT, at(0)).await.unwrap();
    }
    for _ in 0..4 {
        db.store.throttle_fail("a@b.example", LIMIT, at(10)).await.unwrap();
    }
    assert_eq!(db.store.throttle_locked_until("a@b.example", at(10)).await.unwrap(), None);
    db.store.throttle_clear("a@b.example").await.unwrap();
    db.store.throttle_fail("a@b.example", LIMIT, at(11)).await.unwrap();
    assert_eq!(db.store.throttle_locked_until("a@b.example", at(11)).await.unwrap(), None);
});

on_both!(a_guess_in_a_new_window_does_not_lift_the_lock, async |db| {
    for _ in 0..5 {
        db.store.throttle_fail("a@b.example", LIMIT, at(0)).await.unwrap();
    }
    db.store.throttle_fail("a@b.example", LIMIT, at(15)).await.unwrap();
    assert_eq!(db.store.throttle_locked_until("a@b.example", at(15)).await.unwrap(), Some(at(30)));
});

on_both!(guesses_made_at_the_same_time_are_all_counted, async |db| {
    let nodes = [db.store.clone(), db.node().await];
    let mut guesses = JoinSet::new();
    for node in nodes.iter().cycle().take(20) {
        let node = node.clone();
        guesses.spawn(async move {
            let many = Throttle { failures: 20, ..LIMIT };
            node.throttle_fail("a@b.example", many, at(0)).await.unwrap();
        });
    }
    guesses.join_all().await;
    assert_eq!(db.texts("SELECT CAST(failures AS TEXT) FROM sign_in_throttle").await, ["20"]);
    assert!(db.store.throttle_locked_until("a@b.example", at(0)).await.unwrap().is_some());
});

on_both!(the_table_of_guesses_names_nobody, async |db| {
    db.store.throttle_fail("a@b.example", LIMIT, at(0)).await.unwrap();
    let rows = db.texts("SELECT subject_hash FROM sign_in_throttle").await;
    assert!(rows.len() == 1 && !rows[0].contains("b.example"), "{rows:?}");
});
