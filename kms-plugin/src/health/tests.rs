//! The state table of `docs/kms-plugin.md`, row by row; then as a model.

mod model;
mod prober;
mod rows;
