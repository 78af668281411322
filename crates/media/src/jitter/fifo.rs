//! Decoded audio that waits for its tick.

/// A queue of samples with its front at the start of a fixed buffer.
#[derive(Debug)]
pub(crate) struct Fifo {
    buffer: Box<[i16]>,
    len: usize,
    /// Samples from the start of the buffer that are known to be zero, whether they wait or are free. Of legs that nobody hears, as most
    /// are, the buffer is not touched then: a thousand of them do not fit into a cache.
    zeros: usize,
}

impl Fifo {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            buffer: vec![0; capacity].into_boxed_slice(),
            len: 0,
            zeros: capacity,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn samples(&self) -> &[i16] {
        &self.buffer[..self.len]
    }

    /// Whether all that waits was put as silence.
    pub(crate) fn is_silent(&self) -> bool {
        self.zeros >= self.len
    }

    /// Samples that there is room for.
    pub(crate) fn free(&self) -> usize {
        self.buffer.len() - self.len
    }

    /// The free room behind the samples, to write.
    pub(crate) fn room(&mut self) -> &mut [i16] {
        self.zeros = self.zeros.min(self.len);
        &mut self.buffer[self.len..]
    }

    /// Keeps `count` samples that were written at `from` of the [`room`](Self::room), and returns them.
    pub(crate) fn keep(&mut self, from: usize, count: usize) -> &mut [i16] {
        let start = self.len;
        self.zeros = self.zeros.min(start);
        self.buffer.copy_within(start + from..start + from + count, start);
        self.len += count;
        &mut self.buffer[start..start + count]
    }

    /// Puts `count` samples of silence.
    pub(crate) fn keep_silence(&mut self, count: usize) {
        let end = self.len + count;
        if self.zeros < end {
            self.buffer[self.len..end].fill(0);
        }
        if self.is_silent() {
            self.zeros = self.zeros.max(end);
        }
        self.len = end;
    }

    pub(crate) fn consume(&mut self, count: usize) {
        let moves = count < self.len && !self.is_silent();
        if moves {
            self.buffer.copy_within(count..self.len, 0);
            self.zeros = self.zeros.saturating_sub(count);
        }
        self.len -= count;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Audio(Vec<i16>),
        Silence(usize),
        Consume(usize),
        Clear,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            prop::collection::vec(-2..2i16, 1..30).prop_map(Step::Audio),
            (1..30usize).prop_map(Step::Silence),
            (1..40usize).prop_map(Step::Consume),
            Just(Step::Clear),
        ]
    }

    proptest! {
        #[test]
        fn what_is_kept_comes_out_in_order_and_what_counts_as_silent_is(steps in prop::collection::vec(step(), 1..60)) {
            let (mut fifo, mut expected) = (Fifo::new(100), Vec::new());
            for step in steps {
                match step {
                    Step::Audio(samples) if samples.len() <= fifo.free() => {
                        fifo.room()[..samples.len()].copy_from_slice(&samples);
                        fifo.keep(0, samples.len());
                        expected.extend(samples);
                    }
                    Step::Silence(count) if count <= fifo.free() => {
                        fifo.keep_silence(count);
                        expected.resize(expected.len() + count, 0);
                    }
                    Step::Audio(_) | Step::Silence(_) => {}
                    Step::Consume(count) => {
                        let count = count.min(fifo.len());
                        fifo.consume(count);
                        expected.drain(..count);
                    }
                    Step::Clear => {
                        fifo.clear();
                        expected.clear();
                    }
                }
                prop_assert_eq!(fifo.samples(), &expected[..]);
                prop_assert!(!fifo.is_silent() || expected.iter().all(|sample| *sample == 0));
            }
        }
    }
}
