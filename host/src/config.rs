//! Configuration files, read strictly: every mistake at once, each with its line and column.
//!
//! The types of a configuration stand beside what they configure; this module only takes a document apart. A
//! reader asks a [`Table`] for its fields. What is wrong is noted and comes back as `None`, so reading goes on;
//! what nobody asked for is an unknown field. [`Document::read`] gives the value only if nothing was noted.
//!
//! ```
//! use std::num::NonZeroU32;
//!
//! use sealkit_host::config::{Document, Table};
//!
//! struct Rule { path: String, copies: Option<NonZeroU32> }
//!
//! fn rule(table: &mut Table<'_>) -> Option<Rule> {
//!     let path = table.required("path", |field| field.string());
//!     let copies = table.optional("copies", |field| field.parse());
//!     Some(Rule { path: path?, copies })
//! }
//!
//! let text = "[[rule]]\npath = 7\n[[rule]]\npth = 'b'\n";
//! let document = Document::parse_toml("sealctl.toml".as_ref(), text)?;
//! let errors = document.read(|root| root.required("rule", |field| field.list(|field| field.table(rule)))).err().unwrap();
//! assert_eq!(errors.to_string(), "\
//! sealctl.toml:2:8: `path` must be a string, not an integer
//! sealctl.toml:3:1: missing field `path`
//! sealctl.toml:4:1: unknown field `pth`, did you mean `path`?");
//! # Ok::<(), sealkit_host::config::ConfigErrors>(())
//! ```
//!
//! A document is a tree without a format; it is parsed from TOML or from YAML.

mod document;
mod field;
mod mistakes;
mod table;
mod toml;
mod tree;
mod yaml;

pub use document::{ConfigError, Document, MAX_BYTES};
pub use field::Field;
pub use mistakes::{ConfigErrors, Mistake};
pub use table::{Table, nearest};
pub use tree::Position;

#[cfg(test)]
mod tests;
