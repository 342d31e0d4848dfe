//! Guesses are counted by every node, and all of them.

use crate::{database::on_both, shop::at};
use chrono::TimeDelta;
use store::Throttle;
use tokio::task::JoinSet;

const LIMIT: Throttle = Throttle { max: 5, window: TimeDelta::minutes(10), lock: TimeDelta::minutes(30) };

on_both!(the_fifth_wrong_password_locks_and_the_lock_ends, async |db| {
    for minute in 0..4 {
        db.store.throttle_count("a@b.example", LIMIT, at(minute)).await.unwrap();
        assert_eq!(db.store.throttle_locked_until("a@b.example", at(minute)).await.unwrap(), None);
    }
    db.store.throttle_count("a@b.example", LIMIT, at(4)).await.unwrap();
    let other = db.node().await;
    assert_eq!(other.throttle_locked_until("a@b.example", at(5)).await.unwrap(), Some(at(34)));
    assert_eq!(other.throttle_locked_until("a@b.example", at(34)).await.unwrap(), None);
    assert_eq!(other.throttle_locked_until("c@b.example", at(5)).await.unwrap(), None, "nobody else");
});

on_both!(a_new_window_counts_anew_and_a_right_password_clears, async |db| {
    for _ in 0..4 {
        db.store.throttle_count("a@b.example", LIMIT, at(0)).await.unwrap();
    }
    for _ in 0..4 {
        db.store.throttle_count("a@b.example", LIMIT, at(10)).await.unwrap();
    }
    assert_eq!(db.store.throttle_locked_until("a@b.example", at(10)).await.unwrap(), None);
    db.store.throttle_clear("a@b.example").await.unwrap();
    db.store.throttle_count("a@b.example", LIMIT, at(11)).await.unwrap();
    assert_eq!(db.store.throttle_locked_until("a@b.example", at(11)).await.unwrap(), None);
});

on_both!(whoever_goes_on_at_a_lock_neither_lifts_it_nor_makes_it_longer, async |db| {
    for _ in 0..5 {
        db.store.throttle_count("a@b.example", LIMIT, at(0)).await.unwrap();
    }
    for minute in [1, 15, 29] {
        assert_eq!(db.store.throttle_count("a@b.example", LIMIT, at(minute)).await.unwrap(), Some(at(30)));
    }
    assert_eq!(db.store.throttle_count("a@b.example", LIMIT, at(30)).await.unwrap(), None, "and then anew");
    assert_eq!(db.store.throttle_locked_until("a@b.example", at(30)).await.unwrap(), None);
});

on_both!(a_count_that_is_taken_back_takes_its_lock_along, async |db| {
    for _ in 0..5 {
        db.store.throttle_count("a@b.example", LIMIT, at(0)).await.unwrap();
    }
    db.store.throttle_forgive("a@b.example").await.unwrap();
    assert_eq!(db.store.throttle_locked_until("a@b.example", at(0)).await.unwrap(), None);
    db.store.throttle_count("a@b.example", LIMIT, at(1)).await.unwrap();
    assert_eq!(
        db.store.throttle_locked_until("a@b.example", at(1)).await.unwrap(),
        Some(at(31)),
        "the other four stay"
    );
});

on_both!(what_is_remembered_is_remembered_at_once_and_for_its_time, async |db| {
    let hour = Throttle::remember(TimeDelta::hours(1));
    assert_eq!(db.store.throttle_count("INV-9", hour, at(0)).await.unwrap(), None);
    assert_eq!(db.store.throttle_locked_until("INV-9", at(59)).await.unwrap(), Some(at(60)));
    assert_eq!(db.store.throttle_locked_until("INV-9", at(60)).await.unwrap(), None);
});

on_both!(guesses_made_at_the_same_time_are_all_counted, async |db| {
    let nodes = [db.store.clone(), db.node().await];
    let mut guesses = JoinSet::new();
    for node in nodes.iter().cycle().take(20) {
        let node = node.clone();
        guesses.spawn(async move {
            let many = Throttle { max: 20, ..LIMIT };
            node.throttle_count("a@b.example", many, at(0)).await.unwrap()
        });
    }
    assert!(guesses.join_all().await.iter().all(Option::is_none), "none of them came too late");
    assert_eq!(db.texts("SELECT CAST(counted AS TEXT) FROM throttle").await, ["20"]);
    assert!(db.store.throttle_locked_until("a@b.example", at(0)).await.unwrap().is_some());
});

on_both!(the_table_of_guesses_names_nobody, async |db| {
    db.store.throttle_count("a@b.example", LIMIT, at(0)).await.unwrap();
    let rows = db.texts("SELECT subject_hash FROM throttle").await;
    assert!(rows.len() == 1 && !rows[0].contains("b.example"), "{rows:?}");
});

on_both!(rows_that_count_nothing_any_more_are_deleted_in_batches, async |db| {
    for subject in ["a", "b", "c"] {
        db.store.throttle_count(subject, LIMIT, at(0)).await.unwrap();
    }
    for _ in 0..5 {
        db.store.throttle_count("locked", LIMIT, at(0)).await.unwrap();
    }
    assert_eq!(db.store.throttle_prune(at(9), 9).await.unwrap(), 0, "the window still counts");
    assert_eq!(db.store.throttle_prune(at(10), 2).await.unwrap(), 2);
    assert_eq!(db.store.throttle_prune(at(10), 2).await.unwrap(), 1);
    assert_eq!(
        db.store.throttle_locked_until("locked", at(29)).await.unwrap(),
        Some(at(30)),
        "a lock stays to its end"
    );
    assert_eq!(db.store.throttle_prune(at(30), 9).await.unwrap(), 1);
});
