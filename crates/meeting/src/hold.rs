//! Hold: music for a leg, or for whole roles while hosts talk on.

use model::{Actor, Event, LegId, MuteMask, Phrase, Prompt, Role};

use crate::Meeting;

impl Meeting {
    pub(crate) fn set_hold(&mut self, actor: &Actor, leg: LegId, on: bool) -> Result<(), &'static str> {
        let member = self.member_mut(leg)?;
        if member.held() == on {
            return Err("already so");
        }
        member.host_hold = on;
        member.mode_hold = member.mode_hold && on;
        self.hold_changed(actor, leg);
        Ok(())
    }

    pub(crate) fn toggle_hold(&mut self, actor: &Actor) -> Result<(), &'static str> {
        let on = self.hold_mode == MuteMask::OPEN;
        self.set_hold_mode(actor, if on { MuteMask::HARD } else { MuteMask::OPEN })
    }

    pub(crate) fn set_hold_mode(&mut self, actor: &Actor, mode: MuteMask) -> Result<(), &'static str> {
        if self.hold_mode == mode {
            return Err("already so");
        }
        self.apply_hold_mode(actor, mode);
        let prompt = if mode == MuteMask::OPEN {
            Prompt::HoldOff
        } else {
            Prompt::HoldOn
        };
        let told = self
            .roster
            .iter()
            .filter(|(_, member)| member.is_inside() && stays(member.role, mode));
        for leg in told.map(|(leg, _)| *leg).collect::<Vec<_>>() {
            self.say(leg, vec![Phrase::Prompt(prompt)]);
        }
        Ok(())
    }

    pub(crate) fn apply_hold_mode(&mut self, actor: &Actor, mode: MuteMask) {
        if self.hold_mode == mode {
            return;
        }
        self.hold_mode = mode;
        self.event(actor, Event::HoldModeSet(mode));
        let mut changed = Vec::new();
        for (leg, member) in &mut self.roster {
            let before = member.held();
            member.mode_hold = mode.of(member.role).any();
            if member.held() != before {
                changed.push(*leg);
            }
        }
        for leg in changed {
            self.hold_changed(actor, leg);
        }
    }

    /// Said privately, so that it is heard over the music as well.
    fn hold_changed(&mut self, actor: &Actor, leg: LegId) {
        let Some(member) = self.roster.get(&leg) else {
            return;
        };
        let (on, inside) = (member.held(), member.is_inside());
        self.event(actor, Event::Held { leg, on });
        self.route(leg);
        if inside {
            let prompt = if on {
                Prompt::NowOnHold
            } else {
                Prompt::BackFromHold
            };
            self.say(leg, vec![Phrase::Prompt(prompt)]);
        }
    }
}

/// Whether the announcement of a hold mode is for this role: for those whom it leaves in the meeting. The others are told what
/// happened to themselves.
fn stays(role: Role, mode: MuteMask) -> bool {
    match mode {
        MuteMask::OPEN => role == Role::Host,
        mode => !mode.of(role).any(),
    }
}
