//! A phone that takes comfort noise is told of silence, and hears speech from its beginning.

use std::time::Instant;

use crate::support::bridge::Bridge;
use crate::support::phone::{FRAME, Phone, TICK, audio, encoded, power_of, receive_until, tone};
use crate::support::until::alone;

/// What one phone says, Hz, and how loud it must arrive, dBFS.
const NOTE: f32 = 500.0;
const AUDIBLE: f32 = -25.0;
/// Level of the bridge's noise, −dBov, and the payload type that tells it.
const LEVEL: u8 = 67;
const NOISE: u8 = 13;

/// What the first phone is sent in so many ticks, in which the second one says this.
fn listen(phones: &mut [Phone; 2], ticks: usize, say: impl Fn(usize) -> Vec<u8>) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let mut due = Instant::now();
    for tick in 0..ticks {
        phones[0].speak(&encoded(&[0; FRAME]));
        phones[1].speak(&say(tick));
        due += TICK;
        while let Some((_, packet)) = receive_until(&phones[0].rtp, due) {
            packets.push(packet);
        }
    }
    packets
}

fn kind(packet: &[u8]) -> u8 {
    packet[1] & 0x7f
}

#[test]
fn a_quiet_meeting_is_told_and_speech_in_it_is_sent() {
    let _turn = alone();
    let bridge = Bridge::start_with("[media]\nsilence_suppression = true\n");
    let mut phones = [(); 2].map(|()| Phone::call(bridge.sip(), "15162065319"));
    phones[0].enter("111#");
    phones[1].enter("222#");
    let quiet = |_| encoded(&[0; FRAME]);
    // Greetings and entry tones come to their end.
    listen(&mut phones, 400, quiet);
    let silence = listen(&mut phones, 200, quiet);
    assert!(
        (5..=12).contains(&silence.len()),
        "{} packets in 4 s of silence",
        silence.len()
    );
    for packet in &silence {
        assert_eq!(
            (kind(packet), packet[1] & 0x80, &packet[12..]),
            (NOISE, 0, &[LEVEL][..])
        );
    }
    let speech = listen(&mut phones, 100, |tick| tone(NOTE, tick));
    let first = speech.iter().find(|packet| kind(packet) == 0).expect("audio");
    assert_eq!(first[1] & 0x80, 0x80, "speech begins with a marked packet");
    let numbers = silence
        .iter()
        .chain(&speech)
        .map(|packet| u16::from_be_bytes([packet[2], packet[3]]));
    let numbers: Vec<_> = numbers.collect();
    assert!(
        numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)),
        "{numbers:?}"
    );
    let heard: Vec<i16> = speech.iter().flat_map(|packet| audio(packet)).collect();
    assert!(heard.len() >= 90 * FRAME, "{} samples", heard.len());
    assert!(power_of(NOTE, &heard[20 * FRAME..]) > AUDIBLE);
}
