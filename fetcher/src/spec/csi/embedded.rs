//! Places in a text that is itself a value of a document.

use sealkit_host::config::Position;

use super::{Findings, Parameter};

/// Where the text `objects` stands.
#[derive(Debug)]
pub(super) struct Embedded {
    /// Where it begins; of a block that is its first character that is no line break.
    at: Option<Position>,
    /// How many empty lines of a block stand above that; nothing if the text does not stand there line for line.
    above: Option<usize>,
}

impl Embedded {
    pub(super) fn new(parameter: &Parameter<'_>) -> Self {
        let above = parameter.value.bytes().take_while(|byte| *byte == b'\n').count();
        Self { at: parameter.at, above: parameter.is_literal.then_some(above) }
    }

    /// The place in the document, and what to add to a message where that is not as exact as the place in the text.
    fn outer(&self, inner: Position) -> (Option<Position>, String) {
        match (self.at, self.above) {
            (Some(at), Some(above)) => {
                let line = (at.line + inner.line).saturating_sub(1 + above);
                (Some(Position { line, column: at.column - 1 + inner.column }), String::new())
            }
            (at, _) => (at, format!(" (line {} of `objects`)", inner.line)),
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

    /// How many mistakes there are so far.
    pub(super) fn mistakes(&self) -> usize {
        self.findings.mistakes.len()
    }

    /// The place in the document.
    pub(super) fn place(&self, at: Position) -> Option<Position> {
        self.embedded.outer(at).0
    }
}
