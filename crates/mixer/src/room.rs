//! One room's sums, and the payloads that everybody shares who hears the same.

use std::time::Instant;

use media::{Format, Frame, Memory, Rate};

use crate::LegKey;
use crate::branch::{Branch, MOST_BRANCHES, Missed, Partial};
use crate::floor::Floor;
use crate::limiter::limit_all;
use crate::looped::Loop;
use crate::lull::Lull;
use crate::payload::{Before, Payload, Shared};
use crate::player::{Ended, Player};
use crate::ride::{OwnRide, Ride};
use crate::sum::{ByRate, Sum};
use crate::tap::Tap;

/// What is played to all but one: at most one thing is played while another fades out.
const ASIDES: usize = 2;

/// A room: made outside the tick, given back when it is closed.
///
/// It mixes at every rate that somebody listens at, and each voice is in every one of these sums: so each ear gets the best its
/// codec bears, and a voice is taken out of any of them exactly. Of a meeting spread over shards it is one branch: it holds the legs of
/// its shard, and what the other branches said in the last tick is in its sums as well.
#[derive(Debug)]
pub struct Room {
    sums: ByRate<Sum>,
    /// Who has the floor or fades out, here and in other branches, and whether something is played to the room.
    voices: u32,
    plays: bool,
    /// The rates that somebody listens at in this tick; all of them while the meeting has other branches.
    wanted: ByRate<bool>,
    /// Voices of this branch alone, kept while there are others.
    own: ByRate<Sum>,
    /// Whether there is one.
    sounds: bool,
    branches: Vec<Box<Branch>>,
    pub(crate) floor: Floor,
    pub(crate) player: Player,
    asides: [Option<LegKey>; ASIDES],
    aside_sums: [ByRate<Sum>; ASIDES],
    /// How far down it is turned.
    ride: Ride,
    /// How long there has been nothing in it but the noise of the line.
    lull: Lull,
    /// The sums within 16 bits, and what they were at the last tick.
    frames: ByRate<Frame>,
    before: ByRate<Frame>,
    pub(crate) shared: Shared,
    /// The recorder's end, while it is recorded.
    tap: Option<Box<Tap>>,
    /// Its legs fade out; it is gone after this tick.
    pub(crate) closing: bool,
}

impl Room {
    /// An empty room with at most `talkers` voices in its sum, 1 to 32.
    pub fn new(talkers: usize) -> Box<Self> {
        let sums = ByRate(Rate::ALL.map(Sum::silence));
        let frames = ByRate(Rate::ALL.map(Frame::silence));
        Box::new(Self {
            sums,
            voices: 0,
            plays: false,
            wanted: ByRate::default(),
            own: sums,
            sounds: false,
            branches: Vec::with_capacity(MOST_BRANCHES),
            floor: Floor::new(talkers),
            player: Player::default(),
            asides: [None; ASIDES],
            aside_sums: [sums; ASIDES],
            ride: Ride::new(),
            lull: Lull::new(),
            frames: frames.clone(),
            before: frames,
            shared: Shared::default(),
            tap: None,
            closing: false,
        })
    }

    /// Links it with another branch of its meeting; gives the link back when there are too many.
    pub(crate) fn link(&mut self, branch: Box<Branch>) -> Option<Box<Branch>> {
        if self.branches.len() == MOST_BRANCHES {
            return Some(branch);
        }
        self.branches.push(branch);
        None
    }

    /// Lets a recorder have what is heard in it from now on, or nobody; gives back the tap there was.
    pub(crate) fn tap(&mut self, tap: Option<Box<Tap>>) -> Option<Box<Tap>> {
        std::mem::replace(&mut self.tap, tap)
    }

    /// Begins a tick.
    pub(crate) fn begin(&mut self, now: Instant, missed: &mut Missed) {
        for rate in Rate::ALL {
            // Of a rate that nobody listened at there is no last tick.
            match *self.wanted.at(rate) {
                true => std::mem::swap(self.frames.at_mut(rate), self.before.at_mut(rate)),
                false => self.before.at_mut(rate).clear(rate),
            }
        }
        self.wanted = ByRate(Rate::ALL.map(|_| self.is_branch()));
        self.voices = 0;
        self.floor.clear();
        self.asides = [None; ASIDES];
        self.shared.clear();
        self.sounds = false;
        self.hear_branches(now, missed);
    }

    fn hear_branches(&mut self, now: Instant, missed: &mut Missed) {
        for branch in &mut self.branches {
            branch.receive(now, missed);
            branch.bid(&mut self.floor);
            self.voices += u32::from(branch.has_voice());
        }
    }

    fn is_branch(&self) -> bool {
        !self.branches.is_empty()
    }

    /// Makes ready for voices, now that it is known who listens: each sum begins with the noise of a line that is alive.
    pub(crate) fn prepare(&mut self, noise: &mut Loop) {
        if let Some(rate) = self.tap.as_ref().map(|tap| tap.rate()) {
            self.note(rate);
        }
        for rate in self.wanted.rates() {
            let sum = self.sums.at_mut(rate);
            sum.clear();
            sum.add(noise.frames(rate)[0].samples());
            if self.is_branch() {
                self.own.at_mut(rate).clear();
            }
            let sum = self.sums.at_mut(rate);
            for branch in self.branches.iter().filter(|branch| branch.sounds()) {
                sum.add_all(branch.heard(rate));
            }
        }
    }

    /// Notes that somebody listens at this rate.
    pub(crate) fn note(&mut self, rate: Rate) {
        *self.wanted.at_mut(rate) = true;
    }

    /// The rates there are sums of.
    pub(crate) const fn wanted(&self) -> ByRate<bool> {
        self.wanted
    }

    /// Counts one who has the floor or fades out.
    pub(crate) fn count_voice(&mut self) {
        self.voices += 1;
    }

    /// Whether in this tick there is nothing in the room but the noise of the line, for one who is a voice himself or is not.
    pub(crate) fn is_quiet(&self, is_voice: bool) -> bool {
        !self.plays && self.voices == u32::from(is_voice)
    }

    /// Adds one voice at one of the rates wanted; it must come at all of them.
    pub(crate) fn add(&mut self, voice: &Frame) {
        self.sums.at_mut(voice.rate()).add(voice.samples());
        self.sounds = true;
        if self.is_branch() {
            self.own.at_mut(voice.rate()).add(voice.samples());
        }
    }

    /// Tells the other branches what the legs of this one say.
    pub(crate) fn tell_branches(&mut self, now: Instant) {
        if !self.is_branch() {
            return;
        }
        let partial = Partial::new(now, &self.floor, self.sounds, self.own);
        self.branches.iter_mut().for_each(|branch| branch.send(&partial));
    }

    /// Adds what is played to the room in tick number `tick`, over the talk; then the sums are whole.
    pub(crate) fn announce(&mut self, tick: u64, ended: &mut dyn FnMut(Ended)) {
        self.plays = !self.player.is_silent();
        let Self {
            sums,
            player,
            asides,
            aside_sums,
            ..
        } = self;
        let mut add = |except: Option<LegKey>, sound: &Sum| {
            sums.at_mut(sound.rate()).add_all(sound);
            if let Some(place) = except.and_then(|leg| claim(asides, aside_sums, leg)) {
                place.at_mut(sound.rate()).add_all(sound);
            }
        };
        player.tick(self.wanted, &mut add, ended);
        self.limit();
        self.lull
            .follow(tick, self.is_quiet(false) && self.ride.is_unity());
    }

    /// Makes frames of the sums.
    fn limit(&mut self) {
        let Self {
            sums, frames, ride, ..
        } = self;
        ride.follow(self.wanted.rates().map(|rate| sums.at(rate)));
        for rate in self.wanted.rates() {
            let (sum, frame) = (sums.at(rate), frames.at_mut(rate).samples_mut());
            match ride.is_unity() {
                true => limit_all(sum.samples(), frame),
                false => limit_all(ride.turned(sum).samples(), frame),
            }
        }
    }

    /// Tells the recorder what is heard in the tick that is due at `now`, when the sums are whole; `false` when that was lost.
    pub(crate) fn record(&mut self, now: Instant) -> bool {
        match &mut self.tap {
            Some(tap) => tap.write(now, self.frames.at(tap.rate())),
            None => true,
        }
    }

    /// Whether something is played that `leg` is not to hear.
    fn sets_aside(&self, leg: LegKey) -> bool {
        self.asides.iter().flatten().any(|key| *key == leg)
    }

    /// The sum as `leg` hears it, which says `voice`, or nothing: without that, and without what is played to all but it.
    pub(crate) fn heard_by(
        &self,
        leg: LegKey,
        rate: Rate,
        voice: Option<&ByRate<Frame>>,
        ride: &mut OwnRide,
    ) -> Sum {
        if !self.is_apart(leg, voice.is_some(), ride) {
            return self.ride.turned(self.sums.at(rate));
        }
        let others = |rate| self.others(leg, rate, voice.map(|voice| voice.at(rate)));
        let ride = ride.follow(&self.ride, self.wanted.rates().map(others));
        ride.turned(&others(rate))
    }

    /// Whether `leg`, which speaks or does not, hears something else than all.
    pub(crate) fn is_apart(&self, leg: LegKey, speaks: bool, ride: &mut OwnRide) -> bool {
        speaks || self.sets_aside(leg) || ride.is_apart(&self.ride)
    }

    fn others(&self, leg: LegKey, rate: Rate, voice: Option<&Frame>) -> Sum {
        let mut sum = *self.sums.at(rate);
        if let Some(voice) = voice {
            sum.remove(voice.samples());
        }
        for (key, aside) in self.asides.iter().zip(&self.aside_sums) {
            if *key == Some(leg) {
                sum.remove_all(aside.at(rate));
            }
        }
        sum
    }

    /// The full sum of the tick before number `tick`, as it was heard in `format`, for an encoder that begins.
    pub(crate) fn before(&self, tick: u64, format: Format, noise: &Loop) -> Before<'_> {
        let memory = self.shared.memory(tick, format);
        Before {
            frame: self.before.at(format.codec().rate()),
            memory: match self.lull.before() {
                Some(_) => memory.or_else(|| noise.shared.memory(tick, format)),
                None => memory,
            },
            noise_since: None,
        }
    }

    /// The full sum in `format`: encoded once, sent to all who neither speak nor hear anything else. Where that has long been nothing but the
    /// noise of the line, it is encoded once for all such rooms, and for all who hear nothing. Nothing where no encoder of the format was
    /// brought.
    pub(crate) fn payload<'a>(
        &'a mut self,
        tick: u64,
        format: Format,
        noise: &'a mut Loop,
    ) -> Option<&'a Payload> {
        let Self { lull, shared, .. } = self;
        let rate = format.codec().rate();
        if lull.is_long() && noise.shared.has(format) {
            let frame = self.frames.at(rate);
            let is_lesson = noise.lessons > 0 && shared.learn(tick, format, frame);
            noise.lessons -= usize::from(is_lesson);
            let payload = noise.payload(tick, format, || shared.memory(tick, format));
            if let Some(payload) = payload.filter(|_| lull.is_remembered(tick)) {
                shared.follow(tick, format, frame, payload);
            }
            return payload;
        }
        let before = || Before {
            frame: self.before.at(rate),
            memory: match lull.before() {
                Some(_) => noise.shared.memory(tick, format),
                None => Memory::default(),
            },
            noise_since: lull.before(),
        };
        shared.payload(tick, format, self.frames.at(rate), before)
    }
}

/// The sums of what is set aside for `leg`, begun anew when they are not its already.
fn claim<'a>(
    asides: &mut [Option<LegKey>; ASIDES],
    sums: &'a mut [ByRate<Sum>; ASIDES],
    leg: LegKey,
) -> Option<&'a mut ByRate<Sum>> {
    let known = asides.iter().position(|aside| *aside == Some(leg));
    let place = known.or_else(|| asides.iter().position(Option::is_none))?;
    if known.is_none() {
        asides[place] = Some(leg);
        sums[place].0.iter_mut().for_each(Sum::clear);
    }
    Some(&mut sums[place])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limiter::limit;
    use media::{Clip, Codec, Encoder, OpusSend};

    fn voice(rate: Rate, sample: i16) -> Frame {
        let mut frame = Frame::silence(rate);
        frame.samples_mut().fill(sample);
        frame
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    fn nobody_hears_himself_even_when_the_sum_is_far_above_full_scale() {
        let (mut room, now) = (Room::new(8), Instant::now());
        room.begin(now, &mut Missed::default());
        Rate::ALL.into_iter().for_each(|rate| room.note(rate));
        room.prepare(&mut Loop::new(Clip::default()));
        for rate in Rate::ALL {
            let (loud, quiet) = (voice(rate, 32_000), voice(rate, 5_000));
            [&loud, &quiet, &loud]
                .into_iter()
                .for_each(|voice| room.add(voice));
            let others = |voice| room.others(LegKey(1), rate, voice);
            assert!(
                others(Some(&loud))
                    .samples()
                    .iter()
                    .all(|sample| *sample == 37_000)
            );
            let limited: Vec<_> = others(Some(&quiet))
                .samples()
                .iter()
                .map(|sample| limit(*sample))
                .collect();
            assert!(limited.iter().all(|sample| *sample == limit(64_000)));
            assert!(others(None).samples().iter().all(|sample| *sample == 69_000));
        }
        room.begin(now, &mut Missed::default());
        assert!(room.wanted() == ByRate::default());
    }

    /// One tick of rooms in which somebody listens at every rate; in the first is said something, if it is.
    fn tick(now: Instant, tick: u64, rooms: &mut [Box<Room>], noise: &mut Loop, says: bool) {
        noise.begin();
        for (number, room) in rooms.iter_mut().enumerate() {
            room.begin(now, &mut Missed::default());
            Rate::ALL.into_iter().for_each(|rate| room.note(rate));
            room.prepare(noise);
            if says && number == 0 {
                room.count_voice();
                Rate::ALL
                    .into_iter()
                    .for_each(|rate| room.add(&voice(rate, 3_000)));
            }
            room.announce(tick, &mut |_| {});
        }
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    fn however_many_rooms_are_quiet_they_take_one_payload_of_each_format_in_a_tick() {
        let wishes = OpusSend {
            dtx: true,
            ..OpusSend::default()
        };
        let wide = Codec::Opus(Rate::Hz48000);
        let formats = [Codec::Pcmu, Codec::G722, Codec::Opus(Rate::Hz16000), wide].map(Format::of);
        let formats = [&formats[..], &[Format::with_opus(wide, wishes)]].concat();
        let mut noise = Loop::new(media::noise::comfort_noise(&Rate::ALL));
        let mut rooms: Vec<_> = (0..20).map(|_| Room::new(8)).collect();
        let all = rooms.iter_mut().map(|room| &mut room.shared);
        for shared in all.chain([&mut noise.shared]) {
            formats
                .iter()
                .for_each(|format| drop(shared.equip(Encoder::new(*format))));
        }
        let now = Instant::now();
        // The first is spoken in for five ticks, and apart from the others for so many behind that.
        for number in 0..60 {
            tick(now, number, &mut rooms, &mut noise, (10..15).contains(&number));
            for format in &formats {
                let mut made = |room: &mut Box<Room>| {
                    let payload = room.payload(number, *format, &mut noise);
                    payload.map(std::ptr::from_ref)
                };
                let made: Vec<_> = rooms.iter_mut().map(&mut made).collect();
                let of_noise = noise.payload(number, *format, Memory::default);
                let is_shared = made[1..]
                    .iter()
                    .all(|made| *made == of_noise.map(std::ptr::from_ref));
                assert!(is_shared && made[1].is_some(), "{format:?} in tick {number}");
                let is_apart = (10..15 + 25).contains(&number);
                assert_eq!(made[0] != made[1], is_apart, "{format:?} in tick {number}");
            }
        }
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    fn rooms_that_begin_together_get_to_know_the_noise_eight_in_a_tick_and_then_cost_nothing() {
        let format = Format::of(Codec::Opus(Rate::Hz16000));
        let mut noise = Loop::new(media::noise::comfort_noise(&Rate::ALL));
        let mut rooms: Vec<_> = (0..10).map(|_| Room::new(8)).collect();
        let all = rooms.iter_mut().map(|room| &mut room.shared);
        for shared in all.chain([&mut noise.shared]) {
            drop(shared.equip(Encoder::new(format)));
        }
        let now = Instant::now();
        let mut lessons = |number| {
            tick(now, number, &mut rooms, &mut noise, false);
            let before = noise.lessons;
            // Each has two listeners.
            for room in &mut rooms {
                for _ in 0..2 {
                    assert!(room.payload(number, format, &mut noise).is_some());
                }
            }
            before - noise.lessons
        };
        let taken: Vec<_> = (0..400).map(&mut lessons).collect();
        assert_eq!(taken[..150], [8; 150]);
        assert_eq!(taken[150..300], [2; 150]);
        assert_eq!(taken[300..], [0; 100]);
    }
}
