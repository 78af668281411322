//! Who is in the meeting, and what each contributes.

use std::time::Instant;

use model::{Actor, Cause, Entrant, LegId, Mute, MuteMask, OperatorMode, Question, Role};

use crate::qa::Part;
use crate::{Hears, Meeting};

/// Why a command about a leg that is not here, or not any more, is not carried out.
pub(crate) const UNKNOWN: &str = "no such leg in this meeting";

/// One leg of the meeting. Each mute and hold has its own cause, so that taking one off never takes another off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) leg: LegId,
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) gain_db: i8,
    /// Muted by its own key.
    pub(crate) own_mute: bool,
    /// Muted by the meeting's mode or policy.
    pub(crate) mode_mute: Mute,
    /// Muted one by one by a host or client.
    pub(crate) host_mute: bool,
    /// Muted while a question-and-answer session runs.
    pub(crate) qa_mute: bool,
    /// Its part in that session.
    pub(crate) part: Part,
    /// How far it is with the operator.
    pub(crate) operator: OperatorMode,
    /// Held by the meeting's mode or policy.
    pub(crate) mode_hold: bool,
    /// Held one by one.
    pub(crate) host_hold: bool,
    /// Place in the order of arrival.
    pub(crate) order: u64,
    /// When it was let in, be it to wait.
    pub(crate) arrived: Instant,
    pub(crate) place: Place,
    /// Whether its coming is among the events, with the mute and hold it came with.
    pub(crate) known: bool,
    /// Whether it was told that its call ends soon.
    pub(crate) warned: bool,
}

/// Where a leg is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the waiting room.
    Waiting { remind_at: Instant },
    /// In the meeting.
    Inside { since: Instant },
    /// Told to go, why and by whom; its `Leave` is on the way.
    Going {
        cause: Cause,
        by: Actor,
        was_inside: bool,
    },
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
    /// Its part in the question-and-answer session.
    pub question: Question,
    /// How far it is with the operator.
    pub operator: OperatorMode,
    /// Whether held.
    pub held: bool,
    /// Whether it waits for the start.
    pub waiting: bool,
    /// When it came in.
    pub joined_at: Option<Instant>,
}

impl Member {
    /// A leg that is let in at `now`: it begins muted and held as the modes in force say.
    pub(crate) fn new(now: Instant, entrant: Entrant, mute: MuteMask, hold: MuteMask, order: u64) -> Self {
        let role = entrant.role;
        Self {
            leg: entrant.leg,
            role,
            name: entrant.name,
            gain_db: 0,
            own_mute: false,
            mode_mute: mute.of(role),
            host_mute: false,
            qa_mute: false,
            part: Part::None,
            operator: OperatorMode::None,
            mode_hold: hold.of(role).any(),
            host_hold: false,
            order,
            arrived: now,
            place: Place::Waiting {
                remind_at: now + crate::deadlines::REMIND,
            },
            known: false,
            warned: false,
        }
    }

    /// The two bits that callers and clients see. Whoever has the floor is muted by itself or not at all.
    pub(crate) fn mute(&self) -> Mute {
        let others = !self.has_floor();
        Mute {
            soft: self.own_mute || others && self.mode_mute.soft,
            hard: others && (self.host_mute || self.mode_mute.hard || self.qa_mute),
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

    /// Whether it has not been told to go.
    pub(crate) fn stays(&self) -> bool {
        self.is_inside() || self.is_waiting()
    }

    /// Whether the others were with it, so that they notice when it goes.
    pub(crate) fn was_inside(&self) -> bool {
        match self.place {
            Place::Waiting { .. } => false,
            Place::Inside { .. } => true,
            Place::Going { was_inside, .. } => was_inside,
        }
    }

    /// What a leg contributes and hears: the only place where this is decided.
    pub(crate) fn route(&self) -> (bool, Hears) {
        match self.place {
            Place::Going { .. } => (false, Hears::Nothing),
            Place::Waiting { .. } | Place::Inside { .. } if self.operator.is_aside() => {
                (self.operator == OperatorMode::With, Hears::Operator)
            }
            Place::Waiting { .. } => (false, Hears::Music),
            Place::Inside { .. } if self.held() => (false, Hears::Music),
            Place::Inside { .. } => (!self.mute().any(), Hears::Room),
        }
    }

    pub(crate) fn row(&self) -> Row {
        Row {
            leg: self.leg,
            role: self.role,
            name: self.name.clone(),
            gain_db: self.gain_db,
            mute: self.mute(),
            question: self.question(),
            operator: self.operator,
            held: self.held(),
            waiting: self.is_waiting(),
            joined_at: match self.place {
                Place::Inside { since } => Some(since),
                Place::Waiting { .. } | Place::Going { .. } => None,
            },
        }
    }
}

impl Meeting {
    /// The leg, unless it is unknown or on its way out.
    pub(crate) fn member(&self, leg: LegId) -> Result<&Member, &'static str> {
        let member = self.roster.get(&leg).filter(|member| member.stays());
        member.ok_or(UNKNOWN)
    }

    pub(crate) fn member_mut(&mut self, leg: LegId) -> Result<&mut Member, &'static str> {
        let member = self.roster.get_mut(&leg).filter(|member| member.stays());
        member.ok_or(UNKNOWN)
    }

    /// Those who have not been told to go.
    pub(crate) fn staying(&self) -> impl Iterator<Item = &Member> {
        self.roster.values().filter(|member| member.stays())
    }

    /// Those of the legs that are `wanted`, in order of arrival.
    pub(crate) fn in_order(&self, wanted: impl Fn(&Member) -> bool) -> Vec<LegId> {
        let mut legs: Vec<_> = self.roster.values().filter(|member| wanted(member)).collect();
        legs.sort_by_key(|member| member.order);
        legs.into_iter().map(|member| member.leg).collect()
    }
}
