//! Prompts encoded to Opus before they are played, for legs that hear nothing else: in a menu. A thread of its own makes them, slowly, of what was
//! asked for more than once; what nobody has asked for the longest gives way.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use media::{Clip, Codec, Format};
use mixer::Encoded;

use super::serve;
use crate::control::voice::Sound;
use crate::metrics::PromptCounts;

/// Bytes kept at most. A minute takes 250 kB at 32 kbit/s.
const ROOM: usize = 32 << 20;
/// What may wait to be encoded; what comes beyond is asked for again, if it is worth it.
const WAITING: usize = 64;
/// What was asked for once, and is remembered.
const ONCE: usize = 4_096;
/// Rest of the thread after every 20 ms that it has encoded, which takes some 0.1 ms: it leaves the cores to others, whatever their
/// priorities, and still encodes a prompt of 5 s in 0.2 s.
const REST: Duration = Duration::from_micros(500);

/// A sound in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Name {
    sound: Sound,
    format: Format,
}

#[derive(Debug)]
struct Kept {
    encoded: Arc<Encoded>,
    /// Number of the request that it was of use to last.
    used: u64,
}

/// What there is, and what is being made.
#[derive(Debug)]
struct Shelf {
    kept: HashMap<Name, Kept>,
    once: HashSet<Name>,
    making: HashSet<Name>,
    room: usize,
    requests: u64,
    counts: PromptCounts,
}

impl Shelf {
    fn new(room: usize) -> Self {
        Self {
            kept: HashMap::new(),
            once: HashSet::new(),
            making: HashSet::new(),
            room,
            requests: 0,
            counts: PromptCounts::default(),
        }
    }

    fn find(&mut self, name: &Name) -> Option<Arc<Encoded>> {
        self.requests += 1;
        let kept = self.kept.get_mut(name)?;
        kept.used = self.requests;
        Some(kept.encoded.clone())
    }

    /// Whether it is worth to be made: it was asked for before, and is not being made yet.
    fn is_wanted(&mut self, name: &Name) -> bool {
        if self.once.len() >= ONCE {
            self.once.clear();
        }
        !self.making.contains(name) && !self.once.insert(*name)
    }

    fn put(&mut self, name: Name, encoded: Encoded) {
        self.making.remove(&name);
        self.once.remove(&name);
        self.counts.encoded += 1;
        self.counts.bytes += encoded.size();
        let (encoded, used) = (Arc::new(encoded), self.requests);
        self.kept.insert(name, Kept { encoded, used });
        while self.counts.bytes > self.room {
            self.drop_one();
        }
    }

    /// Gives up what was of no use for the longest.
    fn drop_one(&mut self) {
        let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.used);
        let Some(name) = oldest.map(|(name, _)| *name) else {
            return;
        };
        if let Some(kept) = self.kept.remove(&name) {
            self.counts.bytes -= kept.encoded.size();
            self.counts.gave_way += 1;
        }
    }
}

struct Job {
    name: Name,
    recording: Clip,
}

/// The shelf and the thread that fills it.
pub(super) struct Prompts {
    shelf: Shelf,
    jobs: Sender<Job>,
    made: Receiver<(Name, Encoded)>,
}

impl Prompts {
    /// Starts the thread, which ends with this; `noise` is what lies beneath everything.
    pub(super) fn start(noise: Clip) -> Result<Self, String> {
        let (jobs, waiting) = bounded::<Job>(WAITING);
        let (out, made) = bounded(WAITING);
        serve::spawn("prompts", move || {
            for Job { name, recording } in waiting {
                let encoded =
                    Encoded::new(recording, noise.clone(), name.format, &mut || thread::sleep(REST));
                if out.send((name, encoded)).is_err() {
                    return;
                }
            }
        })?;
        let shelf = Shelf::new(ROOM);
        Ok(Self { shelf, jobs, made })
    }

    /// `sounds`, whose recordings these are, in `format`; none where one is not there yet: it is made for the next who asks.
    pub(super) fn find(
        &mut self,
        sounds: &[Sound],
        recordings: &[Clip],
        format: Format,
    ) -> Box<[Arc<Encoded>]> {
        if !matches!(format.codec(), Codec::Opus(_)) {
            return Box::default();
        }
        for (name, encoded) in self.made.try_iter() {
            self.shelf.put(name, encoded);
        }
        let all = sounds.iter().zip(recordings);
        let found: Vec<_> = all
            .map(|(sound, recording)| self.one(*sound, recording, format))
            .collect();
        found.into_iter().collect::<Option<_>>().unwrap_or_default()
    }

    fn one(&mut self, sound: Sound, recording: &Clip, format: Format) -> Option<Arc<Encoded>> {
        let name = Name { sound, format };
        let found = self.shelf.find(&name);
        if found.is_none() && self.shelf.is_wanted(&name) {
            self.make(name, recording.clone());
        }
        found
    }

    fn make(&mut self, name: Name, recording: Clip) {
        match self.jobs.try_send(Job { name, recording }) {
            Ok(()) => {
                self.shelf.making.insert(name);
            }
            Err(_) => self.shelf.counts.put_off += 1,
        }
    }

    /// How it went so far.
    pub(super) fn counts(&self) -> PromptCounts {
        self.shelf.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::{Rate, Tone};

    const OPUS: Format = Format::of(Codec::Opus(Rate::Hz16000));

    fn name(sound: Sound) -> Name {
        Name { sound, format: OPUS }
    }

    fn beep() -> Clip {
        Tone::Entry.clip(&[Rate::Hz16000])
    }

    fn encoded() -> Encoded {
        Encoded::new(beep(), Clip::default(), OPUS, &mut || {})
    }

    #[test]
    fn what_is_asked_for_twice_is_made_once() {
        let mut shelf = Shelf::new(ROOM);
        let (entry, exit) = (name(Sound::EntryTone), name(Sound::ExitTone));
        assert!(shelf.find(&entry).is_none() && !shelf.is_wanted(&entry));
        assert!(!shelf.is_wanted(&exit));
        assert!(shelf.is_wanted(&entry));
        shelf.making.insert(entry);
        assert!(!shelf.is_wanted(&entry));
        shelf.put(entry, encoded());
        assert!(shelf.find(&entry).is_some() && shelf.find(&exit).is_none());
    }

    #[test]
    fn what_was_of_no_use_for_the_longest_gives_way() {
        let size = encoded().size();
        let mut shelf = Shelf::new(2 * size + size / 2);
        let names = [Sound::EntryTone, Sound::ExitTone, Sound::Pause].map(name);
        shelf.put(names[0], encoded());
        shelf.put(names[1], encoded());
        assert!(shelf.find(&names[1]).is_some() && shelf.find(&names[0]).is_some());
        shelf.put(names[2], encoded());
        let there = names.each_ref().map(|name| shelf.find(name).is_some());
        assert_eq!(there, [true, false, true]);
        let counts = shelf.counts;
        assert_eq!((counts.encoded, counts.gave_way, counts.bytes), (3, 1, 2 * size));
    }

    #[test]
    fn what_was_asked_for_once_is_forgotten_at_last() {
        let mut shelf = Shelf::new(ROOM);
        for ms in 0..ONCE as u32 {
            let opus = media::OpusSend {
                bitrate: 6_000 + ms,
                ..OPUS.opus()
            };
            let format = Format::with_opus(OPUS.codec(), opus);
            let sound = Sound::Pause;
            assert!(!shelf.is_wanted(&Name { sound, format }));
        }
        assert!(!shelf.is_wanted(&name(Sound::EntryTone)));
        assert_eq!(shelf.once.len(), 1);
    }

    #[test]
    fn the_thread_makes_what_was_asked_for_and_cheap_codecs_need_none() {
        let mut prompts = Prompts::start(Clip::default()).unwrap();
        let (sounds, recordings) = ([Sound::EntryTone, Sound::ExitTone], [beep(), beep()]);
        for _ in 0..2 {
            for format in [OPUS, Format::of(Codec::Pcmu), Format::of(Codec::G722)] {
                assert!(prompts.find(&sounds, &recordings, format).is_empty());
            }
        }
        for _ in sounds {
            assert!(prompts.find(&sounds, &recordings, OPUS).is_empty());
            let (name, made) = prompts.made.recv().unwrap();
            assert_eq!((name.format, made.format()), (OPUS, OPUS));
            prompts.shelf.put(name, made);
        }
        assert_eq!(prompts.find(&sounds, &recordings, OPUS).len(), 2);
        assert_eq!(prompts.counts().encoded, 2);
    }
}
