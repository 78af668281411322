//! Whatever is done to a valid message, the endpoint neither panics nor answers what it must not.

use proptest::prelude::*;

use crate::peer::*;
use sip::Command;

#[derive(Clone, Debug)]
enum Change {
    Flip(usize, u8),
    Insert(usize, Vec<u8>),
    Delete(usize, usize),
    Duplicate(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0..2_000_usize;
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..8),
        prop::sample::select(vec![
            b"\r\n".to_vec(),
            b"\r\n\r\n".to_vec(),
            b"\"".to_vec(),
            b"<".to_vec(),
            b";tag=x".to_vec(),
            b",".to_vec(),
            b"%00".to_vec(),
            b"4294967296".to_vec(),
            b"Via: SIP/2.0/UDP [::1]:99999\r\n".to_vec(),
            b"l: 99999999999999999999\r\n".to_vec(),
            b"Session-Expires: 4294967295;refresher=uas\r\n".to_vec(),
        ]),
    ];
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Flip(at, byte)),
        (at.clone(), piece).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (at.clone(), 1..40_usize).prop_map(|(at, n)| Change::Delete(at, n)),
        (at, 1..200_usize).prop_map(|(at, n)| Change::Duplicate(at, n)),
    ]
}

fn apply(text: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for change in changes {
        let spot = |at: usize| at % (bytes.len() + 1);
        match change {
            Change::Flip(at, byte) => {
                let at = spot(*at).min(bytes.len().saturating_sub(1));
                if let Some(slot) = bytes.get_mut(at) {
                    *slot ^= byte;
                }
            }
            Change::Insert(at, piece) => {
                let at = spot(*at);
                bytes.splice(at..at, piece.iter().copied());
            }
            Change::Delete(at, n) => {
                let at = spot(*at);
                let end = (at + n).min(bytes.len());
                bytes.drain(at..end);
            }
            Change::Duplicate(at, n) => {
                let at = spot(*at);
                let piece = bytes[at..(at + n).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_of_a_message_panics_or_breaks_what_we_send(
        which in 0..9_usize,
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let mut peer = Peer::new();
        let call = peer.call("Record-Route: <sip:192.0.2.20;lr>\r\nSupported: timer\r\nSession-Expires: 300\r\n");
        let ours = only(peer.command(Command::Offer { call, sdp: b"x".to_vec() }));
        let text = match which {
            0 => peer.stranger("INVITE", 7, "Supported: timer\r\nSession-Expires: 300\r\n", SDP).replace("c1@", "c2@"),
            1 => peer.inside("INVITE", 2, "", SDP),
            2 => peer.inside("INFO", 2, "Content-Type: application/dtmf-relay\r\n", "Signal=5\r\nDuration=9\r\n"),
            3 => peer.inside("BYE", 2, "", ""),
            4 => peer.stranger("OPTIONS", 2, "", ""),
            5 => reply(&ours, 200, "Session-Expires: 300;refresher=uac\r\n", "answer"),
            6 => reply(&ours, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", ""),
            7 => peer.inside("SUBSCRIBE", 2, "Event: conference;id=7\r\nExpires: 600\r\n", ""),
            _ => reply(&ours, 491, "", ""),
        };
        let sent = peer.send_bytes(&apply(&text, &changes));
        for text in &sent {
            prop_assert!(text.contains("\r\n\r\n"));
            prop_assert!(!text.split("\r\n").any(|line| line.contains(['\r', '\n'])));
        }
        peer.pass(400_000);
        for event in peer.events() {
            if let sip::Event::Incoming(incoming) = event {
                peer.command(Command::HangUp { call: incoming.call, reason: None });
            }
        }
    }
}
