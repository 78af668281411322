//! What an Opus packet tells without being decoded (RFC 6716, section 3).

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used
    )
)]

use crate::frame::Rate;

/// Longest packet: 120 ms (RFC 6716, section 3.2.5, requirement R5).
const LONGEST_MS: usize = 120;
/// Bytes that a packet of nothing but discontinued transmission may have (RFC 6716, section 2.1.9).
const DTX: usize = 2;

/// Samples that `payload` decodes to at `rate`; 0 for what is no Opus packet, or one too long.
pub fn samples(payload: &[u8], rate: Rate) -> usize {
    if payload.is_empty() {
        return 0;
    }
    let count = opus::packet::get_nb_samples(payload, rate.hz()).unwrap_or(0);
    let longest = (rate.hz() as usize / 1_000).saturating_mul(LONGEST_MS);
    if count <= longest { count } else { 0 }
}

/// Whether `payload` certainly holds no speech: discontinued transmission, or a frame of SILK or both layers whose voice flags are
/// all down, padded or not. Of packets with more than one frame, and of CELT alone, nothing is known.
pub fn is_pause(payload: &[u8]) -> bool {
    payload.len() <= DTX || Flags::of(payload).is_some_and(|flags| !flags.voice)
}

/// Whether `payload` holds the frame before it once more (in-band FEC). Of packets with more than one frame it is not known.
pub fn has_redundancy(payload: &[u8]) -> bool {
    payload.len() > DTX && Flags::of(payload).is_some_and(|flags| flags.redundancy)
}

/// The header bits of a SILK layer: the first ones of a frame, undisturbed by the range coder (RFC 6716, section 4.2.3). For each
/// channel there is a voice flag for each 20 ms, and one for redundancy.
struct Flags {
    voice: bool,
    redundancy: bool,
}

impl Flags {
    fn of(payload: &[u8]) -> Option<Self> {
        let (toc, first) = (*payload.first()?, *only_frame(payload)?);
        let flags = voice_flags(toc >> 3)?;
        let middle = (0xff00_u16 >> flags) as u8;
        let (redundancy, channel) = (0x80 >> flags, flags.wrapping_add(1));
        let is_stereo = toc & 4 != 0;
        let both = |mask: u8| {
            if is_stereo {
                mask | mask.wrapping_shr(channel)
            } else {
                mask
            }
        };
        Some(Self {
            voice: first & both(middle) != 0,
            redundancy: first & both(redundancy) != 0,
        })
    }
}

/// The first byte of the frame, where `payload` has just one; a constant bit rate pads it (RFC 6716, sections 3.2.2 and 3.2.5).
fn only_frame(payload: &[u8]) -> Option<&u8> {
    const PADDED: u8 = 0x40;
    const COUNT: u8 = 0x3f;
    match payload.first()? & 3 {
        0 => payload.get(1),
        3 => match *payload.get(1)? {
            counted if counted & COUNT != 1 => None,
            counted if counted & PADDED == 0 => payload.get(2),
            // Bytes of 255 go on in the next.
            _ => payload
                .get(2..)?
                .iter()
                .skip_while(|length| **length == 255)
                .nth(1),
        },
        _ => None,
    }
}

/// Voice flags of a channel in a frame: one for each 20 ms begun; none in CELT (RFC 6716, table 2).
const fn voice_flags(configuration: u8) -> Option<u32> {
    match (configuration, configuration & 3) {
        (0..12, 0 | 1) | (12..16, _) => Some(1),
        (0..12, 2) => Some(2),
        (0..12, _) => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Dbov;
    use opus::{Application, Bandwidth, Bitrate, Channels, Encoder, Signal};

    fn encoder(hz: u32, channels: Channels, vbr: bool) -> Encoder {
        let mut encoder = Encoder::new(hz, channels, Application::Voip).unwrap();
        encoder.set_vbr(vbr).unwrap();
        encoder.set_bitrate(Bitrate::Bits(24_000)).unwrap();
        encoder.set_signal(Signal::Voice).unwrap();
        encoder.set_max_bandwidth(Bandwidth::Wideband).unwrap();
        encoder
    }

    /// Something like syllables, five a second with another pitch each, or the faint noise of a line.
    fn sound(n: usize, loud: bool) -> i16 {
        let noise = (n as u32).wrapping_mul(2_654_435_761) >> 27;
        let (syllable, at) = (n / 3_200, n % 3_200);
        let period = 90 + 17 * (syllable % 5);
        let pulse = (-((n % period) as f64) / 12.0).exp() * ((n % period) as f64 * 0.4).sin();
        let swell = (at as f64 * std::f64::consts::PI / 3_200.0).sin();
        if loud {
            (pulse * swell * 24_000.0) as i16
        } else {
            noise as i16 - 16
        }
    }

    /// Packets, each with whether it is loud.
    fn packets(channels: Channels, vbr: bool, loud: bool, frame: usize) -> Vec<(Vec<u8>, bool)> {
        let mut encoder = encoder(16_000, channels, vbr);
        let width = channels as usize;
        let packet = |tick: usize| {
            let samples = (0..frame * width).map(|n| sound(tick * frame + n / width, loud));
            let samples: Vec<i16> = samples.collect();
            (
                encoder.encode_vec(&samples, 1_000).unwrap(),
                Dbov::of(&samples).db() > -25,
            )
        };
        (0..80).map(packet).collect()
    }

    #[test]
    fn loud_speech_is_never_a_pause_and_the_noise_of_a_line_mostly_is() {
        for (channels, vbr) in [
            (Channels::Mono, true),
            (Channels::Stereo, true),
            (Channels::Mono, false),
            (Channels::Stereo, false),
        ] {
            for frame in [160, 320, 640, 960] {
                let speech = packets(channels, vbr, true, frame);
                assert!(speech.iter().all(|(packet, _)| packet[0] >> 3 < 16), "not SILK");
                let loud = || speech.iter().filter(|(_, loud)| *loud);
                assert!(
                    loud().count() > 20 && loud().all(|(packet, _)| !is_pause(packet)),
                    "{channels:?} {vbr} {frame}"
                );
                let noise = packets(channels, vbr, false, frame);
                let pauses = noise[30..].iter().filter(|(packet, _)| is_pause(packet)).count();
                assert!(pauses >= 45, "{channels:?} {vbr} {frame}: {pauses}");
            }
        }
    }

    #[test]
    fn redundancy_is_seen_where_the_encoder_makes_it() {
        let count = |percent| {
            let mut encoder = encoder(16_000, Channels::Mono, true);
            encoder.set_inband_fec(percent > 0).unwrap();
            encoder.set_packet_loss_perc(percent).unwrap();
            let packets = (0..50).map(|tick| {
                let samples: Vec<i16> = (0..320).map(|n| sound(tick * 320 + n, true)).collect();
                encoder.encode_vec(&samples, 1_000).unwrap()
            });
            packets.filter(|packet| has_redundancy(packet)).count()
        };
        assert_eq!(count(0), 0);
        assert!(count(20) >= 40, "{}", count(20));
    }

    #[test]
    fn music_in_celt_is_never_called_a_pause_and_discontinued_transmission_always() {
        let mut encoder = Encoder::new(48_000, Channels::Mono, Application::LowDelay).unwrap();
        let packet = encoder.encode_vec(&[0; 960], 1_000).unwrap();
        assert!(packet[0] >> 3 >= 16 && (!is_pause(&packet) || packet.len() <= 2));
        assert!(is_pause(&[]) && is_pause(&[0x08]) && is_pause(&[0xf8, 0xff]));
    }

    #[test]
    fn the_frame_is_found_behind_its_padding_where_there_is_just_one() {
        let long = [&[0x0b, 0x41, 255, 0][..], &[0x80; 300]].concat();
        for (packet, first) in [
            (&[0x08, 9][..], Some(9)),
            (&[0x08], None),
            (&[0x09, 9, 9], None),
            (&[0x0b, 1, 9], Some(9)),
            (&[0x0b, 2, 9, 9], None),
            (&[0x0b, 0x41, 0, 9], Some(9)),
            (&[0x0b, 0x41, 3, 9, 0, 0, 0], Some(9)),
            (&[0x0b, 0xc1, 3, 9, 0, 0, 0], Some(9)),
            (&long, Some(0x80)),
            (&[0x0b, 0x41, 255], None),
            (&[0x0b, 0x41], None),
            (&[0x0b], None),
            (&[], None),
        ] {
            assert_eq!(only_frame(packet).copied(), first, "{packet:?}");
        }
    }

    #[test]
    fn the_length_of_any_bytes_is_bounded() {
        for toc in 0..=255u8 {
            for count in 0..=255u8 {
                let length = samples(&[toc, count, 0, 0], Rate::Hz48000);
                assert!(length <= 5_760 && length.is_multiple_of(120));
                assert_eq!(samples(&[toc, count, 0, 0], Rate::Hz8000), length / 6);
            }
        }
        assert_eq!(samples(&[], Rate::Hz8000), 0);
    }
}
