//! What is to be printed, checked: one socket a key, and names that are what they can be.

use std::path::{Component, Path};

use crate::args::EncryptionConfigArgs;
use crate::error::CliError;

/// Where aws-encryption-provider and the manifests of `deploy/` have the socket.
const DIRECTORY: &str = "/var/run/kmsplugin";
const STATE_FILE: &str = "/var/lib/seal-kms-plugin/state.json";

const NAME: &str = "seal-kms-plugin";
/// As in aws-encryption-provider's own manifests.
const AEP_NAME: &str = "aws-encryption-provider";

/// A cluster's plugin.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) sockets: Vec<Socket<'a>>,
    /// The directory of all sockets.
    pub(super) directory: String,
    pub(super) resources: &'a [String],
    /// The `cachesize`, and KMS v1 with it.
    pub(super) v1: Option<u32>,
    pub(super) identity: bool,
    pub(super) from_aep: bool,
    pub(super) image: &'a str,
    /// All flags of the plugin.
    pub(super) flags: Vec<String>,
    pub(super) state_file: bool,
}

/// A key on its socket. The first one writes.
#[derive(Debug)]
pub(super) struct Socket<'a> {
    pub(super) provider: String,
    pub(super) path: String,
    pub(super) key: &'a str,
}

impl Socket<'_> {
    /// The path of a key file.
    pub(super) fn key_file(&self) -> Option<&str> {
        self.key.strip_prefix("local:")
    }
}

impl<'a> Plan<'a> {
    /// Checks what was typed.
    ///
    /// # Errors
    /// The first mistake.
    pub(super) fn of(args: &'a EncryptionConfigArgs) -> Result<Self, CliError> {
        let sockets = sockets(args)?;
        let directory = directory(&sockets)?;
        for resource in &args.resources {
            check(resource, "--resources", is_resource, "a resource is named like `secrets` or `widgets.example.com`")?;
        }
        check(&args.image, "--image", is_word, "an image is named like `registry.example.com/seal-kms-plugin:1.0`")?;
        if args.contexts.len() > args.keys.len() {
            return Err(CliError::usage("--encryption-context", "there are more contexts than keys")
                .hint("the first context is of the first key; pairs of one key are joined: a=b,c=d"));
        }
        // One file is of one socket: each remembers the KEK that it writes under.
        let state_file = sockets.len() == 1;
        let mut plan = Self {
            directory,
            resources: &args.resources,
            v1: args.v1.then_some(args.cachesize),
            identity: !args.no_identity,
            from_aep: args.from_aep,
            image: &args.image,
            flags: Vec::new(),
            state_file,
            sockets,
        };
        plan.flags = plan.flags(args)?;
        Ok(plan)
    }

    fn flags(&self, args: &EncryptionConfigArgs) -> Result<Vec<String>, CliError> {
        let mut flags: Vec<String> = self.sockets.iter().map(|socket| format!("--key={}", socket.key)).collect();
        for context in &args.contexts {
            let pairs = context.split(',').all(|pair| pair.split_once('=').is_some_and(|(name, _)| !name.is_empty()));
            if !(context.is_empty() || pairs) || context.contains('"') {
                return Err(CliError::usage("--encryption-context", "it is not like a=b,c=d"));
            }
            flags.push(format!("--encryption-context={context}"));
        }
        flags.extend(self.sockets.iter().map(|socket| format!("--listen={}", socket.path)));
        if let Some(region) = &args.region {
            check(region, "--region", is_word, "a Region is named like `eu-west-1`")?;
            flags.push(format!("--region={region}"));
        }
        let address = if self.from_aep { "" } else { "127.0.0.1" };
        flags.push(format!("--health-port={address}:8080"));
        if self.state_file {
            flags.push(format!("--state-file={STATE_FILE}"));
        }
        for (flag, is_set) in [("--local-kek", args.local_kek), ("--follow-key-material", args.follow_key_material)] {
            if is_set {
                flags.push(flag.to_owned());
            }
        }
        Ok(flags)
    }
}

fn sockets(args: &EncryptionConfigArgs) -> Result<Vec<Socket<'_>>, CliError> {
    for (given, flag) in [(&args.names, "--name"), (&args.sockets, "--socket")] {
        if !given.is_empty() && given.len() != args.keys.len() {
            let message = format!("there are {} of it and {} keys", given.len(), args.keys.len());
            return Err(CliError::usage(flag, message).hint("give one a key, or none"));
        }
    }
    let name = if args.from_aep { AEP_NAME } else { NAME };
    let mut sockets: Vec<Socket<'_>> = Vec::with_capacity(args.keys.len());
    for (index, key) in args.keys.iter().enumerate() {
        check(key, "--key", is_word, "a key is an ARN, a key id, alias/NAME, or local:/PATH of a key file")?;
        let number = if index == 0 { String::new() } else { format!("-{}", index + 1) };
        let socket = Socket {
            provider: args.names.get(index).cloned().unwrap_or_else(|| format!("{name}{number}")),
            path: args.sockets.get(index).cloned().unwrap_or_else(|| format!("{DIRECTORY}/socket{number}.sock")),
            key,
        };
        if socket.key_file().is_some_and(|path| !is_path(path)) {
            return Err(CliError::usage(key, "the path of a key file in a pod must be absolute"));
        }
        check(&socket.provider, "--name", is_name, "a provider's name has letters, digits, `.`, `-` and `_`")?;
        check(&socket.path, "--socket", is_path, "a socket has an absolute path without `..`")?;
        let twice = |other: &&Socket<'_>| {
            other.key == socket.key || other.provider == socket.provider || other.path == socket.path
        };
        if sockets.iter().any(|other| twice(&other)) {
            return Err(CliError::usage(key, "a key, a name or a socket is given twice"));
        }
        sockets.push(socket);
    }
    Ok(sockets)
}

/// The directory that the pod mounts.
fn directory(sockets: &[Socket<'_>]) -> Result<String, CliError> {
    let parent = |socket: &Socket<'_>| socket.path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
    let directory = sockets.first().and_then(parent).unwrap_or_default();
    match sockets.iter().find(|socket| parent(socket).as_ref() != Some(&directory)) {
        Some(other) => Err(CliError::usage("--socket", format!("{} is in another directory", other.path))
            .hint(format!("the pod mounts one: put all sockets into {directory}"))),
        None if directory.is_empty() => Err(CliError::usage("--socket", "the root directory cannot be mounted")),
        None => Ok(directory),
    }
}

fn check(text: &str, flag: &str, holds: fn(&str) -> bool, hint: &str) -> Result<(), CliError> {
    if holds(text) { Ok(()) } else { Err(CliError::usage(flag, format!("{text:?} cannot be used")).hint(hint)) }
}

/// Neither blanks nor what YAML, a shell or a list of the plugin would take for something else.
fn is_word(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./:@+".contains(c);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(allowed)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn is_resource(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.*/".contains(c))
}

fn is_path(text: &str) -> bool {
    let normal = |component: Component<'_>| matches!(component, Component::RootDir | Component::Normal(_));
    is_word(text) && text.starts_with('/') && !text.ends_with('/') && Path::new(text).components().all(normal)
}
