//! Hundreds of phones that come and go.

use std::process::{Child, Command, Stdio};

use super::bridge::Bridge;
use super::program::partyline;

/// What a bridge must be told to let them in.
pub(crate) const LIMITS: &str = "[calls]\nmax_calls = 2000\nmax_calls_per_source = 2000\nnew_calls_per_second = 1000\nnew_calls_per_second_per_source = 1000\n";

/// Has 720 phones call one room, of which all but 20 hang up and call again, 210 a second, for so many seconds; then all leave.
pub(crate) fn come_and_go(bridge: &Bridge, seconds: u32) -> Child {
    let words = "--code 4711 --legs 720 --keep 20 --talkers 1 --ears 1 --rate 150 --churn 210 --key-after 100ms --settle 1s";
    Command::new(partyline())
        .args(["sim", &format!("sip:15162065319@{}", bridge.sip())])
        .args(words.split(' '))
        .args(["--duration", &format!("{seconds}s")])
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs")
}
