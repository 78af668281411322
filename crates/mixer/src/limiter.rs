//! The last step: a wide sum becomes 16 bits.
//!
//! A curve without memory: straight up to the knee, bending towards full scale above it. It cannot pump, and the same
//! sum gives the same samples to everybody who hears it, whichever way it takes.

/// Up to here nothing is changed: 2.5 dB below full scale.
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

/// Limits every sample of `sum` into `out`, which is as long.
pub fn limit_all(sum: &[i32], out: &mut [i16]) {
    // Branching once a frame leaves the usual case to vector instructions.
    let loudest = sum
        .iter()
        .fold(0, |loudest, sample| loudest.max(sample.saturating_abs()));
    if loudest <= KNEE {
        out.iter_mut().zip(sum).for_each(|(out, sum)| *out = *sum as i16);
    } else {
        out.iter_mut().zip(sum).for_each(|(out, sum)| *out = limit(*sum));
    }
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

    #[test]
    fn a_whole_frame_is_limited_as_its_samples_are() {
        for peak in [100, KNEE, KNEE + 1, 90_000, i32::MAX] {
            let sum = [0, peak, -peak, peak / 2, 7];
            let mut out = [0; 5];
            limit_all(&sum, &mut out);
            assert_eq!(out, sum.map(limit));
        }
    }
}
