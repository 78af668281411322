//! Sound becomes payloads: once for everybody who hears the same in the same format.

use media::{Codec, Dbov, Effort, Encoder, Format, Frame, Memory};

/// Formats of one sum at once that encoders are brought for: G.722, and Opus in its variants.
pub const MOST_FORMATS: usize = 14;
/// Those whose encoders remember nothing, PCMU and PCMA, have places of their own.
const FORGETFUL: usize = 2;

/// Ticks that encoders which heard different things need with the same to be alike again: each of G.722's 160 samples a band and tick lets the
/// predictors forget a 256th of what they were. Those of Opus need them where one began with a ramp; where it heard for long almost what all
/// did, it is near enough at once.
const NEARS: u8 = 6;

/// Times that an encoder hears what was before. Once does not take one of Opus out of a silence of long ago: its first packet is 3 dB off.
pub(crate) const RUN_IN: u32 = 2;

/// Ticks of the noise that an encoder of Opus wants to have heard before a voice: three seconds. SILK follows the level of the noise more slowly the
/// more it has heard, over up to 20 s; one that has heard little takes a steady tone for noise within a second or two, and makes it 1 to 2 dB
/// fainter for as long.
const LEARNS: u8 = 150;

/// 20 ms, encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload {
    bytes: [u8; Codec::MAX_PAYLOAD],
    len: usize,
    level: Dbov,
}

impl Payload {
    /// One that was made before, of at most [`Codec::MAX_PAYLOAD`] bytes.
    pub(crate) fn new(made: &[u8], level: Dbov) -> Self {
        let mut bytes = [0; Codec::MAX_PAYLOAD];
        bytes[..made.len()].copy_from_slice(made);
        let len = made.len();
        Self { bytes, len, level }
    }

    /// The bytes to send.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// How loud they are.
    pub(crate) const fn level(&self) -> Dbov {
        self.level
    }
}

/// What a listener heard in the tick before, of others than the encoder that goes on.
#[derive(Debug)]
pub(crate) struct Before<'a> {
    /// The sound.
    pub(crate) frame: &'a Frame,
    /// What its decoder remembers, where that is known.
    pub(crate) memory: Memory,
    /// The tick since which there has been nothing but the noise of the line, where that is so: who heard it since has heard the like.
    pub(crate) noise_since: Option<u64>,
}

impl<'a> Before<'a> {
    /// A sound, and no more is known.
    pub(crate) fn sound(frame: &'a Frame) -> Self {
        Self {
            frame,
            memory: Memory::default(),
            noise_since: None,
        }
    }
}

/// An encoder that knows whether it has heard what came just before.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Warm {
    /// Ticks until it is like one that heard what all hear.
    apart: u8,
    /// Ticks that it has heard in all, up to what it has to learn.
    learnt: u8,
    /// Number of the tick it was last used in.
    used: Option<u64>,
    encoder: Encoder,
    /// What decoders remembered before that.
    began: Memory,
}

impl Warm {
    pub(crate) fn new(encoder: Encoder) -> Self {
        Self {
            encoder,
            used: None,
            began: Memory::default(),
            apart: 0,
            learnt: 0,
        }
    }

    /// What it makes.
    pub(crate) fn format(&self) -> Format {
        self.encoder.format()
    }

    /// Tries as hard as this from now on.
    pub(crate) fn set_effort(&mut self, effort: Effort) {
        self.encoder.set_effort(effort);
    }

    /// It hears in this tick what nobody else does: a room without its own voice, a prompt of its own.
    pub(crate) fn part(&mut self) {
        self.apart = match self.format().codec() {
            Codec::G722 => NEARS,
            Codec::Pcmu | Codec::Pcma | Codec::Opus(_) => 0,
        };
    }

    /// It begins in this tick with a ramp from what all heard, or its leg is sent what another one makes that does.
    pub(crate) fn ramp(&mut self) {
        self.apart = match self.format().codec().has_memory() {
            true => NEARS,
            false => 0,
        };
    }

    /// It is left for what all hear.
    pub(crate) fn join(&mut self) {
        self.apart = 0;
    }

    /// It could hear in this tick what others do: whether it had better still be itself that encodes it.
    pub(crate) fn nears(&mut self) -> bool {
        let nears = self.apart > 0;
        self.apart = self.apart.saturating_sub(1);
        nears
    }

    /// Whether it made what was sent in the tick before number `tick`.
    pub(crate) fn is_warm(&self, tick: u64) -> bool {
        self.used.is_some_and(|used| used + 1 == tick)
    }

    /// What decoders of those remember who heard in the tick before number `tick` what it made then.
    fn memory(&self, tick: u64) -> Memory {
        match self.used {
            Some(used) if used == tick => self.began.clone(),
            Some(_) if self.is_warm(tick) => self.encoder.memory(),
            Some(_) | None => Memory::default(),
        }
    }

    /// Encodes `frame` in tick number `tick`. An encoder that did not make the last tick's payload first takes over what its listener
    /// remembers of it, or hears what that did, so that the decoder's memory fits and nothing clicks; but not where it has heard the like.
    pub(crate) fn encode(&mut self, tick: u64, frame: &Frame, before: &Before<'_>) -> Payload {
        let mut bytes = [0; Codec::MAX_PAYLOAD];
        let is_warm = self.is_warm(tick);
        let is_alike = before.noise_since.is_some() && self.used >= before.noise_since;
        self.used = Some(tick);
        let takes_over =
            is_warm || !self.format().codec().has_memory() || self.encoder.recall(&before.memory);
        if !takes_over && !is_alike {
            for _ in 0..RUN_IN {
                self.encoder.encode(before.frame, &mut bytes);
            }
        }
        self.began = self.encoder.memory();
        let len = self.hear(frame, &mut bytes);
        let level = Dbov::of(frame.samples());
        Payload { bytes, len, level }
    }

    /// What it made last was heard, and in tick number `tick` what another one made of `frame` is: goes on where its listeners do, if it can.
    fn follow(&mut self, tick: u64, frame: &Frame, made: &Payload) {
        if !self.is_warm(tick) {
            return;
        }
        let began = self.encoder.memory();
        if self.encoder.follow(frame, made.bytes()) {
            (self.used, self.began) = (Some(tick), began);
        }
    }

    /// Hears the noise of tick number `tick`, though nobody hears what it makes of it; false where it has heard enough.
    fn learn(&mut self, tick: u64, frame: &Frame) -> bool {
        let is_opus = matches!(self.format().codec(), Codec::Opus(_));
        let learns = is_opus && self.learnt < LEARNS && self.used != Some(tick);
        if learns {
            self.used = Some(tick);
            self.hear(frame, &mut [0; Codec::MAX_PAYLOAD]);
        }
        learns
    }

    fn hear(&mut self, frame: &Frame, bytes: &mut [u8]) -> usize {
        self.learnt = LEARNS.min(self.learnt + 1);
        self.encoder.encode(frame, bytes)
    }

    /// Its leg leaves the shard at the end of tick number `tick`.
    pub(crate) fn pause(&mut self, tick: u64) {
        self.used = self.used.filter(|used| *used == tick);
    }

    /// Its leg goes on in tick number `tick` of another shard, which counts its own: what was encoded last was heard last.
    pub(crate) fn resume(&mut self, tick: u64) {
        self.used = self.used.and(tick.checked_sub(1));
    }

    /// Gives the encoder up, to be freed elsewhere.
    pub(crate) fn into_inner(self) -> Encoder {
        self.encoder
    }
}

#[derive(Debug)]
struct Place {
    encoder: Warm,
    made: Option<Payload>,
}

/// One sum in every format that somebody asks for, encoded when it is first asked for.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    brought: [Option<Place>; MOST_FORMATS],
    made: [Option<Place>; FORGETFUL],
}

impl Shared {
    /// Brings an encoder; one whose format has one already, or finds no place, comes back.
    pub(crate) fn equip(&mut self, encoder: Encoder) -> Option<Encoder> {
        let format = encoder.format();
        let places = self.places(format);
        match find(places, format) {
            Some(_) => Some(encoder),
            None => put(places, encoder),
        }
    }

    /// Gives back the encoder of a format, if there is one: its place is free.
    pub(crate) fn unequip(&mut self, format: Format) -> Option<Encoder> {
        let places = self.places(format);
        let place = find(places, format)?;
        let Place { encoder, .. } = places.get_mut(place)?.take()?;
        Some(encoder.into_inner())
    }

    /// Where a format has its place.
    fn places(&mut self, format: Format) -> &mut [Option<Place>] {
        match format.codec().has_memory() {
            true => &mut self.brought,
            false => &mut self.made,
        }
    }

    /// The next sum will be another one.
    pub(crate) fn clear(&mut self) {
        let places = self.brought.iter_mut().chain(&mut self.made);
        places.flatten().for_each(|place| place.made = None);
    }

    /// Whether it has an encoder for `format`, or needs none.
    pub(crate) fn has(&self, format: Format) -> bool {
        !format.codec().has_memory() || find(&self.brought, format).is_some()
    }

    /// `frame` in `format`; it must be the same at every call until [`Shared::clear`], and `before` what was heard at the last tick.
    /// Nothing where no encoder was brought.
    pub(crate) fn payload<'a>(
        &mut self,
        tick: u64,
        format: Format,
        frame: &Frame,
        before: impl FnOnce() -> Before<'a>,
    ) -> Option<&Payload> {
        let places = self.places(format);
        if find(places, format).is_none() && !format.codec().has_memory() {
            // Without memory it takes no heap.
            put(places, Encoder::new(format));
        }
        let place = find(places, format)?;
        let Place { encoder, made } = places.get_mut(place)?.as_mut()?;
        Some(made.get_or_insert_with(|| encoder.encode(tick, frame, &before())))
    }

    /// All who heard it so far hear in tick number `tick` what another encoder of `format` made of `frame`.
    pub(crate) fn follow(&mut self, tick: u64, format: Format, frame: &Frame, made: &Payload) {
        if let Some(encoder) = self.encoder(format) {
            encoder.follow(tick, frame, made);
        }
    }

    /// All who hear it hear in tick number `tick` the noise of the line, `frame`, as another encoder of `format` makes it: its own hears that,
    /// too; false where it has heard enough.
    pub(crate) fn learn(&mut self, tick: u64, format: Format, frame: &Frame) -> bool {
        self.encoder(format)
            .is_some_and(|encoder| encoder.learn(tick, frame))
    }

    fn encoder(&mut self, format: Format) -> Option<&mut Warm> {
        let places = self.places(format);
        let place = find(places, format)?;
        Some(&mut places.get_mut(place)?.as_mut()?.encoder)
    }

    /// What decoders of those remember who heard it in `format` in the tick before number `tick`.
    pub(crate) fn memory(&self, tick: u64, format: Format) -> Memory {
        let encoders = self.brought.iter().flatten().map(|place| &place.encoder);
        let mut of_format = encoders.filter(|encoder| encoder.format() == format);
        of_format
            .next()
            .map_or(Memory::default(), |encoder| encoder.memory(tick))
    }
}

fn find(places: &[Option<Place>], format: Format) -> Option<usize> {
    let is = |place: &Place| place.encoder.format() == format;
    places.iter().position(|place| place.as_ref().is_some_and(is))
}

/// Puts an encoder where there is room; gives it back where there is none.
fn put(places: &mut [Option<Place>], encoder: Encoder) -> Option<Encoder> {
    let Some(place) = places.iter_mut().find(|place| place.is_none()) else {
        return Some(encoder);
    };
    let encoder = Warm::new(encoder);
    *place = Some(Place { encoder, made: None });
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use media::{OpusSend, Rate};
    use proptest::prelude::*;

    /// PCMU, PCMA, and Opus at as many constant bit rates: how long a payload is tells whose it is.
    fn format(number: usize) -> Format {
        let opus = |bitrate| OpusSend {
            bitrate,
            cbr: true,
            ..OpusSend::default()
        };
        match number {
            0 => Format::of(Codec::Pcmu),
            1 => Format::of(Codec::Pcma),
            number => Format::with_opus(Codec::Opus(Rate::Hz16000), opus(400 * (30 + number as u32))),
        }
    }

    /// Whether this is silence in a format.
    fn is_of(number: usize, payload: &[u8]) -> bool {
        match number {
            0 => payload == [0xff_u8; 160],
            1 => payload == [0xd5_u8; 160],
            number => payload.len() == 30 + number,
        }
    }

    /// Whether there is a place for one more beside those of `known`.
    fn has_room(known: &BTreeSet<usize>, number: usize) -> bool {
        number < FORGETFUL || known.range(FORGETFUL..).count() < MOST_FORMATS
    }

    proptest! {
        #[test]
        fn each_format_gets_its_own_payloads_and_keeps_its_place_until_that_is_taken_back(
            steps in proptest::collection::vec((0u8..5, 0usize..24), 1..150),
        ) {
            let (mut shared, mut known) = (Shared::default(), BTreeSet::new());
            for (tick, (what, number)) in (0..).zip(steps) {
                let (format, is_known) = (format(number), known.contains(&number));
                match what {
                    0..3 => {
                        let finds_place = !is_known && has_room(&known, number);
                        let back = shared.equip(Encoder::new(format)).map(|back| back.format());
                        prop_assert_eq!(back, (!finds_place).then_some(format));
                        known.extend(finds_place.then_some(number));
                    }
                    3 => {
                        let back = shared.unequip(format).map(|back| back.format());
                        prop_assert_eq!(back, known.remove(&number).then_some(format));
                    }
                    _ => {
                        shared.clear();
                        let silence = Frame::silence(format.codec().rate());
                        let payload = shared.payload(tick, format, &silence, || Before::sound(&silence));
                        known.extend((number < FORGETFUL).then_some(number));
                        prop_assert_eq!(payload.is_some(), known.contains(&number));
                        prop_assert!(payload.is_none_or(|payload| is_of(number, payload.bytes())));
                    }
                }
            }
        }
    }
}
