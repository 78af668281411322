//! The command line of `partyline sim`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::mark::Talk;
use crate::mix::{Codes, Mix, percent, time};
use crate::speaker::Idle;

const TEACHING: &str = "How it goes: the phones call one after the other, key their codes, and wait until all are in and --settle has passed. Then the
talkers talk and everybody is judged for --duration; then all hang up. A talker is known by a pair of tones of his own, so that every
phone can tell who is heard, how loud, with which gaps, how late, and whether it hears itself. That a phone got in shows only where one
hears another: where none is to, as with --legs 1, the run fails.

Exit status: 0 all within the limits, 1 something was not, 2 wrong options or nobody answers there.

Examples:
  partyline sim 15162065319 --code 111,222 --legs 20 --talkers 3
  partyline sim sip:15162065319@127.0.0.1:5070 --code 111,222 --legs 500 --rate 50 --codec PCMU=70,PCMA=30 --duration 1min --json -
  partyline sim 15162065319 --code 5000-5049 --meetings each-code --legs 1000 --talkers 16 --rate 50
  partyline sim 15162065319 --code 111,222 --legs 200 --codec opus --levels
  partyline sim 15162065319 --code 111,222 --loss 5 --jitter 60ms --talk spurts --max-gaps 5
  partyline sim 15162065319 --code 111,222 --codec opus16 --fec 10 --loss 5 --dtx --talk spurts --max-gaps 5
  partyline sim 15162065319 --code 111,222 --codec PCMU=50,opus=50 --dtx-back --talk spurts --max-gaps 5
  partyline sim 15162065319 --code 111,222 --legs 500 --ears 50 --talkers 3 --rate 50 --churn 5 --duration 30min";

/// What `partyline sim` takes.
#[derive(Args, Clone, Debug)]
#[command(after_help = TEACHING)]
pub struct Options {
    /// Whom to call: sip:NUMBER@HOST:PORT, or a number alone, called at --at. An IPv6 address as HOST stands in brackets
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// Where a number without a host is called
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5060")]
    pub at: String,
    /// Call a machine that is not this one. Its owner has agreed: this is load
    #[arg(long)]
    pub yes_i_may: bool,
    /// Phones that call
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub legs: u32,
    /// Codec of the phones, or several with the share of each: PCMU=70,opus=30. PCMU, PCMA, G722, opus (48 kHz), opus16 (16 kHz)
    #[arg(long, value_name = "CODECS", default_value = "PCMU")]
    pub codec: Mix,
    /// Tell the level of the audio in every packet (RFC 6464), where the bridge takes it
    #[arg(long)]
    pub levels: bool,
    /// Opus phones leave silence unsent, as softphones do (DTX). Whoever talks should pause (--talk spurts): a tone without end passes for
    /// noise
    #[arg(long)]
    pub dtx: bool,
    /// The bridge may leave silence unsent: Opus phones ask for it (usedtx, RFC 7587), those of G.711 and G.722 offer comfort noise
    /// (RFC 3389). What it leaves unsent is told and not missing, and words must be whole. There is silence with --talk spurts
    #[arg(long)]
    pub dtx_back: bool,
    /// Opus phones send each packet's audio once more in the next (in-band FEC), made for so much loss, percent. Below 9 an encoder may
    /// choose a way to code that has none
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub fec: f64,
    /// Calls begun a second
    #[arg(long, value_name = "CALLS", default_value_t = 10.0)]
    pub rate: f64,
    /// Access codes, keyed by the phones in turn as telephone-events: 111,222 or 5000-5199; # is added. Left out: nothing is keyed
    #[arg(long, value_name = "CODES")]
    pub code: Option<Codes>,
    /// From a call's answer to its first key
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub key_after: Duration,
    /// Which phones are together: all, or those with the same code, who must not hear the others
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Meetings::One)]
    pub meetings: Meetings,
    /// Phones that talk, the first to call; at most 16 can be told apart
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub talkers: u32,
    /// Phones whose audio is decoded and judged, the first to call; packets are counted for all. Left out: all. Decoding a thousand
    /// Opus phones takes more than a core
    #[arg(long, value_name = "N")]
    pub ears: Option<u32>,
    /// Calls a second that hang up while others are judged, and call again at once: a soak. Talkers, ears and --keep stay in
    #[arg(long, value_name = "CALLS", default_value_t = 0.0)]
    pub churn: f64,
    /// With --churn: phones that stay in, the first to call. Left out: talkers and ears alone
    #[arg(long, value_name = "N")]
    pub keep: Option<u32>,
    /// When talkers talk
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Talk::Always)]
    pub talk: Talk,
    /// What those send who do not talk
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Idle::Noise)]
    pub idle: Idle,
    /// From the last phone's last key until talk begins: greetings and entry tones end in it
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    pub settle: Duration,
    /// How long is judged
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub duration: Duration,
    /// Length of the packets that are sent: 10, 20, 30, 40 or 60 ms
    #[arg(long, value_name = "TIME", default_value = "20ms", value_parser = time)]
    pub ptime: Duration,
    /// RTP packets lost on purpose, percent of what is sent
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub loss: f64,
    /// Packets of the bridge lost on purpose before the phones see them, percent: the phones report it, and the bridge may send
    /// redundancy. Raise --max-missing with it
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub loss_back: f64,
    /// Packets are held back by a random time of up to this much (60ms is ±30 ms)
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = time)]
    pub jitter: Duration,
    /// What randomness begins with: the same seed loses the same packets
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// Write the report as JSON, too; to standard output (-) instead of the table
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Packets of the bridge that may be missing, percent of those due
    #[arg(long, value_name = "PERCENT", default_value = "0.1", value_parser = percent)]
    pub max_missing: f64,
    /// Packets of the bridge that may come more than 20 ms after their time, percent
    #[arg(long, value_name = "PERCENT", default_value = "0.1", value_parser = percent)]
    pub max_late: f64,
    /// Longest time from INVITE to 200
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = time)]
    pub max_setup: Duration,
    /// Talk that may be missing or disturbed, percent of its 20 ms blocks
    #[arg(long, value_name = "PERCENT", default_value = "0.1", value_parser = percent)]
    pub max_gaps: f64,
    /// Longest way through the bridge for 99 of 100 sounds. Left out: only reported
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub max_delay: Option<Duration>,
}

/// Which phones are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Meetings {
    /// Everybody is in one meeting
    One,
    /// Each code is a meeting of its own
    EachCode,
}
