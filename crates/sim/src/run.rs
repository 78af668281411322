//! A run: threads with phones, progress, report.
#![expect(
    clippy::disallowed_methods,
    reason = "the shell around the machines: it reads the clock and waits for threads"
)]

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::crew::{Board, Crew, Shared};
use crate::leg::Leg;
use crate::options::Options;
use crate::plan::{Plan, Schedule};
use crate::report::{Report, Tally};

/// Phones for which a thread is worth while, and threads at most; never more than there are cores.
const LEGS_A_THREAD: usize = 250;
const MOST_THREADS: usize = 16;
/// How often the run looks at its crews.
const LOOK: Duration = Duration::from_millis(50);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All was within the limits.
    Pass,
    /// Something was not.
    Fail,
}

/// Calls, judges, writes the report. All hang up early once `stop` is set.
///
/// # Errors
/// One line that says what to do: options that do not fit, a target where nobody answers, a system that gives no sockets.
pub fn run(options: Options, stop: &AtomicBool) -> Result<Outcome, String> {
    let plan = Arc::new(Plan::new(options)?);
    let shared = Shared {
        plan: Arc::clone(&plan),
        epoch: Instant::now(),
        schedule: OnceLock::new(),
        stop: AtomicBool::new(false),
        board: Board::default(),
    };
    let (mut legs, past) = call(&shared, stop)?;
    let report = Report::new(&plan, &mut legs, past, &shared);
    if report.calls.answered == 0 && report.calls.refused.is_empty() && !stop.load(Ordering::Relaxed) {
        let uri = plan.target.uri();
        return Err(format!(
            "nobody answers at {uri}: is the bridge started, are address and port right?"
        ));
    }
    write(&report, plan.options.json.as_deref())?;
    Ok(if report.pass { Outcome::Pass } else { Outcome::Fail })
}

fn call(shared: &Shared, stop: &AtomicBool) -> Result<(Vec<Leg>, Tally), String> {
    let total = shared.plan.legs();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let size = LEGS_A_THREAD.max(total.div_ceil(MOST_THREADS.min(cores)));
    let ranges = (0..total)
        .step_by(size)
        .map(|first| first..(first + size).min(total));
    let crews: Result<Vec<_>, _> = ranges.map(|range| Crew::new(shared, range)).collect();
    let crews = crews.map_err(|error| format!("{error}; {total} phones need as many sockets (ulimit -n)"))?;
    thread::scope(|scope| {
        let threads: Vec<_> = crews
            .into_iter()
            .map(|crew| scope.spawn(move || crew.run()))
            .collect();
        watch(shared, stop, &threads);
        let (mut legs, mut past) = (Vec::new(), Tally::default());
        for thread in threads {
            let found = thread.join();
            let found = found.map_err(|_| "a thread of the simulator has ended by a fault of its own")?;
            legs.extend(found.0);
            past.merge(found.1);
        }
        Ok((legs, past))
    })
}

/// Until all threads have ended: sets the schedule once all phones have settled, passes the wish to stop, shows progress.
fn watch<T>(shared: &Shared, stop: &AtomicBool, threads: &[ScopedJoinHandle<'_, T>]) {
    let progress = std::io::stderr().is_terminal();
    while !threads.iter().all(ScopedJoinHandle::is_finished) {
        if shared.schedule.get().is_none() && read(&shared.board.settled) == shared.plan.legs() {
            let options = &shared.plan.options;
            let schedule = Schedule::new(Instant::now() + options.settle, options.duration);
            // Only this thread sets it.
            let _ = shared.schedule.set(schedule);
        }
        if stop.load(Ordering::Relaxed) {
            shared.stop.store(true, Ordering::Relaxed);
        }
        if progress {
            eprint!("\r\x1b[K{}", progress_line(shared, Instant::now()));
        }
        thread::sleep(LOOK);
    }
    if progress {
        eprint!("\r\x1b[K");
    }
}

fn read(counter: &AtomicUsize) -> usize {
    counter.load(Ordering::Relaxed)
}

fn progress_line(shared: &Shared, now: Instant) -> String {
    let (board, legs) = (&shared.board, shared.plan.legs());
    let left = |until: Instant| until.saturating_duration_since(now).as_secs_f32();
    let over = read(&board.over);
    match shared.schedule.get() {
        None => format!(
            "calling: {} of {legs} answered, {} in, {over} over",
            read(&board.answered),
            read(&board.settled)
        ),
        Some(schedule) if now < schedule.judge.0 => {
            format!("all in: talk is judged in {:.0} s", left(schedule.judge.0))
        }
        Some(schedule) if now < schedule.judge.1 => {
            format!("judging: {:.0} s left, {over} over", left(schedule.judge.1))
        }
        Some(_) => format!("hanging up: {over} of {legs}"),
    }
}

fn write(report: &Report, json: Option<&Path>) -> Result<(), String> {
    let standard = json.is_some_and(|path| path == Path::new("-"));
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(report).map_err(|error| error.to_string())? + "\n";
        let written = if standard {
            std::io::stdout().write_all(text.as_bytes())
        } else {
            fs::write(path, text)
        };
        written.map_err(|error| format!("{}: {error}; choose another file with --json", path.display()))?;
    }
    if !standard {
        // Whoever closed the pipe does not want to read it.
        let _ = write!(std::io::stdout(), "{report}");
    }
    Ok(())
}
