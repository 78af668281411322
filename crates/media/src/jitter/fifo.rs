//! Decoded audio that waits for its tick.

/// A queue of samples with its front at the start of a fixed buffer.
#[derive(Debug)]
pub(crate) struct Fifo {
    buffer: Box<[i16]>,
    len: usize,
}

impl Fifo {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            buffer: vec![0; capacity].into_boxed_slice(),
            len: 0,
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

    /// The free room behind the samples.
    pub(crate) fn room(&mut self) -> &mut [i16] {
        &mut self.buffer[self.len..]
    }

    /// Keeps `count` samples that were written at `from` of the [`room`](Self::room), and returns them.
    pub(crate) fn keep(&mut self, from: usize, count: usize) -> &mut [i16] {
        let start = self.len;
        self.buffer.copy_within(start + from..start + from + count, start);
        self.len += count;
        &mut self.buffer[start..start + count]
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.buffer.copy_within(count..self.len, 0);
        self.len -= count;
    }
}
