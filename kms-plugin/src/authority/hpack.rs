//! The representations of a header block (RFC 7541, section 6), one after the other.

use std::ops::Range;

use super::huffman;
use super::table::{Entry, FIRST_DYNAMIC, Name, Table};

/// Longer numbers occur nowhere: the shift of the last octet that is read.
const LAST_SHIFT: u32 = 21;

/// What cannot be understood; h2 ends the connection over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// A string of a header block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    /// Where its octets are, without the length before them.
    pub(super) octets: Range<usize>,
    /// Whether they are Huffman-coded.
    pub(super) coded: bool,
}

impl Text {
    fn decoded_length(&self, block: &[u8]) -> Result<usize, Malformed> {
        let octets = &block[self.octets.clone()];
        if self.coded { huffman::decoded_length(octets).map_err(|_| Malformed) } else { Ok(octets.len()) }
    }
}

/// Where a field's name is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NameForm {
    /// The index of a table entry.
    Indexed(usize),
    /// In the field itself.
    Literal(Text),
}

/// A field, as it stands in a header block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// All its octets.
    pub(super) octets: Range<usize>,
    /// What its name is.
    pub(super) name: Name,
    /// Where its name is.
    pub(super) name_form: NameForm,
    /// Where its value is; none if that is in a table too.
    pub(super) value: Option<Text>,
    /// Whether its value has no bytes.
    pub(super) is_empty: bool,
    /// Whether it enters the dynamic table.
    pub(super) inserts: bool,
}

impl Field {
    /// Whether it enters the dynamic table or refers to it.
    pub(super) fn is_dynamic(&self) -> bool {
        self.inserts || matches!(self.name_form, NameForm::Indexed(index) if index >= FIRST_DYNAMIC)
    }
}

/// Reads the fields of a block and keeps the table in step.
pub(super) struct Fields<'a> {
    block: &'a [u8],
    table: &'a mut Table,
    at: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn of(block: &'a [u8], table: &'a mut Table) -> Self {
        Self { block, table, at: 0 }
    }

    /// The next field; none at the end of the block.
    pub(super) fn next(&mut self) -> Result<Option<Field>, Malformed> {
        while let Some(first) = self.block.get(self.at).copied() {
            return match first {
                0x80.. => self.indexed().map(Some),
                0x40.. => self.literal(6, true).map(Some),
                0x20.. => {
                    let limit = self.number(5)?;
                    self.table.resize(limit).ok_or(Malformed)?;
                    continue;
                }
                _ => self.literal(4, false).map(Some),
            };
        }
        Ok(None)
    }

    fn indexed(&mut self) -> Result<Field, Malformed> {
        let start = self.at;
        let index = self.number(7)?;
        let entry = self.table.entry(index).ok_or(Malformed)?;
        Ok(Field {
            octets: start..self.at,
            name: entry.name,
            name_form: NameForm::Indexed(index),
            value: None,
            is_empty: entry.value_length == 0,
            inserts: false,
        })
    }

    fn literal(&mut self, prefix: u32, inserts: bool) -> Result<Field, Malformed> {
        let start = self.at;
        let index = self.number(prefix)?;
        let (name, name_length, name_form) = if index == 0 {
            let text = self.text()?;
            let (name, length) = self.name(&text)?;
            (name, length, NameForm::Literal(text))
        } else {
            let entry = self.table.entry(index).ok_or(Malformed)?;
            (entry.name, entry.name_length, NameForm::Indexed(index))
        };
        let value = self.text()?;
        let value_length = value.decoded_length(self.block)?;
        if inserts {
            self.table.insert(Entry { name, name_length, value_length });
        }
        let is_empty = value_length == 0;
        Ok(Field { octets: start..self.at, name, name_form, value: Some(value), is_empty, inserts })
    }

    fn name(&self, text: &Text) -> Result<(Name, usize), Malformed> {
        let octets = &self.block[text.octets.clone()];
        if !text.coded {
            return Ok((Name::of(octets), octets.len()));
        }
        let length = text.decoded_length(self.block)?;
        // No more than the longest name that is looked for.
        let mut start = Vec::with_capacity(11);
        for symbol in huffman::symbols(octets).take(11) {
            start.push(symbol.map_err(|_| Malformed)?.byte);
        }
        Ok((Name::of(&start), length))
    }

    /// A string literal (section 5.2).
    fn text(&mut self) -> Result<Text, Malformed> {
        let coded = self.block.get(self.at).ok_or(Malformed)? & 0x80 != 0;
        let length = self.number(7)?;
        let end = self.at.checked_add(length).filter(|end| *end <= self.block.len()).ok_or(Malformed)?;
        let octets = self.at..end;
        self.at = end;
        Ok(Text { octets, coded })
    }

    /// An integer behind a prefix of so many bits (section 5.1).
    fn number(&mut self, prefix: u32) -> Result<usize, Malformed> {
        let mask = (1_usize << prefix) - 1;
        let mut number = usize::from(self.octet()?) & mask;
        if number < mask {
            return Ok(number);
        }
        for shift in (0..=LAST_SHIFT).step_by(7) {
            let octet = self.octet()?;
            number += usize::from(octet & 0x7f) << shift;
            if octet & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    fn octet(&mut self) -> Result<u8, Malformed> {
        let octet = *self.block.get(self.at).ok_or(Malformed)?;
        self.at += 1;
        Ok(octet)
    }
}
