//! The reference page, opened with its scripts.

use std::process::Command;

use crate::support::bridge::Bridge;
use crate::support::program::{build_folder, printed, root, tool};
use crate::support::until::share;

#[test]
fn the_reference_page_shows_every_operation_and_loads_nothing_from_elsewhere() {
    ["bash", "node", "npm"].iter().for_each(|name| drop(tool(name)));
    let _turn = share();
    let bridge = Bridge::start();
    let told = printed(
        Command::new(root().join("tests/reference/run"))
            .arg(build_folder().join("reference"))
            .env("API", &bridge.rest().url)
            .env("CA", bridge.file("data/cert.pem")),
    );
    assert!(told.contains("the page shows all "), "{told}");
}
