//! Lists as tables: which columns each has.

use serde_json::{Value, json};

use super::client::{Client, escape};
use super::failure::Failure;
use super::options::Page;
use super::table::{self, Column, number, text};
use super::{Out, table::render};

/// Objects of a page, where a whole list is read.
const PAGE: u16 = 1000;

/// A collection and its table.
pub(super) struct List {
    /// Where it is; below an object with `{id}` in place of the id.
    pub(super) path: &'static str,
    /// What is said of an empty list.
    pub(super) none: &'static str,
    pub(super) columns: &'static [Column],
}

pub(super) const CALLS: List = List {
    path: "/calls",
    none: "nobody is on the line",
    columns: &[
        number("CALL", |call| plain(call, "id")),
        text("CALLER", |call| plain(call, "caller")),
        text("NAME", |call| plain(call, "customName")),
        text("DIALLED", |call| plain(call, "callee")),
        number("MEETING", |call| plain(call, "meetingNumber")),
        text("ROLE", role),
        text("STATE", call_state),
        text("MUTED", muted),
        text("HELD", held),
        text("PRESENTS", presents),
        text("CODEC", |call| plain(call, "codec")),
        number("FOR", |call| lasted(&call["duration"])),
    ],
};

pub(super) const MEETINGS: List = List {
    path: "/meetings",
    none: "no meeting goes on",
    columns: &[
        number("MEETING", |meeting| plain(meeting, "meetingNumber")),
        text("STATE", |meeting| {
            word(
                &meeting["state"],
                &["created", "waiting", "in progress", "stopping"],
            )
        }),
        number("CALLS", |meeting| plain(meeting, "participantCount")),
        text("MUTED", |meeting| mask(&meeting["muteMode"])),
        text("HELD", |meeting| mask(&meeting["holdMode"])),
        text("LOCKED", |meeting| yes(&meeting["isSecured"])),
        text("OWNER", |meeting| plain(meeting, "subscriberName")),
        number("FOR", |meeting| lasted(&meeting["duration"])),
    ],
};

pub(super) const ROOMS: List = List {
    path: "/meetingRooms",
    none: "there is no room: partyline ctl room create",
    columns: &[
        number("MEETING", |room| plain(room, "meetingNumber")),
        text("DESCRIPTION", |room| plain(room, "description")),
        number("GROUP", |room| plain(room, "primaryDidGroupId")),
        text("CODES", keys),
        text("ATTRIBUTES", attributes),
        text("OWNER", |room| plain(room, "subscriberSid")),
    ],
};

pub(super) const DIDS: List = List {
    path: "/dids",
    none: "there is no number",
    columns: &[
        number("ID", |did| plain(did, "id")),
        text("NUMBER", |did| plain(did, "phoneNumber")),
        text("COUNTRY", |did| plain(did, "countryCode")),
        number("GROUP", |did| plain(did, "didGroupId")),
        text("DESCRIPTION", |did| plain(did, "description")),
        text("ATTRIBUTES", attributes),
    ],
};

pub(super) const GROUPS: List = List {
    path: "/didGroups",
    none: "there is no DID group",
    columns: &[
        number("ID", |group| plain(group, "id")),
        text("NAME", |group| plain(group, "name")),
        text("CALL FLOW", |group| match group["callFlowId"].as_u64() {
            Some(1) => "SPECTEL".to_owned(),
            Some(3) => "CONF".to_owned(),
            Some(_) | None => plain(group, "callFlowId"),
        }),
        text("NUMBERS", |group| {
            joined(&group["dids"], |did| plain(did, "phoneNumber"))
        }),
        text("ATTRIBUTES", attributes),
        text("DESCRIPTION", |group| plain(group, "description")),
    ],
};

pub(super) const SUBSCRIBERS: List = List {
    path: "/subscribers",
    none: "there is no account",
    columns: &[
        text("LOGIN", |account| plain(account, "login")),
        text("ROLE", |account| {
            word(&account["role"], &["", "administrator", "operator", "regular"])
        }),
        text("NAME", |account| {
            format!("{} {}", plain(account, "firstName"), plain(account, "lastName"))
                .trim()
                .to_owned()
        }),
        text("ROOMS", |account| {
            joined(&account["meetingRooms"], |room| plain(room, "meetingNumber"))
        }),
        text("SID", |account| plain(account, "sid")),
    ],
};

/// What is worth a look of a call's audio; `--json` tells all.
const QUALITY: List = List {
    path: "/meetings/{id}/quality",
    none: "nobody is in it",
    columns: &[
        number("CALL", |audio| plain(audio, "id")),
        text("TALKS", |audio| yes(&audio["talking"])),
        text("CODEC", |audio| plain(audio, "codec")),
        number("MOS IN", |audio| plain(audio, "mosIn")),
        number("MOS OUT", |audio| plain(audio, "mosOut")),
        number("LOSS %", |audio| plain(audio, "lossPercent")),
        number("JITTER ms", |audio| plain(audio, "jitterMs")),
        number("DELAY ms", |audio| plain(audio, "depthMs")),
        number("ROUND TRIP ms", |audio| plain(audio, "roundTripMs")),
        number("LEVEL dBov", |audio| plain(audio, "speechDbov")),
        number("NOISE dBov", |audio| plain(audio, "noiseDbov")),
        text("SUSPECTED", suspected),
    ],
};

const ROSTER_COLUMNS: &[Column] = &[
    number("CALL", |call| plain(call, "id")),
    text("CALLER", |call| plain(call, "caller")),
    text("NAME", |call| plain(call, "customName")),
    text("ROLE", role),
    text("STATE", call_state),
    text("MUTED", muted),
    text("HELD", held),
    text("PRESENTS", presents),
    text("TALKS", |call| yes(&call["quality"]["talking"])),
    number("MOS IN", |call| plain(&call["quality"], "mosIn")),
    number("FOR", |call| lasted(&call["duration"])),
];

impl List {
    /// Shows the page that is asked for.
    pub(super) fn show(&self, client: &Client, page: &Page, out: Out) -> Result<(), Failure> {
        self.show_at(client, self.path, page, out)
    }

    /// The same of a list below an object, which has this id, escaped.
    pub(super) fn show_of(&self, client: &Client, whose: &str, page: &Page, out: Out) -> Result<(), Failure> {
        self.show_at(client, &self.path.replace("{id}", whose), page, out)
    }

    fn show_at(&self, client: &Client, path: &str, page: &Page, out: Out) -> Result<(), Failure> {
        let said = client.get(&format!("{path}{}", query(page)))?;
        out.tell(&said, || self.text(&said, table::width()))
    }

    /// The table of a page, and how much of the list it is.
    pub(super) fn text(&self, said: &Value, width: u16) -> String {
        let table = render(self.columns, items(said), self.none, width);
        format!("{table}{}", remainder(said))
    }
}

/// How good the audio of a meeting is, unless told those without a score first and then the worst.
pub(super) fn quality(client: &Client, meeting: u32, page: &Page, out: Out) -> Result<(), Failure> {
    let mut page = page.clone();
    page.order = page.order.or(Some("mosIn".to_owned()));
    QUALITY.show_of(client, &meeting.to_string(), &page, out)
}

/// A meeting, who is in it and who waits for it.
pub(super) fn roster(client: &Client, meeting: u32, out: Out) -> Result<(), Failure> {
    let head = client.get(&format!("/meetings/{meeting}"))?;
    let audio = everything(client, &format!("/meetings/{meeting}/quality"))?;
    let mut calls = everything(client, &format!("/meetings/{meeting}/calls"))?;
    for call in &mut calls {
        let own = audio.iter().find(|audio| audio["id"] == call["id"]);
        call["quality"] = own.cloned().unwrap_or_default();
    }
    let said = json!({"meeting": head, "calls": calls});
    out.tell(&said, || roster_text(&head, &calls, table::width()))
}

/// A whole list, page by page.
fn everything(client: &Client, path: &str) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    loop {
        let said = client.get(&format!("{path}?limit={PAGE}&offset={}", all.len()))?;
        let page = items(&said);
        all.extend_from_slice(page);
        if page.is_empty() || said["has_more"] != true {
            return Ok(all);
        }
    }
}

fn roster_text(meeting: &Value, calls: &[Value], width: u16) -> String {
    let head = render(MEETINGS.columns, std::slice::from_ref(meeting), "", width);
    format!(
        "{head}\n\n{}",
        render(ROSTER_COLUMNS, calls, "nobody is in it", width)
    )
}

fn query(page: &Page) -> String {
    let mut query = format!("?limit={}&offset={}", page.limit, page.offset);
    for (name, value) in [("order", &page.order), ("filter", &page.filter)] {
        if let Some(value) = value {
            query.push_str(&format!("&{name}={}", escape(value)));
        }
    }
    query
}

fn items(said: &Value) -> &[Value] {
    said["items"].as_array().map_or(&[], Vec::as_slice)
}

/// What is said beneath a page that is not the whole list.
fn remainder(said: &Value) -> String {
    let (count, total) = (items(said).len() as u64, said["total"].as_u64().unwrap_or(0));
    match count < total {
        true => format!("\n{count} of {total}; --limit, --offset and --filter show others"),
        false => String::new(),
    }
}

/// A field as it is, on one line; empty when it is not there.
pub(super) fn plain(object: &Value, field: &str) -> String {
    match &object[field] {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        Value::Array(_) | Value::Object(_) => harmless(&object[field].to_string()),
        Value::Bool(_) | Value::Number(_) => object[field].to_string(),
    }
}

/// A text without what would steer a terminal or begin a line: others wrote it, and may mean harm.
pub(super) fn harmless(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn word(value: &Value, words: &[&str]) -> String {
    let index = value.as_u64().and_then(|index| usize::try_from(index).ok());
    let word = index.and_then(|index| words.get(index));
    word.map_or_else(|| value.to_string(), |word| (*word).to_owned())
}

pub(super) fn role(object: &Value) -> String {
    word(&object["role"], &["", "host", "participant", "listener"])
}

/// Whoever is with the operator is so wherever it is.
fn call_state(call: &Value) -> String {
    match call["operatorMode"].as_u64() {
        Some(1) => "calls the operator".to_owned(),
        Some(2) => "with the operator".to_owned(),
        Some(_) | None => word(
            &call["state"],
            &["ringing", "in the menu", "in the meeting", "ending"],
        ),
    }
}

fn muted(call: &Value) -> String {
    word(&call["muteMode"], &["", "by itself", "by the host", "by both"])
}

fn held(call: &Value) -> String {
    if call["holdMode"] == 0 {
        String::new()
    } else {
        "held".to_owned()
    }
}

fn presents(call: &Value) -> String {
    set(
        &call["presenterMedia"],
        &[("audio", 1), ("video", 2), ("screen", 4)],
    )
}

pub(super) fn yes(value: &Value) -> String {
    if *value == true {
        "yes".to_owned()
    } else {
        String::new()
    }
}

/// Whose bits are set in a mask of two bits a role.
fn mask(value: &Value) -> String {
    set(value, &[("hosts", 3), ("participants", 12), ("listeners", 48)])
}

/// The words of which a bit is set.
fn set(value: &Value, words: &[(&str, u64)]) -> String {
    let mask = value.as_u64().unwrap_or(0);
    let set = words.iter().filter(|(_, bits)| mask & bits != 0);
    set.map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

fn suspected(audio: &Value) -> String {
    let music = audio["musicSuspected"] == true;
    let echo = !audio["echoDelayMs"].is_null();
    match (music, echo) {
        (true, true) => "music, echo".to_owned(),
        (true, false) => "music".to_owned(),
        (false, true) => "echo".to_owned(),
        (false, false) => String::new(),
    }
}

pub(super) fn keys(room: &Value) -> String {
    joined(&room["keychain"], |key| {
        format!("{} {}", role(key), plain(key, "accessCode"))
    })
}

fn attributes(object: &Value) -> String {
    joined(&object["attributes"], |attribute| {
        format!("{}={}", plain(attribute, "name"), plain(attribute, "value"))
    })
}

pub(super) fn joined(list: &Value, one: impl Fn(&Value) -> String) -> String {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Seconds as `h:mm:ss`.
pub(super) fn lasted(seconds: &Value) -> String {
    let seconds = seconds.as_u64().unwrap_or(0);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours}:{minutes:02}:{:02}", seconds % 60)
}

/// Epoch ms as a date, UTC.
pub(super) fn time(value: &Value) -> String {
    let Some(ms) = value.as_u64() else {
        return String::new();
    };
    let time = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_millis(ms));
    // Years that have five digits can't be written.
    let latest = std::time::Duration::from_secs(253_402_300_799);
    let time = time.filter(|_| ms / 1000 <= latest.as_secs());
    time.map_or_else(
        || ms.to_string(),
        |time| humantime::format_rfc3339_millis(time).to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: u64) -> Value {
        json!({
            "callee": "15162065318", "caller": "+15162065319", "codec": "PCMU", "customName": "Ann", "duration": 3725, "holdMode": 2,
            "id": id, "meetingNumber": 106_131, "muteMode": 2, "presenterMedia": 3, "role": 1, "state": 2,
            "quality": {"talking": true, "mosIn": 4.38},
        })
    }

    #[test]
    fn calls_are_told_in_words() {
        let said = json!({"items": [call(7), call(8)], "total": 12});
        let text = CALLS.text(&said, 160);
        let expected = "\
CALL  CALLER        NAME  DIALLED      MEETING  ROLE  STATE           MUTED        HELD  PRESENTS      CODEC      FOR
   7  +15162065319  Ann   15162065318   106131  host  in the meeting  by the host  held  audio, video  PCMU   1:02:05
   8  +15162065319  Ann   15162065318   106131  host  in the meeting  by the host  held  audio, video  PCMU   1:02:05
2 of 12; --limit, --offset and --filter show others";
        assert_eq!(text, expected);
        assert_eq!(
            CALLS.text(&json!({"items": [], "total": 0}), 160),
            "nobody is on the line"
        );
    }

    #[test]
    fn a_roster_has_its_meeting_above_it() {
        let meeting = json!({
            "duration": 61, "holdMode": 0, "isSecured": true, "meetingNumber": 106_131, "muteMode": 40, "participantCount": 1,
            "state": 2, "subscriberName": "John Smith",
        });
        let text = roster_text(&meeting, &[call(7)], 160);
        let expected = "\
MEETING  STATE        CALLS  MUTED                    HELD  LOCKED  OWNER           FOR
 106131  in progress      1  participants, listeners        yes     John Smith  0:01:01

CALL  CALLER        NAME  ROLE  STATE           MUTED        HELD  PRESENTS      TALKS  MOS IN      FOR
   7  +15162065319  Ann   host  in the meeting  by the host  held  audio, video  yes      4.38  1:02:05";
        assert_eq!(text, expected);
    }

    #[test]
    fn whoever_is_with_the_operator_is_shown_to_be() {
        let words = [1, 2].map(|mode| call_state(&json!({"operatorMode": mode, "state": 2})));
        assert_eq!(words, ["calls the operator", "with the operator"]);
        assert_eq!(call_state(&json!({"state": 1})), "in the menu");
    }

    #[test]
    fn each_kind_of_media_that_a_call_presents_has_its_word() {
        let words = [0, 1, 6, 7].map(|media| presents(&json!({"presenterMedia": media})));
        assert_eq!(words, ["", "audio", "video, screen", "audio, video, screen"]);
        assert_eq!(presents(&json!({})), "");
    }

    #[test]
    fn what_is_not_known_leaves_its_cell_empty() {
        assert_eq!(plain(&json!({}), "mosIn"), "");
        let steers = json!({"customName": "A\u{1b}[31m\r\nB\u{9b}"});
        assert_eq!(plain(&steers, "customName"), "A [31m  B ");
        let within = json!({"names": ["A\u{9b}B"]});
        assert_eq!(plain(&within, "names"), "[\"A B\"]");
        assert_eq!(word(&json!(9), &["a"]), "9");
        assert_eq!(time(&json!(1_544_643_810_000_u64)), "2018-12-12T19:43:30.000Z");
        assert_eq!(time(&json!(u64::MAX)), u64::MAX.to_string());
        assert_eq!(time(&Value::Null), "");
    }

    #[test]
    fn a_page_becomes_a_query() {
        let page = Page {
            filter: Some("role eq 1".into()),
            order: Some("created desc".into()),
            limit: 5,
            offset: 10,
        };
        assert_eq!(
            query(&page),
            "?limit=5&offset=10&order=created%20desc&filter=role%20eq%201"
        );
    }
}
