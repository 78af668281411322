//! Prompts encoded to Opus before they are played, for legs that hear nothing else: in a menu. Of each format that phones take, everything that can
//! be said is made ahead, while nobody needs the core; what is asked for before it is there is made at once, by a thread that even a mixer with more
//! to do than it has time for cannot keep from running. What nobody has asked for the longest gives way.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use media::{Clip, Codec, Format};
use mixer::Encoded;

use super::{realtime, serve};
use crate::control::voice::Sound;
use crate::metrics::PromptCounts;

/// Bytes kept at most. A minute takes 250 kB at 32 kbit/s.
const ROOM: usize = 32 << 20;
/// What was asked for and may wait to be encoded; what comes beyond is asked for again, if it is worth it.
const WAITING: usize = 64;
/// What may wait to be encoded ahead; the rest is handed out as there is room.
const AHEAD: usize = 32;
/// Formats of which everything is made ahead. All prompts of one take 1.1 MB at 32 kbit/s.
const FORMATS: usize = 8;
/// What was asked for once, and is remembered.
const ONCE: usize = 4_096;
/// Rest of the thread that makes what was asked for, after every 20 ms that it has encoded, which takes some 0.1 ms: it leaves the cores to
/// others though it runs before them, and still encodes a prompt of 5 s in 0.2 s.
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

    fn has(&self, name: &Name) -> bool {
        self.kept.contains_key(name)
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
        // Both threads may have made it.
        if let Some(before) = self.kept.insert(name, Kept { encoded, used }) {
            self.counts.bytes -= before.encoded.size();
        }
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

#[derive(Debug)]
struct Job {
    name: Name,
    recording: Clip,
}

/// Encodes what comes, above `noise`, for as long as somebody wants it; `rest` is called after every 20 ms of it.
fn make(waiting: Receiver<Job>, noise: &Clip, rest: &mut dyn FnMut(), out: &Sender<(Name, Encoded)>) {
    for Job { name, recording } in waiting {
        let encoded = Encoded::new(recording, noise.clone(), name.format, rest);
        if out.send((name, encoded)).is_err() {
            return;
        }
    }
}

/// The shelf and the threads that fill it.
pub(super) struct Prompts {
    shelf: Shelf,
    asked: Sender<Job>,
    ahead: Sender<Job>,
    made: Receiver<(Name, Encoded)>,
    /// Formats of which everything is made ahead, and what is still to be handed out for that.
    formats: Vec<Format>,
    yet: VecDeque<Job>,
}

impl Prompts {
    /// Starts the threads, which end with this; `noise` is what lies beneath everything. The one that makes what was asked for runs before a
    /// mixer that was started with this priority: for a sixth of a core, until it is made.
    pub(super) fn start(noise: Clip, priority: u8) -> Result<Self, String> {
        let (asked, waiting) = bounded(WAITING);
        let (ahead, expected) = bounded(AHEAD);
        let (out, made) = bounded(WAITING);
        let (beneath, made_ahead) = (noise.clone(), out.clone());
        let mut rest = || thread::sleep(REST);
        let thread = serve::spawn("prompts", move || make(waiting, &noise, &mut rest, &out))?;
        if priority > 0 {
            // Where the system allows no real time, the mixer says so.
            let _ = realtime::run_above(&thread, priority);
        }
        serve::spawn("prompts-ahead", move || {
            realtime::idle();
            make(expected, &beneath, &mut || {}, &made_ahead);
        })?;
        Ok(Self {
            shelf: Shelf::new(ROOM),
            asked,
            ahead,
            made,
            formats: Vec::new(),
            yet: VecDeque::new(),
        })
    }

    /// A phone takes this format, or will: what others of it may be told is made ahead, the first of `catalogue` first.
    pub(super) fn expect<I>(&mut self, format: Format, catalogue: impl FnOnce() -> I)
    where
        I: Iterator<Item = (Sound, Clip)>,
    {
        if !matches!(format.codec(), Codec::Opus(_)) || self.formats.contains(&format) {
            return;
        }
        if self.formats.len() >= FORMATS {
            self.shelf.counts.beyond += 1;
            return;
        }
        self.formats.push(format);
        let job = |(sound, recording)| Job {
            name: Name { sound, format },
            recording,
        };
        self.yet.extend(catalogue().map(job));
        self.go_on();
    }

    /// Takes in what was made, and hands out what is to be made ahead.
    pub(super) fn go_on(&mut self) {
        for (name, encoded) in self.made.try_iter() {
            self.shelf.put(name, encoded);
        }
        while let Some(job) = self.yet.pop_front() {
            if self.shelf.has(&job.name) {
                continue;
            }
            if let Err(error) = self.ahead.try_send(job) {
                return self.yet.push_front(error.into_inner());
            }
        }
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
        self.go_on();
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
            self.ask(name, recording.clone());
        }
        found
    }

    fn ask(&mut self, name: Name, recording: Clip) {
        match self.asked.try_send(Job { name, recording }) {
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
        let mut prompts = Prompts::start(Clip::default(), 0).unwrap();
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

    #[test]
    fn what_a_format_may_need_is_made_ahead_once_and_of_so_many_formats() {
        let mut prompts = Prompts::start(Clip::default(), 0).unwrap();
        let sounds = [Sound::EntryTone, Sound::ExitTone, Sound::Pause];
        let catalogue = || sounds.into_iter().map(|sound| (sound, beep()));
        for format in [Format::of(Codec::Pcmu), Format::of(Codec::G722), OPUS, OPUS] {
            prompts.expect(format, catalogue);
        }
        for sound in sounds {
            let (made, encoded) = prompts.made.recv().unwrap();
            assert_eq!(made, name(sound));
            prompts.shelf.put(made, encoded);
        }
        // The first who asks finds them.
        assert_eq!(prompts.find(&sounds, &[beep(), beep(), beep()], OPUS).len(), 3);
        for bitrate in 6_001..6_001 + 2 * FORMATS as u32 {
            let opus = media::OpusSend {
                bitrate,
                ..OPUS.opus()
            };
            prompts.expect(Format::with_opus(OPUS.codec(), opus), std::iter::empty);
        }
        assert_eq!(prompts.formats.len(), FORMATS);
        assert_eq!(prompts.counts().beyond, 1 + FORMATS as u64);
    }

    #[test]
    fn what_both_threads_made_is_kept_once() {
        let mut shelf = Shelf::new(ROOM);
        (0..2).for_each(|_| shelf.put(name(Sound::EntryTone), encoded()));
        assert_eq!((shelf.counts.encoded, shelf.counts.bytes), (2, encoded().size()));
    }
}
