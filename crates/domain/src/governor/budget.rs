//! What is left of a vendor's limits, as all processes know it, and who may have how much of it.

use super::{Allowance, HANDFUL, Heard, Limits, Problem, Queue, Refused, window::Window};
use crate::lane::Lane;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The vendor's minute begins when our first call arrives there, and ours when it is leased. Ours is longer, so that no
/// call of the next one arrives in the vendor's last; and its end goes unused, so that none of its own arrives too late.
const MINUTE: TimeDelta = TimeDelta::milliseconds(60_750);
const MINUTE_USED: TimeDelta = TimeDelta::milliseconds(59_500);
const DAY: TimeDelta = TimeDelta::seconds(24 * 60 * 60 + 30);
/// Leased calls are begun within so long, or lost.
const FRESH: TimeDelta = TimeDelta::seconds(5);
/// The places of a process that died are free after this long: a call takes 15 s at most, and may begin at the end of its
/// lease.
const PLACE_LIFE: TimeDelta = TimeDelta::seconds(21);
/// Of the places, so many are always left to people and pages, and pages take no more than those.
const PEOPLE_PLACES: (u32, u32) = (3, 5);
const PAGE_PLACES: (u32, u32) = (2, 5);
/// A day is shared in tenths.
const TENTHS: u32 = 10;
/// Of the minute, jobs may have a sixth at once; the rest is kept for people, and set free as the minute passes.
const PEOPLE_OF_MINUTE: (u32, u32) = (5, 6);
/// When a place may have come free.
const PLACE_GAP: TimeDelta = TimeDelta::milliseconds(250);
/// When a page may ask again: no sooner than it gives up.
const PAGE_GAP: TimeDelta = TimeDelta::seconds(1);
/// How many calls pages want is seen over so long at least.
const PAGES_SEEN: TimeDelta = TimeDelta::seconds(15);
/// When another lane's share may be used up, or its work done.
const SHARE_GAP: TimeDelta = TimeDelta::seconds(4);
/// When so much of what a lane keeps of the day is set free that the other may ask again.
const DAY_GAP: TimeDelta = TimeDelta::minutes(10);
/// Whoever is sent away comes again when so many calls are free: each question is a transaction.
const FREE_AT_ONCE: u32 = 3;

/// The state of the calls that a vendor counts together. Kept whole, read and written in one short transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    minute: Window,
    day: Window,
    /// Of this minute's calls, those of each queue.
    by: [u32; Queue::COUNT],
    /// Of this day's.
    day_by: [u32; Queue::COUNT],
    /// Pages that got none.
    pages_sent_away: u32,
    /// What people wanted in the minute before, or pages that led them to it.
    wanted_before: u32,
    /// When jobs of each lane last asked.
    asked: [Option<DateTime<Utc>>; Lane::ALL.len()],
    /// Nobody calls before.
    stop: Option<DateTime<Utc>>,
    /// No job does.
    jobs_stop: Option<DateTime<Utc>>,
    /// When the vendor last said that it were too many, and of what.
    refused: Option<(DateTime<Utc>, Problem)>,
    places: Vec<Places>,
}

/// In which a process may have calls under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Places {
    holder: Uuid,
    /// Of each kind.
    count: [u32; Queue::KINDS],
    until: DateTime<Utc>,
}

/// What a process tells of the lease that it had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    pub holder: Uuid,
    /// Which minute it was of.
    pub minute: Option<DateTime<Utc>>,
    /// Calls of each queue that it had, and does not want any more.
    pub unused: [u32; Queue::COUNT],
    /// Places of each kind that are taken.
    pub running: [u32; Queue::KINDS],
    /// The places that it goes on holding.
    pub kept: [u32; Queue::KINDS],
    pub heard: Option<Heard>,
}

/// A process that wants calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub queue: Queue,
    pub calls: u32,
    /// People use this budget, too: jobs leave them their part.
    pub people_here: bool,
    pub back: Back,
}

/// What a process gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub calls: u32,
    /// All that it has then.
    pub places: [u32; Queue::KINDS],
    pub minute: Option<DateTime<Utc>>,
    /// Calls that were not begun by then are lost.
    pub fresh_until: DateTime<Utc>,
    /// Of nothing: when to ask again.
    pub again_at: DateTime<Utc>,
}

/// How it stands, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub minute_used: u32,
    pub day_used: u32,
    /// Nobody calls before.
    pub stopped_until: Option<DateTime<Utc>>,
    pub refused: Option<(DateTime<Utc>, Problem)>,
}

impl Budget {
    /// Hands out a few calls, with a place to make them in.
    pub fn lease(&mut self, limits: &Limits, ask: &Ask, now: DateTime<Utc>) -> Grant {
        self.settle(limits, &ask.back, now);
        if let Queue::Jobs(lane) = ask.queue {
            self.asked[lane.place()] = Some(now);
        }
        let (room, again_at) = self.room(limits, ask, now);
        let places = self.places_for(limits, ask);
        let has_place = places[ask.queue.kind()] > ask.back.running[ask.queue.kind()];
        let calls = if has_place { ask.calls.min(room) } else { 0 };
        if calls == 0 && ask.queue == Queue::Pages {
            self.pages_sent_away += 1;
        }
        if calls > 0 {
            self.minute.take(calls, now);
            self.day.take(calls, now);
            self.by[ask.queue.place()] += calls;
            self.day_by[ask.queue.place()] += calls;
        }
        let count = if calls > 0 { places } else { ask.back.kept };
        self.hold(ask.back.holder, count, now);
        let used_until = self.minute.since.map_or(now, |since| since + MINUTE_USED);
        Grant {
            calls,
            places: count,
            minute: self.minute.since,
            fresh_until: (now + FRESH).min(used_until),
            again_at: if room > 0 { now + PLACE_GAP } else { again_at },
        }
    }

    /// Takes back what a process does not need.
    pub fn give_back(&mut self, limits: &Limits, back: &Back, now: DateTime<Utc>) {
        self.settle(limits, back, now);
        self.hold(back.holder, back.kept, now);
    }

    /// What is used of each limit, as far as we know.
    #[must_use]
    pub fn standing(&self, limits: &Limits, now: DateTime<Utc>) -> Standing {
        let mut at = self.clone();
        at.roll(now);
        Standing {
            minute_used: limits.minute - at.minute.left(limits.minute),
            day_used: at.day.leased.min(limits.of_day()),
            stopped_until: at.stop.filter(|until| *until > now),
            refused: at.refused,
        }
    }

    fn roll(&mut self, now: DateTime<Utc>) {
        if self.minute.roll(now, MINUTE) {
            self.wanted_before = self.by[Queue::People.place()].max(self.pages_wanted());
            (self.by, self.pages_sent_away) = ([0; Queue::COUNT], 0);
        }
        if self.day.roll(now, DAY) {
            self.day_by = [0; Queue::COUNT];
        }
    }

    const fn pages_wanted(&self) -> u32 {
        self.by[Queue::Pages.place()] + self.pages_sent_away
    }

    /// What its lease of before has come to.
    fn settle(&mut self, limits: &Limits, back: &Back, now: DateTime<Utc>) {
        self.roll(now);
        let unused: u32 = back.unused.iter().sum();
        if back.minute.is_some() && back.minute == self.minute.since {
            self.minute.put_back(unused);
            less(&mut self.by, &back.unused);
        }
        self.day.put_back(unused);
        less(&mut self.day_by, &back.unused);
        if let Some(heard) = &back.heard {
            self.hear(limits, heard);
        }
        self.places.retain(|places| places.holder != back.holder && places.until > now);
    }

    fn hold(&mut self, holder: Uuid, count: [u32; Queue::KINDS], now: DateTime<Utc>) {
        if count.iter().any(|places| *places > 0) {
            self.places.push(Places { holder, count, until: now + PLACE_LIFE });
        }
    }

    /// The vendor's own count is the truth (`wire/accounting.md`, 4.6). An answer that refuses says what must be waited for,
    /// and its counts add nothing to that.
    fn hear(&mut self, limits: &Limits, heard: &Heard) {
        let Allowance { minute_left, day_left, app_minute_left, refused } = heard.said;
        if let Some(refused) = refused {
            return self.refuse(limits, refused, heard.heard_at);
        }
        if minute_left.is_some_and(|left| self.minute.hear(left, limits.minute, heard.sent_at)) {
            (self.by, self.pages_sent_away) = ([0; Queue::COUNT], 0);
        }
        if day_left.is_some_and(|left| self.day.hear(left, limits.of_day(), heard.sent_at)) {
            self.day_by = [0; Queue::COUNT];
        }
        if app_minute_left.zip(limits.app_minute).is_some_and(|(left, all)| left < all / 10) {
            self.jobs_stop = self.jobs_stop.max(Some(heard.sent_at + MINUTE));
        }
    }

    fn refuse(&mut self, limits: &Limits, refused: Refused, at: DateTime<Utc>) {
        let Refused { problem, retry_after } = refused;
        let unsaid = match problem {
            Problem::Concurrent => TimeDelta::seconds(1),
            Problem::Day => TimeDelta::hours(1),
            Problem::Minute | Problem::AppMinute | Problem::Unsaid => MINUTE,
        };
        let until = at + retry_after.map_or(unsaid, |after| after + TimeDelta::seconds(1));
        match problem {
            Problem::Minute => self.minute.close(until, MINUTE, limits.minute),
            Problem::Day => self.day.close(until, DAY, limits.of_day()),
            _ => {}
        }
        self.stop = self.stop.max(Some(until));
        self.refused = Some((at, problem));
    }

    /// How many calls a queue may have now, and when there may be more.
    fn room(&self, limits: &Limits, ask: &Ask, now: DateTime<Utc>) -> (u32, DateTime<Utc>) {
        let jobs_stop = self.jobs_stop.filter(|_| ask.queue != Queue::People);
        if let Some(until) = self.stop.max(jobs_stop).filter(|until| *until > now) {
            return (0, until);
        }
        let minute_end = self.minute.since.map_or(now, |since| since + MINUTE);
        let left = self.minute.left(limits.minute);
        if left == 0 || self.minute.since.is_some_and(|since| now >= since + MINUTE_USED) {
            return (0, minute_end);
        }
        let (of_day, day_again_at) = self.room_of_day(limits, ask, now);
        if of_day == 0 {
            return (0, day_again_at);
        }
        // When little is left, one at a time: what one process hears of the vendor, the others know before they call.
        let most = of_day.min(HANDFUL).min((left / 8).max(1));
        let kept = self.kept(limits, ask, now);
        let open = left.saturating_sub(kept);
        match ask.queue {
            Queue::People => (left.min(most), minute_end),
            Queue::Pages => (open.min(most), (now + PAGE_GAP).min(minute_end)),
            Queue::Jobs(_) if open == 0 => {
                let missing = i32::try_from(kept + FREE_AT_ONCE - left).unwrap_or(i32::MAX);
                (0, (now + step(limits) * missing).min(minute_end))
            }
            Queue::Jobs(lane) => (self.share(lane, open, now).min(open).min(most), (now + SHARE_GAP).min(minute_end)),
        }
    }

    /// The same of the day. A tenth is always kept for people and for what follows of their payments; a lane takes of the
    /// rest what the others will not want of their shares.
    fn room_of_day(&self, limits: &Limits, ask: &Ask, now: DateTime<Utc>) -> (u32, DateTime<Utc>) {
        let Some(day) = limits.day else { return (u32::MAX, now) };
        let end = self.day.since.map_or(now, |since| since + DAY);
        let left = self.day.left(day);
        let tenth = if ask.people_here { part_of_day(day, Lane::UserAction) } else { 0 };
        let open = left.saturating_sub(tenth);
        match ask.queue {
            Queue::People | Queue::Jobs(Lane::UserAction) => (left, end),
            Queue::Pages => (open, end),
            Queue::Jobs(_) if open == 0 => (0, end),
            Queue::Jobs(lane) => {
                let others = Lane::ALL.into_iter().filter(|other| ![lane, Lane::UserAction].contains(other));
                let wanted: u32 = others.map(|other| self.wanted_of_day(day, open, other, now)).sum();
                (open.saturating_sub(wanted), (now + DAY_GAP).min(end))
            }
        }
    }

    /// What a lane has not had of its share, as far as it could want that until the day's end; nothing, when it has asked for
    /// nothing within a day. Where `open` calls and what lanes have had are less than the day's, because the vendor gives
    /// less or others have used it, it is a share of those.
    fn wanted_of_day(&self, day: u32, open: u32, lane: Lane, now: DateTime<Utc>) -> u32 {
        if self.asked[lane.place()].is_none_or(|asked| now - asked >= DAY) {
            return 0;
        }
        let had = |lane: Lane| u64::from(self.day_by[Queue::Jobs(lane).place()]);
        let part = |lane: Lane| u64::from(part_of_day(day, lane));
        let there = u64::from(open) + had(Lane::CompanySync) + had(Lane::Background);
        let parts = part(Lane::CompanySync) + part(Lane::Background);
        let share = (there * part(lane) / parts.max(1)).min(part(lane));
        let past = self.day.since.map_or(TimeDelta::zero(), |since| (now - since).clamp(TimeDelta::zero(), DAY));
        let ahead = (DAY - past).num_milliseconds().unsigned_abs();
        let ahead = share * ahead / DAY.num_milliseconds().unsigned_abs();
        u32::try_from(ahead.min(share.saturating_sub(had(lane)))).unwrap_or(u32::MAX)
    }

    /// Of what is left of the minute, what people could want until its end. Whatever they did not want is set free. Jobs leave
    /// them most of it, because they can wait. Pages leave what was wanted in the minute before, or as much as people and
    /// pages want in this one: who opens a page may press its button next.
    fn kept(&self, limits: &Limits, ask: &Ask, now: DateTime<Utc>) -> u32 {
        if !ask.people_here {
            return 0;
        }
        let used = MINUTE_USED.num_milliseconds().unsigned_abs();
        let past = self.minute.since.map_or(TimeDelta::zero(), |since| (now - since).max(TimeDelta::zero()));
        let least = if ask.queue == Queue::Pages {
            let seen = self.by[Queue::People.place()].max(self.pages_wanted());
            let over = past.max(PAGES_SEEN).num_milliseconds().unsigned_abs();
            u32::try_from(u64::from(seen) * used / over * 5 / 4).unwrap_or(u32::MAX)
        } else {
            let (part, whole) = PEOPLE_OF_MINUTE;
            limits.minute * part / whole
        };
        // Never all of it: a minute that nobody may begin would never end.
        let most = limits.minute - limits.minute / 20;
        let pace = (self.wanted_before + self.wanted_before / 10).max(least).min(most);
        let ahead = (MINUTE_USED - past).num_milliseconds().max(0).unsigned_abs();
        let kept = (u64::from(pace) * ahead).div_ceil(used);
        // And one for whoever comes at the very end.
        u32::try_from(kept).map_or(pace, |kept| kept + u32::from(ahead > 0))
    }

    /// What a lane may have of what is open to jobs: its share by weight, and that of lanes that want nothing.
    fn share(&self, lane: Lane, open: u32, now: DateTime<Utc>) -> u32 {
        let by_jobs: u32 = self.by.iter().skip(Queue::Jobs(Lane::UserAction).place()).sum();
        let wants = |other: Lane| other == lane || self.asked[other.place()].is_some_and(|asked| now - asked < MINUTE);
        let wanting: u32 = Lane::ALL.into_iter().filter(|other| wants(*other)).map(weight).sum();
        let mine = ((open + by_jobs) * weight(lane)).div_ceil(wanting);
        mine.saturating_sub(self.by[Queue::Jobs(lane).place()])
    }

    /// The places with which the lease goes on: those that it has, and as many more as there are and it needs. The last one
    /// is left to whoever has none.
    fn places_for(&self, limits: &Limits, ask: &Ask) -> [u32; Queue::KINDS] {
        let (kind, mut places) = (ask.queue.kind(), ask.back.kept);
        let held = |kind: usize| self.places.iter().map(|others| others.count[kind]).sum::<u32>() + ask.back.kept[kind];
        let taken: u32 = (0..Queue::KINDS).map(held).sum();
        let last = u32::from(places.iter().any(|count| *count > 0));
        let of_all = |(part, whole): (u32, u32)| limits.concurrent * part / whole;
        let most = match ask.queue {
            Queue::Pages => of_all(PAGE_PLACES),
            Queue::Jobs(_) if ask.people_here => limits.concurrent - of_all(PEOPLE_PLACES),
            Queue::People | Queue::Jobs(_) => limits.concurrent,
        };
        let free = limits.concurrent.saturating_sub(taken + last).min(most.saturating_sub(held(kind)));
        let unused = places[kind].saturating_sub(ask.back.running[kind]);
        places[kind] += free.min(ask.calls.saturating_sub(unused));
        places
    }
}

/// The weights of `wire/accounting.md`, 4.6.
const fn weight(lane: Lane) -> u32 {
    match lane {
        Lane::UserAction => 3,
        Lane::CompanySync => 2,
        Lane::Background => 1,
    }
}

/// What a lane has of a day, by the same.
const fn part_of_day(day: u32, lane: Lane) -> u32 {
    let tenths = match lane {
        Lane::UserAction => 1,
        Lane::CompanySync => 5,
        Lane::Background => 4,
    };
    day / TENTHS * tenths
}

/// Takes back what was not used.
fn less(by: &mut [u32; Queue::COUNT], unused: &[u32; Queue::COUNT]) {
    for (by, unused) in by.iter_mut().zip(unused) {
        *by = by.saturating_sub(*unused);
    }
}

/// How often a call that was kept for people is set free.
pub(super) fn step(limits: &Limits) -> TimeDelta {
    let (part, whole) = PEOPLE_OF_MINUTE;
    let calls = i32::try_from((limits.minute * part / whole).max(1)).unwrap_or(i32::MAX);
    MINUTE_USED / calls
}
