//! No core dumps and no ptrace: called first of all in `main`, before a secret is in memory.

use rustix::io;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Which protections took hold. Neither is worth refusing to work for, so a caller may log what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Hardened {
    /// The kernel keeps other processes of the same user out: no ptrace, no `/proc/PID/mem`, no dump by a handler.
    pub not_dumpable: bool,
    /// The core file size is 0, and can't be raised again without privilege.
    pub no_core_file: bool,
}

impl Hardened {
    /// Whether everything took hold.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.not_dumpable && self.no_core_file
    }
}

/// Forbids core dumps, and with them ptrace and reading of our memory by other processes of the same user.
///
/// Root, and whoever has `CAP_SYS_PTRACE`, can still read everything. Both settings are lost or kept by
/// `execve` as Linux says: a program that we become is dumpable again, but keeps the core limit. See `prctl(2)`
/// (`PR_SET_DUMPABLE`) and `core(5)`, which says why the limit alone does not stop a piped core handler.
pub fn harden() -> Hardened {
    Hardened { not_dumpable: forbid_dumps().is_ok(), no_core_file: forbid_core_files().is_ok() }
}

/// The same for a program that becomes or starts others, which nothing of this may reach: the core limit, soft or
/// hard, outlives `execve`, so it is left as it is.
///
/// Dumps of this process itself are still forbidden, whatever the limit is: the kernel asks for both. The part
/// [`no_core_file`](Hardened::no_core_file) stays false.
pub fn harden_this_program_alone() -> Hardened {
    Hardened { not_dumpable: forbid_dumps().is_ok(), no_core_file: false }
}

fn forbid_dumps() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

fn forbid_core_files() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
}

#[cfg(test)]
mod tests;
