//! A fixed window of time in which so many calls are let through.

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Window {
    since_ms: i64,
    pub used: u32,
}

impl Window {
    /// Starts with its first call, and anew when it is over (or the demo's clock was set back).
    pub fn roll(&mut self, now_ms: i64, length_ms: i64) {
        if self.used == 0 || !(self.since_ms..self.since_ms + length_ms).contains(&now_ms) {
            *self = Self { since_ms: now_ms, used: 0 };
        }
    }

    pub fn seconds_left(&self, now_ms: i64, length_ms: i64) -> i64 {
        (self.since_ms + length_ms - now_ms + 999) / 1000
    }
}
