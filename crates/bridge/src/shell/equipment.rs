//! Which encoders the mixer has been brought: making one takes its time, so none is made in the audio path.

use std::collections::{HashMap, HashSet};

use media::{Encoder, Format, Quality, Session};
use mixer::{Audience, LegKey, RoomKey};

/// Loss on the way to a phone from which on redundancy is worth its bits, and below which it is not any more, in 1/256: 2 % and 1 %.
const WORTH_IT: u8 = 5;
const NOT_WORTH_IT: u8 = 3;
/// Loss that the redundancy is made for: light, and heavy from 10 % on. Light is 10, though it begins at 2: for 5 and less libopus makes
/// none where the bit rate does not bear it in the band that is coded, as at 32 kbit/s in full band; for more it narrows the band
/// until there is room (`decide_fec` in its opus_encoder.c).
const LIGHT_PERCENT: u8 = 10;
const HEAVY_PERCENT: u8 = 20;
const HEAVY: u8 = 26;

/// What is known of one leg.
#[derive(Debug)]
pub(super) struct Leg {
    format: Format,
    redundancy: bool,
    room: Option<RoomKey>,
}

/// Every leg's format, and every encoder brought for those who hear the same.
#[derive(Debug, Default)]
pub(super) struct Equipment {
    legs: HashMap<LegKey, Leg>,
    brought: HashMap<Option<RoomKey>, HashSet<Format>>,
}

/// Encoders to bring before something else is done.
pub(super) type Bring = Vec<(Audience, Encoder)>;

impl Equipment {
    /// A leg comes, or what was agreed for it changes: its encoder, and those that it shares.
    pub(super) fn agreed(&mut self, leg: LegKey, session: &Session) -> (Encoder, Bring) {
        let known = self.legs.entry(leg).or_insert(Leg {
            format: session.format,
            redundancy: false,
            room: None,
        });
        known.format = session.format;
        known.redundancy = session.redundancy;
        let room = known.room;
        (Encoder::new(session.format), self.bring(session.format, room))
    }

    /// A leg goes into a room.
    pub(super) fn joined(&mut self, leg: LegKey, room: RoomKey) -> Bring {
        let Some(known) = self.legs.get_mut(&leg) else {
            return Bring::new();
        };
        known.room = Some(room);
        let format = known.format;
        self.bring(format, Some(room))
    }

    /// What a leg takes.
    pub(super) fn format(&self, leg: LegKey) -> Option<Format> {
        self.legs.get(&leg).map(|known| known.format)
    }

    /// A leg leaves its room.
    pub(super) fn parted(&mut self, leg: LegKey) {
        if let Some(known) = self.legs.get_mut(&leg) {
            known.room = None;
        }
    }

    /// A leg is gone.
    pub(super) fn left(&mut self, leg: LegKey) {
        self.legs.remove(&leg);
    }

    /// A leg leaves for another shard.
    pub(super) fn leaves(&mut self, leg: LegKey) -> Option<Leg> {
        self.legs.remove(&leg)
    }

    /// A leg comes from another shard, where it was in no room.
    pub(super) fn arrives(&mut self, leg: LegKey, known: Leg) -> Bring {
        let format = known.format;
        self.legs.insert(leg, Leg { room: None, ..known });
        self.bring(format, None)
    }

    /// A room is gone.
    pub(super) fn closed(&mut self, room: RoomKey) {
        self.brought.remove(&Some(room));
    }

    /// What the phone reports of its losses may ask for redundancy, or for an end of it.
    pub(super) fn heard_of(&mut self, leg: LegKey, quality: &Quality) -> Option<(Encoder, Bring)> {
        let known = self.legs.get_mut(&leg).filter(|known| known.redundancy)?;
        let lost = quality.remote_fraction_lost?;
        let mut opus = known.format.opus();
        let percent = percent(opus.fec_percent, lost);
        if percent == opus.fec_percent {
            return None;
        }
        opus.fec_percent = percent;
        known.format = Format::with_opus(known.format.codec(), opus);
        let (format, room) = (known.format, known.room);
        Some((Encoder::new(format), self.bring(format, room)))
    }

    fn bring(&mut self, format: Format, room: Option<RoomKey>) -> Bring {
        let mut bring = Bring::new();
        if !format.codec().has_memory() {
            return bring;
        }
        if self.brought.entry(None).or_default().insert(format) {
            bring.push((Audience::Music, Encoder::new(format)));
            bring.push((Audience::Nothing, Encoder::new(format)));
        }
        if let Some(room) = room
            && self.brought.entry(Some(room)).or_default().insert(format)
        {
            bring.push((Audience::Room(room), Encoder::new(format)));
        }
        bring
    }
}

/// What redundancy is to be made for, after what it was made for so far and what is lost now in 1/256.
const fn percent(now: u8, lost: u8) -> u8 {
    match (now, lost) {
        (_, HEAVY..) => HEAVY_PERCENT,
        (_, WORTH_IT..) => LIGHT_PERCENT,
        (1.., NOT_WORTH_IT..) => now,
        (_, _) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::{Codec, Frame, OpusSend, Rate};

    fn session(format: Format) -> Session {
        let nowhere = "192.0.2.1:4000".parse().unwrap();
        Session {
            rtp: nowhere,
            rtcp: nowhere,
            format,
            redundancy: true,
            payload_type: 96,
            receive_payload_type: 96,
            telephone_event: None,
            comfort_noise: media::ComfortNoise::No,
            audio_level: None,
            inband_digits: false,
            ptime_ms: 20,
            direction: media::Direction::SendRecv,
            remote_held: false,
        }
    }

    fn loses(share: u8) -> Quality {
        Quality {
            remote_fraction_lost: Some(share),
            ..Quality::default()
        }
    }

    #[test]
    fn each_room_gets_one_encoder_of_each_format_and_narrow_ones_none() {
        let mut equipment = Equipment::default();
        let opus = session(Format::of(Codec::Opus(Rate::Hz48000)));
        let counts: Vec<_> = (0..4)
            .map(|n| equipment.agreed(LegKey(n), &opus).1.len())
            .collect();
        assert_eq!(counts, [2, 0, 0, 0]);
        let counts: Vec<_> = (0..4)
            .map(|n| equipment.joined(LegKey(n), RoomKey(n / 2)).len())
            .collect();
        assert_eq!(counts, [1, 0, 1, 0]);
        let pcmu = session(Format::of(Codec::Pcmu));
        assert!(equipment.agreed(LegKey(9), &pcmu).1.is_empty());
        assert!(equipment.joined(LegKey(9), RoomKey(0)).is_empty());
        // It changes in the room; another room of the same name is a new one.
        let wide = session(Format::of(Codec::G722));
        assert_eq!(equipment.agreed(LegKey(9), &wide).1.len(), 3);
        equipment.closed(RoomKey(0));
        equipment.parted(LegKey(0));
        assert_eq!(equipment.joined(LegKey(0), RoomKey(0)).len(), 1);
        (0..10).for_each(|n| equipment.left(LegKey(n)));
        assert!(equipment.legs.is_empty());
    }

    #[test]
    fn a_leg_from_another_shard_finds_the_encoders_of_its_format_there() {
        let (mut from, mut to) = (Equipment::default(), Equipment::default());
        let opus = session(Format::of(Codec::Opus(Rate::Hz48000)));
        from.agreed(LegKey(1), &opus);
        from.joined(LegKey(1), RoomKey(1));
        let known = from.leaves(LegKey(1)).unwrap();
        assert_eq!(to.arrives(LegKey(1), known).len(), 2);
        assert_eq!(to.joined(LegKey(1), RoomKey(1)).len(), 1);
        assert!(from.legs.is_empty() && from.leaves(LegKey(1)).is_none());
    }

    #[test]
    fn redundancy_comes_with_losses_and_goes_when_they_are_over() {
        let mut equipment = Equipment::default();
        let opus = session(Format::of(Codec::Opus(Rate::Hz16000)));
        equipment.agreed(LegKey(1), &opus);
        let mut asked = Vec::new();
        for lost in [0, 4, 5, 4, 3, 26, 200, 10, 3, 2, 0] {
            let change = equipment.heard_of(LegKey(1), &loses(lost));
            asked.push(change.map(|(encoder, _)| encoder.format().opus().fec_percent));
        }
        let expected = [
            None,
            None,
            Some(LIGHT_PERCENT),
            None,
            None,
            Some(HEAVY_PERCENT),
            None,
            Some(LIGHT_PERCENT),
            None,
            Some(0),
            None,
        ];
        assert_eq!(asked, expected);
    }

    /// Syllables, five a second, each of another pitch.
    fn speech(time: f64) -> f64 {
        let pitch = 100.0 + 13.0 * ((time * 5.0).floor() % 5.0);
        let swell = (time * 5.0 * std::f64::consts::PI).sin().powi(2);
        let pulse = (time * pitch).fract();
        (-pulse * 6.0).exp() * (pulse * 40.0).sin() * swell * 20_000.0
    }

    /// How many packets of a hundred, two seconds of syllables, hold the one before them once more.
    fn redundant(mut encoder: Encoder) -> usize {
        let codec = encoder.format().codec();
        let (mut frame, mut payload) = (Frame::silence(codec.rate()), [0; Codec::MAX_PAYLOAD]);
        let mut count = 0;
        for tick in 0..100 {
            let said = tick * codec.rate().samples_per_tick();
            for (n, sample) in frame.samples_mut().iter_mut().enumerate() {
                *sample = speech((said + n) as f64 / f64::from(codec.rate().hz())) as i16;
            }
            let length = encoder.encode(&frame, &mut payload);
            count += usize::from(codec.has_redundancy(&payload[..length]));
        }
        count
    }

    #[test]
    fn redundancy_is_really_in_the_packets_for_light_losses_and_heavy_ones_at_every_rate() {
        for rate in [Rate::Hz16000, Rate::Hz48000] {
            for lost in [WORTH_IT, HEAVY] {
                let mut equipment = Equipment::default();
                let opus = session(Format::of(Codec::Opus(rate)));
                let (plain, _) = equipment.agreed(LegKey(1), &opus);
                let (protected, _) = equipment.heard_of(LegKey(1), &loses(lost)).unwrap();
                let (none, most) = (redundant(plain), redundant(protected));
                assert!(
                    none == 0 && most > 50,
                    "{rate:?}, {lost} of 256 lost: {most} of 100, {none} without loss"
                );
            }
        }
    }

    #[test]
    fn who_makes_no_use_of_redundancy_gets_none() {
        let mut equipment = Equipment::default();
        let mut opus = session(Format::with_opus(Codec::Opus(Rate::Hz16000), OpusSend::default()));
        opus.redundancy = false;
        equipment.agreed(LegKey(1), &opus);
        assert!(equipment.heard_of(LegKey(1), &loses(100)).is_none());
        equipment.agreed(LegKey(2), &session(Format::of(Codec::Pcmu)));
        assert!(equipment.heard_of(LegKey(2), &Quality::default()).is_none());
    }
}
