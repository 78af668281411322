//! Example calls of the READMEs run as they are written.

use std::fs;
use std::process::Command;

use crate::support::bridge::Bridge;
use crate::support::phone::Phone;
use crate::support::program::{root, tool};
use crate::support::until::share;

/// The `sh` blocks of a section.
fn blocks(text: &str, title: &str) -> Vec<String> {
    let section = text.split("\n## ").find(|section| section.starts_with(title));
    let section = section.unwrap_or_else(|| panic!("no section {title:?}"));
    let parts = section.split("```sh\n").skip(1);
    parts
        .map(|part| part.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn the_example_calls_of_the_readmes_run_as_written() {
    let _turn = share();
    let examples = |file: &str, title: &str| {
        let text = fs::read_to_string(root().join(file)).expect("there is such a file");
        let found = blocks(&text, title);
        assert!(!found.is_empty(), "examples are missing: {file}, {title}");
        found
    };
    let filters = examples("crates/api/README.md", "Filters");
    let blocks = [filters, examples("README.md", "Example calls")].concat();
    let bridge = Bridge::start();
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("111#");
    let rest = bridge.rest();
    rest.wait_for("/calls", "the call is in the meeting", |call| call["state"] == 2);
    for block in blocks {
        let script = format!(
            "set -o pipefail\n{}",
            block.replace("curl ", "curl --show-error --max-time 10 ")
        );
        let output = Command::new(tool("bash"))
            .args(["-e", "-u", "-c", &script])
            .env("API", &rest.url)
            .env("LOGIN", rest.login_of("demo"))
            .current_dir(bridge.file(""))
            .output()
            .expect("bash runs");
        let told = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{block}\ntold {told}\nand {complaint}");
    }
    phone.wait_for_bye();
}
