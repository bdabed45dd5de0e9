//! The command: whether there is one, before anything is fetched, and becoming it.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Access, AtFlags, CWD};
use sealkit_host::audit;
use sealkit_host::text::Escaped;

use super::environment::Environment;
use crate::failure::Failure;

/// What POSIX' `env` and shells end with if a command can't be executed.
pub(super) const NOT_EXECUTABLE: u8 = 126;
/// And if there is none of that name.
pub(super) const NO_SUCH_COMMAND: u8 = 127;

/// Where commands are looked for if `PATH` is not set, as execvp(3) does.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A command that can't be run: why, and the exit code of programs that run others.
#[derive(Debug)]
pub(super) struct NotRun {
    pub(super) failure: Failure,
    pub(super) code: u8,
}

impl NotRun {
    fn new(program: &OsStr, error: &io::Error) -> Self {
        let shown = Escaped::new(program);
        let is_absent = error.kind() == io::ErrorKind::NotFound;
        let (class, code, hint) = if is_absent {
            let hint = "check its name, PATH, and that the image has it and its interpreter";
            (audit::Failure::NotFound, NO_SUCH_COMMAND, hint)
        } else {
            (
                audit::Failure::Io,
                NOT_EXECUTABLE,
                "check its rights, its format, and that its file system allows execution",
            )
        };
        let error = match error.kind() {
            io::ErrorKind::NotFound if !program.as_encoded_bytes().contains(&b'/') => {
                "it is in no directory of PATH".to_owned()
            }
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        };
        let failure = Failure::other("", class, format!("the command {shown} can't be run: {error}"), hint);
        Self { failure, code }
    }
}

/// Whether there is such a command, as far as can be known before it runs.
///
/// # Errors
/// If not.
pub(super) fn check(program: &OsStr) -> Result<(), NotRun> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    find(program, &path).map_err(|error| NotRun::new(program, &error))
}

fn find(program: &OsStr, path: &OsStr) -> io::Result<()> {
    if program.as_encoded_bytes().contains(&b'/') {
        return executable(Path::new(program));
    }
    let mut found = io::Error::from(io::ErrorKind::NotFound);
    if program.is_empty() {
        return Err(found);
    }
    for directory in std::env::split_paths(path) {
        // An empty part is the working directory.
        let place: PathBuf = if directory.as_os_str().is_empty() { ".".into() } else { directory };
        match executable(&place.join(program)) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => found = error,
            Err(_) => {}
        }
    }
    Err(found)
}

fn executable(path: &Path) -> io::Result<()> {
    if std::fs::metadata(path)?.is_dir() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(rustix::fs::accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS)?)
}

/// `command` with exactly these variables. All that the standard library changes for it is SIGPIPE, which has its default
/// action again.
pub(super) fn command(command: &[OsString], environment: &Environment) -> Command {
    let (program, arguments) = command.split_first().expect("the command line demands a command");
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment.iter());
    command
}

/// Becomes `command`.
///
/// # Errors
/// If it can't.
pub(super) fn become_it(mut command: Command) -> Result<Infallible, NotRun> {
    let error = command.exec();
    Err(NotRun::new(command.get_program(), &error))
}

/// Starts `command` as a child.
///
/// # Errors
/// If it can't be started.
pub(super) fn spawn(command: &mut Command) -> Result<std::process::Child, NotRun> {
    command.spawn().map_err(|error| NotRun::new(command.get_program(), &error))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn commands_are_found_as_execvp_finds_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().as_os_str();
        for (name, mode) in [("yes", 0o755), ("no", 0o644)] {
            fs::write(dir.path().join(name), "").unwrap();
            fs::set_permissions(dir.path().join(name), Permissions::from_mode(mode)).unwrap();
        }
        let code = |program: &OsStr| find(program, path).map_err(|error| NotRun::new(program, &error).code).err();
        assert_eq!(code("yes".as_ref()), None);
        assert_eq!(code(dir.path().join("yes").as_os_str()), None);
        assert_eq!(code("no".as_ref()), Some(126));
        assert_eq!(code(path), Some(126), "a directory");
        for absent in ["absent", "", "./absent", "/no/such/command"] {
            assert_eq!(code(absent.as_ref()), Some(127), "{absent}");
        }
    }
}
