//! Clients that others' generators make of the OpenAPI document steer a running bridge.

use std::fs;
use std::process::Command;

use crate::support::bridge::Bridge;
use crate::support::phone::Phone;
use crate::support::program::{build_folder, printed, root, tool};
use crate::support::until::share;

/// Lets the client of a language generate itself and steer a bridge with a call in a meeting.
fn steer(language: &str, tools: &[&str]) {
    tools.iter().for_each(|name| drop(tool(name)));
    let _turn = share();
    let bridge = Bridge::start();
    let mut phone = Phone::call(bridge.sip(), "15162065319");
    phone.enter("111#");
    let rest = bridge.rest();
    rest.wait_for("/calls", "the call is in the meeting", |call| call["state"] == 2);
    let document = bridge.file("openapi.json");
    fs::copy(root().join("crates/api/openapi.json"), &document).expect("the document is there");
    let told = printed(
        Command::new(root().join("tests/clients").join(language).join("run"))
            .arg(build_folder().join("clients").join(language))
            .env("DOCUMENT", document)
            .env("API", &rest.url)
            .env("LOGIN", rest.login_of("demo"))
            .env("CA", bridge.file("data/cert.pem")),
    );
    assert!(told.contains("steered by the"), "{told}");
}

#[test]
fn a_generated_python_client_steers_a_call() {
    steer("python", &["bash", "python3"]);
}

#[test]
fn a_generated_typescript_client_steers_a_call() {
    steer("typescript", &["bash", "node", "npm"]);
}
