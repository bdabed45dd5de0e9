//! What a process of Sealkit's owes its machine.

pub mod exit;
