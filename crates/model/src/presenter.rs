//! What a call is marked as presenting.

/// The kinds of media by which a call presents, as bits; `presenterMedia` of a Call.
///
/// They are marks alone: this bridge carries audio, and tells those of video and screen to clients that have these elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PresenterMedia(u8);

impl PresenterMedia {
    /// None.
    pub const NONE: Self = Self(0);
    /// Audio.
    pub const AUDIO: Self = Self(1);
    /// Video.
    pub const VIDEO: Self = Self(2);
    /// The screen.
    pub const SCREEN: Self = Self(4);

    /// Reads the wire number; `None` beyond three bits.
    pub fn from_wire(number: i64) -> Option<Self> {
        u8::try_from(number).ok().filter(|bits| *bits < 8).map(Self)
    }

    /// The wire number 0 to 7.
    pub fn wire(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sum_of_the_three_bits_is_read_and_nothing_else() {
        for number in 0..8 {
            let media = PresenterMedia::from_wire(number).unwrap();
            assert_eq!(i64::from(media.wire()), number);
        }
        for number in [-1, 8, 9, 256, 257, i64::MIN, i64::MAX] {
            assert_eq!(PresenterMedia::from_wire(number), None, "{number}");
        }
    }

    #[test]
    fn each_kind_has_the_documented_number() {
        use PresenterMedia as Media;
        let numbers = [Media::NONE, Media::AUDIO, Media::VIDEO, Media::SCREEN].map(Media::wire);
        assert_eq!(numbers, [0, 1, 2, 4]);
        assert_eq!(Media::default(), Media::NONE);
    }
}
