//! The last step: a wide sum becomes 16 bits.
//!
//! A curve without memory: straight up to the knee, bending towards full scale above it. It cannot pump, and the same
//! sum gives the same samples to everybody who hears it, whichever way it takes. The price is what any curve without memory costs: a tone
//! above the knee gets harmonics, 25 dB below it where it is at full scale, 12 dB where it is 6 dB over, which is about what clipping
//! makes there. So it is the last guard: a room that is too loud is turned down before ([`crate::ride`]), and the curve bends what
//! begins at the edge of a tick, for 1 ms, and what is played to one leg above a loud room.

/// Up to here nothing is changed: 2.5 dB below full scale.
pub(crate) const KNEE: i32 = 24_576;
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
    use std::f64::consts::TAU;

    use super::*;
    use crate::sum::Sum;
    use media::Rate;

    /// Power of all that is not the tone itself in a limited tone of 1 kHz, over that of the tone, dB. Its peak is `peak` of full scale.
    fn distortion(peak: f64, limit: fn(i32) -> i16) -> f64 {
        const PERIOD: usize = 48;
        let (mut power, mut in_phase, mut behind) = (0.0, 0.0, 0.0);
        for n in 0..PERIOD {
            let (sin, cos) = (TAU * n as f64 / PERIOD as f64).sin_cos();
            let sample = f64::from(limit((sin * peak * f64::from(i16::MAX)).round() as i32));
            power += sample * sample;
            in_phase += sample * sin;
            behind += sample * cos;
        }
        let tone = 2.0 * (in_phase * in_phase + behind * behind) / PERIOD as f64;
        10.0 * ((power - tone) / tone).log10()
    }

    fn clip(sum: i32) -> i16 {
        sum.clamp(-i32::from(i16::MAX), i32::from(i16::MAX)) as i16
    }

    #[test]
    fn a_tone_gets_nothing_below_the_knee_and_above_it_no_more_than_the_curve_explains() {
        // Below the knee what is left is the rounding to whole samples.
        let bounds = [(0.25, -80.0), (0.6, -90.0), (0.75, -90.0)];
        // One voice at full scale, two, four, eight of them at once.
        let over = [(1.0, -25.0), (2.0, -12.0), (4.0, -9.0), (8.0, -7.5)];
        for (peak, most) in bounds.into_iter().chain(over) {
            let found = distortion(peak, limit);
            assert!(found <= most, "{peak} of full scale: {found:.1} dB");
        }
        for peak in [2.0, 4.0, 8.0] {
            let (bent, clipped) = (distortion(peak, limit), distortion(peak, clip));
            assert!(
                bent <= clipped,
                "{peak} of full scale: {bent:.1} dB, clipped {clipped:.1} dB"
            );
        }
    }

    #[test]
    fn whatever_lies_below_the_knee_is_left_as_it_is_to_the_last_bit() {
        let sums: Vec<i32> = (-KNEE..=KNEE).collect();
        let mut out = vec![0; sums.len()];
        limit_all(&sums, &mut out);
        assert!(sums.iter().zip(&out).all(|(sum, out)| *sum == i32::from(*out)));
    }

    #[test]
    fn eight_voices_at_full_scale_are_below_it_and_none_turns_over() {
        for sample in [i16::MIN, i16::MAX, 1 << 14, -(1 << 14)] {
            let (mut sum, voice) = (Sum::silence(Rate::Hz48000), [sample; 960]);
            (0..8).for_each(|_| sum.add(&voice));
            let mut out = [0; 960];
            limit_all(sum.samples(), &mut out);
            let is_right = |out: &i16| out.signum() == sample.signum() && out.unsigned_abs() < 32_767;
            assert!(out.iter().all(is_right), "{sample}: {}", out[0]);
        }
    }

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
