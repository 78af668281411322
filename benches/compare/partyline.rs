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
use crate::options::{CALLERS_CORE, Options, SERVER_CORE};
use crate::rest::Client;
use crate::results::Sample;
use crate::room;
use crate::sample::sample;
use crate::scenario::{Cores, Scenario};
use crate::traffic::{Rest, Traffic};
use crate::vitals::{self, Vitals};
use crate::witness::{Held, Witness};

/// The demo number where any code opens a meeting.
const NUMBER: &str = "15162065319";
/// From the last key to talk: greetings and entry tones end in it.
const SETTLE: Duration = Duration::from_secs(5);
/// From a phone's dialling to its being in: it is answered, waits and keys its code.
const WAY_IN: Duration = Duration::from_secs(3);
/// What a run may take beyond calling, settling and being judged.
const SLACK: Duration = Duration::from_secs(90);
/// How long the bridge may take to start.
const START: Duration = Duration::from_secs(30);
/// The bridge's limits, out of the way of one caller with thousands of legs and hundreds of calls a second; all else has its default.
const LIMITS: &str = "ports = \"10000-29999\"\n[calls]\nmax_calls = 5000\nmax_calls_per_source = 5000\n\
                      new_calls_per_second = 1000\nnew_calls_per_second_per_source = 1000\n\
                      [guesses]\nper_group = 50000\nmeetings_per_caller = 5000\nmeetings_per_source = 50000\n[log]\nlevel = \"warn\"\n\
                      [api]\nrequests_per_second_per_login = 0\n";
/// How long handles may take to be given back after the last call or connection.
const GIVEN_BACK: Duration = Duration::from_secs(20);

/// Where the bridge and its callers find what they need.
pub(crate) struct Place {
    pub(crate) program: PathBuf,
    /// A folder for configuration, data and logs.
    pub(crate) folder: PathBuf,
    pub(crate) judged: Duration,
    pub(crate) rate: u32,
}

/// What became of a scenario.
#[derive(Debug)]
pub(crate) enum Outcome {
    Measured(Box<Sample>),
    /// This build has no such codec; with what it said.
    NotOffered(String),
}

/// Starts a bridge, lets it be called, measures it, ends it.
///
/// # Errors
/// A child does not start, or does not do what it should.
pub(crate) fn measure(place: &Place, scenario: &Scenario) -> Result<Outcome, String> {
    match call(place, scenario)? {
        Called::Judged(run) => {
            let sample = sample(&run)?;
            // In babble no tone, and no edge of one, can be told from noise.
            let is_clear = !scenario.callers.iter().any(|word| word == "babble");
            let sample = Sample {
                delay: sample.delay.filter(|_| is_clear),
                heard: sample.heard.filter(|_| is_clear),
                ..sample
            };
            Ok(Outcome::Measured(Box::new(sample)))
        }
        Called::Refused(said) => Ok(Outcome::NotOffered(said)),
    }
}

/// A bridge that was called and is still there, with what was found.
pub(crate) struct Run {
    pub(crate) bridge: Bridge,
    /// When the callers were started.
    pub(crate) start: Instant,
    /// The callers' report.
    pub(crate) report: Value,
    pub(crate) watched: Watched,
    pub(crate) rest: Option<Rest>,
    /// What the cores were like meanwhile.
    pub(crate) held: Option<Held>,
}

/// What became of callers.
pub(crate) enum Called {
    Judged(Box<Run>),
    /// They do not speak this codec; with what they said.
    Refused(String),
}

impl Called {
    /// What was judged.
    ///
    /// # Errors
    /// Nothing was.
    pub(crate) fn run(self) -> Result<Box<Run>, String> {
        match self {
            Self::Judged(run) => Ok(run),
            Self::Refused(said) => Err(format!("not offered by this build: {said}")),
        }
    }
}

/// Starts a bridge and lets it be called until the callers are through.
///
/// # Errors
/// A child does not start, or does not do what it should.
pub(crate) fn call(place: &Place, scenario: &Scenario) -> Result<Called, String> {
    Bridge::start_on(place, scenario.cores, "")?.call(place, scenario)
}

/// A bridge that waits for calls.
pub(crate) struct Bridge {
    child: Child,
    sip: SocketAddr,
    api: SocketAddr,
    pub(crate) client: Client,
    /// Before anybody came.
    pub(crate) empty: Vitals,
}

impl Bridge {
    /// Starts one. Its configuration ends with `more`, which goes on in `[api]`.
    ///
    /// # Errors
    /// It does not start, or does not let its room be widened.
    pub(crate) fn start(place: &Place, more: &str) -> Result<Self, String> {
        Self::start_on(place, Cores::One, more)
    }

    fn start_on(place: &Place, cores: Cores, more: &str) -> Result<Self, String> {
        let (sip, api) = (free_port()?, free_port()?);
        prepare(place, cores, more)?;
        let child = serve(place, cores, sip, api)?;
        let client = Client::new(&child.printed(), api, &place.data())?;
        room::widen(&client)?;
        Self::of(child, (sip, api), client)
    }

    fn of(child: Child, (sip, api): (SocketAddr, SocketAddr), client: Client) -> Result<Self, String> {
        let empty = vitals::read(child.id(), 0.0).map_err(|error| error.to_string())?;
        Ok(Self {
            child,
            sip,
            api,
            client,
            empty,
        })
    }

    /// Ends it, lets something be done to the folder of its data, and starts it anew on that, where it was, on the servers' core.
    ///
    /// # Errors
    /// That fails, or it does not start.
    pub(crate) fn again(
        self,
        place: &Place,
        meanwhile: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<Self, String> {
        let Self {
            child,
            sip,
            api,
            client,
            empty: _,
        } = self;
        drop(child);
        meanwhile(&place.data())?;
        // The connections of the client have ended with the bridge before.
        Self::of(serve(place, Cores::One, sip, api)?, (sip, api), client.clone())
    }

    /// A client of the account above all others; there is none any more once it was started anew.
    ///
    /// # Errors
    /// The bridge did not print its login.
    pub(crate) fn above_all(&self, place: &Place) -> Result<Client, String> {
        Client::above_all(&self.child.printed(), self.api, &place.data())
    }

    /// What it holds now.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn vitals(&self) -> Result<Vitals, String> {
        vitals::read(self.child.id(), 0.0).map_err(|error| format!("the bridge has ended: {error}"))
    }

    /// What it holds when all have gone, after a while in which handles are given back.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn given_back(&self) -> Result<Vitals, String> {
        let deadline = Instant::now() + GIVEN_BACK;
        loop {
            let now = self.vitals()?;
            if now.handles <= self.empty.handles || Instant::now() > deadline {
                return Ok(now);
            }
            thread::sleep(LOOK);
        }
    }

    /// Lets it be called until the callers are through.
    ///
    /// # Errors
    /// A child does not start, or does not do what it should.
    pub(crate) fn call(self, place: &Place, scenario: &Scenario) -> Result<Called, String> {
        let start = Instant::now();
        let report = place.folder.join("sim.json");
        let _ = fs::remove_file(&report);
        let mut callers = callers(place, scenario, self.sip, &report)?;
        let all_in = place.all_in(scenario);
        let traffic = scenario
            .asked
            .as_ref()
            .map(|asked| Traffic::start(&self.client, asked, start, all_in));
        let witness = Witness::start(&[SERVER_CORE, CALLERS_CORE], start);
        let watched = watch(&self.child, &mut callers, start, place.deadline(scenario))?;
        let Ok(report) = fs::read_to_string(&report) else {
            return refused(&callers, scenario);
        };
        let report: Value =
            serde_json::from_str(&report).map_err(|error| format!("the callers' report: {error}"))?;
        let (from, seconds) = judged(&report)?;
        let rest = traffic.map(|traffic| traffic.finish(from, from + seconds));
        let held = witness.finish(&report, from, seconds);
        Ok(Called::Judged(Box::new(Run {
            bridge: self,
            start,
            report,
            watched,
            rest: rest.transpose()?,
            held,
        })))
    }
}

/// When judgement began, since the callers were started, and how long it took, s.
///
/// # Errors
/// It never came to that.
pub(crate) fn judged(report: &Value) -> Result<(f64, f64), String> {
    let number = |path: &str| report.pointer(path).and_then(Value::as_f64);
    let fates = || report.pointer("/calls").map(Value::to_string).unwrap_or_default();
    let from =
        number("/asked/judged_after_s").ok_or_else(|| format!("not all callers got in: {}", fates()))?;
    let seconds = number("/asked/seconds").ok_or("the callers' report has no /asked/seconds")?;
    Ok((from, seconds))
}

impl Place {
    /// As is asked for, each scenario judged for so long.
    ///
    /// # Errors
    /// There is no such program, or no folder can be made.
    pub(crate) fn new(options: &Options, judged: Duration) -> Result<Self, String> {
        Ok(Self {
            program: options.partyline()?,
            folder: work_folder(&options.out)?,
            judged,
            rate: options.rate,
        })
    }

    /// Where the bridge keeps its data.
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn config(&self) -> PathBuf {
        self.folder.join("bridge.toml")
    }

    /// How long a scenario is judged.
    fn judged(&self, scenario: &Scenario) -> Duration {
        self.judged.max(scenario.least())
    }

    /// Calls begun a second.
    fn rate(&self, scenario: &Scenario) -> u32 {
        scenario.rate.unwrap_or(self.rate)
    }

    /// How long phones take to dial one after another.
    fn calling(&self, scenario: &Scenario) -> Duration {
        Duration::from_secs(scenario.phones() as u64) / self.rate(scenario)
    }

    /// When all callers are in, after they were started; they are judged from a little later on.
    pub(crate) fn all_in(&self, scenario: &Scenario) -> Duration {
        self.calling(scenario) + WAY_IN
    }

    fn deadline(&self, scenario: &Scenario) -> Duration {
        SETTLE + self.judged(scenario) + SLACK + self.calling(scenario)
    }
}

/// A folder for what children write.
///
/// # Errors
/// It cannot be made.
fn work_folder(out: &Path) -> Result<PathBuf, String> {
    let folder = out.join("work");
    let made = fs::create_dir_all(&folder).and_then(|()| folder.canonicalize());
    made.map_err(|error| format!("{}: {error}", folder.display()))
}

/// A configuration, and no data yet.
fn prepare(place: &Place, cores: Cores, more: &str) -> Result<(), String> {
    let _ = fs::remove_dir_all(place.data());
    let config = place.config();
    let pinned = match cores {
        Cores::One => String::new(),
        Cores::MixerApart => format!("cores = [{SERVER_CORE}]\n"),
    };
    fs::write(&config, format!("[media]\n{pinned}{LIMITS}{more}"))
        .map_err(|error| format!("{}: {error}", config.display()))
}

fn serve(place: &Place, cores: Cores, sip: SocketAddr, api: SocketAddr) -> Result<Child, String> {
    let mut command = Command::new(&place.program);
    command.args(["serve", "--demo", "--config"]).arg(place.config());
    command.arg("--data").arg(place.data());
    command.args(["--sip", &sip.to_string(), "--api", &api.to_string()]);
    command.args(["--metrics", "127.0.0.1:0"]);
    let core = match cores {
        Cores::One => SERVER_CORE,
        Cores::MixerApart => CALLERS_CORE,
    };
    let mut bridge = Child::start(&mut command, core, &place.folder.join("bridge.log"))?;
    let takes_calls = |bridge: &Child| bridge.printed().contains("certificate ");
    let ready = bridge.wait_until(START, takes_calls);
    ready.map_err(|error| format!("the bridge: {error}"))?;
    Ok(bridge)
}

fn callers(place: &Place, scenario: &Scenario, sip: SocketAddr, report: &Path) -> Result<Child, String> {
    let time = |time: Duration| humantime::format_duration(time).to_string().replace(' ', "");
    let mut command = Command::new(&place.program);
    command.args(["sim", NUMBER, "--at", &sip.to_string()]);
    command.args([
        "--legs",
        &scenario.phones().to_string(),
        "--codec",
        &scenario.codec,
    ]);
    command.args(["--rate", &place.rate(scenario).to_string()]);
    command.args([
        "--settle",
        &time(SETTLE),
        "--duration",
        &time(place.judged(scenario)),
    ]);
    if let Some(churn) = scenario.churn {
        command.args(["--churn", &churn.per_second.to_string()]);
        command.args(["--keep", &scenario.legs.to_string()]);
    }
    command.args(&scenario.callers).arg("--json").arg(report);
    Child::start(&mut command, CALLERS_CORE, &place.folder.join("callers.log"))
}

/// What was seen of the bridge from outside.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    pub(crate) cpu: Timeline,
    pub(crate) callers: Timeline,
    pub(crate) others: Timeline,
    /// Once a second.
    pub(crate) vitals: Vec<Vitals>,
}

impl Watched {
    /// The most memory it had, KiB.
    pub(crate) fn most_kib(&self) -> u64 {
        let memory = self.vitals.iter().map(|vitals| vitals.resident_kib);
        memory.max().unwrap_or(0)
    }

    fn look(&mut self, bridge: &Child, callers: &Child, at: Duration) -> std::io::Result<()> {
        let used = cpu::used(bridge.id(), Some(callers.id()))?;
        self.cpu.note(at, used.server);
        self.callers.note(at, used.callers);
        self.others.note(at, used.others);
        let (last, now) = (self.vitals.last().map(|vitals| vitals.at_s), at.as_secs_f64());
        if last.is_none_or(|last| now - last >= 1.0) {
            let vitals = vitals::read(bridge.id(), now)?;
            if (now / 60.0) as u64 > last.map_or(0, |last| (last / 60.0) as u64) {
                eprintln!("  {}", self.minute(&vitals));
            }
            self.vitals.push(vitals);
        }
        Ok(())
    }

    /// A line about the minute that has just passed.
    fn minute(&self, now: &Vitals) -> String {
        let share = |line: &Timeline| {
            let last = line.last().unwrap_or(0.0);
            line.between((last - 59.0).max(0.0), last).unwrap_or(0.0) / 0.59
        };
        format!(
            "{:.0} min: {:.1} MiB, {} handles, {} threads; core of the bridge {:.0} %, of the callers {:.0} %",
            now.at_s / 60.0,
            now.resident_kib as f64 / 1024.0,
            now.handles,
            now.threads,
            share(&self.cpu),
            share(&self.callers)
        )
    }
}

/// Reads the bridge's clock until the callers are through; says how it goes once a minute.
fn watch(bridge: &Child, callers: &mut Child, start: Instant, most: Duration) -> Result<Watched, String> {
    let mut watched = Watched::default();
    while callers.ended().is_none() {
        let looked = watched.look(bridge, callers, start.elapsed());
        looked.map_err(|error| {
            format!(
                "the bridge has ended: {error}; it said: {}",
                last_line(&bridge.printed())
            )
        })?;
        if start.elapsed() > most {
            return Err(format!("the callers are not through after {most:?}"));
        }
        thread::sleep(LOOK);
    }
    Ok(watched)
}

fn refused(callers: &Child, scenario: &Scenario) -> Result<Called, String> {
    let said = callers.printed();
    let reason = said.lines().find(|line| line.contains("--codec"));
    reason
        .map(|line| Called::Refused(line.trim().to_owned()))
        .ok_or_else(|| {
            format!(
                "{} with {}: the callers said: {}",
                scenario.name,
                scenario.codec,
                last_line(&said)
            )
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
