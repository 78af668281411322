//! What is printed at the start: where to call, what to key, where the API is.

use std::fmt::Write;
use std::path::Path;

use model::directory::Directory;

use super::credentials::{self, Credential};
use super::first_start::Filled;
use super::tls;
use crate::config::Config;

/// Most numbers and rooms named; a bridge in service has thousands.
const NAMED: usize = 10;

/// The text, for standard output; `filled` is how the store was found.
pub(super) fn text(config: &Config, data: &Path, directory: &Directory, filled: &Filled) -> String {
    let mut text = format!(
        "Partyline {} takes calls at sip:{} (UDP and TCP).\n",
        env!("CARGO_PKG_VERSION"),
        config.sip.listen
    );
    if config.sip.allow.is_empty() {
        text.push_str(
            "  No network may call yet: set sip.allow in the configuration, or try serve --demo.\n",
        );
    }
    if let Some(remark) = &filled.remark {
        line(&mut text, format_args!("  {remark}"));
    }
    if directory.dids().next().is_none() {
        text.push_str("  No number is known yet, so every call gets 404: start with serve --provision FILE on an empty folder.\n");
    }
    numbers(&mut text, directory);
    rooms(&mut text, directory, !filled.made.is_empty());
    metrics(&mut text, config);
    api(&mut text, config, data, &filled.made);
    text
}

fn numbers(text: &mut String, directory: &Directory) {
    for did in directory.dids().take(NAMED) {
        if let Some(group) = directory.group(did.did_group_id) {
            line(
                text,
                format_args!(
                    "  Dial {} (call flow {})",
                    did.phone_number,
                    group.call_flow.name()
                ),
            );
        }
    }
}

/// Codes are named at the first start alone, and only those of the demo.
fn rooms(text: &mut String, directory: &Directory, is_first: bool) {
    for room in directory.rooms().take(NAMED) {
        let is_demo = is_first && room.description == "Demo room";
        let codes = room.keychain.iter().filter(|_| is_demo);
        let codes: Vec<_> = codes
            .map(|key| format!("{} {}", key.access_code, key.role.name()))
            .collect();
        let codes = if codes.is_empty() {
            "its codes are in the store".to_owned()
        } else {
            codes.join(", ")
        };
        line(text, format_args!("  Room {}: {codes}", room.meeting_number));
    }
}

/// Passwords are told when they are made and never after: what a service prints is kept by its log.
fn api(text: &mut String, config: &Config, data: &Path, made: &[Credential]) {
    line(
        text,
        format_args!("  API  https://{}/conference/v1", config.api.listen),
    );
    for credential in made {
        line(
            text,
            format_args!(
                "       login {}  password {}",
                credential.login, credential.password
            ),
        );
    }
    let noted = credentials::path(data);
    if made.is_empty() && noted.exists() {
        line(text, format_args!("       logins {}", noted.display()));
    }
    let certificate = tls::certificate_path(&config.api, data);
    line(text, format_args!("       certificate {}", certificate.display()));
}

fn metrics(text: &mut String, config: &Config) {
    if config.metrics.enabled {
        line(
            text,
            format_args!("  Metrics  http://{}/metrics", config.metrics.listen),
        );
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("writing to a String cannot fail");
}
