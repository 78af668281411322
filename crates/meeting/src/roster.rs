//! Who is in the meeting, and what each contributes.

use std::time::Instant;

use model::{Entrant, LegId, Mute, MuteMask, Role};

use crate::Hears;

/// One leg of the meeting. Each mute and hold has its own cause, so that taking one off never takes another off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) entrant: Entrant,
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) gain_db: i8,
    /// Muted by its own key.
    pub(crate) own_mute: bool,
    /// Muted by the meeting's mode or policy.
    pub(crate) mode_mute: Mute,
    /// Muted one by one by a host or client.
    pub(crate) host_mute: bool,
    /// Held by the meeting's mode or policy.
    pub(crate) mode_hold: bool,
    /// Held one by one.
    pub(crate) host_hold: bool,
    pub(crate) place: Place,
    pub(crate) warned: bool,
}

/// Where a leg is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the waiting room.
    Waiting { until: Instant, remind_at: Instant },
    /// In the meeting.
    Inside { since: Instant },
    /// Told to go; its `Leave` is on the way.
    Going,
}

/// One leg as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub leg: LegId,
    /// Its role now.
    pub role: Role,
    /// Name to show.
    pub name: String,
    /// Microphone level in dB.
    pub gain_db: i8,
    /// Mute bits.
    pub mute: Mute,
    /// Whether held.
    pub held: bool,
    /// Whether it waits for the start.
    pub waiting: bool,
    /// When it came in.
    pub joined_at: Option<Instant>,
}

impl Member {
    pub(crate) fn new(entrant: Entrant, mute: MuteMask, hold: MuteMask, place: Place) -> Self {
        let role = entrant.role;
        Self {
            role,
            name: entrant.name.clone(),
            gain_db: 0,
            own_mute: false,
            mode_mute: mute.of(role),
            host_mute: false,
            mode_hold: hold.of(role).any(),
            host_hold: false,
            place,
            warned: false,
            entrant,
        }
    }

    /// The two bits that callers and clients see.
    pub(crate) fn mute(&self) -> Mute {
        Mute {
            soft: self.own_mute || self.mode_mute.soft,
            hard: self.host_mute || self.mode_mute.hard,
        }
    }

    pub(crate) fn held(&self) -> bool {
        self.host_hold || self.mode_hold
    }

    pub(crate) fn is_inside(&self) -> bool {
        matches!(self.place, Place::Inside { .. })
    }

    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.place, Place::Waiting { .. })
    }

    /// What a leg contributes and hears: the only place where this is decided.
    pub(crate) fn route(&self) -> (bool, Hears) {
        match self.place {
            Place::Going => (false, Hears::Nothing),
            Place::Waiting { .. } => (false, Hears::Music),
            Place::Inside { .. } if self.held() => (false, Hears::Music),
            Place::Inside { .. } => (!self.mute().any(), Hears::Room),
        }
    }

    pub(crate) fn row(&self) -> Row {
        Row {
            leg: self.entrant.leg,
            role: self.role,
            name: self.name.clone(),
            gain_db: self.gain_db,
            mute: self.mute(),
            held: self.held(),
            waiting: self.is_waiting(),
            joined_at: match self.place {
                Place::Inside { since } => Some(since),
                Place::Waiting { .. } | Place::Going => None,
            },
        }
    }
}
