//! What is aimed at, beside what was measured.

use serde::Serialize;

use crate::results::{Delay, Heard, Results, Row, Sample, Server, Span};
use crate::scenario::{
    ALL_TALK, FLOOD, JOINS, LISTS, LISTS_APART, MANY_MEETINGS, MIXED, OPUS, PCMU, RUSH, THREE_TALK, rush_legs,
};
use crate::traffic::Rest;

/// One goal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Goal {
    /// What is measured, with its unit.
    pub(crate) what: String,
    pub(crate) limit: Limit,
    /// Over the runs; none where it was not measured.
    pub(crate) found: Option<Span>,
    /// By the median, and by the worst run where nothing may ever happen; none where it was not measured.
    pub(crate) reached: Option<bool>,
    /// The callers could not keep up, or others used the machine: it says little.
    pub(crate) doubtful: bool,
    /// Digits behind the point.
    pub(crate) digits: usize,
}

/// What a figure must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    /// The median is this or less.
    AtMost(f64),
    /// The median is this or more.
    AtLeast(f64),
    /// Never, in no run.
    Never,
    /// Anything: it is told, not aimed at.
    Told,
}

/// Legs at the ends of the line along which the cost of one is to stay the same.
const FEW: usize = 100;
const MANY: usize = 2_000;
/// Legs of a meeting that is hardly one.
const HANDFUL: usize = 10;

/// What was found, and whether it is doubtful.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Found {
    span: Span,
    doubtful: bool,
}

/// How long requests of one kind took.
type Took = fn(&Rest) -> Option<Delay>;

/// What was heard, of one kind.
type Judged = fn(&Heard) -> u64;

/// All of them: cost, punctuality, sound, delay, what goes on beside.
pub(crate) fn goals(results: &Results) -> Vec<Goal> {
    let mut goals = cost(results);
    goals.extend(punctuality(results));
    goals.extend(hearing(results));
    goals.extend(delay(results));
    goals.extend(joins(results));
    goals.extend(rush(results));
    goals.extend(requests(results));
    goals
}

fn cost(results: &Results) -> Vec<Goal> {
    let legs = results.others;
    let to_floor =
        |name, codec| results.figures(name, codec, legs, |sample| Some(sample.cpu_ms / sample.floor_ms));
    let times = |what: String, limit, found| goal(what, Limit::AtMost(limit), found, 2);
    let to_one = |codec| {
        let row = |name| results.row((name, codec, legs));
        ratio(row(MANY_MEETINGS)?, row(THREE_TALK)?)
    };
    let memory = results.figures(THREE_TALK, PCMU, legs, |sample| sample.memory_kib);
    vec![
        times(
            format!("{legs} legs, PCMU: CPU, times the floor"),
            2.0,
            to_floor(THREE_TALK, PCMU),
        ),
        times(
            format!("{legs} legs, Opus: CPU, times the floor"),
            3.0,
            to_floor(THREE_TALK, OPUS),
        ),
        times(
            format!("{legs} legs, PCMU, G.722 and Opus: CPU, times the floor"),
            4.0,
            to_floor(THREE_TALK, MIXED),
        ),
        times(
            format!("{legs} legs with SRTP: CPU, times the floor (not offered by this build)"),
            4.0,
            None,
        ),
        times(
            format!("{legs} legs in 200 meetings: CPU, times that in one"),
            1.3,
            to_one(PCMU),
        ),
        times(
            format!("{legs} legs in 200 meetings, Opus: CPU, times that in one"),
            1.3,
            to_one(OPUS),
        ),
        times(
            format!("{legs} legs, all talk: CPU, times the floor"),
            4.0,
            to_floor(ALL_TALK, PCMU),
        ),
        flat(results, PCMU, "PCMU"),
        flat(results, OPUS, "Opus"),
        flat(results, MIXED, "PCMU, G.722 and Opus"),
        goal(
            format!("{legs} legs, PCMU: memory a leg, KiB"),
            Limit::AtMost(64.0),
            memory,
            0,
        ),
    ]
}

/// What a leg costs among many, as a multiple of what it costs among few. Where callers were turned away this is told and no goal: of legs
/// that were not in it says nothing.
fn flat(results: &Results, codec: &str, name: &str) -> Goal {
    let (many, few) = (
        results.find((THREE_TALK, codec, MANY)),
        results.row((THREE_TALK, codec, FEW)),
    );
    let found = many.zip(few).and_then(|(many, few)| ratio(many, few));
    let partly = many.filter(|row| !is_all_in(row)).and_then(Row::line);
    match partly {
        None => goal(
            format!("CPU of a leg with {MANY} legs, {name}, times that with {FEW}"),
            Limit::AtMost(1.2),
            found,
            2,
        ),
        Some(line) => goal(
            format!(
                "CPU of a leg with {} of {MANY} legs in, {name}, times that with {FEW}",
                line.legs_in
            ),
            Limit::Told,
            found,
            2,
        ),
    }
}

fn punctuality(results: &Results) -> Vec<Goal> {
    let legs = results.others;
    let rows = [
        (THREE_TALK, PCMU),
        (THREE_TALK, OPUS),
        (THREE_TALK, MIXED),
        (MANY_MEETINGS, PCMU),
        (ALL_TALK, PCMU),
    ];
    let of_row = |(name, codec)| {
        let mut goals = vec![late(results, (name, codec, legs), name)];
        goals.extend(harm(results, (name, codec, legs), name));
        goals
    };
    rows.into_iter().flat_map(of_row).collect()
}

/// That hardly any packet is late in a row.
fn late(results: &Results, (name, codec, legs): Key<'_>, shown: &str) -> Goal {
    let found = results.figures(name, codec, legs, |sample| Some(share(sample.late_5ms, sample)));
    goal(
        format!("{shown}, {codec}: packets more than 5 ms late, %"),
        Limit::AtMost(0.1),
        found,
        3,
    )
}

/// That no packet is missing or much too late in a row.
fn harm(results: &Results, key: Key<'_>, shown: &str) -> [Goal; 2] {
    harm_of(results.row(key), shown, key.1)
}

fn harm_of(row: Option<&Row>, shown: &str, codec: &str) -> [Goal; 2] {
    let count = |what: &str, of: fn(&Sample) -> u64| {
        let found = row.and_then(|row| figures_of(row, |sample| Some(of(sample) as f64)));
        goal(
            format!("{shown}, {codec}: packets {what}"),
            Limit::Never,
            found,
            0,
        )
    };
    [
        count("more than 20 ms late", |sample| sample.late_20ms),
        count("missing", |sample| sample.missing),
    ]
}

/// That everybody hears those who talk, nobody himself, and nobody another meeting: a bridge that sent silence in time would reach all else.
fn hearing(results: &Results) -> Vec<Goal> {
    let rows = [
        (THREE_TALK, PCMU),
        (THREE_TALK, OPUS),
        (THREE_TALK, MIXED),
        (MANY_MEETINGS, PCMU),
    ];
    let of_row = |(name, codec)| {
        let mut all: Vec<(&str, Judged)> = vec![
            ("talkers who are not heard", |heard| heard.unheard),
            ("talkers heard by themselves, or in another meeting", |heard| {
                heard.misheard
            }),
            ("silence in a tone, blocks of 20 ms", |heard| heard.silent),
        ];
        // Others are within what Opus makes of several tones.
        if codec == PCMU {
            all.push(("dips, jumps and clicks in a tone", |heard| heard.disturbed));
        }
        let row = results.row((name, codec, results.others));
        let goals = all.into_iter().map(move |(what, of)| {
            let found = row.and_then(|row| figures_of(row, |sample| Some(of(&sample.heard?) as f64)));
            goal(format!("{name}, {codec}: {what}"), Limit::Never, found, 0)
        });
        goals.collect::<Vec<_>>()
    };
    rows.into_iter().flat_map(of_row).collect()
}

fn delay(results: &Results) -> Vec<Goal> {
    let at = |legs: usize| {
        let figure =
            |of: fn(Delay) -> f64| results.figures(THREE_TALK, PCMU, legs, |sample| sample.delay.map(of));
        let what = |part| format!("{legs} legs: packet in to packet out, {part}, ms");
        [
            goal(what("p50"), Limit::AtMost(20.0), figure(|delay| delay.p50), 1),
            goal(what("p99"), Limit::AtMost(35.0), figure(|delay| delay.p99), 1),
        ]
    };
    [HANDFUL, results.others].into_iter().flat_map(at).collect()
}

/// Calls that come and go beside legs that talk.
fn joins(results: &Results) -> Vec<Goal> {
    let kept = results.others.div_ceil(2);
    let joins = |of: fn(&crate::results::Joins) -> f64| {
        results.figures(JOINS, PCMU, kept, |sample| sample.joins.as_ref().map(of))
    };
    let mut goals = vec![
        goal(
            format!("calls a second through answer, prompt, code and join, beside {kept} legs"),
            Limit::AtLeast(200.0),
            joins(|joins| joins.per_second),
            0,
        ),
        goal(
            "calls of these that failed".to_owned(),
            Limit::Never,
            joins(|joins| joins.failed as f64),
            0,
        ),
    ];
    goals.push(late(results, (JOINS, PCMU, kept), "the legs beside them"));
    goals.extend(harm(results, (JOINS, PCMU, kept), "the legs beside them"));
    goals
}

/// That calls beyond what the bridge can carry harm nobody who is in, however many those are.
fn rush(results: &Results) -> [Goal; 2] {
    let phones = rush_legs(results.others);
    let row = results.find((RUSH, OPUS, phones));
    let shown = row.and_then(Row::line).map_or_else(
        || RUSH.to_owned(),
        |line| format!("{RUSH}, {} of {phones} in", line.legs_in),
    );
    harm_of(row, &shown, OPUS)
}

/// Requests to REST beside legs that talk.
fn requests(results: &Results) -> Vec<Goal> {
    let legs = results.others;
    let flood = results.figures(FLOOD, PCMU, legs, |sample| Some(sample.rest?.per_second));
    let failed = |name| results.figures(name, PCMU, legs, |sample| Some(sample.rest?.failed as f64));
    let mut goals = answers(results, LISTS, "while they talk");
    goals.extend(answers(
        results,
        LISTS_APART,
        "with the mixer on a core of its own",
    ));
    goals.push(goal(
        "REST requests answered a second".to_owned(),
        Limit::AtLeast(1_900.0),
        flood,
        0,
    ));
    for name in [LISTS, LISTS_APART, FLOOD] {
        goals.push(goal(
            format!("{name}: requests that failed"),
            Limit::Never,
            failed(name),
            0,
        ));
    }
    goals.push(late(results, (FLOOD, PCMU, legs), "legs beside these"));
    goals.extend(harm(results, (FLOOD, PCMU, legs), "legs beside these"));
    goals
}

/// How long REST takes to answer in a row.
fn answers(results: &Results, name: &str, shown: &str) -> Vec<Goal> {
    let legs = results.others;
    let kinds: [(String, Took); 5] = [
        (format!("list of {legs} calls"), |rest| rest.list),
        (
            format!("list of the few of {legs} calls that pass a filter"),
            |rest| rest.few,
        ),
        (format!("list of {legs} calls by caller"), |rest| rest.ordered),
        (format!("list of two fields of {legs} calls"), |rest| rest.fields),
        (format!("one of {legs} calls"), |rest| rest.one),
    ];
    let of_kind = |(kind, took): (String, Took)| {
        let found = results.figures(name, PCMU, legs, |sample| Some(took(&sample.rest?)?.p99));
        goal(
            format!("REST, {kind} {shown}: p99, ms"),
            Limit::AtMost(10.0),
            found,
            1,
        )
    };
    kinds.into_iter().map(of_kind).collect()
}

fn goal(what: String, limit: Limit, found: Option<Found>, digits: usize) -> Goal {
    let reached = found.and_then(|found| match limit {
        Limit::AtMost(most) => Some(found.span.median <= most),
        Limit::AtLeast(least) => Some(found.span.median >= least),
        Limit::Never => Some(found.span.most == 0.0),
        Limit::Told => None,
    });
    Goal {
        what,
        limit,
        found: found.map(|found| found.span),
        reached,
        doubtful: found.is_some_and(|found| found.doubtful),
        digits,
    }
}

fn share(part: u64, sample: &Sample) -> f64 {
    100.0 * part as f64 / sample.due.max(1) as f64
}

/// Scenario, codec and legs of a row of the bridge.
type Key<'a> = (&'a str, &'a str, usize);

impl Results {
    /// The row, whoever was in.
    fn find(&self, (name, codec, legs): Key<'_>) -> Option<&Row> {
        let ours = self.rows.iter().filter(|row| row.server == Server::Partyline);
        ours.filter(|row| (row.codec.as_str(), row.legs) == (codec, legs))
            .find(|row| row.scenario == name)
    }

    /// The row, if all were in: what fewer legs cost says nothing of those that were not.
    fn row(&self, key: Key<'_>) -> Option<&Row> {
        self.find(key).filter(|row| is_all_in(row))
    }

    fn figures(
        &self,
        name: &str,
        codec: &str,
        legs: usize,
        of: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<Found> {
        figures_of(self.row((name, codec, legs))?, of)
    }
}

fn figures_of(row: &Row, of: impl Fn(&Sample) -> Option<f64>) -> Option<Found> {
    Some(Found {
        span: Span::of(row.samples.iter().filter_map(of))?,
        doubtful: row.line()?.is_doubtful(),
    })
}

/// Whether those who were not in can be neglected.
fn is_all_in(row: &Row) -> bool {
    row.line().is_some_and(|line| line.legs_in * 100 >= row.legs * 99)
}

/// CPU of one row as a multiple of another's, of the same run.
fn ratio(over: &Row, under: &Row) -> Option<Found> {
    let of_run = |sample: &Sample| {
        let other = under.samples.iter().find(|other| other.run == sample.run)?;
        Some(sample.cpu_ms / other.cpu_ms)
    };
    Some(Found {
        span: Span::of(over.samples.iter().filter_map(of_run))?,
        doubtful: over.line()?.is_doubtful() || under.line()?.is_doubtful(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::{results, row};

    fn found(goals: &[Goal], what: &str) -> (Option<f64>, Option<bool>) {
        let goal = goals.iter().find(|goal| goal.what == what).expect(what);
        (goal.found.map(|span| span.median), goal.reached)
    }

    #[test]
    fn goals_are_held_against_medians_and_what_must_never_happen_against_the_worst_run() {
        let mut talk = row(Server::Partyline, 1_000, &[0.38, 0.39, 0.5], 0);
        talk.samples[2].late_20ms = 1;
        let goals = goals(&results(vec![talk]));
        let late = "one meeting, 3 talk, PCMU: packets more than 20 ms late";
        assert_eq!(found(&goals, late), (Some(0.0), Some(false)));
        assert_eq!(
            found(&goals, "one meeting, 3 talk, PCMU: packets missing"),
            (Some(0.0), Some(true))
        );
        let (times, reached) = found(&goals, "1000 legs, PCMU: CPU, times the floor");
        assert!((times.unwrap() - 1.95).abs() < 1e-9 && reached == Some(true));
        assert_eq!(
            found(&goals, "1000 legs, Opus: CPU, times the floor"),
            (None, None)
        );
    }

    #[test]
    fn a_bridge_whose_packets_come_in_time_and_say_nothing_misses_its_goals() {
        let mut talk = row(Server::Partyline, 1_000, &[0.3, 0.3], 0);
        let heard = |unheard| Heard {
            pairs: 147,
            unheard,
            ..Heard::default()
        };
        talk.samples[0].heard = Some(heard(0));
        let what = "one meeting, 3 talk, PCMU: talkers who are not heard";
        assert_eq!(
            found(&goals(&results(vec![talk.clone()])), what),
            (Some(0.0), Some(true))
        );
        talk.samples[1].heard = Some(heard(147));
        assert_eq!(
            found(&goals(&results(vec![talk])), what),
            (Some(73.5), Some(false))
        );
        assert_eq!(found(&goals(&results(Vec::new())), what), (None, None));
    }

    #[test]
    fn every_kind_of_request_has_its_time_and_the_legs_beside_many_are_judged() {
        let named = |name: &str| Row {
            scenario: name.to_owned(),
            ..row(Server::Partyline, 1_000, &[0.4], 0)
        };
        let p99 = |p99| Some(Delay { p50: 1.0, p99 });
        let (mut lists, mut flood) = (named(LISTS), named(FLOOD));
        lists.samples[0].rest = Some(Rest {
            list: p99(9.0),
            few: p99(3.0),
            ordered: p99(10.5),
            fields: p99(4.0),
            one: p99(2.0),
            ..Rest::default()
        });
        flood.samples[0].late_5ms = 2;
        let goals = goals(&results(vec![lists, flood]));
        for (kind, p99, reached) in [
            ("list of 1000 calls", 9.0, true),
            ("list of the few of 1000 calls that pass a filter", 3.0, true),
            ("list of 1000 calls by caller", 10.5, false),
            ("list of two fields of 1000 calls", 4.0, true),
            ("one of 1000 calls", 2.0, true),
        ] {
            let what = format!("REST, {kind} while they talk: p99, ms");
            assert_eq!(found(&goals, &what), (Some(p99), Some(reached)), "{kind}");
        }
        assert_eq!(
            found(&goals, "legs beside these, PCMU: packets more than 5 ms late, %"),
            (Some(0.2), Some(false))
        );
    }

    #[test]
    fn ratios_are_those_of_the_same_run() {
        let mut many = row(Server::Partyline, 2_000, &[3.0, 5.0, 1.0], 0);
        let mut few = row(Server::Partyline, 100, &[10.0, 2.0], 0);
        for (sample, run) in many.samples.iter_mut().zip([1, 2, 3]) {
            sample.run = run;
        }
        for (sample, run) in few.samples.iter_mut().zip([2, 1]) {
            sample.run = run;
        }
        few.samples[0].callers_busy_percent = 99.0;
        let goals = goals(&results(vec![many, few]));
        let flat = "CPU of a leg with 2000 legs, PCMU, times that with 100";
        let goal = goals.iter().find(|goal| goal.what == flat).unwrap();
        let span = goal.found.unwrap();
        assert_eq!((span.least, span.most), (0.5, 1.5));
        assert!(goal.doubtful);
    }

    #[test]
    fn what_many_cost_is_told_without_a_goal_where_some_were_turned_away() {
        let sized = |legs, cpu_ms: f64| Row {
            codec: OPUS.to_owned(),
            ..row(Server::Partyline, legs, &[cpu_ms, cpu_ms], 0)
        };
        let of_all = "CPU of a leg with 2000 legs, Opus, times that with 100";
        let of_some = "CPU of a leg with 1614 of 2000 legs in, Opus, times that with 100";
        let (few, mut many) = (sized(100, 0.5), sized(2_000, 0.75));
        let all_in = goals(&results(vec![few.clone(), many.clone()]));
        assert_eq!(found(&all_in, of_all), (Some(1.5), Some(false)));
        many.samples[1].legs_in = 1_614;
        let some_in = goals(&results(vec![few, many]));
        assert_eq!(found(&some_in, of_some), (Some(1.5), None));
        assert!(some_in.iter().all(|goal| goal.what != of_all));
        assert_eq!(found(&goals(&results(Vec::new())), of_all), (None, None));
    }
}
