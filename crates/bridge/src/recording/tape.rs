//! One recording as it is written: an Ogg stream of Opus (RFC 7845), mono, of ticks with dates.
//!
//! Its time is that of the wall: a tick that did not come is silence of its length, so that a second of the file is a second of the
//! meeting. A page is ended every second; whoever cuts the file off has all pages before.

use std::io::{self, Write};
use std::time::Instant;

use media::{Codec, Encoder, Format, Frame, Rate, TICK};
use model::{MeetingId, MeetingNumber};
use ogg::{PacketWriteEndInfo, PacketWriter};

use super::{COMMENTS, PRE_SKIP};

/// Samples at 48 kHz of a tick: granule positions count at that rate, whatever was encoded.
const GRANULES: u64 = 960;
/// Ticks of a page: a second.
const PAGE: u64 = 50;
/// The one stream of the file.
const SERIAL: u32 = 1;
/// Who made it, by the comment header.
const VENDOR: &str = concat!("Partyline ", env!("CARGO_PKG_VERSION"));

/// What a recording tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    /// The meeting, as in its record.
    pub(crate) meeting: MeetingId,
    /// Its number.
    pub(crate) number: MeetingNumber,
    /// When it was asked for, epoch ms.
    pub(crate) started_ms: i64,
    /// As what: a role, `user` by REST, or `bridge`.
    pub(crate) started_by: String,
}

/// Counts what goes through.
#[derive(Debug)]
struct Counted<W> {
    to: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A recording under way.
pub(crate) struct Tape<W: Write> {
    pages: PacketWriter<'static, Counted<W>>,
    encoder: Encoder,
    rate: Rate,
    /// Date of the first tick.
    began: Option<Instant>,
    /// Ticks so far, silent ones too.
    ticks: u64,
}

impl<W: Write> Tape<W> {
    /// Begins one of frames at `rate`.
    ///
    /// # Errors
    /// When its headers could not be written.
    pub(crate) fn begin(to: W, rate: Rate, about: &About) -> io::Result<Self> {
        let mut pages = PacketWriter::new(Counted { to, bytes: 0 });
        for header in [head(rate), tags(about)] {
            pages.write_packet(header, SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        }
        Ok(Self {
            pages,
            encoder: Encoder::new(Format::of(Codec::Opus(rate))),
            rate,
            began: None,
            ticks: 0,
        })
    }

    /// Writes the tick that was due at `at`, behind silence for those before it that did not come; how many those were.
    ///
    /// # Errors
    /// When it could not be written; the tape is of no use then.
    pub(crate) fn write(&mut self, at: Instant, frame: &Frame) -> io::Result<u64> {
        let began = *self.began.get_or_insert(at);
        let since = at.saturating_duration_since(began) + TICK / 2;
        let place = (since.as_nanos() / TICK.as_nanos()) as u64;
        let missing = place.saturating_sub(self.ticks);
        for _ in 0..missing {
            self.put(&Frame::silence(self.rate))?;
        }
        self.put(frame)?;
        Ok(missing)
    }

    fn put(&mut self, frame: &Frame) -> io::Result<()> {
        let payload = self.encode(frame)?;
        self.ticks += 1;
        let end = match self.ticks.is_multiple_of(PAGE) {
            true => PacketWriteEndInfo::EndPage,
            false => PacketWriteEndInfo::NormalPacket,
        };
        self.pages
            .write_packet(payload, SERIAL, end, self.ticks * GRANULES)
    }

    fn encode(&mut self, frame: &Frame) -> io::Result<Vec<u8>> {
        let mut payload = vec![0; Codec::MAX_PAYLOAD];
        let length = self.encoder.encode(frame, &mut payload);
        if length == 0 {
            return Err(io::Error::other("the audio could not be encoded"));
        }
        payload.truncate(length);
        Ok(payload)
    }

    /// Ends it: behind the last tick comes what the encoder held back, and the length says where the audio ends in that.
    ///
    /// # Errors
    /// When the end could not be written; what is there is a recording all the same.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        let payload = self.encode(&Frame::silence(self.rate))?;
        let granule = u64::from(PRE_SKIP) + self.ticks * GRANULES;
        self.pages
            .write_packet(payload, SERIAL, PacketWriteEndInfo::EndStream, granule)?;
        self.pages.inner_mut().flush()
    }

    /// Length so far, ms.
    pub(crate) fn length_ms(&self) -> u64 {
        self.ticks * TICK.as_millis() as u64
    }

    /// Bytes written so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.pages.inner().bytes
    }

    /// Where it is written to.
    pub(crate) fn inner(&self) -> &W {
        &self.pages.inner().to
    }
}

/// The identification header (RFC 7845, section 5.1): one channel, no gain.
fn head(rate: Rate) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(PRE_SKIP.to_le_bytes());
    head.extend(rate.hz().to_le_bytes());
    head.extend([0, 0, 0]);
    head
}

/// The comment header (RFC 7845, section 5.2).
fn tags(about: &About) -> Vec<u8> {
    let values = [
        about.meeting.to_string(),
        about.number.to_string(),
        about.started_ms.to_string(),
        about.started_by.clone(),
    ];
    let mut tags = b"OpusTags".to_vec();
    put_text(&mut tags, VENDOR);
    tags.extend((values.len() as u32).to_le_bytes());
    for (name, value) in COMMENTS.iter().zip(values) {
        put_text(&mut tags, &format!("{name}={value}"));
    }
    tags
}

fn put_text(tags: &mut Vec<u8>, text: &str) {
    tags.extend((text.len() as u32).to_le_bytes());
    tags.extend(text.as_bytes());
}

#[cfg(test)]
pub(super) mod tests {
    use std::f64::consts::TAU;
    use std::io::Cursor;

    use media::{Clip, Decoder};
    use ogg::PacketReader;

    use super::super::Remains;
    use super::*;

    fn epoch() -> Instant {
        Instant::now()
    }

    pub(in crate::recording) fn about() -> About {
        About {
            meeting: MeetingId(42),
            number: MeetingNumber(106_131),
            started_ms: 1_764_290_000_123,
            started_by: "host".to_owned(),
        }
    }

    /// Tick `n` of a tone of 1 kHz.
    fn tone(rate: Rate, n: u64) -> Frame {
        let mut frame = Frame::silence(rate);
        let length = rate.samples_per_tick() as u64;
        for (at, sample) in (n * length..).zip(frame.samples_mut()) {
            *sample = ((at as f64 * 1_000.0 * TAU / f64::from(rate.hz())).sin() * 8_000.0) as i16;
        }
        frame
    }

    /// A recording of those of `ticks` that are `taped`; and how many were missing.
    pub(in crate::recording) fn file(rate: Rate, ticks: u64, taped: impl Fn(u64) -> bool) -> (Vec<u8>, u64) {
        let (mut bytes, mut missing, epoch) = (Vec::new(), 0, epoch());
        let mut tape = Tape::begin(&mut bytes, rate, &about()).unwrap();
        for n in (0..ticks).filter(|n| taped(*n)) {
            missing += tape.write(epoch + TICK * n as u32, &tone(rate, n)).unwrap();
        }
        tape.end().unwrap();
        assert_eq!(tape.length_ms(), ticks * 20);
        let written = tape.bytes();
        assert_eq!(written, bytes.len() as u64);
        (bytes, missing)
    }

    /// Peak of the tone in each tenth of a second.
    fn peaks(samples: &[i16]) -> Vec<f64> {
        let peak = |part: &[i16]| {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, sample) in part.iter().enumerate() {
                let (sin, cos) = (n as f64 * 1_000.0 * TAU / 48_000.0).sin_cos();
                re += f64::from(*sample) * cos;
                im += f64::from(*sample) * sin;
            }
            2.0 * f64::hypot(re, im) / part.len() as f64
        };
        samples.chunks_exact(4_800).map(peak).collect()
    }

    fn decoded(bytes: &[u8]) -> Vec<i16> {
        let clip = Clip::from_ogg_opus(bytes, &[Rate::Hz48000]).unwrap();
        clip.samples(Rate::Hz48000).unwrap().to_vec()
    }

    #[test]
    fn the_file_has_the_length_and_the_sound_of_what_was_taped_at_any_rate() {
        for rate in Rate::ALL {
            let (bytes, missing) = file(rate, 233, |_| true);
            let samples = decoded(&bytes);
            assert_eq!((samples.len(), missing), (233 * 960, 0), "{rate:?}");
            let peaks = peaks(&samples);
            for peak in &peaks[1..peaks.len() - 1] {
                let db = 20.0 * (peak / 8_000.0).log10();
                assert!(db.abs() < 1.0, "{rate:?}: {db:.2} dB");
            }
        }
    }

    #[test]
    fn what_did_not_come_is_silence_of_its_length() {
        let (bytes, missing) = file(Rate::Hz48000, 300, |n| !(100..150).contains(&n));
        let samples = decoded(&bytes);
        assert_eq!((samples.len(), missing), (300 * 960, 50));
        let loud: Vec<_> = peaks(&samples).into_iter().map(|peak| peak > 4_000.0).collect();
        let expected: Vec<_> = (0..60).map(|tenth| !(20..30).contains(&tenth)).collect();
        let wrong: Vec<_> = (0..60).filter(|tenth| loud[*tenth] != expected[*tenth]).collect();
        // A codec needs a moment at either end.
        assert!(wrong.iter().all(|tenth| [0, 20, 30].contains(tenth)), "{wrong:?}");
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_decoded_up_to_a_second_before_the_cut() {
        let (bytes, _) = file(Rate::Hz48000, 500, |_| true);
        for cut in (0..bytes.len()).step_by(977).chain([bytes.len()]) {
            let mut reader = PacketReader::new(Cursor::new(&bytes[..cut]));
            let mut decoder = Decoder::new(Codec::Opus(Rate::Hz48000));
            let (mut audio, mut packets, mut room) = (0, 0, [0; 5_760]);
            while let Ok(Some(packet)) = reader.read_packet() {
                packets += 1;
                if packets > 2 {
                    audio += decoder.decode(&packet.data, &mut room);
                }
            }
            let share = cut as f64 / bytes.len() as f64 * 10.0;
            let seconds = audio as f64 / 48_000.0;
            assert!(
                seconds > share - 1.5 && seconds < share + 1.5,
                "{seconds} s of {share}"
            );
            let remains = Remains::read(Cursor::new(&bytes[..cut]));
            let told = remains.map_or(0, |remains| remains.length_ms);
            assert!(told.abs_diff(audio as u64 / 48) <= 20, "{told} ms of {seconds} s");
        }
    }

    #[test]
    fn nothing_of_a_meeting_that_said_nothing_is_a_file_of_no_length() {
        let (bytes, _) = file(Rate::Hz16000, 0, |_| true);
        let remains = Remains::read(Cursor::new(bytes)).unwrap();
        assert_eq!((remains.about, remains.length_ms), (about(), 0));
    }

    #[test]
    fn a_disk_that_takes_no_more_is_told() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self
                    .0
                    .checked_sub(bytes.len())
                    .ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(Tape::begin(Full(10), Rate::Hz8000, &about()).is_err());
        let epoch = epoch();
        let mut tape = Tape::begin(Full(8_000), Rate::Hz8000, &about()).unwrap();
        let outcome = (0..500).find_map(|n| tape.write(epoch + TICK * n, &tone(Rate::Hz8000, 0)).err());
        assert_eq!(
            outcome.map(|error| error.kind()),
            Some(io::ErrorKind::StorageFull)
        );
    }
}
