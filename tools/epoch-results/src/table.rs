// SPDX-License-Identifier: MIT OR Apache-2.0

//! Tables, and tables of text: columns with two blanks between them, without lines.

use comfy_table::CellAlignment;
use comfy_table::presets::NOTHING;

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows and columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Names of the columns, and where their text stands.
    pub columns: Vec<(String, Align)>,
    /// The rows, with a cell for each column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Adds a column with a cell for each of these.
    pub fn push<T>(&mut self, name: &str, align: Align, rows: &[T], cell: impl Fn(&T) -> String) {
        self.columns.push((name.into(), align));
        self.rows.resize(rows.len(), Vec::new());
        for (cells, row) in self.rows.iter_mut().zip(rows) {
            cells.push(cell(row));
        }
    }

    /// As text, without a newline at its end.
    pub fn text(&self) -> String {
        text(&self.columns, &self.rows)
    }
}

/// A table of these columns and rows, without a newline at its end.
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
