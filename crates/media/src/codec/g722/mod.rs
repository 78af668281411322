//! G.722 at 64 kbit/s: two bands of 4 kHz, each coded as the difference from what its past foretells (ITU-T G.722, mode 1).
//!
//! One byte holds two samples of 16 kHz: two bits of the higher band above six of the lower. Nothing here touches the heap, and every
//! value saturates where the recommendation's do, so that any bytes decode to something.

mod band;
mod mirror;
mod steps;
mod tables;

use band::Band;
use mirror::{Join, Split};
pub(crate) use steps::Steps;

/// Makes G.722 of samples.
#[derive(Debug, Clone)]
pub struct Encoder {
    split: Split,
    low: Band,
    high: Band,
}

impl Encoder {
    /// An encoder that has heard nothing.
    pub const fn new() -> Self {
        Self {
            split: Split::new(),
            low: Band::low(),
            high: Band::high(),
        }
    }

    /// Encodes samples of 16 kHz into the front of `out`, one byte for each two; returns the bytes written. The shorter slice ends it.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        let pairs = samples.as_chunks::<2>().0;
        for (byte, pair) in out.iter_mut().zip(pairs) {
            let (low, high) = self.split.pair(*pair);
            *byte = self.high.encode_high(high) << 6 | self.low.encode_low(low);
        }
        pairs.len().min(out.len())
    }

    /// Lets `payload` pass, which another encoder made of `samples`: goes on where decoders of it do.
    pub fn follow(&mut self, samples: &[i16], payload: &[u8]) {
        for (pair, byte) in samples.as_chunks::<2>().0.iter().zip(payload) {
            self.split.pair(*pair);
            self.low.decode_low(byte & 0x3f);
            self.high.decode_high(byte >> 6);
        }
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes samples of G.722.
#[derive(Debug, Clone)]
pub struct Decoder {
    join: Join,
    low: Band,
    high: Band,
}

impl Decoder {
    /// A decoder that has heard nothing.
    pub const fn new() -> Self {
        Self {
            join: Join::new(),
            low: Band::low(),
            high: Band::high(),
        }
    }

    /// Decodes `payload` into the front of `out`, two samples of 16 kHz for each byte; returns the samples written. The shorter slice
    /// ends it.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        let pairs = out.as_chunks_mut::<2>().0;
        let count = 2 * payload.len().min(pairs.len());
        for (pair, byte) in pairs.iter_mut().zip(payload) {
            let low = self.low.decode_low(byte & 0x3f);
            let high = self.high.decode_high(byte >> 6);
            *pair = self.join.pair(low, high);
        }
        count
    }

    /// The steps that both bands have reached.
    pub(crate) const fn steps(&self) -> Steps {
        Steps::new(self.low.logarithm(), self.high.logarithm())
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Dbov;

    fn tone(hz: f64, peak: f64) -> Vec<i16> {
        let step = std::f64::consts::TAU * hz / 16_000.0;
        (0..16_000)
            .map(|n| ((f64::from(n) * step).sin() * peak) as i16)
            .collect()
    }

    fn through(samples: &[i16]) -> Vec<i16> {
        let mut payload = vec![0; samples.len() / 2];
        let mut back = vec![0; samples.len()];
        assert_eq!(Encoder::new().encode(samples, &mut payload), payload.len());
        assert_eq!(Decoder::new().decode(&payload, &mut back), back.len());
        back
    }

    /// Signal over the difference, in dB, at the delay of both mirror filters.
    fn clearness(samples: &[i16], back: &[i16]) -> f64 {
        let power = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
        let delay = 22;
        let pairs = || samples[2_000..15_000].iter().zip(&back[2_000 + delay..]);
        let signal = power(&mut pairs().map(|(s, _)| f64::from(*s)));
        let noise = power(&mut pairs().map(|(s, b)| f64::from(*s) - f64::from(*b)));
        10.0 * (signal / noise).log10()
    }

    #[test]
    fn tones_of_both_bands_come_back_at_their_level() {
        for hz in [300.0, 1_000.0, 3_000.0, 5_000.0, 6_500.0] {
            for peak in [300.0, 3_000.0, 14_000.0] {
                let samples = tone(hz, peak);
                let back = through(&samples);
                let (sent, heard) = (Dbov::of(&samples), Dbov::of(&back[1_600..]));
                assert!(
                    (sent.db() - heard.db()).abs() <= 1,
                    "{hz} Hz, {peak}: {sent:?} {heard:?}"
                );
            }
        }
        let samples = tone(1_000.0, 10_000.0);
        let clearness = clearness(&samples, &through(&samples));
        assert!(clearness > 30.0, "{clearness:.1} dB");
    }

    #[test]
    fn an_encoder_that_follows_what_another_made_goes_on_where_its_decoder_does() {
        let said = tone(700.0, 3_000.0);
        let (mut one, mut other, mut decoder) = (Encoder::new(), Encoder::new(), Decoder::new());
        let (mut payload, mut heard) = ([0; 160], [0; 320]);
        other.encode(&said[2_000..], &mut payload);
        for (number, samples) in said.chunks_exact(320).take(12).enumerate() {
            // The other's payloads from the fifth to the eighth.
            if (4..8).contains(&number) {
                other.encode(samples, &mut payload);
                one.follow(samples, &payload);
            } else {
                one.encode(samples, &mut payload);
            }
            decoder.decode(&payload, &mut heard);
            let [here, there] = [(&one.low, &one.high), (&decoder.low, &decoder.high)];
            assert_eq!(format!("{here:?}"), format!("{there:?}"), "{number}");
        }
        let mut whole = Encoder::new();
        said[..12 * 320].chunks_exact(320).for_each(|samples| {
            whole.encode(samples, &mut payload);
        });
        assert_eq!(format!("{:?}", one.split), format!("{:?}", whole.split));
    }

    #[test]
    fn silence_stays_silence_and_full_scale_does_not_wrap() {
        assert!(
            through(&[0; 3_200])
                .iter()
                .all(|sample| sample.unsigned_abs() <= 8)
        );
        let square: Vec<i16> = (0..6_400)
            .map(|n| if n / 40 % 2 == 0 { 32_000 } else { -32_000 })
            .collect();
        let back = through(&square);
        let inside = |n: &usize| (8..32).contains(&((n + 40 - 22) % 40));
        let wrapped = (200..6_400)
            .filter(inside)
            .filter(|n| (back[*n] > 0) != (square[n - 22] > 0));
        assert_eq!(wrapped.count(), 0);
    }

    #[test]
    fn any_bytes_decode_and_lengths_are_those_of_the_shorter_slice() {
        let mut seed = 1_u32;
        let mut byte = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        let noise: Vec<u8> = (0..200_000).map(|_| byte()).collect();
        let mut out = vec![0; 400_000];
        assert_eq!(Decoder::new().decode(&noise, &mut out), 400_000);
        for worst in [0x00, 0xff, 0x04, 0xc4, 0x60, 0x84] {
            assert_eq!(Decoder::new().decode(&vec![worst; 20_000], &mut out), 40_000);
        }
        assert_eq!(Decoder::new().decode(&[0; 10], &mut [0; 5]), 4);
        assert_eq!(Encoder::new().encode(&[0; 7], &mut [0; 10]), 3);
    }
}
