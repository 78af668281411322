//! Large meetings for a long time, one codec after another: whether each packet comes, in time and with the talkers' tones in it, and what a
//! leg costs beside the floor of the same minutes.

use std::time::Duration;

use serde::Serialize;

use crate::environment::Environment;
use crate::options::{Options, Sustain};
use crate::partyline::{self, Outcome, Place};
use crate::results::{Heard, Sample};
use crate::scenario::{OPUS, PCMU, Scenario};
use crate::verdict::{self, Check};
use crate::{cpu, floor};

/// How long the floor is measured before each meeting.
const FLOOR: Duration = Duration::from_secs(10);
/// Packets that may be more than 5 ms late, percent of those due.
const LATE_5MS_PERCENT: f64 = 0.1;

/// What one meeting was like.
#[derive(Debug, Serialize)]
struct Meeting {
    codec: String,
    sample: Sample,
    checks: Vec<Check>,
}

#[derive(Debug, Serialize)]
struct Document {
    environment: Environment,
    meetings: Vec<Meeting>,
}

/// Runs each meeting, prints its verdict, writes `sustain.json`; whether all were held.
///
/// # Errors
/// What cannot be measured.
pub(crate) fn run(options: &Options, what: &Sustain) -> Result<bool, String> {
    let place = Place::new(options, what.duration)?;
    let mut document = Document {
        environment: Environment::here(&place.program, &options.janus),
        meetings: Vec::new(),
    };
    for codec in &what.codec {
        // Without /proc the measurement itself will say so.
        let _ = cpu::wait_for_calm(options.patience);
        let meeting = meeting(&place, codec, what.legs)?;
        println!("{}", title(&meeting, what));
        println!("{}", watched(&meeting.sample));
        println!("{}", verdict::text(&meeting.checks));
        document.meetings.push(meeting);
        verdict::write(&options.out, "sustain.json", &document)?;
    }
    Ok(document
        .meetings
        .iter()
        .all(|meeting| verdict::all_reached(&meeting.checks)))
}

fn meeting(place: &Place, codec: &str, legs: usize) -> Result<Meeting, String> {
    let floor_ms = floor::measure(legs, FLOOR)?.cpu_ms;
    match partyline::measure(place, &Scenario::three_talk(codec, legs))? {
        Outcome::Measured(sample) => {
            let sample = Sample { floor_ms, ..*sample };
            Ok(Meeting {
                checks: checks(codec, legs, &sample),
                codec: codec.to_owned(),
                sample,
            })
        }
        Outcome::NotOffered(said) => Err(format!("{codec} is not offered by this build: {said}")),
    }
}

/// What a leg may cost, as a multiple of the floor.
fn times_floor(codec: &str) -> f64 {
    match codec {
        PCMU => 2.0,
        OPUS => 3.0,
        _ => 4.0,
    }
}

fn checks(codec: &str, legs: usize, sample: &Sample) -> Vec<Check> {
    let away = legs.saturating_sub(sample.legs_in) as f64;
    let late = 100.0 * sample.late_5ms as f64 / sample.due.max(1) as f64;
    let times = sample.cpu_ms / sample.floor_ms;
    let mut checks = vec![
        Check::at_most("legs that were not in", away, 0.0, 0, ""),
        Check::at_most("packets missing", sample.missing as f64, 0.0, 0, ""),
        Check::at_most("packets more than 5 ms late", late, LATE_5MS_PERCENT, 4, "%"),
        Check::at_most(
            "packets more than 20 ms late",
            sample.late_20ms as f64,
            0.0,
            0,
            "",
        ),
        Check::at_most("CPU of a leg, times the floor", times, times_floor(codec), 2, ""),
    ];
    checks.extend(hearing(codec, sample.heard.unwrap_or_default()));
    checks
}

/// A meeting of silence has no packet missing either.
fn hearing(codec: &str, heard: Heard) -> Vec<Check> {
    let none = |what, found: u64| Check::at_most(what, found as f64, 0.0, 0, "");
    let mut checks = vec![
        Check::at_least(
            "pairs of talker and listener judged",
            heard.pairs as f64,
            1.0,
            0,
            "",
        ),
        none("talkers who are not heard", heard.unheard),
        none("talkers heard by themselves", heard.misheard),
        none("silence in a tone, blocks of 20 ms", heard.silent),
    ];
    // Others are within what Opus makes of several tones.
    if codec == PCMU {
        checks.push(none("dips, jumps and clicks in a tone", heard.disturbed));
    }
    checks
}

fn title(meeting: &Meeting, what: &Sustain) -> String {
    let sample = &meeting.sample;
    format!(
        "{} legs, {}, {}: {} packets due, {} missing, {} over 5 ms late, {} over 20 ms, the latest {:.1} ms; {:.3} ms of CPU a leg-second, the \
         floor {:.3}; callers busy {:.0} %, late {:.3} %; others took {:.1} % of the machine",
        what.legs,
        meeting.codec,
        humantime::format_duration(what.duration),
        sample.due,
        sample.missing,
        sample.late_5ms,
        sample.late_20ms,
        sample.latest_ms,
        sample.cpu_ms,
        sample.floor_ms,
        sample.callers_busy_percent,
        sample.callers_late_percent,
        sample.others_percent
    )
}

/// Which of the late packets the machine answers for.
fn watched(sample: &Sample) -> String {
    let Some(held) = sample.held else {
        return "Whether the cores ran at all was not watched: that takes CAP_SYS_NICE".to_owned();
    };
    if held.times == 0 {
        return "The machine: none of the cores was held for 2 ms or more".to_owned();
    }
    format!(
        "The machine: {} times one of the cores ran nobody for 2 ms or more, {:.1} ms at most. Within 0.1 s of that, {:.1} % of the time, \
         came {} of the packets over 5 ms late and {} of those over 20 ms",
        held.times, held.longest_ms, held.around_percent, held.late_5ms, held.late_20ms
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meeting_is_held_only_where_every_packet_came_in_time_and_all_was_heard() {
        let good = Sample {
            cpu_ms: 0.4,
            floor_ms: 0.2,
            legs_in: 100,
            due: 100_000,
            late_5ms: 100,
            heard: Some(Heard {
                pairs: 147,
                ..Heard::default()
            }),
            ..Sample::default()
        };
        assert!(verdict::all_reached(&checks(PCMU, 100, &good)));
        type Change = fn(&mut Sample);
        let changes: [Change; 10] = [
            |sample| sample.legs_in = 99,
            |sample| sample.missing = 1,
            |sample| sample.late_5ms = 101,
            |sample| sample.late_20ms = 1,
            |sample| sample.cpu_ms = 0.41,
            |sample| sample.heard = None,
            |sample| sample.heard.as_mut().unwrap().unheard = 1,
            |sample| sample.heard.as_mut().unwrap().misheard = 1,
            |sample| sample.heard.as_mut().unwrap().silent = 1,
            |sample| sample.heard.as_mut().unwrap().disturbed = 1,
        ];
        for (place, change) in changes.iter().enumerate() {
            let mut sample = good;
            change(&mut sample);
            let reached: Vec<_> = checks(PCMU, 100, &sample)
                .iter()
                .map(|check| check.reached)
                .collect();
            assert_eq!(reached.iter().position(|reached| !reached), Some(place));
        }
    }
}
