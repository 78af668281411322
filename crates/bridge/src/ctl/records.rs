//! What is over, as tables: calls and meetings that have ended, and who changed what.

use serde_json::Value;

use super::lists::{List, lasted, plain, role, time, yes};
use super::table::{number, text};

pub(super) const CDRS: List = List {
    path: "/cdrs",
    none: "no call has ended yet",
    columns: &[
        text("ENDED", |record| time(&record["ended"])),
        number("CALL", |record| plain(record, "id")),
        text("CALLER", |record| plain(record, "caller")),
        text("DIALLED", |record| plain(record, "callee")),
        number("MEETING", |record| plain(record, "meetingNumber")),
        text("ROLE", role),
        text("CODEC", |record| plain(record, "codec")),
        number("FOR", |record| lasted(&record["duration"])),
        number("SIP", |record| plain(record, "sipStatus")),
        text("CAUSE", |record| plain(record, "cause")),
    ],
};

pub(super) const MDRS: List = List {
    path: "/mdrs",
    none: "no meeting has ended yet",
    columns: &[
        text("ENDED", |record| time(&record["ended"])),
        number("ID", |record| plain(record, "id")),
        number("MEETING", |record| plain(record, "meetingNumber")),
        number("CALLS", |record| plain(record, "calls")),
        number("PEAK", |record| plain(record, "peak")),
        number("FOR", |record| lasted(&record["duration"])),
        text("ON THE FLY", |record| yes(&record["onTheFly"])),
        text("CAUSE", |record| plain(record, "cause")),
        text("OWNER", |record| plain(record, "subscriberSid")),
    ],
};

pub(super) const AUDIT: List = List {
    path: "/audit",
    none: "nothing was changed yet",
    columns: &[
        text("WHEN", |change| time(&change["created"])),
        text("WHO", who),
        text("ACTION", |change| plain(change, "action")),
        text("OBJECT", |change| plain(change, "object")),
    ],
};

/// What no subscriber did the bridge did by itself.
fn who(change: &Value) -> String {
    match change["subscriberSid"].is_null() {
        true => "the bridge".to_owned(),
        false => plain(change, "subscriberSid"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_that_have_ended_are_told_in_words() {
        let said = json!({"total": 2, "items": [
            {
                "callee": "15162065318", "caller": "+15162065319", "cause": "hung_up", "codec": "PCMU", "duration": 3725,
                "ended": 1_544_643_810_000_u64, "id": 7, "meetingId": 31, "meetingNumber": 106_131, "role": 1, "sipStatus": 200,
            },
            {
                "callee": "15162065318", "caller": "+15162065319", "cause": "unknown_number", "codec": "", "duration": 0,
                "ended": 1_544_643_810_000_u64, "id": 8, "role": 0, "sipStatus": 404,
            },
        ]});
        let expected = "\
ENDED                     CALL  CALLER        DIALLED      MEETING  ROLE  CODEC      FOR  SIP  CAUSE
2018-12-12T19:43:30.000Z     7  +15162065319  15162065318   106131  host  PCMU   1:02:05  200  hung_up
2018-12-12T19:43:30.000Z     8  +15162065319  15162065318                        0:00:00  404  unknown_number";
        assert_eq!(CDRS.text(&said, 160), expected);
    }

    #[test]
    fn meetings_that_have_ended_are_told_in_words() {
        let said = json!({"total": 3, "items": [
            {
                "calls": 12, "cause": "empty", "duration": 3725, "ended": 1_544_643_810_000_u64, "id": 31, "meetingNumber": 106_131,
                "onTheFly": false, "peak": 7, "subscriberSid": "a-b",
            },
            {
                "calls": 2, "cause": "host_left", "duration": 61, "ended": 1_544_643_810_000_u64, "id": 32, "meetingNumber": 4711,
                "onTheFly": true, "peak": 2, "subscriberSid": "a-b",
            },
        ]});
        let expected = "\
ENDED                     ID  MEETING  CALLS  PEAK      FOR  ON THE FLY  CAUSE      OWNER
2018-12-12T19:43:30.000Z  31   106131     12     7  1:02:05              empty      a-b
2018-12-12T19:43:30.000Z  32     4711      2     2  0:01:01  yes         host_left  a-b
2 of 3; --limit, --offset and --filter show others";
        assert_eq!(MDRS.text(&said, 160), expected);
        let none = json!({"items": [], "total": 0});
        assert_eq!(MDRS.text(&none, 160), "no meeting has ended yet");
    }

    #[test]
    fn who_changed_what_is_told_also_of_the_bridge_itself() {
        let said = json!({"total": 2, "items": [
            {
                "action": "redeliver", "created": 1_544_643_810_000_u64, "id": 5, "object": "event 9 of webhook whk_1",
                "subscriberSid": "a-b",
            },
            {"action": "disable", "created": 1_544_643_810_000_u64, "id": 4, "object": "webhook whk_1"},
        ]});
        let expected = "\
WHEN                      WHO         ACTION     OBJECT
2018-12-12T19:43:30.000Z  a-b         redeliver  event 9 of webhook whk_1
2018-12-12T19:43:30.000Z  the bridge  disable    webhook whk_1";
        assert_eq!(AUDIT.text(&said, 160), expected);
    }
}
