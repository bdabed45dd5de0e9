//! Places in a text that is itself a value of a document.

use sealkit_host::config::Position;

use super::{Findings, Parameter};

/// Where the text `objects` stands.
#[derive(Debug)]
pub(super) struct Embedded {
    /// Where the value begins.
    at: Option<Position>,
    /// For each of its lines the line of the document and how many characters stand before it there.
    lines: Option<Vec<(usize, usize)>>,
}

impl Embedded {
    pub(super) fn new(parameter: &Parameter<'_>) -> Self {
        let lines = parameter.at.zip(parameter.literal_in).and_then(|(at, document)| {
            // The first line of a literal is the one below its `|`.
            let outer = document.lines().enumerate().skip(at.line);
            let pairs = parameter.value.lines().zip(outer);
            let lines: Option<Vec<_>> = pairs
                .map(|(inner, (index, line))| {
                    let indent = line.strip_suffix(inner)?;
                    Some((index + 1, indent.chars().count()))
                })
                .collect();
            lines.filter(|lines| lines.len() == parameter.value.lines().count())
        });
        Self { at: parameter.at, lines }
    }

    /// The place in the document, and what to add to a message where that is not as exact as the place in the text.
    fn outer(&self, inner: Position) -> (Option<Position>, String) {
        // An error at the end stands below the last line.
        let line = self.lines.as_ref().and_then(|lines| lines.get(inner.line - 1).or_else(|| lines.last()));
        match line {
            Some((line, indent)) => (Some(Position { line: *line, column: inner.column + indent }), String::new()),
            None => (self.at, format!(" (line {} of `objects`)", inner.line)),
        }
    }
}

/// Notes what is found in the text at places of the document.
#[derive(Debug)]
pub(super) struct Found<'a> {
    embedded: Embedded,
    findings: &'a mut Findings,
}

impl<'a> Found<'a> {
    pub(super) fn new(embedded: Embedded, findings: &'a mut Findings) -> Self {
        Self { embedded, findings }
    }

    pub(super) fn mistake(&mut self, at: Position, message: impl Into<String>) {
        let (at, place) = self.embedded.outer(at);
        self.findings.mistake(at, message.into() + &place);
    }

    pub(super) fn notice(&mut self, at: Position, message: impl Into<String>) {
        let (at, place) = self.embedded.outer(at);
        self.findings.notice(at, message.into() + &place);
    }

    /// The place in the document.
    pub(super) fn place(&self, at: Position) -> Option<Position> {
        self.embedded.outer(at).0
    }
}
