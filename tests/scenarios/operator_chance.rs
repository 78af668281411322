//! What holds of callers and their operators whatever falls together.

use std::collections::BTreeMap;

use api::{LiveCommand, Target};
use bridge::control::Operator;
use meeting::Hears;
use model::{CallNews, CallState, CallView, Command, Event, LegId, Mute, News, OperatorMode};
use proptest::prelude::*;
use proptest::sample::select;
use world::{CONF, Level, PhoneId, ROOM, SDP, SPECTEL, Settings, World};

use crate::dialling::assert_idle;

/// One step of a story. Phones and operators are counted round those there are.
#[derive(Clone, Debug)]
enum Step {
    /// A phone calls a number and keys.
    Calls(&'static str, &'static str),
    /// It keys.
    Keys(usize, &'static str),
    /// It hangs up.
    HangsUp(usize),
    /// A client has the operator called for it, or takes it back.
    Operator(usize, bool),
    /// A client mutes it, or holds it, or neither any more.
    Steers(usize, bool, bool),
    /// A client moves it, or hangs it up.
    Ends(usize, Option<&'static str>),
    /// A client ends the meeting.
    EndsMeeting,
    /// An operator's phone replies, be it late or again.
    Replies(usize, u16),
    /// It hangs up.
    OperatorHangsUp(usize),
    /// A client hangs the operator's call up.
    DropsOperator(usize),
    /// Time passes, ms.
    Waits(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let one = || 0..8usize;
    let called = select(vec![
        (CONF, "111#"),
        (CONF, "222#"),
        (CONF, "333#"),
        (SPECTEL, "99#"),
    ]);
    prop_oneof![
        3 => called.prop_map(|(number, keys)| Step::Calls(number, keys)),
        6 => (one(), select(vec!["*0", "*0", "*0", "*0*0", "*6", "*3", "*5", "##", "*0##", "1"]))
            .prop_map(|(phone, keys)| Step::Keys(phone, keys)),
        1 => one().prop_map(Step::HangsUp),
        3 => (one(), any::<bool>()).prop_map(|(phone, on)| Step::Operator(phone, on)),
        2 => (one(), any::<bool>(), any::<bool>()).prop_map(|(phone, mute, hold)| Step::Steers(phone, mute, hold)),
        1 => (one(), select(vec![None, Some("333"), Some("111")])).prop_map(|(phone, code)| Step::Ends(phone, code)),
        1 => Just(Step::EndsMeeting),
        8 => (one(), select(vec![180, 200, 200, 200, 486, 487, 503])).prop_map(|(call, status)| Step::Replies(call, status)),
        3 => one().prop_map(Step::OperatorHangsUp),
        1 => one().prop_map(Step::DropsOperator),
        3 => select(vec![10, 1_000, 5_000, 30_000, 600_000]).prop_map(Step::Waits),
    ]
}

struct Play {
    world: World,
    phones: Vec<PhoneId>,
    /// Requests of operators so far.
    asked: u32,
}

impl Play {
    fn new() -> Self {
        let dial_out = World::dial_plan();
        let mut operator = Operator::new("+14165550100", &dial_out).expect("an operator");
        operator.max_calls = 3;
        operator.max_duration = std::time::Duration::from_secs(300);
        let world = World::with(Settings {
            dial_out,
            operator: Some(operator),
            attributes: vec![(Level::Group, "call_operator_after", "1")],
            ..Settings::default()
        });
        Self {
            world,
            phones: Vec::new(),
            asked: 0,
        }
    }

    fn leg(&self, phone: usize) -> Option<LegId> {
        let phones = self.phones.len();
        (phones > 0).then(|| self.world.leg(self.phones[phone % phones]))
    }

    /// One of the INVITEs that came to the operator, the latest counted first.
    fn invite(&self, call: usize) -> Option<String> {
        let messages = self.world.trunk.messages.iter().rev();
        let invites: Vec<_> = messages.filter(|text| text.starts_with("INVITE")).collect();
        let found = (!invites.is_empty()).then(|| invites[call % invites.len()]);
        found.cloned()
    }

    fn operator(&self, call: usize) -> Option<LegId> {
        let calls = self.world.live.calls.values();
        let operators: Vec<_> = calls.filter(|call| call.outbound).collect();
        (!operators.is_empty()).then(|| operators[call % operators.len()].leg)
    }

    /// What is refused, since nothing is there any more, is no matter.
    fn asks(&mut self, leg: Option<LegId>, command: impl FnOnce(LegId) -> LiveCommand) {
        if let Some(leg) = leg {
            drop(self.world.request(Target::Leg(leg), command(leg)));
        }
    }

    fn step(&mut self, step: &Step) {
        let world = &mut self.world;
        match step {
            Step::Calls(number, keys) => {
                let phone = world.call(number);
                world.pass(2_000);
                world.key(phone, keys);
                self.phones.push(phone);
            }
            Step::Keys(phone, keys) if !self.phones.is_empty() => {
                world.key(self.phones[phone % self.phones.len()], keys);
            }
            Step::HangsUp(phone) if !self.phones.is_empty() => {
                world.hang_up(self.phones[phone % self.phones.len()]);
            }
            Step::Keys(..) | Step::HangsUp(_) => {}
            Step::Operator(phone, on) => {
                let on = *on;
                self.asks(self.leg(*phone), |leg| {
                    LiveCommand::Meeting(Command::SetOperator { leg, on })
                });
            }
            Step::Steers(phone, hard, on) => {
                let (mute, on) = (
                    Mute {
                        soft: false,
                        hard: *hard,
                    },
                    *on,
                );
                self.asks(self.leg(*phone), |leg| {
                    LiveCommand::Meeting(Command::SetMute { leg, mute })
                });
                self.asks(self.leg(*phone), |leg| {
                    LiveCommand::Meeting(Command::SetHold { leg, on })
                });
            }
            Step::Ends(phone, code) => self.asks(self.leg(*phone), |leg| match code {
                Some(code) => LiveCommand::Move {
                    leg,
                    access_code: (*code).to_owned(),
                },
                None => LiveCommand::HangUp { leg },
            }),
            Step::EndsMeeting => drop(world.request(world.target(ROOM), LiveCommand::EndMeeting)),
            Step::Replies(call, status) => self.replies(*call, *status),
            Step::OperatorHangsUp(call) => {
                if let Some(invite) = self.invite(*call) {
                    self.asked += 1;
                    self.world.callee_asks(&invite, "BYE", self.asked, "");
                }
            }
            Step::DropsOperator(call) => self.asks(self.operator(*call), |leg| LiveCommand::HangUp { leg }),
            Step::Waits(ms) => world.pass(*ms),
        }
    }

    fn replies(&mut self, call: usize, status: u16) {
        if let Some(invite) = self.invite(call) {
            let body = if status == 200 { SDP } else { "" };
            self.world.trunk_replies(&invite, status, "a", body);
        }
    }

    /// Everybody hangs up, and no phone owes an answer any more.
    fn end(&mut self) {
        for phone in self.phones.clone() {
            self.world.hang_up(phone);
        }
        for call in 0..self.world.count_at_trunk("INVITE") {
            self.replies(call, 487);
        }
    }
}

/// Who is with the operator is in a room with the operator alone, and the others are where their meeting is.
fn assert_everybody_is_in_its_place(world: &World) {
    let calls = || world.live.calls.values();
    for call in calls().filter(|call| !call.outbound) {
        match call.operator {
            OperatorMode::None => assert_not_aside(world, call),
            OperatorMode::Requested => {
                assert_eq!(company(world, call.leg), [call.leg], "it waits alone");
                assert_eq!(world.mixer.routes[&call.leg], (false, Hears::Music));
            }
            OperatorMode::With => {
                let both = company(world, call.leg);
                let [_, other] = both[..] else { panic!("{both:?}") };
                assert!(world.live.calls[&other].outbound);
                assert!(
                    both.iter()
                        .all(|leg| world.mixer.routes[leg] == (true, Hears::Room))
                );
            }
        }
    }
    let aside = calls().filter(|call| call.operator.is_aside()).count();
    assert_eq!(world.mixer.rooms.len(), world.live.meetings.len() + aside);
    assert!(calls().filter(|call| call.outbound).count() <= 3);
    assert_eq!(world.mixer.nonsense, Vec::<String>::new());
}

fn assert_not_aside(world: &World, call: &CallView) {
    if call.state == CallState::InMeeting {
        let meeting = world.meeting(ROOM);
        assert_eq!(world.mixer.places[&call.leg], meeting.id, "{call:?}");
        let route = match call.held {
            true => (false, Hears::Music),
            false => (!call.mute.any(), Hears::Room),
        };
        assert_eq!(world.mixer.routes[&call.leg], route, "{call:?}");
    } else {
        assert!(!world.mixer.places.contains_key(&call.leg), "{call:?}");
    }
}

/// Those who are in the room of a leg.
fn company(world: &World, leg: LegId) -> Vec<LegId> {
    let room = world.mixer.places[&leg];
    let places = world.mixer.places.iter();
    places
        .filter(|(_, place)| **place == room)
        .map(|(leg, _)| *leg)
        .collect()
}

/// Each way to the operator is told step by step, and ends before the call leaves its meeting or ends itself.
fn assert_told_in_turn(world: &World) {
    let mut modes = BTreeMap::<LegId, OperatorMode>::new();
    for happening in &world.told {
        match &happening.news {
            News::Meeting(Event::OperatorSet { leg, mode, .. }) => {
                let before = modes.insert(*leg, *mode).unwrap_or_default();
                let goes_on = mode.wire() == before.wire() + 1;
                assert!(
                    goes_on || before.is_aside() && *mode == OperatorMode::None,
                    "{leg}"
                );
            }
            News::Meeting(Event::Left { leg, .. })
            | News::Call {
                leg,
                what: CallNews::Ended { .. },
            } => assert!(!modes.get(leg).is_some_and(|mode| mode.is_aside()), "{leg}"),
            News::Meeting(_) | News::Call { .. } => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_heard_in_two_places_and_no_operator_is_left(steps in prop::collection::vec(step(), 1..60)) {
        let mut play = Play::new();
        for step in &steps {
            play.step(step);
            assert_everybody_is_in_its_place(&play.world);
            assert_told_in_turn(&play.world);
        }
        play.end();
        assert_idle(&mut play.world);
        assert_told_in_turn(&play.world);
    }
}
