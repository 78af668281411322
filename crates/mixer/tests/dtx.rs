//! Opus to a phone that wants silence unsent (`usedtx`, RFC 7587, section 6.1), in a room with one that does not.

mod common;

use common::{PEAK, Phone, World, config};
use media::rtp::Packet;
use media::{Clip, Codec, Encoder, Format, OpusSend, Rate};
use mixer::{Audience, Order, RoomKey, ShardConfig};

const CODEC: Codec = Codec::Opus(Rate::Hz16000);
/// Who talks, in PCMU; who wants silence unsent; and who does not.
const TALKER: usize = 0;
const SPARED: usize = 1;
const WHOLE: usize = 2;
/// Steps of the RTP clock in a tick (RFC 7587, section 4.1).
const STEPS: u32 = 960;
/// Ticks from one packet to the next in silence: one is sent in 400 ms, so that the decoder knows the noise (RFC 6716, section 2.1.9).
const PACE: std::ops::RangeInclusive<usize> = 20..=22;

/// Three phones in a room that has been silent for two seconds, but for `noise`.
fn world(noise: Clip) -> World {
    let mut world = World::with(0, ShardConfig { noise, ..config() });
    for (number, codec) in (0..).zip([Codec::Pcmu, CODEC, CODEC]) {
        let mut phone = Phone::new(number, codec);
        phone.speaks = false;
        world.add_phone(phone);
    }
    world.gather(1);
    let wish = OpusSend {
        dtx: true,
        ..OpusSend::default()
    };
    let encoder = || Encoder::new(Format::with_opus(CODEC, wish));
    for whom in [Audience::Nothing, Audience::Room(RoomKey(1))] {
        let encoder = encoder();
        world.order(Order::Equip { whom, encoder });
    }
    world.order(Order::AdaptLeg {
        leg: world.phones[SPARED].key,
        encoder: encoder(),
    });
    world.run(2_000);
    world
}

/// A packet: whether it is marked, its sequence number and timestamp.
type Sent = (bool, u16, u32);

/// What the two listeners are sent in the next tick.
fn tick(world: &mut World) -> [Option<Sent>; 2] {
    let before = [SPARED, WHOLE].map(|phone| world.phones[phone].socket.0.borrow().sent);
    world.tick();
    [(SPARED, before[0]), (WHOLE, before[1])].map(|(phone, before)| {
        let wire = world.phones[phone].socket.0.borrow();
        let packet = Packet::parse(wire.last.bytes()).filter(|_| wire.sent > before)?;
        Some((packet.marker, packet.sequence, packet.timestamp))
    })
}

/// Numbers of the ticks, of so many, in which either listener is sent something.
fn ticks_sent(world: &mut World, ticks: usize) -> [Vec<usize>; 2] {
    let mut sent = [Vec::new(), Vec::new()];
    for number in 0..ticks {
        for (sent, packet) in sent.iter_mut().zip(tick(world)) {
            sent.extend(packet.map(|_| number));
        }
    }
    sent
}

#[test]
fn of_silence_one_packet_in_400_ms_is_sent_to_who_wants_it_unsent_and_every_one_to_who_does_not() {
    let mut world = world(Clip::default());
    let [spared, whole] = ticks_sent(&mut world, 400);
    assert_eq!(whole.len(), 400);
    let mut gaps = spared.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(
        spared.len() >= 18 && gaps.all(|gap| PACE.contains(&gap)),
        "{spared:?}"
    );
}

#[test]
fn the_noise_of_the_line_is_no_talk() {
    let mut world = world(media::noise::comfort_noise(&Rate::ALL));
    world.run(5_000);
    let [spared, whole] = ticks_sent(&mut world, 400);
    assert_eq!(whole.len(), 400);
    assert!(!spared.is_empty() && spared.len() <= 100, "{spared:?}");
}

#[test]
fn time_goes_on_in_what_is_not_sent_numbers_do_not_and_what_comes_behind_it_is_marked() {
    let mut world = world(Clip::default());
    let mut last: Option<(usize, Sent)> = None;
    let mut marked = 0;
    for number in 0..300 {
        // Words of half a second, with two and a half between them.
        world.phones[TALKER].speaks = number % 150 >= 125;
        let [Some(sent), _] = tick(&mut world) else {
            continue;
        };
        let (marker, sequence, timestamp) = sent;
        if let Some((then, (_, sequence_then, timestamp_then))) = last {
            let passed = number - then;
            assert_eq!(sequence, sequence_then.wrapping_add(1), "tick {number}");
            let steps = timestamp.wrapping_sub(timestamp_then);
            assert_eq!(steps, STEPS * passed as u32, "tick {number}");
            assert_eq!(marker, passed > 1, "tick {number}");
        }
        marked += u32::from(marker);
        last = Some((number, sent));
    }
    assert!(marked > 2 && last.is_some_and(|(number, _)| number == 299));
}

#[test]
fn a_word_out_of_silence_is_sent_from_its_beginning_and_heard_as_by_who_is_sent_all() {
    // At other places between two packets of silence.
    for silence in [50, 57, 64] {
        let mut world = world(Clip::default());
        (0..silence).for_each(|_| world.tick());
        let hz = world.phones[TALKER].hz;
        let mut heard = [0.0; 2];
        for number in 0..25 {
            world.phones[TALKER].speaks = number < 10;
            let [sent, _] = tick(&mut world);
            let parts = [SPARED, WHOLE].map(|phone| world.phones[phone].hears(hz) / PEAK);
            assert!(
                sent.is_some() || parts[1] < 0.1,
                "tick {number} of the word is not sent"
            );
            heard = [0, 1].map(|ear| heard[ear] + parts[ear]);
        }
        let [spared, whole] = heard;
        assert!((whole - 10.0).abs() < 0.5, "{whole:.2} of 10 ticks");
        assert!(
            (spared - whole).abs() < 0.5,
            "{spared:.2} ticks of {whole:.2}, after {silence} ticks"
        );
    }
}
