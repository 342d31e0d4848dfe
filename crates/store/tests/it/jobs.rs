//! Work that must not be forgotten, done twice, or done by two.

use crate::{
    database::{Db, on_both},
    shop::{Shop, at, shop},
};
use std::{collections::HashSet, time::Duration};
use store::{Job, JobState, NewJob, Store};
use tokio::task::JoinSet;

async fn queue(shop: &Shop, keys: &[&str], run_at: i64) {
    let tx = shop.db.begin().await.unwrap();
    for key in keys {
        let new = NewJob { payment: None, unique_key: (*key).into(), body: (*key).into(), run_at: at(run_at) };
        tx.jobs_add([new], at(0)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// What a worker finds at this minute; it may keep each job for five.
async fn claim(store: &Store, minute: i64) -> Vec<Job> {
    store.jobs_claim(at(minute), at(minute + 5), 10, &[]).await.unwrap()
}

fn keys(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.unique_key.as_str()).collect()
}

/// Whether this worker could end its job.
async fn done(db: &Db, job: &Job) -> bool {
    let tx = db.store.door_job(job).begin().await.unwrap();
    let mine = tx.job_done(job).await.unwrap();
    tx.commit().await.unwrap();
    mine
}

async fn again(db: &Db, job: &Job, run_at: Option<i64>) -> bool {
    let tx = db.store.door_job(job).begin().await.unwrap();
    let mine = tx.job_again(job, run_at.map(at), "the books are away").await.unwrap();
    tx.commit().await.unwrap();
    mine
}

on_both!(the_same_work_is_queued_once_at_each_merchant, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    queue(&acme, &["sync", "sync"], 0).await;
    queue(&acme, &["sync"], 9).await;
    queue(&bolt, &["sync"], 0).await;
    let jobs = claim(&db.store, 0).await;
    assert_eq!(keys(&jobs), ["sync", "sync"]);
    let merchants: HashSet<_> = jobs.iter().map(|job| db.store.door_job(job).merchant_id()).collect();
    assert_eq!(merchants, HashSet::from([acme.db.merchant_id(), bolt.db.merchant_id()]));
    assert!(done(db, &jobs[0]).await && done(db, &jobs[1]).await);
    queue(&acme, &["sync"], 0).await;
    assert!(claim(&db.store, 0).await.is_empty(), "and not again when it was done");
});

on_both!(n13_what_waits_for_its_day_is_found_by_its_key_and_can_be_run_at_once, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    queue(&acme, &["retry:1", "look_up:1"], 9).await;
    queue(&bolt, &["retry:2"], 9).await;
    let waiting = acme.db.jobs_waiting("retry:").await.unwrap();
    assert_eq!(keys(&waiting), ["retry:1"]);
    assert!(claim(&db.store, 0).await.is_empty());
    let tx = acme.db.begin().await.unwrap();
    tx.job_run_now(&waiting[0], at(0)).await.unwrap();
    tx.commit().await.unwrap();
    let jobs = claim(&db.store, 0).await;
    assert_eq!(keys(&jobs), ["retry:1"]);
    let alive = async || {
        let asked = ["retry:1", "retry:2", "look_up:1"].map(str::to_owned).to_vec();
        let mut alive: Vec<_> = acme.db.jobs_alive(asked).await.unwrap().into_iter().collect();
        alive.sort();
        alive
    };
    assert_eq!(alive().await, ["look_up:1", "retry:1"], "another merchant's is not theirs");
    queue(&acme, &["retry:3"], 1).await;
    let undone = acme.db.jobs_undone("retry:", 9).await.unwrap();
    assert_eq!(keys(&undone), ["retry:1", "retry:3"], "also what is under way");
    assert_eq!(acme.db.jobs_undone("retry:", 1).await.unwrap().len(), 1);
    assert!(done(db, &jobs[0]).await);
    assert_eq!(alive().await, ["look_up:1"]);
    assert_eq!(keys(&acme.db.jobs_undone("retry:", 9).await.unwrap()), ["retry:3"]);
});

on_both!(d5_a_job_that_has_ended_is_run_once_more_and_one_in_hand_is_left_alone, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    queue(&acme, &["look_up:1"], 0).await;
    let rerun = async |shop: &Shop| {
        let tx = shop.db.begin().await.unwrap();
        tx.job_rerun("look_up:1", at(1)).await.unwrap();
        tx.commit().await.unwrap();
    };
    let first = claim(&db.store, 0).await.remove(0);
    rerun(&acme).await;
    assert!(claim(&db.store, 1).await.is_empty(), "somebody has it");
    assert!(done(db, &first).await);
    rerun(&bolt).await;
    assert!(claim(&db.store, 1).await.is_empty(), "it is another merchant's");
    rerun(&acme).await;
    let second = claim(&db.store, 1).await.remove(0);
    assert_eq!((second.id, second.tries), (first.id, 1));
    assert!(again(db, &second, None).await, "given up");
    rerun(&acme).await;
    assert_eq!(keys(&claim(&db.store, 1).await), ["look_up:1"]);
});

on_both!(f24_a_job_that_is_left_to_others_has_cost_no_try, async |db| {
    let shop = shop(&db.store, "acme").await;
    queue(&shop, &["of tomorrow"], 0).await;
    for minute in [0, 2] {
        let job = claim(&db.store, minute).await.remove(0);
        assert_eq!(job.tries, 1);
        let tx = db.store.door_job(&job).begin().await.unwrap();
        assert!(tx.job_leave(&job, at(minute + 2)).await.unwrap());
        tx.commit().await.unwrap();
        assert!(claim(&db.store, minute + 1).await.is_empty());
        assert!(!done(db, &job).await, "it is not theirs any more");
    }
});

on_both!(a_job_waits_for_its_time_and_the_oldest_goes_first, async |db| {
    let shop = shop(&db.store, "acme").await;
    queue(&shop, &["later"], 2).await;
    queue(&shop, &["sooner"], 1).await;
    assert!(claim(&db.store, 0).await.is_empty());
    assert_eq!(keys(&claim(&db.store, 1).await), ["sooner"], "due to the microsecond");
    queue(&shop, &["last"], 4).await;
    assert_eq!(keys(&claim(&db.store, 4).await), ["later", "last"]);
});

on_both!(a_limit_takes_the_oldest_of_many, async |db| {
    let shop = shop(&db.store, "acme").await;
    for (key, run_at) in [("c", 3), ("a", 1), ("d", 4), ("b", 2)] {
        queue(&shop, &[key], run_at).await;
    }
    let jobs = db.store.jobs_claim(at(9), at(10), 2, &[]).await.unwrap();
    assert_eq!(keys(&jobs), ["a", "b"]);
});

on_both!(f21_merchants_that_have_their_fill_are_passed_over_and_keep_their_jobs, async |db| {
    let (acme, bolt, cove) =
        (shop(&db.store, "acme").await, shop(&db.store, "bolt").await, shop(&db.store, "cove").await);
    queue(&acme, &["a1", "a2", "a3"], 0).await;
    queue(&bolt, &["b1"], 1).await;
    queue(&cove, &["c1"], 2).await;
    let full = [acme.db.merchant_id(), bolt.db.merchant_id()];
    let claim_but = async |of: &[_]| db.store.jobs_claim(at(3), at(8), 2, of).await.unwrap();
    assert_eq!(keys(&claim_but(&full).await), ["c1"]);
    assert_eq!(keys(&claim_but(&full[..1]).await), ["b1"]);
    let both = claim_but(&[]).await;
    let mut rest = keys(&both);
    rest.sort_unstable();
    assert_eq!(rest, ["a1", "a2"], "equally due, in any order");
    assert!(claim_but(&full[..1]).await.is_empty());
});

on_both!(a_lost_lease_goes_to_another_worker_and_the_first_can_write_nothing, async |db| {
    let shop = shop(&db.store, "acme").await;
    queue(&shop, &["post"], 0).await;
    let first = claim(&db.store, 0).await.remove(0);
    assert!(claim(&db.store, 4).await.is_empty(), "the lease still holds");
    let second = claim(&db.store, 5).await.remove(0);
    assert_eq!((second.id, first.tries, second.tries), (first.id, 1, 2));

    assert!(!done(db, &first).await && !again(db, &first, Some(9)).await);
    assert!(done(db, &second).await);
    assert!(!done(db, &second).await, "once");
    assert_eq!(db.store.jobs_count(JobState::Done).await.unwrap(), 1);
});

on_both!(a_lease_is_renewed_while_its_worker_lives_and_not_once_it_is_lost, async |db| {
    let shop = shop(&db.store, "acme").await;
    queue(&shop, &["post"], 0).await;
    let first = claim(&db.store, 0).await.remove(0);
    db.store.job_renew(&first, at(8)).await.unwrap();
    assert!(claim(&db.store, 7).await.is_empty());
    let second = claim(&db.store, 8).await.remove(0);
    db.store.job_renew(&first, at(99)).await.unwrap();
    assert_eq!(claim(&db.store, 13).await.len(), 1, "the lease of the second ends when it said");
    assert!(!done(db, &second).await);
});

on_both!(a_failed_job_is_tried_again_later_and_at_last_becomes_a_dead_letter, async |db| {
    let shop = shop(&db.store, "acme").await;
    queue(&shop, &["post"], 0).await;
    let job = claim(&db.store, 0).await.remove(0);
    assert!(again(db, &job, Some(3)).await);
    assert!(!again(db, &job, Some(0)).await && !done(db, &job).await, "it was let go of");
    assert!(claim(&db.store, 2).await.is_empty());

    let job = claim(&db.store, 3).await.remove(0);
    assert_eq!((job.tries, job.last_error.as_deref()), (2, Some("the books are away")));
    assert!(again(db, &job, None).await);
    assert!(claim(&db.store, 99).await.is_empty());
    let dead = shop.db.jobs_dead().await.unwrap();
    assert_eq!((dead[0].id, dead[0].state, dead[0].lease), (job.id, JobState::Dead, None));
    assert!(!done(db, &dead[0]).await, "what nobody claimed, nobody ends");

    let tx = shop.db.begin().await.unwrap();
    tx.job_revive("post", at(5)).await.unwrap();
    tx.job_revive("nothing", at(5)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(claim(&db.store, 4).await.is_empty());
    assert_eq!(claim(&db.store, 5).await.remove(0).tries, 1, "from the beginning");
});

on_both!(waiting_work_can_be_spared, async |db| {
    let (acme, bolt) = (shop(&db.store, "acme").await, shop(&db.store, "bolt").await);
    for shop in [&acme, &bolt] {
        queue(shop, &["sweep", "sync"], 60).await;
    }
    let tx = acme.db.begin().await.unwrap();
    tx.job_needless("sweep").await.unwrap();
    tx.commit().await.unwrap();
    let jobs = claim(&db.store, 60).await;
    assert_eq!(jobs.len(), 3, "the other merchant's two, and the one that was not spared");
    let of_acme: Vec<_> = jobs.iter().filter(|job| job.merchant_id == acme.db.merchant_id()).collect();
    assert_eq!(of_acme.iter().map(|job| &*job.unique_key).collect::<Vec<_>>(), ["sync"]);
});

on_both!(a_transaction_that_is_rolled_back_leaves_no_job, async |db| {
    let shop = shop(&db.store, "acme").await;
    let tx = shop.db.begin().await.unwrap();
    let new = NewJob { payment: None, unique_key: "k".into(), body: "{}".into(), run_at: at(0) };
    tx.jobs_add([new], at(0)).await.unwrap();
    drop(tx);
    assert!(claim(&db.store, 9).await.is_empty());
    assert_eq!(db.store.jobs_count(JobState::Ready).await.unwrap(), 0);
});

on_both!(an_end_that_is_rolled_back_leaves_the_job_to_the_next, async |db| {
    let shop = shop(&db.store, "acme").await;
    queue(&shop, &["post"], 0).await;
    let job = claim(&db.store, 0).await.remove(0);
    let tx = shop.db.begin().await.unwrap();
    assert!(tx.job_done(&job).await.unwrap());
    drop(tx);
    // PostgreSQL hears of the rollback a moment later, and until then the row is passed over.
    while claim(&db.store, 5).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
});

on_both!(four_workers_are_handed_every_job_once, async |db| {
    let shop = shop(&db.store, "acme").await;
    let all: Vec<_> = (0..200).map(|n| format!("job-{n}")).collect();
    queue(&shop, &all.iter().map(String::as_str).collect::<Vec<_>>(), 0).await;
    let mut workers = JoinSet::new();
    for _ in 0..4 {
        let node = db.node().await;
        workers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let jobs = node.jobs_claim(at(0), at(5), 7, &[]).await.unwrap();
                assert!(jobs.len() <= 7);
                if jobs.is_empty() {
                    return mine;
                }
                mine.extend(jobs.into_iter().map(|job| job.unique_key));
            }
        });
    }
    let mut handed_out: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    handed_out.sort_unstable();
    let mut all = all;
    all.sort_unstable();
    assert_eq!(handed_out, all);
});

on_both!(done_jobs_are_deleted_when_they_are_old_and_nothing_else_is, async |db| {
    let shop = shop(&db.store, "acme").await;
    queue(&shop, &["a", "b", "c", "waiting", "dead"], 0).await;
    for job in claim(&db.store, 0).await {
        match job.unique_key.as_str() {
            "waiting" => assert!(again(db, &job, Some(9)).await),
            "dead" => assert!(again(db, &job, None).await),
            _ => assert!(done(db, &job).await),
        }
    }
    let prune = async |before, limit| {
        let tx = shop.db.begin().await.unwrap();
        let pruned = tx.jobs_prune(at(before), limit).await.unwrap();
        tx.commit().await.unwrap();
        pruned
    };
    assert_eq!(prune(0, 9).await, 0, "too young");
    assert_eq!((prune(1, 2).await, prune(1, 2).await, prune(1, 2).await), (2, 1, 0));
    let mut left = db.texts("SELECT unique_key FROM job").await;
    left.sort_unstable();
    assert_eq!(left, ["dead", "waiting"]);
});

on_both!(n6_what_waits_for_a_lane_is_counted_by_its_kind_and_its_age, async |db| {
    let shop = shop(&db.store, "acme").await;
    queue(&shop, &["post_payment:1", "post_refund:2", "sync_books:3"], 0).await;
    queue(&shop, &["post_payment:9"], 60).await;
    let queued = async |keys: &[&str]| shop.db.jobs_queued(keys, at(10)).await.unwrap();
    assert_eq!(
        queued(&["post_payment:", "post_refund:"]).await,
        (2, Some(at(0))),
        "what is for later does not wait yet"
    );
    assert_eq!(queued(&["reconcile:"]).await, (0, None));
    assert_eq!(queued(&[]).await, (0, None));
});
