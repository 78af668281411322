//! The last step: a wide sum becomes 16 bits.
//!
//! A curve without memory: straight up to the knee, bending towards full scale above it. It cannot pump, and the same sum gives the
//! same samples for everybody who hears it.

/// Up to here nothing is changed: −2.5 dB below full scale.
const KNEE: i32 = 24_576;
/// What is left between knee and full scale.
const ROOM: i32 = i16::MAX as i32 - KNEE;

/// `sum` within 16 bits. Above the knee x ▸ knee + room·x/(x + room), which meets the straight part with the same slope.
#[inline]
pub(crate) fn limit(sum: i32) -> i16 {
    let size = sum.saturating_abs();
    if size <= KNEE {
        return sum as i16;
    }
    let over = i64::from(size - KNEE);
    let bent = KNEE + (over * i64::from(ROOM) / (over + i64::from(ROOM))) as i32;
    (bent * sum.signum()) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leaves_speech_alone_and_bends_without_a_step() {
        assert_eq!((limit(20_000), limit(-24_576), limit(0)), (20_000, -24_576, 0));
        let curve: Vec<_> = (0..200_000).map(limit).collect();
        assert!(
            curve
                .windows(2)
                .all(|pair| (0..=1).contains(&(pair[1] - pair[0])))
        );
        assert_eq!(limit(i32::MIN), -limit(i32::MAX));
        assert!(limit(i32::MAX) > 32_700);
    }
}
