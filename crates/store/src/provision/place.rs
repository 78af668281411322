use std::fmt;

/// One thing wrong with a provisioning file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionError {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The field or attribute at fault; empty where the file is no TOML.
    pub field: String,
    /// What was expected.
    pub message: String,
}

impl fmt::Display for ProvisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            field,
            message,
        } = self;
        match field.as_str() {
            "" => write!(f, "line {line}, column {column}: {message}"),
            field => write!(f, "line {line}, column {column}: {field}: {message}"),
        }
    }
}

impl std::error::Error for ProvisionError {}

impl ProvisionError {
    /// From what the TOML reader says.
    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(0, |span| span.start);
        let key = key_at(text, at);
        let message = match key.starts_with("password") {
            // What the reader says holds what it has read, and no log is to have that.
            true => "expected a text in quotes",
            false => error.message(),
        };
        problem(text, at, key, message.to_owned())
    }
}

/// A problem at byte `at` of `text`.
pub(super) fn problem(text: &str, at: usize, field: &str, message: String) -> ProvisionError {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    ProvisionError {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        field: field.to_owned(),
        message,
    }
}

/// Where `key` is set in the object that starts at byte `start`; `start` itself where it is not set.
pub(super) fn after_key(text: &str, start: usize, key: &str) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let object = rest
        .find("\n[[")
        .map_or(rest, |end| rest.get(..end).unwrap_or(rest));
    let is_key = |at: &usize| {
        let before = object.get(..*at).unwrap_or_default();
        let after = object.get(at + key.len()..).unwrap_or_default();
        !before.ends_with(is_key_letter) && after.trim_start_matches(' ').starts_with('=')
    };
    let found = object.match_indices(key).map(|(at, _)| at).find(is_key);
    start + found.unwrap_or(0)
}

/// The key at byte `at`, or the one whose value is there.
fn key_at(text: &str, at: usize) -> &str {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let rest = after.trim_start_matches(is_key_letter);
    let key = after.get(..after.len() - rest.len()).unwrap_or_default();
    if !key.is_empty() && rest.trim_start_matches(' ').starts_with('=') {
        return key;
    }
    let line = before.rsplit('\n').next().unwrap_or_default();
    let left = line.rsplit_once('=').map_or("", |(left, _)| left).trim_end();
    left.rsplit(|c| !is_key_letter(c)).next().unwrap_or_default()
}

fn is_key_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}
