//! Mute: a leg's own soft bit, a host's hard bit, and the mode for a whole role.

use model::{Actor, Event, LegId, Mute, MuteMask, Phrase, Prompt, Question, Role};

use crate::Meeting;
use crate::machine::SAME;
use crate::qa::Part;
use crate::roster::Member;

impl Meeting {
    /// The mute key: a leg's own mute on or off. What a host has muted stays muted, and so does a listener, however it was muted, unless it
    /// has the floor.
    pub(crate) fn toggle_mute(&mut self, actor: &Actor, leg: LegId) -> Result<(), &'static str> {
        let member = self.member_mut(leg)?;
        let (mute, floor) = (member.mute(), member.has_floor());
        let refusal = match member.role {
            Role::Listener if mute.any() && !floor => Some(Prompt::ListenersCannotSpeak),
            Role::Host | Role::Participant if mute.hard => Some(Prompt::MutedByHostRaiseHand),
            Role::Host | Role::Participant | Role::Listener => None,
        };
        if let Some(prompt) = refusal {
            self.say(leg, vec![Phrase::Prompt(prompt)]);
            return Err("muted by a host or by policy");
        }
        member.own_mute = !mute.soft;
        // What the mode put on stays beneath the floor as it is.
        member.mode_mute.soft &= floor;
        let prompt = if mute.soft {
            Prompt::NowUnmuted
        } else {
            Prompt::NowMuted
        };
        self.say(leg, vec![Phrase::Prompt(prompt)]);
        self.mute_changed(actor, leg);
        Ok(())
    }

    /// Sets both bits of one leg; one that is muted hard has the floor no more.
    pub(crate) fn set_mute(&mut self, actor: &Actor, leg: LegId, mute: Mute) -> Result<(), &'static str> {
        let loses_floor = mute.hard && self.member(leg)?.has_floor();
        if loses_floor {
            self.lower(actor, leg, Question::Answered);
        }
        let done = self.set_bits(actor, leg, mute);
        if loses_floor { Ok(()) } else { done }
    }

    /// A bit that is on stays so when the mode that had set it as well goes, and one that is off is off whatever had set it.
    fn set_bits(&mut self, actor: &Actor, leg: LegId, mute: Mute) -> Result<(), &'static str> {
        let member = self.member_mut(leg)?;
        let before = member.mute();
        if before == mute && (member.own_mute, member.host_mute) == (mute.soft, mute.hard) {
            return Err(SAME);
        }
        member.set_mute(mute);
        if before == mute {
            return Ok(());
        }
        match (before.any(), mute.any()) {
            (false, true) => self.say(leg, vec![Phrase::Prompt(Prompt::MutedByHost)]),
            (true, false) => self.say(leg, vec![Phrase::Prompt(Prompt::UnmutedByHost)]),
            (true, true) | (false, false) => {}
        }
        self.mute_changed(actor, leg);
        Ok(())
    }

    /// 32 ▸ 36 ▸ 40 ▸ 32; from anything else to 32.
    pub(crate) fn step_mute_mode(&mut self, actor: &Actor) -> Result<(), &'static str> {
        let next = match self.mute_mode {
            MuteMask::LISTENERS => MuteMask::SOFT,
            MuteMask::SOFT => MuteMask::HARD,
            _ => MuteMask::LISTENERS,
        };
        self.set_mute_mode(actor, next)
    }

    pub(crate) fn set_mute_mode(&mut self, actor: &Actor, mode: MuteMask) -> Result<(), &'static str> {
        if self.mute_mode == mode {
            return Err(SAME);
        }
        self.apply_mute_mode(actor, mode);
        let participants = mode.of(Role::Participant);
        let prompt = match (participants.hard, participants.soft) {
            (true, _) => Prompt::ModeHard,
            (false, true) => Prompt::ModeSoft,
            (false, false) => Prompt::ModeOpen,
        };
        self.say_all(actor, prompt);
        Ok(())
    }

    /// Takes off what the former mode put on, and puts on what the new one says; nothing else is touched.
    fn apply_mute_mode(&mut self, actor: &Actor, mode: MuteMask) {
        self.tell_mute_mode(actor, mode);
        let mut changed = Vec::new();
        for (leg, member) in self.roster.iter_mut().filter(|(_, member)| member.stays()) {
            let before = member.mute();
            member.mode_mute = mode.of(member.role);
            if member.mute() != before {
                changed.push(*leg);
            }
        }
        for leg in changed {
            self.mute_changed(actor, leg);
        }
    }

    fn tell_mute_mode(&mut self, actor: &Actor, mode: MuteMask) {
        (self.mute_mode, self.told_mute_mode) = (mode, mode);
        self.event(actor, Event::MuteModeSet(mode));
    }

    /// What was told to be on is told to be off; nobody is left to whom it could matter.
    pub(crate) fn end_mute_mode(&mut self) {
        if self.told_mute_mode != MuteMask::OPEN {
            self.tell_mute_mode(&Actor::Bridge, MuteMask::OPEN);
        }
    }

    /// Changes something about a leg, and tells of its mute should that change with it.
    pub(crate) fn change(&mut self, actor: &Actor, leg: LegId, change: impl FnOnce(&mut Member)) {
        let Some(member) = self.roster.get_mut(&leg) else {
            return;
        };
        let before = member.mute();
        change(member);
        if member.mute() != before {
            self.mute_changed(actor, leg);
        }
    }

    pub(crate) fn mute_changed(&mut self, actor: &Actor, leg: LegId) {
        if let Some(member) = self.roster.get(&leg) {
            let mute = member.mute();
            self.event(actor, Event::Muted { leg, mute });
            self.route(leg);
        }
    }
}

impl Member {
    /// Sets both bits, whatever had set them before.
    fn set_mute(&mut self, mute: Mute) {
        (self.own_mute, self.host_mute) = (mute.soft, mute.hard);
        self.mode_mute.soft &= mute.soft;
        self.mode_mute.hard &= mute.hard;
        self.qa_mute &= mute.hard;
        if let Part::Floor { own_mute } = &mut self.part {
            *own_mute &= mute.soft;
        }
    }
}
