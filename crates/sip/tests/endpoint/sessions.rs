//! Session timers, RFC 4028.

use crate::peer::*;
use sip::{Command, EndCause, EndpointConfig, Event};

const TIMER: &str = "Supported: timer\r\n";
const KEPT_BY_US: &str = "Supported: timer\r\nAllow: UPDATE\r\nSession-Expires: 300;refresher=uas\r\n";

fn agreed(extra: &str) -> (Vec<String>, Vec<String>) {
    let mut peer = Peer::new();
    let (call, _) = peer.invite(extra);
    let ok = peer.answer(call);
    let list = |name| values(&ok, name).into_iter().map(str::to_owned).collect();
    (list("Session-Expires"), list("Require"))
}

#[test]
fn the_interval_and_the_refresher_are_agreed_as_the_rfc_says() {
    let table: [(&str, &[&str], &[&str]); 8] = [
        ("", &[], &[]),
        (TIMER, &["1800;refresher=uac"], &["timer"]),
        ("k: timer\r\nx: 120\r\n", &["120;refresher=uac"], &["timer"]),
        (
            "Supported: timer\r\nSession-Expires: 600;refresher=uas\r\n",
            &["600;refresher=uas"],
            &[],
        ),
        (
            "Supported: timer\r\nSession-Expires: 600;refresher=UAC\r\n",
            &["600;refresher=uac"],
            &["timer"],
        ),
        ("Session-Expires: 600\r\n", &["600;refresher=uas"], &[]),
        ("Session-Expires: 60\r\n", &[], &[]),
        (
            "Supported: timer\r\nMin-SE: 2000\r\n",
            &["2000;refresher=uac"],
            &["timer"],
        ),
    ];
    for (extra, expires, require) in table {
        let (found, required) = agreed(extra);
        assert_eq!(
            (found.as_slice(), required.as_slice()),
            (to_owned(expires).as_slice(), to_owned(require).as_slice()),
            "{extra}"
        );
    }
}

fn to_owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn the_shortest_interval_is_configured() {
    let mut peer = Peer::with(EndpointConfig {
        session_min: std::time::Duration::from_secs(300),
        session_default: None,
        ..EndpointConfig::default()
    });
    let invite = peer.stranger("INVITE", 1, "Supported: timer\r\nSession-Expires: 299\r\n", SDP);
    let refused = only(peer.send(&invite));
    assert_eq!(
        (kind(&refused).as_str(), value(&refused, "Min-SE")),
        ("422", "300")
    );
    let (call, _) = {
        let invite = peer.stranger("INVITE", 2, TIMER, SDP);
        peer.send(&invite);
        (peer.incoming(), ())
    };
    assert!(values(&peer.answer(call), "Session-Expires").is_empty());
}

#[test]
fn a_session_the_peer_does_not_refresh_ends_a_third_or_32_s_early() {
    for (interval, end) in [(90, 60_000), (300, 268_000)] {
        let mut peer = Peer::new();
        let call = peer.call(&format!("Supported: timer\r\nSession-Expires: {interval}\r\n"));
        assert_eq!(times(&peer.pass(end - 1), "BYE"), [] as [u64; 0]);
        assert_eq!(times(&peer.pass(1), "BYE"), [end]);
        let cause = EndCause::SessionExpired;
        assert_eq!(peer.events(), [Event::Ended { call, cause }]);
    }
}

#[test]
fn a_refresh_by_update_or_reinvite_starts_the_interval_again() {
    let mut peer = Peer::new();
    let extra = "Supported: timer\r\nSession-Expires: 300;refresher=uac\r\n";
    let call = peer.call(extra);
    peer.pass(200_000);
    let update = peer.inside("UPDATE", 2, extra, "");
    let ok = only(peer.send(&update));
    assert_eq!(value(&ok, "Session-Expires"), "300;refresher=uac");
    assert!(peer.pass(200_000).is_empty());
    let reinvite = peer.inside("INVITE", 3, extra, SDP);
    peer.send(&reinvite);
    peer.command(Command::AcceptOffer { call, sdp: vec![1] });
    let ack = peer.inside("ACK", 3, "", "");
    peer.send(&ack);
    assert!(peer.pass(267_000).is_empty());
    assert_eq!(kinds_at(&peer.pass(1_000)), ["BYE"]);
}

#[test]
fn we_refresh_by_update_at_half_time_where_we_are_to() {
    let mut peer = Peer::new();
    peer.call(KEPT_BY_US);
    let seen = peer.pass(150_000);
    assert_eq!(times(&seen, "UPDATE"), [150_000]);
    let update = &seen[0].1;
    assert_eq!(value(update, "Session-Expires"), "300;refresher=uac");
    assert_eq!(body(update), "");
    let ok = reply(
        update,
        200,
        "Session-Expires: 300;refresher=uac\r\nRequire: timer\r\n",
        "",
    );
    assert!(peer.send(&ok).is_empty());
    assert_eq!(times(&peer.pass(150_000), "UPDATE"), [300_000]);
}

#[test]
fn we_refresh_by_reinvite_where_the_peer_takes_no_update() {
    let extra = "Supported: timer\r\nSession-Expires: 300;refresher=uas\r\n";
    let mut peer = Peer::new();
    let call = peer.call(extra);
    let seen = peer.pass(150_000);
    assert_eq!(times(&seen, "INVITE"), [150_000]);
    assert_eq!(body(&seen[0].1), "our", "the session as it is");
    let ok = reply(&seen[0].1, 200, "Session-Expires: 300;refresher=uac\r\n", "same");
    assert_eq!(kinds(&peer.send(&ok)), ["ACK"]);
    let sdp = b"same".to_vec();
    assert_eq!(peer.events(), [Event::OfferAnswered { call, sdp }]);

    let mut peer = Peer::new();
    peer.call(KEPT_BY_US);
    let update = peer.pass(150_000).remove(0).1;
    assert_eq!(
        kinds(&peer.send(&reply(&update, 501, "", ""))),
        ["INVITE"],
        "it said it did, and did not"
    );
}

#[test]
fn a_refresh_refused_as_too_short_is_sent_again_longer() {
    let mut peer = Peer::new();
    peer.call(KEPT_BY_US);
    let update = peer.pass(150_000).remove(0).1;
    peer.send(&reply(&update, 422, "Min-SE: 900\r\n", ""));
    let again = peer.pass(5_000).remove(0).1;
    assert_eq!(value(&again, "Session-Expires"), "900;refresher=uac");
}

#[test]
fn a_refresh_the_peer_does_not_answer_ends_the_call() {
    let mut peer = Peer::new();
    let call = peer.call(KEPT_BY_US);
    let seen = peer.pass(200_000);
    assert_eq!(times(&seen, "BYE").first(), Some(&182_000));
    let cause = EndCause::RequestFailed(408);
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
}

#[test]
fn refreshes_that_are_always_refused_let_the_session_expire() {
    let mut peer = Peer::new();
    let call = peer.call(KEPT_BY_US);
    let mut refreshes = 0;
    let ended = (0..100).find_map(|_| {
        let seen = peer.pass(5_000);
        for (_, text) in seen.iter().filter(|(_, text)| kind(text) == "UPDATE") {
            refreshes += 1;
            peer.send(&reply(text, 500, "", ""));
        }
        times(&seen, "BYE").first().copied()
    });
    assert_eq!(ended, Some(268_000));
    assert!(refreshes > 10);
    let cause = EndCause::SessionExpired;
    assert_eq!(peer.events(), [Event::Ended { call, cause }]);
}

fn kinds_at(seen: &[(u64, String)]) -> Vec<String> {
    seen.iter().map(|(_, text)| kind(text)).collect()
}
