//! A talker and a listener in one room of a real shard, each behind a network of its own, on simulated time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use media::{
    Channel, Clip, Codec, Converter, Decode, Direction, Encoder, Format, Frame, JitterConfig, Latching, Leg,
    LegConfig, LegSocket, MediaTimeouts, Quality, Rate, Received, Session, TICK,
};
use mixer::{
    Audience, Handle, Hears, LegKey, Order, Report, Retired, Room, RoomKey, Shard, ShardConfig, shard,
};

use crate::way::{Network, Way};

/// Rate that everything is judged at: what a wide-band ear hears.
pub(crate) const JUDGED: Rate = Rate::Hz16000;
/// Payload type of all audio.
const AUDIO: u8 = 96;
/// Phones speak so long after the bridge's tick, and play so long after it.
const PHONE_SPEAKS: Duration = Duration::from_millis(7);
const PHONE_PLAYS: Duration = Duration::from_millis(13);

/// What came of a call.
pub(crate) struct Heard {
    /// What the listener heard, at the rate of [`JUDGED`].
    pub(crate) audio: Vec<i16>,
    /// What the talker's leg counted.
    pub(crate) bridge: Quality,
    /// Times a leg was taken for dead.
    pub(crate) media_lost: usize,
}

/// What has arrived for a leg, each with its time, and what it has sent.
#[derive(Debug, Default)]
struct Queues {
    arrived: VecDeque<(Instant, Vec<u8>)>,
    sent: Vec<Vec<u8>>,
}

/// A leg's socket.
#[derive(Clone, Debug, Default)]
struct Wire(Rc<RefCell<Queues>>);

impl LegSocket for Wire {
    type Buffers = ();

    fn receive(
        &mut self,
        channel: Channel,
        (): &mut (),
        most: usize,
        take: &mut dyn FnMut(Received<'_>),
    ) -> usize {
        let arrived = &mut self.0.borrow_mut().arrived;
        let count = match channel {
            Channel::Rtp => most.min(arrived.len()),
            Channel::Rtcp => 0,
        };
        for (at, datagram) in arrived.drain(..count) {
            take(Received {
                from: phone_address(),
                at: Some(at),
                datagram: &datagram,
            });
        }
        count
    }

    fn send(&mut self, channel: Channel, _: SocketAddr, datagram: &[u8]) {
        if channel == Channel::Rtp {
            self.0.borrow_mut().sent.push(datagram.to_vec());
        }
    }
}

/// A phone with the network before it. Its ear is a leg of ours: it stands for a phone as good.
struct Phone {
    ear: Leg,
    mouth: Encoder,
    wire: Wire,
    there: Way,
    back: Way,
}

impl Phone {
    fn new(format: Format, there: Way, back: Way, now: Instant) -> Self {
        Self {
            ear: *leg(format, bridge_address(), now),
            mouth: Encoder::new(format),
            wire: Wire::default(),
            there,
            back,
        }
    }

    fn speak(&mut self, now: Instant, frame: &Frame) {
        let mut payload = [0; Codec::MAX_PAYLOAD];
        let length = self.mouth.encode(frame, &mut payload);
        let there = &mut self.there;
        self.ear
            .send(now, &payload[..length], &mut |_, packet| there.send(now, packet));
    }

    /// Moves what has come through to the bridge.
    fn reach_bridge(&mut self, now: Instant) {
        let arrived = self.there.arrived(now);
        self.wire.0.borrow_mut().arrived.extend(arrived);
    }

    /// Moves what the bridge has sent onto the way back.
    fn leave_bridge(&mut self, now: Instant) {
        for packet in self.wire.0.borrow_mut().sent.drain(..) {
            self.back.send(now, &packet);
        }
    }

    fn listen(&mut self, now: Instant, frame: &mut Frame) {
        for (at, packet) in self.back.arrived(now) {
            self.ear.on_rtp(at, bridge_address(), &packet);
        }
        self.ear.playout(now, Decode::Always, frame);
    }
}

/// One call.
pub(crate) struct Call {
    shard: Shard<Wire>,
    handle: Handle<Wire>,
    phones: [Phone; 2],
    now: Instant,
}

impl Call {
    /// A talker behind the network `there` and a listener behind the network `back`, both with phones of `format`.
    pub(crate) fn new(format: Format, there: Network, back: Network, seed: u64) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "an arbitrary epoch; only offsets from it matter"
        )]
        let now = Instant::now();
        let (shard, handle) = shard(ShardConfig {
            max_legs: 2,
            max_rooms: 1,
            orders: 64,
            reports: 4_096,
            music: Clip::default(),
            noise: Clip::default(),
        });
        let way = |network, seed| Way::new(network, seed, now);
        let clean = || way(crate::way::CLEAN, 0);
        let phones = [
            Phone::new(format, way(there, seed), clean(), now),
            Phone::new(format, clean(), way(back, seed + 1_000), now),
        ];
        let mut call = Self {
            shard,
            handle,
            phones,
            now,
        };
        call.connect(format);
        call
    }

    fn connect(&mut self, format: Format) {
        let room = RoomKey(1);
        let audio = Room::new(8);
        self.order(Order::OpenRoom { room, audio });
        for n in 0..self.phones.len() {
            let leg_key = LegKey(n as u64);
            let (media, socket) = (
                leg(format, phone_address(), self.now),
                self.phones[n].wire.clone(),
            );
            let encoder = Encoder::new(format);
            self.order(Order::AddLeg {
                leg: leg_key,
                media,
                encoder,
                socket,
            });
            for whom in [Audience::Music, Audience::Nothing, Audience::Room(room)] {
                let encoder = Encoder::new(format);
                self.order(Order::Equip { whom, encoder });
            }
            self.order(Order::Join { leg: leg_key, room });
            self.order(Order::Route {
                leg: leg_key,
                speaks: true,
                hears: Hears::Room,
            });
        }
    }

    fn order(&mut self, order: Order<Wire>) {
        assert!(self.handle.order(order).is_ok(), "too many orders");
    }

    /// The talker says `speech`, at the rate of its codec; what the listener hears meanwhile.
    pub(crate) fn run(mut self, speech: &[i16]) -> Heard {
        let rate = self.phones[1].mouth.format().codec().rate();
        let silence = Frame::silence(rate);
        let (mut said, mut frame) = (silence.clone(), Frame::default());
        let mut heard = Vec::with_capacity(speech.len());
        let mut media_lost = 0;
        for part in speech.chunks_exact(rate.samples_per_tick()) {
            said.samples_mut().copy_from_slice(part);
            self.phones[0].speak(self.now + PHONE_SPEAKS, &said);
            self.phones[1].speak(self.now + PHONE_SPEAKS, &silence);
            self.now += TICK;
            let now = self.now;
            self.phones.iter_mut().for_each(|phone| phone.reach_bridge(now));
            self.shard.tick(now);
            self.phones.iter_mut().for_each(|phone| phone.leave_bridge(now));
            media_lost += self.media_lost();
            // The talker's phone listens too, or it would take the call for dead.
            for phone in &mut self.phones {
                phone.listen(now + PHONE_PLAYS, &mut frame);
            }
            heard.extend_from_slice(frame.samples());
        }
        Heard {
            audio: at_judged_rate(&heard, rate),
            bridge: self.talkers_leg(),
            media_lost,
        }
    }

    /// Reads the reports.
    fn media_lost(&mut self) -> usize {
        let reports = std::iter::from_fn(|| self.handle.poll());
        reports
            .filter(|report| matches!(report, Report::MediaLost { .. }))
            .count()
    }

    /// Takes leave of the talker to read what its leg counted.
    fn talkers_leg(&mut self) -> Quality {
        self.order(Order::RemoveLeg { leg: LegKey(0) });
        self.shard.tick(self.now + TICK);
        let mut reports = std::iter::from_fn(|| self.handle.poll());
        loop {
            if let Report::Retired(Retired::Leg { media, .. }) = reports.next().expect("the leg comes back") {
                return media.quality();
            }
        }
    }
}

/// Audio as the judge takes it.
pub(crate) fn at_judged_rate(audio: &[i16], rate: Rate) -> Vec<i16> {
    let mut judged = vec![0; audio.len() * JUDGED.samples_per_tick() / rate.samples_per_tick()];
    Converter::new(rate, JUDGED).convert(audio, &mut judged);
    judged
}

fn phone_address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10], 4_000))
}

fn bridge_address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 6_000))
}

fn leg(format: Format, peer: SocketAddr, now: Instant) -> Box<Leg> {
    let session = Session {
        rtp: peer,
        rtcp: SocketAddr::new(peer.ip(), peer.port() + 1),
        format,
        redundancy: true,
        payload_type: AUDIO,
        receive_payload_type: AUDIO,
        other_law: None,
        telephone_event: None,
        inband_digits: false,
        audio_level: None,
        comfort_noise: media::ComfortNoise::No,
        ptime_ms: 20,
        direction: Direction::SendRecv,
        remote_held: false,
    };
    let config = LegConfig {
        session,
        signalling_ip: peer.ip(),
        latching: Latching::Off,
        ssrc: 1,
        first_sequence: 7,
        first_timestamp: 9,
        cname: "leg".into(),
        ntp_at_start: 0,
        seed: 1,
        jitter: JitterConfig::default(),
        timeouts: MediaTimeouts::default(),
        // What the network does is judged, not how loud it is.
        level_target: None,
    };
    Box::new(Leg::new(config, now))
}
