//! Polls.

use std::fmt;

/// How far a poll is; `pollingMode.status` of a Meeting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PollStatus {
    /// There is none.
    #[default]
    None = 0,
    /// Votes are counted.
    Open = 1,
    /// It is over, and its result stands.
    Closed = 2,
}

impl PollStatus {
    /// All of them, in wire order.
    pub const ALL: [Self; 3] = [Self::None, Self::Open, Self::Closed];

    /// Reads the wire number 0, 1 or 2.
    pub fn from_wire(number: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|status| i64::from(status.wire()) == number)
    }

    /// The wire number.
    pub fn wire(self) -> u8 {
        self as u8
    }
}

/// How many votes each digit has. Who gave them is not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([u32; 10]);

impl Tally {
    /// Counts one vote for a digit 0 to 9; anything else is no vote.
    pub fn add(&mut self, digit: u8) {
        if let Some(count) = self.0.get_mut(usize::from(digit)) {
            *count = count.saturating_add(1);
        }
    }

    /// Reads what stands in logs.
    pub fn read(text: &str) -> Option<Self> {
        let mut tally = Self::default();
        for votes in text.split_ascii_whitespace() {
            let (digit, count) = votes.split_once('=')?;
            *tally.0.get_mut(digit.parse::<usize>().ok()?)? = count.parse().ok()?;
        }
        Some(tally)
    }

    /// The digits that have votes and how many each has, in order of the digits.
    pub fn votes(self) -> impl Iterator<Item = (u8, u32)> {
        (0..).zip(self.0).filter(|(_, count)| *count > 0)
    }
}

/// As it stands in logs: `1=3 7=1`.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (digit, count)) in self.votes().enumerate() {
            let space = if n > 0 { " " } else { "" };
            write!(f, "{space}{digit}={count}")?;
        }
        Ok(())
    }
}

/// The poll of a meeting as readers see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Poll {
    /// How far it is.
    pub status: PollStatus,
    /// Its votes so far; none where there is no poll.
    pub tally: Tally,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_names_the_digits_that_have_votes() {
        let mut tally = Tally::default();
        assert_eq!(tally.to_string(), "");
        for digit in [7, 1, 1, 0, 10, 255] {
            tally.add(digit);
        }
        assert_eq!(tally.votes().collect::<Vec<_>>(), [(0, 1), (1, 2), (7, 1)]);
        assert_eq!(tally.to_string(), "0=1 1=2 7=1");
        assert_eq!(Tally::read("0=1 1=2 7=1"), Some(tally));
        assert_eq!(Tally::read(""), Some(Tally::default()));
        for wrong in ["1", "1=", "x=1", "10=1", "-1=1"] {
            assert_eq!(Tally::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn statuses_have_the_documented_numbers() {
        for (number, status) in (0..).zip(PollStatus::ALL) {
            assert_eq!(PollStatus::from_wire(number), Some(status));
        }
        assert_eq!(
            (PollStatus::from_wire(-1), PollStatus::from_wire(3)),
            (None, None)
        );
    }
}
