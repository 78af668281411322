//! The bridge beside a peer, on this machine and in the same minutes: CPU for each leg, packets missing and late, delay.
//!
//! Three servers take turns on core 0, with their callers on core 1: a *floor*, which receives and sends the same packets and
//! does nothing else; `partyline serve`, called by `partyline sim`; and Janus with its AudioBridge, joined by plain RTP phones
//! of our own. `./bench` builds all this and runs it; `./bench --help` names the sizes without building, by `help.txt`, which
//! a test makes of the options. `./bench sustain` and `./bench soak` let the bridge run for long, and say whether it lasts;
//! `./bench crowd` and `./bench churn` hold against it thousands of streams and silent clients, and a stream of events while
//! hundreds a second join and leave; `./bench records` lets it read lists with a million rows, and `./bench edits` changes what is live.
//!
//! What is printed and drawn was measured in that very run. Servers are children of this process and die with it.

mod child;
mod churn;
mod cpu;
mod crowd;
mod door;
mod edits;
mod environment;
mod floor;
mod followers;
mod goals;
mod janus;
mod measure;
mod options;
mod order;
mod partyline;
mod phones;
mod records;
mod report;
mod rest;
mod results;
mod room;
mod sample;
mod scenario;
mod silent;
mod soak;
mod stored;
mod sustain;
mod tail;
mod traffic;
mod verdict;
mod vitals;
mod voice;
mod witness;

use std::process::ExitCode;

use clap::Parser;

use options::{Mode, Options};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what is asked for; false where something did not last, or a goal was missed.
fn run(options: &Options) -> Result<bool, String> {
    options.check()?;
    // What cannot be opened then is said where it is opened.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    benches::pin_to(options::CALLERS_CORE);
    match &options.mode {
        None => compare(options),
        Some(Mode::Sustain(what)) => sustain::run(options, what),
        Some(Mode::Soak(what)) => soak::run(options, what),
        Some(Mode::Crowd(what)) => crowd::run(options, what),
        Some(Mode::Churn(what)) => churn::run(options, what),
        Some(Mode::Records(what)) => records::run(options, what),
        Some(Mode::Edits(what)) => edits::run(options, what),
    }
}

fn compare(options: &Options) -> Result<bool, String> {
    let results = measure::all(options)?;
    println!("{}", report::text(&results));
    let page = report::write(&results, &options.out)?;
    println!("The same with charts: {}", page.display());
    let is_missed = |goal: &goals::Goal| goal.reached == Some(false);
    Ok(!goals::goals(&results).iter().any(is_missed))
}
