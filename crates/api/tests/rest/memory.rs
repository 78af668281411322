//! How much memory is in use: what other tests take in the same process would be counted, too.

use std::process::Command;

/// Set in a process that runs one test alone.
const ALONE: &str = "PARTYLINE_TEST_ALONE";

/// Whether this process runs the test `name` and no other; where it does not, it has one do so, and holds that it passes.
pub fn is_alone(name: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut test = Command::new(std::env::current_exe().unwrap());
    let output = test.args(["--exact", name]).env(ALONE, "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    false
}

/// Memory in use, KiB.
pub fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
