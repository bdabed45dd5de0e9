//! Where bytes come from and go to: inputs, targets, and the rules about terminals.

pub(crate) mod collect;
pub(crate) mod input;
pub(crate) mod message;
pub(crate) mod metered;
pub(crate) mod naming;
pub(crate) mod output;
pub(crate) mod target;
pub(crate) mod terminal;
pub(crate) mod walk;
