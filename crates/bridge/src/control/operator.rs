//! The operator: called for one caller as other calls are made, and then with that caller alone in a room of the mixer that is no meeting's.
//! Who may call it, and what becomes of the caller, meeting and menu decide.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use api::{CommandError, DialOrder};
use ivr::session;
use meeting::Hears;
use model::{Actor, Cause, Command, Event, LegId, MeetingId, OperatorMode, PresenterMedia};

use super::Control;
use super::call::{Call, Stage};
use super::dial_plan::{Destination, DialOut, NotDialled};
use super::dialling::Dialling;
use super::output::MediaOrder;

/// The field of a call by which the operator is asked for.
const FIELD: &str = "operatorMode";

/// The operator as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    to: Destination,
    /// How long it may ring.
    pub ring_timeout: Duration,
    /// Calls to the operator at once.
    pub max_calls: usize,
    /// Longest talk.
    pub max_duration: Duration,
}

impl Operator {
    /// How long it rings unless told.
    pub const RING_TIMEOUT: Duration = Duration::from_secs(30);
    /// Calls at once unless told.
    pub const MAX_CALLS: usize = 10;
    /// Longest talk unless told.
    pub const MAX_DURATION: Duration = Duration::from_secs(3600);

    /// At `address`, a number that `dial_out` has a trunk for, or a SIP URI; it is called whatever `dial_out` allows.
    ///
    /// # Errors
    /// Names the key and what was expected.
    pub fn new(address: &str, dial_out: &DialOut) -> Result<Self, String> {
        let expected = |why: NotDialled| match why == NotDialled::Trunk {
            true => {
                "operator.address and dial_out.trunk: expected a trunk for the operator's number".to_owned()
            }
            false => format!("operator.address: {}", why.text()),
        };
        Ok(Self {
            to: dial_out.fixed(address).map_err(expected)?,
            ring_timeout: Self::RING_TIMEOUT,
            max_calls: Self::MAX_CALLS,
            max_duration: Self::MAX_DURATION,
        })
    }
}

/// One caller's operator.
#[derive(Debug)]
struct Talk {
    /// The leg of the operator.
    operator: LegId,
    /// Where they are alone.
    room: MeetingId,
    answered: bool,
}

/// Callers who have called the operator, or talk with one.
#[derive(Debug, Default)]
pub(super) struct Talks(BTreeMap<LegId, Talk>);

impl Talk {
    /// What the caller contributes and hears.
    fn route(&self) -> (bool, Hears) {
        match self.answered {
            true => (true, Hears::Room),
            false => (false, Hears::Music),
        }
    }
}

impl Control {
    /// A meeting or the menu wants the operator for a caller.
    pub(super) fn call_operator(&mut self, now: Instant, caller: LegId, by: Actor) {
        if let Err(why) = self.try_operator(now, caller, by) {
            self.counts.not_dialled(&why);
            self.operator_gone(now, caller, Cause::BridgeFull);
        }
    }

    fn try_operator(&mut self, now: Instant, caller: LegId, by: Actor) -> Result<(), NotDialled> {
        let plan = self.config.operator.clone().ok_or(NotDialled::Off)?;
        self.has_room_for_operator(&plan, 0)?;
        let (leg, room) = self.ids.leg().zip(self.ids.meeting()).ok_or(NotDialled::Bridge)?;
        let call = self.new_operator(now, leg, caller, plan, by.clone());
        let call = call.ok_or(NotDialled::Bridge)?;
        let talk = Talk {
            operator: leg,
            room,
            answered: false,
        };
        let (speaks, hears) = talk.route();
        self.talks.0.insert(caller, talk);
        if let Some(call) = self.calls.get_mut(&caller) {
            call.aside = Some(room);
        }
        self.order(MediaOrder::OpenRoom { room });
        self.order(MediaOrder::Join { leg: caller, room });
        self.order(MediaOrder::Route {
            leg: caller,
            speaks,
            hears,
        });
        self.begin_to_dial(now, call, by);
        Ok(())
    }

    fn has_room_for_operator(&self, plan: &Operator, beside: usize) -> Result<(), NotDialled> {
        let calls = self.calls.values().filter(|call| call.operator_for.is_some());
        match (self.is_full(), calls.count() + beside < plan.max_calls) {
            (true, _) => Err(NotDialled::Bridge),
            (false, false) => Err(NotDialled::Operators),
            (false, true) => Ok(()),
        }
    }

    /// A call like those that are asked for by REST, only that no code and no role goes with it.
    fn new_operator(
        &mut self,
        now: Instant,
        leg: LegId,
        caller: LegId,
        plan: Operator,
        actor: Actor,
    ) -> Option<Call> {
        let dialled = self.calls.get(&caller)?.dialled.clone();
        let owner = self.owner_of(caller)?.clone();
        let order = DialOrder {
            callee: plan.to.callee.clone(),
            did: dialled.did.id,
            group: dialled.group.id,
            access_code: String::new(),
            custom_name: String::new(),
            gain_db: 0,
            held: None,
            mute: None,
            presenter_media: PresenterMedia::NONE,
            role: None,
        };
        let dialling = Dialling::new(plan.to, actor, plan.ring_timeout, plan.max_duration);
        let mut call = self.new_outbound(now, leg, dialled, owner, dialling, order);
        call.operator_for = Some(caller);
        Some(call)
    }

    /// The operator has taken the call that was made for `caller`.
    pub(super) fn operator_answered(&mut self, now: Instant, leg: LegId, caller: LegId) {
        let (Some(call), Some(talk)) = (self.calls.get_mut(&leg), self.talks.0.get_mut(&caller)) else {
            return;
        };
        call.stage = Stage::Operator;
        talk.answered = true;
        let (room, (speaks, hears)) = (talk.room, talk.route());
        self.dirty_calls.insert(leg);
        self.keep_open(leg);
        self.reschedule_call(leg);
        self.order(MediaOrder::Join { leg, room });
        self.order(MediaOrder::Route { leg, speaks, hears });
        match self.place_of(caller) {
            Place::Meeting(id) => {
                self.command(now, id, Actor::Bridge, Command::OperatorAnswered { leg: caller });
            }
            Place::Menu => {
                self.order(MediaOrder::Route {
                    leg: caller,
                    speaks,
                    hears,
                });
                self.menu_operator(now, caller, OperatorMode::With, None);
                self.session_input(now, caller, session::Input::OperatorAnswered);
            }
            Place::Elsewhere => {}
        }
    }

    /// One end of a talk goes: the other is not left alone in it.
    pub(super) fn operator_out(&mut self, now: Instant, leg: LegId, cause: Cause) {
        let Some(caller) = self.calls.get(&leg).and_then(|call| call.operator_for) else {
            return self.caller_out(now, leg, cause);
        };
        if self.talks.0.get(&caller).is_some_and(|talk| talk.operator == leg)
            && let Some(talk) = self.talks.0.remove(&caller)
        {
            if talk.answered {
                self.order(MediaOrder::Part { leg });
            }
            self.operator_gone(now, caller, cause);
        }
    }

    /// A meeting tells of it by itself.
    fn caller_out(&mut self, now: Instant, leg: LegId, cause: Cause) {
        let had_one = self.talks.0.contains_key(&leg);
        self.drop_operator(now, leg);
        if self.place_of(leg) == Place::Menu {
            if had_one {
                self.menu_operator(now, leg, OperatorMode::None, Some(cause));
            }
            if self.calls.get(&leg).is_some_and(|call| call.aside.is_some()) {
                self.out_of_room(leg);
            }
        }
    }

    /// Ends the operator's call for a caller, if there is one.
    pub(super) fn drop_operator(&mut self, now: Instant, caller: LegId) {
        let Some(talk) = self.talks.0.remove(&caller) else {
            return;
        };
        let leg = talk.operator;
        if talk.answered {
            self.order(MediaOrder::Part { leg });
        }
        let cause = if talk.answered {
            Cause::HungUp
        } else {
            Cause::Cancelled
        };
        self.end(now, leg, cause);
    }

    fn operator_gone(&mut self, now: Instant, caller: LegId, cause: Cause) {
        match self.place_of(caller) {
            Place::Meeting(id) => {
                let gone = Command::OperatorGone { leg: caller, cause };
                self.command(now, id, Actor::Bridge, gone);
            }
            Place::Menu => {
                self.menu_operator(now, caller, OperatorMode::None, Some(cause));
                self.session_input(now, caller, session::Input::OperatorGone);
            }
            Place::Elsewhere => {}
        }
    }

    /// The menu has no log; what it does with the operator is told here.
    pub(super) fn menu_operator(
        &mut self,
        now: Instant,
        leg: LegId,
        mode: OperatorMode,
        cause: Option<Cause>,
    ) {
        self.dirty_calls.insert(leg);
        self.menu_news(now, leg, Event::OperatorSet { leg, mode, cause });
    }

    /// Puts a leg where its meeting wants it: with the operator, or back into the meeting's own room, silent until it is there.
    pub(super) fn route(&mut self, id: MeetingId, leg: LegId, speaks: bool, hears: Hears) {
        self.dirty_calls.insert(leg);
        let (speaks, hears) = match hears {
            Hears::Operator => self
                .talks
                .0
                .get(&leg)
                .map_or((false, Hears::Nothing), Talk::route),
            Hears::Room | Hears::Music | Hears::Nothing => {
                self.back_into_room(leg, id);
                (speaks, hears)
            }
        };
        self.order(MediaOrder::Route { leg, speaks, hears });
    }

    fn back_into_room(&mut self, leg: LegId, room: MeetingId) {
        let Some(aside) = self.calls.get_mut(&leg).and_then(|call| call.aside.take()) else {
            return;
        };
        self.order(MediaOrder::Route {
            leg,
            speaks: false,
            hears: Hears::Nothing,
        });
        self.order(MediaOrder::Join { leg, room });
        self.order(MediaOrder::CloseRoom { room: aside });
    }

    /// Takes a leg out of the room it is in, which goes with it if it was there for the operator.
    pub(super) fn out_of_room(&mut self, leg: LegId) {
        self.order(MediaOrder::Part { leg });
        if let Some(room) = self.calls.get_mut(&leg).and_then(|call| call.aside.take()) {
            self.order(MediaOrder::CloseRoom { room });
        }
    }

    /// Why a client cannot have the operator called that it asks for, with so many asked for beside.
    pub(super) fn can_call_operator(&self, command: &Command, beside: usize) -> Result<(), CommandError> {
        let Command::SetOperator { leg, on: true } = command else {
            return Ok(());
        };
        let Some(plan) = &self.config.operator else {
            return Err(CommandError::Refused {
                field: FIELD,
                message: "this bridge has no operator: operator.address is not set".to_owned(),
            });
        };
        if self.talks.0.contains_key(leg) {
            return Ok(());
        }
        self.has_room_for_operator(plan, beside)
            .map_err(|why| why.refusal(FIELD))
    }

    fn place_of(&self, leg: LegId) -> Place {
        match self.calls.get(&leg).map(|call| &call.stage) {
            Some(Stage::Meeting { id, .. }) => Place::Meeting(*id),
            Some(Stage::Menu(_)) => Place::Menu,
            Some(
                Stage::Door | Stage::Dialling(_) | Stage::Operator | Stage::Leaving { .. } | Stage::Gone,
            )
            | None => Place::Elsewhere,
        }
    }
}

/// Where a caller is who may be with the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Meeting(MeetingId),
    Menu,
    Elsewhere,
}
