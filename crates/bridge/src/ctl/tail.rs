//! `partyline ctl tail`: what happens, as it happens. A connection that is lost goes on with the event after the last one told.

use std::io::BufRead;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use super::client::{Client, Stream};
use super::escaped;
use super::failure::Failure;
use super::lists::{plain, time};
use super::sse::Reader;

/// A stream that is silent for so long is lost: the server says something every few seconds.
const SILENCE: Duration = Duration::from_secs(60);
/// Wait before connecting again, where the server says nothing of it; doubled each time in a row.
const RETRY: Duration = Duration::from_secs(1);
/// Longest wait.
const RETRY_MAX: Duration = Duration::from_secs(15);

/// Where lines go; whether more are wanted.
type Sink<'a> = &'a mut dyn FnMut(&str) -> Result<bool, Failure>;

/// Tells events, as JSON or as text, until Ctrl-C, until nobody reads them, or until the API refuses.
pub(super) fn follow(
    client: &Client,
    meeting: Option<u32>,
    json: bool,
    sink: Sink<'_>,
) -> Result<(), Failure> {
    let path = match meeting {
        Some(number) => format!("/meetings/{number}/events"),
        None => "/events".to_owned(),
    };
    let mut reader = Reader::default();
    let mut stream = client.stream(&path, None, SILENCE)?;
    while tell(&mut stream, &mut reader, json, sink)? {
        reader.lost();
        stream = again(client, &path, &reader)?;
    }
    Ok(())
}

/// Connects again, for what came after the last event that was told.
fn again(client: &Client, path: &str, reader: &Reader) -> Result<Stream, Failure> {
    let mut wait = reader.retry.unwrap_or(RETRY);
    loop {
        eprintln!(
            "partyline: the stream was lost; it goes on in {} s",
            wait.as_secs_f32()
        );
        sleep(wait);
        wait = (wait * 2).min(RETRY_MAX);
        match client.stream(path, reader.last.as_deref(), SILENCE) {
            Err(failure) if failure.passes() => {}
            settled => return settled,
        }
    }
}

/// Tells what comes until the connection is lost; false where no more is wanted.
fn tell(stream: &mut impl BufRead, reader: &mut Reader, json: bool, sink: Sink<'_>) -> Result<bool, Failure> {
    for line in stream.lines().map_while(Result::ok) {
        let Some(event) = reader.line(&line) else {
            continue;
        };
        let is_wanted = match serde_json::from_str(&event.data) {
            Ok(said) if !json => sink(&text(&said))?,
            Ok(_) | Err(_) => sink(&escaped(&event.data))?,
        };
        if !is_wanted {
            return Ok(false);
        }
    }
    Ok(true)
}

/// An event on a line.
fn text(event: &Value) -> String {
    let mut words = vec![
        time(&event["time"]),
        plain(event, "meetingNumber"),
        plain(event, "type"),
    ];
    if !event["callId"].is_null() {
        words.push(format!("call {}", plain(event, "callId")));
    }
    if !event["actor"].is_null() {
        words.push(format!("by {}", who(&event["actor"])));
    }
    let data = &event["data"];
    for name in data.as_object().into_iter().flat_map(|data| data.keys()) {
        words.push(format!("{name}={}", plain(data, name)));
    }
    words.retain(|word| !word.is_empty());
    words.join("  ")
}

/// Who asked or decided.
fn who(actor: &Value) -> String {
    match actor["type"].as_str() {
        Some("call") => format!("call {}", plain(actor, "callId")),
        Some("user") => plain(actor, "sid"),
        Some("bridge") => "the bridge".to_owned(),
        Some(_) | None => actor.to_string(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::{BufReader, Write};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::thread::JoinHandle;

    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, StreamOwned};
    use serde_json::json;
    use ureq::tls::{Certificate, RootCerts};

    use super::super::access::Found;
    use super::*;

    #[test]
    fn an_event_is_a_line() {
        for (actor, by) in [
            (json!({"type": "call", "callId": 8}), "call 8"),
            (json!({"type": "user", "sid": "a-b"}), "a-b"),
            (json!({"type": "bridge"}), "the bridge"),
            (json!({"type": "moon"}), r#"{"type":"moon"}"#),
        ] {
            let event = json!({
                "id": 9, "type": "call.muted", "time": 1_544_643_810_000_u64, "meetingNumber": 106_131, "meetingId": 31,
                "sequence": 4, "callId": 7, "actor": actor, "data": {"muteMode": 2, "customName": "Ann"},
            });
            assert_eq!(
                text(&event),
                format!(
                    "2018-12-12T19:43:30.000Z  106131  call.muted  call 7  by {by}  customName=Ann  muteMode=2"
                )
            );
        }
        assert_eq!(text(&json!({"type": "bridge.ready"})), "bridge.ready");
        let steers = json!({"type": "call.named", "data": {"customName": "Ann\n\u{1b}[2J"}});
        assert_eq!(text(&steers), "call.named  customName=Ann  [2J");
    }

    /// Answers one connection after the other with what stands in `answers`; gives the heads of the requests.
    pub(in crate::ctl) fn server(answers: &'static [&'static str]) -> (Client, JoinHandle<Vec<String>>) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![made.cert.der().clone()],
                PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap(),
            );
        let config = Arc::new(config.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let certificate = Certificate::from_pem(made.cert.pem().as_bytes())
            .unwrap()
            .to_owned();
        let client = Client::new(Found {
            url: format!("https://{}/conference/v1", listener.local_addr().unwrap()),
            authorization: "Basic eDp5".to_owned(),
            roots: RootCerts::new_with_certs(&[certificate]),
        });
        let served = std::thread::spawn(move || {
            let one = |answer: &&str| {
                let (socket, _) = listener.accept().unwrap();
                let connection = ServerConnection::new(config.clone()).unwrap();
                let mut stream = BufReader::new(StreamOwned::new(connection, socket));
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    stream.read_line(&mut head).unwrap();
                }
                let stream = stream.get_mut();
                stream.write_all(answer.as_bytes()).unwrap();
                stream.conn.send_close_notify();
                stream.flush().unwrap();
                head
            };
            answers.iter().map(one).collect()
        });
        (client, served)
    }

    #[test]
    fn a_stream_that_was_lost_goes_on_after_the_last_event() {
        let (client, served) = server(&[
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\nretry: 1\n\nid: 7\ndata: {\"type\":\"a\"}\n\nid: 8\ndata: {\"type\":\"cut",
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\nid: 8\ndata: {\"type\":\"b\"}\n\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 34\r\nconnection: close\r\n\r\n{\"code\":404,\"message\":\"Not found\"}",
        ]);
        let mut told = Vec::new();
        let ended = follow(&client, Some(106_131), false, &mut |line| {
            told.push(line.to_owned());
            Ok(true)
        });
        assert_eq!(told, ["a", "b"]);
        assert!(ended.unwrap_err().to_string().contains("404 Not found"));
        let heads = served.join().unwrap();
        assert!(
            heads[0].starts_with("GET /conference/v1/meetings/106131/events "),
            "{heads:?}"
        );
        let resumed = |head: &String| {
            head.to_lowercase()
                .lines()
                .find(|line| line.starts_with("last-event-id"))
                .map(str::to_owned)
        };
        let resumed: Vec<_> = heads.iter().map(resumed).collect();
        assert_eq!(
            resumed,
            [
                None,
                Some("last-event-id: 7".to_owned()),
                Some("last-event-id: 7".to_owned()),
                Some("last-event-id: 8".to_owned())
            ]
        );
    }

    #[test]
    fn it_ends_where_nobody_reads_on() {
        let (client, served) = server(&[
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\nid: 7\ndata: {\"type\":\"a\"}\n\nid: 8\ndata: {\"type\":\"b\"}\n\n",
        ]);
        let mut told = 0;
        let ended = follow(&client, None, true, &mut |_| {
            told += 1;
            Ok(false)
        });
        assert_eq!((ended, told), (Ok(()), 1));
        served.join().unwrap();
    }
}
