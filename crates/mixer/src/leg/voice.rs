//! What a leg gives to its room: its voice, when it has the floor.

use std::time::Instant;

use media::{Dbov, Decode, Frame, Heard, LegSocket, Rate};

use super::{LegSlot, Move};
use crate::sum::ByRate;

impl<S: LegSocket> LegSlot<S> {
    /// Plays what has arrived; returns how loud it speaks for the floor, if it may be heard. Of most legs nothing is kept: `scratch` is the
    /// same for all.
    pub(crate) fn listen(&mut self, now: Instant, scratch: &mut Frame) -> Option<i16> {
        let open = self.is_open();
        let decode = match open {
            // What fades out or is in the floor goes on to its end, the soft end of a word too.
            _ if !self.voice_fade.is_out() => Decode::Always,
            true if self.talker.score().is_some() => Decode::Always,
            true => Decode::IfTalking,
            false => Decode::No,
        };
        self.heard = self.media.playout(now, decode, scratch);
        match self.heard {
            _ if !open => self.talker.silence(),
            Heard::Audio { level } => self.talker.tick(level),
            Heard::Silence | Heard::Skipped => self.talker.tick(Dbov::SILENCE),
            // How loud it was meant to be is not known.
            Heard::Concealed => {}
        }
        self.gain.set_agc(self.media.agc_gain_db());
        if self.has_voice() {
            self.voice.at_mut(self.rate()).copy(scratch);
        }
        // The floor goes to who will be heard loudest. Whether one is a voice at all is judged by what he says: no gain makes one of noise.
        self.talker.score().map(|score| score + self.gain.in_16ths())
    }

    fn is_open(&self) -> bool {
        self.speaks && self.room.is_some() && self.next == Move::Stay
    }

    /// Whether [`LegSlot::speak`] has anything to do: something was heard of it now or in the last tick, or it has the floor or asks for it.
    pub(crate) fn has_voice(&self) -> bool {
        let is_heard = matches!(self.heard, Heard::Audio { .. } | Heard::Concealed);
        let was_heard = self.said || self.sounds || !self.voice_fade.is_out();
        is_heard || was_heard || self.talker.score().is_some() || self.talker.is_seated()
    }

    /// Makes its voice of what it said, at all the rates its room wants: whole with a seat on the floor, faded to nothing without.
    pub(crate) fn speak(&mut self, seated: bool, wanted: ByRate<bool>) {
        let rate = self.rate();
        let is_heard = self.is_open() && seated;
        let to = if is_heard { self.gain.factor() } else { 0 };
        self.talker.seat(is_heard);
        self.voice_fade.turn(to, rate);
        let said = match self.heard {
            Heard::Silence | Heard::Skipped | Heard::Audio { level: Dbov::SILENCE } => false,
            Heard::Audio { .. } | Heard::Concealed => true,
        };
        let sounded = self.sounds;
        // What was said last comes out of the converters a little later: they get the silence behind it too.
        let rings_out = std::mem::replace(&mut self.said, said);
        self.sounds = (said || rings_out) && !self.voice_fade.is_out();
        if !self.sounds {
            return self.voice_fade.finish();
        }
        self.voice_fade.fade(self.voice.at_mut(rate).samples_mut());
        self.convert(rate, wanted, !sounded);
    }

    fn convert(&mut self, own: Rate, wanted: ByRate<bool>, anew: bool) {
        for rate in wanted.rates().filter(|rate| *rate != own) {
            let converter = self.converters.at_mut(rate);
            if anew {
                converter.reset();
            }
            let frames = self.voice.0.get_disjoint_mut([own as usize, rate as usize]);
            if let Ok([from, to]) = frames {
                converter.convert(from.samples(), to.samples_mut());
            }
        }
    }

    /// Tells whether it began or ended to talk; `tell` says whether it was taken.
    pub(crate) fn tell_talking(&mut self, tell: impl FnOnce(bool) -> bool) {
        self.talker.tell(tell);
    }

    /// What it gives to its room in this tick, at one of the rates the room wants.
    pub(crate) fn voice(&self, rate: Rate) -> Option<&Frame> {
        self.sounds.then_some(self.voice.at(rate))
    }

    /// Whether it is a voice of its room in this tick: it has the floor, in the pauses between its words too, or fades out.
    pub(crate) const fn is_voice(&self) -> bool {
        self.sounds || self.talker.is_seated()
    }
}
