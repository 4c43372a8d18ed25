// SPDX-License-Identifier: MIT OR Apache-2.0

//! Tables, and their text form: columns separated by two spaces, without lines.

use comfy_table::CellAlignment;
use comfy_table::presets::NOTHING;

/// Alignment of a column's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Alignment of words.
    Left,
    /// Alignment of numbers.
    Right,
}

/// A table of text cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Names and alignments of the columns.
    pub columns: Vec<(String, Align)>,
    /// Rows, each with a cell for each column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Adds a column with a cell for each of `rows`.
    pub fn push<T>(&mut self, name: &str, align: Align, rows: &[T], cell: impl Fn(&T) -> String) {
        self.columns.push((name.into(), align));
        self.rows.resize(rows.len(), Vec::new());
        for (cells, row) in self.rows.iter_mut().zip(rows) {
            cells.push(cell(row));
        }
    }

    /// Formats the table as text, without a newline at its end.
    pub fn text(&self) -> String {
        text(&self.columns, &self.rows)
    }
}

/// Formats a table of these columns and rows, without a newline at its end.
pub fn text(columns: &[(String, Align)], rows: &[Vec<String>]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(NOTHING);
    table.set_header(columns.iter().map(|(name, _)| name));
    table.add_rows(rows);
    for (index, (_, align)) in columns.iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            column.set_padding((0, 2));
            column.set_cell_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_under_each_other() {
        let columns = [("name".into(), Align::Left), ("n".into(), Align::Right)];
        let rows = [("a", "1"), ("longer", "123")];
        let rows = rows.map(|(name, n)| vec![name.into(), n.into()]);
        assert_eq!(
            text(&columns, &rows),
            "name      n\na         1\nlonger  123"
        );
    }
}
