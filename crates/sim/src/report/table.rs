//! The report for people.

use std::fmt::{Display, Formatter, Result};

use super::spread::percent;
use super::{Again, Audio, Calls, Hearing, Packets, Report, Reports, Spread, WrongPair};

/// Pairs that are named one by one.
const MOST_PAIRS: usize = 10;

impl Display for Report {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let asked = &self.asked;
        writeln!(
            out,
            "{} phones ({}), {} talkers, {} s judged, at {}",
            asked.legs, asked.codecs, asked.talkers, asked.seconds, asked.target
        )?;
        if asked.loss > 0.0 || asked.jitter_ms > 0 {
            writeln!(
                out,
                "sent with {} % loss and up to {} ms of jitter, on purpose",
                asked.loss, asked.jitter_ms
            )?;
        }
        if let Some(manner) = manner(self) {
            writeln!(out, "{manner}")?;
        }
        if asked.dtx_back {
            let Packets {
                unsent_back,
                comfort_noise,
                ..
            } = self.packets;
            writeln!(
                out,
                "received without {unsent_back} packets of silence, which the bridge left unsent, and {comfort_noise} of comfort noise"
            )?;
        }
        if asked.loss_back > 0.0 {
            let lost = self.packets.lost_back_on_purpose;
            writeln!(
                out,
                "received with {} % loss, on purpose: {lost} packets of the bridge, all of them missing below",
                asked.loss_back
            )?;
        }
        if asked.churn > 0.0 {
            let kept = &self.packets_kept;
            writeln!(
                out,
                "{} calls a second hung up and called again; those who stayed miss {} of {} packets due, {} later than 20 ms",
                asked.churn, kept.missing, kept.due, kept.late_20ms
            )?;
        }
        writeln!(out)?;
        let again = self.again.as_ref().map(|again| ("again", called_again(again)));
        for (name, value) in rows(self).into_iter().chain(again) {
            writeln!(out, "{name:<12}{value}")?;
        }
        writeln!(out)?;
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        for failure in &self.failures {
            writeln!(out, "FAILED: {failure}")?;
        }
        wrong_pairs(out, &self.heard.wrong_pairs)?;
        writeln!(out, "{}", if self.pass { "PASS" } else { "FAIL" })
    }
}

/// How phones of Opus sent, where more than usual was asked of them.
fn manner(report: &Report) -> Option<String> {
    let fec = report.asked.fec;
    let redundancy = (fec > 0.0).then(|| format!("with redundancy for {fec} % loss"));
    let silence = report
        .asked
        .dtx
        .then(|| format!("without {} packets of silence", report.packets.unsent));
    let all: Vec<_> = [redundancy, silence].into_iter().flatten().collect();
    (!all.is_empty()).then(|| format!("Opus was sent {}", all.join(", ")))
}

fn wrong_pairs(out: &mut Formatter<'_>, pairs: &[WrongPair]) -> Result {
    for pair in pairs.iter().take(MOST_PAIRS) {
        writeln!(out, "  {pair}")?;
    }
    match pairs.len().saturating_sub(MOST_PAIRS) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more"),
    }
}

fn rows(report: &Report) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("calls", calls(&report.calls)),
        ("hang-up", hang_up(&report.calls)),
        (
            "set-up",
            format!(
                "p50 {:.1} ms   p95 {:.1} ms   slowest {:.1} ms",
                report.setup_ms.p50, report.setup_ms.p95, report.setup_ms.max
            ),
        ),
    ];
    rows.extend(packets(&report.packets));
    rows.extend(reports(&report.reports));
    rows.extend(sound(report));
    rows
}

fn packets(packets: &Packets) -> [(&'static str, String); 3] {
    let share = |count| percent(count, packets.due);
    [
        (
            "packets",
            format!(
                "sent {}   lost on purpose {}   received {}   with redundancy {}   recovered {}",
                packets.sent, packets.lost_on_purpose, packets.received, packets.redundant, packets.recovered
            ),
        ),
        (
            "missing",
            format!(
                "{} of {} due ({:.3} %)",
                packets.missing,
                packets.due,
                share(packets.missing)
            ),
        ),
        (
            "late",
            format!(
                "over 5 ms {} ({:.3} %)   over 20 ms {} ({:.3} %)   p99 {:.1} ms   latest {:.1} ms",
                packets.late_5ms,
                share(packets.late_5ms),
                packets.late_20ms,
                share(packets.late_20ms),
                packets.lateness_p99_ms,
                packets.latest_ms
            ),
        ),
    ]
}

fn reports(reports: &Reports) -> [(&'static str, String); 2] {
    let trips = &reports.round_trip_ms;
    let trip = match (trips.p50, trips.max) {
        (Some(middle), Some(worst)) => format!("p50 {middle:.1} ms   worst {worst:.1} ms"),
        (_, _) => "not measured".to_owned(),
    };
    [
        (
            "RTCP",
            format!(
                "sent {}   received {}   the bridge misses {} packets of {} calls, {:.1} % in its worst report",
                reports.sent, reports.received, reports.lost, reports.reported_on, reports.worst_loss
            ),
        ),
        ("round trip", trip),
    ]
}

fn sound(report: &Report) -> [(&'static str, String); 8] {
    let (audio, hearing) = (&report.audio, &report.heard);
    [
        (
            "audio",
            format!(
                "{} blocks of talk   gaps {} ({} blocks)   dips {}   clicks {}",
                audio.blocks, audio.gaps, audio.silent_blocks, audio.dips, audio.clicks
            ),
        ),
        ("words", words(audio)),
        ("heard", heard(hearing)),
        ("own voice", unheard(hearing.own_voice, hearing.own_loudest_dbov)),
        (
            "elsewhere",
            unheard(hearing.elsewhere, hearing.elsewhere_loudest_dbov),
        ),
        ("delay", delay(&report.delay_ms)),
        (
            "creep",
            format!(
                "delay p50 at the beginning {:.1} ms, at the end {:.1} ms",
                report.delay_begin_ms.p50, report.delay_end_ms.p50
            ),
        ),
        (
            "simulator",
            format!(
                "own packets late: over 5 ms {}   over 20 ms {}",
                report.simulator.late_5ms, report.simulator.late_20ms
            ),
        ),
    ]
}

fn words(audio: &Audio) -> String {
    match audio.words {
        0 => "not judged".to_owned(),
        said => format!(
            "{said} said   without their beginning or end {} ({} blocks)",
            audio.clipped_words, audio.clipped_blocks
        ),
    }
}

fn calls(calls: &Calls) -> String {
    let refused = calls
        .refused
        .iter()
        .map(|(status, count)| format!("   refused with {status} {count}"));
    let no_audio = calls
        .no_audio
        .iter()
        .map(|(why, count)| format!("   {why} {count}"));
    let rest: String = refused.chain(no_audio).collect();
    format!(
        "asked {}   answered {}   unanswered {}{rest}",
        calls.asked, calls.answered, calls.unanswered
    )
}

fn called_again(again: &Again) -> String {
    let setup = &again.setup_ms;
    format!(
        "asked {}   answered {}   {:.1} a second   set-up p50 {:.1} ms   p99 {:.1} ms   slowest {:.1} ms",
        again.asked, again.answered, again.per_second, setup.p50, setup.p99, setup.max
    )
}

fn hang_up(calls: &Calls) -> String {
    format!(
        "BYE answered {}   not answered {}   ended by the bridge {}",
        calls.clean_byes, calls.unanswered_byes, calls.hung_up
    )
}

fn heard(heard: &Hearing) -> String {
    format!(
        "{} pairs   within 1 dB {}   off level {}   not heard {}   worst {:+.1} dB",
        heard.pairs, heard.right, heard.off_level, heard.not_heard, heard.worst_db
    )
}

fn unheard(count: usize, loudest: Option<f32>) -> String {
    match (count, loudest) {
        (_, None) => "nobody to judge".to_owned(),
        (0, Some(level)) => format!("none (loudest {level:.0} dBov)"),
        (count, Some(level)) => format!("{count} times (loudest {level:.0} dBov)"),
    }
}

fn delay(delay: &Spread) -> String {
    match delay.count {
        0 => "not measured".to_owned(),
        count => format!(
            "p50 {:.1} ms   p95 {:.1} ms   p99 {:.1} ms   ({count} edges)",
            delay.p50, delay.p95, delay.p99
        ),
    }
}
