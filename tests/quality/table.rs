//! The scores of a run, kept beside the build: a table a format in `target/tmp/quality`, with a row a call.

use std::fs;
use std::path::Path;

/// One call.
pub(crate) struct Row {
    /// What it was compared with.
    pub(crate) beside: &'static str,
    /// Loss and jitter, and on which way.
    pub(crate) network: &'static str,
    /// Seed of the network.
    pub(crate) seed: u64,
    /// From 1 to 5.
    pub(crate) score: f64,
}

/// Writes the table of a format anew. The worst call is marked, of those that were compared with the same.
pub(crate) fn write(format: &str, rows: &[Row]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quality");
    fs::create_dir_all(&folder).expect("a folder beside the build");
    let file = format!("{}.md", format.replace(',', "").replace(' ', "-"));
    fs::write(folder.join(file), page(rows)).expect("room on the disk");
}

fn page(rows: &[Row]) -> String {
    let is_worst = |row: &Row| {
        let mut like = rows.iter().filter(|other| other.beside == row.beside);
        like.all(|other| row.score <= other.score)
    };
    let lines = rows.iter().map(|row| {
        let Row {
            beside,
            network,
            seed,
            score,
        } = row;
        let mark = if is_worst(row) { "worst" } else { "" };
        format!("| {beside} | {network} | {seed} | {score:.2} | {mark} |\n")
    });
    let head = "| beside | network | seed | score | |\n|---|---|---|---|---|\n";
    head.to_owned() + &lines.collect::<String>()
}

#[test]
fn every_call_has_a_row_and_the_worst_of_those_that_compare_is_marked() {
    let row = |beside, seed, score| Row {
        beside,
        network: "none",
        seed,
        score,
    };
    let page = page(&[row("a", 1, 4.0), row("a", 2, 3.987), row("b", 3, 4.5)]);
    let rows: Vec<_> = page.lines().skip(2).collect();
    assert_eq!(
        rows,
        [
            "| a | none | 1 | 4.00 |  |",
            "| a | none | 2 | 3.99 | worst |",
            "| b | none | 3 | 4.50 | worst |"
        ]
    );
}
