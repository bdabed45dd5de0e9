//! The modes: what drives the steps from a specification to published secrets, or stops before the first call.
//!
//! ```text
//! specification ── prepare ── confinement ── fetch ── publishing ── ending
//!   --spec         plan, AWS   Landlock                files,         report,
//!                  target      (init, watch)           audit lines    exit code
//! ```

pub mod exec;
pub mod http;
pub mod init;
pub mod install;
pub mod lint;
pub mod plan;
pub mod prepare;
pub mod probe;
pub mod publishing;
pub mod record;
pub mod refresh;
pub mod specification;
pub mod watch;

mod confinement;
mod ending;
mod offline;
