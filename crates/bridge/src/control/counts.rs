//! What control counts. Counters only grow; who reads them sees them some time later.

use model::Cause;

use super::dial_plan::NotDialled;

/// Why the door is shut to a new call; the words are those of the configuration where a limit stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// Its network is not in `sip.allow`.
    Allow,
    /// The bridge is stopping.
    Stopping,
    /// There are `calls.max_calls`.
    MaxCalls,
    /// There are `calls.max_calls_per_source` from its address.
    MaxCallsPerSource,
    /// The mixer is at `calls.max_load`.
    MaxLoad,
    /// There were `calls.new_calls_per_second`.
    Rate,
    /// There were `calls.new_calls_per_second_per_source` from its address.
    RatePerSource,
}

impl Shut {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Allow,
        Self::Stopping,
        Self::MaxCalls,
        Self::MaxCallsPerSource,
        Self::MaxLoad,
        Self::Rate,
        Self::RatePerSource,
    ];

    /// Its word in metrics.
    pub fn text(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Stopping => "stopping",
            Self::MaxCalls => "max_calls",
            Self::MaxCallsPerSource => "max_calls_per_source",
            Self::MaxLoad => "max_load",
            Self::Rate => "new_calls_per_second",
            Self::RatePerSource => "new_calls_per_second_per_source",
        }
    }

    /// The answer.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Allow => 403,
            Self::Stopping
            | Self::MaxCalls
            | Self::MaxCallsPerSource
            | Self::MaxLoad
            | Self::Rate
            | Self::RatePerSource => 503,
        }
    }
}

/// Counters since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Calls that are over, by cause, refused ones too.
    ended: [u64; Cause::ALL.len()],
    /// New calls that the door was shut to, by reason.
    shut: [u64; Shut::ALL.len()],
    /// Calls that were asked for and not made, by reason.
    not_dialled: [u64; NotDialled::WORDS.len()],
    /// Calls that the bridge made.
    pub dialled: u64,
    /// Those of them that were answered.
    pub dialled_answered: u64,
    /// Meetings that are over.
    pub meetings: u64,
    /// Calls that left no record, since there were too many that nobody answered.
    pub withheld: u64,
    /// Calls that could not be taken because the store gave no more ids.
    pub without_id: u64,
    /// Events that nobody was told of because the store gave no more ids.
    pub events_without_id: u64,
    /// Wrong codes that were forgotten before their hour because a table was full.
    pub guesses_forgotten: u64,
    /// Codes whose answer was held back because too many of their DID group had been wrong.
    pub guesses_slowed: u64,
    /// Codes that opened no meeting on the fly, since their caller or address had opened as many as it may.
    pub meetings_unopened: u64,
    /// Keys that were not heard, since their caller sent more than anybody presses.
    pub keys_dropped: u64,
    /// Rosters put together for phones that show them, one for all that watch a meeting.
    pub rosters: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            ended: [0; Cause::ALL.len()],
            shut: [0; Shut::ALL.len()],
            not_dialled: [0; NotDialled::WORDS.len()],
            dialled: 0,
            dialled_answered: 0,
            meetings: 0,
            withheld: 0,
            without_id: 0,
            events_without_id: 0,
            guesses_forgotten: 0,
            guesses_slowed: 0,
            meetings_unopened: 0,
            keys_dropped: 0,
            rosters: 0,
        }
    }
}

impl Counts {
    pub(super) fn end(&mut self, cause: Cause) {
        self.ended[cause as usize] += 1;
    }

    pub(super) fn shut(&mut self, why: Shut) {
        self.shut[why as usize] += 1;
    }

    pub(super) fn not_dialled(&mut self, why: &NotDialled) {
        self.not_dialled[why.place()] += 1;
    }

    /// Calls that were asked for and not made, by the word of the reason.
    pub fn refused_to_dial(&self) -> impl Iterator<Item = (&'static str, u64)> {
        NotDialled::WORDS.into_iter().zip(self.not_dialled)
    }

    /// Calls that are over, by cause.
    pub fn ended(&self) -> impl Iterator<Item = (Cause, u64)> {
        Cause::ALL.iter().copied().zip(self.ended)
    }

    /// New calls that the door was shut to, by reason.
    pub fn shut_out(&self) -> impl Iterator<Item = (Shut, u64)> {
        Shut::ALL.into_iter().zip(self.shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_and_reason_is_counted_in_its_own_place() {
        let mut counts = Counts::default();
        for (n, cause) in Cause::ALL.iter().enumerate() {
            (0..=n).for_each(|_| counts.end(*cause));
        }
        for (n, why) in Shut::ALL.iter().enumerate() {
            (0..=n).for_each(|_| counts.shut(*why));
        }
        assert!(counts.ended().zip(1..).all(|((_, count), n)| count == n));
        assert!(counts.shut_out().zip(1..).all(|((_, count), n)| count == n));
    }
}
