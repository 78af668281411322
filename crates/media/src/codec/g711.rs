//! G.711: logarithmic 8 bit samples. Decoding and encoding are look-ups in tables that the compiler computes.

use crate::level::Dbov;

/// µ-law byte to linear sample (G.711, table 2, scaled from 14 to 16 bits).
pub static ULAW: [i16; 256] = decode_table(Law::Mu);
/// A-law byte to linear sample (G.711, table 1, scaled from 13 to 16 bits).
pub static ALAW: [i16; 256] = decode_table(Law::A);

/// The squares of those samples.
pub static ULAW_POWERS: [u32; 256] = square_table(&ULAW);
/// The squares of those samples.
pub static ALAW_POWERS: [u32; 256] = square_table(&ALAW);

/// Bytes of 20 ms.
const TICK: usize = 160;

/// Magnitude without its two lowest bits (no law resolves finer) to the byte of the positive sample.
static ULAW_CODES: [u8; 1 << 13] = encode_table(Law::Mu);
static ALAW_CODES: [u8; 1 << 13] = encode_table(Law::A);

const SIGN: u8 = 0x80;

#[derive(Clone, Copy)]
enum Law {
    Mu,
    A,
}

/// Decodes `payload` with one of the tables; returns the samples written.
pub fn decode(table: &[i16; 256], payload: &[u8], out: &mut [i16]) -> usize {
    for (sample, &byte) in out.iter_mut().zip(payload) {
        *sample = table[usize::from(byte)];
    }
    payload.len().min(out.len())
}

/// Whether all 20 ms of `payload` are fainter than is worth decoding, by one of the tables of squares.
pub(crate) fn is_silent(powers: &[u32; 256], payload: &[u8]) -> bool {
    payload.chunks(TICK).all(|tick| {
        let power: u64 = tick
            .iter()
            .map(|byte| u64::from(powers[usize::from(*byte)]))
            .sum();
        power < u64::from(Dbov::SPARED_POWER) * tick.len() as u64
    })
}

/// Encodes each sample into the byte at its place; the shorter slice ends it.
pub fn encode_ulaw(samples: &[i16], out: &mut [u8]) {
    for (byte, &sample) in out.iter_mut().zip(samples) {
        let magnitude = usize::from(sample.unsigned_abs().min(32_767)) >> 2;
        let code = ULAW_CODES[magnitude];
        *byte = if sample < 0 { code & !SIGN } else { code };
    }
}

/// Encodes each sample into the byte at its place; the shorter slice ends it.
pub fn encode_alaw(samples: &[i16], out: &mut [u8]) {
    for (byte, &sample) in out.iter_mut().zip(samples) {
        // A-law has no zero: −1 mirrors 0, so the mirror image is the ones' complement.
        let mirrored = if sample < 0 { !sample } else { sample };
        let code = ALAW_CODES[usize::from(mirrored.unsigned_abs()) >> 2];
        *byte = if sample < 0 { code & !SIGN } else { code };
    }
}

const fn decode_table(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match law {
            Law::Mu => decode_ulaw(byte as u8),
            Law::A => decode_alaw(byte as u8),
        };
        byte += 1;
    }
    table
}

const fn square_table(samples: &[i16; 256]) -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let magnitude = samples[byte].unsigned_abs() as u32;
        table[byte] = magnitude * magnitude;
        byte += 1;
    }
    table
}

const fn encode_table(law: Law) -> [u8; 1 << 13] {
    let mut table = [0; 1 << 13];
    let mut index = 0;
    while index < table.len() {
        let magnitude = (index as u16) << 2;
        table[index] = match law {
            Law::Mu => encode_positive_ulaw(magnitude),
            Law::A => encode_positive_alaw(magnitude),
        };
        index += 1;
    }
    table
}

/// Magnitude 33 of 14 bits, in 16 bits: makes every µ-law segment start at a power of two.
const ULAW_BIAS: u16 = 33 << 2;
/// Largest magnitude whose biased value still fits.
const ULAW_CLIP: u16 = 8_158 << 2;

const fn decode_ulaw(byte: u8) -> i16 {
    let code = !byte;
    let segment = (code >> 4) & 7;
    let step = ((code & 0x0f) as i16) << 3;
    let magnitude = ((step + ULAW_BIAS as i16) << segment) - ULAW_BIAS as i16;
    if code & SIGN == 0 { magnitude } else { -magnitude }
}

const fn encode_positive_ulaw(magnitude: u16) -> u8 {
    let clipped = if magnitude > ULAW_CLIP {
        ULAW_CLIP
    } else {
        magnitude
    };
    let biased = clipped + ULAW_BIAS;
    let segment = 8 - biased.leading_zeros() as u8;
    let step = (biased >> (segment + 3)) as u8 & 0x0f;
    !(segment << 4 | step)
}

/// Every second bit of an A-law byte travels inverted.
const ALAW_TOGGLE: u8 = 0x55;

const fn decode_alaw(byte: u8) -> i16 {
    let code = byte ^ ALAW_TOGGLE;
    let segment = (code >> 4) & 7;
    let step = (((code & 0x0f) as i16) << 4) + 8;
    let magnitude = if segment == 0 {
        step
    } else {
        (step + 0x100) << (segment - 1)
    };
    if code & SIGN == 0 { -magnitude } else { magnitude }
}

const fn encode_positive_alaw(magnitude: u16) -> u8 {
    let code = if magnitude < 0x100 {
        (magnitude >> 4) as u8
    } else {
        let segment = 8 - magnitude.leading_zeros() as u8;
        let step = (magnitude >> (segment + 3)) as u8 & 0x0f;
        segment << 4 | step
    };
    (code | SIGN) ^ ALAW_TOGGLE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code (segment, step) of a magnitude by the decision values of the recommendation, in search order.
    fn code_by_decision(magnitude: f64, decision: impl Fn(i32, i32) -> f64) -> u8 {
        (0..128u8)
            .rev()
            .find(|&code| decision(i32::from(code >> 4), i32::from(code & 15)) <= magnitude)
            .unwrap_or(0)
    }

    /// G.711 table 2, in units of its 14 bits: 2^(s+5) + q 2^(s+1) − 33.
    fn ulaw_decision(segment: i32, step: i32) -> f64 {
        f64::from(step * 2 + 32) * f64::from(segment).exp2() - 33.0
    }

    /// G.711 table 1, in units of its 13 bits.
    fn alaw_decision(segment: i32, step: i32) -> f64 {
        if segment == 0 {
            return f64::from(step * 2);
        }
        f64::from(step * 2 + 32) * f64::from(segment - 1).exp2()
    }

    #[test]
    fn every_sample_gets_the_ulaw_code_of_its_decision_interval() {
        for sample in i16::MIN..=i16::MAX {
            let code = code_by_decision(f64::from(sample).abs() / 4.0, ulaw_decision);
            let sign = if sample < 0 { 0 } else { SIGN };
            let mut byte = [0];
            encode_ulaw(&[sample], &mut byte);
            assert_eq!(byte[0], sign | (!code & 0x7f), "{sample}");
        }
    }

    #[test]
    fn every_sample_gets_the_alaw_code_of_its_decision_interval() {
        for sample in i16::MIN..=i16::MAX {
            let mirrored = if sample < 0 { !sample } else { sample };
            let code = code_by_decision(f64::from(mirrored) / 8.0, alaw_decision);
            let sign = if sample < 0 { 0 } else { SIGN };
            let mut byte = [0];
            encode_alaw(&[sample], &mut byte);
            assert_eq!(byte[0], (sign | code) ^ ALAW_TOGGLE, "{sample}");
        }
    }

    #[test]
    fn decoder_outputs_are_those_printed_in_the_recommendation() {
        for (byte, value) in [
            (0x80, 8031),
            (0x00, -8031),
            (0x8f, 4191),
            (0x9f, 2079),
            (0xff, 0),
            (0xfe, 2),
        ] {
            assert_eq!(i32::from(ULAW[byte]), value * 4, "µ-law {byte:#x}");
        }
        for (byte, value) in [(0xaa, 4032), (0x2a, -4032), (0xa5, 2112), (0xd5, 1), (0x55, -1)] {
            assert_eq!(i32::from(ALAW[byte]), value * 8, "A-law {byte:#x}");
        }
    }

    #[test]
    fn silence_is_told_from_sound_by_the_level_of_every_20_ms() {
        let sine = |n: usize, peak: f64| (n as f64 * std::f64::consts::TAU / 16.0).sin() * peak;
        for (encode, table, powers) in [
            (encode_ulaw as fn(&[i16], &mut [u8]), &ULAW, &ULAW_POWERS),
            (encode_alaw, &ALAW, &ALAW_POWERS),
        ] {
            let mut found = [0, 0];
            for tenths in 50..400 {
                let samples: Vec<i16> = (0..160)
                    .map(|n| sine(n, f64::from(tenths) / 10.0).round() as i16)
                    .collect();
                let (mut payload, mut back) = ([0; 160], [0; 160]);
                encode(&samples, &mut payload);
                decode(table, &payload, &mut back);
                let power: f64 = back.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 160.0;
                let level = 10.0 * (power / 32_767.0_f64.powi(2)).log10();
                let is_silent = level < f64::from(Dbov::SPARED.db());
                assert_eq!(is_silent, super::is_silent(powers, &payload), "{level:.2} dBov");
                found[usize::from(is_silent)] += 1;
            }
            assert!(found.iter().all(|count| *count > 50), "{found:?}");
            // A word within the second of three ticks, and one in a last piece.
            let mut silence = [0; 160];
            encode(&[0; 160], &mut silence);
            let mut word = silence;
            word[150] = 0;
            assert!(super::is_silent(powers, &[silence; 3].concat()) && super::is_silent(powers, &[]));
            assert!(!super::is_silent(powers, &[silence, word, silence].concat()));
            assert!(!super::is_silent(powers, &[&silence[..], &word[150..]].concat()));
        }
    }

    #[test]
    fn coding_what_was_decoded_changes_nothing() {
        for (encode, table) in [
            (encode_ulaw as fn(&[i16], &mut [u8]), &ULAW),
            (encode_alaw, &ALAW),
        ] {
            let mut codes = [0; 256];
            encode(table, &mut codes);
            let mut again = [0; 256];
            assert_eq!(decode(table, &codes, &mut again), 256);
            assert_eq!(&again, table);
        }
    }
}
