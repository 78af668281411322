//! Which formats of one sum have an encoder that is shared: as many as the mixer has places for, and none without legs. A format that
//! comes when all places are taken waits until one of those that have a place loses its last leg; its legs encode for themselves so long.

use std::cmp::Reverse;

use media::Format;
use mixer::MOST_FORMATS;

/// What is to be done about the encoder of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// One is to be brought.
    Bring(Format),
    /// It is to be taken back.
    TakeBack(Format),
}

/// Formats, and how many legs take each; the first of them have the places, the others wait.
#[derive(Debug, Default)]
pub(super) struct Formats(Vec<(Format, usize)>);

impl Formats {
    /// A leg begins to take a format.
    pub(super) fn enter(&mut self, format: Format) -> Vec<Change> {
        if let Some((_, legs)) = self.0.iter_mut().find(|(taken, _)| *taken == format) {
            *legs += 1;
            return Vec::new();
        }
        self.0.push((format, 1));
        match self.0.len() > MOST_FORMATS {
            true => Vec::new(),
            false => vec![Change::Bring(format)],
        }
    }

    /// A leg takes a format no longer.
    pub(super) fn leave(&mut self, format: Format) -> Vec<Change> {
        let Some(at) = self.0.iter().position(|(taken, _)| *taken == format) else {
            return Vec::new();
        };
        self.0[at].1 -= 1;
        if self.0[at].1 > 0 {
            return Vec::new();
        }
        self.0.remove(at);
        if at >= MOST_FORMATS {
            return Vec::new();
        }
        let next = self.promote().map(Change::Bring);
        [Change::TakeBack(format)].into_iter().chain(next).collect()
    }

    /// Gives the last place, which has become free, to the format with most legs of those that wait.
    fn promote(&mut self) -> Option<Format> {
        let waiting = self.0.get_mut(MOST_FORMATS - 1..)?;
        let next = (0..waiting.len()).min_by_key(|n| Reverse(waiting[*n].1))?;
        waiting.swap(0, next);
        Some(waiting[0].0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::{Codec, OpusSend, Rate};

    fn format(number: usize) -> Format {
        let opus = OpusSend {
            bitrate: 12_000 + number as u32,
            ..OpusSend::default()
        };
        Format::with_opus(Codec::Opus(Rate::Hz16000), opus)
    }

    #[test]
    fn a_format_has_its_place_from_its_first_leg_to_its_last() {
        let mut formats = Formats::default();
        for leg in 0..3 {
            for number in 0..MOST_FORMATS {
                let brought = (leg == 0).then_some(Change::Bring(format(number)));
                assert_eq!(formats.enter(format(number)), Vec::from_iter(brought));
            }
        }
        for leg in 0..3 {
            for number in 0..MOST_FORMATS {
                let back = (leg == 2).then_some(Change::TakeBack(format(number)));
                assert_eq!(formats.leave(format(number)), Vec::from_iter(back));
            }
        }
        assert!(formats.leave(format(0)).is_empty());
    }

    #[test]
    fn one_that_finds_no_place_waits_for_the_first_that_is_free_and_the_one_with_most_legs_gets_it() {
        let mut formats = Formats::default();
        (0..MOST_FORMATS).for_each(|number| drop(formats.enter(format(number))));
        let [few, many, more] = [20, 21, 22].map(format);
        for waits in [few, many, many, more, more, few, many] {
            assert!(formats.enter(waits).is_empty());
        }
        // Of those that wait one goes, which frees nothing, and two are left.
        assert_eq!((formats.leave(more), formats.leave(more)), (vec![], vec![]));
        for (gone, next) in [(format(5), Some(many)), (format(0), Some(few)), (many, None)] {
            let (_, legs) = *formats.0.iter().find(|(taken, _)| *taken == gone).unwrap();
            (1..legs).for_each(|_| assert!(formats.leave(gone).is_empty()));
            let changes = [Change::TakeBack(gone)]
                .into_iter()
                .chain(next.map(Change::Bring));
            assert_eq!(formats.leave(gone), Vec::from_iter(changes));
        }
        assert_eq!(formats.enter(more), [Change::Bring(more)]);
    }
}
