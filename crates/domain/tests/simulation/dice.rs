//! Chance that follows from a seed: SplitMix64 (Steele, Lea, Flood 2014). Ours, so that a seed tells the same story
//! whatever version a crate has.

pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, and without, `end`.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    /// Both ends are possible.
    pub const fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from + 1).cast_unsigned()).cast_signed()
    }

    pub const fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn one_of<T: Copy, const N: usize>(&mut self, all: [T; N]) -> T {
        let place = self.below(N as u64);
        all[usize::try_from(place).unwrap_or(0)]
    }
}
