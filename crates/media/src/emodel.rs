//! How good a call sounds, from what is measured on its way: the E-model (ITU-T G.107), with all that is not measured at its default.

/// Rating of a way without any fault (G.107, table 2: all defaults).
const BEST: f64 = 93.2;
/// Time that making and packing a frame of 20 ms takes before it is on the wire, in ms.
const PACKING_MS: f64 = 20.0;
/// How well concealment hides random loss (Bpl): G.711 with the concealment of its appendix I (G.113, table I.2). The ITU gives no values on this scale for
/// G.722 and Opus; theirs hide as much and more.
const ROBUSTNESS: f64 = 25.1;

/// What is known of one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Way {
    /// Share of the packets that were not heard, lost or too late and not had from redundancy, 0 to 1.
    pub loss: f64,
    /// Mean length of losses in a row over that of random loss; 1 for random, more for bursts.
    pub burst_ratio: f64,
    /// Time from mouth to ear without packing, ms.
    pub delay_ms: f64,
}

impl Way {
    /// The rating R, 0 to 93.2: above 80 users are satisfied, below 60 nearly all complain (G.107, annex B).
    pub fn rating(&self) -> f64 {
        (BEST - self.delay_impairment() - self.loss_impairment()).clamp(0.0, BEST)
    }

    /// Mean opinion score, 1 to 4.4 (G.107, annex B).
    pub fn mos(&self) -> f64 {
        let r = self.rating();
        (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
    }

    /// Id, in the common simplification of section 7.4 for a way without echo.
    fn delay_impairment(&self) -> f64 {
        let delay = self.delay_ms + PACKING_MS;
        0.024 * delay + 0.11 * (delay - 177.3).max(0.0)
    }

    /// Ie,eff of a codec that does no harm by itself (section 7.5).
    fn loss_impairment(&self) -> f64 {
        let percent = 100.0 * self.loss.clamp(0.0, 1.0);
        95.0 * percent / (percent / self.burst_ratio.max(1.0) + ROBUSTNESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(loss: f64, burst_ratio: f64, delay_ms: f64) -> Way {
        Way {
            loss,
            burst_ratio,
            delay_ms,
        }
    }

    #[test]
    fn scores_are_those_of_the_recommendation_s_formulae() {
        for (way, rating, mos) in [
            (way(0.0, 1.0, 0.0), 92.72, 4.40),
            (way(0.01, 1.0, 30.0), 88.36, 4.297),
            (way(0.05, 1.0, 80.0), 75.02, 3.82),
            (way(0.05, 2.0, 80.0), 73.59, 3.761),
            (way(0.0, 1.0, 380.0), 59.09, 3.05),
            (way(1.0, 1.0, 0.0), 16.78, 1.165),
        ] {
            assert!((way.rating() - rating).abs() < 0.05, "{way:?}: {}", way.rating());
            assert!((way.mos() - mos).abs() < 0.01, "{way:?}: {}", way.mos());
        }
    }

    #[test]
    fn no_way_however_bad_leaves_the_scale() {
        for loss in [-1.0, 0.0, 1.0, 7.0] {
            for burst_ratio in [0.0, 1.0, 1e12, f64::INFINITY] {
                for delay_ms in [0.0, 1e3, f64::from(u32::MAX), 1e300] {
                    let way = way(loss, burst_ratio, delay_ms);
                    let is_inside = (0.0..=BEST).contains(&way.rating()) && (1.0..=4.5).contains(&way.mos());
                    assert!(is_inside, "{way:?}: {} {}", way.rating(), way.mos());
                }
            }
        }
    }

    #[test]
    fn worse_ways_never_score_better() {
        for loss in 0..20 {
            for delay in 0..20 {
                let score = |more_loss: f64, more_delay: f64| {
                    way(
                        f64::from(loss) * 0.05 + more_loss,
                        1.0,
                        f64::from(delay) * 50.0 + more_delay,
                    )
                    .mos()
                };
                assert!(score(0.01, 0.0) <= score(0.0, 0.0) && score(0.0, 10.0) <= score(0.0, 0.0));
            }
        }
    }
}
