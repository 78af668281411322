//! The table of attributes: what each is, where it may be set, and the languages.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Site;
use crate::support::until::share;

/// Every attribute: its `type`, the levels where it is set (room, DID group, DID), its default (`-` for nothing), and another value.
const ATTRIBUTES: &str = "
call_announceparticipantcount 4 rg hpl hp
call_associate_dtmf 4 rg - hp
call_associate_dtmf_binding 3 g 93 AA
call_delay 2 gd 0 17
call_exit_dtmf 4 rg hpl hp
call_exit_dtmf_binding 3 g ## AB
call_instructions_dtmf 4 rg hpl hp
call_instructions_dtmf_binding 3 g *4 AC
call_jobcodeonenter 5 rg off on
call_maxduration 2 rg -1 17
call_mute_dtmf 4 rg hp l
call_mute_dtmf_binding 3 g *6 AD
call_operator_after 2 g 3 17
call_operator_dtmf 4 rg hpl hp
call_operator_dtmf_binding 3 g *0 BA
call_participantsnumber_dtmf 4 rg h hp
call_participantsnumber_dtmf_binding 3 g *2 BB
conference_appspecific 0 rg - blue
conference_callerdb 5 rg off on
conference_country 0 rg US GB
conference_distributed 5 rg off on
conference_entryexittones_dtmf 4 rg h hp
conference_entryexittones_dtmf_binding 3 g *8 BC
conference_entrytones 5 rg on off
conference_exittones 5 rg on off
conference_hold_dtmf 4 rg h hp
conference_hold_dtmf_binding 3 g *3 BD
conference_hold_policy 4 rg - hp
conference_jobcode_dtmf 4 rg - hp
conference_jobcode_dtmf_binding 3 g ** CA
conference_language 5 rg EN PT-BR
conference_lock_dtmf 4 rg h hp
conference_lock_dtmf_binding 3 g *7 CB
conference_maxcalls 2 rg 1000 17
conference_maxcallsperrole 0 rg -1:-1:-1 2:-1:100
conference_maxduration 2 rg -1 17
conference_mute_dtmf 4 rg h hp
conference_mute_dtmf_binding 3 g *5 CC
conference_mute_policy 4 rg l hp
conference_qa_dtmf 4 rg h hp
conference_qa_dtmf_binding 3 g *1 CD
conference_qa_policy 4 rg p hp
conference_realtime 5 rg on off
conference_recording 5 rg on auto
conference_rollcall 5 rg off on
conference_rollcall_onenter 5 rg off on
conference_rollcall_onexit 5 rg off on
conference_schedule 0 rg - weekdays
conference_schedule_extend 2 g 3600 17
conference_schedule_extend_dtmf 4 rg h hp
conference_schedule_extend_dtmf_binding 3 g 92 DA
conference_schedule_hold 2 rg 900 17
conference_schedule_remind 2 rg 300 17
conference_scheduled 5 rg off on
conference_start_how 5 rg first moderator
conference_start_wait 2 rg 360 17
conference_stop_how 5 rg last moderator
conference_stop_wait 2 rg 180 17
conference_video_policy 4 rg - hp
conference_whitelist 5 rg off on
dnis_welcomeprompt 7 gd - https://example.com/hello.wav
polling_dtmf 4 rg h hp
polling_dtmf_binding 3 g 91 DB
recording_addr 0 g - sip:tape@example.com
recording_dtmf 4 rg h hp
recording_dtmf_binding 3 g *9 DC
recording_metadata 5 g custom contact
recording_method 5 g local remote+pin
recording_stop_how 5 rg last moderator
recording_stop_wait 2 rg 180 17
";

/// What conference_language may be.
const LANGUAGES: &str = "EN AR DE EL ES ES-LATAM FR GB HE IT JA KO NL PT PT-BR RU TR UA UK ZH";

/// A row of the table.
struct Row {
    name: &'static str,
    kind: u64,
    /// Of `rgd`.
    levels: &'static str,
    default: &'static str,
    other: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = ATTRIBUTES.lines().filter(|line| !line.is_empty());
    let rows = lines.map(|line| {
        let words: Vec<_> = line.split(' ').collect();
        let [name, kind, levels, default, other] = words[..] else {
            panic!("{line:?} is no row")
        };
        Row {
            name,
            kind: kind.parse().expect("a number"),
            levels,
            default: if default == "-" { "" } else { default },
            other,
        }
    });
    rows.collect()
}

impl Row {
    /// The mask of levels: 1 call flow and DID group, 2 DID, 4 room.
    fn group(&self) -> u64 {
        let bits = [('g', 1_u64), ('d', 2), ('r', 4)];
        let set = bits.iter().filter(|(level, _)| self.levels.contains(*level));
        set.map(|(_, bit)| bit).sum()
    }

    /// It is told as the table has it, with this value.
    fn is_told(&self, attribute: &Value, value: &str, place: &str) {
        let told = [&attribute["name"], &attribute["value"]].map(Value::as_str);
        assert_eq!(told, [Some(self.name), Some(value)], "{place}");
        let told = [&attribute["type"], &attribute["group"]].map(Value::as_u64);
        assert_eq!(
            told,
            [Some(self.kind), Some(self.group())],
            "{place} {}",
            self.name
        );
        assert_ne!(
            attribute["description"].as_str(),
            Some(""),
            "{place} {}",
            self.name
        );
        let choices = attribute["enumValues"].as_str().expect("a text");
        let mut choices = choices.split(',').filter(|choice| !choice.is_empty());
        let is_choice = self.kind == 5;
        assert_eq!(
            choices.any(|choice| choice == self.other),
            is_choice,
            "{place} {}",
            self.name
        );
    }
}

fn by_name(attributes: &Value) -> BTreeMap<&str, &Value> {
    let attributes = attributes.as_array().expect("a list").iter();
    attributes
        .map(|attribute| (attribute["name"].as_str().expect("a name"), attribute))
        .collect()
}

#[test]
fn every_attribute_of_the_reference_is_a_template_of_both_call_flows() {
    let _turn = share();
    let site = Site::new();
    for path in ["/callFlows/1", "/callFlows/3"] {
        let flow = site.get(path);
        let templates = by_name(&flow["attributeTemplates"]);
        let rows = rows();
        for row in &rows {
            let template = templates.get(row.name);
            let template = template.unwrap_or_else(|| panic!("{path} has no {}", row.name));
            row.is_told(template, row.default, path);
        }
        assert_eq!((templates.len(), rows.len()), (70, 70), "{path}");
    }
}

/// A room of its own, which sets nothing.
fn new_room(site: &Site) -> String {
    let order = json!({"primaryDidGroupId": 219, "callFlowId": 3});
    let made = site.ask("POST", "/meetingRooms", &order);
    assert_eq!(made.status, 201, "{}", made.body);
    format!("/meetingRooms/{}", made.body["meetingNumber"])
}

/// Puts these values of attributes; the attributes that are answered.
fn put(site: &Site, path: &str, values: impl Iterator<Item = (&'static str, Value)>) -> Value {
    let attributes: Vec<_> = values
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let answer = site.ask("PUT", path, &json!({ "attributes": attributes }));
    assert_eq!(answer.status, 200, "PUT {path}: {}", answer.body);
    answer.body["attributes"].clone()
}

#[test]
fn every_attribute_is_set_where_the_reference_says_and_nowhere_else() {
    let _turn = share();
    let site = Site::new();
    let room = new_room(&site);
    for (level, path) in [('g', "/didGroups/219"), ('d', "/dids/220"), ('r', room.as_str())] {
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            rows().into_iter().partition(|row| row.levels.contains(level));
        let values = here.iter().map(|row| (row.name, json!(row.other)));
        let set = put(&site, path, values);
        assert_eq!(set, site.get(path)["attributes"], "{path}");
        let set = by_name(&set);
        assert_eq!(set.len(), here.len(), "{path}");
        for row in &here {
            row.is_told(set[row.name], row.other, path);
        }
        for row in elsewhere {
            let body = json!({"attributes": [{"name": row.name, "value": row.other}]});
            let refused = site.ask("PUT", path, &body);
            let told = (
                refused.status,
                &refused.body["message"],
                &refused.body["errors"][0]["field"],
            );
            assert_eq!(told, (400, &json!("Wrong value"), &json!(row.name)), "{path}");
        }
        let none = here.iter().map(|row| (row.name, Value::Null));
        assert_eq!(put(&site, path, none), json!([]), "{path}");
    }
}

#[test]
fn every_language_of_the_reference_is_taken_and_no_other() {
    let _turn = share();
    let site = Site::new();
    let room = new_room(&site);
    for code in LANGUAGES.split(' ') {
        let set = put(&site, &room, [("conference_language", json!(code))].into_iter());
        assert_eq!(set[0]["value"], code);
        let mut taken: Vec<_> = set[0]["enumValues"]
            .as_str()
            .expect("a text")
            .split(',')
            .collect();
        let mut known: Vec<_> = LANGUAGES.split(' ').collect();
        taken.sort_unstable();
        known.sort_unstable();
        assert_eq!(taken, known);
    }
    for code in ["XX", "en", ""] {
        let body = json!({"attributes": [{"name": "conference_language", "value": code}]});
        let refused = site.ask("PUT", &room, &body);
        let told = (refused.status, &refused.body["errors"][0]["field"]);
        assert_eq!(told, (400, &json!("conference_language")), "{code:?}");
    }
}
