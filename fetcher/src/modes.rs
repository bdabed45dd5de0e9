//! The modes: what drives the steps from a specification to published secrets, or stops before the first call.

pub mod exec;
pub mod init;
pub mod install;
pub mod lint;
pub mod plan;
pub mod probe;
pub mod watch;
