//! Structured logs on standard error. Access codes, passwords and whole numbers never reach them.

use model::{Cdr, masked};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSection};

/// Starts logging; called once.
pub(super) fn start(section: &LogSection) -> Result<(), String> {
    let filter = EnvFilter::try_new(&section.level).map_err(|error| format!("log.level: {error}"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = match section.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.try_init(),
    };
    started.map_err(|error| format!("logs: {error}"))
}

/// The one line a call leaves when it ends.
pub(super) fn call_ended(cdr: &Cdr) {
    let meeting = cdr.meeting.map(|(_, number)| number.0);
    tracing::info!(
        call = cdr.leg.0,
        cause = cdr.cause.text(),
        status = cdr.sip_status,
        callee = %masked(&cdr.callee),
        caller = %masked(&cdr.caller),
        source = %cdr.source,
        codec = %cdr.codec,
        meeting,
        role = cdr.role.map(|role| role as u8),
        ring_ms = cdr.answered_ms.map(|at| at - cdr.created_ms),
        duration_ms = cdr.ended_ms - cdr.answered_ms.unwrap_or(cdr.created_ms),
        "call ended"
    );
}
