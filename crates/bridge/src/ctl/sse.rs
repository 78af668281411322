//! Server-sent events, as the WHATWG's HTML standard says how they are read (section 9.2).

use std::time::Duration;

/// What a whole event said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Its text, lines joined.
    pub(super) data: String,
}

/// Makes events of lines.
#[derive(Debug, Default)]
pub(super) struct Reader {
    data: Option<String>,
    id: Option<String>,
    /// Id of the last whole event, with which a stream goes on.
    pub(super) last: Option<String>,
    /// How long to wait before connecting again, where the server says so.
    pub(super) retry: Option<Duration>,
}

impl Reader {
    /// Takes a line without its end; gives the event that it ends.
    pub(super) fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            return self.end();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" => self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry),
            // Comments keep the connection alive; the type stands in the data, too.
            _ => {}
        }
        None
    }

    /// Forgets what was begun: the connection was lost.
    pub(super) fn lost(&mut self) {
        self.data = None;
        self.id = None;
    }

    fn end(&mut self) -> Option<Event> {
        if let Some(id) = self.id.take() {
            self.last = Some(id);
        }
        self.data.take().map(|data| Event { data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reader: &mut Reader, text: &str) -> Vec<String> {
        text.lines()
            .filter_map(|line| reader.line(line))
            .map(|event| event.data)
            .collect()
    }

    #[test]
    fn lines_become_events() {
        let mut reader = Reader::default();
        let text = ": hello\n\nid: 7\nevent: x\ndata: {\"a\":1}\n\nretry: 2500\ndata:b\ndata: c\n\nid: 8\ndata: whole\n\n";
        assert_eq!(read(&mut reader, text), ["{\"a\":1}", "b\nc", "whole"]);
        assert_eq!(reader.last.as_deref(), Some("8"));
        assert_eq!(reader.retry, Some(Duration::from_millis(2500)));
    }

    #[test]
    fn an_id_without_an_event_is_gone_on_from_too() {
        let mut reader = Reader::default();
        assert_eq!(read(&mut reader, "id: 7\ndata: a\n\n: \nid: 12\n\n"), ["a"]);
        assert_eq!(reader.last.as_deref(), Some("12"));
    }

    #[test]
    fn an_event_that_was_cut_off_is_asked_for_again() {
        let mut reader = Reader::default();
        assert_eq!(read(&mut reader, "id: 7\ndata: a\n\nid: 8\ndata: b\n"), ["a"]);
        reader.lost();
        assert_eq!(reader.last.as_deref(), Some("7"));
        assert_eq!(read(&mut reader, "\nid: 8\ndata: b\n\n"), ["b"]);
        assert_eq!(reader.last.as_deref(), Some("8"));
    }
}
