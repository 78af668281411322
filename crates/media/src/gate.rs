//! Opens and closes a leg's audio without a click.

/// Length of the fade, in ms.
const FADE_MS: usize = 5;

/// A switch that fades.
#[derive(Debug)]
pub(crate) struct Gate {
    open: bool,
}

impl Gate {
    pub(crate) const fn new() -> Self {
        Self { open: true }
    }

    /// Whether it would let everything through as it is.
    pub(crate) const fn stays_open(&self, open: bool) -> bool {
        self.open && open
    }

    /// Lets `samples` of `hz` through or not; returns whether anything is left of them.
    pub(crate) fn pass(&mut self, open: bool, samples: &mut [i16], hz: u32) -> bool {
        let length = (FADE_MS * hz as usize / 1_000).min(samples.len());
        match (std::mem::replace(&mut self.open, open), open) {
            (true, true) => {}
            (false, false) => samples.fill(0),
            (false, true) => fade(samples[..length].iter_mut()),
            (true, false) => {
                samples[length..].fill(0);
                fade(samples[..length].iter_mut().rev());
            }
        }
        open
    }
}

/// Rises from silence, in the order of the samples.
fn fade<'a>(samples: impl ExactSizeIterator<Item = &'a mut i16>) {
    let whole = samples.len() as i32 + 1;
    for (n, sample) in (1..).zip(samples) {
        *sample = (i32::from(*sample) * n / whole) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_and_opening_fade_within_five_milliseconds() {
        let mut gate = Gate::new();
        let mut frames = [[10_000i16; 160]; 4];
        let open = [true, false, false, true];
        for (frame, open) in frames.iter_mut().zip(open) {
            assert_eq!(gate.pass(open, frame, 8_000), open);
        }
        assert_eq!(frames[0], [10_000; 160]);
        assert!(frames[1][..40].is_sorted_by(|a, b| a > b) && frames[1][40..] == [0; 120]);
        assert_eq!(frames[2], [0; 160]);
        assert!(frames[3][..41].is_sorted_by(|a, b| a < b) && frames[3][40..] == [10_000; 120]);
    }
}
