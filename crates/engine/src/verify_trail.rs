//! Is the audit trail of each merchant whole? Every hash is computed anew, and each line is held against the row that it
//! tells of. A line that is changed, missing or out of its place is named (N15).

use crate::{
    Engine, Error,
    audit_rows::{Act, Rows},
    audit_words::{AUTHORITY_GIVEN, PAYMENT_STARTED, words},
    verify_books::Verified,
};
use chrono::TimeDelta;
use std::cmp::Ordering;
use store::{AuditHead, AuditLine, MerchantDb};

const LINES_AT_ONCE: u64 = 1_000;
/// A slip that waits for longer is sealed by nobody.
const UNSEALED_MAX: TimeDelta = TimeDelta::minutes(15);

impl Engine {
    pub(crate) async fn verify_trail(&self, db: &MerchantDb, verified: &mut Verified) -> Result<(), Error> {
        // In this order: what is written and sealed meanwhile is counted once or twice, and never not at all.
        let (consents, authorities) = (db.consents_count().await?, db.authorities_count().await?);
        let mut started = db.audit_slips_count(PAYMENT_STARTED).await?;
        let mut given = db.audit_slips_count(AUTHORITY_GIVEN).await?;
        let mut walk = Walk::whole(db.audit_head().await?);
        loop {
            let lines = db.audit_lines_after(walk.sequence, LINES_AT_ONCE).await?;
            if lines.is_empty() {
                break;
            }
            walk.steps(&lines);
            let begun = lines.iter().filter(|line| line.kind == PAYMENT_STARTED).count();
            started += u64::try_from(begun).unwrap_or(u64::MAX);
            verified.lines += u64::try_from(lines.len()).unwrap_or(u64::MAX);
            let acts: Vec<_> = lines.iter().map(Act::from).collect();
            let rows = Rows::of_acts(db, &acts).await?;
            let signed = acts.iter().filter(|act| rows.tells_of_authority(act)).count();
            given += u64::try_from(signed).unwrap_or(u64::MAX);
            walk.differences.extend(acts.iter().filter_map(|act| rows.differs(act, self.now())));
        }
        walk.end(db.audit_head().await?.as_ref());
        if consents > started {
            walk.differences.push(format!("{} payment(s) have no line in the audit trail", consents - started));
        }
        if authorities > given {
            let untold = authorities - given;
            walk.differences.push(format!("of {untold} account(s), the authority has no line in the audit trail"));
        }
        let waiting = db.audit_slips_before(self.now() - UNSEALED_MAX).await?;
        if waiting > 0 {
            walk.differences.push(format!("{waiting} act(s) have waited too long to be sealed into the audit trail"));
        }
        if walk.sequence > 0 {
            verified.trails.push(format!("line {}, {}", walk.sequence, walk.hash));
        }
        verified.differences.append(&mut walk.differences);
        Ok(())
    }
}

/// A walk along the trail, line by line.
pub(crate) struct Walk {
    /// The last line that was seen, or the one before the first.
    pub sequence: i64,
    hash: String,
    /// The newest line, as it was known when the walk began.
    head: Option<AuditHead>,
    /// One sentence each.
    pub differences: Vec<String>,
}

impl Walk {
    pub(crate) fn whole(head: Option<AuditHead>) -> Self {
        Self::after(0, String::new(), head)
    }

    /// From behind a line with this number and hash.
    pub(crate) fn after(sequence: i64, hash: String, head: Option<AuditHead>) -> Self {
        Self { sequence, hash, head, differences: Vec::new() }
    }

    pub(crate) fn steps(&mut self, lines: &[AuditLine]) {
        for line in lines {
            self.step(line);
        }
    }

    fn step(&mut self, line: &AuditLine) {
        let next = self.sequence + 1;
        match line.sequence.cmp(&next) {
            Ordering::Equal if line.follows(&self.hash) => {}
            Ordering::Equal => self.differs(line, "is not as it was sealed, or does not follow from the one before"),
            // What followed from a line that is not there cannot be computed.
            Ordering::Greater => self.miss(next, line.sequence - 1),
            Ordering::Less => self.differs(line, "has no place in it"),
        }
        if self.head.as_ref().is_some_and(|head| head.sequence == line.sequence && head.hash != line.hash) {
            self.differs(line, "is not the one that was sealed last");
        }
        self.sequence = line.sequence;
        self.hash.clone_from(&line.hash);
    }

    /// `now` is the newest line by now: others may have been sealed during the walk.
    pub(crate) fn end(&mut self, now: Option<&AuditHead>) {
        let known = self.head.as_ref().map_or(0, |head| head.sequence);
        match now {
            None if self.sequence > 0 => self.differences.push("the audit trail does not know its end".into()),
            Some(now) if self.sequence > now.sequence => {
                self.differences.push(format!("the audit trail has lines behind line {}, its last one", now.sequence));
            }
            _ if known > self.sequence => self.miss(self.sequence + 1, known),
            _ => {}
        }
    }

    fn differs(&mut self, line: &AuditLine, how: &str) {
        let (number, what) = (line.sequence, words(&line.kind));
        self.differences.push(format!("line {number} of the audit trail ({what}) {how}"));
    }

    fn miss(&mut self, from: i64, to: i64) {
        self.differences.push(match from == to {
            true => format!("line {from} of the audit trail is missing"),
            false => format!("lines {from} to {to} of the audit trail are missing"),
        });
    }
}
