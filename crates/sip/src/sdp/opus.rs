//! What one side wants to be sent as Opus, and how wide it speaks: the parameters of its fmtp (RFC 7587 section 6.1).

use std::fmt;

/// Wishes about Opus. What a parameter does not say, and what cannot be read, is its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusParameters {
    /// `maxplaybackrate`: the highest rate that the receiver can play, Hz; 8,000 to 48,000.
    pub max_playback_hz: u32,
    /// `sprop-maxcapturerate`: the highest rate that the same side will speak at, Hz; 8,000 to 48,000.
    pub max_capture_hz: u32,
    /// `maxaveragebitrate`: most bits a second on average; 6,000 to 510,000.
    pub max_average_bitrate: Option<u32>,
    /// `useinbandfec`: whether the receiver makes use of redundancy.
    pub use_inband_fec: bool,
    /// `usedtx`: whether silence may go unsent.
    pub use_dtx: bool,
    /// `cbr`: whether all packets are to be of one size.
    pub constant_bitrate: bool,
}

impl Default for OpusParameters {
    fn default() -> Self {
        Self {
            max_playback_hz: 48_000,
            max_capture_hz: 48_000,
            max_average_bitrate: None,
            use_inband_fec: false,
            use_dtx: false,
            constant_bitrate: false,
        }
    }
}

impl OpusParameters {
    /// Reads the value of an fmtp line behind its payload type; there should be one, and what several say counts together.
    pub(super) fn read(&mut self, fmtp: &str) {
        for parameter in fmtp.split(';').take(64) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            self.take(name.trim(), value.trim());
        }
    }

    fn take(&mut self, name: &str, value: &str) {
        let number = || value.parse::<u32>().ok();
        let rate_or = |known: u32| number().map_or(known, |hz| hz.clamp(8_000, 48_000));
        let is_on = value == "1";
        match name.to_ascii_lowercase().as_str() {
            "maxplaybackrate" => self.max_playback_hz = rate_or(self.max_playback_hz),
            "sprop-maxcapturerate" => self.max_capture_hz = rate_or(self.max_capture_hz),
            "maxaveragebitrate" => {
                self.max_average_bitrate = number().map(|bits| bits.clamp(6_000, 510_000));
            }
            "useinbandfec" => self.use_inband_fec = is_on,
            "usedtx" => self.use_dtx = is_on,
            "cbr" => self.constant_bitrate = is_on,
            // Stereo, wished for or announced, changes nothing: one channel is sent, and both are understood.
            _ => {}
        }
    }
}

impl fmt::Display for OpusParameters {
    /// The parameters that are not their defaults, as fmtp lists them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |hz: u32, name: &str| (hz < 48_000).then(|| format!("{name}={hz}"));
        let bitrate = self
            .max_average_bitrate
            .map(|bits| format!("maxaveragebitrate={bits}"));
        let flag = |on: bool, name: &str| on.then(|| format!("{name}=1"));
        let all = [
            rate(self.max_playback_hz, "maxplaybackrate"),
            rate(self.max_capture_hz, "sprop-maxcapturerate"),
            bitrate,
            flag(self.use_inband_fec, "useinbandfec"),
            flag(self.use_dtx, "usedtx"),
            flag(self.constant_bitrate, "cbr"),
        ];
        f.write_str(&all.into_iter().flatten().collect::<Vec<_>>().join(";"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fmtp: &str) -> OpusParameters {
        let mut wishes = OpusParameters::default();
        wishes.read(fmtp);
        wishes
    }

    #[test]
    fn wishes_are_read_in_any_order_and_case_and_nonsense_is_a_default() {
        let all = OpusParameters {
            max_playback_hz: 16_000,
            max_capture_hz: 24_000,
            max_average_bitrate: Some(20_000),
            use_inband_fec: true,
            use_dtx: true,
            constant_bitrate: true,
        };
        let text = "maxplaybackrate=16000;sprop-maxcapturerate=24000;maxaveragebitrate=20000;useinbandfec=1;usedtx=1;cbr=1";
        assert_eq!((read(text), all.to_string().as_str()), (all, text));
        for (text, wishes) in [
            ("", OpusParameters::default()),
            ("stereo=1; sprop-stereo=1;minptime=10", OpusParameters::default()),
            (
                "useinbandfec=2;usedtx;cbr=x;maxplaybackrate=",
                OpusParameters::default(),
            ),
            (
                "maxplaybackrate=99999999999;sprop-maxcapturerate=-8000;maxaveragebitrate=-1",
                OpusParameters::default(),
            ),
            (
                " CBR = 1 ; MaxPlaybackRate=9; Sprop-MaxCaptureRate = 96000",
                OpusParameters {
                    max_playback_hz: 8_000,
                    constant_bitrate: true,
                    ..Default::default()
                },
            ),
            (
                "maxaveragebitrate=1",
                OpusParameters {
                    max_average_bitrate: Some(6_000),
                    ..Default::default()
                },
            ),
        ] {
            assert_eq!(read(text), wishes, "{text}");
        }
        assert_eq!(OpusParameters::default().to_string(), "");
    }
}
