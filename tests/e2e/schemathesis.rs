//! Requests that others' generator makes of the OpenAPI document, good and bad, in the name of each role.

use std::process::Command;

use crate::support::program::{build_folder, partyline, root, tool};
use crate::support::until::share;

/// Who asks.
const ROLES: [&str; 3] = ["regular", "operator", "administrator"];

#[test]
fn every_role_is_answered_as_the_document_says_and_is_let_do_what_it_may() {
    ["bash", "python3"].iter().for_each(|name| drop(tool(name)));
    let _turn = share();
    let output = Command::new(root().join("tests/schemathesis/run"))
        .arg("--short")
        .env("PARTYLINE_BIN", partyline())
        .env("CARGO_TARGET_DIR", build_folder())
        .output()
        .expect("bash runs");
    let told = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "told {told}\nand {complaint}");
    for role in ROLES {
        let done = format!("as {role}: all ");
        assert!(told.contains(&done), "nothing was done as {role}: {told}");
    }
}
