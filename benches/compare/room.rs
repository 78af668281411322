//! The demo room, made large enough by REST: its limit on calls is for people, not for a bench.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::child::last_line;

/// The login that owns the room, as the bridge prints it at its first start.
const LOGIN: &str = "demo";
/// The demo room, and what lets in more than anybody measures.
const ROOM: &str = "meetingRooms/106131";
const WIDE: &str = r#"{"attributes": [{"name": "conference_maxcalls", "value": "5000"}]}"#;

/// Lets thousands into the demo room of the bridge that has printed this; `data` is its folder, where its certificate is.
///
/// # Errors
/// The bridge did not print its login, there is no curl, or it was refused.
pub(crate) fn widen(printed: &str, api: SocketAddr, data: &Path) -> Result<(), String> {
    let password = password(printed).ok_or("the bridge printed no password of its demo login")?;
    let mut command = Command::new("curl");
    command.args([
        "--fail-with-body",
        "--silent",
        "--show-error",
        "--max-time",
        "20",
        "--request",
        "PUT",
    ]);
    command.arg("--cacert").arg(data.join("cert.pem"));
    command.args(["--user", &format!("{LOGIN}:{password}")]);
    command.args(["--header", "Content-Type: application/json", "--data", WIDE]);
    command.arg(format!("https://{api}/conference/v1/{ROOM}"));
    let output = command.output().map_err(|error| format!("curl: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            Err(format!(
                "the demo room could not be made larger: {}",
                last_line(&said)
            ))
        }
    }
}

fn password(printed: &str) -> Option<&str> {
    let line = printed
        .lines()
        .find_map(|line| line.trim().strip_prefix("login demo "))?;
    line.trim().strip_prefix("password ").map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_stands_behind_its_login() {
        let printed = "x\n       login admin  password a1\n       login demo  password b2\n";
        assert_eq!(password(printed), Some("b2"));
        assert_eq!(password("login admin  password a1"), None);
    }
}
