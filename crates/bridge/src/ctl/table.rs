//! Tables that fit the terminal.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;

/// Columns where it is no terminal that is written to.
const WIDTH: u16 = 160;

/// A column: its head, and what stands in it.
pub(super) struct Column {
    pub(super) head: &'static str,
    pub(super) cell: fn(&Value) -> String,
    /// Whether it holds numbers.
    pub(super) right: bool,
}

/// A column of texts.
pub(super) const fn text(head: &'static str, cell: fn(&Value) -> String) -> Column {
    Column {
        head,
        cell,
        right: false,
    }
}

/// A column of numbers.
pub(super) const fn number(head: &'static str, cell: fn(&Value) -> String) -> Column {
    Column {
        head,
        cell,
        right: true,
    }
}

/// The table of `rows` within `width` columns; without rows, `none`.
pub(super) fn render(columns: &[Column], rows: &[Value], none: &str, width: u16) -> String {
    if rows.is_empty() {
        return none.to_owned();
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(columns.iter().map(|column| column.head));
    for row in rows {
        table.add_row(columns.iter().map(|column| (column.cell)(row)));
    }
    for (column, of) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, 2));
        if of.right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// Columns of the terminal that is written to: another one, which a pipe was started from, breaks no lines for who reads the pipe.
pub(super) fn width() -> u16 {
    let size = terminal_size::terminal_size_of(std::io::stdout());
    size.map_or(WIDTH, |(terminal_size::Width(width), _)| width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const COLUMNS: &[Column] = &[
        number("ID", |row| row["id"].to_string()),
        text("NAME", |row| row["name"].as_str().unwrap_or_default().to_owned()),
    ];

    #[test]
    fn columns_stand_under_each_other_and_long_cells_are_broken() {
        let rows = [
            json!({"id": 7, "name": "Ann"}),
            json!({"id": 1234, "name": "Bartholomew of the Front Desk"}),
        ];
        assert_eq!(
            render(COLUMNS, &rows, "nobody", 80),
            "  ID  NAME\n   7  Ann\n1234  Bartholomew of the Front Desk"
        );
        let narrow = render(COLUMNS, &rows, "nobody", 24);
        assert!(narrow.lines().all(|line| line.chars().count() <= 24), "{narrow}");
        assert!(narrow.contains("Desk"), "{narrow}");
        assert_eq!(render(COLUMNS, &[], "nobody", 80), "nobody");
    }
}
