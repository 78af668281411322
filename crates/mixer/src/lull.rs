//! How long there has been nothing but the noise of the line in a room: then what its legs are sent is what all others are who hear nothing
//! else, and costs nothing more.

/// Ticks of that: half a second, behind the half that the floor is kept for. Encoders that heard different things before are alike by
/// then, so that nothing is heard of the change; and who only takes a breath is not worth it.
const LONG: u64 = 25;
/// Ticks behind that in which decoders come to remember nothing of what they heard before.
const FORGETS: u64 = 25;

/// What there is of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lull {
    /// Number of the first tick behind the last sound.
    since: u64,
    is_long: bool,
    /// Where it was long in the tick before: since when it had lasted.
    before: Option<u64>,
}

impl Lull {
    /// That of a room in which nothing was said yet: nobody has heard its encoders.
    pub(crate) const fn new() -> Self {
        Self {
            since: 0,
            is_long: true,
            before: Some(0),
        }
    }

    /// Goes on to tick number `tick`, in which the room is quiet or not.
    pub(crate) fn follow(&mut self, tick: u64, is_quiet: bool) {
        self.before = self.is_long.then_some(self.since);
        if is_quiet {
            self.is_long |= self.since + LONG <= tick;
        } else {
            (self.since, self.is_long) = (tick + 1, false);
        }
    }

    /// Whether it has lasted for so long that the room is sent as the noise of the line.
    pub(crate) const fn is_long(self) -> bool {
        self.is_long
    }

    /// Whether decoders still remember in tick number `tick` what the room's own encoders made.
    pub(crate) const fn is_remembered(self, tick: u64) -> bool {
        tick < self.since + LONG + FORGETS
    }

    /// Where it was long in the tick before: in which tick it had begun.
    pub(crate) const fn before(self) -> Option<u64> {
        self.before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_long_from_the_beginning_and_half_a_second_behind_each_sound() {
        let (mut lull, mut tick) = (Lull::new(), 1_000);
        let mut follow = |ticks: usize, is_quiet| {
            let follow = |_| {
                lull.follow(tick, is_quiet);
                tick += 1;
                (lull.before(), lull.is_long())
            };
            (0..ticks).map(follow).collect::<Vec<_>>()
        };
        assert_eq!(follow(2, true), [(Some(0), true); 2]);
        assert_eq!(follow(2, false), [(Some(0), false), (None, false)]);
        assert_eq!(follow(25, true), [(None, false); 25]);
        assert_eq!(follow(1, false), [(None, false)]);
        assert_eq!(follow(25, true), [(None, false); 25]);
        assert_eq!(follow(300, true)[..2], [(None, true), (Some(1_030), true)]);
        assert_eq!(follow(1, false), [(Some(1_030), false)]);
    }

    #[test]
    fn what_was_heard_before_is_remembered_for_another_half_second() {
        let mut lull = Lull::new();
        assert!(!lull.is_remembered(1_000));
        lull.follow(1_000, false);
        assert!(lull.is_remembered(1_050) && !lull.is_remembered(1_051));
    }
}
