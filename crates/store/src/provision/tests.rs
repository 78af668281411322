use super::*;

/// What the product ships, read from where it is.
const DEMO: &str = include_str!("../../../../configs/demo.toml");

/// Hashes by saying so; notes for whom it made a password.
#[derive(Default)]
struct Notes {
    made_for: Vec<String>,
}

impl Secrets for Notes {
    fn password_hash(&mut self, login: &str, given: Option<&str>) -> Result<String, String> {
        match given {
            Some("short") => Err("expected at least 8 characters".into()),
            Some(password) => Ok(format!("hash of {password}")),
            None => {
                self.made_for.push(login.to_owned());
                Ok("made".into())
            }
        }
    }

    fn token(&mut self) -> String {
        "token".into()
    }
}

fn read(text: &str) -> Result<Vec<Edit>, Vec<ProvisionError>> {
    let secrets = &mut Notes::default();
    Provisioning {
        now_ms: 5,
        first_key: KeyId(1),
        secrets,
    }
    .read(text)
}

fn directory(text: &str) -> Directory {
    let edits = read(text).unwrap();
    edits.into_iter().fold(Directory::default(), |directory, edit| {
        directory.edited(edit).unwrap()
    })
}

#[test]
fn the_demo_file_makes_the_numbers_codes_and_accounts_it_promises() {
    let demo = directory(DEMO);
    let john = demo.login("demo").unwrap();
    let admin = demo.login("admin").unwrap();
    assert_eq!(
        (john.display_name().as_str(), john.parent_sid.as_ref()),
        ("John Smith", Some(&admin.sid))
    );
    assert_eq!(admin.parent_sid, None);
    for (number, name, did, flow) in [
        ("15162065319", "demo_conf", 220, CallFlow::Conf),
        ("15162065318", "demo_spectel", 221, CallFlow::Spectel),
    ] {
        let dialled = demo.dialled(number).unwrap();
        assert_eq!(
            (
                dialled.group.name.as_str(),
                dialled.did.id,
                dialled.group.call_flow
            ),
            (name, DidId(did), flow)
        );
        for (code, role) in [
            ("111", Role::Host),
            ("222", Role::Participant),
            ("333", Role::Listener),
        ] {
            let grant = demo.grant(dialled.group.id, code).unwrap();
            assert_eq!(
                (grant.room.meeting_number, grant.key.role),
                (MeetingNumber(106_131), role)
            );
        }
    }
    assert_eq!(demo.group(DidGroupId(219)).unwrap().subscriber_sid, john.sid);
}

#[test]
fn passwords_that_the_file_does_not_hold_are_asked_for() {
    let mut secrets = Notes::default();
    let provisioning = Provisioning {
        now_ms: 0,
        first_key: KeyId(1),
        secrets: &mut secrets,
    };
    provisioning.read(DEMO).unwrap();
    assert_eq!(secrets.made_for, ["admin", "demo"]);
}

#[test]
fn given_passwords_and_hashes_are_taken() {
    let account = "[[subscribers]]\nsid = \"s\"\nlogin = \"a\"\nrole = 1\n";
    for (line, hash) in [
        ("password = \"open sesame\"", "hash of open sesame"),
        ("passwordHash = \"$argon2id$v=19$x\"", "$argon2id$v=19$x"),
    ] {
        let directory = directory(&format!("{account}{line}\n"));
        assert_eq!(directory.login("a").unwrap().password_hash, hash);
    }
}

#[test]
fn objects_may_stand_in_any_order() {
    let child_first = "
        [[subscribers]]\nsid = 'child'\nparentSid = 'top'\nlogin = 'c'\nrole = 2\ndidGroupReferences = [{didGroupId = 9}]
        [[subscribers]]\nsid = 'top'\nlogin = 't'\nrole = 1
        [[didGroups]]\nid = 9\nname = 'g'\ncallFlowId = 1\nsubscriberSid = 'top'
    ";
    let directory = directory(child_first);
    assert!(directory.is_within(&Sid::new("child"), &Sid::new("top")));
    assert_eq!(
        directory
            .subscriber(&Sid::new("child"))
            .unwrap()
            .did_group_references
            .len(),
        1
    );
}

#[test]
fn keys_are_numbered_in_the_order_of_the_file() {
    let demo = directory(DEMO);
    let ids: Vec<_> = demo
        .rooms()
        .flat_map(|room| room.keychain.iter().map(|key| key.id.0))
        .collect();
    assert_eq!(ids, [1, 2, 3]);
}

#[test]
fn mistakes_are_told_by_place_field_and_what_was_expected() {
    for (from, to, told) in [
        (
            "login = \"demo\"",
            "loggin = \"demo\"",
            "loggin: unknown field `loggin`, expected one of `sid`",
        ),
        ("login = \"demo\"\n", "", "missing field `login`"),
        (
            "id = 219\n",
            "id = 'x'\n",
            "id: invalid type: string \"x\", expected u64",
        ),
        (
            "callFlowId = 1\n",
            "callFlowId = 2\n",
            "callFlowId: expected 1 (SPECTEL) or 3 (CONF)",
        ),
        (
            "role = 3 }",
            "role = 4 }",
            "role: expected 1 (host), 2 (participant) or 3 (listener)",
        ),
        (
            "lastName = \"Smith\"\nrole = 1",
            "role = 0",
            "role: expected 1 (administrator), 2 (operator)",
        ),
        (
            "\"first\"",
            "\"never\"",
            "conference_start_how: conference_start_how takes one of first moderator explicit",
        ),
        (
            "conference_start_how",
            "call_delay",
            "call_delay: call_delay may not be set on a meeting room",
        ),
        (
            "accessCode = \"222\"",
            "accessCode = \"111\"",
            "accessCode: a code stands twice in the keychain (room 106131)",
        ),
        (
            "phoneNumber = \"15162065318\"",
            "phoneNumber = \"15162065319\"",
            "phoneNumber: this number is already in use (DID 221)",
        ),
        (
            "meetingNumber = 106131",
            "meetingNumber = 99",
            "meetingNumber: expected six digits",
        ),
        (
            "id = 221\n",
            "id = 220\n",
            "id: DID 220 stands twice in this file",
        ),
        ("[[dids]]", "[[dids]", "expected"),
        (
            "login = \"demo\"",
            "login = \"demo\"\npassword = \"short\"",
            "password: expected at least 8 characters",
        ),
        (
            "login = \"demo\"",
            "login = \"demo\"\npassword = 12345678",
            "password: expected a text in quotes",
        ),
        (
            "login = \"demo\"",
            "login = \"demo\"\npassword = \"a\"\npasswordHash = \"b\"",
            "passwordHash: expected password or passwordHash, not both",
        ),
        (
            "login = \"demo\"",
            "login = \"demo\"\npasswordHash = \"b\"",
            "passwordHash: expected an Argon2id hash",
        ),
        (
            "{ didGroupId = 220 }]",
            "{ didGroupId = 220, state = 2 }]",
            "state: expected 0 (active) or 1 (disabled)",
        ),
    ] {
        assert!(DEMO.contains(from), "{from}");
        let wrong = DEMO.replacen(from, to, 1);
        let problem = read(&wrong).unwrap_err().remove(0);
        let line = DEMO.split(from).next().unwrap().matches('\n').count() + 1;
        let said = problem.to_string();
        assert!(said.contains(told), "{to}: {said}");
        if !to.is_empty() {
            let near = line - 1..=line + to.lines().count();
            assert!(near.contains(&problem.line), "{to}: {said}, wanted line {line}");
        }
    }
}

#[test]
fn keys_of_a_command_that_hide_others_are_refused_where_they_stand() {
    let group = "callFlowId = 3\nsubscriberSid = \"00000000-0000-4000-8000-000000000002\"\n";
    assert!(DEMO.contains(group));
    for (keys, told) in [
        ("9", Some("begin 99, which asks for the role PIN")),
        ("99", Some("begin 99, which asks for the role PIN")),
        ("991", Some("begin 99, which asks for the role PIN")),
        ("*", Some("the keys of polling_dtmf_binding begin those of")),
        ("98", None),
    ] {
        let attribute = format!("polling_dtmf_binding = \"{keys}\"");
        let text = DEMO.replacen(
            group,
            &format!("{group}[didGroups.attributes]\nconference_country = \"US\"\n{attribute}\n"),
            1,
        );
        let problem = read(&text).err().map(|problems| problems[0].clone());
        assert_eq!(problem.is_some(), told.is_some(), "{keys}: {problem:?}");
        if let (Some(problem), Some(told)) = (problem, told) {
            let said = problem.to_string();
            assert!(said.contains(told), "{keys}: {said}");
            let line = text.lines().nth(problem.line - 1).unwrap_or_default();
            assert!(line.starts_with(&attribute) || keys == "*", "{said}");
        }
    }
}

#[test]
fn every_mistake_of_a_file_is_told_at_once() {
    let wrong = DEMO
        .replace("role = 2 }", "role = 7 }")
        .replace("role = 3 }", "role = 8 }");
    let problems = read(&wrong).unwrap_err();
    assert_eq!(
        problems
            .iter()
            .map(|problem| problem.field.as_str())
            .collect::<Vec<_>>(),
        ["role", "role"]
    );
    assert_eq!(problems[0].line + 1, problems[1].line);
}

#[test]
fn no_text_makes_the_reader_panic() {
    for cut in 0..DEMO.len() {
        if let Some(text) = DEMO.get(..cut) {
            let _ = read(text);
        }
    }
    for odd in [
        "é = 1",
        "[[subscribers]]\nsid = 'é'\nlogin = 'é'\nrole = 'é'",
        "=",
        "\u{feff}",
    ] {
        assert!(read(odd).is_err() || odd == "\u{feff}", "{odd}");
    }
}
