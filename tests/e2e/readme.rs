//! Example calls of the READMEs and of the manual of events run as they are written.

use std::fs;

use crate::support::program::root;
use crate::support::stage::Stage;
use crate::support::stream::Stream;
use crate::support::until::share;

const API: &str = "crates/api/README.md";
const EVENTS: &str = "crates/api/EVENTS.md";

/// The `sh` blocks of a section. What stands before all sections has the title of the page.
fn blocks(file: &str, title: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(file)).expect("there is such a file");
    let section = text.split("\n## ").find(|section| section.starts_with(title));
    let section = section.unwrap_or_else(|| panic!("{file} has no section {title:?}"));
    let parts = section.split("```sh\n").skip(1);
    let found: Vec<_> = parts
        .map(|part| part.split("```").next().unwrap_or_default().to_owned())
        .collect();
    assert!(!found.is_empty(), "examples are missing: {file}, {title}");
    found
}

/// Runs a block and gives what it tells. Streams (`curl -N`) have no end: each is cut after what it begins with.
fn run(stage: &Stage, block: &str) -> String {
    let is_stream = |line: &&str| line.starts_with("curl -N ");
    let (streams, lines): (Vec<_>, Vec<_>) = block.lines().partition(is_stream);
    for stream in streams {
        assert_eq!(
            Stream::of(stage.curl(stream)).next()["type"],
            "snapshot",
            "{stream}"
        );
    }
    let script = lines.join("\n");
    let script = script.replace("curl ", "curl --show-error --max-time 10 ");
    let output = stage.shell(&script).output().expect("bash runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{block}\ntold {told}\nand {complaint}");
    told
}

#[test]
fn the_example_calls_of_the_readmes_run_as_written() {
    let _turn = share();
    let mut stage = Stage::start();
    let of_calls = [
        blocks(API, "Filters"),
        blocks(EVENTS, "# Events"),
        blocks("README.md", "Example calls"),
    ];
    for block in of_calls.concat() {
        run(&stage, &block);
    }
    stage
        .rest()
        .wait_for("/cdrs", "the record of the call that was hung up", |record| {
            record["cause"] == "dropped_by_api"
        });
    // Nothing more happens that would be posted to the address of the last example, which belongs to nobody.
    stage.clear();
    for block in blocks(API, "Changing only what was seen") {
        let told = run(&stage, &block);
        assert!(
            told.contains("\"code\":412"),
            "the second change is refused: {told}"
        );
    }
    for block in blocks(EVENTS, "Webhooks") {
        let told = run(&stage, &block);
        assert!(told.contains("\"secret\":\"whsec_"), "{told}");
    }
}
