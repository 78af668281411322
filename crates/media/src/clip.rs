//! Audio that is prepared once and played many times: prompts, tones, music.
//!
//! Preparing allocates and takes its time; playing ([`Clip::frame`]) copies one frame out of shared memory.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use ogg::PacketReader;
use opus::{Channels, Decoder};

use crate::frame::{Frame, Rate, TICK};
use crate::resample::Decimator;

/// Longest clip, in samples at 48 kHz: ten minutes.
const LONGEST: usize = 48_000 * 600;
/// Most samples one Opus packet holds: 120 ms at 48 kHz (RFC 6716, section 2.1.4).
const LONGEST_PACKET: usize = 5_760;

/// Why bytes are no prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClipError {
    /// Not an Ogg stream, or a broken one.
    Ogg,
    /// The stream does not start with an Opus header of version 1 (RFC 7845, section 5.1), or has no audio.
    Header,
    /// An Opus packet that does not decode.
    Opus,
    /// Longer than ten minutes.
    TooLong,
}

impl std::fmt::Display for ClipError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ogg => "not a whole Ogg stream",
            Self::Header => "no Opus header, or no audio behind it",
            Self::Opus => "an Opus packet does not decode",
            Self::TooLong => "longer than ten minutes",
        })
    }
}

impl std::error::Error for ClipError {}

/// Audio at one or more rates. Cloning shares the samples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clip {
    /// In the order of [`Rate::ALL`].
    by_rate: [Option<Arc<[i16]>>; 3],
}

impl Clip {
    /// A clip from audio at 48 kHz, kept at each of `rates`.
    pub fn from_full_band(audio: &[i16], rates: &[Rate]) -> Self {
        let mut clip = Self::default();
        for &rate in rates {
            clip.by_rate[rate as usize] = Some(Decimator::to(rate).run(audio).into());
        }
        clip
    }

    /// Decodes an Ogg/Opus stream (RFC 7845) of one or two channels, kept at each of `rates`; two channels are mixed.
    ///
    /// # Errors
    /// [`ClipError`] says what is wrong with the bytes.
    pub fn from_ogg_opus(bytes: &[u8], rates: &[Rate]) -> Result<Self, ClipError> {
        Ok(Self::from_full_band(&decode(bytes)?, rates))
    }

    /// The samples at `rate`, if the clip is kept at it.
    pub fn samples(&self, rate: Rate) -> Option<&Arc<[i16]>> {
        self.by_rate[rate as usize].as_ref()
    }

    /// Length in ticks; the last one may be filled in part.
    pub fn ticks(&self) -> usize {
        Rate::ALL
            .into_iter()
            .find_map(|rate| Some(self.samples(rate)?.len().div_ceil(rate.samples_per_tick())))
            .unwrap_or(0)
    }

    /// Length in time, rounded up to whole ticks.
    pub fn duration(&self) -> Duration {
        TICK * u32::try_from(self.ticks()).unwrap_or(u32::MAX)
    }

    /// Copies tick number `tick` into `out` at `rate`, the rest of the last one silent. False past the end, and for a
    /// rate the clip is not kept at: `out` is silent then.
    pub fn frame(&self, tick: usize, rate: Rate, out: &mut Frame) -> bool {
        out.clear(rate);
        let size = rate.samples_per_tick();
        let part = self.samples(rate).and_then(|s| s.chunks(size).nth(tick));
        let Some(part) = part else {
            return false;
        };
        out.samples_mut()[..part.len()].copy_from_slice(part);
        true
    }
}

/// Prompts by name, decoded once.
#[derive(Debug, Clone)]
pub struct ClipBank {
    rates: Vec<Rate>,
    clips: Vec<(Box<str>, Clip)>,
}

impl ClipBank {
    /// An empty bank whose clips are kept at `rates`.
    pub fn new(rates: &[Rate]) -> Self {
        Self {
            rates: rates.to_vec(),
            clips: Vec::new(),
        }
    }

    /// Decodes a prompt and keeps it under `name`, in place of one of that name.
    ///
    /// # Errors
    /// [`ClipError`] says what is wrong with the bytes; the bank is unchanged then.
    pub fn insert_ogg_opus(&mut self, name: &str, bytes: &[u8]) -> Result<(), ClipError> {
        let clip = Clip::from_ogg_opus(bytes, &self.rates)?;
        self.insert(name, clip);
        Ok(())
    }

    /// Keeps a clip under `name`, in place of one of that name.
    pub fn insert(&mut self, name: &str, clip: Clip) {
        match self.place(name) {
            Ok(at) => self.clips[at].1 = clip,
            Err(at) => self.clips.insert(at, (name.into(), clip)),
        }
    }

    /// The clip of that name.
    pub fn get(&self, name: &str) -> Option<&Clip> {
        self.place(name).ok().map(|at| &self.clips[at].1)
    }

    /// Clips in the bank.
    pub fn len(&self) -> usize {
        self.clips.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.clips.binary_search_by(|(n, _)| (**n).cmp(name))
    }
}

/// What an Opus header tells (RFC 7845, section 5.1).
struct Head {
    pre_skip: usize,
    /// Gain in 1/256 dB.
    gain: i16,
}

fn read_head(packet: &[u8]) -> Option<Head> {
    let rest = packet.strip_prefix(b"OpusHead")?;
    let (&[version, channels, s0, s1, _, _, _, _, g0, g1, mapping], _) = rest.split_first_chunk::<11>()?;
    let plain = version >> 4 == 0 && (1..=2).contains(&channels) && mapping == 0;
    plain.then(|| Head {
        pre_skip: usize::from(u16::from_le_bytes([s0, s1])),
        gain: i16::from_le_bytes([g0, g1]),
    })
}

fn decode(bytes: &[u8]) -> Result<Vec<i16>, ClipError> {
    let mut reader = PacketReader::new(Cursor::new(bytes));
    let mut next = || reader.read_packet().map_err(|_| ClipError::Ogg);
    let head = next()?
        .and_then(|p| read_head(&p.data))
        .ok_or(ClipError::Header)?;
    next()?.ok_or(ClipError::Header)?;
    let mut decoder = Decoder::new(48_000, Channels::Mono).map_err(|_| ClipError::Opus)?;
    decoder
        .set_gain(i32::from(head.gain))
        .map_err(|_| ClipError::Opus)?;
    let mut audio = Vec::new();
    let mut end = 0;
    let mut room = [0; LONGEST_PACKET];
    while let Some(packet) = next()? {
        let count = decoder.decode(&packet.data, &mut room, false);
        audio.extend_from_slice(&room[..count.map_err(|_| ClipError::Opus)?]);
        end = packet.absgp_page();
        if audio.len() > LONGEST {
            return Err(ClipError::TooLong);
        }
    }
    trim(audio, head.pre_skip, end)
}

/// Takes off what the encoder needed to run in, and what fills the last packet (RFC 7845, section 4).
fn trim(mut audio: Vec<i16>, pre_skip: usize, end: u64) -> Result<Vec<i16>, ClipError> {
    audio.truncate(usize::try_from(end).unwrap_or(usize::MAX));
    if audio.len() <= pre_skip {
        return Err(ClipError::Header);
    }
    audio.drain(..pre_skip);
    Ok(audio)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Dbov;
    use ogg::{PacketWriteEndInfo, PacketWriter};
    use opus::{Application, Encoder};

    const SKIP: usize = 312;

    fn head(channels: u8) -> Vec<u8> {
        let mut head = b"OpusHead\x01".to_vec();
        head.push(channels);
        head.extend((SKIP as u16).to_le_bytes());
        head.extend(48_000u32.to_le_bytes());
        head.extend([0, 0, 0]);
        head
    }

    /// A tone of `samples` at 48 kHz, as a prompt file.
    fn file(hz: f64, samples: usize) -> Vec<u8> {
        let mut encoder = Encoder::new(48_000, Channels::Mono, Application::Audio).unwrap();
        let mut out = Vec::new();
        let mut writer = PacketWriter::new(&mut out);
        let page = PacketWriteEndInfo::EndPage;
        writer.write_packet(head(1), 1, page, 0).unwrap();
        writer
            .write_packet(b"OpusTags\0\0\0\0\0\0\0\0".to_vec(), 1, page, 0)
            .unwrap();
        let whole = samples + SKIP;
        for start in (0..whole).step_by(960) {
            let audio: Vec<i16> = (start..start + 960)
                .map(|n| ((n as f64 * hz * std::f64::consts::TAU / 48_000.0).sin() * 10_000.0) as i16)
                .collect();
            let last = start + 960 >= whole;
            let info = if last { PacketWriteEndInfo::EndStream } else { page };
            let granule = whole.min(start + 960) as u64;
            let packet = encoder.encode_vec(&audio, 1_500).unwrap();
            writer.write_packet(packet, 1, info, granule).unwrap();
        }
        out
    }

    #[test]
    fn a_prompt_has_its_length_and_level_at_every_rate() {
        let mut bank = ClipBank::new(&Rate::ALL);
        bank.insert_ogg_opus("welcome", &file(440.0, 50_000)).unwrap();
        let clip = bank.get("welcome").unwrap();
        for rate in Rate::ALL {
            let samples = clip.samples(rate).unwrap();
            let step = 48_000 / rate.hz() as usize;
            assert_eq!(samples.len(), 50_000usize.div_ceil(step));
            let level = Dbov::of(&samples[samples.len() / 4..samples.len() / 2]);
            assert!((-14..=-12).contains(&level.db()), "{rate:?}: {level:?}");
        }
        assert_eq!((clip.ticks(), clip.duration()), (53, TICK * 53));
    }

    #[test]
    fn frames_cover_the_clip_and_end_in_silence() {
        let audio: Vec<i16> = (0..1_000).map(|n| n + 1).collect();
        let clip = Clip::from_full_band(&audio, &[Rate::Hz48000]);
        let mut frame = Frame::default();
        assert!(clip.frame(1, Rate::Hz48000, &mut frame));
        assert_eq!(frame.samples()[..40], audio[960..]);
        assert_eq!(frame.samples()[40..], [0; 920]);
        assert!(!clip.frame(2, Rate::Hz48000, &mut frame));
        assert!(!clip.frame(0, Rate::Hz8000, &mut frame));
        assert_eq!(frame, Frame::silence(Rate::Hz8000));
    }

    #[test]
    fn a_bank_finds_by_name_and_replaces() {
        let mut bank = ClipBank::new(&[Rate::Hz8000]);
        for name in ["b", "a", "c", "b"] {
            bank.insert(name, Clip::from_full_band(&[1; 960], &[Rate::Hz8000]));
        }
        assert_eq!(bank.len(), 3);
        assert!(bank.get("a").is_some() && bank.get("d").is_none());
    }

    #[test]
    fn broken_files_are_refused_and_never_panic() {
        let good = file(440.0, 9_600);
        let mut stereo_family = good.clone();
        stereo_family[28 + 18] = 1;
        for bad in [&[][..], b"RIFF", &good[..27], &good[..60], &stereo_family] {
            assert!(Clip::from_ogg_opus(bad, &[Rate::Hz8000]).is_err());
        }
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 0x55;
            let _ = Clip::from_ogg_opus(&bytes, &[]);
        }
    }
}
