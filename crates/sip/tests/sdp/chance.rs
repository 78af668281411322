//! Descriptions by chance: nothing panics, and every answer can be read again.

use proptest::prelude::*;
use sip::sdp::{Direction, accept_answer, answer, make_offer, parse};

use super::{answered, local, ours};

/// Lines that matter to us, bent at random.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "m=(audio|video|image|AUDIO) [0-9]{1,5} (RTP/AVP|RTP/SAVP|RTP/AVPF|udptl)( [0-9]{1,3}){1,4}",
        "a=rtpmap:[0-9]{1,3} (PCMU|pcma|opus|telephone-event|G722|CN|x)/(8000|48000|9)(/[0-9])?",
        "a=fmtp:[0-9]{1,3} [0-9,;= -]{0,12}",
        "a=fmtp:[0-9]{1,3} (maxplaybackrate|sprop-maxcapturerate|maxaveragebitrate|useinbandfec|usedtx|cbr|stereo)=-?[0-9]{0,12}[; ]?",
        "a=(ptime|maxptime|rtcp):[0-9]{0,12}",
        "a=extmap:[0-9]{1,4}(/(sendonly|recvonly|x))? urn:(x|ietf:params:rtp-hdrext:ssrc-audio-level)( vad=(on|off|x))?",
        "a=(sendrecv|sendonly|recvonly|inactive|rtcp-mux|x)",
        "c=IN IP[46] ([0-9]{1,3}\\.){3}[0-9]{1,3}",
        "[a-z]=[ -~]{0,20}",
        Just("o=- 1 1 IN IP4 192.0.2.7".to_owned()),
        Just("c=IN IP4 192.0.2.7".to_owned()),
        Just("m=audio 5004 RTP/AVP 0".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = answered(&bytes, Some(&bytes));
        let mine = make_offer(&local(), Direction::SendRecv, Some(&bytes));
        let _ = accept_answer(&mine, &bytes, &local(), &ours);
    }

    #[test]
    fn every_answer_reads_again_and_has_the_lines_of_its_offer(lines in proptest::collection::vec(line(), 0..14)) {
        let text = format!("v=0\r\n{}\r\n", lines.join("\r\n"));
        if let Ok(offered) = parse(text.as_bytes())
            && let Ok((bytes, agreed)) = answer(&offered, &local(), None, &ours)
        {
            let again = parse(&bytes).expect("our answer is readable");
            prop_assert_eq!(again.media_lines(), offered.media_lines());
            let mine = make_offer(&local(), agreed.direction, Some(&bytes));
            let back = accept_answer(&mine, &make_offer(&local(), Direction::SendRecv, Some(&bytes)), &local(), &|_| false);
            prop_assert!(back.is_ok(), "{:?}", back);
            prop_assert!((10..=60).contains(&agreed.ptime_ms) && agreed.payload_type < 128);
        }
    }

    #[test]
    fn bent_lines_never_panic(lines in proptest::collection::vec(line(), 0..14), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = format!("v=0\r\n{}\r\n", lines.join("\r\n")).into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = answered(&bytes, None);
    }
}
