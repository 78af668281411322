//! Hold: music for a leg, or for whole roles while hosts talk on.

use model::{Actor, Event, LegId, MuteMask, Phrase, Prompt};

use crate::Meeting;
use crate::machine::SAME;

impl Meeting {
    /// Holds one leg, which then no mode releases, or releases it, whatever had held it.
    pub(crate) fn set_hold(&mut self, actor: &Actor, leg: LegId, on: bool) -> Result<(), &'static str> {
        let member = self.member_mut(leg)?;
        let before = member.held();
        if before == on && member.host_hold == on {
            return Err(SAME);
        }
        member.host_hold = on;
        member.mode_hold &= on;
        if before != on {
            self.hold_changed(actor, leg);
        }
        Ok(())
    }

    pub(crate) fn toggle_hold(&mut self, actor: &Actor) -> Result<(), &'static str> {
        let on = self.hold_mode == MuteMask::OPEN;
        self.set_hold_mode(actor, if on { MuteMask::HARD } else { MuteMask::OPEN })
    }

    /// Those who stay in the meeting hear of it; the others are told what happened to themselves.
    pub(crate) fn set_hold_mode(&mut self, actor: &Actor, mode: MuteMask) -> Result<(), &'static str> {
        if self.hold_mode == mode {
            return Err(SAME);
        }
        self.tell_hold_mode(actor, mode);
        let (mut changed, mut untouched) = (Vec::new(), Vec::new());
        for (leg, member) in self.roster.iter_mut().filter(|(_, member)| member.stays()) {
            let before = member.held();
            member.mode_hold = mode.of(member.role).any();
            match (member.held() != before, member.held()) {
                (true, _) => changed.push(*leg),
                (false, false) if member.is_inside() => untouched.push(*leg),
                (false, true | false) => {}
            }
        }
        for leg in untouched {
            self.say(leg, vec![Phrase::Prompt(hold_prompt(mode))]);
        }
        for leg in changed {
            self.hold_changed(actor, leg);
        }
        Ok(())
    }

    fn tell_hold_mode(&mut self, actor: &Actor, mode: MuteMask) {
        (self.hold_mode, self.told_hold_mode) = (mode, mode);
        self.event(actor, Event::HoldModeSet(mode));
    }

    /// What was told to be on is told to be off; nobody is left to whom it could matter.
    pub(crate) fn end_hold_mode(&mut self) {
        if self.told_hold_mode != MuteMask::OPEN {
            self.tell_hold_mode(&Actor::Bridge, MuteMask::OPEN);
        }
    }

    /// Said privately: before the music begins, and after it has ended.
    pub(crate) fn hold_changed(&mut self, actor: &Actor, leg: LegId) {
        let Some(member) = self.roster.get(&leg) else {
            return;
        };
        let (on, inside) = (member.held(), member.is_inside());
        self.event(actor, Event::Held { leg, on });
        if on && inside {
            self.say(leg, vec![Phrase::Prompt(Prompt::NowOnHold)]);
        }
        self.route(leg);
        if !on && inside {
            self.say(leg, vec![Phrase::Prompt(Prompt::BackFromHold)]);
        }
    }
}

fn hold_prompt(mode: MuteMask) -> Prompt {
    match mode {
        MuteMask::OPEN => Prompt::HoldOff,
        _ => Prompt::HoldOn,
    }
}
