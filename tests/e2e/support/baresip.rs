//! baresip, a softphone: run without a sound card, driven over its ctrl_tcp module (JSON in netstrings).

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::tool;
use super::sound::{RATE, read_wav, write_wav};
use super::until::until;

/// Where nobody takes calls: the bridge of a phone that calls nobody itself.
pub(crate) const NOBODY: ([u8; 4], u16) = ([127, 0, 0, 1], 9);
const LIMIT: Duration = Duration::from_secs(15);
/// Ports are found free before they are taken: so often somebody else may be quicker.
const TRIES: usize = 5;
/// A person's pace at the keys.
const BETWEEN_KEYS: Duration = Duration::from_millis(200);
/// baresip hangs up where a file ends, so every file ends with as much silence as no test lasts.
const SILENCE_SECONDS: usize = 180;

/// A phone. It hangs up and ends when dropped.
pub(crate) struct Baresip {
    child: Child,
    sip: SocketAddr,
    control: TcpStream,
    unread: Vec<u8>,
    events: Vec<Value>,
    folder: TempDir,
}

impl Baresip {
    /// A phone of this name whose calls go to `bridge`.
    pub(crate) fn start(name: &str, bridge: SocketAddr) -> Self {
        let mut tries = (0..TRIES).map(|_| Self::try_start(name, bridge));
        tries
            .find_map(|phone| phone)
            .expect("ports that are free stay so for a moment")
    }

    /// The same; nothing where somebody took one of its ports after they were found free.
    fn try_start(name: &str, bridge: SocketAddr) -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        write_wav(
            &folder.path().join("silence.wav"),
            &vec![0; RATE * SILENCE_SECONDS],
        );
        fs::create_dir(folder.path().join("heard")).expect("a folder is made");
        let (sip, control) = configure(folder.path(), name, bridge);
        let out = File::create(folder.path().join("out")).expect("a file is made");
        let mut child = Command::new(tool("baresip"))
            .arg("-f")
            .arg(folder.path())
            .stderr(out.try_clone().expect("a file has two names"))
            .stdout(out)
            .spawn()
            .expect("baresip runs");
        let said = until("baresip starts", LIMIT, || {
            let said = fs::read_to_string(folder.path().join("out")).ok()?;
            said.contains("baresip is ready").then_some(said)
        });
        if said.contains("Address already in use") {
            child.kill().expect("it runs");
            child.wait().expect("it was started");
            return None;
        }
        let control = TcpStream::connect(control).expect("baresip takes commands");
        control.set_nonblocking(true).expect("a socket can be told");
        Some(Self {
            child,
            sip,
            control,
            unread: Vec::new(),
            events: Vec::new(),
            folder,
        })
    }

    /// Where it takes calls.
    pub(crate) fn sip(&self) -> SocketAddr {
        self.sip
    }

    /// Waits for a call and answers it.
    pub(crate) fn answer(&mut self) {
        self.wait_for_event("CALL_INCOMING");
        self.command("accept", "");
        self.wait_for_event("CALL_ESTABLISHED");
    }

    /// Refuses the call that rings, as one who is busy.
    pub(crate) fn decline(&mut self) {
        self.command("hangup", "");
    }

    /// One of its commands.
    fn command(&mut self, command: &str, parameter: &str) {
        let order = json!({ "command": command, "params": parameter, "token": "t" }).to_string();
        write!(self.control, "{}:{order},", order.len()).expect("baresip takes commands");
    }

    /// Calls a number and waits for the answer.
    pub(crate) fn call(&mut self, number: &str, bridge: SocketAddr) {
        self.command("dial", &format!("sip:{number}@{bridge}"));
        self.wait_for_event("CALL_ESTABLISHED");
    }

    /// Presses keys, as telephone-events.
    pub(crate) fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.command("sndcode", &key.to_string());
            sleep(BETWEEN_KEYS);
        }
    }

    /// Says this, then nothing.
    pub(crate) fn say(&mut self, name: &str, sentence: &[i16]) {
        let path = self.folder.path().join(format!("{name}.wav"));
        let mut samples = sentence.to_vec();
        samples.resize(RATE * SILENCE_SECONDS, 0);
        write_wav(&path, &samples);
        self.command("ausrc", &format!("aufile,{}", path.display()));
    }

    /// Hangs up.
    pub(crate) fn hang_up(&mut self) {
        self.command("hangup", "");
        self.wait_for_event("CALL_CLOSED");
    }

    /// Waits for an event of this type; it may have come before.
    pub(crate) fn wait_for_event(&mut self, kind: &str) -> Value {
        until(kind, LIMIT, || {
            self.read();
            self.events.iter().find(|event| event["type"] == kind).cloned()
        })
    }

    /// Everything it has heard since the call began.
    pub(crate) fn heard(&self) -> Vec<i16> {
        let files = fs::read_dir(self.folder.path().join("heard")).expect("the folder is there");
        let mut files = files.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let decoded = files.find(|path| path.to_string_lossy().ends_with("-dec.wav"));
        decoded.map(|path| read_wav(&path)).unwrap_or_default()
    }

    fn read(&mut self) {
        let mut buffer = [0; 4096];
        loop {
            match self.control.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => self.unread.extend(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("baresip: {error}"),
            }
        }
        while let Some((message, len)) = netstring(&self.unread) {
            self.events.extend(serde_json::from_slice::<Value>(message));
            self.unread.drain(..len);
        }
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let text = fs::read_to_string(self.folder.path().join("out")).unwrap_or_default();
            eprintln!("baresip said:\n{}", text.replace('\r', "\n"));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first message in `bytes` and its length with everything around it.
fn netstring(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let len: usize = std::str::from_utf8(&bytes[..colon]).ok()?.parse().ok()?;
    let message = bytes.get(colon + 1..colon + 1 + len)?;
    (bytes.len() > colon + 1 + len).then_some((message, colon + 2 + len))
}

/// Writes its configuration; gives the addresses where it takes calls and commands.
fn configure(folder: &Path, name: &str, bridge: SocketAddr) -> (SocketAddr, SocketAddr) {
    let (sip, control) = (free_pair(), free_tcp());
    let config = format!(
        "sip_listen 127.0.0.1:{sip}
net_interface 127.0.0.1
audio_source aufile,{silence}
ausrc_srate {RATE}
auplay_srate {RATE}
ausrc_channels 1
auplay_channels 1
snd_path {heard}
ctrl_tcp_listen {control}
module_path {modules}
module g711.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
statmode_default off
module_app ctrl_tcp.so
",
        silence = folder.join("silence.wav").display(),
        heard = folder.join("heard").display(),
        modules = modules().display(),
    );
    fs::write(folder.join("config"), config).expect("a file is written");
    let account = format!("<sip:{name}@{bridge}>;regint=0;audio_codecs=pcmu\n");
    fs::write(folder.join("accounts"), account).expect("a file is written");
    (SocketAddr::from(([127, 0, 0, 1], sip)), control)
}

fn modules() -> PathBuf {
    let program = tool("baresip");
    let prefix = program.parent().and_then(Path::parent);
    prefix.expect("it is in a bin folder").join("lib/baresip/modules")
}

/// A free port for UDP and TCP whose upper neighbour is free too: baresip puts TLS there.
fn free_pair() -> u16 {
    until("two free ports", LIMIT, || {
        let udp = UdpSocket::bind("127.0.0.1:0").ok()?;
        let port = udp.local_addr().ok()?.port();
        TcpListener::bind(("127.0.0.1", port)).ok()?;
        TcpListener::bind(("127.0.0.1", port.checked_add(1)?)).ok()?;
        Some(port)
    })
}

fn free_tcp() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket has an address")
}
