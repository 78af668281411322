//! `partyline check`: what would be wrong, before anybody calls.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;

use crate::cli::Common;
use crate::config::Config;

/// File handles beside two a leg.
const HANDLES_BESIDE: u64 = 4096;

/// One line a check, and an error when any failed.
pub(crate) fn run(common: &Common) -> Result<(), String> {
    let config = common.configuration()?;
    let mut failed = 0;
    let mut out = std::io::stdout().lock();
    for (what, found) in checks(&config, &common.data) {
        let line = match found {
            Ok(good) => format!("ok      {what}: {good}"),
            Err(bad) => {
                failed += 1;
                format!("FAILED  {what}: {bad}")
            }
        };
        // Whoever reads only the first lines has not asked for a panic.
        let _ = writeln!(out, "{line}");
    }
    match failed {
        0 => Ok(()),
        1 => Err("one check failed".to_owned()),
        failed => Err(format!("{failed} checks failed")),
    }
}

type Found = Result<String, String>;

fn checks(config: &Config, data: &Path) -> Vec<(&'static str, Found)> {
    vec![
        ("configuration", Ok("read, every key known".to_owned())),
        ("SIP over UDP", udp(config.sip.listen)),
        ("SIP over TCP", tcp(config.sip.listen, "--sip")),
        ("API", tcp(config.api.listen, "--api")),
        ("metrics", metrics(config)),
        ("callers", callers(config)),
        ("dial-out", dial_out(config)),
        ("operator", operator(config)),
        ("RTP address", media(config)),
        ("RTP ports", ports(config)),
        ("mixer's cores", cores(config)),
        ("file handles", handles(config)),
        ("data folder", folder(data)),
        ("recordings", recordings(config, data)),
        ("certificate", certificate(config)),
    ]
}

fn udp(address: SocketAddr) -> Found {
    let bound =
        UdpSocket::bind(address).map_err(|error| format!("{address}: {error}; choose another with --sip"))?;
    drop(bound);
    Ok(format!("{address} is free"))
}

fn tcp(address: SocketAddr, option: &str) -> Found {
    let bound = TcpListener::bind(address);
    drop(bound.map_err(|error| format!("{address}: {error}; choose another with {option}"))?);
    Ok(format!("{address} is free"))
}

fn metrics(config: &Config) -> Found {
    match config.metrics.enabled {
        true => tcp(config.metrics.listen, "--metrics"),
        false => Ok("switched off".to_owned()),
    }
}

fn callers(config: &Config) -> Found {
    match config.sip.allow.len() {
        0 => Err("sip.allow is empty, so every call is refused; list the networks of your trunks".to_owned()),
        networks => Ok(format!("{networks} networks may call")),
    }
}

fn dial_out(config: &Config) -> Found {
    let plan = config.dial_out.plan()?;
    Ok(match (plan.allow.len(), plan.hosts.len()) {
        (0, 0) => "switched off".to_owned(),
        (prefixes, hosts) => format!("{prefixes} prefixes and {hosts} hosts may be called"),
    })
}

fn operator(config: &Config) -> Found {
    let operator = config.operator.plan(&config.dial_out.plan()?)?;
    Ok(match operator {
        None => "nobody can be asked for".to_owned(),
        Some(_) => "callers can ask for one".to_owned(),
    })
}

fn media(config: &Config) -> Found {
    let Some(address) = config.media.listen else {
        return Ok("that of each call's SIP".to_owned());
    };
    let bound = UdpSocket::bind((address, 0));
    drop(bound.map_err(|error| format!("media.listen {address}: {error}"))?);
    Ok(format!("{address} is one of this machine"))
}

fn cores(config: &Config) -> Found {
    let there = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cores = &config.media.cores;
    match cores.iter().find(|core| **core >= there) {
        Some(core) => Err(format!(
            "media.cores names {core}; this machine has 0 to {}",
            there - 1
        )),
        None if cores.is_empty() => Ok("one thread, wherever the system puts it".to_owned()),
        None => Ok(format!("{cores:?} of {there}")),
    }
}

fn ports(config: &Config) -> Found {
    let (range, calls) = (config.media.ports, config.calls.max_calls);
    let legs = range.legs();
    if legs < calls {
        return Err(format!(
            "{}-{} holds {legs} legs, calls.max_calls is {calls}; widen media.ports",
            range.first, range.last
        ));
    }
    Ok(format!("{}-{} holds {legs} legs", range.first, range.last))
}

fn handles(config: &Config) -> Found {
    let needed = 2 * config.calls.max_calls as u64 + HANDLES_BESIDE;
    let limit = open_files();
    if limit < needed {
        return Err(format!(
            "{limit} allowed, {needed} needed for {} calls; raise it (ulimit -n)",
            config.calls.max_calls
        ));
    }
    Ok(format!("{limit} allowed, {needed} needed"))
}

/// The hard limit: up to it the bridge raises its own.
fn open_files() -> u64 {
    rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(0, |(_, hard)| hard)
}

fn folder(data: &Path) -> Found {
    match std::fs::metadata(data) {
        Ok(found) if !found.is_dir() => Err(format!("{} is no folder", data.display())),
        Ok(found) if found.permissions().readonly() => Err(format!("{} cannot be written", data.display())),
        Ok(_) => Ok(format!("{} is there", data.display())),
        Err(_) => made(data),
    }
}

fn recordings(config: &Config, data: &Path) -> Found {
    match config.recording.enabled {
        true => folder(&config.recording.place(data)),
        false => Ok("switched off".to_owned()),
    }
}

/// Whether a folder that is not there can be made: in the nearest one that is.
fn made(data: &Path) -> Found {
    let above = data.ancestors().skip(1).map(|path| match path {
        empty if empty.as_os_str().is_empty() => Path::new("."),
        path => path,
    });
    let nearest = above
        .filter_map(|path| Some((path, std::fs::metadata(path).ok()?)))
        .next();
    match nearest {
        Some((_, found)) if found.is_dir() && !found.permissions().readonly() => {
            Ok(format!("{} will be made", data.display()))
        }
        Some((path, _)) => Err(format!("{} cannot be made in {}", data.display(), path.display())),
        None => Err(format!("{} cannot be made", data.display())),
    }
}

fn certificate(config: &Config) -> Found {
    match (&config.api.certificate, &config.api.key) {
        (Some(certificate), Some(key)) => {
            for file in [certificate, key] {
                std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
            }
            Ok(format!("{}", certificate.display()))
        }
        (None, None) | (Some(_), None) | (None, Some(_)) => Ok("self-signed, of its own making".to_owned()),
    }
}
