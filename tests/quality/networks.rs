//! The networks, the codecs, and how much of the quality must be left.

use std::sync::LazyLock;
use std::time::Duration;

use media::{Codec, Dbov, Format, OpusSend, Rate};

use crate::call::{Call, Heard, JUDGED, at_judged_rate};
use crate::judge::score;
use crate::speech::Speech;
use crate::table::{self, Row};
use crate::way::{CLEAN, Network};

/// What 5 % of loss and ±30 ms of jitter may cost, in the mean of some networks.
const MOST_LOST: f64 = 0.5;
/// What the worst of them may cost. Of half a minute's packets a network loses 75, give or take a tenth, and some lose more of words than of
/// pauses; a call that falls by over half as much again as the mean may is not unlucky, it is badly patched.
const MOST_LOST_ONCE: f64 = 0.8;
/// Loss that the redundancy of an Opus phone is made for, in percent.
const EXPECTED_LOSS: u8 = 10;

pub(crate) static SPEECH: LazyLock<Speech> = LazyLock::new(Speech::new);

const fn network(loss: f64, jitter_ms: u32) -> Network {
    Network {
        loss,
        jitter_ms,
        outage: Duration::ZERO,
    }
}

fn opus(rate: Rate, fec_percent: u8) -> Format {
    let send = OpusSend {
        fec_percent,
        ..OpusSend::default()
    };
    Format::with_opus(Codec::Opus(rate), send)
}

fn call(format: Format, there: Network, back: Network, seed: u64) -> Heard {
    Call::new(format, there, back, seed).run(SPEECH.at(format.codec().rate()))
}

/// What calls are compared with.
const SAID: &str = "what was said";
const CLEAN_CALL: &str = "the clean call";

/// The calls of one format. Each network has a seed of its own.
struct Calls {
    name: &'static str,
    format: Format,
    clean: Heard,
    rows: Vec<Row>,
}

impl Calls {
    fn of(name: &'static str, format: Format) -> Self {
        let clean = call(format, CLEAN, CLEAN, 0);
        let rows = Vec::new();
        Self {
            name,
            format,
            clean,
            rows,
        }
    }

    /// Keeps the scores of calls, by their seeds, whatever comes of them; gives their mean.
    fn mean(&mut self, beside: &'static str, network: &'static str, scores: &[(u64, f64)]) -> f64 {
        self.rows.extend(scores.iter().map(|&(seed, score)| Row {
            beside,
            network,
            seed,
            score,
        }));
        table::write(self.name, &self.rows);
        scores.iter().map(|(_, score)| score).sum::<f64>() / scores.len() as f64
    }

    /// 5 % of loss and ±30 ms of jitter, on the way from the talker or to the listener, against what was said.
    fn lose_little(&mut self) {
        let (format, rate) = (self.format, self.format.codec().rate());
        let said = at_judged_rate(SPEECH.at(rate), rate);
        let score = |heard: &Heard| score(&SPEECH, &said, &heard.audio);
        let (bad, name) = (network(5.0, 30), self.name);
        let clean = [(0, score(&self.clean))];
        // One and the same network is kind to one call and hard on the next.
        let from_talker = [1, 5, 9].map(|seed| (seed, score(&call(format, bad, CLEAN, seed))));
        let to_listener = [2, 6, 10].map(|seed| (seed, score(&call(format, CLEAN, bad, seed))));
        let worst = from_talker.iter().chain(&to_listener).map(|(_, score)| *score);
        let worst = worst.fold(f64::INFINITY, f64::min);
        let clean = self.mean(SAID, "none", &clean);
        let from_talker = self.mean(SAID, "5 %, ±30 ms, from the talker", &from_talker);
        let to_listener = self.mean(SAID, "5 %, ±30 ms, to the listener", &to_listener);
        println!(
            "{name:22} clean {clean:.2}, 5 % from the talker {from_talker:.2}, to the listener {to_listener:.2}, the worst {worst:.2}"
        );
        assert!(
            clean - from_talker <= MOST_LOST && clean - to_listener <= MOST_LOST,
            "{name}"
        );
        assert!(clean - worst <= MOST_LOST_ONCE, "{name}: {worst:.2} at worst");
    }

    /// 3 % of loss, and 10 % with ±50 ms of jitter, against the call without a fault: what a network does even to a codec that is not
    /// perfect itself.
    fn keep(&mut self, at_three_percent: f64, at_ten_percent: f64) {
        let score = |network, seed| {
            let heard = call(self.format, network, CLEAN, seed);
            (seed, score(&SPEECH, &self.clean.audio, &heard.audio))
        };
        let (three, ten) = ([score(network(3.0, 30), 3)], [score(network(10.0, 50), 4)]);
        let three = self.mean(CLEAN_CALL, "3 %, ±30 ms, from the talker", &three);
        let ten = self.mean(CLEAN_CALL, "10 %, ±50 ms, from the talker", &ten);
        let name = self.name;
        println!("{name:22} beside clean: 3 % {three:.2}, 10 % {ten:.2}");
        assert!(three >= at_three_percent && ten >= at_ten_percent, "{name}");
    }
}

#[test]
fn pcmu_loses_little_and_stays_good_where_a_tenth_is_lost() {
    let mut calls = Calls::of("PCMU", Format::of(Codec::Pcmu));
    calls.lose_little();
    calls.keep(4.0, 2.8);
}

#[test]
fn g722_loses_little() {
    Calls::of("G.722", Format::of(Codec::G722)).lose_little();
}

#[test]
fn opus_loses_little_without_redundancy() {
    Calls::of("Opus 16 kHz", opus(Rate::Hz16000, 0)).lose_little();
    Calls::of("Opus 48 kHz", opus(Rate::Hz48000, 0)).lose_little();
}

#[test]
fn opus_of_16_khz_loses_little_with_redundancy_and_stays_clear_where_a_tenth_is_lost() {
    let mut calls = Calls::of("Opus 16 kHz, redundant", opus(Rate::Hz16000, EXPECTED_LOSS));
    calls.lose_little();
    calls.keep(4.0, 3.5);
}

#[test]
fn opus_of_48_khz_loses_little_with_redundancy_and_stays_clear_where_a_tenth_is_lost() {
    let mut calls = Calls::of("Opus 48 kHz, redundant", opus(Rate::Hz48000, EXPECTED_LOSS));
    calls.lose_little();
    calls.keep(4.0, 3.5);
}

#[test]
fn the_same_seed_is_the_same_call() {
    let heard = |seed| call(Format::of(Codec::Pcmu), network(5.0, 30), CLEAN, seed).audio;
    assert!(heard(1) == heard(1) && heard(1) != heard(2));
}

#[test]
fn an_outage_of_200_ms_each_second_ends_no_call_and_leaves_the_rest_as_loud_as_it_was() {
    let outage = Network {
        outage: Duration::from_millis(200),
        ..CLEAN
    };
    for format in [Format::of(Codec::Pcmu), opus(Rate::Hz16000, 0)] {
        let (whole, broken) = (call(format, CLEAN, CLEAN, 0), call(format, outage, CLEAN, 0));
        assert_eq!(
            (broken.media_lost, broken.bridge.resyncs, broken.bridge.late),
            (0, 0, 0)
        );
        let ticks = |heard: &Heard| -> Vec<_> {
            let levels = heard.audio.chunks(JUDGED.samples_per_tick()).map(Dbov::of);
            levels.map(|level| level.db()).collect()
        };
        let (whole, broken) = (ticks(&whole), ticks(&broken));
        let loud: Vec<_> = whole
            .iter()
            .zip(&broken)
            .filter(|(whole, _)| **whole > -35)
            .collect();
        let kept = loud
            .iter()
            .filter(|(whole, broken)| (*whole - *broken).abs() <= 2);
        let part = kept.count() as f64 / loud.len() as f64;
        assert!(part > 0.75, "{:?}: {part:.2} of the speech", format.codec());
    }
}
