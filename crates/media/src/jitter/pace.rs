//! When a packet that is silent by all that is known is decoded all the same, for what is known may be wrong.
//!
//! Such a look comes every half second at first. Voice flags of SILK err on tones alone, and a stream that was silent at every look is
//! likely to go on so: its looks become rarer. A packet that is longer than its silent ones have been is then looked into at once, as sound
//! takes more bits, and the looks after it come as often as at first. So whatever the flags say, what sounds all the time goes unheard for
//! two seconds at most (2,000 ms and a packet), and for half a second (500 ms and a packet) where it came with longer packets, or within six
//! seconds after something was heard. Rarer looks are not for streams of a constant bit rate, whose sizes tell nothing, nor for silence that
//! does not show in the payload itself but is only told by the peer (RFC 6464): these have half a second for ever.
//!
//! Who is muted is looked into at this pace, too, whatever he says.

use crate::codec::{Codec, opus_packet};

/// Audio spared in a row, in ms, after which a packet is looked into. Up to eight steps more, by what the packet holds, so that phones
/// that began together are not looked into together; half a second at most.
const WAIT_MS: usize = 340;
const SPREAD: u8 = 9;
const SPREAD_STEP_MS: usize = 20;
/// Looks in a row that found silence after which the wait is doubled, and how often it is: after some six seconds it is two at most.
const CALM_LOOKS: u8 = 4;
const MOST_DOUBLED: u8 = 2;
/// The lowest bit rate of Opus, in bits a ms (RFC 6716, section 2.1.1): packets all of one size, but smaller, are not of a constant rate.
const LEAST_RATE: usize = 6;
/// The longest silent packet counts for an eighth less at each look at which none was as long, and one is longer that exceeds it by an
/// eighth and two bytes.
const PART: usize = 8;
const MARGIN: usize = 2;

/// The looks into one stream.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Samples spared in a row, and how many may be while nothing is doubled.
    spared: usize,
    wait: usize,
    /// Looks in a row that found silence.
    silent_looks: u8,
    sizes: Sizes,
}

impl Pace {
    /// Another stream comes.
    pub(super) fn restart(&mut self) {
        self.spared = 0;
        self.forget();
    }

    /// What the silence of the stream was like may be over.
    pub(super) fn forget(&mut self) {
        self.silent_looks = 0;
        self.sizes = Sizes::default();
    }

    /// Samples spared in a row just now.
    pub(super) const fn spared(&self) -> usize {
        self.spared
    }

    /// Whether no look has found silence yet.
    pub(super) const fn is_new(&self) -> bool {
        self.silent_looks == 0
    }

    /// Whether a packet that is silent by all that is known, or that nobody is to hear, is spared; else it is to be looked into.
    pub(super) fn spares(&mut self, codec: Codec, payload: &[u8]) -> bool {
        self.spared < self.most(codec, payload)
    }

    /// Samples that may be spared before this packet.
    fn most(&mut self, codec: Codec, payload: &[u8]) -> usize {
        if !shows_silence(codec, payload) {
            return self.wait;
        }
        self.sizes.note(payload.len());
        let doubled = (self.silent_looks / CALM_LOOKS).min(MOST_DOUBLED);
        match self.sizes.tell(codec, payload) {
            Size::Longer if doubled > 0 => {
                self.silent_looks = 0;
                0
            }
            Size::Longer | Size::Constant => self.wait,
            Size::Usual => self.wait << doubled,
        }
    }

    /// A packet was spared.
    pub(super) const fn spare(&mut self, samples: usize) {
        self.spared = self.spared.saturating_add(samples);
    }

    /// A packet is decoded: from here on it is counted anew. Returns whether anything was spared before it.
    pub(super) fn begin(&mut self, codec: Codec, payload: &[u8]) -> bool {
        let spread = payload.last().map_or(0, |last| usize::from(last % SPREAD));
        self.wait = (WAIT_MS + SPREAD_STEP_MS * spread) * per_ms(codec);
        std::mem::take(&mut self.spared) > 0
    }

    /// What was decoded: a packet that was `looked` into or another, and whether there was something to hear.
    pub(super) fn heard(&mut self, looked: bool, is_audible: bool) {
        if is_audible {
            self.forget();
        } else if looked {
            self.silent_looks = self.silent_looks.saturating_add(1);
            self.sizes.confirm();
        }
    }
}

/// Whether the payload itself says that there is no voice in it.
fn shows_silence(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Pcmu | Codec::Pcma | Codec::G722 => false,
        Codec::Opus(_) => opus_packet::is_pause(payload),
    }
}

fn per_ms(codec: Codec) -> usize {
    codec.rate().hz() as usize / 1_000
}

/// What the size of a packet tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    /// It is like those of silence.
    Usual,
    /// Longer than those of silence.
    Longer,
    /// Nothing: all are alike.
    Constant,
}

/// Sizes of silent packets, in bytes.
#[derive(Debug, Default)]
struct Sizes {
    /// The longest of those that looks found silent, or that lay between such.
    longest: usize,
    /// All between the last two looks were of one size.
    constant: bool,
    /// The shortest and the longest since the last look.
    since: Option<(usize, usize)>,
}

impl Sizes {
    /// One more came.
    fn note(&mut self, size: usize) {
        let (least, most) = self.since.unwrap_or((size, size));
        self.since = Some((least.min(size), most.max(size)));
    }

    /// A look found silence: so were those before it.
    fn confirm(&mut self) {
        if let Some((least, most)) = self.since.take() {
            self.longest = most.max(self.longest - self.longest / PART);
            self.constant = least == most;
        }
    }

    fn tell(&self, codec: Codec, payload: &[u8]) -> Size {
        let (size, ms) = (payload.len(), codec.duration(payload) / per_ms(codec));
        if size > self.longest + self.longest / PART + MARGIN {
            Size::Longer
        } else if self.constant && 8 * size >= LEAST_RATE * ms {
            Size::Constant
        } else {
            Size::Usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Rate;

    const CODEC: Codec = Codec::Opus(Rate::Hz16000);
    /// Packets a second.
    const SECOND: usize = 50;

    /// 20 ms of SILK without a voice, in so many bytes.
    fn packet(size: usize) -> Vec<u8> {
        let mut packet = vec![0; size];
        packet[0] = 9 << 3;
        packet
    }

    /// Lets a packet come of which all is known for silence, and is; whether it is looked into.
    fn come(pace: &mut Pace, payload: &[u8]) -> bool {
        if pace.spares(CODEC, payload) {
            pace.spare(CODEC.duration(payload));
            return false;
        }
        pace.begin(CODEC, payload);
        pace.heard(true, false);
        true
    }

    /// How often it is looked into within so many packets of these sizes, over and over.
    fn looks(pace: &mut Pace, sizes: &[usize], packets: usize) -> usize {
        let coming = sizes.iter().cycle().take(packets);
        coming.filter(|size| come(pace, &packet(**size))).count()
    }

    #[test]
    fn looks_become_rarer_where_sizes_tell_something_and_stay_as_they_are_where_not() {
        for (name, sizes, rare) in [
            ("digital silence", &[8, 8, 8][..], true),
            ("noise", &[60, 67, 63, 71, 66, 61, 64][..], true),
            ("a constant bit rate", &[80][..], false),
            ("the lowest constant bit rate", &[15][..], false),
        ] {
            let mut pace = Pace::default();
            let first = looks(&mut pace, sizes, 2 * SECOND);
            assert!((5..=6).contains(&first), "{name}: {first} in two seconds");
            looks(&mut pace, sizes, 10 * SECOND);
            let later = looks(&mut pace, sizes, 20 * SECOND);
            let expected = if rare { 13..=15 } else { 50..=60 };
            assert!(expected.contains(&later), "{name}: {later} in twenty seconds");
        }
    }

    #[test]
    fn a_longer_packet_is_looked_into_at_once_and_one_that_is_not_is_within_two_seconds() {
        let noise = [60, 67, 63, 71, 66, 61, 64];
        for (silence, sound, packets) in [
            (&[8][..], 24, 1),
            (&noise[..], 84, 1),
            (&noise[..], 70, 2 * SECOND),
            (&[80][..], 80, SECOND / 2),
        ] {
            for passed in 0..100 {
                let mut pace = Pace::default();
                looks(&mut pace, silence, 20 * SECOND + passed);
                let seen = (1..=packets).find(|_| come(&mut pace, &packet(sound)));
                assert!(seen.is_some(), "{silence:?}, then {sound}, after {passed}");
            }
        }
    }

    #[test]
    fn a_sound_that_swells_slowly_is_looked_into_every_two_seconds_at_least() {
        let mut pace = Pace::default();
        looks(&mut pace, &[40, 44], 20 * SECOND);
        // A byte more every second: no packet is much longer than the one before it.
        let mut unseen = 0;
        for n in 0..40 * SECOND {
            let looked = come(&mut pace, &packet(44 + n / SECOND));
            unseen = if looked { 0 } else { unseen + 1 };
            assert!(unseen < 2 * SECOND, "after {n} packets");
        }
    }

    #[test]
    fn what_is_heard_and_another_stream_bring_the_old_pace_back() {
        type End = fn(&mut Pace);
        for (name, end) in [
            ("a sound", (|pace| pace.heard(false, true)) as End),
            ("another stream", Pace::restart),
            ("packets that nobody has seen", Pace::forget),
        ] {
            let mut pace = Pace::default();
            looks(&mut pace, &[8], 20 * SECOND);
            end(&mut pace);
            let count = looks(&mut pace, &[8], SECOND);
            assert!((2..=3).contains(&count), "{name}: {count} in a second");
        }
    }

    #[test]
    fn silence_that_is_only_told_of_is_looked_into_at_the_old_pace() {
        // CELT, which shows nothing of itself, and a voice of SILK.
        for payload in [[31 << 3, 1, 2], [9 << 3, 0x80, 2]] {
            let mut pace = Pace::default();
            let mut twenty_seconds = || (0..20 * SECOND).filter(|_| come(&mut pace, &payload)).count();
            twenty_seconds();
            let count = twenty_seconds();
            assert!((38..=60).contains(&count), "{payload:?}: {count} looks");
        }
    }
}
