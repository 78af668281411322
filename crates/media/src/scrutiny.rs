//! What is made of what a leg says, frame by frame: its gain, and whether it plays music or sends back what it hears.

use crate::agc::{Agc, Taken};
use crate::echo::{Echo, EchoWatch};
use crate::frame::Rate;
use crate::leg::LegEvent;
use crate::level::Dbov;
use crate::meter::{Glance, Meter};
use crate::texture::Texture;

/// Time that a tick takes, in ms.
const TICK_MS: u64 = 20;

/// Scrutiny of one leg.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Scrutiny {
    /// What was told last.
    music_told: bool,
    echo_told: bool,
    /// For how long each was suspected, in ms.
    pub(crate) music_ms: u64,
    pub(crate) echo_ms: u64,
    echo: EchoWatch,
    pub(crate) meter: Meter,
    agc: Agc,
    texture: Texture,
}

impl Scrutiny {
    /// Of a leg at `rate` whose speech is to be brought to `target`, if to any level; `seed` differs from leg to leg.
    pub(crate) fn new(rate: Rate, target: Option<Dbov>, seed: u64) -> Self {
        Self {
            meter: Meter::default(),
            texture: Texture::new(rate),
            agc: Agc::new(target),
            echo: EchoWatch::new(seed),
            music_told: false,
            echo_told: false,
            music_ms: 0,
            echo_ms: 0,
        }
    }

    /// Takes in a tick of real audio.
    pub(crate) fn hear(&mut self, level: Dbov, samples: &[i16], rate: Rate) {
        self.echo.hear(Some(level));
        let is_word = self.meter.tick(level, samples);
        self.texture.hear(level, samples, rate);
        let is_own = self.echo.suspected().is_none() && !self.echo.may_be_echo(level);
        let taken = match is_word && is_own && self.texture.is_speech() {
            true => Taken::Speech,
            false if self.music() => Taken::Music,
            false => Taken::Neither,
        };
        self.agc.hear(level, samples, taken, self.meter.noise());
        self.count();
    }

    /// Takes in a tick in which the peer is known to be silent.
    pub(crate) fn pause(&mut self) {
        self.echo.hear(Some(Dbov::SILENCE));
        self.meter.pause();
        self.texture.pause();
        self.count();
    }

    /// Takes in a tick of which nothing is known: it was lost, or nobody was to hear it. Where it was looked into, the meters go on.
    pub(crate) fn miss(&mut self, glance: Option<Glance>) {
        self.echo.hear(None);
        if let Some(glance) = glance {
            self.meter.glance(glance);
        }
        self.count();
    }

    /// Notes how loud is what the peer is sent in this tick.
    pub(crate) fn sent(&mut self, level: Dbov) {
        self.echo.sent(level);
    }

    /// The gain that brings the peer's speech to its level, dB.
    pub(crate) const fn gain_db(&self) -> f32 {
        self.agc.gain_db()
    }

    /// Whether the peer is suspected of playing music.
    pub(crate) const fn music(&self) -> bool {
        self.texture.is_suspected()
    }

    /// The echo that is suspected.
    pub(crate) const fn echo(&self) -> Option<Echo> {
        self.echo.suspected()
    }

    /// Tells which suspicions have come or gone since they were told last.
    pub(crate) fn tell(&mut self, mut tell: impl FnMut(LegEvent)) {
        let (music, echo) = (self.music(), self.echo());
        if std::mem::replace(&mut self.music_told, music) != music {
            tell(LegEvent::Music { suspected: music });
        }
        if std::mem::replace(&mut self.echo_told, echo.is_some()) != echo.is_some() {
            tell(LegEvent::Echo { suspected: echo });
        }
    }

    fn count(&mut self) {
        self.music_ms += TICK_MS * u64::from(self.music());
        self.echo_ms += TICK_MS * u64::from(self.echo().is_some());
    }
}
