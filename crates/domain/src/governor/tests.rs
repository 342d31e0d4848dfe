use super::*;
use proptest::prelude::*;
use uuid::Uuid;

/// Those of `wire/accounting.md`, 1.4.
const LIMITS: Limits = Limits {
    concurrent: 5,
    place_taken: TimeDelta::zero(),
    minute: 60,
    day: Some(5_000),
    app_minute: Some(10_000),
    app_month: None,
};
/// Those of 2.12: as many a second as at once.
const BY_THE_SECOND: Limits = Limits {
    concurrent: 10,
    place_taken: TimeDelta::milliseconds(1_250),
    minute: 500,
    day: None,
    app_minute: None,
    app_month: None,
};
const SERVICE: Queue = Queue::Jobs(Lane::Background);
const COMPANY: Queue = Queue::Jobs(Lane::CompanySync);
const WISE_PAY: Queue = Queue::Jobs(Lane::UserAction);

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::milliseconds(ms)
}

/// A budget and the purse of one process.
struct Process {
    limits: Limits,
    purse: Purse,
    people_here: bool,
}

impl Process {
    fn number(number: u128) -> Self {
        Self::by(LIMITS, number)
    }

    fn by(limits: Limits, number: u128) -> Self {
        Self { limits, purse: Purse::new(Uuid::from_u128(number), &limits), people_here: true }
    }

    /// Begins a call, with a lease when it needs one; or says when it may come again.
    fn begin(&mut self, budget: &mut Budget, queue: Queue, now: DateTime<Utc>) -> Result<(), DateTime<Utc>> {
        if self.purse.begin(queue, now) {
            return Ok(());
        }
        let ask = self.purse.ask(queue, self.people_here, now);
        let grant = budget.lease(&self.limits, &ask, now);
        self.purse.granted(queue, &grant);
        if self.purse.begin(queue, now) { Ok(()) } else { Err(grant.again_at) }
    }

    /// Begins and ends as many as it gets, up to `wanted`.
    fn make(&mut self, budget: &mut Budget, queue: Queue, wanted: u32, now: DateTime<Utc>) -> u32 {
        let mut made = 0;
        while made < wanted && self.begin(budget, queue, now).is_ok() {
            self.purse.end(queue, None);
            made += 1;
        }
        made
    }

    fn hear(&mut self, budget: &mut Budget, now: DateTime<Utc>, said: Allowance) {
        self.purse.end(Queue::People, Some(Heard { sent_at: now, heard_at: now, said }));
        budget.give_back(&LIMITS, &self.purse.back(), now);
    }
}

fn refusal(problem: Problem, seconds: Option<i64>) -> Allowance {
    let refused = Refused { problem, retry_after: seconds.map(TimeDelta::seconds) };
    Allowance { refused: Some(refused), ..Allowance::default() }
}

#[test]
fn n6_the_minute_is_people_s_as_far_as_they_could_want_it() {
    // When jobs come, how many calls they get of a minute that begins then, or that people began with ten calls.
    for (people, ms, jobs) in
        [(0, 0, 9), (10, 0, 0), (10, 29_750, 22), (10, 59_400, 46), (40, 29_750, 0), (40, 59_000, 17)]
    {
        let (mut budget, mut one, mut other) = (Budget::default(), Process::number(1), Process::number(2));
        assert_eq!(one.make(&mut budget, Queue::People, people, at(0)), people);
        assert_eq!(other.make(&mut budget, SERVICE, 100, at(ms)), jobs, "after {people} at {ms} ms");
    }
    let (mut budget, mut alone) = (Budget::default(), Process { people_here: false, ..Process::number(1) });
    assert_eq!(alone.make(&mut budget, SERVICE, 100, at(0)), 60, "where nobody waits, a job may have it all");
}

#[test]
fn n6_jobs_share_by_weight_and_borrow_what_the_others_do_not_want() {
    let (mut budget, mut one) = (Budget::default(), Process { people_here: false, ..Process::number(1) });
    let mut made = [0; 3];
    // All three want all they can get, in turn, until nothing is left.
    for _ in 0..60 {
        for (queue, made) in [SERVICE, COMPANY, WISE_PAY].into_iter().zip(&mut made) {
            *made += one.make(&mut budget, queue, 1, at(0));
        }
    }
    let [service, company, wise_pay] = made;
    assert_eq!(service + company + wise_pay, 60);
    assert!(wise_pay >= company && company >= service && service >= 5, "{made:?}");

    let mut later = [0; 2];
    for _ in 0..60 {
        for (queue, made) in [SERVICE, COMPANY].into_iter().zip(&mut later) {
            *made += one.make(&mut budget, queue, 1, at(200_000));
        }
    }
    assert_eq!(later[0] + later[1], 60, "the Wise-Pay lane wants nothing any more");
}

#[test]
fn n6_pages_get_what_those_who_opened_them_will_not_want() {
    let pages = |gap_ms: i64, count: i64| {
        let (mut budget, mut one) = (Budget::default(), Process::number(1));
        (0..count).map(|page| one.make(&mut budget, Queue::Pages, 1, at(page * gap_ms))).sum::<u32>()
    };
    assert_eq!(pages(1_500, 39), 39, "forty pages a minute, and nobody presses anything");
    let (mut budget, mut one) = (Budget::default(), Process::number(1));
    assert_eq!(one.make(&mut budget, Queue::Pages, 100, at(0)), 12, "a hundred at once");
    let presses = (0..40).map(|press| one.make(&mut budget, Queue::People, 1, at(15_000 + press * 1_100)));
    assert_eq!(presses.sum::<u32>(), 40, "forty of whom press");
}

#[test]
fn n6_people_get_what_is_left_and_are_told_when_there_is_more() {
    let (mut budget, mut one) = (Budget::default(), Process::number(1));
    assert_eq!(one.make(&mut budget, Queue::People, 100, at(0)), 60);
    let again = one.begin(&mut budget, Queue::People, at(30_000)).expect_err("there is none");
    assert_eq!(again, at(60_750));
    assert_eq!(one.make(&mut budget, Queue::People, 1, again), 1);
}

#[test]
fn n6_no_call_begins_at_the_end_of_a_minute() {
    let (mut budget, mut one) = (Budget::default(), Process::number(1));
    assert!(one.begin(&mut budget, Queue::People, at(0)).is_ok());
    let late = one.begin(&mut budget, Queue::People, at(59_600)).expect_err("there is none");
    assert_eq!(late, at(60_750), "which people can wait for");
}

#[test]
fn n6_a_tenth_of_the_day_is_people_s_alone() {
    let (mut budget, mut one) = (Budget::default(), Process::number(1));
    let mut jobs = 0;
    for minute in 0..200 {
        let start = minute * 61_000;
        jobs += (0..60).map(|second| one.make(&mut budget, SERVICE, 60, at(start + second * 990))).sum::<u32>();
    }
    assert_eq!(jobs, 4_500);
    let again = one.begin(&mut budget, SERVICE, at(13_000_000)).expect_err("there is none");
    assert!(again > at(86_000_000), "{again}");
    assert!(one.begin(&mut budget, Queue::People, at(13_000_000)).is_ok());
}

/// Each of these queues takes all that it gets, in turn, in these minutes of a day.
fn greedy<const N: usize>(
    budget: &mut Budget,
    one: &mut Process,
    queues: [Queue; N],
    minutes: std::ops::Range<i64>,
) -> [u32; N] {
    let mut made = [0; N];
    for ms in minutes.flat_map(|minute| (0..60).map(move |second| minute * 61_000 + second * 990)) {
        for (queue, made) in queues.into_iter().zip(&mut made) {
            *made += one.make(budget, queue, 60, at(ms));
        }
    }
    made
}

#[test]
fn n6_syncs_have_half_of_the_day_services_four_tenths_and_people_and_their_payments_the_rest() {
    let (mut budget, mut one) = (Budget::default(), Process::number(1));
    assert_eq!(greedy(&mut budget, &mut one, [SERVICE, COMPANY], 0..250), [2_000, 2_500]);
    let again = one.begin(&mut budget, COMPANY, at(16_000_000)).expect_err("there is none");
    assert!(again > at(86_000_000), "{again}");
    assert_eq!(one.make(&mut budget, Queue::Pages, 1, at(16_000_000)), 0, "pages show what was last read");
    let [posted, people] = greedy(&mut budget, &mut one, [WISE_PAY, Queue::People], 265..300);
    assert_eq!(posted + people, 500);
    assert!(posted > 0, "what was paid is posted");
}

#[test]
fn n6_of_a_day_that_is_smaller_than_it_seemed_each_lane_has_its_share() {
    let (mut budget, mut one) = (Budget::default(), Process::number(1));
    assert_eq!(one.make(&mut budget, COMPANY, 1, at(0)), 1);
    one.hear(&mut budget, at(1), Allowance { day_left: Some(999), ..Allowance::default() });
    let [service, company] = greedy(&mut budget, &mut one, [SERVICE, COMPANY], 1..60);
    assert_eq!(service + company, 499, "people keep their five hundred");
    assert!((215..=225).contains(&service), "{service} of a service");
}

#[test]
fn n6_a_lane_borrows_of_the_day_what_the_other_will_not_want_any_more() {
    // A sync has asked once, at the day's beginning: what a service gets in the hours after this one.
    for (hour, gets) in [(0, 2_000..2_300), (12, 3_400..3_600), (22, 4_400..4_500)] {
        let (mut budget, mut one) = (Budget::default(), Process::number(1));
        assert_eq!(one.make(&mut budget, COMPANY, 1, at(0)), 1);
        let first = hour * 3_600 / 61;
        let [service] = greedy(&mut budget, &mut one, [SERVICE], first..first + 110);
        assert!(gets.contains(&service), "{service} from hour {hour} on");
        let now = at((first + 110) * 61_000);
        one.make(&mut budget, SERVICE, 60, now);
        let again = one.begin(&mut budget, SERVICE, now).expect_err("for the moment");
        assert!(again <= at((first + 120) * 61_000), "more is set free soon: {again}");
    }
}

#[test]
fn n6_what_the_vendor_says_is_left_is_left() {
    for (said, people, jobs) in [
        (Allowance { minute_left: Some(3), ..Allowance::default() }, 3, 0),
        (Allowance { minute_left: Some(0), ..Allowance::default() }, 0, 0),
        (Allowance { day_left: Some(2), ..Allowance::default() }, 2, 0),
        (Allowance { app_minute_left: Some(900), ..Allowance::default() }, 59, 0),
        (Allowance { minute_left: Some(60), day_left: Some(5_000), ..Allowance::default() }, 59, 8),
    ] {
        let told = |queue| {
            let (mut budget, mut one, mut other) = (Budget::default(), Process::number(1), Process::number(2));
            assert!(one.begin(&mut budget, Queue::People, at(0)).is_ok());
            one.hear(&mut budget, at(1), said);
            other.make(&mut budget, queue, 100, at(2))
        };
        assert_eq!((told(Queue::People), told(SERVICE)), (people, jobs), "{said:?}");
    }
}

#[test]
fn n6_a_day_that_begins_anew_there_does_so_here() {
    let (mut budget, mut one) = (Budget::default(), Process::number(1));
    for (ms, left) in [(0, 20), (1_000, 19), (2_000, 4_999)] {
        assert!(one.begin(&mut budget, Queue::People, at(ms)).is_ok());
        one.hear(&mut budget, at(ms), Allowance { day_left: Some(left), ..Allowance::default() });
    }
    assert!(budget.standing(&LIMITS, at(3_000)).day_used < 5);
}

#[test]
fn n6_a_refusal_stops_everybody_until_its_time() {
    for (problem, seconds, until) in [
        (Problem::Minute, Some(20), 21_000),
        (Problem::Minute, None, 60_750),
        (Problem::Day, Some(4_000), 4_001_000),
        (Problem::AppMinute, Some(7), 8_000),
        (Problem::Concurrent, None, 1_000),
        (Problem::Unsaid, Some(5), 6_000),
    ] {
        let (mut budget, mut one, mut other) = (Budget::default(), Process::number(1), Process::number(2));
        assert!(one.begin(&mut budget, Queue::People, at(0)).is_ok());
        one.hear(&mut budget, at(0), refusal(problem, seconds));
        for queue in [Queue::People, SERVICE] {
            assert_eq!(other.begin(&mut budget, queue, at(until - 1)), Err(at(until)), "{problem:?}");
        }
        assert_eq!(other.begin(&mut budget, Queue::People, at(until)), Ok(()), "{problem:?}");
    }
}

#[test]
fn n6_the_vendor_s_words_are_known_by_how_they_begin() {
    for (word, problem) in [
        ("minute", Problem::Minute),
        ("Minute Limit Exceeded", Problem::Minute),
        ("day", Problem::Day),
        ("Daily", Problem::Day),
        ("concurrent", Problem::Concurrent),
        ("Concurrency", Problem::Concurrent),
        ("appminute", Problem::AppMinute),
        ("App minute", Problem::AppMinute),
        ("", Problem::Unsaid),
        ("rate", Problem::Unsaid),
    ] {
        assert_eq!(Problem::of(word), problem, "{word}");
    }
}

#[test]
fn n6_places_are_people_s_first_and_a_dead_process_loses_its_own() {
    let (mut budget, mut dead, mut other) = (Budget::default(), Process::number(1), Process::number(2));
    assert!(dead.begin(&mut budget, SERVICE, at(0)).is_ok());
    assert!(other.begin(&mut budget, COMPANY, at(0)).is_ok());
    assert!(dead.begin(&mut budget, SERVICE, at(0)).is_err(), "two at once are as many as jobs have");
    let people = (0..9).filter(|_| other.begin(&mut budget, Queue::People, at(100)).is_ok()).count();
    assert_eq!(people, 2, "the last place is left to whoever has none");
    let mut third = Process::number(3);
    assert!(third.begin(&mut budget, Queue::People, at(100)).is_ok());
    assert!(third.begin(&mut budget, Queue::People, at(100)).is_err(), "five are under way");

    let mut fourth = Process::number(4);
    assert!(fourth.begin(&mut budget, Queue::People, at(20_000)).is_err());
    assert!(fourth.begin(&mut budget, Queue::People, at(22_000)).is_ok(), "whoever held them has not been heard of");
}

#[test]
fn n6_a_lease_that_nobody_used_goes_back() {
    let (mut budget, mut one) = (Budget::default(), Process::number(1));
    for call in 0..8 {
        assert!(one.begin(&mut budget, Queue::People, at(call * 100)).is_ok());
        one.purse.end(Queue::People, None);
    }
    let used = |budget: &Budget| budget.standing(&LIMITS, at(1_000)).minute_used;
    assert!(used(&budget) > 8, "more were leased than made: a call costs no statement of its own");
    budget.give_back(&LIMITS, &one.purse.back(), at(900));
    assert_eq!(used(&budget), 8);
    assert!(!one.purse.has_something_back(at(60_000)));
}

#[test]
fn n6_jobs_that_are_sent_away_come_again_one_after_the_other() {
    let mut purse = Purse::new(Uuid::nil(), &LIMITS);
    let times: Vec<_> = (0..3).map(|_| purse.send_away(&LIMITS, SERVICE, at(0))).collect();
    assert_eq!(times, [at(0), at(1_190), at(2_380)]);
    let last = (0..2_000).map(|_| purse.send_away(&LIMITS, SERVICE, at(0))).last();
    assert_eq!(last, Some(at(600_000)), "but nobody waits for ever");
    assert_eq!(purse.send_away(&LIMITS, SERVICE, at(9_000_000)), at(9_000_000));
}

#[test]
fn n6_no_second_has_more_calls_than_may_be_under_way_at_once() {
    let (mut budget, mut begun) = (Budget::default(), Vec::new());
    let mut processes = [1, 2].map(|number| Process::by(BY_THE_SECOND, number));
    for ms in (0..5_000_i64).step_by(50) {
        for one in &mut processes {
            // Each call is over at once.
            if one.make(&mut budget, Queue::People, 1, at(ms)) > 0 {
                begun.push(ms);
            }
        }
    }
    for first in &begun {
        let in_second = begun.iter().filter(|ms| (*first..first + 1_000).contains(*ms)).count();
        assert!(in_second <= 10, "{in_second} in the second after {first} ms");
    }
    assert!(begun.len() > 25, "{} of the forty that there may be", begun.len());
}

#[test]
fn n6_where_no_day_is_counted_none_ends() {
    let (mut budget, mut one) = (Budget::default(), Process::by(BY_THE_SECOND, 1));
    let mut made = 0;
    for second in 0..20_000 {
        made += one.make(&mut budget, SERVICE, 1, at(second * 1_300));
    }
    assert!(made > 16_000, "{made}");
    // And what it has leased last.
    assert!((made..made + 6).contains(&budget.standing(&BY_THE_SECOND, at(26_000_000)).day_used));
}

#[test]
fn n6_what_is_kept_of_it_can_be_read_again() {
    let (mut budget, mut one) = (Budget::default(), Process::number(1));
    assert!(one.begin(&mut budget, SERVICE, at(0)).is_ok());
    one.hear(&mut budget, at(1), refusal(Problem::Minute, Some(3)));
    let json = serde_json::to_string(&budget).expect("it is plain data");
    assert_eq!(serde_json::from_str::<Budget>(&json).expect("it was written just now"), budget);
    assert_eq!(serde_json::from_str::<Budget>("{}").expect("all of it may be missing"), Budget::default());
}

/// What a process does, and how long after the act before: lets its lease go, ends a call, or begins one.
fn days_work() -> impl Strategy<Value = Vec<(usize, usize, i64, u8)>> {
    prop::collection::vec((0usize..3, 0usize..5, 0i64..4_000, 0u8..4), 1..400)
}

proptest! {
    #[test]
    fn n6_whatever_one_lane_takes_the_other_finds_its_share_of_what_is_left_of_the_day(
        (waits, takes, share) in prop::sample::select(vec![(COMPANY, SERVICE, 2_500), (SERVICE, COMPANY, 2_000)]),
        acts in prop::collection::vec((0i64..600_000, 1u32..60), 1..300),
    ) {
        const DAY_MS: i64 = 86_430_000;
        let (mut budget, mut one, mut now) = (Budget::default(), Process::number(1), 0);
        prop_assert_eq!(one.make(&mut budget, waits, 1, at(0)), 1);
        for (passes, wanted) in acts {
            now = (now + passes).min(DAY_MS - 60_000);
            one.make(&mut budget, takes, wanted, at(now));
            let left = 4_500 - i64::from(budget.standing(&LIMITS, at(now)).day_used);
            let ahead = share * (DAY_MS - now) / DAY_MS;
            prop_assert!(left >= ahead.min(share - 1), "{left} of {ahead} at {now} ms");
        }
    }

    #[test]
    fn n6_whatever_three_processes_do_the_vendor_never_has_too_much(acts in days_work(), people_here: bool) {
        let queues = [Queue::People, Queue::Pages, WISE_PAY, COMPANY, SERVICE];
        let mut budget = Budget::default();
        let mut processes = [1, 2, 3].map(|number| Process { people_here, ..Process::number(number) });
        // Which process, since when.
        let mut under_way: Vec<(usize, Queue, i64)> = Vec::new();
        let (mut now, mut since, mut in_minute) = (0, 0, 0);
        for (process, queue, passes, act) in acts {
            now += passes;
            // No call lasts any longer.
            let is_over = |(_, _, began): &(usize, Queue, i64)| now - began >= 15_000;
            for (process, queue, _) in under_way.iter().filter(|call| is_over(call)) {
                processes[*process].purse.end(*queue, None);
            }
            under_way.retain(|call| !is_over(call));
            let own = under_way.iter().rposition(|(whose, ..)| *whose == process);
            let one = &mut processes[process];
            match (act, own) {
                (0, _) if one.purse.has_something_back(at(now)) => {
                    budget.give_back(&LIMITS, &one.purse.back(), at(now));
                }
                (1, Some(own)) => one.purse.end(under_way.remove(own).1, None),
                _ if one.begin(&mut budget, queues[queue], at(now)).is_ok() => {
                    under_way.push((process, queues[queue], now));
                    // The vendor's own fixed minute.
                    if in_minute == 0 || now - since >= 60_000 {
                        (since, in_minute) = (now, 0);
                    }
                    in_minute += 1;
                }
                _ => {}
            }
            prop_assert!(in_minute <= LIMITS.minute, "{in_minute} calls in one minute");
            prop_assert!(under_way.len() <= 5, "{} at once", under_way.len());
            let jobs = under_way.iter().filter(|(_, queue, _)| matches!(queue, Queue::Jobs(_))).count();
            prop_assert!(!people_here || jobs <= 2, "{jobs} jobs at once");
        }
    }
}
