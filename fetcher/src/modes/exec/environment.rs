//! What the command finds in its environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use rustix::process::{Resource, getrlimit};
use sealkit_envelope::Plaintext;
use sealkit_host::audit;

use crate::failure::Failure;

/// Names the directory of the files.
pub(super) const DIRECTORY: &str = "SEALKIT_SECRETS";
/// Begins the names of variables that hold the path of one memory file.
pub(super) const FILE: &str = "SEALKIT_FILE_";

/// The longest `NAME=value` with its NUL: Linux' `MAX_ARG_STRLEN`, 32 pages.
const LONGEST: usize = 128 << 10;
/// What arguments and variables may take together where the stack's limit is high: three quarters of `_STK_LIM`.
const MOST: u64 = 6 << 20;
/// And at least: Linux' `ARG_MAX`.
const LEAST: u64 = 128 << 10;

/// The variables that the command is started with.
#[derive(Default)]
pub(super) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Those of this process, without `prefix`* (where the specification was read from these), and without what an outer
    /// `exec` of ours said of its own files.
    pub(super) fn of_process(prefix: Option<&str>) -> Self {
        Self::from(std::env::vars_os(), prefix)
    }

    fn from(variables: impl IntoIterator<Item = (OsString, OsString)>, prefix: Option<&str>) -> Self {
        let is_ours = |name: &OsStr| {
            let name = name.as_bytes();
            name == DIRECTORY.as_bytes()
                || name.starts_with(FILE.as_bytes())
                || prefix.is_some_and(|prefix| name.starts_with(prefix.as_bytes()))
        };
        Self(variables.into_iter().filter(|(name, _)| !is_ours(name)).collect())
    }

    /// Sets a variable, instead of one of that name that was there.
    pub(super) fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.0.insert(name.into(), value.into());
    }

    /// Sets a variable to a secret. Names and values have been checked when they were made.
    pub(super) fn set_secret(&mut self, name: &str, value: &Plaintext) {
        self.set(name, OsStr::from_bytes(value.expose_secret()));
    }

    /// All of them, in the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Whether the kernel starts `command` with this environment (execve(2), "Limits on size of arguments and
    /// environment"). What it would say is `E2BIG`, which names nothing.
    ///
    /// # Errors
    /// What is too long, and by how much.
    pub(super) fn fits(&self, command: &[OsString]) -> Result<(), Vec<Failure>> {
        self.fits_in(command, getrlimit(Resource::Stack).current)
    }

    fn fits_in(&self, command: &[OsString], stack: Option<u64>) -> Result<(), Vec<Failure>> {
        let hint = "give it as a file (without --env)";
        let length = |(name, value): (&OsStr, &OsStr)| name.len() + value.len() + 2;
        let mut failures: Vec<_> = self
            .iter()
            .filter(|variable| length(*variable) > LONGEST)
            .map(|variable| {
                let message = format!(
                    "the variable takes {} bytes with its name, and Linux takes {LONGEST} at most",
                    length(variable)
                );
                Failure::content(variable.0.to_string_lossy(), message, hint)
            })
            .collect();
        let limit = stack.map_or(MOST, |stack| (stack / 4).clamp(LEAST, MOST));
        // A pointer for each, and the name of the program a second time.
        let strings = self.iter().map(length).chain(command.iter().map(|argument| argument.len() + 1));
        let total: usize = strings.map(|length| length + size_of::<usize>()).sum::<usize>()
            + command.first().map_or(0, |program| program.len() + 1);
        if total as u64 > limit {
            let message =
                format!("arguments and variables of the command take {total} bytes, and the limit is {limit}");
            let hint = "give secrets as files (without --env), or raise the stack's limit (ulimit -s)";
            failures.push(Failure::other("", audit::Failure::Refused, message, hint));
        }
        if failures.is_empty() { Ok(()) } else { Err(failures) }
    }
}

/// The variable that holds the path of the memory file that is called `path`: `tls/tls.crt` is `SEALKIT_FILE_TLS_TLS_CRT`.
pub(super) fn file_variable(path: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    FILE.chars().chain(path.chars().map(fits)).collect()
}

/// Names of files that differ and have one variable, unless what is in them is the same: `db/password` and the variable
/// `DB_PASSWORD` of one key.
///
/// # Errors
/// One failure for each pair.
pub(super) fn check_file_variables<'a, T: PartialEq>(
    files: impl IntoIterator<Item = (&'a str, T)>,
) -> Result<(), Vec<Failure>> {
    let mut taken: BTreeMap<String, (&str, T)> = BTreeMap::new();
    let mut failures = Vec::new();
    for (path, content) in files {
        let variable = file_variable(path);
        match taken.get(&variable) {
            Some((first, other)) if *first != path && *other != content => {
                let message = format!("{first} and {path} would both be in {variable}");
                failures.push(Failure::other("", audit::Failure::Config, message, "give the files other names"));
            }
            Some(_) => {}
            None => drop(taken.insert(variable, (path, content))),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)], prefix: Option<&str>) -> Environment {
        Environment::from(pairs.iter().map(|(name, value)| (name.into(), value.into())), prefix)
    }

    fn names(environment: &Environment) -> Vec<&str> {
        environment.iter().filter_map(|(name, _)| name.to_str()).collect()
    }

    #[test]
    fn what_the_specification_was_read_from_is_gone_and_all_else_is_there() {
        let pairs = [
            ("PATH", "/bin"),
            ("SECRET_A", "arn:x"),
            ("SECRET", "1"),
            ("SEALKIT_SECRETS", "/old"),
            ("AWS_REGION", "r"),
        ];
        assert_eq!(names(&environment(&pairs, Some("SECRET_"))), ["AWS_REGION", "PATH", "SECRET"]);
        assert_eq!(names(&environment(&pairs, None)), ["AWS_REGION", "PATH", "SECRET", "SECRET_A"]);
    }

    #[test]
    fn names_of_files_become_names_of_variables() {
        for (path, variable) in [
            ("password", "SEALKIT_FILE_PASSWORD"),
            ("tls/tls.crt", "SEALKIT_FILE_TLS_TLS_CRT"),
            ("ü", "SEALKIT_FILE__"),
        ] {
            assert_eq!(file_variable(path), variable);
        }
        check_file_variables([("a", 1), ("b/c", 2), ("a", 3)]).expect("these are distinct");
        check_file_variables([("a/b", 1), ("A_B", 1)]).expect("these are the same");
        let failures = check_file_variables([("a-b", 1), ("a_b", 2), ("A_B", 3)]).expect_err("these are not");
        assert_eq!(failures.len(), 2);
        assert!(
            failures[0].to_string().starts_with("a-b and a_b would both be in SEALKIT_FILE_A_B"),
            "{}",
            failures[0]
        );
    }

    #[test]
    fn what_the_kernel_would_refuse_is_named() {
        let command = ["app".into(), "x".into()];
        let (long, short) = ("x".repeat(LONGEST - 3), "y".repeat(100));
        let fits = environment(&[("A", &long), ("B", &short)], None);
        fits.fits_in(&command, Some(8 << 20)).expect("this fits");
        let failures = fits.fits_in(&command, Some(1 << 19)).expect_err("131,072 bytes are too few");
        assert!(failures[0].to_string().contains("the limit is 131072"), "{}", failures[0]);
        let longer = environment(&[("A", &format!("{long}x"))], None);
        let failures = longer.fits_in(&command, None).expect_err("one is too long");
        assert!(failures[0].to_string().starts_with("A: the variable takes 131073 bytes"), "{}", failures[0]);
    }
}
