//! What keeps the plugin from starting: everything at once.

use std::fmt;
use std::io;
use std::path::Path;

use sealkit_host::audit::AuditError;
use sealkit_host::exit::Exit;
use sealkit_host::text::error_chain;

use crate::keys::KeySetError;
use crate::settings::ListenAddress;
use crate::socket::SocketError;

/// Everything that keeps the plugin from starting; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    exit: Exit,
    lines: Vec<String>,
}

impl StartError {
    /// The code to end with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// One line for each problem: the object, the cause, what to do.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

impl std::error::Error for StartError {}

/// Where problems are collected, while making goes on with what is left.
#[derive(Default)]
pub(super) struct Problems {
    exits: Vec<Exit>,
    lines: Vec<String>,
}

impl Problems {
    fn add(&mut self, exit: Exit, line: String) {
        self.exits.push(exit);
        self.lines.push(line);
    }

    pub(super) fn take_all<T>(&mut self, made: Result<T, Vec<SocketError>>) -> Option<T> {
        made.map_err(|errors| errors.iter().for_each(|error| self.add(Exit::Io, error_chain(error)))).ok()
    }

    pub(super) fn take_port<T>(&mut self, address: ListenAddress, made: io::Result<T>) -> Option<T> {
        made.map_err(|error| {
            let line = format!("--health-port {address}: {error}; choose another one, or stop what uses it");
            self.add(Exit::Io, line);
        })
        .ok()
    }

    pub(super) fn take_audit<T>(&mut self, made: Result<T, AuditError>) -> Option<T> {
        made.map_err(|error| {
            // Rights that let others change the file are settings; the rest is the machine.
            let exit = if matches!(error, AuditError::Unsafe(_)) { Exit::Config } else { Exit::Io };
            self.add(exit, format!("--audit: {}", error_chain(&error)));
        })
        .ok()
    }

    pub(super) fn take_aws<T>(&mut self, made: Result<T, sealkit_aws::ConfigError>) -> Option<T> {
        made.map_err(|error| self.add(Exit::Config, format!("AWS: {}", error_chain(&error)))).ok()
    }

    pub(super) fn take_keys<T>(&mut self, socket: &Path, made: Result<T, KeySetError>) -> Option<T> {
        let socket = socket.display();
        made.map_err(|error| {
            for mistake in &error.mistakes {
                self.add(Exit::Config, format!("socket {socket}: {mistake}"));
            }
        })
        .ok()
    }

    /// Nothing, if there was no problem.
    pub(super) fn finish(self) -> Result<(), StartError> {
        if self.lines.is_empty() {
            return Ok(());
        }
        Err(StartError { exit: Exit::worst_of(self.exits), lines: self.lines })
    }

    /// The lines alone.
    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }
}
