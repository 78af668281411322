//! Results as text: environment, table, remarks, method.

use std::fmt::Write;

use super::METHOD;
use super::aims;
use super::cells::{HEADS, WORDS, cells, remark};
use crate::goals::goals;
use crate::results::Results;

/// Longest line of prose.
const WIDTH: usize = 140;

/// See the module.
pub(crate) fn text(results: &Results) -> String {
    let mut text = String::new();
    for (name, what) in results.environment.lines() {
        line(&mut text, format_args!("{name:12} {what}"));
    }
    let (runs, seconds) = (results.runs, results.seconds);
    line(
        &mut text,
        format_args!("{:12} {runs}, of {seconds:.0} s each\n", "runs"),
    );
    let goals = goals(results);
    text.push_str(&table(
        &aims::HEADS,
        aims::WORDS,
        goals.iter().map(aims::cells).collect(),
    ));
    line(&mut text, format_args!("{}\n", aims::summary(&goals)));
    let rows = results.rows.iter().filter_map(|row| cells(results, row));
    text.push_str(&table(&HEADS, WORDS, rows.collect()));
    text.push('\n');
    for remark in results.rows.iter().filter_map(remark) {
        line(&mut text, format_args!("{remark}"));
    }
    for paragraph in METHOD {
        text.push('\n');
        text.push_str(&wrap(paragraph, WIDTH));
    }
    text
}

/// Cells under their heads: words to the left, figures to the right, columns as wide as they must be.
fn table(heads: &[&str], words: usize, rows: Vec<Vec<String>>) -> String {
    let heads: Vec<_> = heads.iter().map(|head| (*head).to_owned()).collect();
    let lines: Vec<_> = std::iter::once(heads).chain(rows).collect();
    let width = |column: usize| lines.iter().map(|cells| cells[column].chars().count()).max();
    let widths: Vec<_> = (0..lines[0].len())
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let mut text = String::new();
    for cells in &lines {
        let padded = cells.iter().zip(&widths).enumerate();
        let padded = padded.map(|(column, (cell, width))| match column < words {
            true => format!("{cell:width$}"),
            false => format!("{cell:>width$}"),
        });
        let padded: Vec<_> = padded.collect();
        line(&mut text, format_args!("{}", padded.join("  ").trim_end()));
    }
    text
}

/// Words in lines of at most so many characters.
fn wrap(paragraph: &str, width: usize) -> String {
    let mut text = String::new();
    let mut used = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            text.push('\n');
            used = 0;
        }
        if used > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += length;
    }
    text.push('\n');
    text
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Server;
    use crate::results::tests::{results, row};

    #[test]
    fn columns_stand_below_each_other() {
        let rows = vec![
            row(Server::Floor, 100, &[0.2], 0),
            row(Server::Partyline, 2_000, &[0.4, 0.41], 3),
        ];
        let results = results(rows);
        let cells = results
            .rows
            .iter()
            .filter_map(|row| cells(&results, row))
            .collect();
        let table = table(&HEADS, WORDS, cells);
        let lines: Vec<_> = table.lines().map(|line| line.chars().count()).collect();
        assert!(lines.iter().all(|length| *length == lines[0]), "{table}");
    }

    #[test]
    fn prose_is_wrapped_between_words() {
        assert_eq!(wrap("aa bb  cc", 5), "aa bb\ncc\n");
        assert_eq!(wrap("longer bb", 3), "longer\nbb\n");
    }
}
