//! Sound becomes payloads: once for everybody who hears the same in the same format.

use media::{Codec, Dbov, Effort, Encoder, Format, Frame};

/// Formats of one sum at once: those without memory, and the rest for Opus in its variants.
const FORMATS: usize = 16;

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

/// An encoder that knows whether it has heard what came just before.
#[derive(Debug)]
pub(crate) struct Warm {
    encoder: Encoder,
    /// Number of the tick it was last used in.
    used: Option<u64>,
}

impl Warm {
    pub(crate) const fn new(encoder: Encoder) -> Self {
        Self { encoder, used: None }
    }

    /// What it makes.
    pub(crate) fn format(&self) -> Format {
        self.encoder.format()
    }

    /// Tries as hard as this from now on.
    pub(crate) fn set_effort(&mut self, effort: Effort) {
        self.encoder.set_effort(effort);
    }

    /// Encodes `frame` in tick number `tick`. An encoder that did not make the last tick's payload first hears what its listener did
    /// then, so that the decoder's memory fits and nothing clicks.
    pub(crate) fn encode(&mut self, tick: u64, frame: &Frame, before: Option<&Frame>) -> Payload {
        let mut bytes = [0; Codec::MAX_PAYLOAD];
        let fits = self.used.replace(tick).is_some_and(|used| used + 1 == tick);
        if let Some(before) = before.filter(|_| !fits && self.format().codec().has_memory()) {
            self.encoder.encode(before, &mut bytes);
        }
        let len = self.encoder.encode(frame, &mut bytes);
        let level = Dbov::of(frame.samples());
        Payload { bytes, len, level }
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

/// Whether an encoder of this format can be made within a tick: without the heap.
const fn is_light(format: Format) -> bool {
    match format.codec() {
        Codec::Pcmu | Codec::Pcma | Codec::G722 => true,
        Codec::Opus(_) => false,
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
    places: [Option<Place>; FORMATS],
}

impl Shared {
    /// Brings an encoder of a format that cannot be made within a tick; what it replaces, or what finds no place, comes back.
    pub(crate) fn equip(&mut self, encoder: Encoder) -> Option<Encoder> {
        let format = encoder.format();
        if self.find(format).is_some() {
            return Some(encoder);
        }
        self.put(Warm::new(encoder))
    }

    fn find(&self, format: Format) -> Option<usize> {
        let is = |place: &Option<Place>| {
            place
                .as_ref()
                .is_some_and(|place| place.encoder.format() == format)
        };
        self.places.iter().position(is)
    }

    fn put(&mut self, encoder: Warm) -> Option<Encoder> {
        match self.places.iter_mut().find(|place| place.is_none()) {
            Some(place) => {
                *place = Some(Place { encoder, made: None });
                None
            }
            None => Some(encoder.into_inner()),
        }
    }

    /// The next sum will be another one.
    pub(crate) fn clear(&mut self) {
        self.places
            .iter_mut()
            .flatten()
            .for_each(|place| place.made = None);
    }

    /// `frame` in `format`; it must be the same at every call until [`Shared::clear`], and `before` what it was at the last tick.
    /// Nothing where no encoder was brought.
    pub(crate) fn payload(
        &mut self,
        tick: u64,
        format: Format,
        frame: &Frame,
        before: &Frame,
    ) -> Option<&Payload> {
        if self.find(format).is_none() && is_light(format) {
            self.put(Warm::new(Encoder::new(format)));
        }
        let place = self.find(format)?;
        let Place { encoder, made } = self.places.get_mut(place)?.as_mut()?;
        Some(made.get_or_insert_with(|| encoder.encode(tick, frame, Some(before))))
    }
}
