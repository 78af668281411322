//! Our messages, written from the top down.

use bytes::Bytes;

use super::Echo;
use super::refusal::phrase;

/// A message being written; nothing it is given can end a line early.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// A response to the request `echo` was taken from; `tag` goes into a To that has none.
    pub(crate) fn response(echo: &Echo, status: u16, reason: Option<&str>, tag: Option<&str>) -> Self {
        let reason = reason.unwrap_or_else(|| phrase(status));
        Self::start(format!("SIP/2.0 {status} {reason}").as_bytes()).echo(echo, tag)
    }

    /// A request; `uri` as it goes into the start line.
    pub(crate) fn request(method: &str, uri: &[u8]) -> Self {
        let mut line = method.as_bytes().to_vec();
        line.push(b' ');
        line.extend_from_slice(uri);
        line.extend_from_slice(b" SIP/2.0");
        Self::start(&line)
    }

    /// One header field.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b": ");
        self.line(value.as_ref());
        self
    }

    /// One header field for each value.
    pub(crate) fn headers<V: AsRef<[u8]>>(self, name: &str, values: impl IntoIterator<Item = V>) -> Self {
        values
            .into_iter()
            .fold(self, |out, value| out.header(name, value))
    }

    /// Header fields with their names.
    pub(crate) fn pairs(self, fields: &[(&'static str, String)]) -> Self {
        fields
            .iter()
            .fold(self, |out, (name, value)| out.header(name, value))
    }

    /// One header field if there is a value.
    pub(crate) fn maybe(self, name: &str, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// How much is written so far, bytes.
    pub(crate) fn size(&self) -> usize {
        self.out.len()
    }

    /// The end, without a body.
    pub(crate) fn done(self) -> Bytes {
        self.body(&[])
    }

    /// The end, with an SDP body.
    pub(crate) fn sdp(self, sdp: &[u8]) -> Bytes {
        self.typed("application/sdp", sdp)
    }

    /// The end, with a body of some type.
    pub(crate) fn typed(self, kind: &str, body: &[u8]) -> Bytes {
        self.header("Content-Type", kind).body(body)
    }

    /// The end, with an SDP body if there is one.
    pub(crate) fn maybe_sdp(self, sdp: Option<&[u8]>) -> Bytes {
        match sdp {
            Some(sdp) => self.sdp(sdp),
            None => self.done(),
        }
    }

    fn start(line: &[u8]) -> Self {
        let mut writer = Self {
            out: Vec::with_capacity(1024),
        };
        writer.line(line);
        writer
    }

    fn echo(mut self, echo: &Echo, tag: Option<&str>) -> Self {
        self.out.extend_from_slice(&echo.head);
        if let Some(to) = &echo.to {
            let tag = tag.filter(|_| !echo.to_has_tag);
            self.out.extend_from_slice(b"To: ");
            self.out.extend_from_slice(to);
            for part in tag.into_iter().flat_map(|tag| [";tag=", tag]) {
                self.out.extend_from_slice(part.as_bytes());
            }
            self.out.extend_from_slice(b"\r\n");
        }
        self
    }

    fn body(self, body: &[u8]) -> Bytes {
        let mut whole = self.header("Content-Length", body.len().to_string());
        whole.out.extend_from_slice(b"\r\n");
        whole.out.extend_from_slice(body);
        // Without the spare room: a lingering transaction keeps its response for half a minute.
        Bytes::from(whole.out.into_boxed_slice())
    }

    fn line(&mut self, text: &[u8]) {
        let clean = text
            .iter()
            .map(|&byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte });
        self.out.extend(clean);
        self.out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_value_cannot_end_its_line() {
        let bytes = Writer::request("BYE", b"sip:a@b")
            .header("Reason", "x\r\nEvil: 1")
            .done();
        assert_eq!(
            bytes,
            "BYE sip:a@b SIP/2.0\r\nReason: x  Evil: 1\r\nContent-Length: 0\r\n\r\n"
        );
    }
}
