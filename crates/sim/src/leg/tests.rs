//! A phone on simulated time, answered by hand.

use rtp::packet::Packet;
use webrtc_util::marshal::Unmarshal;

use super::*;
use crate::codec::{Manner, tests::syllables};
use crate::message::read;
use crate::plan::tests::plan;

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary epoch; only offsets from it matter"
)]
fn epoch() -> Instant {
    Instant::now()
}

const FAR: &str = "127.0.0.1:20000";
const FAR_RTCP: &str = "127.0.0.1:20001";

struct Stage1 {
    leg: Leg,
    now: Instant,
    rtp: Vec<(Instant, Packet)>,
    rtcp: Vec<(Instant, Vec<u8>)>,
    sip: Vec<String>,
}

/// The first phone, answered at once.
fn answered(options: &str, events: &str) -> Stage1 {
    dialled(options, events, 0)
}

/// Phone `number`, answered when it has dialled.
fn dialled(options: &str, events: &str, number: usize) -> Stage1 {
    answered_with(options, events, number, "")
}

/// The same, with more lines in the answer.
fn answered_with(options: &str, events: &str, number: usize, more: &str) -> Stage1 {
    let plan = Arc::new(plan(options).unwrap());
    let addresses = Addresses {
        sip: "127.0.0.1:4000".parse().unwrap(),
        rtp: "127.0.0.1:4002".parse().unwrap(),
        rtcp: "127.0.0.1:4009".parse().unwrap(),
    };
    let now = epoch();
    let mut stage = Stage1 {
        leg: Leg::new(&plan, number, addresses, now, None),
        now,
        rtp: Vec::new(),
        rtcp: Vec::new(),
        sip: Vec::new(),
    };
    stage.pass(plan.dial_after(number));
    stage.answer(events, more);
    stage
}

impl Stage1 {
    fn answer(&mut self, events: &str, more: &str) {
        let body = format!(
            "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 20000 RTP/AVP 0 {events}\r\na=rtpmap:101 telephone-event/8000\r\n{more}"
        );
        self.reply("200 OK", "1 INVITE", &body);
    }

    /// Lets time pass, from deadline to deadline.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.collect();
            match self.leg.poll_timeout() {
                Some(next) if next <= end => {
                    self.now = self.now.max(next);
                    self.leg.handle_timeout(self.now);
                }
                Some(_) | None => break,
            }
        }
        self.collect();
        self.now = end;
    }

    fn collect(&mut self) {
        while let Some(output) = self.leg.poll_output() {
            match output {
                Output::Sip(bytes) => self.sip.push(String::from_utf8(bytes).unwrap()),
                Output::Rtp(to, mut bytes) => {
                    assert_eq!(to.to_string(), FAR);
                    self.rtp.push((self.now, Packet::unmarshal(&mut bytes).unwrap()));
                }
                Output::Rtcp(to, bytes) => {
                    assert_eq!(to.to_string(), FAR_RTCP);
                    self.rtcp.push((self.now, bytes));
                }
            }
        }
    }

    fn reply(&mut self, status: &str, cseq: &str, body: &str) {
        let text = format!(
            "SIP/2.0 {status}\r\nVia: SIP/2.0/UDP 127.0.0.1:4000;branch=z9hG4bKq\r\nFrom: <sip:5@127.0.0.1>;tag=t\r\n\
             To: <sip:1@127.0.0.1>;tag=far\r\nCall-ID: a\r\nCSeq: {cseq}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.leg.on_sip(self.now, read(text.as_bytes()).unwrap());
        self.collect();
    }
}

#[test]
fn a_phone_sends_fifty_packets_a_second_and_keys_its_code_in_time() {
    let mut stage = answered("1 --code 12 --idle silence", "101");
    stage.pass(Duration::from_secs(3));
    let keys: Vec<_> = stage
        .rtp
        .iter()
        .filter(|(_, packet)| packet.header.payload_type == 101)
        .collect();
    let begin = stage.leg.epoch + Duration::from_secs(1);
    assert!(keys[0].0 >= begin && keys[0].0 <= begin + Duration::from_millis(20));
    let mut pressed: Vec<_> = keys.iter().map(|(_, packet)| packet.payload[0]).collect();
    pressed.dedup();
    assert_eq!(pressed, [1, 2, 11]);
    assert!(stage.leg.is_settled());
    let audio = stage
        .rtp
        .iter()
        .filter(|(_, packet)| packet.header.payload_type == 0)
        .count();
    // Less three keys of 240 ms.
    assert!((112..=115).contains(&audio), "{audio}");
    let even = stage
        .rtp
        .windows(2)
        .all(|pair| pair[1].1.header.sequence_number == pair[0].1.header.sequence_number.wrapping_add(1));
    assert!(even);
}

#[test]
fn a_talker_talks_from_the_schedule_on_and_hangs_up_after_it() {
    let mut stage = answered("1 --idle silence --talkers 1", "101");
    stage.pass(Duration::from_secs(1));
    let talk = stage.now + Duration::from_secs(1);
    stage.leg.begin(Schedule::new(talk, Duration::from_secs(2)));
    stage.pass(Duration::from_secs(5));
    let speaks = |packet: &Packet| packet.payload.iter().any(|byte| *byte != 0xff);
    let first = stage.rtp.iter().find(|(_, packet)| speaks(packet)).unwrap();
    assert!(first.0 >= talk && first.0 < talk + Duration::from_millis(20));
    assert!(stage.sip.iter().any(|message| message.starts_with("BYE ")));
    assert!(stage.leg.edges.len() >= 3);
    stage.reply("200 OK", "2 BYE", "");
    assert_eq!(
        (stage.leg.stage(), stage.leg.fate.clone()),
        (Stage::Over, Fate::Ended(true))
    );
}

#[test]
fn a_phone_tells_the_level_of_its_audio_where_that_was_asked_for_and_agreed_on() {
    let taken = "a=extmap:5/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n";
    for (options, answer, tells) in [
        ("1 --levels", taken, true),
        ("1 --levels", "", false),
        ("1", taken, false),
    ] {
        let options = format!("{options} --talkers 1 --code 1");
        let mut stage = answered_with(&options, "101", 0, answer);
        stage.pass(Duration::from_secs(2));
        let talk = stage.now;
        stage.leg.begin(Schedule::new(talk, Duration::from_secs(1)));
        stage.pass(Duration::from_secs(1));
        let level = |packet: &rtp::packet::Packet| packet.header.get_extension(5).map(|level| level[0]);
        for (at, packet) in &stage.rtp {
            let level = level(packet);
            let expected = match (tells && packet.header.payload_type == 0, *at > talk) {
                (false, _) => level.is_none(),
                (true, false) => level.is_some_and(|level| (69..=71).contains(&level)),
                (true, true) => level.is_some_and(|level| (0x80 + 5..0x80 + 35).contains(&level)),
            };
            assert!(expected, "{options}: {level:?} at {:?}", *at - talk);
        }
        assert_eq!(stage.leg.level_id().is_some(), tells);
        assert!(stage.sip[0].contains("a=extmap:1 urn") == options.contains("--levels"));
    }
}

#[test]
fn a_phone_reports_what_it_sent_every_five_seconds_or_so_and_says_goodbye() {
    let mut stage = answered("1 --idle silence", "101");
    assert!(stage.sip[0].contains("a=rtcp:4009\r\n"), "{}", stage.sip[0]);
    stage.pass(Duration::from_secs(60));
    assert!((9..=25).contains(&stage.rtcp.len()), "{}", stage.rtcp.len());
    for (at, report) in &stage.rtcp {
        let digest = media::rtcp::parse(report, 0).unwrap();
        let info = digest.info.expect("it sends all the time");
        let before = stage.rtp.iter().filter(|(sent, _)| sent <= at);
        let (_, last) = before.clone().next_back().unwrap();
        assert_eq!(digest.sender, last.header.ssrc);
        let count = before.count() as u32;
        assert_eq!((info.packets, info.bytes), (count, 160 * count));
        let ahead = info.timestamp.wrapping_sub(last.header.timestamp);
        assert!(ahead <= 160, "{ahead}");
        assert!(!digest.goodbye);
    }
    let reports = stage.rtcp.len();
    stage.leg.stop(stage.now);
    stage.collect();
    assert_eq!(stage.rtcp.len(), reports + 1);
    let last = media::rtcp::parse(&stage.rtcp[reports].1, 0).unwrap();
    assert!(last.goodbye && stage.leg.reports.found.sent as usize == reports + 1);
    stage.pass(Duration::from_secs(20));
    assert_eq!(stage.rtcp.len(), reports + 1, "nothing is reported after goodbye");
}

#[test]
fn packets_lost_on_the_way_back_are_missing_and_reported_and_not_heard() {
    let mut stage = answered("1 --loss-back 25", "101");
    let mut far = Stream::new(77, 65_000, 0);
    for _ in 0..3_000 {
        let mut packet = Vec::new();
        let content = Content {
            payload_type: 0,
            marker: false,
            since: 0,
            level: None,
            payload: &[0xff; 160],
        };
        far.write(&mut packet, content);
        far.stamp += 160;
        stage.leg.on_rtp(stage.now, &packet);
        stage.pass(Duration::from_millis(20));
    }
    let lost = stage.leg.back.lost;
    assert!((650..850).contains(&lost), "{lost}");
    assert_eq!(stage.leg.arrivals.received, 3_000 - lost);
    stage.leg.stop(stage.now);
    stage.collect();
    let (_, last) = stage.rtcp.last().unwrap();
    let block = media::rtcp::parse(last, 77).unwrap().block.unwrap();
    // What was lost after the last one that came is not known to be.
    assert!(
        (0..20).contains(&(lost as i64 - i64::from(block.lost))),
        "{block:?}"
    );
    let periodic = &stage.rtcp[..stage.rtcp.len() - 1];
    for (_, report) in periodic {
        let block = media::rtcp::parse(report, 77).unwrap().block.unwrap();
        assert!((5..130).contains(&block.fraction_lost), "{block:?}");
    }
    assert!(periodic.len() >= 9);
}

#[test]
fn silence_that_may_be_unsent_is_heard_as_silence_and_not_missed() {
    for (agreed, spared) in [("13 101", true), ("101", false)] {
        let mut stage = answered("1 --dtx-back --talk spurts", agreed);
        assert!(stage.sip[0].contains("RTP/AVP 0 13 101\r\n"), "{}", stage.sip[0]);
        stage.leg.begin(Schedule::new(stage.now, Duration::from_secs(10)));
        let mut far = Stream::new(77, 65_400, 0);
        // Words of a second, silence of two, of which every 25th tick is told.
        for tick in 0..700 {
            let is_audio = tick % 150 < 50;
            let mut packet = Vec::new();
            let content = Content {
                payload_type: if is_audio { 0 } else { sdp::COMFORT_NOISE },
                marker: tick % 150 == 0,
                since: 0,
                level: None,
                payload: if is_audio { &[0xff; 160] } else { &[67] },
            };
            if is_audio || tick % 25 == 0 {
                far.write(&mut packet, content);
                stage.leg.on_rtp(stage.now, &packet);
            }
            far.stamp += 160;
            stage.pass(Duration::from_millis(20));
        }
        // It stays until silence at the end shows as such, and no longer.
        assert_eq!(stage.leg.stage(), Stage::Leaving);
        let (arrivals, told) = (&stage.leg.arrivals, stage.leg.noise);
        let (due, missing) = (arrivals.due(8_000), arrivals.missing(8_000));
        assert_eq!(due + arrivals.unsent, 500);
        assert_eq!((arrivals.unsent > 250, told > 10), (spared, spared), "{told}");
        assert_eq!(missing == 0, spared, "{missing} of {due}");
        let blocks = stage.leg.ear.blocks;
        let expected = if spared { 186..=190 } else { 173..=177 };
        assert!(expected.contains(&blocks), "{blocks}");
    }
}

#[test]
fn a_phone_has_a_lost_packet_from_the_redundancy_of_the_next() {
    for (fec_percent, expected) in [(0, 0..=0), (20, 6..=20)] {
        let mut stage = answered("1 --codec opus16", "111 101");
        let manner = Manner {
            fec_percent,
            ..Manner::default()
        };
        let (mut mouth, mut stream) = (Mouth::new(Speech::OpusWide, manner), Stream::new(9, 1, 0));
        let mut packet = Vec::new();
        for n in 0..200 {
            let said: Vec<i16> = (n * 320..(n + 1) * 320)
                .map(|at| syllables(f64::from(at) / 16_000.0))
                .collect();
            let content = Content {
                payload_type: 111,
                marker: n == 0,
                since: 0,
                level: None,
                payload: &mouth.encode(&said),
            };
            stream.write(&mut packet, content);
            stream.stamp = stream.stamp.wrapping_add(960);
            if n % 10 != 7 {
                let now = stage.now + Duration::from_millis(20) * n;
                stage.leg.on_rtp(now, &packet);
            }
        }
        let recovered = stage.leg.recovered;
        assert!(expected.contains(&recovered), "{fec_percent}: {recovered}");
        assert_eq!(stage.leg.ear.missing_before(200 * 320), 0);
    }
}

#[test]
fn what_is_lost_on_purpose_is_not_sent() {
    let mut stage = answered("1 --loss 30", "101");
    stage.pass(Duration::from_secs(10));
    let lost = stage.leg.link.lost;
    assert!((110..190).contains(&lost), "{lost}");
    assert_eq!(stage.rtp.len() as u64 + lost, stage.leg.sent.packets);
}

#[test]
fn a_phone_of_opus_leaves_silence_unsent_where_that_is_asked_for() {
    // One that talks later has an encoder of its own, one that never does says what all do.
    for talkers in [0, 1] {
        let options = format!("1 --codec opus16 --idle silence --talkers {talkers}");
        let whole = silent(&options);
        assert!((499..=501).contains(&whole.rtp.len()), "{}", whole.rtp.len());
        let spared = silent(&format!("{options} --dtx"));
        let sent = spared.leg.sent;
        assert!((20..=150).contains(&spared.rtp.len()), "{}", spared.rtp.len());
        assert_eq!(sent.packets, spared.rtp.len() as u64);
        assert!((499..=501).contains(&(sent.packets + sent.unsent)), "{sent:?}");
        assert!(spared.rtp[0].1.header.marker);
        for pair in spared.rtp.windows(2) {
            let [before, after] = [0, 1].map(|n| &pair[n].1.header);
            let ticks = after.timestamp.wrapping_sub(before.timestamp) / 960;
            assert_eq!(after.sequence_number, before.sequence_number.wrapping_add(1));
            assert_eq!(after.marker, ticks > 1, "after {ticks} ticks");
        }
    }
}

/// A phone of Opus that was answered ten seconds ago.
fn silent(options: &str) -> Stage1 {
    let mut stage = answered(options, "111 101");
    stage.pass(Duration::from_secs(10));
    stage
}

#[test]
fn a_phone_that_cannot_key_its_code_leaves_and_says_why() {
    let mut stage = answered("1 --code 1", "13");
    stage.pass(Duration::from_secs(1));
    assert!(matches!(&stage.leg.fate, Fate::NoAudio(why) if why.contains("telephone-events")));
    assert!(stage.sip.iter().any(|message| message.starts_with("BYE ")));
    let stage = answered("1", "101");
    assert_eq!(stage.leg.fate, Fate::Answered);
}

#[test]
fn a_phone_that_is_stopped_hangs_up() {
    let mut stage = answered("1", "101");
    stage.leg.stop(stage.now);
    stage.collect();
    assert!(stage.sip.last().unwrap().starts_with("BYE "));
}

#[test]
fn a_phone_that_comes_and_goes_calls_again_and_is_judged_once_it_is_in() {
    let mut stage = dialled("1 --legs 6 --ears 2 --churn 1 --code 1 --rate 100", "101", 2);
    assert!(stage.leg.next_call(stage.now).is_none());
    stage.pass(Duration::from_secs(2));
    stage.leg.begin(Schedule::new(stage.now, Duration::from_secs(20)));
    stage.pass(Duration::from_millis(1_520));
    stage.reply("200 OK", "2 BYE", "");
    assert_eq!(stage.leg.arrivals.due(8_000), 50);
    let again = stage.leg.next_call(stage.now).unwrap();
    let (plan, epoch) = (Arc::clone(&stage.leg.plan), stage.leg.epoch);
    let addresses = Addresses {
        sip: "127.0.0.1:4000".parse().unwrap(),
        rtp: "127.0.0.1:4002".parse().unwrap(),
        rtcp: "127.0.0.1:4009".parse().unwrap(),
    };
    let first_id = stage.leg.call_id().to_owned();
    stage.leg = Leg::new(&plan, 2, addresses, epoch, Some(again));
    assert_ne!(stage.leg.call_id(), first_id);
    stage.pass(PAUSE);
    stage.answer("101", "");
    // Four phones come and go, one a second: each call lasts four, of which its key and the way in are not judged.
    stage.pass(Duration::from_secs(4));
    assert_eq!(stage.leg.stage(), Stage::Leaving);
    let due = stage.leg.arrivals.due(8_000);
    assert!((100..=115).contains(&due), "{due}");
}

#[test]
fn nobody_calls_again_when_there_is_no_time_to_judge_him() {
    let mut stage = dialled("1 --legs 6 --ears 2 --churn 1 --rate 100", "101", 2);
    stage.leg.begin(Schedule::new(stage.now, Duration::from_secs(5)));
    stage.pass(Duration::from_millis(1_520));
    stage.reply("200 OK", "2 BYE", "");
    assert!(stage.leg.next_call(stage.now).is_none());
}

#[test]
fn a_bridge_that_threw_a_phone_out_is_left_in_peace_for_a_while() {
    let mut stage = dialled("1 --legs 6 --ears 2 --churn 1 --rate 100", "101", 2);
    stage.leg.begin(Schedule::new(stage.now, Duration::from_secs(20)));
    for (fate, wait) in [
        (Fate::Ended(true), PAUSE),
        (Fate::HungUp, PENANCE),
        (Fate::Refused(503), PENANCE),
    ] {
        stage.leg.over(fate);
        let again = stage.leg.next_call(stage.now).unwrap();
        assert_eq!(again.at, stage.now + wait);
    }
}
