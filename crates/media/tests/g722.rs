//! G.722 agrees with an implementation that is not ours.
//!
//! That one begins with a quantizer step of 0 instead of the recommendation's 32 and 8. The decoders forget the difference, and agree bit
//! for bit from then on; encoders choose their bits by what they remember, and need not.

use ezk_g722::libg722::{Bitrate, decoder, encoder};
use media::codec::g722;

/// Seconds of tones, noise and bursts at changing levels, 16 kHz.
fn signal() -> Vec<i16> {
    let mut seed = 7_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(seed >> 8) / f64::from(1_u32 << 23) - 1.0
    };
    let sample = |n: usize| {
        let time = n as f64 / 16_000.0;
        let swell = (time * 2.7).sin().abs().powi(3);
        let sweep = (time * time * 3_000.0).sin();
        let pulse = if n / 800 % 7 == 3 { 1.0 } else { 0.0 };
        (swell * (sweep * 14_000.0 + noise() * 6_000.0) + pulse * noise() * 32_000.0)
            .clamp(-32_768.0, 32_767.0) as i16
    };
    (0..16_000 * 8).map(sample).collect()
}

/// Samples after which decoders have forgotten how they began.
const FORGOTTEN: usize = 8_000;

fn our_bytes(samples: &[i16]) -> Vec<u8> {
    let mut bytes = vec![0; samples.len() / 2];
    assert_eq!(g722::Encoder::new().encode(samples, &mut bytes), bytes.len());
    bytes
}

fn our_samples(bytes: &[u8]) -> Vec<i16> {
    let mut samples = vec![0; bytes.len() * 2];
    assert_eq!(g722::Decoder::new().decode(bytes, &mut samples), samples.len());
    samples
}

fn their_bytes(samples: &[i16]) -> Vec<u8> {
    encoder::Encoder::new(Bitrate::Mode1_64000, false, false).encode(samples)
}

fn their_samples(bytes: &[u8]) -> Vec<i16> {
    decoder::Decoder::new(Bitrate::Mode1_64000, false, false).decode(bytes)
}

#[test]
fn any_bytes_decode_to_the_same_samples() {
    let rubbish = (0..64_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for bytes in [their_bytes(&signal()), our_bytes(&signal()), rubbish] {
        let (ours, theirs) = (our_samples(&bytes), their_samples(&bytes));
        assert_eq!(ours.len(), theirs.len());
        assert!(ours[FORGOTTEN..] == theirs[FORGOTTEN..]);
    }
}

#[test]
fn what_we_encode_is_as_clear_to_them_as_what_they_encode() {
    let samples = signal();
    let clearness = |bytes: Vec<u8>| {
        let back = their_samples(&bytes);
        let pairs = || {
            samples[FORGOTTEN..samples.len() - 22]
                .iter()
                .zip(&back[FORGOTTEN + 22..])
        };
        let signal: f64 = pairs().map(|(s, _)| f64::from(*s).powi(2)).sum();
        let noise: f64 = pairs()
            .map(|(s, b)| (f64::from(*s) - f64::from(*b)).powi(2))
            .sum();
        10.0 * (signal / noise).log10()
    };
    let (ours, theirs) = (clearness(our_bytes(&samples)), clearness(their_bytes(&samples)));
    assert!(
        (ours - theirs).abs() < 0.2 && ours > 8.0,
        "{ours:.2} dB, theirs {theirs:.2} dB"
    );
}
