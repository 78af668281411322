//! Every tricky and hostile case gets what it deserves, harms no call, and leaves nothing behind.

#[path = "hostile/cases/mod.rs"]
#[expect(unreachable_pub, reason = "the table is shared with tests of whole servers")]
mod cases;
#[path = "hostile/world.rs"]
#[expect(unreachable_pub, reason = "shared by several tests")]
mod world;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use cases::{CallNames, Case, Expect, Names, Setting};
use sip::{Command, Limits};
use world::{Habit, Outcome, World, to_tag};

fn names() -> Names {
    Names {
        us: "192.0.2.1".to_owned(),
        me: "192.0.2.9:5060".to_owned(),
        media: "192.0.2.9".to_owned(),
        call: None,
    }
}

/// Makes what the case needs.
fn prepare(world: &mut World, case: &Case) -> Result<Names, String> {
    let mut names = names();
    world.habit = Habit::Answer;
    if case.setting == Setting::Stranger {
        return Ok(names);
    }
    names.call = Some(CallNames::for_case(case));
    world.habit = if case.setting == Setting::Ringing {
        Habit::Ring
    } else {
        Habit::Answer
    };
    let outcome = world.feed(&cases::opening(&names));
    world.habit = Habit::Answer;
    let (_, last) = outcome.sent.last().ok_or("the opening got no answer")?;
    let Some(call) = &mut names.call else {
        return Err("no call names".to_owned());
    };
    call.to_tag = to_tag(last);
    if case.setting == Setting::Call {
        world.feed(&cases::acknowledgement(&names));
    }
    Ok(names)
}

fn judge(case: &Case, outcome: &Outcome) -> Result<(), String> {
    let finals = outcome.finals();
    let fits = match case.expect {
        Expect::Status(allowed) => matches!(finals[..], [only] if allowed.contains(&only)),
        Expect::Call => finals == [200] && outcome.calls == 1,
        Expect::Provisional => finals.is_empty() && outcome.sent.len() == 1 && outcome.calls == 0,
        Expect::Silence => outcome.sent.is_empty() && outcome.calls == 0,
        Expect::StatusOrSilence(allowed) => {
            outcome.sent.is_empty() || matches!(finals[..], [only] if allowed.contains(&only))
        }
        Expect::Ends(status) => {
            outcome.ended == 1 && finals.contains(&status) && finals.iter().all(|s| [status, 487].contains(s))
        }
    };
    if fits {
        Ok(())
    } else {
        Err(format!(
            "{:?} expected, got {:?}",
            case.expect,
            outcome.statuses()
        ))
    }
}

/// Answers go to the sender and nowhere else, and say nothing that was smuggled in.
fn judge_packets(world: &World, outcome: &Outcome) -> Result<(), String> {
    for (to, bytes) in &outcome.sent {
        if to.ip() != world.flow.remote.ip() {
            return Err(format!("a packet to {to}"));
        }
        let head = bytes
            .split(|byte| *byte == b'\n')
            .take_while(|line| !line.is_empty() && *line != b"\r");
        for line in head {
            let text = line.strip_suffix(b"\r").ok_or("a line that ends in LF alone")?;
            if text.iter().any(|byte| *byte < b' ' && *byte != b'\t') || text.starts_with(b"Evil") {
                return Err(format!("a bad line in an answer: {}", text.escape_ascii()));
            }
        }
    }
    Ok(())
}

/// The call of the setting lives, or is over where the case says so.
fn judge_call(world: &mut World, case: &Case, names: &Names) -> Result<(), String> {
    let ends = matches!(case.expect, Expect::Ends(_));
    match case.setting {
        Setting::Stranger => Ok(()),
        Setting::Call => {
            let expected = if ends { 481 } else { 200 };
            let finals = world.feed(&cases::probe_of_call(names)).finals();
            if finals == [expected] {
                Ok(())
            } else {
                Err(format!("the call then answers {finals:?}"))
            }
        }
        Setting::Ringing if ends => Ok(()),
        Setting::Ringing => {
            let call = *world.live.keys().next().ok_or("the call is gone")?;
            let finals = world
                .command(Command::Answer {
                    call,
                    sdp: b"v=0\r\n".to_vec(),
                })
                .finals();
            if finals == [200] {
                Ok(())
            } else {
                Err(format!("the call cannot be answered: {finals:?}"))
            }
        }
    }
}

/// Places our own requests must never go to, whatever Contact or Record-Route say.
fn nobody_asked(to: SocketAddr, us: SocketAddr) -> bool {
    let broadcast = to.ip() == IpAddr::V4(Ipv4Addr::BROADCAST);
    broadcast || to.ip().is_multicast() || to.ip().is_unspecified() || to.port() < 1024 || to.ip() == us.ip()
}

fn run(world: &mut World, count: usize, case: &Case) -> Result<(), String> {
    let names = prepare(world, case)?;
    let outcome = world.feed(&case.bytes(&names));
    judge(case, &outcome)?;
    judge_packets(world, &outcome)?;
    judge_call(world, case, &names)?;
    let finals = world.feed(&cases::probe(count, &names)).finals();
    if finals == [200] {
        Ok(())
    } else {
        Err(format!("OPTIONS after it got {finals:?}"))
    }
}

#[test]
fn every_case_gets_what_it_deserves_and_the_endpoint_goes_on() {
    let mut world = World::new(Limits::default());
    let mut faults = Vec::new();
    for (count, case) in cases::all().into_iter().enumerate() {
        if let Err(fault) = run(&mut world, count, case) {
            faults.push(format!("{} ({:?}): {fault}", case.name, case.setting));
        }
        let went = world.settle();
        if let Some(to) = went.iter().find(|to| nobody_asked(**to, world.flow.local)) {
            faults.push(format!("{}: a request of ours went to {to}", case.name));
        }
        if world.endpoint.load() != (0, 0) {
            faults.push(format!("{}: left {:?} behind", case.name, world.endpoint.load()));
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn there_are_two_hundred_cases_and_more_each_with_its_own_name() {
    let all = cases::all();
    let ids: BTreeSet<_> = all.iter().map(|case| case.id()).collect();
    assert!(all.len() >= 200);
    assert_eq!(ids.len(), all.len());
}

#[test]
fn every_case_fits_a_datagram() {
    for case in cases::all() {
        let names = Names {
            call: Some(CallNames::for_case(case)),
            ..names()
        };
        assert!(case.bytes(&names).len() <= 65_507, "{}", case.name);
    }
}
