//! One band: adaptive quantizer and adaptive predictor (ITU-T G.722, section 3, with the block names of section 6.2).

use super::tables::{
    HIGH_LEVELS, HIGH_STEPS, LOGARITHMS, LOW_CODES_NEGATIVE, LOW_CODES_POSITIVE, LOW_DECISIONS,
    LOW_FINE_LEVELS, LOW_LEVELS, LOW_STEPS,
};

/// Within 16 bits.
pub(super) fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

/// Largest logarithms of the steps.
pub(super) const LOW_MOST: i32 = 18_432;
pub(super) const HIGH_MOST: i32 = 22_528;

/// The logarithm of the step after another code word (LOGSCL, LOGSCH).
pub(super) fn next_logarithm(before: i32, by: i32, most: i32) -> i32 {
    (((before * 127) >> 7) + by).clamp(0, most)
}

/// Which band, as far as the two differ in their steps.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Largest logarithm of the step.
    most: i32,
    /// By how much the inverse logarithm is shifted.
    shift: i32,
}

/// State of one band, in encoder and decoder alike.
#[derive(Debug, Clone)]
pub(super) struct Band {
    limits: Limits,
    /// Logarithm of the quantizer's step (NBL, NBH), and the step itself (DETL, DETH).
    logarithm: i32,
    step: i32,
    predictor: Predictor,
}

impl Band {
    pub(super) const fn low() -> Self {
        Self::new(
            Limits {
                most: LOW_MOST,
                shift: 8,
            },
            32,
        )
    }

    pub(super) const fn high() -> Self {
        Self::new(
            Limits {
                most: HIGH_MOST,
                shift: 10,
            },
            8,
        )
    }

    const fn new(limits: Limits, step: i32) -> Self {
        Self {
            limits,
            logarithm: 0,
            step,
            predictor: Predictor::new(),
        }
    }

    /// Logarithm of the step.
    pub(super) const fn logarithm(&self) -> i32 {
        self.logarithm
    }

    /// Six bits for a sample of the lower band (blocks 1L to 4L).
    pub(super) fn encode_low(&mut self, sample: i32) -> u8 {
        let difference = saturate(sample - self.predictor.foretold);
        let size = magnitude(difference);
        let decided = LOW_DECISIONS
            .iter()
            .take_while(|level| size >= (*level * self.step) >> 12)
            .count();
        let codes = if difference < 0 {
            &LOW_CODES_NEGATIVE
        } else {
            &LOW_CODES_POSITIVE
        };
        let code = codes[decided];
        self.adapt_low(code >> 2);
        code
    }

    /// A sample of the lower band, 15 bits (blocks 5L, 6L and 2L to 4L).
    pub(super) fn decode_low(&mut self, code: u8) -> i32 {
        let difference = (self.step * LOW_FINE_LEVELS[usize::from(code & 0x3f)]) >> 15;
        let sample = (self.predictor.foretold + difference).clamp(-16_384, 16_383);
        self.adapt_low(code >> 2);
        sample
    }

    /// Both sides adapt by the four upper bits alone, as the lower two may be lost on the way.
    fn adapt_low(&mut self, code: u8) {
        let code = usize::from(code & 0x0f);
        let difference = (self.step * LOW_LEVELS[code]) >> 15;
        self.scale(LOW_STEPS[code]);
        self.predictor.adapt(difference);
    }

    /// Two bits for a sample of the higher band (blocks 1H to 4H).
    pub(super) fn encode_high(&mut self, sample: i32) -> u8 {
        let difference = saturate(sample - self.predictor.foretold);
        let is_large = magnitude(difference) >= (564 * self.step) >> 12;
        let code = match (difference < 0, is_large) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.adapt_high(code);
        code
    }

    /// A sample of the higher band, 15 bits (blocks 5H and 2H to 4H).
    pub(super) fn decode_high(&mut self, code: u8) -> i32 {
        let foretold = self.predictor.foretold;
        let difference = self.adapt_high(code);
        (foretold + difference).clamp(-16_384, 16_383)
    }

    fn adapt_high(&mut self, code: u8) -> i32 {
        let code = usize::from(code & 3);
        let difference = (self.step * HIGH_LEVELS[code]) >> 15;
        self.scale(HIGH_STEPS[code]);
        self.predictor.adapt(difference);
        difference
    }

    /// The step for the next sample (LOGSCL and SCALEL, LOGSCH and SCALEH).
    fn scale(&mut self, by: i32) {
        self.logarithm = next_logarithm(self.logarithm, by, self.limits.most);
        let mantissa = LOGARITHMS[(self.logarithm >> 6 & 31) as usize];
        let shift = self.limits.shift - (self.logarithm >> 11);
        let step = if shift < 0 {
            mantissa << -shift
        } else {
            mantissa >> shift
        };
        self.step = step << 2;
    }
}

/// Size of a difference; of the negative ones as their mirror image without zero.
const fn magnitude(difference: i32) -> i32 {
    if difference < 0 { !difference } else { difference }
}

/// Foretells a sample from two reconstructed ones and six differences (block 4).
#[derive(Debug, Clone)]
struct Predictor {
    /// What the next sample should be (S), and the part of the zeros in it (SZ).
    foretold: i32,
    by_zeros: i32,
    /// Reconstructed samples (RLT), partially reconstructed ones (PLT) and differences (DLT), newest first.
    samples: [i32; 2],
    partials: [i32; 2],
    differences: [i32; 6],
    /// Coefficients (AL, BL).
    poles: [i32; 2],
    zeros: [i32; 6],
}

impl Predictor {
    const fn new() -> Self {
        Self {
            foretold: 0,
            by_zeros: 0,
            samples: [0; 2],
            partials: [0; 2],
            differences: [0; 6],
            poles: [0; 2],
            zeros: [0; 6],
        }
    }

    fn adapt(&mut self, difference: i32) {
        let sample = saturate(self.foretold + difference);
        let partial = saturate(self.by_zeros + difference);
        self.adapt_poles(partial);
        self.adapt_zeros(difference);
        self.samples = [sample, self.samples[0]];
        self.partials = [partial, self.partials[0]];
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.foretell();
    }

    /// UPPOL2 and UPPOL1.
    fn adapt_poles(&mut self, partial: i32) {
        let [first, second] = self.poles;
        let alike = self.partials.map(|before| (before < 0) == (partial < 0));
        let leaned = saturate(first << 2);
        let leaned = if alike[0] { saturate(-leaned) } else { leaned };
        let sign = if alike[1] { 128 } else { -128 };
        let second = (sign + (leaned >> 7) + ((second * 32_512) >> 15)).clamp(-12_288, 12_288);
        let sign = if alike[0] { 192 } else { -192 };
        let most = saturate(15_360 - second);
        let first = saturate(sign + ((first * 32_640) >> 15)).clamp(-most, most);
        self.poles = [first, second];
    }

    /// UPZERO.
    fn adapt_zeros(&mut self, difference: i32) {
        let gain = if difference == 0 { 0 } else { 128 };
        for (zero, before) in self.zeros.iter_mut().zip(self.differences) {
            let by = if (before < 0) == (difference < 0) {
                gain
            } else {
                -gain
            };
            *zero = saturate(by + ((*zero * 32_640) >> 15));
        }
    }

    /// FILTEP, FILTEZ and PREDIC.
    fn foretell(&mut self) {
        let product = |(coefficient, value): (&i32, &i32)| (coefficient * saturate(2 * value)) >> 15;
        let by_poles: i32 = self.poles.iter().zip(&self.samples).map(product).sum();
        // The oldest first, and each addition saturates: with loud nonsense the order shows.
        let zeros = self.zeros.iter().zip(&self.differences).rev().map(product);
        self.by_zeros = zeros.fold(0, |sum, part| saturate(sum + part));
        self.foretold = saturate(saturate(by_poles) + self.by_zeros);
    }
}
