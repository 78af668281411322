//! How loud a voice is made: by a host, and on top of that by what brings it to its level.

use std::ops::RangeInclusive;

use crate::fade::UNITY;

/// Bounds of the gain that a host sets, dB.
const HOST_DB: RangeInclusive<i8> = -40..=40;

/// The gain of one leg.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gain {
    host_db: i8,
    agc_db: f32,
    factor: i32,
}

impl Gain {
    /// None.
    pub(crate) const NONE: Self = Self {
        host_db: 0,
        agc_db: 0.0,
        factor: UNITY,
    };

    /// Sets the host's part, dB; what lies outside the bounds is taken as the bound.
    pub(crate) fn set_host(&mut self, db: i8) {
        self.host_db = db.clamp(*HOST_DB.start(), *HOST_DB.end());
        self.update();
    }

    /// Sets the automatic part, dB; costs nothing where it has not changed.
    pub(crate) fn set_agc(&mut self, db: f32) {
        if self.agc_db != db {
            self.agc_db = db;
            self.update();
        }
    }

    /// Both together, as a factor for [`crate::fade::Fade`].
    pub(crate) const fn factor(self) -> i32 {
        self.factor
    }

    /// Both together in 1/16 dB, by which one is heard louder than he speaks.
    pub(crate) fn in_16ths(self) -> i16 {
        (self.db() * 16.0).round() as i16
    }

    fn db(self) -> f32 {
        f32::from(self.host_db) + self.agc_db
    }

    fn update(&mut self) {
        self.factor = (UNITY as f32 * 10f32.powf(self.db() / 20.0)).round() as i32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_add_up_in_decibels_and_the_hosts_is_bounded() {
        let mut gain = Gain::NONE;
        for (host, agc, db) in [
            (0, 0.0, 0.0),
            (6, 0.0, 6.0),
            (6, 7.5, 13.5),
            (-100, 2.0, -38.0),
            (0, -10.0, -10.0),
        ] {
            gain.set_host(host);
            gain.set_agc(agc);
            let found = 20.0 * (f64::from(gain.factor()) / f64::from(UNITY)).log10();
            assert!((found - db).abs() < 0.02, "{host} and {agc}: {found}");
            assert_eq!(gain.in_16ths(), (16.0 * db) as i16);
        }
    }
}
