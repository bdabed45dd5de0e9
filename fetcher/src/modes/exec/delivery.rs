//! How the command gets what was fetched.

use std::collections::BTreeSet;
use std::path::Path;

use sealkit_envelope::Plaintext;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::environment::{self, Environment};
use super::memory_file::MemoryFile;
use super::private::{PrivateDir, make_if_absent};
use crate::args::{Delivery, TargetRules};
use crate::failure::Failure;
use crate::modes::prepare::{Fetched, Prepared, open_target};
use crate::modes::publishing::{complete, outputs, publish_all};
use crate::output::{Made, MadeTo, check_environment};
use crate::plan::{Plan, names};
use crate::publish::Publisher;
use crate::report::{OutputKind, Published};
use crate::spec::{Decode, Destination, Select};

/// Where it goes: opened once, delivered to as often as it is fetched.
pub(super) struct Deliverer {
    delivery: Delivery,
    /// Variables that the specification was read from.
    prefix: Option<String>,
    directory: Option<Directory>,
    seen: Seen,
    /// The entries for which a sealed file stood in the last time.
    stood_in: BTreeSet<String>,
}

struct Directory {
    publisher: Publisher,
    /// After the publisher, whose handle is open in it.
    private: Option<PrivateDir>,
}

/// What the command is started with.
pub(super) struct Delivered {
    pub(super) environment: Environment,
    /// To be kept until it has started.
    pub(super) memory: Vec<MemoryFile>,
    pub(super) published: Published,
}

impl Deliverer {
    /// Opens the directory, where there is one in any case.
    pub(super) fn open(delivery: Delivery, rules: &TargetRules, prefix: Option<String>) -> Result<Self, Failure> {
        let directory = match &delivery {
            Delivery::Target(path) => {
                make_if_absent(path)?;
                Some(Directory::open(path, rules, None)?)
            }
            Delivery::SharedMemory => Some(Directory::private(rules)?),
            Delivery::Memfd | Delivery::Environment => None,
        };
        Ok(Self { delivery, prefix, directory, seen: Seen::new(), stood_in: BTreeSet::new() })
    }

    /// Checks what can be before anything is fetched.
    pub(super) fn prepare(&mut self, prepared: &Prepared, rules: &TargetRules) -> Result<(), Vec<Failure>> {
        let mut files = prepared.files().peekable();
        if self.delivery == Delivery::Environment && files.peek().is_some() {
            self.directory = Some(Directory::private(rules).map_err(|failure| vec![failure])?);
        }
        if self.delivery == Delivery::Memfd {
            let known = known_memory_files(&prepared.plan);
            return environment::check_file_variables(known.iter().map(|(name, content)| (name.as_str(), content)));
        }
        match &self.directory {
            Some(directory) => {
                let variables_are_files = self.delivery != Delivery::Environment;
                let target = directory.publisher.target();
                prepared.check_rights(target, variables_are_files).map_err(|failure| vec![failure])
            }
            None => Ok(()),
        }
    }

    /// Delivers all of `fetched`. Nothing if it is what was delivered last.
    pub(super) fn deliver(&mut self, prepared: &Prepared, fetched: Fetched) -> Result<Option<Delivered>, Vec<Failure>> {
        let older = fetched.stood_in.iter().filter(|(label, _)| !self.stood_in.contains(label));
        let older: Vec<Failure> = older.map(|(_, failure)| failure.clone()).collect();
        if self.seen.last.is_some() && !older.is_empty() {
            // What was delivered came from the service, and is newer than any sealed file.
            return Err(older);
        }
        let stood_in = fetched.stood_in.iter().map(|(label, _)| label.clone()).collect();
        let as_variables = self.delivery == Delivery::Environment;
        let mut fetched = if as_variables { fetched } else { fetched.with_variables_as_files(&prepared.plan) };
        if as_variables {
            check_environment(&mut fetched.units);
        }
        let mut environment = Environment::of_process(self.prefix.as_deref());
        let (mut memory, mut is_changed) = (Vec::new(), false);
        let mut published = match &mut self.directory {
            Some(Directory { publisher, .. }) => {
                let (published, unrecorded) = publish_all(prepared, publisher, &fetched)?;
                if let Some(failure) = unrecorded {
                    return Err(vec![failure]);
                }
                is_changed |= published.is_changed;
                environment.set(environment::DIRECTORY, publisher.target().path());
                published
            }
            None => {
                let resource = if as_variables { "environment" } else { "memfd" };
                complete(prepared, &fetched, resource)?;
                if !as_variables {
                    memory = memory_files(&fetched, &mut environment)?;
                }
                prepared.record.published(&fetched.delivered, resource).map_err(|failure| vec![failure])?;
                Published { outputs: outputs(&fetched.units, memory_name), ..Published::default() }
            }
        };
        if as_variables {
            variables(&fetched).for_each(|(name, value)| environment.set_secret(name, value));
            published.outputs.extend(outputs(&fetched.units, variable_name));
        }
        // Files of a directory are compared where they are.
        let in_memory: Vec<_> = match &self.directory {
            Some(_) => variables(&fetched).collect(),
            None => all(&fetched).collect(),
        };
        is_changed |= self.seen.is_new(&in_memory);
        self.stood_in = stood_in;
        published.is_changed = is_changed;
        Ok(is_changed.then_some(Delivered { environment, memory, published }))
    }

    /// Leaves the files to the command that this process becomes.
    pub(super) fn keep(&mut self) {
        if let Some(private) = self.directory.as_mut().and_then(|directory| directory.private.as_mut()) {
            private.keep();
        }
    }

    /// They were left to a command that could not be run.
    pub(super) fn give_up(&mut self) {
        if let Some(private) = self.directory.as_mut().and_then(|directory| directory.private.as_mut()) {
            private.give_up();
        }
    }
}

impl Directory {
    fn open(path: &Path, rules: &TargetRules, private: Option<PrivateDir>) -> Result<Self, Failure> {
        let target = open_target(path, rules)?;
        Ok(Self { publisher: Publisher::new(target, rules.keep)?, private })
    }

    fn private(rules: &TargetRules) -> Result<Self, Failure> {
        let private = PrivateDir::make()?;
        let path = private.path().to_owned();
        Self::open(&path, rules, Some(private))
    }
}

fn made(fetched: &Fetched) -> impl Iterator<Item = &Made> {
    fetched.units.iter().filter_map(|unit| unit.result.as_ref().ok()).flatten()
}

fn variables(fetched: &Fetched) -> impl Iterator<Item = (&str, &Plaintext)> {
    made(fetched).filter_map(|made| match &made.to {
        MadeTo::Variable(name) => Some((name.as_str(), &made.bytes)),
        MadeTo::File(_) => None,
    })
}

fn all(fetched: &Fetched) -> impl Iterator<Item = (&str, &Plaintext)> {
    made(fetched).map(|made| match &made.to {
        MadeTo::Variable(name) => (name.as_str(), &made.bytes),
        MadeTo::File(file) => (file.path.as_str(), &made.bytes),
    })
}

fn variable_name(made: &Made) -> Option<(OutputKind, String)> {
    match &made.to {
        MadeTo::Variable(name) => Some((OutputKind::Variable, name.clone())),
        MadeTo::File(_) => None,
    }
}

fn memory_name(made: &Made) -> Option<(OutputKind, String)> {
    match &made.to {
        MadeTo::File(file) => Some((OutputKind::Memfd, file.path.clone())),
        MadeTo::Variable(_) => None,
    }
}

fn memory_files(fetched: &Fetched, environment: &mut Environment) -> Result<Vec<MemoryFile>, Vec<Failure>> {
    let files = || {
        made(fetched).filter_map(|made| match &made.to {
            MadeTo::File(file) => Some((file, made)),
            MadeTo::Variable(_) => None,
        })
    };
    // Again, for some names are known only now.
    environment::check_file_variables(
        files().map(|(file, made)| (file.path.as_str(), (&made.origins, made.bytes.expose_secret()))),
    )?;
    let mut shared = BTreeSet::new();
    files()
        .filter(|(file, _)| shared.insert(environment::file_variable(&file.path)))
        .map(|(file, made)| {
            let memory = MemoryFile::make(file, made).map_err(|failure| vec![failure])?;
            environment.set(environment::file_variable(&file.path), memory.path());
            Ok(memory)
        })
        .collect()
}

/// The memory files whose names the plan knows, and what will be in them; nothing is like a file of several entries.
fn known_memory_files(plan: &Plan) -> Vec<(String, Content<'_>)> {
    let of_entries = plan.entries.iter().flat_map(|(entry, request)| {
        entry.outputs.iter().filter_map(move |output| {
            let name = match &output.to {
                Destination::File(file) => file.path.clone(),
                Destination::Variable(name) => name.clone(),
                Destination::Files { .. } | Destination::Variables { .. } => return None,
            };
            Some((name, Content::Part(*request, &output.select, output.decode)))
        })
    });
    let of_composites = plan.composites.iter().enumerate().flat_map(|(at, composite)| {
        let files = names::files_of(composite).into_iter().enumerate();
        files.map(move |(file, name)| (name, Content::Composite(at, file)))
    });
    of_entries.chain(of_composites).collect()
}

/// What is in a file: two of the same are one.
#[derive(PartialEq)]
enum Content<'a> {
    Part(usize, &'a Select, Option<Decode>),
    Composite(usize, usize),
}

/// What was delivered last, as a digest under a key that nobody else has: values are not kept to be compared with.
struct Seen {
    key: Zeroizing<[u8; 32]>,
    last: Option<[u8; 32]>,
}

impl Seen {
    fn new() -> Self {
        let mut key = Zeroizing::new([0; 32]);
        // Without randomness the digest is one of the values alone, which is still only in our memory.
        let _best_effort = getrandom::fill(key.as_mut());
        Self { key, last: None }
    }

    /// Whether these differ from those of the last time; true the first time.
    fn is_new(&mut self, values: &[(&str, &Plaintext)]) -> bool {
        let mut digest = Sha256::new_with_prefix(*self.key);
        for (name, value) in values {
            for bytes in [name.as_bytes(), value.expose_secret()] {
                digest.update((bytes.len() as u64).to_be_bytes());
                digest.update(bytes);
            }
        }
        let now = Some(digest.finalize().into());
        std::mem::replace(&mut self.last, now) != now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_any_name_or_value_is_one() {
        let [a, b, ab] = [&b"a"[..], b"b", b"ab"].map(Plaintext::from_slice);
        let mut seen = Seen::new();
        assert!(seen.is_new(&[]), "the first time");
        assert!(!seen.is_new(&[]));
        assert!(seen.is_new(&[("x", &a), ("y", &b)]));
        assert!(!seen.is_new(&[("x", &a), ("y", &b)]));
        assert!(seen.is_new(&[("x", &a), ("z", &b)]));
        assert!(seen.is_new(&[("x", &ab)]));
        assert!(seen.is_new(&[("xa", &b)]), "where a name ends counts");
    }
}
