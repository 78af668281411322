//! Requests that others' generator makes of the OpenAPI document, good and bad, in the name of each role.

use std::process::Command;

use crate::support::program::{build_folder, partyline, printed, root, tool};
use crate::support::until::share;

/// Who asks.
const ROLES: [&str; 3] = ["regular", "operator", "administrator"];

#[test]
fn every_role_is_answered_as_the_document_says_and_is_let_do_what_it_may() {
    ["bash", "python3"].iter().for_each(|name| drop(tool(name)));
    let _turn = share();
    let told = printed(
        Command::new(root().join("tests/schemathesis/run"))
            .arg("--short")
            .env("PARTYLINE_BIN", partyline())
            .env("CARGO_TARGET_DIR", build_folder()),
    );
    for role in ROLES {
        let done = format!("as {role}: all ");
        assert!(told.contains(&done), "nothing was done as {role}: {told}");
    }
}
