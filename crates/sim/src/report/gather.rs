//! From phones to numbers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::pairs::Loudness;
use super::{Again, Asked, Audio, Hearing, Listener, Report, RoundTrips, Spread, Tally};
use crate::ear::{Heard, expected_blocks};
use crate::leg::{Fate, Leg};
use crate::plan::{Plan, SHORTEST_STAY, Schedule};
use crate::tone::dbov;
use crate::track::{Edge, Track};

/// An edge is heard within this time of its being said: less than from one to the next of its kind.
const LONGEST_DELAY: Duration = Duration::from_millis(1_200);
/// Delays kept.
const MOST_DELAYS: usize = 2_000_000;
const BLOCK_MICROS: u128 = 20_000;

pub(super) fn gather(
    plan: &Plan,
    legs: &mut [Leg],
    past: Tally,
    epoch: Instant,
    schedule: Option<Schedule>,
) -> Report {
    for leg in legs.iter_mut() {
        leg.ear.finish();
    }
    let mut tally = past;
    legs.iter().for_each(|leg| tally.add(plan, leg));
    let judged = Judged::new(plan, epoch, schedule);
    let delays = delays(legs);
    Report {
        pass: false,
        failures: Vec::new(),
        notes: Vec::new(),
        interrupted: false,
        asked: asked(plan, epoch, schedule),
        packets: tally.all.packets(),
        packets_kept: tally.kept.packets(),
        reports: tally.reports.told(),
        calls: tally.calls,
        again: again(plan, tally.again, &tally.setups_again),
        setup_ms: Spread::of([tally.setups, tally.setups_again].concat()),
        audio: audio(legs, &judged),
        heard: hearing(legs, &judged),
        delay_begin_ms: spread(&delays, tenth(schedule, 0)),
        delay_end_ms: spread(&delays, tenth(schedule, 9)),
        delay_ms: spread(&delays, |_| true),
        simulator: tally.simulator,
        late_moments: tally.moments.told(),
        listeners: legs.iter().map(|leg| listener(leg, &judged)).collect(),
    }
}

/// Blocks of the time judged in which each talker talked.
struct Judged {
    expected: Vec<u32>,
}

impl Judged {
    fn new(plan: &Plan, epoch: Instant, schedule: Option<Schedule>) -> Self {
        let span = schedule.map_or((0, 0), |schedule| {
            let (from, to) = schedule.judge;
            let block = |at: Instant| (at.saturating_duration_since(epoch).as_micros() / BLOCK_MICROS) as u64;
            (block(from), block(to) - block(from))
        });
        let talkers = 0..plan.marks.talkers;
        Self {
            expected: talkers
                .map(|talker| expected_blocks(&plan.marks, talker, span.0, span.1))
                .collect(),
        }
    }

    /// How loud a talker was heard.
    fn loudness(&self, talker: usize, track: &Track) -> Loudness {
        Loudness {
            level_db: track.level(),
            heard_blocks: track.present,
            expected_blocks: self.expected[talker],
        }
    }
}

pub(super) fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn asked(plan: &Plan, epoch: Instant, schedule: Option<Schedule>) -> Asked {
    let options = &plan.options;
    Asked {
        target: plan.target.uri(),
        legs: plan.legs(),
        talkers: plan.marks.talkers,
        codecs: options.codec.text(),
        judged_after_s: schedule.map(|schedule| (schedule.judge.0 - epoch).as_secs_f64()),
        seconds: schedule.map_or(0.0, |_| options.duration.as_secs_f64()),
        churn: options.churn,
        levels: options.levels,
        dtx: options.dtx,
        dtx_back: options.dtx_back,
        fec: options.fec,
        kept: plan.kept(),
        loss: options.loss,
        loss_back: options.loss_back,
        jitter_ms: options.jitter.as_millis() as u64,
    }
}

fn again(plan: &Plan, asked: usize, setups: &[f64]) -> Option<Again> {
    let options = &plan.options;
    // None is dialled that could not be judged before the end.
    let time = options.duration.saturating_sub(options.key_after + SHORTEST_STAY);
    (options.churn > 0.0).then(|| Again {
        asked,
        answered: setups.len(),
        per_second: setups.len() as f64 / time.as_secs_f64().max(1.0),
        setup_ms: Spread::of(setups.to_vec()),
    })
}

/// Everybody whom a listener is to hear.
fn tracks(leg: &Leg) -> impl Iterator<Item = (usize, &Track)> {
    leg.ear
        .heard
        .iter()
        .enumerate()
        .filter_map(|(talker, heard)| match heard {
            Heard::Track(track) => Some((talker, track)),
            Heard::Own(_) | Heard::Elsewhere(_) => None,
        })
}

/// Phones that were answered, and listened.
fn listening(legs: &[Leg]) -> impl Iterator<Item = &Leg> {
    legs.iter().filter(|leg| leg.setup.is_some() && leg.listens())
}

fn audio(legs: &[Leg], judged: &Judged) -> Audio {
    let mut audio = Audio::default();
    for leg in listening(legs) {
        audio.clicks += u64::from(leg.ear.clicks);
        for (talker, track) in tracks(leg) {
            audio.blocks += u64::from(judged.expected[talker]);
            audio.gaps += u64::from(track.gaps);
            audio.silent_blocks += u64::from(track.gap_blocks);
            audio.dips += u64::from(track.dips);
            if let Some(words) = &track.words {
                audio.words += u64::from(words.said);
                audio.clipped_words += u64::from(words.clipped);
                audio.clipped_blocks += u64::from(words.clipped_blocks);
            }
        }
    }
    audio
}

fn hearing(legs: &[Leg], judged: &Judged) -> Hearing {
    let mut hearing = Hearing::default();
    for leg in listening(legs) {
        for (talker, heard) in leg.ear.heard.iter().enumerate() {
            match heard {
                Heard::Track(track) => hearing.together(talker, leg.number, judged.loudness(talker, track)),
                Heard::Own(presence) => hearing.own(talker, dbov(presence.loudest)),
                Heard::Elsewhere(presence) => hearing.apart(talker, leg.number, dbov(presence.loudest)),
            }
        }
    }
    hearing
}

/// Whether a moment is in one tenth of the time judged.
fn tenth(schedule: Option<Schedule>, which: u32) -> impl Fn(Instant) -> bool {
    move |at| {
        schedule.is_some_and(|schedule| {
            let (from, to) = schedule.judge;
            let part = (to - from) / 10;
            (from + part * which..from + part * (which + 1)).contains(&at)
        })
    }
}

fn spread(delays: &[(Instant, f64)], within: impl Fn(Instant) -> bool) -> Spread {
    let chosen = delays.iter().filter(|(at, _)| within(*at));
    Spread::of(chosen.map(|(_, delay)| *delay).collect())
}

/// From an edge's being said to each listener's hearing it: when that was, and how long it took, ms.
fn delays(legs: &[Leg]) -> Vec<(Instant, f64)> {
    let mut said: BTreeMap<(usize, bool), Vec<Instant>> = BTreeMap::new();
    for edge in legs.iter().flat_map(|leg| &leg.edges) {
        said.entry((edge.talker, edge.rises)).or_default().push(edge.at);
    }
    let heard = legs
        .iter()
        .flat_map(|leg| tracks(leg).flat_map(|(_, track)| track.edges.kept()));
    let delays = heard.filter_map(|edge| Some((edge.at, delay(&said, edge)?)));
    delays.take(MOST_DELAYS).collect()
}

fn delay(said: &BTreeMap<(usize, bool), Vec<Instant>>, heard: &Edge) -> Option<f64> {
    let said = said.get(&(heard.talker, heard.rises))?;
    let after = said.partition_point(|at| *at <= heard.at);
    let last = said.get(after.checked_sub(1)?)?;
    let delay = heard.at - *last;
    (delay < LONGEST_DELAY).then(|| ms(delay))
}

fn listener(leg: &Leg, judged: &Judged) -> Listener {
    let level = |(talker, heard): (usize, &Heard)| match heard {
        Heard::Track(track) => judged.loudness(talker, track).lasting_db(),
        Heard::Own(_) | Heard::Elsewhere(_) => None,
    };
    Listener {
        leg: leg.number,
        codec: leg.speech.name(),
        setup_ms: leg.setup.map(ms),
        fate: fate(&leg.fate),
        received: leg.arrivals.received,
        missing: if leg.setup.is_some() {
            leg.arrivals.missing(leg.speech.clock_hz())
        } else {
            0
        },
        unsent_back: leg.arrivals.unsent,
        latest_ms: leg.arrivals.latest_ms,
        round_trip_ms: RoundTrips::of(&leg.reports.found.trips),
        reported_lost: leg.reports.found.lost,
        levels_db: leg.ear.heard.iter().enumerate().map(level).collect(),
    }
}

fn fate(fate: &Fate) -> String {
    match fate {
        Fate::Open => "not dialled".to_owned(),
        Fate::Answered => "answered".to_owned(),
        Fate::Refused(status) => format!("refused with {status}"),
        Fate::Unanswered => "not answered".to_owned(),
        Fate::NoAudio(why) => format!("no audio: {why}"),
        Fate::HungUp => "hung up by the bridge".to_owned(),
        Fate::Ended(true) => "ended".to_owned(),
        Fate::Ended(false) => "BYE not answered".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary epoch; only offsets from it matter"
    )]
    fn epoch() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_delay_is_that_from_the_last_edge_of_its_kind() {
        let begin = epoch();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let said = BTreeMap::from([
            ((0, true), vec![at(100), at(1_380)]),
            ((0, false), vec![at(40), at(1_320)]),
        ]);
        let heard = |talker, rises, ms| {
            delay(
                &said,
                &Edge {
                    talker,
                    rises,
                    at: at(ms),
                },
            )
        };
        assert_eq!(heard(0, true, 125), Some(25.0));
        assert_eq!(heard(0, false, 125), Some(85.0));
        assert_eq!(heard(0, true, 1_400), Some(20.0));
        assert_eq!(heard(0, true, 90), None);
        assert_eq!(heard(1, true, 125), None);
        assert_eq!(heard(0, true, 3_000), None);
    }
}
