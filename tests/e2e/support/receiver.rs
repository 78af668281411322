//! A receiver of webhooks: HTTP on loopback, plain or by TLS, which keeps what it was sent and verifies who signed it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use sha2::Sha256;

/// What a bridge must be told to post to them.
pub(crate) const RECEIVERS: &str = "[webhooks]\nallow_http = true\nallow_private = [\"127.0.0.0/8\"]\n";

/// One event as it came.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    /// `webhook-id`.
    pub(crate) id: String,
    /// What `webhook-signature` was made of beside the secret.
    signed: Vec<u8>,
    signature: String,
    /// The event.
    pub(crate) event: Value,
}

impl Posted {
    /// Whether it was signed with `secret`, as its owner was told it.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD
            .decode(secret.trim_start_matches("whsec_"))
            .expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length is good");
        mac.update(&self.signed);
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.signature.split(' ').any(|signature| signature == expected)
    }
}

/// How connections are taken.
#[derive(Clone)]
enum Way {
    Plain,
    Tls(Arc<ServerConfig>),
}

/// What senders are answered.
const TAKEN: &str = "204 No Content";
const GONE: &str = "410 Gone";

/// A running receiver; ends when dropped.
pub(crate) struct Receiver {
    address: SocketAddr,
    posted: Arc<Mutex<Vec<Posted>>>,
    stop: Arc<AtomicBool>,
    crash: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// On any port.
    pub(crate) fn start() -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// On any port, by TLS with a certificate for 127.0.0.1 that it signed itself; that, PEM.
    pub(crate) fn start_tls() -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("it has versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("they belong together");
        let way = Way::Tls(Arc::new(config));
        let receiver = Self::listen(SocketAddr::from(([127, 0, 0, 1], 0)), way, TAKEN);
        (receiver, made.cert.pem())
    }

    /// On any port; says that it wants nothing any more.
    pub(crate) fn start_gone() -> Self {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0)), Way::Plain, GONE)
    }

    /// On the port that another had.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self::listen(address, Way::Plain, TAKEN)
    }

    fn listen(address: SocketAddr, way: Way, answer: &'static str) -> Self {
        let listener = TcpListener::bind(address).expect("the port is free");
        let address = listener.local_addr().expect("it is bound");
        let (posted, stop, crash) = (Arc::default(), Arc::default(), Arc::default());
        let mut receiver = Self {
            address,
            posted,
            stop,
            crash,
            thread: None,
        };
        receiver.thread = Some(receiver.serve(listener, way, answer));
        receiver
    }

    fn serve(&self, listener: TcpListener, way: Way, answer: &'static str) -> JoinHandle<()> {
        let (kept, stop, crash) = (self.posted.clone(), self.stop.clone(), self.crash.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let crashes = crash.load(Ordering::Relaxed);
                let answer = (!crashes).then_some(answer);
                if let Some(one) = stream.ok().and_then(|stream| take(&way, stream, answer)) {
                    kept.lock().expect("nobody has panicked").push(one);
                    if crashes {
                        return;
                    }
                }
            }
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was sent so far, in order.
    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.posted.lock().expect("nobody has panicked").clone()
    }

    /// Ends between two requests; what it was sent.
    pub(crate) fn stop(mut self) -> Vec<Posted> {
        self.end();
        self.posted()
    }

    /// Ends in the midst of the next request, which it takes and never answers; what it was sent, that one included.
    pub(crate) fn crash(mut self) -> Vec<Posted> {
        self.crash.store(true, Ordering::Relaxed);
        self.join();
        self.posted()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Has the thread look whether it is to end.
        let _ = TcpStream::connect(self.address);
        self.join();
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.end();
    }
}

fn take(way: &Way, stream: TcpStream, answer: Option<&str>) -> Option<Posted> {
    match way {
        Way::Plain => receive(stream, answer),
        Way::Tls(config) => {
            let connection = ServerConnection::new(config.clone()).ok()?;
            receive(StreamOwned::new(connection, stream), answer)
        }
    }
}

/// Takes one event, and answers where there is an answer.
fn receive(stream: impl Read + Write, answer: Option<&str>) -> Option<Posted> {
    let mut reader = BufReader::new(stream);
    let mut head = vec![];
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let header = |name: &str| {
        let lines = head.iter().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found
            .next()
            .map(|(_, value)| value.to_owned())
            .unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let id = header("webhook-id");
    let mut signed = format!("{id}.{}.", header("webhook-timestamp")).into_bytes();
    signed.extend(&body);
    if let Some(answer) = answer {
        let head = format!("HTTP/1.1 {answer}\r\nConnection: close\r\n\r\n");
        reader.get_mut().write_all(head.as_bytes()).ok()?;
    }
    Some(Posted {
        id,
        signed,
        signature: header("webhook-signature"),
        event: serde_json::from_slice(&body).ok()?,
    })
}
