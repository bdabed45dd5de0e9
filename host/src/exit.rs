//! Exit codes: one table for all binaries, explained in `docs/exit-codes.md`.

use std::process::ExitCode;

/// How a run ended, as its caller sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Exit {
    /// Everything asked for was done.
    Ok,
    /// A promise that Sealkit makes to itself does not hold.
    Internal,
    /// The command line can't be carried out as typed.
    Usage,
    /// A configuration file is wrong, or not to be trusted.
    Config,
    /// AWS said no: credentials, permission, or the state of the key.
    Denied,
    /// What was named does not exist.
    NotFound,
    /// The service could not be reached or throttled: the one code where a retry helps.
    Unavailable,
    /// The message is not authentic, or policy forbids it.
    Refused,
    /// Some objects of a batch were done, others failed.
    Partial,
    /// The operating system refused to read, write, create or lock.
    Io,
    /// This signal ended the work before it was complete.
    Signal(u8),
}

impl Exit {
    /// Every exit but those by signal.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Internal,
        Self::Usage,
        Self::Config,
        Self::Denied,
        Self::NotFound,
        Self::Unavailable,
        Self::Refused,
        Self::Partial,
        Self::Io,
    ];

    /// The reader closed its end of our pipe: quiet, as if SIGPIPE had ended us.
    pub const BROKEN_PIPE: Self = Self::Signal(13);

    /// The number the operating system is given.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::Denied => 4,
            Self::NotFound => 5,
            Self::Unavailable => 6,
            Self::Refused => 7,
            Self::Partial => 8,
            Self::Io => 9,
            Self::Signal(number) => 128 | number,
        }
    }

    /// The name in the table, as `--json` prints it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::Config => "config",
            Self::Denied => "denied",
            Self::NotFound => "not-found",
            Self::Unavailable => "unavailable",
            Self::Refused => "refused",
            Self::Partial => "partial",
            Self::Io => "io",
            Self::Signal(_) => "signal",
        }
    }

    /// Whether the same command can succeed later with nothing changed.
    #[must_use]
    pub fn retry_helps(self) -> bool {
        self == Self::Unavailable
    }

    /// The code of a run in which all of `exits` happened to one object; [`Exit::Ok`] if there are none.
    ///
    /// What a person must do wins over what only needs time.
    #[must_use]
    pub fn worst_of(exits: impl IntoIterator<Item = Self>) -> Self {
        exits.into_iter().min_by_key(|exit| exit.rank()).unwrap_or(Self::Ok)
    }

    /// The code of a batch of which `done` objects succeeded and the others failed with `failures`.
    ///
    /// A signal wins over all; otherwise it is [`Exit::Partial`] as soon as one object was done and one failed.
    #[must_use]
    pub fn of_batch(done: usize, failures: impl IntoIterator<Item = Self>) -> Self {
        match Self::worst_of(failures) {
            Self::Ok => Self::Ok,
            signal @ Self::Signal(_) => signal,
            _ if done > 0 => Self::Partial,
            worst => worst,
        }
    }

    /// Place in the order of `docs/exit-codes.md`: lower wins.
    fn rank(self) -> u8 {
        match self {
            Self::Signal(_) => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::Refused => 4,
            Self::Denied => 5,
            Self::NotFound => 6,
            Self::Io => 7,
            // A batch inside a batch: less urgent than any named cause, but a retry alone won't mend it.
            Self::Partial => 8,
            Self::Unavailable => 9,
            Self::Ok => 10,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    const DOCS: &str = include_str!("../../docs/exit-codes.md");

    /// `(code, name)` of each row of the first table.
    fn documented() -> Vec<(u8, &'static str)> {
        DOCS.lines()
            .skip_while(|line| *line != "## Codes")
            .skip_while(|line| !line.starts_with('|'))
            .take_while(|line| line.starts_with('|'))
            .filter_map(|line| {
                let mut cells = line.split('|').skip(1).map(str::trim);
                Some((cells.next()?.parse().ok()?, cells.next()?))
            })
            .collect()
    }

    #[test]
    fn the_documented_table_is_this_enum() {
        let ours: Vec<_> = Exit::ALL.iter().map(|exit| (exit.code(), exit.name())).collect();
        assert_eq!(documented(), ours);
    }

    #[test]
    fn the_documented_order_is_this_rank() {
        let order = DOCS.lines().find_map(|line| line.strip_prefix("> ")).expect("docs quote the order");
        let mut ours: Vec<_> = Exit::ALL.into_iter().chain([Exit::Signal(2)]).collect();
        ours.retain(|exit| !matches!(exit, Exit::Ok | Exit::Partial));
        ours.sort_by_key(|exit| exit.rank());
        assert_eq!(order.split(", ").collect::<Vec<_>>(), ours.iter().map(|exit| exit.name()).collect::<Vec<_>>());
    }

    #[test]
    fn retry_helps_where_the_table_says_yes() {
        for exit in Exit::ALL {
            let row = DOCS.lines().find(|line| line.starts_with(&format!("| {} |", exit.code())));
            let yes = row.is_some_and(|row| row.ends_with("**yes** |"));
            assert_eq!(yes, exit.retry_helps(), "{exit:?}");
        }
    }

    #[test]
    fn clap_and_the_shell_agree_with_us() {
        assert_eq!(Exit::Usage.code(), 2);
        assert_eq!(Exit::Signal(15).code(), 143);
        assert_eq!(Exit::BROKEN_PIPE.code(), 141);
    }

    #[test]
    fn a_batch_is_partial_only_if_something_was_done() {
        assert_eq!(Exit::of_batch(3, []), Exit::Ok);
        assert_eq!(Exit::of_batch(1, [Exit::Denied]), Exit::Partial);
        assert_eq!(Exit::of_batch(0, [Exit::Unavailable, Exit::Denied]), Exit::Denied);
        assert_eq!(Exit::of_batch(0, [Exit::Unavailable, Exit::Unavailable]), Exit::Unavailable);
        assert_eq!(Exit::of_batch(5, [Exit::Io, Exit::Signal(2)]), Exit::Signal(2));
    }
}
