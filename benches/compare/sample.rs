//! A run in figures: the callers' report, and what the bridge used while they judged it.

use std::time::Duration;

use serde_json::Value;

use crate::cpu::{self, Timeline};
use crate::partyline::{Run, judged};
use crate::results::{Delay, Heard, Joins, Sample};

/// Figures of a report.
struct Report<'a>(&'a Value);

impl Report<'_> {
    fn number(&self, path: &str) -> Option<f64> {
        self.0.pointer(path).and_then(Value::as_f64)
    }

    fn needed(&self, path: &str) -> Result<f64, String> {
        let number = self.number(path);
        number.ok_or_else(|| format!("the callers' report has no {path}"))
    }

    fn count(&self, path: &str) -> Result<u64, String> {
        self.needed(path).map(|number| number as u64)
    }

    /// Times below which a half, and 99 of 100 are; none where nothing was timed.
    fn delay(&self, path: &str) -> Result<Option<Delay>, String> {
        let is_known = self
            .number(&format!("{path}/count"))
            .is_some_and(|count| count > 0.0);
        let (p50, p99) = (
            self.needed(&format!("{path}/p50"))?,
            self.needed(&format!("{path}/p99"))?,
        );
        Ok(is_known.then_some(Delay { p50, p99 }))
    }

    /// Phones that were in at any time: those too who came and went.
    fn phones(&self, joins: Option<&Joins>) -> Result<f64, String> {
        if joins.is_some() {
            return self.needed("/asked/legs");
        }
        let gone = self.number("/calls/hung_up").unwrap_or_default();
        Ok((self.needed("/calls/answered")? - gone).max(0.0))
    }

    /// What was heard; none where nobody who listens was to hear anybody.
    fn heard(&self) -> Result<Option<Heard>, String> {
        let heard = Heard {
            pairs: self.count("/heard/pairs")?,
            unheard: self.count("/heard/not_heard")?,
            misheard: self.count("/heard/own_voice")? + self.count("/heard/elsewhere")?,
            blocks: self.count("/audio/blocks")?,
            silent: self.count("/audio/silent_blocks")?,
            disturbed: self.count("/audio/dips")? + self.count("/audio/clicks")?,
        };
        Ok((heard.pairs > 0).then_some(heard))
    }

    fn joins(&self) -> Result<Option<Joins>, String> {
        if self.number("/again/asked").is_none() {
            return Ok(None);
        }
        let setup = self.delay("/again/setup_ms")?;
        let (asked, answered) = (self.count("/again/asked")?, self.count("/again/answered")?);
        Ok(Some(Joins {
            per_second: self.needed("/again/per_second")?,
            failed: asked.saturating_sub(answered),
            setup: setup.unwrap_or(Delay { p50: 0.0, p99: 0.0 }),
        }))
    }
}

/// From the callers' report, and what the bridge used while they judged it. Where phones came and went, packets are those of the others.
///
/// # Errors
/// A report without a figure that it should have, or callers that never were all in.
pub(crate) fn sample(run: &Run) -> Result<Sample, String> {
    figures(&run.report, &run.watched, run.bridge.empty.resident_kib).map(|sample| Sample {
        rest: run.rest,
        held: run.held,
        ..sample
    })
}

fn figures(report: &Value, watched: &crate::partyline::Watched, empty_kib: u64) -> Result<Sample, String> {
    let (from, seconds) = judged(report)?;
    let report = Report(report);
    let joins = report.joins()?;
    let packets = match joins {
        Some(_) => "/packets_kept",
        None => "/packets",
    };
    let packet = |name: &str| report.count(&format!("{packets}/{name}"));
    let phones = report.phones(joins.as_ref())?;
    let legs_in = match joins {
        Some(_) => report.needed("/asked/kept")?,
        None => phones,
    };
    let used = watched.cpu.between(from, from + seconds);
    let used = used.ok_or("the callers were through before they were judged")?;
    let grown = |line: &Timeline| line.between(from, from + seconds).unwrap_or_default().max(0.0);
    let late = report.needed("/simulator/late_5ms")? / report.needed("/packets/sent")?.max(1.0);
    Ok(Sample {
        cpu_ms: 1e3 * used / (phones.max(1.0) * seconds),
        legs_in: legs_in as usize,
        turned_away: report.number("/calls/refused/503").unwrap_or_default() as usize,
        due: packet("due")?,
        missing: packet("missing")?,
        late_5ms: packet("late_5ms")?,
        late_20ms: packet("late_20ms")?,
        latest_ms: report.needed(&format!("{packets}/latest_ms"))?,
        delay: report.delay("/delay_ms")?,
        heard: report.heard()?,
        callers_late_percent: 100.0 * late,
        callers_busy_percent: 100.0 * grown(&watched.callers) / seconds,
        others_percent: cpu::percent(
            Duration::from_secs_f64(grown(&watched.others)),
            Duration::from_secs_f64(seconds),
        ),
        memory_kib: Some(watched.most_kib().saturating_sub(empty_kib) as f64 / phones.max(1.0)),
        joins,
        ..Sample::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::partyline::Watched;
    use crate::vitals::Vitals;

    fn report() -> Value {
        json!({
            "asked": { "judged_after_s": 2.0, "seconds": 10.0, "legs": 100, "kept": 40 },
            "calls": { "answered": 100, "unanswered": 0, "hung_up": 0 },
            "packets": { "sent": 1000, "due": 50_000, "missing": 5, "late_5ms": 4, "late_20ms": 3, "latest_ms": 21.5 },
            "packets_kept": { "due": 400, "missing": 1, "late_5ms": 0, "late_20ms": 0, "latest_ms": 2.5 },
            "simulator": { "late_5ms": 10 },
            "delay_ms": { "count": 7, "p50": 15.0, "p99": 30.0 },
            "heard": { "pairs": 147, "not_heard": 2, "own_voice": 1, "elsewhere": 3 },
            "audio": { "blocks": 9_000, "silent_blocks": 5, "dips": 6, "clicks": 7 },
        })
    }

    fn watched() -> Watched {
        let mut cpu = Timeline::default();
        for second in 0..20 {
            cpu.note(Duration::from_secs(second), Duration::from_millis(40 * second));
        }
        let vitals = |resident_kib| Vitals {
            resident_kib,
            ..Vitals::default()
        };
        Watched {
            callers: cpu.clone(),
            others: cpu.clone(),
            cpu,
            vitals: vec![vitals(9_000), vitals(8_000)],
        }
    }

    #[test]
    fn cpu_is_that_of_the_time_judged_for_each_leg_that_was_in() {
        let sample = figures(&report(), &watched(), 4_000).unwrap();
        assert!((sample.cpu_ms - 0.4).abs() < 1e-9, "{sample:?}");
        assert_eq!(
            (sample.legs_in, sample.missing, sample.memory_kib),
            (100, 5, Some(50.0))
        );
        assert_eq!(sample.delay, Some(Delay { p50: 15.0, p99: 30.0 }));
    }

    #[test]
    fn who_does_not_hear_whom_he_should_and_who_hears_whom_he_should_not_is_counted() {
        let mut report = report();
        let heard = Heard {
            pairs: 147,
            unheard: 2,
            misheard: 4,
            blocks: 9_000,
            silent: 5,
            disturbed: 13,
        };
        assert_eq!(figures(&report, &watched(), 0).unwrap().heard, Some(heard));
        report["heard"]["pairs"] = json!(0);
        assert_eq!(figures(&report, &watched(), 0).unwrap().heard, None);
    }

    #[test]
    fn beside_joins_those_are_judged_who_stay() {
        let mut report = report();
        report["again"] = json!({ "asked": 60, "answered": 58, "per_second": 6.0, "setup_ms": { "count": 58, "p50": 2.0, "p99": 9.0 } });
        let sample = figures(&report, &watched(), 4_000).unwrap();
        assert_eq!((sample.due, sample.missing, sample.late_20ms), (400, 1, 0));
        assert_eq!(sample.legs_in, 40);
        assert!((sample.cpu_ms - 0.4).abs() < 1e-9, "{sample:?}");
        let expected = Joins {
            per_second: 6.0,
            failed: 2,
            setup: Delay { p50: 2.0, p99: 9.0 },
        };
        assert_eq!(sample.joins, Some(expected));
    }

    #[test]
    fn callers_that_were_turned_away_are_counted_and_cost_nothing() {
        let mut report = report();
        report["calls"] =
            json!({ "answered": 52, "unanswered": 3, "hung_up": 2, "refused": { "486": 1, "503": 44 } });
        let sample = figures(&report, &watched(), 4_000).unwrap();
        assert_eq!((sample.legs_in, sample.turned_away), (50, 44));
        assert!((sample.cpu_ms - 0.8).abs() < 1e-9, "{sample:?}");
    }

    #[test]
    fn callers_that_never_got_in_are_an_error_that_says_so() {
        let mut report = report();
        report["asked"]["judged_after_s"] = Value::Null;
        let error = figures(&report, &watched(), 0).unwrap_err();
        assert!(error.contains("not all callers got in"), "{error}");
    }
}
