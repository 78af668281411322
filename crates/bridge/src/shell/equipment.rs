//! Which encoders the mixer is brought: making one takes its time, so none is made in the audio path.

use std::collections::HashMap;

use media::{Encoder, Format, Quality, Session};
use mixer::{Audience, LegKey, Order, RoomKey};
use udp::MediaSocket;

use super::formats::{Change, Formats};

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
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    format: Format,
    redundancy: bool,
    room: Option<RoomKey>,
}

/// Every leg's format, and the formats of those who hear the same: in a room, or in no room, the whole shard.
///
/// What is known here of a leg goes ahead of what the mixer knows by orders that wait in one row: when the mixer takes an encoder back,
/// its format has no legs there either, but for the tick in which the last one leaves.
#[derive(Debug, Default)]
pub(super) struct Equipment {
    legs: HashMap<LegKey, Leg>,
    formats: HashMap<Option<RoomKey>, Formats>,
}

/// Orders that bring encoders and take them back, to be given before something else is done.
pub(super) type Bring = Vec<Order<MediaSocket>>;

impl Equipment {
    /// A leg comes, or what was agreed for it changes: its encoder, and those that it shares.
    pub(super) fn agreed(&mut self, leg: LegKey, session: &Session) -> (Encoder, Bring) {
        let known = Leg {
            format: session.format,
            redundancy: session.redundancy,
            room: self.legs.get(&leg).and_then(|known| known.room),
        };
        (Encoder::new(session.format), self.set(leg, Some(known)))
    }

    /// A leg goes into a room.
    pub(super) fn joined(&mut self, leg: LegKey, room: RoomKey) -> Bring {
        self.go(leg, Some(room))
    }

    /// What a leg takes.
    pub(super) fn format(&self, leg: LegKey) -> Option<Format> {
        self.legs.get(&leg).map(|known| known.format)
    }

    /// A leg leaves its room.
    pub(super) fn parted(&mut self, leg: LegKey) -> Bring {
        self.go(leg, None)
    }

    fn go(&mut self, leg: LegKey, room: Option<RoomKey>) -> Bring {
        match self.legs.get(&leg).copied() {
            Some(known) => self.set(leg, Some(Leg { room, ..known })),
            None => Bring::new(),
        }
    }

    /// A leg is gone.
    pub(super) fn left(&mut self, leg: LegKey) -> Bring {
        self.set(leg, None)
    }

    /// A leg leaves for another shard.
    pub(super) fn leaves(&mut self, leg: LegKey) -> (Option<Leg>, Bring) {
        let known = self.legs.get(&leg).copied();
        (known, self.set(leg, None))
    }

    /// A leg comes from another shard, where it was in no room.
    pub(super) fn arrives(&mut self, leg: LegKey, known: Leg) -> Bring {
        self.set(leg, Some(Leg { room: None, ..known }))
    }

    /// A room is gone, and its encoders with it.
    pub(super) fn closed(&mut self, room: RoomKey) {
        self.formats.remove(&Some(room));
        for leg in self.legs.values_mut().filter(|leg| leg.room == Some(room)) {
            leg.room = None;
        }
    }

    /// What the phone reports of its losses may ask for redundancy, or for an end of it.
    pub(super) fn heard_of(&mut self, leg: LegKey, quality: &Quality) -> Option<(Encoder, Bring)> {
        let known = self.legs.get(&leg).copied().filter(|known| known.redundancy)?;
        let lost = quality.remote_fraction_lost?;
        let mut opus = known.format.opus();
        let percent = percent(opus.fec_percent, lost);
        if percent == opus.fec_percent {
            return None;
        }
        opus.fec_percent = percent;
        let format = Format::with_opus(known.format.codec(), opus);
        let bring = self.set(leg, Some(Leg { format, ..known }));
        Some((Encoder::new(format), bring))
    }

    /// Knows this of a leg from now on, or nothing; an encoder whose place another needs is taken back before.
    fn set(&mut self, leg: LegKey, known: Option<Leg>) -> Bring {
        let before = match known {
            Some(known) => self.legs.insert(leg, known),
            None => self.legs.remove(&leg),
        };
        let (before, now) = (takes(before), takes(known));
        let mut bring = Bring::new();
        for (whom, format) in before.iter().filter(|taken| !now.contains(taken)) {
            let changes = self.formats.entry(*whom).or_default().leave(*format);
            bring.extend(changes.into_iter().flat_map(|change| orders(*whom, change)));
        }
        for (whom, format) in now.iter().filter(|taken| !before.contains(taken)) {
            let changes = self.formats.entry(*whom).or_default().enter(*format);
            bring.extend(changes.into_iter().flat_map(|change| orders(*whom, change)));
        }
        bring
    }
}

/// Where a leg may hear what others do, and in which format, if encoders of that are brought.
fn takes(known: Option<Leg>) -> Vec<(Option<RoomKey>, Format)> {
    let Some(Leg { format, room, .. }) = known.filter(|leg| leg.format.codec().has_memory()) else {
        return Vec::new();
    };
    let places = [None].into_iter().chain(room.map(Some));
    places.map(|whom| (whom, format)).collect()
}

fn orders(whom: Option<RoomKey>, change: Change) -> Bring {
    let audiences = match whom {
        None => vec![Audience::Music, Audience::Nothing],
        Some(room) => vec![Audience::Room(room)],
    };
    let order = |whom| match change {
        Change::Bring(format) => {
            let encoder = Encoder::new(format);
            Order::Equip { whom, encoder }
        }
        Change::TakeBack(format) => Order::Unequip { whom, format },
    };
    audiences.into_iter().map(order).collect()
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
    use std::collections::HashSet;

    use super::*;
    use media::{Codec, Frame, OpusSend, Rate};
    use mixer::MOST_FORMATS;
    use proptest::prelude::*;

    fn session(format: Format) -> Session {
        let nowhere = "192.0.2.1:4000".parse().unwrap();
        Session {
            rtp: nowhere,
            rtcp: nowhere,
            format,
            redundancy: true,
            payload_type: 96,
            receive_payload_type: 96,
            other_law: None,
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
        (0..10).for_each(|n| drop(equipment.left(LegKey(n))));
        assert!(equipment.legs.is_empty());
    }

    #[test]
    fn a_leg_from_another_shard_finds_the_encoders_of_its_format_there() {
        let (mut from, mut to) = (Equipment::default(), Equipment::default());
        let opus = session(Format::of(Codec::Opus(Rate::Hz48000)));
        from.agreed(LegKey(1), &opus);
        from.joined(LegKey(1), RoomKey(1));
        let (known, bring) = from.leaves(LegKey(1));
        let known = known.unwrap();
        assert_eq!(bring.len(), 3);
        assert_eq!(to.arrives(LegKey(1), known).len(), 2);
        assert_eq!(to.joined(LegKey(1), RoomKey(1)).len(), 1);
        assert!(from.legs.is_empty() && from.leaves(LegKey(1)).0.is_none());
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

    /// G.711, G.722, and Opus at many bit rates.
    fn format(number: u32) -> Format {
        let opus = |bitrate| OpusSend {
            bitrate,
            ..OpusSend::default()
        };
        match number {
            0 => Format::of(Codec::Pcmu),
            1 => Format::of(Codec::G722),
            number => Format::with_opus(Codec::Opus(Rate::Hz16000), opus(12_000 + 1_000 * number)),
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Agreed(u64, u32),
        Joined(u64, u64),
        Parted(u64),
        Left(u64),
        Loses(u64, u8),
        Closed(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let (leg, room) = (|| 0u64..40, || 0u64..2);
        prop_oneof![
            5 => (leg(), 0u32..24).prop_map(|(leg, number)| Step::Agreed(leg, number)),
            5 => (leg(), room()).prop_map(|(leg, room)| Step::Joined(leg, room)),
            1 => leg().prop_map(Step::Parted),
            1 => leg().prop_map(Step::Left),
            1 => (leg(), any::<u8>()).prop_map(|(leg, lost)| Step::Loses(leg, lost)),
            1 => room().prop_map(Step::Closed),
        ]
    }

    fn take(equipment: &mut Equipment, step: Step) -> Bring {
        match step {
            Step::Agreed(leg, number) => equipment.agreed(LegKey(leg), &session(format(number))).1,
            Step::Joined(leg, room) => equipment.joined(LegKey(leg), RoomKey(room)),
            Step::Parted(leg) => equipment.parted(LegKey(leg)),
            Step::Left(leg) => equipment.left(LegKey(leg)),
            Step::Loses(leg, lost) => {
                let adapted = equipment.heard_of(LegKey(leg), &loses(lost));
                adapted.map_or_else(Bring::new, |(_, bring)| bring)
            }
            Step::Closed(room) => {
                equipment.closed(RoomKey(room));
                Bring::new()
            }
        }
    }

    /// The formats that those who hear the same take now, each once.
    fn taken(equipment: &Equipment, whom: Audience) -> HashSet<Format> {
        let is_in = |leg: &&Leg| match whom {
            Audience::Room(room) => leg.room == Some(room),
            Audience::Music | Audience::Nothing => true,
        };
        let formats = equipment.legs.values().filter(is_in).map(|leg| leg.format);
        formats.filter(|format| format.codec().has_memory()).collect()
    }

    /// A mixer that carries out orders, and holds that none of them takes what is in use, or brings what finds no place.
    fn carry_out(equipment: &Equipment, encoders: &mut Vec<(Audience, Format)>, bring: Bring) {
        for order in bring {
            if let Order::Equip { whom, encoder } = &order {
                let brought = (*whom, encoder.format());
                let there = encoders.iter().filter(|(audience, _)| audience == whom);
                assert!(there.count() < MOST_FORMATS && !encoders.contains(&brought));
                encoders.push(brought);
            } else if let Order::Unequip { whom, format } = &order {
                assert!(!taken(equipment, *whom).contains(format), "{format:?} has legs");
                let at = encoders.iter().position(|known| *known == (*whom, *format));
                encoders.remove(at.unwrap());
            } else {
                panic!("neither brings nor takes back");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn no_format_with_legs_is_displaced_and_none_waits_while_there_is_a_place(
            steps in proptest::collection::vec(step(), 1..250),
        ) {
            let (mut equipment, mut encoders) = (Equipment::default(), Vec::new());
            for step in steps {
                let bring = take(&mut equipment, step);
                carry_out(&equipment, &mut encoders, bring);
                if let Step::Closed(room) = step {
                    encoders.retain(|(whom, _)| *whom != Audience::Room(RoomKey(room)));
                }
                let rooms = [0, 1].map(|room| Audience::Room(RoomKey(room)));
                for whom in [Audience::Music, Audience::Nothing].into_iter().chain(rooms) {
                    let shared = encoders.iter().filter(|(audience, _)| *audience == whom);
                    let (shared, taken) = (shared.count(), taken(&equipment, whom).len());
                    prop_assert_eq!(shared, taken.min(MOST_FORMATS), "{:?}", whom);
                }
            }
        }
    }
}
