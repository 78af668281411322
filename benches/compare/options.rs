//! The command line: sizes, times and places.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::scenario::{OPUS, PCMU};

/// The core that servers are kept on.
pub(crate) const SERVER_CORE: usize = 0;
/// The core that callers are kept on.
pub(crate) const CALLERS_CORE: usize = 1;

/// File handles of the bridge beside calls and connections: its store, its log, requests.
const HANDLES_BESIDE: usize = 500;

const TEACHING: &str = "A quick look, a minute or two; its figures are coarse:
  ./bench --runs 1 --duration 3s --legs 100 --codec-legs 100 --others 100 --janus-legs 100 --janus-opus-legs 20

The exit status is 1 where a goal was missed; those that were not measured do not count.

One row, with the floor that it is held against; and one codec at all its sizes:
  ./bench --only \"3 talk, opus, 1000 legs\"
  ./bench --only \"3 talk, opus,\"

Whether it lasts (exit status 1 where it does not):
  ./bench sustain --duration 10min
  ./bench soak --duration 30min --legs 1000 --churn 10

Whether it bears crowds at its API, and tells what happens in order (exit status 1 where it does not):
  ./bench crowd --streams 10000 --silent 2000 --legs 500
  ./bench churn --duration 1min --churn 210

Whether lists of a million records stay quick, and how long live changes take (exit status 1 where it is too long):
  ./bench records --rows 1000000
  ./bench edits --duration 1min --changes 50

What each step of a voice's way costs, without a network; all steps, and those with a word in their name:
  ./bench stages
  ./bench stages encode

Everything stays on loopback and on two cores. Let the machine do nothing else meanwhile.";

/// Measures the bridge, a peer and the floor beside each other.
#[derive(Parser, Clone, Debug)]
#[command(name = "compare", after_help = TEACHING, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) mode: Option<Mode>,
    /// Measure only rows that have one of these in their name: "server, scenario, codec, N legs"
    #[arg(long, value_name = "TEXT", value_delimiter = ';')]
    pub(crate) only: Vec<String>,
    /// Filter of the lists of all calls that REST is asked for
    #[arg(long, value_name = "FILTER", default_value = "state eq 2 and muteMode lt 2")]
    pub(crate) filter: String,
    /// How often everything is measured; medians are shown
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub(crate) runs: u32,
    /// How long each measurement takes, once all are in
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,
    /// Sizes of the one meeting with PCMU, and of the floor
    #[arg(
        long,
        value_name = "LEGS",
        value_delimiter = ',',
        default_value = "10,100,500,1000,1500,2000,2500"
    )]
    pub(crate) legs: Vec<usize>,
    /// Sizes of the one meeting with Opus, and of that with several codecs mixed
    #[arg(
        long,
        value_name = "LEGS",
        value_delimiter = ',',
        default_value = "100,500,1000,2000"
    )]
    pub(crate) codec_legs: Vec<usize>,
    /// Legs of all other rows: 200 meetings, everybody talks, other codecs, REST; half of them beside joins
    #[arg(long, value_name = "LEGS", default_value_t = 1000)]
    pub(crate) others: usize,
    /// Sizes that Janus is grown through with PCMU, until more than 1 % is missing
    #[arg(
        long,
        value_name = "LEGS",
        value_delimiter = ',',
        default_value = "200,300,400,500,600,700,850,1000,1200,1400"
    )]
    pub(crate) janus_legs: Vec<usize>,
    /// The same with Opus
    #[arg(
        long,
        value_name = "LEGS",
        value_delimiter = ',',
        default_value = "40,60,80,100,120,150,180,240"
    )]
    pub(crate) janus_opus_legs: Vec<usize>,
    /// Calls begun a second
    #[arg(long, global = true, value_name = "CALLS", default_value_t = 150)]
    pub(crate) rate: u32,
    /// How long to wait before each measurement for the machine to do nothing else
    #[arg(long, global = true, value_name = "TIME", default_value = "1min", value_parser = humantime::parse_duration)]
    pub(crate) patience: Duration,
    /// The bridge's program. Left out: the one beside this program
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) partyline: Option<PathBuf>,
    /// Janus's program
    #[arg(long, value_name = "FILE", default_value = "/usr/bin/janus")]
    pub(crate) janus: PathBuf,
    /// Folder for index.html, results.json and the servers' logs
    #[arg(long, global = true, value_name = "DIR", default_value = "target/bench")]
    pub(crate) out: PathBuf,
}

/// What is done in place of the comparison.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum Mode {
    /// Large meetings for a long time: whether each packet comes, and in time
    Sustain(Sustain),
    /// The bridge for a long time, while phones come and go: whether memory, handles or delay creep
    Soak(Soak),
    /// Thousands of idle streams of events, then thousands of silent connections, beside a meeting that talks: whether anybody is harmed
    Crowd(Crowd),
    /// The stream of events while hundreds of phones a second join and leave: whether it has a gap, or tells anything out of order
    Churn(Churning),
    /// Lists of calls and of the audit with a million rows each: pages, filters, another order, and a change beside them
    Records(Recorded),
    /// Live changes beside a meeting that talks, each of which waits for its audit to be on disk: how long they take
    Edits(Editing),
}

/// What `sustain` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Sustain {
    /// How long each meeting is judged
    #[arg(long, value_name = "TIME", default_value = "10min", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,
    /// Legs of each meeting
    #[arg(long, value_name = "LEGS", default_value_t = 1000)]
    pub(crate) legs: usize,
    /// Codecs, a meeting each, one after another, as partyline sim takes them
    #[arg(long, value_name = "CODECS", value_delimiter = ';', default_values = [PCMU, OPUS])]
    pub(crate) codec: Vec<String>,
}

/// What `soak` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Soak {
    /// How long it is judged
    #[arg(long, value_name = "TIME", default_value = "30min", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,
    /// Legs that are in at any time
    #[arg(long, value_name = "LEGS", default_value_t = 1000)]
    pub(crate) legs: usize,
    /// Codec of the phones, or several with the share of each, as partyline sim takes them
    #[arg(long, value_name = "CODECS", default_value = PCMU)]
    pub(crate) codec: String,
    /// Calls a second that hang up and call again
    #[arg(long, value_name = "CALLS", default_value_t = 10)]
    pub(crate) churn: u32,
}

/// What `crowd` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Crowd {
    /// How long each part is judged; memory in the second half, when 500 legs have been there for two minutes
    #[arg(long, value_name = "TIME", default_value = "4min", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,
    /// Legs of the meeting beside
    #[arg(long, value_name = "LEGS", default_value_t = 500)]
    pub(crate) legs: usize,
    /// Streams of events at once
    #[arg(long, value_name = "STREAMS", default_value_t = 10_000)]
    pub(crate) streams: usize,
    /// Silent connections at once
    #[arg(long, value_name = "CONNECTIONS", default_value_t = 2_000)]
    pub(crate) silent: usize,
}

/// What `churn` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Churning {
    /// How long is judged
    #[arg(long, value_name = "TIME", default_value = "1min", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,
    /// Legs that stay in
    #[arg(long, value_name = "LEGS", default_value_t = 100)]
    pub(crate) legs: usize,
    /// Calls a second that hang up and call again; 20 of 21 of them must be told
    #[arg(long, value_name = "CALLS", default_value_t = 210, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) churn: u32,
}

/// What `records` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Recorded {
    /// Calls that are stored, and as many changes in the audit; a million takes some minutes
    #[arg(long, value_name = "ROWS", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    pub(crate) rows: u64,
    /// How often each kind of list is asked for, within 20 s
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) asked: u64,
}

/// What `edits` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Editing {
    /// How long is judged
    #[arg(long, value_name = "TIME", default_value = "1min", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,
    /// Legs of the meeting beside
    #[arg(long, value_name = "LEGS", default_value_t = 100)]
    pub(crate) legs: usize,
    /// Changes a second, by four clients
    #[arg(long, value_name = "CHANGES", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) changes: u32,
}

impl Options {
    /// Checks what the command line's grammar cannot.
    ///
    /// # Errors
    /// What does not fit, and what would.
    pub(crate) fn check(&self) -> Result<(), String> {
        let sizes = [
            &self.legs,
            &self.codec_legs,
            &self.janus_legs,
            &self.janus_opus_legs,
        ];
        let largest = sizes.iter().flat_map(|sizes| sizes.iter()).chain([&self.others]);
        if largest.clone().any(|legs| !(4..=4_000).contains(legs)) {
            return Err("sizes are from 4 to 4000 legs".to_owned());
        }
        if self.legs.is_empty() {
            return Err("--legs needs a size, such as --legs 100".to_owned());
        }
        if sizes.iter().any(|sizes| !sizes.is_sorted()) {
            return Err("name sizes from small to large".to_owned());
        }
        let seconds = self.duration.as_secs_f64();
        if !(1.0..=3_600.0).contains(&seconds) || !(1..=1_000).contains(&self.rate) {
            return Err("--duration is from 1s to 1h, --rate from 1 to 1000".to_owned());
        }
        if let Some(mode) = &self.mode {
            mode.check()?;
        }
        if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
            return Err("two cores are needed: one for the server, one for its callers".to_owned());
        }
        Ok(())
    }

    /// The bridge's program.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn partyline(&self) -> Result<PathBuf, String> {
        let beside = || {
            std::env::current_exe()
                .ok()
                .map(|path| path.with_file_name("partyline"))
        };
        let path = self.partyline.clone().or_else(beside).unwrap_or_default();
        match path.is_file() {
            true => Ok(path),
            false => Err(format!(
                "{}: no such program; build it with cargo build --release -p bridge, or name it with --partyline",
                path.display()
            )),
        }
    }
}

impl Mode {
    fn check(&self) -> Result<(), String> {
        // A heartbeat comes every 15 s.
        let (legs, duration, least) = match self {
            Self::Sustain(sustain) => (sustain.legs, sustain.duration, 10),
            Self::Soak(soak) => (soak.legs, soak.duration, 10),
            Self::Crowd(crowd) => (crowd.legs, crowd.duration, 30),
            Self::Churn(churn) => (churn.legs, churn.duration, 30),
            Self::Edits(edits) => (edits.legs, edits.duration, 10),
            // Nobody calls, and sizes are checked by the grammar.
            Self::Records(_) => return Ok(()),
        };
        if !(100..=4_000).contains(&legs) {
            return Err("--legs is from 100 to 4000".to_owned());
        }
        if !(least..=86_400).contains(&duration.as_secs()) {
            return Err(format!("--duration is from {least}s to 24h"));
        }
        match self {
            Self::Crowd(crowd) => crowd.check(),
            Self::Sustain(_) | Self::Soak(_) | Self::Churn(_) | Self::Records(_) | Self::Edits(_) => Ok(()),
        }
    }
}

impl Crowd {
    fn check(&self) -> Result<(), String> {
        let crowds = 100..=20_000;
        if !crowds.contains(&self.streams) || !crowds.contains(&self.silent) {
            return Err("--streams and --silent are from 100 to 20000".to_owned());
        }
        // Up to the hard limit the bridge raises its own, as this program does.
        let allowed = rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(0, |(_, hard)| hard);
        let needed = (self.streams.max(self.silent) + 2 * self.legs + HANDLES_BESIDE) as u64;
        match allowed >= needed {
            true => Ok(()),
            false => Err(format!(
                "{allowed} open files are allowed, {needed} needed; raise it (ulimit -Hn), or ask for fewer --streams or --silent"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::*;

    /// What `./bench --help` prints, which must not have to build anything for it.
    fn help() -> String {
        let command = Options::command();
        let modes = command.get_subcommands().map(|mode| {
            let usage = format!("./bench {} [OPTIONS]", mode.get_name());
            described(&usage, mode)
        });
        let all: Vec<_> = [described("./bench [OPTIONS]", &command)]
            .into_iter()
            .chain(modes)
            .collect();
        format!("{}\n{TEACHING}\n", all.join("\n"))
    }

    /// What a command does, and its options with what they are unless they are given.
    fn described(usage: &str, command: &Command) -> String {
        let about = command.get_about().unwrap();
        let mut text = format!("Usage: {usage}\n{about}\n\n");
        for option in command.get_arguments() {
            let (name, value) = (option.get_long().unwrap(), &option.get_value_names().unwrap()[0]);
            let values: Vec<_> = option
                .get_default_values()
                .iter()
                .map(|value| value.to_str().unwrap())
                .collect();
            let unless = match values.join(";") {
                values if values.is_empty() => values,
                values => format!(" [{values}]"),
            };
            let what = option.get_help().unwrap();
            let also = match option.is_global_set() {
                true => "; what stands below takes it, too",
                false => "",
            };
            text.push_str(&format!("  --{name} <{value}>{unless}\n      {what}{also}\n"));
        }
        text
    }

    #[test]
    fn the_help_that_is_told_without_building_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/compare/help.txt");
        let help = help();
        if std::fs::read_to_string(path).ok().as_deref() != Some(help.as_str()) {
            std::fs::write(path, help).unwrap();
            panic!("{path} was stale and has been rewritten: commit it");
        }
    }

    #[test]
    fn sizes_that_do_not_fit_are_named() {
        for (line, needle) in [
            ("--legs 100,50", "small to large"),
            ("--codec-legs 500,100", "small to large"),
            ("--codec-legs 100,5000", "to 4000"),
            ("--legs 1", "from 4"),
            ("--duration 10ms", "from 1s"),
            ("--rate 0", "from 1 to 1000"),
            ("soak --legs 20", "from 100"),
            ("sustain --duration 1s", "from 10s"),
            ("crowd --duration 20s", "from 30s"),
            ("crowd --streams 10", "from 100"),
            ("crowd --silent 30000", "to 20000"),
            ("churn --legs 10", "from 100"),
            ("edits --duration 1s", "from 10s"),
        ] {
            let words = ["compare"].into_iter().chain(line.split(' '));
            let error = Options::try_parse_from(words).unwrap().check().unwrap_err();
            assert!(error.contains(needle), "{line}: {error}");
        }
    }
}
