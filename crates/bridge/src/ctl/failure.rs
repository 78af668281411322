//! Why something was not done, and what to do about it.

use std::fmt;

use serde_json::Value;

use super::access::{BASE, URL};

/// The API refused.
const REFUSED: u8 = 1;
/// Nothing could be asked.
const UNUSABLE: u8 = 2;

/// Why a command was not done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    status: u8,
    text: String,
    /// Whether it is likely to pass by itself.
    passes: bool,
}

impl Failure {
    /// Wrong options, or nobody who can be understood.
    pub(super) fn unusable(text: String) -> Self {
        Self {
            status: UNUSABLE,
            text,
            passes: false,
        }
    }

    /// What the API at `url` said to `request`, and after how many seconds it may be asked again.
    pub(super) fn refused(
        url: &str,
        request: &str,
        status: u16,
        said: &Value,
        retry_after: Option<&str>,
    ) -> Self {
        // The API says why; something else that answers there knows nothing of what was asked for.
        if status == 404 && !said["code"].is_u64() {
            return Self::elsewhere(url, request);
        }
        let message = said["message"].as_str().unwrap_or("no explanation");
        let mut text = format!("{request}: {status} {message}");
        for error in said["errors"].as_array().into_iter().flatten() {
            let word = |name: &str| error[name].as_str().unwrap_or_default();
            text.push_str(&format!("\n  {}: {}", word("field"), word("message")));
        }
        if let Some(advice) = advice(status, said, retry_after) {
            text.push_str(&format!("\n  {advice}"));
        }
        // A bridge answers so at every address.
        if status == 404 && !url.ends_with(BASE) {
            text.push_str(&format!(
                "\n  or the API does not begin at {url}, but at {BASE}: --url says where"
            ));
        }
        Self {
            status: REFUSED,
            text,
            passes: matches!(status, 429 | 502..=504),
        }
    }

    /// Who answered `request` is not the API.
    fn elsewhere(url: &str, request: &str) -> Self {
        Self::unusable(format!(
            "{request}: 404, but not from the API of a bridge\n  it does not begin at {url}: --url says where, such as {URL} or {URL}{BASE}"
        ))
    }

    /// No answer came to `request`.
    pub(super) fn unanswered(url: &str, request: &str, error: &ureq::Error) -> Self {
        let text = error.to_string();
        let advice = if text.contains("certificate") || text.contains("UnknownIssuer") {
            "trust its certificate with --ca FILE, or name the folder of the bridge with --data"
        } else {
            "is the bridge running, and there? --url says where"
        };
        Self {
            passes: true,
            ..Self::unusable(format!("{request}: no answer from {url}: {text}\n  {advice}"))
        }
    }

    /// What came in answer to `request` is no JSON.
    pub(super) fn unreadable(url: &str, request: &str) -> Self {
        let advice = "is it the API of a bridge? --url says where";
        Self::unusable(format!("{request}: no JSON came from {url}\n  {advice}"))
    }

    /// Exit status.
    pub(super) const fn status(&self) -> u8 {
        self.status
    }

    /// Whether asking again is of use: nobody answered, the API has too much to do, or a proxy before it finds no bridge.
    pub(super) const fn passes(&self) -> bool {
        self.passes
    }
}

fn advice(status: u16, said: &Value, retry_after: Option<&str>) -> Option<String> {
    let advice = match status {
        401 => {
            "check login and password: --user and --password-file, PARTYLINE_LOGIN, or credentials.toml of --data"
        }
        403 => "this login may look and steer, not configure: use an administrator's",
        404 => {
            "it is not there, or belongs to another account: partyline ctl calls, meetings, rooms and webhooks list what is"
        }
        409 if names(said, "disabled") => {
            "it takes none while it is off: PUT /webhooks/{id} with {\"disabled\": false} first"
        }
        409 => "choose another, or leave it out and the bridge makes one",
        503 if names(said, "filter") => {
            "narrow it by --filter, or leave out --order: the same would take as long again"
        }
        429 | 503 => return Some(format!("try again in {} s", retry_after.unwrap_or("a few"))),
        500 => "a fault of the bridge: its log says more",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// Whether a refusal is about this field.
fn names(said: &Value, field: &str) -> bool {
    let mut errors = said["errors"].as_array().into_iter().flatten();
    errors.any(|error| error["field"] == field)
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_says_what_the_api_said_and_what_to_do() {
        let at = format!("{URL}{BASE}");
        let said = json!({"code": 409, "message": "Conflict", "errors": [{"field": "meetingNumber", "message": "this number is already taken"}]});
        let failure = Failure::refused(&at, "POST /meetingRooms", 409, &said, None);
        let text = "POST /meetingRooms: 409 Conflict\n  meetingNumber: this number is already taken\n  choose another, or leave it out and the bridge makes one";
        assert_eq!((failure.to_string().as_str(), failure.status()), (text, 1));
        let off = json!({"code": 409, "message": "Conflict", "errors": [{"field": "disabled", "message": "the webhook is disabled"}]});
        let off = Failure::refused(&at, "POST /webhooks/whk_1/…/redeliver", 409, &off, None);
        let off = off.to_string();
        assert!(
            off.contains("disabled: the webhook is disabled\n  it takes none while it is off"),
            "{off}"
        );
        let limited = Failure::refused(
            &at,
            "GET /calls",
            429,
            &json!({"message": "Too many requests"}),
            Some("6"),
        );
        assert!(limited.to_string().ends_with("try again in 6 s"), "{limited}");
        let long = json!({"code": 503, "message": "Service unavailable", "errors": [{"field": "filter", "message": "the list took too long"}]});
        let long = Failure::refused(&at, "GET /cdrs", 503, &long, Some("60"));
        let long = long.to_string();
        assert!(
            long.contains("filter: the list took too long\n  narrow it by --filter"),
            "{long}"
        );
        assert!(!long.contains("60 s"), "{long}");
        let silent = Failure::refused(&at, "GET /calls", 502, &Value::Null, None);
        assert_eq!(silent.to_string(), "GET /calls: 502 no explanation");
        let passing = [&failure, &limited, &silent].map(Failure::passes);
        assert_eq!(passing, [false, true, true]);
    }

    #[test]
    fn what_is_not_there_is_told_from_an_address_that_is_not_the_api_s() {
        let said = json!({"code": 404, "message": "Not found", "errors": []});
        let not_there = |url: &str, said: &Value| {
            let failure = Failure::refused(url, "GET /calls/1", 404, said, None);
            (failure.to_string(), failure.status())
        };
        let (text, status) = not_there("https://a.example/conference/v1", &said);
        assert!(text.starts_with("GET /calls/1: 404 Not found\n"), "{text}");
        assert!(!text.contains("--url") && status == 1, "{text}");
        let (text, status) = not_there("https://a.example/bridge", &said);
        assert!(
            text.contains("\n  or the API does not begin at https://a.example/bridge"),
            "{text}"
        );
        assert_eq!(status, 1);
        for other in [Value::Null, json!({"message": "Not found"}), json!("no")] {
            let (text, status) = not_there("https://a.example/conference/v1", &other);
            assert!(text.contains("404, but not from the API of a bridge"), "{text}");
            assert!(text.contains("--url says where") && status == 2, "{text}");
        }
    }
}
