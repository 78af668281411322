//! Session descriptions of the phones: one offer, one reading of the answer, as text (RFC 8866, RFC 3264).

use std::net::{IpAddr, SocketAddr};

use crate::codec::Speech;

/// Payload type the phones offer for keys (RFC 4733).
pub(crate) const EVENTS: u8 = 101;

/// Payload type of comfort noise (RFC 3389, section 4), which has the clock of G.711 and G.722 alone.
pub(crate) const COMFORT_NOISE: u8 = 13;

/// What header extension the phones offer levels as (RFC 6464, RFC 8285).
const LEVELS: &str = "1 urn:ietf:params:rtp-hdrext:ssrc-audio-level";

/// What a phone offers beside its codec.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extras {
    /// The level of its audio in every packet.
    pub(crate) levels: bool,
    /// That silence is left unsent to it.
    pub(crate) spared: bool,
}

/// The offer of a phone with one codec, or its answer to an offer within the call. It takes RTCP at a port of its own (RFC 3605), and not
/// at that of RTP (RFC 5761), so that nobody may answer that it goes there.
pub(crate) fn offer(
    (media, rtcp): (SocketAddr, u16),
    speech: Speech,
    ptime_ms: u32,
    extras: Extras,
) -> String {
    let (here, port) = (written(media.ip()), media.port());
    let (kind, map) = (speech.payload_type(), speech.rtpmap());
    let (noise, dtx) = match (extras.spared, speech.is_opus()) {
        (false, _) => (String::new(), ""),
        (true, false) => (format!(" {COMFORT_NOISE}"), ""),
        (true, true) => (String::new(), ";usedtx=1"),
    };
    let wishes = speech
        .fmtp()
        .map(|fmtp| format!("a=fmtp:{kind} {fmtp}{dtx}\r\n"))
        .unwrap_or_default();
    let levels = if extras.levels {
        format!("a=extmap:{LEVELS}\r\n")
    } else {
        String::new()
    };
    format!(
        "v=0\r\no=sim 1 1 {here}\r\ns=-\r\nc={here}\r\nt=0 0\r\nm=audio {port} RTP/AVP {kind}{noise} {EVENTS}\r\n\
         a=rtpmap:{kind} {map}\r\n{wishes}a=rtpmap:{EVENTS} telephone-event/8000\r\na=fmtp:{EVENTS} 0-15\r\n{levels}a=rtcp:{rtcp}\r\na=ptime:{ptime_ms}\r\na=sendrecv\r\n"
    )
}

/// An address as it is written (RFC 8866, section 5.7).
fn written(ip: IpAddr) -> String {
    format!("IN {} {ip}", family(ip))
}

fn family(ip: IpAddr) -> &'static str {
    match ip {
        IpAddr::V4(_) => "IP4",
        IpAddr::V6(_) => "IP6",
    }
}

/// An address that is written so; none where it is of another family than it says.
fn address(text: &str) -> Option<IpAddr> {
    let (said, ip) = text.strip_prefix("IN ")?.split_once(' ')?;
    ip.parse().ok().filter(|ip| family(*ip) == said)
}

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Where the far end takes RTP.
    pub(crate) media: SocketAddr,
    /// Where it takes RTCP; none where its port for RTP is the last there is.
    pub(crate) rtcp: Option<SocketAddr>,
    /// Its payload type for keys, where it took them.
    pub(crate) events: Option<u8>,
    /// The identifier of levels in packets, where it takes them.
    pub(crate) levels: Option<u8>,
    /// Whether it may send comfort noise in place of silence.
    pub(crate) noise: bool,
}

/// Reads the answer to an offer with this codec, of a phone at `here`, whose sockets reach addresses of its own family alone.
///
/// # Errors
/// What is wrong with it, where it has no usable audio.
pub(crate) fn answer(body: &str, speech: Speech, here: IpAddr) -> Result<Answer, String> {
    let audio = after(body, "m=audio ").ok_or("its SDP has no audio")?;
    let section = body.split("m=audio ").nth(1).unwrap_or_default();
    let section = section.split("\nm=").next().unwrap_or_default();
    let mut words = audio.split(' ');
    let port: u16 = words
        .next()
        .and_then(|port| port.parse().ok())
        .ok_or("its SDP has no port")?;
    let kinds: Vec<u8> = words.skip(1).filter_map(|kind| kind.parse().ok()).collect();
    if port == 0 || !kinds.contains(&speech.payload_type()) {
        return Err(format!("its SDP refuses {}", speech.name()));
    }
    let connection = after(section, "c=").or_else(|| after(body, "c="));
    let ip = connection
        .and_then(address)
        .filter(|ip| family(*ip) == family(here))
        .ok_or_else(|| format!("its SDP has no address that {here} reaches"))?;
    Ok(Answer {
        media: SocketAddr::new(ip, port),
        rtcp: rtcp(section, ip).or_else(|| Some(SocketAddr::new(ip, port.checked_add(1)?))),
        noise: kinds.contains(&COMFORT_NOISE),
        events: kinds.into_iter().find(|kind| is_events(section, *kind)),
        levels: section.lines().find_map(levels),
    })
}

/// Where an answer names it (RFC 3605): a port, and an address where that is not the audio's.
fn rtcp(section: &str, ip: IpAddr) -> Option<SocketAddr> {
    let line = after(section, "a=rtcp:")?;
    let (port, own) = line.split_once(' ').unwrap_or((line, ""));
    let port = port.parse().ok().filter(|port| *port > 0)?;
    Some(SocketAddr::new(address(own).unwrap_or(ip), port))
}

/// The identifier of levels in a line that says that they are received.
fn levels(line: &str) -> Option<u8> {
    let (place, name) = line.strip_prefix("a=extmap:")?.split_once(' ')?;
    let (_, known) = LEVELS.split_once(' ')?;
    let (id, direction) = place.split_once('/').unwrap_or((place, "sendrecv"));
    let received = matches!(direction, "sendrecv" | "recvonly");
    let is_level = name.split_ascii_whitespace().next() == Some(known);
    id.parse().ok().filter(|_| received && is_level)
}

fn is_events(section: &str, kind: u8) -> bool {
    let map = after(section, &format!("a=rtpmap:{kind} "));
    map.is_some_and(|map| map.to_ascii_lowercase().starts_with("telephone-event/8000"))
}

/// The rest of the first line that begins like this.
fn after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(label))
        .map(str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8 97\r\n\
                          a=rtpmap:97 telephone-event/8000\r\n";

    #[test]
    fn an_answer_names_address_and_events() {
        let found = answer(ANSWER, Speech::Pcma, HERE).unwrap();
        assert_eq!(
            found,
            Answer {
                media: "192.0.2.1:20000".parse().unwrap(),
                rtcp: Some("192.0.2.1:20001".parse().unwrap()),
                events: Some(97),
                levels: None,
                noise: false,
            }
        );
        let without = ANSWER.replace(" 97", "");
        assert_eq!(answer(&without, Speech::Pcma, HERE).unwrap().events, None);
    }

    #[test]
    fn the_address_of_the_audio_wins() {
        let own = format!("{ANSWER}c=IN IP4 192.0.2.9\r\n");
        assert_eq!(
            answer(&own, Speech::Pcma, HERE).unwrap().media,
            "192.0.2.9:20000".parse().unwrap()
        );
    }

    #[test]
    fn answers_without_our_audio_are_errors() {
        for (text, needle) in [
            ("", "no audio"),
            (&ANSWER.replace("20000", "0"), "refuses PCMU"),
            (ANSWER, "refuses PCMU"),
            (&ANSWER.replace("8 97", "0").replace("IP4", "IP6"), "no address"),
            (
                &ANSWER.replace("8 97", "0").replace("192.0.2.1", "::1"),
                "no address",
            ),
            (
                &ANSWER
                    .replace("8 97", "0")
                    .replace("IP4 192.0.2.1", "IP6 2001:db8::7"),
                "no address that 127.0.0.1 reaches",
            ),
        ] {
            let error = answer(text, Speech::Pcmu, HERE).unwrap_err();
            assert!(error.contains(needle), "{error}");
        }
    }

    #[test]
    fn an_offer_can_be_read_as_an_answer() {
        let hosts = ["127.0.0.1", "[::1]", "[2001:db8::7]"];
        for (host, extra) in hosts.into_iter().flat_map(|host| [(host, false), (host, true)]) {
            let media: SocketAddr = format!("{host}:4000").parse().unwrap();
            let extras = Extras {
                levels: extra,
                spared: extra,
            };
            let offered = offer((media, 4_711), Speech::Pcma, 20, extras);
            let read = answer(&offered, Speech::Pcma, media.ip()).unwrap();
            assert_eq!(
                read,
                Answer {
                    media,
                    rtcp: Some(SocketAddr::new(media.ip(), 4_711)),
                    events: Some(EVENTS),
                    levels: extra.then_some(1),
                    noise: extra,
                }
            );
        }
    }

    #[test]
    fn phones_that_are_spared_silence_ask_for_it_in_the_way_of_their_codec() {
        let media = "127.0.0.1:4000".parse().unwrap();
        for (speech, spared, kinds, wish) in [
            (Speech::Pcmu, true, "RTP/AVP 0 13 101\r\n", ""),
            (Speech::G722, true, "RTP/AVP 9 13 101\r\n", ""),
            (Speech::G722, false, "RTP/AVP 9 101\r\n", ""),
            (
                Speech::Opus,
                true,
                "RTP/AVP 111 101\r\n",
                "useinbandfec=1;usedtx=1\r\n",
            ),
            (Speech::Opus, false, "RTP/AVP 111 101\r\n", "useinbandfec=1\r\n"),
        ] {
            let extras = Extras {
                spared,
                ..Extras::default()
            };
            let text = offer((media, 4_711), speech, 20, extras);
            assert!(text.contains(kinds) && text.contains(wish), "{text}");
        }
    }

    #[test]
    fn rtcp_goes_where_the_answer_says_or_one_port_higher() {
        for (audio, line, expected) in [
            ("20000", "", Some("192.0.2.1:20001")),
            ("20000", "a=rtcp:30000\r\n", Some("192.0.2.1:30000")),
            (
                "20000",
                "a=rtcp:30000 IN IP4 192.0.2.7\r\n",
                Some("192.0.2.7:30000"),
            ),
            ("20000", "a=rtcp:0\r\n", Some("192.0.2.1:20001")),
            ("20000", "a=rtcp:x\r\n", Some("192.0.2.1:20001")),
            ("65535", "", None),
        ] {
            let text = format!("{}{line}", ANSWER.replace("20000", audio));
            let found = answer(&text, Speech::Pcma, HERE).unwrap().rtcp;
            assert_eq!(
                found,
                expected.map(|text| text.parse::<SocketAddr>().unwrap()),
                "{audio} {line}"
            );
        }
    }

    #[test]
    fn levels_are_sent_only_where_they_are_received() {
        for (line, id) in [
            ("a=extmap:1/recvonly L", Some(1)),
            ("a=extmap:7 L vad=on", Some(7)),
            ("a=extmap:1/inactive L", None),
            ("a=extmap:1/sendonly L", None),
            ("a=extmap:1 urn:x", None),
            ("a=extmap:1", None),
            ("a=extmap:x L", None),
        ] {
            let line = line.replace('L', LEVELS.split_once(' ').unwrap().1);
            let found = answer(&format!("{ANSWER}{line}\r\n"), Speech::Pcma, HERE).unwrap();
            assert_eq!(found.levels, id, "{line}");
        }
    }
}
