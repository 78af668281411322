//! The roster as a document (RFC 4575): who is in a conference, written for phones that show it.
//!
//! A document is as long as its way allows. Of people who do not fit, the caller of this writes a next one; until then a whole
//! document says that its list is not (`<users state="partial">`), and each says how many there are.

use std::io;

use model::{LegId, Role};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

/// Who is shown of one leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// The name given, or the number with all but its last digits hidden.
    pub(super) name: String,
    pub(super) role: Role,
    /// Waits for the start, or to be let in.
    pub(super) waits: bool,
    pub(super) held: bool,
    pub(super) muted: bool,
    /// The bridge called, rather than was called.
    pub(super) dialled: bool,
}

/// What one document says.
pub(super) struct Document<'a> {
    /// The URI of the conference: that of our Contact in the phone's call (RFC 4579 section 4.2), or it would not know what this is about.
    pub(super) focus: &'a str,
    /// Our host and port, for the addresses of people.
    pub(super) host: &'a str,
    /// The number of the meeting.
    pub(super) number: u32,
    pub(super) version: u32,
    /// Whether `people` are all there are, rather than those that changed.
    pub(super) full: bool,
    /// How many there are, whoever of them is in the document.
    pub(super) count: usize,
    pub(super) active: bool,
    pub(super) locked: bool,
    /// Who is new or has changed; `None` for one who has left.
    pub(super) people: &'a [(LegId, Option<&'a Person>)],
}

impl Document<'_> {
    /// Its text of at most `room` bytes, and how many of its people are in it: the first so many.
    pub(super) fn text(&self, room: usize) -> (Vec<u8>, usize) {
        let mut left = room.saturating_sub(self.around(&[]).len());
        let users = self.people.iter().map(|(leg, person)| self.user(*leg, *person));
        let fitting = users.take_while(|user| match left.checked_sub(user.len()) {
            Some(rest) => {
                left = rest;
                true
            }
            None => false,
        });
        let users: Vec<_> = fitting.collect();
        (self.around(&users), users.len())
    }

    /// The whole document around these users.
    fn around(&self, users: &[Vec<u8>]) -> Vec<u8> {
        let len: usize = users.iter().map(Vec::len).sum();
        written(512 + len, |writer| self.write(writer, users))
    }

    fn write(&self, writer: &mut Xml, users: &[Vec<u8>]) -> io::Result<()> {
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        writer
            .create_element("conference-info")
            .with_attribute(("xmlns", "urn:ietf:params:xml:ns:conference-info"))
            .with_attribute(("entity", self.focus))
            .with_attribute(("state", state(self.full)))
            .with_attribute(("version", self.version.to_string().as_str()))
            .write_inner_content(|writer| {
                if self.full {
                    within(writer, "conference-description", |writer| {
                        text(writer, "display-text", &format!("Meeting {}", self.number))
                    })?;
                }
                within(writer, "conference-state", |writer| {
                    text(writer, "user-count", &self.count.to_string())?;
                    text(writer, "active", truth(self.active))?;
                    text(writer, "locked", truth(self.locked))
                })?;
                self.users(writer, users)
            })
            .map(drop)
    }

    fn users(&self, writer: &mut Xml, users: &[Vec<u8>]) -> io::Result<()> {
        let whole = self.full && users.len() == self.people.len();
        writer
            .create_element("users")
            .with_attribute(("state", state(whole)))
            .write_inner_content(|writer| {
                let text = writer.get_mut();
                users.iter().for_each(|user| text.extend_from_slice(user));
                Ok(())
            })
            .map(drop)
    }

    fn user(&self, leg: LegId, person: Option<&Person>) -> Vec<u8> {
        written(512, |writer| self.write_user(writer, leg, person))
    }

    fn write_user(&self, writer: &mut Xml, leg: LegId, person: Option<&Person>) -> io::Result<()> {
        let entity = format!("sip:{leg}@{}", self.host);
        let user = writer
            .create_element("user")
            .with_attribute(("entity", entity.as_str()));
        let Some(person) = person else {
            return user.with_attribute(("state", "deleted")).write_empty().map(drop);
        };
        let user = user.with_attribute(("state", "full"));
        user.write_inner_content(|writer| {
            text(writer, "display-text", &person.name)?;
            within(writer, "roles", |writer| text(writer, "entry", role(person.role)))?;
            writer
                .create_element("endpoint")
                .with_attribute(("entity", entity.as_str()))
                .write_inner_content(|writer| person.endpoint(writer))
                .map(drop)
        })
        .map(drop)
    }
}

impl Person {
    fn endpoint(&self, writer: &mut Xml) -> io::Result<()> {
        text(writer, "status", self.status())?;
        text(
            writer,
            "joining-method",
            if self.dialled { "dialed-out" } else { "dialed-in" },
        )?;
        writer
            .create_element("media")
            .with_attribute(("id", "1"))
            .write_inner_content(|writer| {
                text(writer, "type", "audio")?;
                text(writer, "status", self.media())
            })
            .map(drop)
    }

    /// RFC 4575 section 5.7.1.
    fn status(&self) -> &'static str {
        match (self.waits, self.held, self.muted) {
            (true, _, _) => "pending",
            (false, true, _) => "on-hold",
            (false, false, true) => "muted-via-focus",
            (false, false, false) => "connected",
        }
    }

    /// From the phone's side (section 5.8.2).
    fn media(&self) -> &'static str {
        match (self.waits || self.held, self.muted) {
            (true, _) => "inactive",
            (false, true) => "recvonly",
            (false, false) => "sendrecv",
        }
    }
}

type Xml = Writer<Vec<u8>>;

/// What `write` writes, in memory of about `len` bytes.
fn written(len: usize, write: impl FnOnce(&mut Xml) -> io::Result<()>) -> Vec<u8> {
    let mut writer = Writer::new(Vec::with_capacity(len));
    // Memory takes whatever is written to it.
    let _ = write(&mut writer);
    writer.into_inner()
}

fn within(writer: &mut Xml, name: &str, inner: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    writer.create_element(name).write_inner_content(inner).map(drop)
}

fn text(writer: &mut Xml, name: &str, value: &str) -> io::Result<()> {
    let clean: String = value.chars().filter(|c| is_char(*c)).collect();
    let element = writer.create_element(name);
    element.write_text_content(BytesText::new(&clean)).map(drop)
}

/// What may stand in a document at all (XML 1.0 section 2.2); no escape helps the others.
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn state(full: bool) -> &'static str {
    if full { "full" } else { "partial" }
}

fn truth(yes: bool) -> &'static str {
    if yes { "true" } else { "false" }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Host => "host",
        Role::Participant => "participant",
        Role::Listener => "listener",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str) -> Person {
        Person {
            name: name.to_owned(),
            role: Role::Participant,
            waits: false,
            held: false,
            muted: false,
            dialled: false,
        }
    }

    fn document(full: bool, people: &[(u64, Option<Person>)]) -> String {
        let (text, told) = document_within(usize::MAX, full, people);
        assert_eq!(told, people.len());
        text
    }

    fn document_within(room: usize, full: bool, people: &[(u64, Option<Person>)]) -> (String, usize) {
        let people: Vec<_> = people
            .iter()
            .map(|(leg, person)| (LegId(*leg), person.as_ref()))
            .collect();
        let document = Document {
            focus: "sip:5eed0000000000ab@192.0.2.1:5060;transport=tcp",
            host: "192.0.2.1:5060",
            number: 106_131,
            version: 7,
            full,
            count: 2,
            active: true,
            locked: false,
            people: &people,
        };
        let (text, told) = document.text(room);
        (String::from_utf8(text).unwrap(), told)
    }

    #[test]
    fn a_document_holds_as_many_as_fit_and_a_whole_one_says_when_that_is_not_all() {
        let people: Vec<_> = (0..3)
            .map(|leg| (leg, Some(person("\"".repeat(255).as_str()))))
            .collect();
        let (all, changes) = (document(true, &people).len(), document(false, &people).len());
        // To say that a list is not whole takes three bytes more.
        for (full, room, told, list) in [
            (true, all + 3, 3, "full"),
            (true, all - 1, 2, "partial"),
            (true, 600, 0, "partial"),
            (true, 0, 0, "partial"),
            (false, changes, 3, "partial"),
            (false, changes - 1, 2, "partial"),
        ] {
            let (text, count) = document_within(room, full, &people);
            assert_eq!((count, text.matches("<user ").count()), (told, told), "{room}");
            assert!(
                text.contains(&format!(r#"<users state="{list}">"#)),
                "{room}: {text}"
            );
            assert!(
                text.contains(&format!(r#"state="{}" version"#, state(full))),
                "{text}"
            );
            assert!(text.contains("<user-count>2</user-count>") && text.ends_with("</conference-info>"));
            assert!(text.len() <= room || count == 0, "{room}: {}", text.len());
        }
    }

    #[test]
    fn a_whole_document_reads_as_the_rfc_shows_it() {
        let text = document(true, &[(5, Some(person("Bob")))]);
        let expected = concat!(
            r#"<?xml version="1.0" encoding="UTF-8"?>"#,
            r#"<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:5eed0000000000ab@192.0.2.1:5060;transport=tcp" state="full" version="7">"#,
            "<conference-description><display-text>Meeting 106131</display-text></conference-description>",
            "<conference-state><user-count>2</user-count><active>true</active><locked>false</locked></conference-state>",
            r#"<users state="full"><user entity="sip:5@192.0.2.1:5060" state="full"><display-text>Bob</display-text>"#,
            "<roles><entry>participant</entry></roles>",
            r#"<endpoint entity="sip:5@192.0.2.1:5060"><status>connected</status><joining-method>dialed-in</joining-method>"#,
            r#"<media id="1"><type>audio</type><status>sendrecv</status></media></endpoint></user></users></conference-info>"#,
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn who_left_is_deleted_and_who_is_muted_held_or_waits_is_told_so() {
        let muted = Person {
            muted: true,
            dialled: true,
            ..person("m")
        };
        let held = Person {
            held: true,
            ..muted.clone()
        };
        let waits = Person {
            waits: true,
            ..held.clone()
        };
        for (person, status, media) in [
            (muted, "muted-via-focus", "recvonly"),
            (held, "on-hold", "inactive"),
            (waits, "pending", "inactive"),
        ] {
            let text = document(false, &[(4, None), (5, Some(person))]);
            assert!(
                text.contains(r#"<user entity="sip:4@192.0.2.1:5060" state="deleted"/>"#),
                "{text}"
            );
            assert!(
                text.contains(&format!(
                    "<endpoint entity=\"sip:5@192.0.2.1:5060\"><status>{status}<"
                )),
                "{text}"
            );
            assert!(
                text.contains(&format!("<status>{media}</status></media>")),
                "{text}"
            );
            assert!(
                text.contains("<joining-method>dialed-out<") && text.contains(r#"state="partial""#),
                "{text}"
            );
        }
    }

    #[test]
    fn no_name_breaks_the_document() {
        let text = document(
            true,
            &[(5, Some(person("</display-text><user>&\"'\u{1}\u{ffff}\u{0}]]>é")))],
        );
        assert_eq!(text.matches("<user ").count(), 1, "{text}");
        assert!(text.contains("&lt;/display-text&gt;&lt;user&gt;&amp;"), "{text}");
        assert!(
            text.contains('é') && !text.contains(['\u{1}', '\u{ffff}', '\u{0}']),
            "{text}"
        );
    }
}
