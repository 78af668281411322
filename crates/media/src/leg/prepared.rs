//! A change of what was agreed, made ready where time is no matter.

use super::config::{JitterConfig, Session};
use crate::inband::Inband;
use crate::jitter::Player;

/// What a leg needs to go on with another session. Making it allocates; taking it over ([`crate::Leg::reconfigure`]) does not, and
/// leaves in it what the leg no longer needs.
#[derive(Debug)]
pub struct Prepared {
    pub(super) session: Session,
    pub(super) player: Player,
    pub(super) inband: Option<Box<Inband>>,
}

impl Prepared {
    /// For a leg whose jitter buffer has these bounds.
    pub fn new(session: Session, jitter: JitterConfig) -> Self {
        Self {
            player: Player::new(session.format.codec(), jitter),
            inband: listens(&session).then(|| Box::new(Inband::new())),
            session,
        }
    }
}

/// Whether keys are looked for in the audio.
pub(super) fn listens(session: &Session) -> bool {
    let band = session.format.codec().rate().hz() == crate::inband::HZ;
    session.inband_digits && session.telephone_event.is_none() && band
}
