//! Pass or fail, in sentences.

use super::pairs::SILENT_DBOV;
use super::spread::percent;
use super::{Calls, Hearing, Report};
use crate::options::Options;

/// Share of its own packets, percent, above which the simulator's lateness is told.
const OWN_LATE: f64 = 0.1;

/// What was outside the limits.
pub(super) fn failures(report: &Report, options: &Options) -> Vec<String> {
    let mut failures = calls(&report.calls, report.asked.legs);
    failures.extend(limits(report, options));
    failures.extend(hearing(&report.heard));
    failures.extend(unproven(report));
    failures
}

/// That a phone got in shows only where one hears another: to a single one the prompts of a bridge that keeps it out are a good call.
fn unproven(report: &Report) -> Option<String> {
    let is_unproven = report.asked.talkers > 0 && report.calls.answered > 0 && report.heard.pairs == 0;
    is_unproven.then(|| {
        "no phone was to hear another, so that nothing shows that any got into a meeting: call with more --legs, or more --ears"
            .to_owned()
    })
}

fn calls(calls: &Calls, legs: usize) -> Vec<String> {
    let without = legs.max(calls.asked).saturating_sub(calls.answered);
    let no_audio: usize = calls.no_audio.values().sum();
    [
        (without, "calls were not answered"),
        (no_audio, "calls had no audio that could be used"),
        (calls.hung_up, "calls were ended by the bridge"),
        (calls.unanswered_byes, "BYEs were not answered"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect()
}

fn limits(report: &Report, options: &Options) -> Vec<String> {
    let (packets, audio) = (&report.packets, &report.audio);
    let disturbed = audio.silent_blocks + audio.clipped_blocks + audio.dips + audio.clicks;
    let shares = [
        (
            percent(packets.missing, packets.due),
            options.max_missing,
            "packets missing",
            "--max-missing",
        ),
        (
            percent(packets.late_20ms, packets.due),
            options.max_late,
            "packets later than 20 ms",
            "--max-late",
        ),
        (
            percent(disturbed, audio.blocks),
            options.max_gaps,
            "talk missing or disturbed",
            "--max-gaps",
        ),
    ];
    let shares = shares.into_iter().filter(|(found, most, _, _)| found > most);
    let shares =
        shares.map(|(found, most, what, option)| format!("{found:.3} % {what}; {option} is {most} %"));
    let times = [
        (
            report.setup_ms.max,
            Some(options.max_setup),
            "the slowest call took",
            "--max-setup",
        ),
        (
            report.delay_ms.p99,
            options.max_delay,
            "99 of 100 sounds took up to",
            "--max-delay",
        ),
    ];
    let times = times.into_iter().filter_map(|(found, most, what, option)| {
        let most = most?.as_secs_f64() * 1000.0;
        (found > most).then(|| format!("{what} {found:.1} ms; {option} is {most:.0} ms"))
    });
    shares.chain(times).collect()
}

fn hearing(heard: &Hearing) -> Vec<String> {
    let own = format!("talkers hear themselves above {SILENT_DBOV} dBov");
    let elsewhere = "talkers are heard in other meetings".to_owned();
    [
        (
            heard.not_heard,
            "talkers are not heard by listeners who should hear them".to_owned(),
        ),
        (
            heard.off_level,
            format!("talkers are heard off level, by up to {:+.1} dB", heard.worst_db),
        ),
        (heard.own_voice, own),
        (heard.elsewhere, elsewhere),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} times: {what}"))
    .collect()
}

/// That silence was sent which need not have been.
fn unspared(report: &Report) -> Option<String> {
    let (calls, unsent) = (&report.calls, report.packets.unsent_back);
    let without = calls.answered.saturating_sub(calls.spared);
    match (report.asked.dtx_back, without, unsent) {
        (false, _, _) | (true, 0, 1..) => None,
        (true, 1.., _) => Some(format!(
            "{without} of {} phones were sent all silence, since the bridge did not agree to comfort noise",
            calls.answered
        )),
        (true, 0, 0) => Some(
            "the bridge left no silence unsent: does it do so (media.silence_suppression), and was there any (--talk spurts)?"
                .to_owned(),
        ),
    }
}

/// What should be known when the numbers are read.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    let late = report.simulator.late_20ms;
    if percent(late, report.packets.sent) > OWN_LATE {
        notes.push(format!(
            "the simulator sent {late} packets late itself: this machine is too busy to judge a bridge"
        ));
    }
    let calls = &report.calls;
    if report.asked.levels && calls.levels < calls.answered {
        notes.push(format!(
            "{} of {} phones told no levels, since the bridge did not agree to it",
            calls.answered - calls.levels,
            calls.answered
        ));
    }
    notes.extend(unspared(report));
    let reports = &report.reports;
    if reports.sent > 0 && reports.received == 0 {
        notes.push(
            "the bridge sent no RTCP, so that no round trip is known, and not what it misses".to_owned(),
        );
    }
    if reports.malformed + reports.stray > 0 {
        notes.push(format!(
            "of RTCP, {} datagrams were no reports, and {} of no call that is up",
            reports.malformed, reports.stray
        ));
    }
    if report.interrupted {
        notes.push("the run was interrupted; what was due until its end counts as missing".to_owned());
    }
    if report.asked.talkers == 0 {
        notes.push("nobody talked, so that audio was not judged".to_owned());
    }
    if report.asked.seconds == 0.0 {
        notes.push("the run ended before talk began".to_owned());
    }
    notes
}
