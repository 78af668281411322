//! Janus as a child: its AudioBridge, one room, phones that join by plain RTP, more and more of them.

mod http;

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::child::Child;
use crate::cpu;
use crate::options::SERVER_CORE;
use crate::partyline::free_port;
use crate::phones::{OPUS_TYPE, Phones};
use crate::results::{HOLDS_PERCENT, Sample};
use crate::scenario::{Coding, Growth};
use crate::vitals;
use crate::voice::OPUS_HZ;
use http::Http;

/// How long Janus may take to start, and to let one phone in.
const START: Duration = Duration::from_secs(30);
const JOIN: Duration = Duration::from_secs(20);
/// From all being in to judgement: buffers fill.
const WARM_UP: Duration = Duration::from_secs(4);
/// Where Debian puts what Janus loads.
const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/janus",
    "/usr/lib/aarch64-linux-gnu/janus",
];
const PLUGIN: &str = "libjanus_audiobridge.so";
const TRANSPORT: &str = "libjanus_http.so";
/// The only room.
const ROOM: u32 = 1;

/// Why Janus cannot be measured here, if so.
pub(crate) fn is_missing(program: &Path) -> Option<String> {
    let missing = !program.is_file() || libraries().is_none();
    missing.then(|| format!("{} is not installed: apt-get install janus", program.display()))
}

fn libraries() -> Option<&'static Path> {
    LIBRARIES.iter().map(Path::new).find(|path| path.is_dir())
}

/// Grows one room through its sizes, and gives a sample for each, until more is missing than one that holds may miss.
///
/// # Errors
/// Janus does not start or does not do what it is asked to; with what was measured before.
pub(crate) fn measure(
    program: &Path,
    folder: &Path,
    growth: &Growth,
    judged: Duration,
    mut found: impl FnMut(usize, Sample),
) -> Result<(), String> {
    let mut room = Room::open(program, folder, growth.coding)?;
    for legs in &growth.sizes {
        let sample = room.judge(*legs, judged)?;
        let missing = 100.0 * sample.missing as f64 / sample.due.max(1) as f64;
        found(*legs, sample);
        if missing > HOLDS_PERCENT {
            break;
        }
    }
    Ok(())
}

/// A room with phones in it.
struct Room {
    janus: Child,
    http: Http,
    session: u64,
    coding: Coding,
    phones: Phones,
    /// Memory without phones, KiB.
    empty_kib: u64,
}

impl Room {
    fn open(program: &Path, folder: &Path, coding: Coding) -> Result<Self, String> {
        let at = free_port()?;
        let config = configure(folder, at).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut command = Command::new(program);
        command
            .arg("--disable-colors")
            .arg("--configs-folder")
            .arg(&config);
        command.arg("--config").arg(config.join("janus.jcfg"));
        let mut janus = Child::start(&mut command, SERVER_CORE, &folder.join("janus.log"))?;
        let http = Http::new(at);
        let answers = |_: &Child| http.get("/janus/info").is_ok();
        let ready = janus.wait_until(START, answers);
        ready.map_err(|error| format!("Janus: {error}"))?;
        let session = id(&http.post("/janus", &json!({ "janus": "create", "transaction": "create" }))?)?;
        let room = Self {
            empty_kib: resident_kib(janus.id())?,
            janus,
            http,
            session,
            coding,
            phones: Phones::new(coding)?,
        };
        room.create()?;
        Ok(room)
    }

    fn create(&self) -> Result<(), String> {
        let rate = match self.coding {
            Coding::Pcmu => 8_000,
            Coding::Opus => OPUS_HZ,
        };
        let body = json!({
            "request": "create", "room": ROOM, "permanent": false, "sampling_rate": rate,
            "allow_rtp_participants": true, "audiolevel_ext": false,
        });
        let handle = self.attach()?;
        let answer = self.message(handle, "room", &body)?;
        match answer
            .pointer("/plugindata/data/audiobridge")
            .and_then(Value::as_str)
        {
            Some("created") => Ok(()),
            Some(_) | None => Err(format!("Janus made no room: {answer}")),
        }
    }

    fn attach(&self) -> Result<u64, String> {
        let path = format!("/janus/{}", self.session);
        let body =
            json!({ "janus": "attach", "plugin": "janus.plugin.audiobridge", "transaction": "attach" });
        id(&self.http.post(&path, &body)?)
    }

    fn message(&self, handle: u64, transaction: &str, body: &Value) -> Result<Value, String> {
        let path = format!("/janus/{}/{handle}", self.session);
        let body = json!({ "janus": "message", "transaction": transaction, "body": body });
        self.http.post(&path, &body)
    }

    /// Lets phones in until there are so many, and judges all.
    fn judge(&mut self, legs: usize, judged: Duration) -> Result<Sample, String> {
        while self.phones.count() < legs {
            self.join()?;
        }
        let pid = self.janus.id();
        let found = self.phones.run(WARM_UP, judged, || cpu::used(pid, None));
        let sample = found.map_err(|error| format!("Janus with {legs} phones: {error}"))?;
        let resident = resident_kib(pid)?;
        Ok(Sample {
            memory_kib: Some(resident.saturating_sub(self.empty_kib) as f64 / legs as f64),
            ..sample
        })
    }

    fn join(&mut self) -> Result<(), String> {
        let here = self.phones.add()?;
        let (codec, kind) = match self.coding {
            Coding::Pcmu => ("pcmu", 0),
            Coding::Opus => ("opus", OPUS_TYPE),
        };
        let body = json!({
            "request": "join", "room": ROOM, "codec": codec,
            "rtp": { "ip": here.ip().to_string(), "port": here.port(), "payload_type": kind },
        });
        let handle = self.attach()?;
        let transaction = format!("join {handle}");
        self.message(handle, &transaction, &body)?;
        let far = self.joined(&transaction)?;
        self.phones.connect(far);
        Ok(())
    }

    /// Reads events until the one that answers; the others tell everybody who came.
    fn joined(&self, transaction: &str) -> Result<SocketAddr, String> {
        let deadline = Instant::now() + JOIN;
        let path = format!("/janus/{}?maxev=1000", self.session);
        while Instant::now() < deadline {
            let events = self.http.get(&path)?;
            let events = events.as_array().map(Vec::as_slice).unwrap_or_default();
            let ours = |event: &&Value| event["transaction"] == transaction;
            if let Some(event) = events.iter().find(ours) {
                return address(event).ok_or_else(|| format!("Janus let a phone not in: {event}"));
            }
        }
        Err(format!("Janus let a phone not in within {JOIN:?}"))
    }
}

fn resident_kib(pid: u32) -> Result<u64, String> {
    let vitals = vitals::read(pid, 0.0).map_err(|error| format!("Janus has ended: {error}"))?;
    Ok(vitals.resident_kib)
}

/// The id in an answer.
fn id(answer: &Value) -> Result<u64, String> {
    let id = answer.pointer("/data/id").and_then(Value::as_u64);
    id.ok_or_else(|| format!("Janus answered {answer}"))
}

/// Where a phone that joined is to send.
fn address(event: &Value) -> Option<SocketAddr> {
    let rtp = event.pointer("/plugindata/data/rtp")?;
    let ip: IpAddr = rtp["ip"].as_str()?.parse().ok()?;
    let port = u16::try_from(rtp["port"].as_u64()?).ok()?;
    Some(SocketAddr::new(ip, port))
}

/// Writes a configuration that loads the AudioBridge and HTTP on loopback, and nothing else; its folder.
fn configure(folder: &Path, at: SocketAddr) -> std::io::Result<PathBuf> {
    let config = folder.join("janus");
    let _ = fs::remove_dir_all(&config);
    let libraries = libraries().ok_or_else(|| std::io::Error::other("Janus has no libraries here"))?;
    for (kind, library) in [
        ("plugins", Some(PLUGIN)),
        ("transports", Some(TRANSPORT)),
        ("events", None),
        ("loggers", None),
    ] {
        fs::create_dir_all(config.join(kind))?;
        if let Some(library) = library {
            symlink(
                libraries.join(kind).join(library),
                config.join(kind).join(library),
            )?;
        }
    }
    let config = config.canonicalize()?;
    for (name, text) in files(&config, at) {
        fs::write(config.join(name), text)?;
    }
    Ok(config)
}

fn files(config: &Path, at: SocketAddr) -> [(&'static str, String); 3] {
    let folder = config.display();
    let general = format!(
        "general: {{\n configs_folder = \"{folder}\"\n plugins_folder = \"{folder}/plugins\"\n \
         transports_folder = \"{folder}/transports\"\n events_folder = \"{folder}/events\"\n \
         loggers_folder = \"{folder}/loggers\"\n interface = \"127.0.0.1\"\n debug_level = 3\n session_timeout = 0\n}}\n"
    );
    let plugin =
        "general: {\n rtp_port_range = \"10000-19999\"\n local_ip = \"127.0.0.1\"\n events = false\n}\n";
    let transport = format!(
        "general: {{\n json = \"compact\"\n http = true\n ip = \"{}\"\n port = {}\n https = false\n}}\n\
         admin: {{\n admin_http = false\n}}\n",
        at.ip(),
        at.port()
    );
    [
        ("janus.jcfg", general),
        ("janus.plugin.audiobridge.jcfg", plugin.to_owned()),
        ("janus.transport.http.jcfg", transport),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_others_are_refused() {
        assert_eq!(id(&json!({ "janus": "success", "data": { "id": 7 } })), Ok(7));
        assert!(id(&json!({ "janus": "error" })).is_err());
        let event = |rtp: Value| json!({ "plugindata": { "data": { "rtp": rtp } } });
        let good = event(json!({ "ip": "127.0.0.1", "port": 10_000 }));
        assert_eq!(address(&good), Some(SocketAddr::from(([127, 0, 0, 1], 10_000))));
        assert_eq!(
            address(&event(json!({ "ip": "127.0.0.1", "port": 70_000 }))),
            None
        );
    }

    #[test]
    fn what_janus_is_told_stays_on_loopback() {
        let at = SocketAddr::from(([127, 0, 0, 1], 8_088));
        let files = files(Path::new("/x"), at);
        let text: String = files.iter().map(|(_, text)| text.as_str()).collect();
        assert!(
            text.contains("ip = \"127.0.0.1\"\n port = 8088") && text.contains("admin_http = false"),
            "{text}"
        );
    }
}
