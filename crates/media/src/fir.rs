//! Low-pass filters, designed while the program is compiled: sinc functions under a Kaiser window.

use std::f64::consts::{PI, TAU};

/// Shape of the window for stop bands 70 and 80 dB down.
pub(crate) const DOWN_70_DB: f64 = 6.76;
pub(crate) const DOWN_80_DB: f64 = 7.86;

/// A filter of linear phase with its middle at `N / 2`, whose taps add up to one. `cut`, the middle of the transition band, is a share
/// of the sampling rate.
pub(crate) const fn low_pass<const N: usize>(cut: f64, beta: f64) -> [f32; N] {
    let mut taps = [0.0; N];
    let (half, mut sum, mut n) = ((N / 2) as f64, 0.0, 0);
    while n < N {
        let at = n as f64 - half;
        taps[n] = sinc(2.0 * cut * at) * kaiser(at / half, beta);
        sum += taps[n];
        n += 1;
    }
    let mut scaled = [0.0; N];
    while n > 0 {
        n -= 1;
        scaled[n] = (taps[n] / sum) as f32;
    }
    scaled
}

/// Sum of products; both slices of one length, a multiple of eight for speed.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a_parts, b_parts) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_parts
        .remainder()
        .iter()
        .zip(b_parts.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a_parts.zip(b_parts) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// A sample within 16 bits.
pub(crate) fn to_sample(value: f32) -> i16 {
    // The conversion saturates; what is left is to round.
    (value + 0.5_f32.copysign(value)) as i16
}

const fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { sin(x * PI) / (x * PI) }
}

const fn kaiser(x: f64, beta: f64) -> f64 {
    let inside = 1.0 - x * x;
    if inside < 0.0 {
        return 0.0;
    }
    bessel(beta * sqrt(inside)) / bessel(beta)
}

/// Modified Bessel function of the first kind, order 0, by its series.
const fn bessel(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0, 1.0, 1.0);
    while n < 40.0 {
        term *= (x / 2.0 / n) * (x / 2.0 / n);
        sum += term;
        n += 1.0;
    }
    sum
}

/// By its series, after whole turns are taken off.
const fn sin(x: f64) -> f64 {
    let turns = (x / TAU) as i64 as f64;
    let x = x - turns * TAU;
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while n < 30.0 {
        term *= -x * x / ((2.0 * n) * (2.0 * n + 1.0));
        sum += term;
        n += 1.0;
    }
    sum
}

/// By Newton's method; exact enough for 0 to 1.
const fn sqrt(x: f64) -> f64 {
    let (mut root, mut n) = (1.0, 0);
    while n < 60 {
        root = (root + x / root) / 2.0;
        n += 1;
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_made_by_hand_are_those_of_the_library() {
        for n in -400_i32..400 {
            let x = f64::from(n) * 0.37;
            assert!((sin(x) - x.sin()).abs() < 1e-9, "sin {x}");
            let y = f64::from(n.abs()) / 400.0;
            assert!((sqrt(y) - y.sqrt()).abs() < 1e-6, "sqrt {y}");
        }
        // Abramowitz and Stegun, table 9.8.
        assert!((bessel(1.0) - 1.266_065_878).abs() < 1e-8 && (bessel(5.0) - 27.239_871_82).abs() < 1e-6);
    }

    #[test]
    fn a_sum_of_products_is_the_same_at_any_length_and_samples_saturate() {
        for length in 0..40 {
            let a: Vec<f32> = (0..length).map(|n| n as f32).collect();
            let expected: f32 = a.iter().map(|a| a * a).sum();
            assert_eq!(dot(&a, &a), expected);
        }
        assert_eq!(
            [1e9, -1e9, 0.6, -0.6, -0.4].map(to_sample),
            [i16::MAX, i16::MIN, 1, -1, 0]
        );
    }
}
