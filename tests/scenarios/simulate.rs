//! Calls that are only played tell what real ones go through.

use bridge::control::voice::Sound;
use bridge::control::{DialOut, Listeners, Operator};
use model::{Command, Prompt};
use serde_json::{Value, json};
use world::{CONF, Level, PhoneId, ROOM, SPECTEL, Settings, Site, World};

fn play(site: &Site, did: &str, digits: &str) -> Value {
    let body = json!({"did": did, "caller": "+12025550123", "digits": digits}).to_string();
    let (status, played) = site.ask("POST", "/simulate", &body);
    assert_eq!(status, 200, "{played}");
    played
}

/// The prompts of a call that was played, in order.
fn prompts(played: &Value) -> Vec<String> {
    let steps = played["steps"].as_array().expect("steps");
    let said = steps.iter().filter_map(|step| step["prompts"].as_array());
    let names = said.flatten().filter_map(Value::as_str);
    names.filter(|name| is_prompt(name)).map(str::to_owned).collect()
}

fn is_prompt(name: &str) -> bool {
    Prompt::ALL.iter().any(|prompt| prompt.name() == name)
}

/// The prompts that were said to a real phone, in order.
fn heard(world: &World, phone: PhoneId) -> Vec<String> {
    let to = Listeners::Leg(world.leg(phone));
    let said = world.mixer.said.iter().filter(|(_, who, _)| *who == to);
    let clips = said
        .flat_map(|(_, _, sounds)| sounds)
        .filter_map(|sound| match sound {
            Sound::Clip(name) if is_prompt(name) => Some((*name).to_owned()),
            Sound::Clip(_) | Sound::Pause | Sound::EntryTone | Sound::ExitTone => None,
        });
    clips.collect()
}

#[test]
fn a_played_call_hears_what_a_real_one_hears_and_ends_as_it_does() {
    let strict: fn() -> World = || {
        World::room(&[
            ("conference_start_how", "moderator"),
            ("conference_mute_policy", "p"),
        ])
    };
    let full: fn() -> World = || World::room(&[("conference_maxcalls", "0")]);
    for (world, did, digits, outcome) in [
        (World::new as fn() -> World, CONF, "111#", "joined"),
        (World::new, CONF, "222", "joined"),
        (World::new, SPECTEL, "333", "joined"),
        (World::new, CONF, "987654#", "joined"),
        (World::new, CONF, "98#*222#", "joined"),
        (World::new, SPECTEL, "9#8#7#", "refused"),
        (World::new, SPECTEL, "", "refused"),
        (strict, CONF, "222#", "waiting"),
        (strict, CONF, "111#", "joined"),
        (full, CONF, "111#", "refused"),
    ] {
        let mut real = world();
        let phone = real.call(did);
        for code in digits.split_inclusive('#') {
            real.key(phone, code);
            real.pass(3_000);
        }
        // Until the menu is over: a caller who waits is reminded later, and a played one is not.
        real.pass(if outcome == "refused" { 120_000 } else { 20_000 });
        let site = Site::new(world());
        let played = play(&site, did, digits);
        assert_eq!(played["outcome"], outcome, "{did} {digits}: {played}");
        assert_eq!(prompts(&played), heard(&real, phone), "{did} {digits}");
        let cause = real.end_of(phone).map(|cause| cause.text());
        assert_eq!(played["because"]["cause"].as_str(), cause, "{did} {digits}");
    }
}

#[test]
fn it_tells_the_room_the_role_and_the_keys_that_were_needed() {
    let site = Site::new(World::new());
    let played = play(&site, "+1 (516) 206-5319", "222#*6");
    for (field, value) in [
        ("outcome", json!("joined")),
        ("meetingNumber", json!(106_131)),
        ("role", json!(2)),
        ("onTheFly", json!(false)),
        ("running", json!(false)),
        ("consumed", json!("222#")),
        ("left", json!("*6")),
        ("caller", json!("+12025550123")),
        ("callFlow", json!("CONF")),
        ("didId", json!(220)),
        ("answerDelay", json!(0)),
    ] {
        assert_eq!(played[field], value, "{field}");
    }
    let fly = play(&site, CONF, "987654#");
    assert_eq!(
        (&fly["onTheFly"], &fly["role"], &fly["meetingNumber"]),
        (&json!(true), &json!(1), &Value::Null)
    );
    let silent = play(&site, SPECTEL, "");
    assert_eq!((&silent["role"], &silent["consumed"]), (&json!(0), &json!("")));
}

#[test]
fn wrong_codes_lead_to_the_operator_where_there_is_one() {
    let operator = Operator::new("sip:desk@127.0.0.1:31000", &DialOut::default());
    let settings = Settings {
        attributes: vec![(Level::Group, "call_operator_after", "1")],
        operator: Some(operator.expect("an operator")),
        ..Settings::default()
    };
    let site = Site::new(World::with(settings));
    let played = play(&site, SPECTEL, "98#");
    assert_eq!(
        (&played["outcome"], &played["because"]["attribute"]),
        (&json!("refused"), &json!("call_operator_after"))
    );
    let steps = played["steps"].as_array().expect("steps");
    let last = &steps[steps.len() - 2..];
    assert_eq!(last[0]["prompts"], json!(["code_not_valid", "calling_operator"]));
    assert_eq!(last[1]["action"], "callOperator");
    assert_eq!(site.world().count_at_trunk("INVITE"), 0, "nobody is called");
}

#[test]
fn the_level_that_decided_is_told() {
    let settings = Settings {
        attributes: vec![
            (Level::Did, "call_delay", "7"),
            (Level::Group, "call_operator_after", "1"),
            (Level::Group, "conference_maxcallsperrole", "-1:0:-1"),
            (Level::Room, "conference_start_how", "moderator"),
        ],
        ..Settings::default()
    };
    let site = Site::new(World::with(settings));
    for (digits, outcome, because) in [
        (
            "98#",
            "refused",
            json!({"cause": "wrong_code", "attribute": "call_operator_after", "origin": "DID group", "value": "1"}),
        ),
        (
            "222#",
            "refused",
            json!({"cause": "role_full", "attribute": "conference_maxcallsperrole", "origin": "DID group", "value": "-1:0:-1"}),
        ),
        (
            "333#",
            "waiting",
            json!({"attribute": "conference_start_how", "origin": "meeting room", "value": "moderator"}),
        ),
        ("111#", "joined", Value::Null),
    ] {
        let played = play(&site, CONF, digits);
        assert_eq!(
            (&played["outcome"], &played["because"]),
            (&json!(outcome), &because),
            "{digits}"
        );
        assert_eq!(played["answerDelay"], 7);
    }
}

/// The attributes in force for what is at `path`.
fn in_force(site: &Site, path: &str) -> Value {
    let (status, object) = site.ask("GET", &format!("{path}?effective=true"), "");
    assert_eq!(status, 200, "{object}");
    object["attributes"].clone()
}

fn origin<'a>(attributes: &'a Value, name: &str) -> &'a Value {
    let mut all = attributes.as_array().expect("attributes").iter();
    let found = all.find(|attribute| attribute["name"] == name);
    &found.expect("all are there")["origin"]
}

#[test]
fn what_is_in_force_for_an_object_is_what_a_played_call_to_it_goes_by() {
    let settings = Settings {
        attributes: vec![
            (Level::Did, "call_delay", "1"),
            (Level::Group, "call_operator_after", "1"),
            (Level::Room, "conference_maxcalls", "9"),
        ],
        ..Settings::default()
    };
    let mut world = World::with(settings);
    let host = world.call(CONF);
    world.pass(2_000);
    world.key(host, "111#");
    world.pass(3_000);
    let menu = world.call(CONF);
    world.pass(100);
    let [host, menu] = [host, menu].map(|phone| format!("/calls/{}", world.leg(phone).0));
    let site = Site::new(world);
    let later = json!({"did": CONF, "digits": "111#", "time": 1_800_000_000_000_i64}).to_string();
    let (_, later) = site.ask("POST", "/simulate", &later);
    for (path, played) in [
        ("/dids/220", play(&site, CONF, "98#")),
        ("/dids/220", play(&site, CONF, "987654#")),
        (&*menu, play(&site, CONF, "98#")),
        ("/meetingRooms/106131", later),
        ("/meetings/106131", play(&site, CONF, "111#")),
        (&*host, play(&site, CONF, "222#")),
    ] {
        assert_eq!(in_force(&site, path), played["attributes"], "{path}");
    }
    let changed = "/meetings/106131/attributes/conference_entrytones";
    assert_eq!(site.ask("PUT", changed, r#"{"value": "off"}"#).0, 200);
    let attributes = in_force(&site, &host);
    assert_eq!(attributes, play(&site, CONF, "111#")["attributes"]);
    for (attributes, name, level) in [
        (&attributes, "conference_entrytones", "meeting"),
        (&attributes, "conference_maxcalls", "meeting room"),
        (&attributes, "call_operator_after", "DID group"),
        (&in_force(&site, &menu), "call_delay", "DID"),
        (&in_force(&site, &menu), "conference_maxcalls", "call flow"),
    ] {
        assert_eq!(origin(attributes, name), level, "{name}");
    }
}

#[test]
fn the_meeting_that_goes_on_is_joined_as_it_is_now_unless_another_time_is_asked_for() {
    let mut world = World::new();
    world.enter(CONF, "111#");
    world.enter(CONF, "222#");
    let site = Site::new(world);
    let counted = play(&site, CONF, "222#");
    assert_eq!(
        (&counted["running"], &counted["outcome"]),
        (&json!(true), &json!("joined"))
    );
    let steps = counted["steps"].to_string();
    assert!(
        steps.contains(r#"["there_are","3","people_in_meeting"]"#),
        "{steps}"
    );
    assert!(steps.contains("entryTone"), "{steps}");
    let path = "/meetings/106131";
    assert_eq!(site.ask("PUT", path, r#"{"isSecured": true}"#).0, 200);
    let changed = format!("{path}/attributes/conference_entrytones");
    assert_eq!(site.ask("PUT", &changed, r#"{"value": "off"}"#).0, 200);
    let locked = play(&site, CONF, "222#");
    assert_eq!(locked["because"], json!({"cause": "locked"}));
    let host = play(&site, CONF, "111#");
    assert_eq!(host["outcome"], "joined");
    assert!(!host["steps"].to_string().contains("entryTone"));
    let tones = host["attributes"].as_array().expect("attributes").iter();
    let tones = tones.filter(|attribute| attribute["name"] == "conference_entrytones");
    assert_eq!(
        tones.map(|attribute| &attribute["origin"]).collect::<Vec<_>>(),
        ["meeting"]
    );
    let body = json!({"did": CONF, "digits": "222#", "time": 1_800_000_000_000_i64}).to_string();
    let (_, then) = site.ask("POST", "/simulate", &body);
    assert_eq!(
        (&then["outcome"], &then["running"], &then["created"]),
        (&json!("joined"), &json!(false), &json!(1_800_000_000_000_i64))
    );
    assert_eq!(then["steps"][0]["at"], 1_800_000_000_000_i64);
}

#[test]
fn a_meeting_on_the_fly_is_found_by_its_code() {
    let mut world = World::new();
    world.enter(CONF, "987654#");
    let site = Site::new(world);
    let second = play(&site, CONF, "987654#");
    assert_eq!(
        (&second["onTheFly"], &second["running"], &second["role"]),
        (&json!(false), &json!(true), &json!(2))
    );
    assert_eq!(play(&site, CONF, "987655#")["onTheFly"], true);
}

#[test]
fn nothing_live_is_touched() {
    let mut world = World::new();
    let host = world.enter(CONF, "111#");
    let leg = world.leg(host);
    let site = Site::new(world);
    let state = || {
        let world = site.world();
        (world.live.version, world.records.len(), world.mixer.said.len())
    };
    let before = state();
    for digits in ["111#", "222#", "98#97#96#", "987654#"] {
        play(&site, CONF, digits);
    }
    assert_eq!(state(), before);
    assert_eq!(site.world().live.meetings[&ROOM].legs, [leg]);
    let lock = api::LiveCommand::Meeting(Command::SetLock(true));
    let mut world = site.world();
    let target = world.target(ROOM);
    assert_eq!(world.request(target, lock), Ok(()));
}
