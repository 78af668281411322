//! The caller in the menu: what the session wants, digits, prompts.

use std::time::{Duration, Instant};

use ivr::budget::{Allowance, Guesser};
use ivr::session::{self, Found};
use model::{Actor, Cause, LegId, OperatorMode, Phrase};
use sip::Command;

use super::Control;
use super::call::Stage;
use super::opening;
use super::output::{Listeners, MediaOrder, PlayId};
use super::voice;

impl Control {
    pub(super) fn session_input(&mut self, now: Instant, leg: LegId, input: session::Input) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        if let Stage::Menu(session) = &mut call.stage {
            session.handle_input(now, input);
            self.menu_outputs(now, leg);
        }
    }

    pub(super) fn menu_outputs(&mut self, now: Instant, leg: LegId) {
        while let Some(call) = self.calls.get_mut(&leg)
            && let Stage::Menu(session) = &mut call.stage
            && let Some(output) = session.poll_output()
        {
            let dialog = call.dialog;
            match output {
                session::Output::Ring => self.sip(now, Command::Ring { call: dialog }),
                session::Output::Answer => self.answer(now, leg),
                session::Output::Say(phrases) => self.say(leg, &phrases),
                session::Output::Hush => self.hush(leg),
                session::Output::Peek(digits) => self.peek(now, leg, &digits),
                session::Output::LookUp(code) => self.look_up(now, leg, &code),
                session::Output::Enter {
                    code,
                    on_the_fly,
                    pound_pending,
                } if !self.headroom.is_overrun() => {
                    self.enter(now, leg, code, on_the_fly, pound_pending);
                }
                session::Output::Enter { .. } => self.turn_away(now, leg),
                session::Output::CallOperator => {
                    self.menu_operator(now, leg, OperatorMode::Requested, Some(Cause::WrongCode));
                    self.call_operator(now, leg, Actor::Bridge);
                }
                session::Output::HangUp { cause, say } => self.leave(now, leg, cause, &say),
            }
        }
        self.reschedule_call(leg);
    }

    /// Says something to one leg alone, in place of what is being said.
    pub(super) fn say(&mut self, leg: LegId, phrases: &[Phrase]) {
        let id = self.new_play();
        if let Some(call) = self.calls.get_mut(&leg) {
            if let Some(cut_off) = call.playing.replace(id) {
                self.plays.remove(&cut_off);
            }
            self.plays.insert(id, leg);
            let sounds = voice::speak(phrases);
            self.order(MediaOrder::Play {
                to: Listeners::Leg(leg),
                id,
                sounds,
            });
        }
    }

    pub(super) fn hush(&mut self, leg: LegId) {
        let playing = self.calls.get_mut(&leg).and_then(|call| call.playing.take());
        if let Some(cut_off) = playing {
            self.plays.remove(&cut_off);
            self.order(MediaOrder::Hush { leg });
        }
    }

    /// Something was played to its end; things that were cut off in the meantime have lost their name.
    pub(super) fn played(&mut self, now: Instant, id: PlayId) {
        let Some(leg) = self.plays.remove(&id) else { return };
        let Some(call) = self.calls.get_mut(&leg).filter(|call| call.playing == Some(id)) else {
            return;
        };
        call.playing = None;
        match call.stage {
            Stage::Menu(_) => self.session_input(now, leg, session::Input::Said),
            Stage::Leaving { .. } => self.hang_up(now, leg),
            Stage::Door | Stage::Dialling(_) | Stage::Meeting { .. } | Stage::Operator | Stage::Gone => {}
        }
    }

    pub(super) fn digit(&mut self, now: Instant, leg: LegId, key: char) {
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        if !call.keys.take(now) {
            self.counts.keys_dropped += 1;
            return;
        }
        match &call.stage {
            Stage::Menu(_) => self.session_input(now, leg, session::Input::Digit(key)),
            Stage::Meeting { .. } => self.meeting_digit(now, leg, key),
            Stage::Door | Stage::Dialling(_) | Stage::Operator | Stage::Leaving { .. } | Stage::Gone => {}
        }
    }

    pub(super) fn call_timeout(&mut self, now: Instant, leg: LegId) {
        if self.is_too_long(now, leg) {
            return;
        }
        let Some(call) = self.calls.get_mut(&leg) else {
            return;
        };
        match &mut call.stage {
            Stage::Menu(session) => {
                session.handle_timeout(now);
                self.menu_outputs(now, leg);
            }
            Stage::Meeting { id, keypad } => {
                let polling = self.meetings.get(id).is_some_and(|slot| slot.votes(leg));
                keypad.handle_timeout(now, polling);
                self.keypad_outputs(now, leg);
            }
            Stage::Leaving { .. } => self.hang_up(now, leg),
            Stage::Door | Stage::Dialling(_) | Stage::Operator | Stage::Gone => {}
        }
        self.reschedule_call(leg);
    }

    fn peek(&mut self, now: Instant, leg: LegId, digits: &str) {
        let Some(call) = self.calls.get(&leg) else { return };
        if opening::is_whole(&self.directory, call.dialled.group.id, digits) {
            self.session_input(now, leg, session::Input::Complete);
        }
    }

    /// Step 6: the code in the keychains of all rooms of the DID's group, within the budgets.
    fn look_up(&mut self, now: Instant, leg: LegId, code: &str) {
        let Some(call) = self.calls.get(&leg) else { return };
        let (who, flow) = (call.guesser.clone(), call.dialled.group.call_flow);
        let (found, wait) = match self.budget.allowance(now, &who) {
            Allowance::Spent => (Found::Spent, Duration::ZERO),
            Allowance::After(wait) => {
                self.counts.guesses_slowed += u64::from(!wait.is_zero());
                let known = self.directory.grant(who.group, code).is_some()
                    || self.on_the_fly.contains_key(&(who.group, code.to_owned()));
                let found = match known {
                    true => Found::Open,
                    false if opening::may_open(flow, code) && self.opens_one_more(now, &who) => Found::Free,
                    false => {
                        self.budget.failed(now, &who);
                        Found::Wrong
                    }
                };
                (found, wait)
            }
        };
        self.session_input(now, leg, session::Input::Found { found, wait });
    }

    /// Whether `who` may open one more meeting on the fly; counts it against its budgets if so.
    fn opens_one_more(&mut self, now: Instant, who: &Guesser) -> bool {
        if !self.room_for_a_meeting() {
            return false;
        }
        let opens = self.budget.open_meeting(now, who);
        self.counts.meetings_unopened += u64::from(!opens);
        opens
    }

    pub(super) fn reschedule_call(&mut self, leg: LegId) {
        let at = self.calls.get(&leg).and_then(|call| call.poll_timeout());
        self.schedule.set(super::Owner::Call(leg), at);
    }
}
