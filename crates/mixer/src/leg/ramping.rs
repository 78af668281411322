//! How a leg goes over from one thing that others hear to another, and comes to share with them again.

use media::LegSocket;

use super::{Ear, LegSlot, Move};
use crate::LegKey;
use crate::fade::UNITY;
use crate::ramps::{Faders, Ramp};
use crate::report::RampCounts;

/// Ticks for which a ramp is put off at most: 200 ms, within which a hundred and sixty others begin in Opus.
const MOST_PUT_OFF: u8 = 10;

impl<S: LegSocket> LegSlot<S> {
    /// What it hears, where that is what others hear, or will be.
    pub(super) fn ear_among_others(&mut self) -> Ear {
        let Some(ear) = self.at_rest() else {
            return Ear::Ramp;
        };
        self.put_off = 0;
        if self.encoder.nears() { Ear::Settles } else { ear }
    }

    /// What its faders let it hear, if they do not move.
    fn at_rest(&self) -> Option<Ear> {
        let [room, music] = self.faders();
        match (room.is_out(), music.is_out()) {
            (true, true) => Some(Ear::Silence),
            (false, true) if room.is_unity() => Some(Ear::Room),
            (true, false) if music.is_unity() => Some(Ear::Music),
            (true | false, _) => None,
        }
    }

    /// What others hear that it will be sent, if it settles; else what it hears.
    pub(crate) fn settled(&self, ear: Ear) -> Ear {
        match ear {
            Ear::Settles => self.at_rest().unwrap_or(ear),
            Ear::Silence | Ear::Room | Ear::Music | Ear::Own | Ear::Ramp => ear,
        }
    }

    /// Whether its encoder made what it was sent in the tick before number `tick`.
    pub(crate) fn goes_on(&self, tick: u64) -> bool {
        self.encoder.is_warm(tick)
    }

    /// The ramp it is about to take in tick number `tick`, or settles of, if it heard in the last one what others did: their decoders
    /// remember the same.
    pub(crate) fn ramp(&self, tick: u64, ear: Ear) -> Option<Ramp> {
        if !matches!(ear, Ear::Ramp | Ear::Settles) {
            return None;
        }
        let led_by = self.led.filter(|(at, _)| at + 1 == tick).map(|(_, by)| by);
        let read = self.read.is_some_and(|at| at + 1 == tick);
        let heard_alone = led_by.is_none() && (read || self.goes_on(tick));
        (!heard_alone).then(|| Ramp {
            room: self.room,
            format: self.format(),
            faders: self.faders(),
            led_by,
        })
    }

    /// Is sent in tick number `tick` what the encoder of the leg `by` makes of a ramp, or behind one; its faders are here then.
    pub(crate) fn follow(&mut self, tick: u64, ear: Ear, by: LegKey, faders: Faders) {
        [self.room_fade, self.music_fade] = faders;
        self.led = Some((tick, by));
        if ear == Ear::Ramp {
            self.encoder.ramp();
        }
    }

    /// How loud it hears its room, and the music.
    pub(crate) const fn faders(&self) -> Faders {
        [self.room_fade, self.music_fade]
    }

    /// May not encode for itself, and says what it hears of what others do: what it heard so far where its ramp can wait, or what it will.
    pub(crate) fn go_without(&mut self, ear: Ear, counts: &mut RampCounts) -> Ear {
        if ear == Ear::Ramp {
            if let Some(heard) = self.put_ramp_off() {
                counts.put_off += 1;
                return heard;
            }
            counts.cut += 1;
        }
        self.encoder.join();
        self.room_fade.finish();
        self.music_fade.finish();
        self.at_rest().unwrap_or(Ear::Own)
    }

    /// Lets its ramp begin in the next tick, if it has not begun, and it is still there then.
    fn put_ramp_off(&mut self) -> Option<Ear> {
        let stays = self.next == Move::Stay && self.baggage.is_none();
        if !stays || self.put_off == MOST_PUT_OFF {
            return None;
        }
        let heard = match [self.room_fade.at(), self.music_fade.at()] {
            [0, 0] => Ear::Silence,
            [UNITY, 0] => Ear::Room,
            [0, UNITY] => Ear::Music,
            _ => return None,
        };
        self.put_off += 1;
        Some(heard)
    }
}
