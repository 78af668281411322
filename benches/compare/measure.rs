//! Run by run: the floor at each size, the bridge's scenarios, the peer's.

use std::path::Path;

use crate::environment::Environment;
use crate::options::Options;
use crate::partyline::{Outcome, Place};
use crate::results::{Results, Row, Sample, Server};
use crate::scenario::{self, PCMU, Plan};
use crate::{cpu, floor, janus, partyline};

/// What the floor is called where rows are named.
const FLOOR: &str = "receive and send";

/// Measures everything, so many times.
///
/// # Errors
/// What the bridge or the floor does not do. The peer's faults become remarks.
pub(crate) fn all(options: &Options) -> Result<Results, String> {
    let plan = scenario::plan(options)?;
    let place = Place::new(options, options.duration)?;
    let mut results = Results {
        environment: Environment::here(&place.program, &options.janus),
        runs: options.runs,
        seconds: options.duration.as_secs_f64(),
        others: options.others,
        rows: Vec::new(),
    };
    for run in 1..=options.runs {
        floors(options, &plan, run, &mut results.rows)?;
        bridge(options, &plan, &place, run, &mut results.rows)?;
        peer(options, &plan, &place.folder, run, &mut results.rows);
    }
    Ok(results)
}

fn floors(options: &Options, plan: &Plan, run: u32, rows: &mut Vec<Row>) -> Result<(), String> {
    for legs in &plan.floors {
        let row = Row::new(Server::Floor, FLOOR, PCMU, *legs);
        announce(options, run, &row);
        let sample = floor::measure(*legs, options.duration)?;
        note(rows, &row, run, sample);
    }
    Ok(())
}

fn bridge(
    options: &Options,
    plan: &Plan,
    place: &Place,
    run: u32,
    rows: &mut Vec<Row>,
) -> Result<(), String> {
    for scenario in &plan.bridge {
        let row = Row::new(Server::Partyline, scenario.name, &scenario.codec, scenario.legs);
        if run > 1 && find(rows, &row).is_some_and(|at| rows[at].skipped.is_some()) {
            continue;
        }
        announce(options, run, &row);
        match partyline::measure(place, scenario) {
            Ok(Outcome::Measured(sample)) => note(rows, &row, run, *sample),
            Ok(Outcome::NotOffered(said)) => skip(rows, row, format!("not offered by this build: {said}")),
            Err(error) => skip(rows, row, error),
        }
    }
    Ok(())
}

fn peer(options: &Options, plan: &Plan, folder: &Path, run: u32, rows: &mut Vec<Row>) {
    for growth in &plan.janus {
        let row = |legs| Row::new(Server::Janus, growth.name, growth.coding.name(), legs);
        let first = growth.sizes.first().copied().unwrap_or(0);
        if let Some(missing) = janus::is_missing(&options.janus) {
            skip(rows, row(first), missing);
            continue;
        }
        announce(options, run, &row(first));
        let found = |legs: usize, sample: Sample| note(rows, &row(legs), run, sample);
        if let Err(error) = janus::measure(&options.janus, folder, growth, options.duration, found) {
            skip(rows, row(first), error);
        }
    }
}

/// Waits for the machine to be calm, and says what comes.
fn announce(options: &Options, run: u32, row: &Row) {
    // Without /proc the measurement itself will say so.
    let _ = cpu::wait_for_calm(options.patience);
    eprintln!(
        "run {run}: {}, {}, {}, {} legs",
        row.server.name(),
        row.scenario,
        row.codec,
        row.legs
    );
}

fn find(rows: &[Row], row: &Row) -> Option<usize> {
    rows.iter().position(|other| {
        (other.server, &other.scenario, &other.codec, other.legs)
            == (row.server, &row.scenario, &row.codec, row.legs)
    })
}

/// The row like this one, made where there is none.
fn entry<'a>(rows: &'a mut Vec<Row>, row: &Row) -> &'a mut Row {
    let at = find(rows, row).unwrap_or_else(|| {
        rows.push(row.clone());
        rows.len() - 1
    });
    &mut rows[at]
}

fn skip(rows: &mut Vec<Row>, row: Row, reason: String) {
    eprintln!("  {reason}");
    entry(rows, &row).skipped = Some(reason);
}

fn note(rows: &mut Vec<Row>, row: &Row, run: u32, sample: Sample) {
    let floor_ms = match row.server {
        Server::Floor => sample.cpu_ms,
        Server::Partyline | Server::Janus => floor_of(rows, run, row.legs).unwrap_or(sample.floor_ms),
    };
    eprintln!(
        "  {} of {} legs: {:.3} ms a leg-second, {} of {} packets missing; callers busy {:.0} %, others {:.1} %",
        sample.legs_in,
        row.legs,
        sample.cpu_ms,
        sample.missing,
        sample.due,
        sample.callers_busy_percent,
        sample.others_percent
    );
    entry(rows, row).samples.push(Sample {
        run,
        floor_ms,
        ..sample
    });
}

/// The floor of this run at the size nearest to this one.
fn floor_of(rows: &[Row], run: u32, legs: usize) -> Option<f64> {
    let floors = rows.iter().filter(|row| row.server == Server::Floor);
    let of_run = floors.filter_map(|row| {
        let sample = row.samples.iter().find(|sample| sample.run == run)?;
        Some((row.legs.abs_diff(legs), sample.cpu_ms))
    });
    of_run
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, cpu_ms)| cpu_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_held_against_the_floor_of_its_own_run_at_the_nearest_size() {
        let mut rows = Vec::new();
        let sample = |cpu_ms, floor_ms| Sample {
            cpu_ms,
            floor_ms,
            ..Sample::default()
        };
        for (run, legs, cost) in [(1, 100, 0.1), (1, 1_000, 0.2), (2, 100, 0.3), (2, 1_000, 0.4)] {
            note(
                &mut rows,
                &Row::new(Server::Floor, FLOOR, "PCMU", legs),
                run,
                sample(cost, cost),
            );
        }
        let row = Row::new(Server::Partyline, "x", "PCMU", 900);
        note(&mut rows, &row, 2, sample(0.8, 0.0));
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1].samples[1].floor_ms, 0.4);
        assert_eq!(rows[1].samples[0].floor_ms, 0.2);
        assert_eq!(rows[2].samples[0].floor_ms, 0.4);
    }
}
