//! The bridge as a child with a configuration and a data folder of its own, called by `partyline sim`, another child.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::child::{Child, LOOK, last_line};
use crate::cpu::{self, Timeline};
use crate::options::{CALLERS_CORE, SERVER_CORE};
use crate::results::{Delay, Sample};
use crate::room;
use crate::scenario::Scenario;

/// The demo number where any code opens a meeting.
const NUMBER: &str = "15162065319";
/// From the last key to talk: greetings and entry tones end in it.
const SETTLE: Duration = Duration::from_secs(5);
/// What a run may take beyond calling, settling and being judged.
const SLACK: Duration = Duration::from_secs(90);
/// How long the bridge may take to start.
const START: Duration = Duration::from_secs(30);
/// The bridge's limits, out of the way of one caller with thousands of legs; all else has its default.
const LIMITS: &str = "[media]\nports = \"20000-29999\"\n[calls]\nmax_calls = 5000\nmax_calls_per_source = 5000\n\
                      new_calls_per_second = 1000\nnew_calls_per_second_per_source = 1000\n\
                      [guesses]\nmeetings_per_caller = 5000\n[log]\nlevel = \"warn\"\n";

/// Where the bridge and its callers find what they need.
pub(crate) struct Place<'a> {
    pub(crate) program: &'a Path,
    /// A folder for configuration, data and logs.
    pub(crate) folder: PathBuf,
    pub(crate) judged: Duration,
    pub(crate) rate: u32,
}

/// What became of a scenario.
#[derive(Debug)]
pub(crate) enum Outcome {
    Measured(Sample),
    /// This build has no such codec; with what it said.
    NotOffered(String),
}

/// Starts a bridge, lets it be called, measures it, ends it.
///
/// # Errors
/// A child does not start, or does not do what it should.
pub(crate) fn measure(place: &Place<'_>, scenario: &Scenario) -> Result<Outcome, String> {
    let (sip, api) = (free_port()?, free_port()?);
    let bridge = bridge(place, sip, api)?;
    let empty_kib = cpu::resident_kib(bridge.id()).map_err(|error| error.to_string())?;
    let start = Instant::now();
    let report = place.folder.join("sim.json");
    let _ = fs::remove_file(&report);
    let mut callers = callers(place, scenario, sip, &report)?;
    let watched = watch(&bridge, &mut callers, start, place.deadline(scenario.legs))?;
    let Ok(report) = fs::read_to_string(&report) else {
        return refused(&callers, scenario);
    };
    let report: Value =
        serde_json::from_str(&report).map_err(|error| format!("the callers' report: {error}"))?;
    let sample = sample(&report, &watched, empty_kib)?;
    // In babble no edge of a tone can be told from noise.
    let delay = sample.delay.filter(|_| !scenario.callers.contains(&"babble"));
    Ok(Outcome::Measured(Sample { delay, ..sample }))
}

impl Place<'_> {
    fn deadline(&self, legs: usize) -> Duration {
        SETTLE + self.judged + SLACK + Duration::from_secs(legs as u64) / self.rate
    }
}

fn bridge(place: &Place<'_>, sip: SocketAddr, api: SocketAddr) -> Result<Child, String> {
    let data = place.folder.join("data");
    let _ = fs::remove_dir_all(&data);
    let config = place.folder.join("bridge.toml");
    fs::write(&config, LIMITS).map_err(|error| format!("{}: {error}", config.display()))?;
    let mut command = Command::new(place.program);
    command.args(["serve", "--demo", "--config"]).arg(config);
    command.arg("--data").arg(&data);
    command.args(["--sip", &sip.to_string(), "--api", &api.to_string()]);
    command.args(["--metrics", "127.0.0.1:0"]);
    let mut bridge = Child::start(&mut command, SERVER_CORE, &place.folder.join("bridge.log"))?;
    let takes_calls = |bridge: &Child| bridge.printed().contains("certificate ");
    let ready = bridge.wait_until(START, takes_calls);
    ready.map_err(|error| format!("the bridge: {error}"))?;
    room::widen(&bridge.printed(), api, &data)?;
    Ok(bridge)
}

fn callers(place: &Place<'_>, scenario: &Scenario, sip: SocketAddr, report: &Path) -> Result<Child, String> {
    let time = |time: Duration| humantime::format_duration(time).to_string().replace(' ', "");
    let mut command = Command::new(place.program);
    command.args(["sim", NUMBER, "--at", &sip.to_string()]);
    command.args(["--legs", &scenario.legs.to_string(), "--codec", scenario.codec]);
    command.args(["--rate", &place.rate.to_string()]);
    command.args(["--settle", &time(SETTLE), "--duration", &time(place.judged)]);
    command.args(&scenario.callers).arg("--json").arg(report);
    Child::start(&mut command, CALLERS_CORE, &place.folder.join("callers.log"))
}

/// What was seen of the bridge from outside.
struct Watched {
    cpu: Timeline,
    callers: Timeline,
    others: Timeline,
    most_kib: u64,
}

/// Reads the bridge's clock until the callers are through.
fn watch(bridge: &Child, callers: &mut Child, start: Instant, most: Duration) -> Result<Watched, String> {
    let mut watched = Watched {
        cpu: Timeline::default(),
        callers: Timeline::default(),
        others: Timeline::default(),
        most_kib: 0,
    };
    while callers.ended().is_none() {
        let gone = |error| {
            format!(
                "the bridge has ended: {error}; it said: {}",
                last_line(&bridge.printed())
            )
        };
        let used = cpu::used(bridge.id(), Some(callers.id())).map_err(gone)?;
        watched.cpu.note(start.elapsed(), used.server);
        watched.callers.note(start.elapsed(), used.callers);
        watched.others.note(start.elapsed(), used.others);
        watched.most_kib = watched
            .most_kib
            .max(cpu::resident_kib(bridge.id()).map_err(gone)?);
        if start.elapsed() > most {
            return Err(format!("the callers are not through after {most:?}"));
        }
        thread::sleep(LOOK);
    }
    Ok(watched)
}

fn refused(callers: &Child, scenario: &Scenario) -> Result<Outcome, String> {
    let said = callers.printed();
    let reason = said.lines().find(|line| line.contains("--codec"));
    reason
        .map(|line| Outcome::NotOffered(line.trim().to_owned()))
        .ok_or_else(|| {
            format!(
                "{} with {}: the callers said: {}",
                scenario.name,
                scenario.codec,
                last_line(&said)
            )
        })
}

/// From the callers' report, and what the bridge used while they judged it.
fn sample(report: &Value, watched: &Watched, empty_kib: u64) -> Result<Sample, String> {
    let number = |path: &str| report.pointer(path).and_then(Value::as_f64);
    let needed = |path: &str| number(path).ok_or_else(|| format!("the callers' report has no {path}"));
    let count = |path: &str| needed(path).map(|number| number as u64);
    let from = needed("/asked/judged_after_s").map_err(|_| {
        let fates = report.pointer("/calls").map(Value::to_string).unwrap_or_default();
        format!("not all callers got in: {fates}")
    })?;
    let seconds = needed("/asked/seconds")?;
    let gone = ["/calls/unanswered", "/calls/hung_up"].map(|path| number(path).unwrap_or_default());
    let legs_in = (needed("/calls/answered")? - gone.iter().sum::<f64>()).max(0.0);
    let used = watched.cpu.between(from, from + seconds);
    let used = used.ok_or("the callers were through before they were judged")?;
    let grown = |line: &Timeline| line.between(from, from + seconds).unwrap_or_default().max(0.0);
    let is_known = number("/delay_ms/count").is_some_and(|count| count > 0.0);
    let delay = Delay {
        p50: needed("/delay_ms/p50")?,
        p99: needed("/delay_ms/p99")?,
    };
    Ok(Sample {
        cpu_ms: 1e3 * used / (legs_in.max(1.0) * seconds),
        legs_in: legs_in as usize,
        due: count("/packets/due")?,
        missing: count("/packets/missing")?,
        late_5ms: count("/packets/late_5ms")?,
        late_20ms: count("/packets/late_20ms")?,
        latest_ms: needed("/packets/latest_ms")?,
        delay: is_known.then_some(delay),
        callers_late_percent: 100.0 * needed("/simulator/late_5ms")? / needed("/packets/sent")?.max(1.0),
        callers_busy_percent: 100.0 * grown(&watched.callers) / seconds,
        others_percent: cpu::percent(
            Duration::from_secs_f64(grown(&watched.others)),
            Duration::from_secs_f64(seconds),
        ),
        memory_kib: Some(watched.most_kib.saturating_sub(empty_kib) as f64 / legs_in.max(1.0)),
        ..Sample::default()
    })
}

/// A port of loopback that neither UDP nor TCP uses now.
///
/// # Errors
/// There is none.
pub(crate) fn free_port() -> Result<SocketAddr, String> {
    for _ in 0..100 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        let here = udp.local_addr().map_err(|error| error.to_string())?;
        if TcpListener::bind(here).is_ok() {
            return Ok(here);
        }
    }
    Err("no free port on 127.0.0.1".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> Value {
        json!({
            "asked": { "judged_after_s": 2.0, "seconds": 10.0 },
            "calls": { "answered": 100, "unanswered": 0, "hung_up": 0 },
            "packets": { "sent": 1000, "due": 50_000, "missing": 5, "late_5ms": 4, "late_20ms": 3, "latest_ms": 21.5 },
            "simulator": { "late_5ms": 10 },
            "delay_ms": { "count": 7, "p50": 15.0, "p99": 30.0 },
        })
    }

    fn watched() -> Watched {
        let mut cpu = Timeline::default();
        for second in 0..20 {
            cpu.note(Duration::from_secs(second), Duration::from_millis(40 * second));
        }
        Watched {
            callers: cpu.clone(),
            others: cpu.clone(),
            cpu,
            most_kib: 9_000,
        }
    }

    #[test]
    fn cpu_is_that_of_the_time_judged_for_each_leg_that_was_in() {
        let sample = sample(&report(), &watched(), 4_000).unwrap();
        assert!((sample.cpu_ms - 0.4).abs() < 1e-9, "{sample:?}");
        assert_eq!(
            (sample.legs_in, sample.missing, sample.memory_kib),
            (100, 5, Some(50.0))
        );
        assert_eq!(sample.delay, Some(Delay { p50: 15.0, p99: 30.0 }));
    }

    #[test]
    fn callers_that_never_got_in_are_an_error_that_says_so() {
        let mut report = report();
        report["asked"]["judged_after_s"] = Value::Null;
        let error = sample(&report, &watched(), 0).unwrap_err();
        assert!(error.contains("not all callers got in"), "{error}");
    }
}
