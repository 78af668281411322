//! What holds whatever phones, clients, the mixer and the network do, and whenever.

mod ledger;
mod script;

use std::collections::BTreeSet;

use meeting::Hears;
use model::{CallState, Cause};
use proptest::prelude::*;
use world::World;

use ledger::Ledger;
use script::{Play, settings, step};

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_everybody_is_accounted_for(
        attributes in settings(),
        steps in prop::collection::vec(step(), 1..80),
        twice in any::<bool>(),
        stops in prop::bool::weighted(0.2),
    ) {
        let mut play = Play::new(&attributes, twice);
        let mut ledger = Ledger::default();
        for step in &steps {
            play.step(step);
            ledger.read(&play.world);
            ledger.check(&play.world);
            assert_live_is_true(&play.world);
            assert_nobody_muted_is_heard(&play.world);
        }
        play.end(stops);
        ledger.read(&play.world);
        assert_all_is_given_back(&play.world);
        assert_every_call_has_its_record(&play, &ledger);
        assert_every_meeting_has_its_record(&play.world, &ledger);
    }
}

/// Who is shown is there, and who is gone is shown nowhere.
fn assert_live_is_true(world: &World) {
    let live: BTreeSet<_> = world.live.calls.keys().copied().collect();
    assert_eq!(live.len(), world.control.calls());
    let cdrs = world.cdrs();
    let gone: BTreeSet<_> = cdrs.iter().map(|cdr| cdr.leg).collect();
    assert_eq!(gone.len(), cdrs.len(), "one record a call");
    assert!(live.is_disjoint(&gone));
    assert!(world.ports.is_subset(&live) && world.mixer.sessions.keys().all(|leg| live.contains(leg)));
    assert!(world.mixer.places.keys().all(|leg| live.contains(leg)));
    for view in world.live.meetings.values() {
        assert!(!view.legs.is_empty(), "{view:?}");
        for leg in &view.legs {
            assert_eq!(world.mixer.places.get(leg), Some(&view.id));
            assert_eq!(world.live.calls[leg].meeting, Some(view.number));
        }
    }
    assert_eq!(world.mixer.nonsense, Vec::<String>::new());
}

/// What the mixer was told last is what readers see.
fn assert_nobody_muted_is_heard(world: &World) {
    for (leg, call) in &world.live.calls {
        let route = world.mixer.routes.get(leg).copied();
        let expected = match (call.state, world.mixer.places.contains_key(leg)) {
            (_, false) => None,
            (CallState::InMeeting, true) if call.held => Some((false, Hears::Music)),
            (CallState::InMeeting, true) => Some((!call.mute.any(), Hears::Room)),
            (CallState::Menu, true) => Some((false, Hears::Music)),
            (CallState::Ringing | CallState::Ending, true) => panic!("{call:?} is in a room"),
        };
        assert_eq!(route, expected, "{call:?}");
        let gain = world.mixer.gains.get(leg).copied();
        assert_eq!(gain.unwrap_or(0), call.gain_db, "{call:?}");
        let session = world.mixer.sessions.get(leg);
        let codec = session.map_or(String::new(), |session| {
            format!("{:?}", session.format.codec()).to_uppercase()
        });
        assert_eq!(codec, call.codec, "{call:?}");
    }
}

/// Nothing is left of anything, not even a timer.
fn assert_all_is_given_back(world: &World) {
    assert!(world.live.calls.is_empty(), "{:?}", world.live.calls);
    assert!(world.live.meetings.is_empty(), "{:?}", world.live.meetings);
    assert!(world.ports.is_empty(), "{:?}", world.ports);
    assert!(world.mixer.rooms.is_empty() && world.mixer.sessions.is_empty() && world.mixer.places.is_empty());
    assert_eq!(world.control.poll_timeout(), None);
    assert_live_is_true(world);
}

fn assert_every_call_has_its_record(play: &Play, ledger: &Ledger) {
    let cdrs = play.world.cdrs();
    assert_eq!(cdrs.len(), play.phones.len());
    for cdr in cdrs {
        assert_eq!(cdr.answered_ms.is_some(), cdr.sip_status == 200, "{cdr:?}");
        let answered = cdr.answered_ms.unwrap_or(cdr.created_ms);
        let joined = cdr.joined_ms.unwrap_or(answered);
        let times = [cdr.created_ms, answered, joined, cdr.ended_ms];
        assert!(times.is_sorted(), "{cdr:?}");
        let left = ledger.left.get(&cdr.leg).copied();
        assert!(
            [None, Some(Cause::Moved), Some(cdr.cause)].contains(&left),
            "{cdr:?}"
        );
    }
}

fn assert_every_meeting_has_its_record(world: &World, ledger: &Ledger) {
    let mdrs = world.mdrs();
    assert_eq!(mdrs.len(), ledger.accounts.len());
    for mdr in mdrs {
        let account = &ledger.accounts[&mdr.meeting];
        assert_eq!(
            (Some(mdr.cause), mdr.started_ms.is_some(), mdr.calls, mdr.peak),
            (account.ended, account.started, account.joined, account.peak)
        );
    }
}
