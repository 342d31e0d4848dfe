//! A vendor's limits are counted once for all processes, however many ask at the same moment.

use crate::{database::on_both, shop::at};
use chrono::TimeDelta;
use domain::{
    governor::{Ask, Budget, Limits, Month, Purse, Queue},
    lane::Lane,
};
use store::Store;
use tokio::task::JoinSet;
use uuid::Uuid;

const KEY: &str = "xero:client:tenant";
const XERO: Limits = Limits {
    concurrent: 5,
    place_taken: TimeDelta::zero(),
    minute: 60,
    day: Some(5_000),
    app_minute: Some(10_000),
    app_month: None,
};
const SERVICE: Queue = Queue::Jobs(Lane::Background);

/// A process that wants one call.
fn ask(number: u128, queue: Queue) -> Ask {
    Purse::new(Uuid::from_u128(number), &XERO).ask(queue, false, at(0))
}

async fn lease(node: &Store, ask: Ask) -> u32 {
    node.budget_change(KEY, at(0), move |budget| budget.lease(&XERO, &ask, at(0)).calls).await.unwrap()
}

/// Takes a call and gives its place back, as a process does that ends it at once.
async fn call(node: &Store, number: u128) -> u32 {
    let mut purse = Purse::new(Uuid::from_u128(number), &XERO);
    let ask = purse.ask(SERVICE, false, at(0));
    let change = move |budget: &mut Budget| {
        let calls = budget.lease(&XERO, &ask, at(0)).calls;
        budget.give_back(&XERO, &purse.back(), at(0));
        calls
    };
    node.budget_change(KEY, at(0), change).await.unwrap()
}

on_both!(n6_ninety_calls_that_two_processes_want_at_once_are_sixty, async |db| {
    let nodes = [db.store.clone(), db.node().await];
    let mut wanting = JoinSet::new();
    for (number, node) in nodes.iter().cycle().take(90).enumerate() {
        let node = node.clone();
        wanting.spawn(async move { call(&node, u128::try_from(number).unwrap()).await });
    }
    assert_eq!(wanting.join_all().await.into_iter().sum::<u32>(), 60);
    let standing = db.store.budget(KEY).await.unwrap().standing(&XERO, at(0));
    assert_eq!((standing.minute_used, standing.day_used), (60, 60));
    assert_eq!(db.store.budget("another").await.unwrap(), Budget::default(), "and nobody else's are counted");
});

on_both!(n6_places_are_shared_too_and_those_of_a_dead_process_come_free, async |db| {
    let other = db.node().await;
    let mut held = 0;
    for number in 0..9 {
        held += lease(if number % 2 == 0 { &db.store } else { &other }, ask(number, Queue::People)).await;
    }
    assert_eq!(held, 5);
    let later = at(0) + TimeDelta::seconds(22);
    let asks = ask(99, Queue::People);
    let calls = other.budget_change(KEY, later, move |budget| budget.lease(&XERO, &asks, later).calls).await.unwrap();
    assert_eq!(calls, 1);
});

on_both!(n6_a_budget_that_another_version_has_written_begins_anew, async |db| {
    assert_eq!(lease(&db.store, ask(1, SERVICE)).await, 1);
    let bare = db.bare().await;
    sea_orm::ConnectionTrait::execute_unprepared(&bare, "UPDATE budget SET state = '{\"minute\": 7}'").await.unwrap();
    assert_eq!(lease(&db.store, ask(2, SERVICE)).await, 1);
    assert_eq!(db.store.budget(KEY).await.unwrap().standing(&XERO, at(0)).minute_used, 1);
});

on_both!(n6_what_all_processes_have_read_is_the_month_of_an_app_and_the_next_begins_anew, async |db| {
    const APP: &str = "quickbooks:client";
    let (nodes, of) = ([db.store.clone(), db.node().await], 500_000);
    let mut reading = JoinSet::new();
    for node in nodes.iter().cycle().take(20) {
        let node = node.clone();
        reading.spawn(async move { node.app_reads_count(APP, 20, of, at(0)).await.unwrap().used });
    }
    assert_eq!(reading.join_all().await.into_iter().max(), Some(400), "the last one is told of all");
    assert_eq!(db.store.app_reads(APP, of, at(0)).await.unwrap(), Month { used: 400, of });
    assert_eq!(db.store.app_reads("quickbooks:other", of, at(0)).await.unwrap().used, 0);

    let other = db.node().await;
    let said = other.app_reads_limit(APP, 1_000, at(0)).await.unwrap();
    assert_eq!(said, Month { used: 400, of: 1_000 });
    let later = at(0) + TimeDelta::days(32);
    assert_eq!(db.store.app_reads(APP, of, later).await.unwrap(), Month { used: 0, of: 1_000 });
    assert_eq!(other.app_reads_count(APP, 3, of, later).await.unwrap(), Month { used: 3, of: 1_000 });
    assert_eq!(other.app_reads_count(APP, 4, of, at(0)).await.unwrap().used, 7, "what comes late is not lost");
});
