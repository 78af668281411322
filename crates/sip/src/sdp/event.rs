//! Telephone events: keys as packets (RFC 4733).

/// The events we take: the sixteen keys, and the flash hook some peers name too.
const OURS: u32 = 0x1_ffff;
/// The sixteen keys, which a description without fmtp means (RFC 4733 section 2.4.1).
const KEYS: u32 = 0xffff;

/// Keys as packets, agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// The payload type they arrive with.
    pub payload_type: u8,
    /// The clock of their durations, Hz.
    pub clock_hz: u32,
    /// One bit an event, `1 << 0` to `1 << 16`: 0 to 9, *, #, A to D, flash.
    pub events: u32,
}

impl TelephoneEvent {
    /// What we offer: the sixteen keys.
    pub(super) fn keys(payload_type: u8, clock_hz: u32) -> Self {
        Self {
            payload_type,
            clock_hz,
            events: KEYS,
        }
    }

    /// The events as fmtp lists them, such as `0-15`.
    pub(super) fn list(self) -> String {
        let mut runs = Vec::new();
        let mut event = 0;
        while event < u32::BITS {
            let length = (self.events >> event).trailing_ones();
            if length > 0 {
                runs.push(run(event, event.saturating_add(length).saturating_sub(1)));
            }
            event = event.saturating_add(length).saturating_add(1);
        }
        runs.join(",")
    }
}

fn run(first: u32, last: u32) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

/// The events of an fmtp that we take too; a list we cannot read means the sixteen keys.
pub(super) fn shared_events(fmtp: Option<&str>) -> u32 {
    fmtp.and_then(read_list).map_or(KEYS, |theirs| theirs & OURS)
}

fn read_list(list: &str) -> Option<u32> {
    list.trim()
        .split(',')
        .take(64)
        .try_fold(0, |events, item| Some(events | read_run(item.trim())?))
}

fn read_run(item: &str) -> Option<u32> {
    let (first, last) = item.split_once('-').unwrap_or((item, item));
    let (first, last): (u8, u8) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then(|| below(last.saturating_add(1)) & !below(first))
}

/// Bits of the events under `event`.
fn below(event: u8) -> u32 {
    1_u32
        .checked_shl(u32::from(event))
        .map_or(u32::MAX, |bit| bit.wrapping_sub(1))
}
