//! What RTCP told, of all calls together.

use serde::Serialize;

use super::spread::percent;
use crate::rtcp::{Found, Trips};

/// RTCP of whole calls (RFC 3550, section 6).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reports {
    /// Datagrams that the phones sent.
    pub sent: u64,
    /// Datagrams taken from the bridge.
    pub received: u64,
    /// Datagrams that are no reports.
    pub malformed: u64,
    /// Datagrams that came from nowhere where a call of ours has its other end.
    pub stray: u64,
    /// Goodbyes of the bridge.
    pub goodbyes: u64,
    /// Calls on whose packets the bridge reported.
    pub reported_on: usize,
    /// Packets of these that it misses, by its last report on each.
    pub lost: i64,
    /// Largest share of a call's packets missing in one of its reports, percent.
    pub worst_loss: f64,
    /// Round trips, by what the bridge quotes of the phones' reports, ms.
    pub round_trip_ms: RoundTrips,
}

/// Round trips, ms, to a tenth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct RoundTrips {
    /// How many were measured.
    pub count: u64,
    /// Half are below or at this; none where none was measured.
    pub p50: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
}

impl RoundTrips {
    pub(super) fn of(trips: &Trips) -> Self {
        Self {
            count: trips.count(),
            p50: trips.median_ms(),
            max: trips.worst_ms(),
        }
    }
}

/// The same while calls are added up.
#[derive(Debug, Default)]
pub(crate) struct Reported {
    sum: Reports,
    trips: Trips,
}

impl Reported {
    /// Takes in what a call's reports told.
    pub(super) fn add(&mut self, found: &Found) {
        self.sum.take(&Reports {
            sent: found.sent,
            received: found.received,
            malformed: found.malformed,
            stray: 0,
            goodbyes: found.goodbyes,
            reported_on: usize::from(found.lost.is_some()),
            lost: found.lost.map_or(0, i64::from),
            worst_loss: percent(u64::from(found.worst_fraction), 256),
            round_trip_ms: RoundTrips::default(),
        });
        self.trips.merge(&found.trips);
    }

    /// A datagram came from where no call has its other end.
    pub(crate) fn stray(&mut self) {
        self.sum.stray += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.sum.take(&other.sum);
        self.trips.merge(&other.trips);
    }

    /// All figures.
    pub(super) fn told(&self) -> Reports {
        Reports {
            round_trip_ms: RoundTrips::of(&self.trips),
            ..self.sum.clone()
        }
    }
}

impl Reports {
    fn take(&mut self, more: &Self) {
        self.sent += more.sent;
        self.received += more.received;
        self.malformed += more.malformed;
        self.stray += more.stray;
        self.goodbyes += more.goodbyes;
        self.reported_on += more.reported_on;
        self.lost += more.lost;
        self.worst_loss = self.worst_loss.max(more.worst_loss);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(trips: &[f64], lost: Option<i32>, worst_fraction: u8) -> Found {
        let mut found = Found {
            sent: 3,
            received: 2,
            lost,
            worst_fraction,
            ..Found::default()
        };
        trips.iter().for_each(|ms| found.trips.note(*ms));
        found
    }

    #[test]
    fn calls_of_two_crews_are_told_together() {
        let (mut one, mut other) = (Reported::default(), Reported::default());
        one.add(&found(&[1.0, 9.0], Some(40), 64));
        one.add(&found(&[], None, 0));
        other.add(&found(&[2.0], Some(-1), 0));
        other.stray();
        one.merge(&other);
        let expected = Reports {
            sent: 9,
            received: 6,
            malformed: 0,
            stray: 1,
            goodbyes: 0,
            reported_on: 2,
            lost: 39,
            worst_loss: 25.0,
            round_trip_ms: RoundTrips {
                count: 3,
                p50: Some(2.0),
                max: Some(9.0),
            },
        };
        assert_eq!(one.told(), expected);
    }
}
