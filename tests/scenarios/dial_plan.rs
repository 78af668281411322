//! What the bridge does not dial: limits, numbers that thieves would try, and what REST is told.

use api::{CommandError, DialOrder, LiveCommand, Target};
use bridge::control::DialOut;
use model::{Cause, Sid};
use serde_json::json;
use store::DialledCalls;
use world::{CALLEE, CONF, EPOCH_MS, Settings, Site, World};

use crate::dialling::{record, with};

#[test]
fn limits_at_once_for_a_tenant_and_a_day_turn_further_calls_away_and_are_counted() {
    let of = |max_calls, per_tenant, per_day| DialOut {
        max_calls,
        max_calls_per_tenant: per_tenant,
        calls_per_day_per_tenant: per_day,
        ..World::dial_plan()
    };
    for (plan, setting, full) in [
        (of(2, 9, 9), "dial_out.max_calls", true),
        (of(9, 2, 9), "dial_out.max_calls_per_tenant", true),
        (of(9, 9, 2), "dial_out.calls_per_day_per_tenant", false),
    ] {
        let mut world = with(plan);
        let legs = [0; 2].map(|_| world.dial(World::order("222")).unwrap());
        let refusal = world.dial(World::order("222")).unwrap_err();
        let (field, message) = match (&refusal, full) {
            (CommandError::Full { field, message }, true) => (*field, message.clone()),
            (CommandError::Forbidden { field, message }, false) => (*field, message.clone()),
            other => panic!("{other:?}"),
        };
        assert!(field == "callee" && message.contains(setting), "{message}");
        assert_eq!(world.count_at_trunk("INVITE"), 2);
        let counted: Vec<_> = world
            .control
            .counts()
            .refused_to_dial()
            .filter(|(_, n)| *n > 0)
            .collect();
        assert_eq!(counted, [(setting.trim_start_matches("dial_out."), 1)]);
        for leg in legs {
            world
                .request(Target::Leg(leg), LiveCommand::HangUp { leg })
                .unwrap();
        }
        world.pass(70_000);
        assert_eq!(world.dial(World::order("222")).is_ok(), full, "{setting}");
        world.pass(24 * 3_600_000);
        assert!(world.dial(World::order("222")).is_ok(), "{setting}");
    }
}

#[test]
fn what_was_dialled_today_before_a_restart_counts_for_the_owner_of_the_number_that_it_showed() {
    let mut world = with(DialOut {
        calls_per_day_per_tenant: 3,
        ..World::dial_plan()
    });
    let day = world.control.dialling_day().expect("it dials");
    assert!(day.contains(&EPOCH_MS) && day.start % 86_400_000 == 0, "{day:?}");
    assert_eq!(day.end - day.start, 86_400_000);
    let calls = |caller: &str, owner: Option<&str>, count| DialledCalls {
        caller: caller.to_owned(),
        subscriber_sid: owner.map(Sid::new),
        count,
    };
    world.control.dialled_before(vec![
        // Its record may be of another's room.
        calls("+15162065319", Some("other"), 1),
        calls("+15162065319", None, 1),
        // These numbers are nobody's by now.
        calls("+442071838750", Some("other"), 9),
        calls("+442071838751", None, 9),
    ]);
    world.dial(World::order("222")).unwrap();
    let refusal = world.dial(World::order("222")).unwrap_err();
    assert!(matches!(refusal, CommandError::Forbidden { .. }), "{refusal:?}");
    world.pass(24 * 3_600_000);
    assert!(world.dial(World::order("222")).is_ok());
    assert_eq!(
        World::new().control.dialling_day(),
        None,
        "nothing is dialled there"
    );
}

#[test]
fn a_bridge_that_is_full_or_stopping_dials_nobody() {
    let mut world = World::with(Settings {
        dial_out: World::dial_plan(),
        max_calls: 1,
        ..Settings::default()
    });
    world.enter(CONF, "111#");
    assert!(matches!(
        world.dial(World::order("222")),
        Err(CommandError::Full { .. })
    ));

    let mut world = crate::dialling::world();
    let (leg, invite) = world.ringing(World::order("222"));
    world.input(bridge::control::Input::Shutdown);
    assert_eq!(world.count_at_trunk("CANCEL"), 1);
    world.trunk_replies(&invite, 487, "a", "");
    assert_eq!(record(&world, leg), (Cause::Shutdown, 487));
    assert!(matches!(
        world.dial(World::order("222")),
        Err(CommandError::Full { .. })
    ));
}

/// Everything a thief of calls would try; the last ones are honest.
#[rustfmt::skip]
const NUMBERS: &[(&str, bool)] = &[
    ("+19005551234", false), ("19005551234", false), ("01119005551234", false), ("0019005551234", false), ("+1-900-555-1234", false),
    ("+19765551234", false), ("+15169765551", false), ("+18095551234", false), ("+12845551234", false), ("+14735551234", false),
    ("+16495551234", false), ("+16645551234", false), ("+17675551234", false), ("+18685551234", false), ("+18765551234", false),
    ("+881612345678", false), ("+88213123456", false), ("+8835100123456", false), ("+979123456789", false), ("+870773123456", false),
    ("00881612345678", false), ("011881612345678", false), ("+449098790000", false), ("+447012345678", false), ("+53712345678", false),
    ("+2521234567", false), ("+37112345678", false), ("+15162065319;isub=1234", false), ("+15162065319;phone-context=+1900", false),
    ("tel:+15162065319", false), ("1-800-FLOWERS", false), ("+11900555123", false), ("+101144207183875", false), ("+0119005551234", false),
    ("00011442071838750", false), ("02071838750", false), ("5162065319", false), ("911", false), ("+1911", false), ("+15162065319,,900", false),
    ("+15162065319p900", false), ("*675162065319", false), ("++15162065319", false), ("+1234567890123456789012345678901234567890", false),
    ("１５１６２０６５３１９", false), ("", false), ("sip:+19005551234@127.0.0.1:31000", false), ("sip:x@192.0.2.66", false),
    ("+14165550123", true), ("14165550123", true), ("01114165550123", true), ("0014165550123", true), ("+1 (416) 555-0123", true),
    ("+44 20 7183 8750", true),
];

#[test]
fn of_hostile_numbers_none_reaches_the_trunk_and_honest_ones_do() {
    let mut world = with(DialOut {
        max_calls: 1_000,
        max_calls_per_tenant: 1_000,
        calls_per_day_per_tenant: 1_000,
        ..World::dial_plan()
    });
    for (callee, honest) in NUMBERS {
        let before = world.count_at_trunk("INVITE");
        let order = DialOrder {
            callee: (*callee).to_owned(),
            ..World::order("222")
        };
        assert_eq!(world.dial(order).is_ok(), *honest, "{callee}");
        assert_eq!(
            world.count_at_trunk("INVITE") - before,
            usize::from(*honest),
            "{callee}"
        );
    }
    let hostile = NUMBERS.iter().filter(|(_, honest)| !honest).count() as u64;
    let refused: u64 = world
        .control
        .counts()
        .refused_to_dial()
        .map(|(_, count)| count)
        .sum();
    assert_eq!((refused, world.control.counts().dialled), (hostile, 6));
    assert!(hostile >= 40);
}

#[test]
fn nothing_is_dialled_until_it_is_configured() {
    let mut world = World::new();
    for callee in [CALLEE, "sip:a@127.0.0.1", ""] {
        let order = DialOrder {
            callee: callee.to_owned(),
            ..World::order("222")
        };
        let refusal = world.dial(order).unwrap_err();
        assert!(
            matches!(&refusal, CommandError::Forbidden { message, .. } if message.contains("dial_out.allow")),
            "{refusal:?}"
        );
    }
}

#[test]
fn what_is_not_dialled_is_refused_by_rest_with_field_and_setting() {
    let site = Site::new(with(DialOut {
        max_calls: 1,
        ..World::dial_plan()
    }));
    let ask = |callee: &str, caller: &str, code: &str| {
        let body = json!({"callee": callee, "caller": caller, "accessCode": code});
        let (status, answer) = site.ask("POST", "/calls", &body.to_string());
        let error = answer["errors"][0].clone();
        (
            status,
            error["field"].as_str().unwrap_or_default().to_owned(),
            error["message"].to_string(),
        )
    };
    for (callee, caller, code, status, field, says) in [
        ("+19005551234", CONF, "222", 403, "callee", "1900"),
        ("+33140000000", CONF, "222", 403, "callee", "dial_out.allow"),
        ("sip:a@192.0.2.1", CONF, "222", 403, "callee", "dial_out.hosts"),
        ("1-800-FLOWERS", CONF, "222", 400, "callee", "country code"),
        (
            CALLEE,
            "+14155550100",
            "222",
            400,
            "caller",
            "one of your numbers",
        ),
        (CALLEE, CONF, "999", 400, "accessCode", "no meeting room"),
    ] {
        let (found, named, message) = ask(callee, caller, code);
        assert_eq!((found, named.as_str()), (status, field), "{callee} {message}");
        assert!(message.contains(says), "{message}");
    }
    assert_eq!(ask(CALLEE, CONF, "222").0, 201);
    let (status, field, message) = ask(CALLEE, CONF, "222");
    assert_eq!((status, field.as_str()), (503, "callee"));
    assert!(message.contains("dial_out.max_calls"), "{message}");
}
