use std::fmt::Write;

use super::{ATTRIBUTES, Attribute, Level, Status};

const HEAD: &str = "# Meeting attributes

Generated from the table in `src/attribute/table.rs`; a test rewrites it. An attribute's value in force is the
room's, else the DID's, else the DID group's, else the default. Values travel as strings.

";

/// The table as the page operators read: what works, then what does not work yet.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for (title, status) in [
        ("In effect", Status::Honoured),
        ("Stored and returned, not yet in effect", Status::Later),
    ] {
        let rows = || ATTRIBUTES.iter().filter(move |row| row.status == status);
        write!(page, "## {title} ({})\n\n", rows().count()).expect("writing to a String cannot fail");
        page.push_str(
            "| attribute | type | default | set at | what callers notice |\n|---|---|---|---|---|\n",
        );
        rows().for_each(|row| page.push_str(&line(row)));
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn line(row: &Attribute) -> String {
    let choices = match row.choices {
        [] => String::new(),
        choices => format!(" ({})", choices.join(", ")),
    };
    let levels: Vec<_> = [
        (Level::Group, "DID group"),
        (Level::Did, "DID"),
        (Level::Room, "room"),
    ]
    .into_iter()
    .filter(|(level, _)| row.levels.allow(*level))
    .map(|(_, name)| name)
    .collect();
    format!(
        "| `{}` | {:?}{choices} | `{}` | {} | {} |\n",
        row.name,
        row.kind,
        row.default,
        levels.join(", "),
        row.doc.trim(),
    )
}
