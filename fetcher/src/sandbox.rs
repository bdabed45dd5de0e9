//! What this process may touch from now on: Landlock, where the kernel has it.
//!
//! For `init`, and for `watch` without a command: both read what others wrote (answers, certificates, a ConfigMap) and
//! need a handful of files for the rest of their lives. Never where a program of somebody else's runs as our child, or
//! after us: a ruleset, and the `no_new_privs` that it needs, outlive `execve`.
//!
//! The network is left alone. What may be read is named by directory rather than by file wherever files are exchanged
//! under us: tokens and ConfigMaps by Kubernetes, `resolv.conf` by the host.

use std::fmt;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, CompatLevel, Compatible as _, LandlockStatus, RestrictSelfAttr as _, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// The newest rights that are handled: those of later kernels are about devices and sockets that we never open.
const KNOWN: ABI = ABI::V6;

/// What every process needs to resolve names and to look at itself and its cgroup. Libraries are there for the resolver
/// of a binary that is linked dynamically; the devices for random numbers in one that is not, which finds no getrandom(2)
/// in a libc and waits for the first before it reads the second.
const SYSTEM: [&str; 9] =
    ["/etc", "/proc", "/sys/fs/cgroup", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/dev/random", "/dev/urandom"];

/// What stays allowed. What does not exist when [`confine`] is called is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Read, with everything below.
    pub read: Vec<PathBuf>,
    /// Directories in which files, links and directories are made, renamed and removed: the target.
    pub publish: Vec<PathBuf>,
    /// Directories in which files are replaced: a report's.
    pub replace: Vec<PathBuf>,
    /// Files that are written in place.
    pub write: Vec<PathBuf>,
    /// Whether processes outside may be sent signals.
    pub signals: bool,
}

impl Allowed {
    /// Allows to read `file`, also after it was exchanged for another of that name.
    pub fn read_file(&mut self, file: &Path) {
        self.read.push(directory_of(file));
    }

    /// Allows to make or replace `file`.
    pub fn replace_file(&mut self, file: &Path) {
        self.replace.push(directory_of(file));
    }
}

/// The directory of `file`; the file itself where that would be all there is.
fn directory_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if parent == Path::new("/") => file.to_owned(),
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => file.to_owned(),
    }
}

/// How far the restrictions took hold. None is worth refusing to work for: they are a second wall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confined {
    /// All that is handled here.
    Fully,
    /// As far as this kernel knows them.
    Partly,
    /// Not at all, and why.
    Not(String),
}

impl fmt::Display for Confined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fully => f.write_str("fully"),
            Self::Partly => f.write_str("as far as this kernel can"),
            Self::Not(why) => write!(f, "not: {why}"),
        }
    }
}

/// Gives up, for the life of the calling thread and of all that it starts, every access to files that is not `allowed`.
/// Threads that run already are included from Linux 7.0 on: call it before there are any.
#[must_use]
pub fn confine(allowed: &Allowed) -> Confined {
    match restrict(allowed) {
        Ok(confined) => confined,
        Err(error) => Confined::Not(sealkit_host::text::error_chain(&error)),
    }
}

fn restrict(allowed: &Allowed) -> Result<Confined, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write: BitFlags<AccessFs> = AccessFs::WriteFile | AccessFs::Truncate;
    let replace = read | write | AccessFs::MakeReg | AccessFs::RemoveFile;
    let publish = replace | AccessFs::MakeDir | AccessFs::RemoveDir | AccessFs::MakeSym | AccessFs::Refer;
    let mut scopes: BitFlags<Scope> = Scope::AbstractUnixSocket.into();
    if !allowed.signals {
        scopes |= Scope::Signal;
    }
    // The resolver's file is often a link to where the host's resolver keeps it.
    let resolver = Path::new("/etc/resolv.conf").canonicalize().ok().map(|file| directory_of(&file));
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .scope(scopes)?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, read))?
        .add_rules(path_beneath_rules(resolver, read))?
        .add_rules(path_beneath_rules(["/dev/null"], read | write))?
        .add_rules(path_beneath_rules(&allowed.read, read))?
        .add_rules(path_beneath_rules(&allowed.publish, publish))?
        .add_rules(path_beneath_rules(&allowed.replace, replace))?
        .add_rules(path_beneath_rules(&allowed.write, write))?
        .all_threads(true)?
        .restrict_self()?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::FullyEnforced, _) => Confined::Fully,
        (RulesetStatus::PartiallyEnforced, _) => Confined::Partly,
        (_, LandlockStatus::NotImplemented) => Confined::Not("this kernel is built without Landlock".to_owned()),
        (_, LandlockStatus::NotEnabled) => Confined::Not("Landlock is not enabled on this kernel".to_owned()),
        _ => Confined::Not("the kernel enforces nothing of it".to_owned()),
    })
}

#[cfg(test)]
mod tests;
