//! What was measured, and what follows from it: medians, shares, ratios.

use serde::Serialize;

use crate::environment::Environment;
use crate::traffic::Rest;
use crate::witness::Held;

/// Packets missing up to which a server "holds" its legs, percent.
pub(crate) const HOLDS_PERCENT: f64 = 1.0;

/// All that one invocation measured.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    pub(crate) environment: Environment,
    /// How often each row was measured, at most.
    pub(crate) runs: u32,
    /// How long each time, s.
    pub(crate) seconds: f64,
    /// Legs of rows that have but one size.
    pub(crate) others: usize,
    pub(crate) rows: Vec<Row>,
}

/// Who was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Server {
    /// Receives and sends, and nothing else.
    Floor,
    /// The bridge.
    Partyline,
    /// The peer: AudioBridge of Janus.
    Janus,
}

impl Server {
    /// As it is shown.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Partyline => "Partyline",
            Self::Janus => "Janus",
        }
    }
}

/// One scenario of one server at one size.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) server: Server,
    /// What goes on.
    pub(crate) scenario: String,
    /// Codec, or several with their shares.
    pub(crate) codec: String,
    pub(crate) legs: usize,
    /// One a run.
    pub(crate) samples: Vec<Sample>,
    /// Why there are none, or fewer than runs.
    pub(crate) skipped: Option<String>,
}

/// One run of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Sample {
    /// Which run, from 1.
    pub(crate) run: u32,
    /// CPU of the server for a leg's second, ms.
    pub(crate) cpu_ms: f64,
    /// The same of the floor in the same run, at the size nearest to this one.
    pub(crate) floor_ms: f64,
    /// Legs that were in.
    pub(crate) legs_in: usize,
    /// Calls that the bridge answered with 503: it had no time left for them.
    pub(crate) turned_away: usize,
    /// Packets due to the callers while it was measured.
    pub(crate) due: u64,
    /// Of these, missing.
    pub(crate) missing: u64,
    /// More than 5 ms after their time on the grid of their own stream.
    pub(crate) late_5ms: u64,
    /// More than 20 ms.
    pub(crate) late_20ms: u64,
    /// The latest, ms.
    pub(crate) latest_ms: f64,
    /// From packet in to packet out.
    pub(crate) delay: Option<Delay>,
    /// What those callers heard whose audio was judged; none where none was.
    pub(crate) heard: Option<Heard>,
    /// Packets that the callers themselves sent more than 5 ms late, percent of what they sent.
    pub(crate) callers_late_percent: f64,
    /// How much of their core the callers used, percent.
    pub(crate) callers_busy_percent: f64,
    /// What processes that take no part used of the machine meanwhile, and what its host took away, percent of all cores.
    pub(crate) others_percent: f64,
    /// What of this came when a core ran nobody; none where that was not watched.
    pub(crate) held: Option<Held>,
    /// Memory that the server took for a leg, KiB.
    pub(crate) memory_kib: Option<f64>,
    /// Calls that came beside the legs.
    pub(crate) joins: Option<Joins>,
    /// What was asked of REST meanwhile.
    pub(crate) rest: Option<Rest>,
}

/// Talkers' tones at those who are to hear them, and at those who are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Heard {
    /// Pairs of a talker and a listener who is to hear him.
    pub(crate) pairs: u64,
    /// Of these, those who do not.
    pub(crate) unheard: u64,
    /// Talkers who hear themselves, and pairs of different meetings that hear each other.
    pub(crate) misheard: u64,
    /// Blocks of 20 ms that should have had a tone, over all pairs.
    pub(crate) blocks: u64,
    /// Of these, silent.
    pub(crate) silent: u64,
    /// Of these, with a dip, a jump or a click. Opus bends several steady tones at once by that much itself.
    pub(crate) disturbed: u64,
}

/// Calls of phones that hung up and called again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Joins {
    /// Begun a second, through answer, prompt, code and join.
    pub(crate) per_second: f64,
    /// Not answered.
    pub(crate) failed: u64,
    /// INVITE to 200.
    pub(crate) setup: Delay,
}

/// From packet in to packet out, ms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Delay {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// The middle of several figures, and their ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Span {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Span {
    /// Of these figures; none of none.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<_> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self {
            median: f64::midpoint(low, high),
            least,
            most,
        })
    }
}

/// A row in few figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Line {
    /// CPU for a leg's second, ms.
    pub(crate) cpu_ms: Span,
    /// CPU as a multiple of the floor's of the same run.
    pub(crate) to_floor: Span,
    /// Legs that one core would hold at this cost, were it spent to the last.
    pub(crate) legs_a_core: f64,
    /// Percent of the packets due.
    pub(crate) missing: f64,
    pub(crate) late_5ms: f64,
    pub(crate) late_20ms: f64,
    /// The latest of all runs, ms.
    pub(crate) latest_ms: f64,
    /// Medians over the runs.
    pub(crate) delay: Option<Delay>,
    /// The worst of all runs.
    pub(crate) callers_late: f64,
    /// The busiest of all runs.
    pub(crate) callers_busy: f64,
    /// The worst of all runs.
    pub(crate) others: f64,
    /// Median, KiB.
    pub(crate) memory_kib: Option<f64>,
    /// Fewest legs that were in.
    pub(crate) legs_in: usize,
    /// Most calls that were turned away.
    pub(crate) turned_away: usize,
}

/// From this on callers are too late, or too busy, to say what is the server's fault, percent; or others used too much of the machine.
const LATE_CALLERS: f64 = 5.0;
pub(crate) const BUSY_CALLERS: f64 = 90.0;
const BUSY_OTHERS: f64 = 10.0;

impl Line {
    /// Whether the callers could not keep up, or others kept them or the server from it, so that packets missing or late are not the
    /// server's alone.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.callers_late > LATE_CALLERS || self.callers_busy > BUSY_CALLERS || self.others > BUSY_OTHERS
    }
}

impl Row {
    /// A row that was not measured yet.
    pub(crate) fn new(server: Server, scenario: &str, codec: &str, legs: usize) -> Self {
        Self {
            server,
            scenario: scenario.to_owned(),
            codec: codec.to_owned(),
            legs,
            samples: Vec::new(),
            skipped: None,
        }
    }

    /// Its figures; none where it was never measured.
    pub(crate) fn line(&self) -> Option<Line> {
        let samples = &self.samples;
        let sum = |of: fn(&Sample) -> u64| samples.iter().map(of).sum::<u64>() as f64;
        let due = sum(|sample| sample.due).max(1.0);
        let cpu_ms = Span::of(samples.iter().map(|sample| sample.cpu_ms))?;
        let most = |of: fn(&Sample) -> f64| samples.iter().map(of).fold(0.0, f64::max);
        Some(Line {
            cpu_ms,
            to_floor: Span::of(samples.iter().map(|sample| sample.cpu_ms / sample.floor_ms))?,
            legs_a_core: 1_000.0 / cpu_ms.median,
            missing: 100.0 * sum(|sample| sample.missing) / due,
            late_5ms: 100.0 * sum(|sample| sample.late_5ms) / due,
            late_20ms: 100.0 * sum(|sample| sample.late_20ms) / due,
            latest_ms: most(|sample| sample.latest_ms),
            delay: self.delay(),
            callers_late: most(|sample| sample.callers_late_percent),
            callers_busy: most(|sample| sample.callers_busy_percent),
            others: most(|sample| sample.others_percent),
            memory_kib: Span::of(samples.iter().filter_map(|sample| sample.memory_kib))
                .map(|span| span.median),
            legs_in: samples.iter().map(|sample| sample.legs_in).min().unwrap_or(0),
            turned_away: samples.iter().map(|sample| sample.turned_away).max().unwrap_or(0),
        })
    }

    fn delay(&self) -> Option<Delay> {
        let delays = || self.samples.iter().filter_map(|sample| sample.delay);
        Some(Delay {
            p50: Span::of(delays().map(|delay| delay.p50))?.median,
            p99: Span::of(delays().map(|delay| delay.p99))?.median,
        })
    }

    /// Whether all were in, and no more packets missing than a server that holds them may miss.
    pub(crate) fn holds(&self) -> bool {
        self.line()
            .is_some_and(|line| line.missing <= HOLDS_PERCENT && line.legs_in == self.legs)
    }

    fn alike(&self, other: &Self) -> bool {
        self.server == other.server && self.scenario == other.scenario && self.codec == other.codec
    }
}

impl Results {
    /// The most legs that this row's server was seen to hold in this scenario, and whether no more than these were tried.
    pub(crate) fn most_held(&self, row: &Row) -> Option<(usize, bool)> {
        let alike = || {
            self.rows
                .iter()
                .filter(|other| other.alike(row) && other.line().is_some())
        };
        let held = alike().filter(|row| row.holds()).map(|row| row.legs).max()?;
        Some((held, alike().all(|row| row.legs <= held)))
    }

    /// How many times this row's CPU the peer takes for the same codec: its cheapest size among those it holds, which is what
    /// speaks best for it.
    pub(crate) fn peer_takes(&self, row: &Row) -> Option<f64> {
        if row.server != Server::Partyline {
            return None;
        }
        let peers = self
            .rows
            .iter()
            .filter(|peer| peer.server == Server::Janus && peer.codec == row.codec && peer.holds());
        let costs = peers.filter_map(Row::line).map(|line| line.cpu_ms.median);
        let least = costs.min_by(f64::total_cmp)?;
        Some(least / row.line()?.cpu_ms.median)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn row(server: Server, legs: usize, cpu_ms: &[f64], missing: u64) -> Row {
        let mut row = Row::new(server, "one meeting, 3 talk", "PCMU", legs);
        row.samples = cpu_ms
            .iter()
            .map(|cpu_ms| Sample {
                cpu_ms: *cpu_ms,
                floor_ms: 0.2,
                legs_in: legs,
                due: 1_000,
                missing,
                ..Sample::default()
            })
            .collect();
        row
    }

    pub(crate) fn results(rows: Vec<Row>) -> Results {
        let environment = Environment {
            date: "2001-02-03T04:05:06Z".to_owned(),
            cpu: "CPU <x>".to_owned(),
            cores: 2,
            kernel: "Linux 6".to_owned(),
            load_before: "0.10".to_owned(),
            partyline: "partyline 1".to_owned(),
            janus: None,
        };
        Results {
            environment,
            runs: 3,
            seconds: 10.0,
            others: 1_000,
            rows,
        }
    }

    #[test]
    fn a_span_has_the_middle_of_odd_and_even_counts() {
        let span = |figures: &[f64]| Span::of(figures.iter().copied());
        let expect = |median, least, most| Some(Span { median, least, most });
        assert_eq!(span(&[3.0, 1.0, 2.0]), expect(2.0, 1.0, 3.0));
        assert_eq!(span(&[4.0, 1.0, 2.0, 3.0]), expect(2.5, 1.0, 4.0));
        assert_eq!(span(&[]), None);
    }

    #[test]
    fn a_line_says_shares_of_what_was_due_and_multiples_of_the_floor() {
        let line = row(Server::Partyline, 100, &[0.4, 0.5, 0.8], 5).line().unwrap();
        assert!((line.to_floor.median - 2.5).abs() < 1e-9, "{line:?}");
        assert!((line.legs_a_core - 2_000.0).abs() < 1e-9, "{line:?}");
        assert!((line.missing - 0.5).abs() < 1e-9, "{line:?}");
    }

    #[test]
    fn who_misses_more_than_one_percent_or_has_not_all_in_does_not_hold() {
        let results = results(vec![
            row(Server::Janus, 100, &[2.0], 0),
            row(Server::Janus, 200, &[1.5], 10),
            row(Server::Janus, 300, &[1.0], 11),
            row(Server::Partyline, 100, &[0.5], 0),
        ]);
        assert_eq!(results.most_held(&results.rows[0]), Some((200, false)));
        assert_eq!(results.most_held(&results.rows[3]), Some((100, true)));
        assert_eq!(results.peer_takes(&results.rows[3]), Some(3.0));
        let mut partly = row(Server::Janus, 400, &[1.0], 0);
        partly.samples[0].legs_in = 399;
        assert!(!partly.holds());
    }
}
