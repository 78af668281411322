//! How results are shown: as text, as a page with charts, as JSON.

mod aims;
mod cells;
mod chart;
mod page;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::goals::{Goal, goals};
use crate::results::Results;

pub(crate) use text::text;

/// How it was measured, one paragraph each; printed and drawn alike.
const METHOD: [&str; 9] = [
    "Servers run on core 0 and their callers on core 1, over 127.0.0.1, one server at a time. All legs are in before anything counts. \
     CPU is that of the whole server process (for the floor, of its thread), in user and kernel mode, by its own clock over the time \
     judged, divided by legs and seconds.",
    "The floor receives one packet and sends one for each leg every 20 ms, on a socket of the leg's own, and does nothing else. \"times \
     floor\" is against the floor of the same run at the nearest size, with packets of PCMU for all codecs.",
    "Partyline is called over SIP by \"partyline sim\", a process of its own: each leg keys a code and joins. Janus's AudioBridge is joined \
     through its API by plain RTP phones of this program; its room mixes at 8 kHz for PCMU and at 16 kHz for Opus, and its prebuffer is \
     left at its default. Three talk. All others of Janus's phones send digital silence, and those of Partyline \
     noise at −70 dBov, as a quiet room's line has, which is no cheaper. Where there are 200 meetings, three of them have a talker.",
    "Goals are reached by the median of the runs; what must never happen, by every run. Joins: 900 phones of a second kind hang up and call \
     again all the time, through answer, prompt, code and join, while the others stay, of whom alone packets are judged. REST is asked over \
     HTTPS on connections that are kept, each request with its login, by this program on the callers' core: lists of all calls some ten times a \
     second and single calls some fifty times, in no step with the mixer; or single calls two thousand times. In one row the mixer has core 0 to itself, as it may where a \
     machine has more, and all else of the bridge is beside the callers.",
    "Missing and late are judged by the same code for all: against the sequence numbers and the 20 ms grid of each leg's own stream, whose \
     quickest packets set the grid. A server that holds its legs misses at most 1 % and has all of them in. Partyline turns callers away with \
     503 whom it has no time for: such a row says how many were in, whose cost and packets alone are judged.",
    "\"a core\" is 1000 ms over the median CPU: what one core would hold at this cost, were it spent to the last. \"held\" is the largest \
     size of that scenario measured here that was held, with a + where no larger one was tried.",
    "Delay is from a sound's packet leaving its phone to the same sound's packet reaching another, place in the packet included: with \
     Partyline by edges of a talker's upper tone, with Janus by bursts once a second (with Opus at twelve phones, after decoding), with \
     the floor not at all. \"peer takes\" is how many times this CPU Janus takes for the same codec, at its cheapest size among those held.",
    "Figures are medians over the runs; least and most in brackets; shares of packets are over all runs, the latest packet is the worst of \
     all. \"callers late\" is how many packets the callers themselves sent more than 5 ms late, in the worst run: where it is not small, \
     lateness is theirs. † marks figures \
     of rows whose callers could not keep up (more than 5 % late, or 90 % of their core used), or where others took more than 10 % of the \
     machine: what is missing or late there is not the \
     server's alone, and the charts leave it out.",
    "\"others took\" is CPU of processes that take no part, and what a host took from this machine, in the worst run, of all cores: where \
     it is not small, measure again.",
];

/// What is written for machines.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    results: &'a Results,
    goals: Vec<Goal>,
}

/// Writes `index.html` and `results.json` into `folder`; where the page is.
///
/// # Errors
/// What cannot be written, and why.
pub(crate) fn write(results: &Results, folder: &Path) -> Result<PathBuf, String> {
    let document = Document {
        results,
        goals: goals(results),
    };
    let json = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?;
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    };
    put("results.json", &(json + "\n"))?;
    put("index.html", &page::page(results))
}
