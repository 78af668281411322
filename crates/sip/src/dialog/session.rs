//! Session timers (RFC 4028), as the side that is asked.

use std::time::{Duration, Instant};

use sipx_sip::{HeaderName, Headers};

use crate::message::{Refusal, Writer, text};

/// Bounds of what we agree to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// Shortest interval, seconds.
    pub(crate) min: u32,
    /// What we ask for when the peer names none, seconds.
    pub(crate) default: Option<u32>,
}

/// Who keeps the session alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresher {
    Us,
    Peer,
}

/// An interval both sides agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Seconds.
    pub(crate) interval: u32,
    pub(crate) refresher: Refresher,
}

impl Agreed {
    /// What our 2xx to this request of the peer's says (RFC 4028 section 9).
    ///
    /// # Errors
    /// 422 with Min-SE when the interval is too short and the peer knows timers.
    pub(crate) fn as_server(headers: &Headers, policy: Policy) -> Result<Option<Self>, Refusal> {
        let knows_timers = text::lists(headers, &HeaderName::Supported, "timer");
        let least = text::seconds(headers, &HeaderName::MinSe).unwrap_or(0);
        let interval = match text::seconds(headers, &HeaderName::SessionExpires) {
            Some(asked) if asked < policy.min && knows_timers => {
                return Err(Refusal::new(422).with("Min-SE", policy.min.to_string()));
            }
            Some(asked) => Some(asked).filter(|asked| *asked >= policy.min),
            None => policy.default.filter(|_| knows_timers),
        };
        let refresher = match refresher(headers).as_deref() {
            Some("uac") | None if knows_timers => Refresher::Peer,
            Some(_) | None => Refresher::Us,
        };
        Ok(interval.map(|interval| Self {
            interval: interval.max(least),
            refresher,
        }))
    }

    /// What the peer's 2xx to a request of ours says (RFC 4028 section 7.2).
    pub(crate) fn as_client(headers: &Headers) -> Option<Self> {
        let interval = text::seconds(headers, &HeaderName::SessionExpires)?;
        let refresher = match refresher(headers).as_deref() {
            Some("uas") => Refresher::Peer,
            Some(_) | None => Refresher::Us,
        };
        Some(Self { interval, refresher })
    }

    /// The headers of our 2xx.
    pub(crate) fn write(self, writer: Writer) -> Writer {
        match self.refresher {
            Refresher::Peer => writer
                .header("Session-Expires", format!("{};refresher=uac", self.interval))
                .header("Require", "timer"),
            Refresher::Us => writer.header("Session-Expires", format!("{};refresher=uas", self.interval)),
        }
    }
}

fn refresher(headers: &Headers) -> Option<String> {
    let value = headers.value(&HeaderName::SessionExpires)?;
    text::split(&value, b';')
        .iter()
        .map(|part| text::parameter(part))
        .find(|(name, _)| name.eq_ignore_ascii_case(b"refresher"))
        .map(|(_, value)| text::readable(value).to_ascii_lowercase())
}

/// The running timer of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SessionTimer {
    Off,
    /// The peer refreshes; without it we hang up.
    Watch {
        /// Seconds.
        interval: u32,
        end_at: Instant,
    },
    /// We refresh; `refresh_at` is gone while a refresh is under way.
    Keep {
        /// Seconds.
        interval: u32,
        refresh_at: Option<Instant>,
        end_at: Instant,
    },
}

impl SessionTimer {
    /// Starts, or starts again, from `now` (RFC 4028 section 10).
    pub(crate) fn start(now: Instant, agreed: Option<Agreed>) -> Self {
        let Some(Agreed { interval, refresher }) = agreed else {
            return Self::Off;
        };
        let seconds = |n: u32| Duration::from_secs(u64::from(n));
        let end_at = now + seconds(interval - (interval / 3).min(32));
        match refresher {
            Refresher::Peer => Self::Watch { interval, end_at },
            Refresher::Us => Self::Keep {
                interval,
                refresh_at: Some(now + seconds(interval / 2)),
                end_at,
            },
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match *self {
            Self::Off => None,
            Self::Watch { end_at, .. } => Some(end_at),
            Self::Keep {
                refresh_at, end_at, ..
            } => Some(refresh_at.map_or(end_at, |at| at.min(end_at))),
        }
    }

    /// Whether the session is over at `now`.
    pub(crate) fn is_expired(&self, now: Instant) -> bool {
        match *self {
            Self::Off => false,
            Self::Watch { end_at, .. } | Self::Keep { end_at, .. } => end_at <= now,
        }
    }

    /// Whether we are to refresh at `now`; asks only once.
    pub(crate) fn take_refresh(&mut self, now: Instant) -> bool {
        match self {
            Self::Keep { refresh_at, .. } if refresh_at.is_some_and(|at| at <= now) => {
                *refresh_at = None;
                true
            }
            Self::Off | Self::Watch { .. } | Self::Keep { .. } => false,
        }
    }

    /// Tries the refresh again at `at`.
    pub(crate) fn refresh_again(&mut self, at: Instant) {
        match self {
            Self::Keep { refresh_at, .. } => *refresh_at = Some(at),
            Self::Off | Self::Watch { .. } => {}
        }
    }

    /// Session-Expires of a request of ours: roles stay as they are (RFC 4028 section 7.4).
    pub(crate) fn header(&self) -> Option<String> {
        match *self {
            Self::Off => None,
            Self::Watch { interval, .. } => Some(format!("{interval};refresher=uas")),
            Self::Keep { interval, .. } => Some(format!("{interval};refresher=uac")),
        }
    }

    /// Takes over the peer's longer minimum (422).
    pub(crate) fn lengthen(&mut self, least: u32) {
        match self {
            Self::Keep { interval, .. } => *interval = (*interval).max(least),
            Self::Off | Self::Watch { .. } => {}
        }
    }
}
