//! What is to be printed, checked: keys on their sockets, and names that are what they can be.

use std::collections::BTreeMap;

use sealkit_host::list;

use super::check::{Mistakes, is_name, is_path, is_region, is_resource, is_word};
use crate::args::EncryptionConfigArgs;
use crate::error::CliError;

/// Where aws-encryption-provider and the manifests of `deploy/` have the socket.
const DIRECTORY: &str = "/var/run/kmsplugin";
/// Where the plugin remembers wrapped KEKs and key materials, a file a socket.
const STATE: &str = "/var/lib/seal-kms-plugin/state";

const NAME: &str = "seal-kms-plugin";
/// As in aws-encryption-provider's own manifests.
const AEP_NAME: &str = "aws-encryption-provider";

/// The most that kube-apiserver's type holds.
const LARGEST_CACHE: u32 = i32::MAX.unsigned_abs();

/// A cluster's plugin.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// What was typed and needs no more than a check.
    pub(super) args: &'a EncryptionConfigArgs,
    /// The first one writes.
    pub(super) sockets: Vec<Socket<'a>>,
    /// The directory of all sockets.
    pub(super) directory: String,
    /// The `cachesize`, and KMS v1 with it.
    pub(super) v1: Option<u32>,
}

/// A provider on its socket.
#[derive(Debug)]
pub(super) struct Socket<'a> {
    pub(super) provider: String,
    pub(super) path: String,
    pub(super) state_file: String,
    /// The first one writes, the others only read.
    pub(super) keys: Vec<Key<'a>>,
}

/// A key and the encryption context of its calls.
#[derive(Debug)]
pub(super) struct Key<'a> {
    pub(super) name: &'a str,
    /// As it was typed.
    pub(super) context_text: Option<&'a str>,
    pub(super) context: BTreeMap<String, String>,
}

impl<'a> Plan<'a> {
    /// Checks what was typed.
    ///
    /// # Errors
    /// Every mistake.
    pub(super) fn of(args: &'a EncryptionConfigArgs) -> Result<Self, Vec<CliError>> {
        let mut mistakes = Mistakes::default();
        let keys = keys(args, &mut mistakes);
        let sockets = sockets(args, keys, &mut mistakes);
        let directory = directory(args, &sockets, &mut mistakes);
        for resource in &args.resources {
            let hint = "a resource is named like `secrets` or `widgets.example.com`";
            mistakes.check(resource, "--resources", is_resource, hint);
        }
        if let Some(region) = &args.region {
            mistakes.check(region, "--region", is_region, "a Region is named like `eu-west-1`");
        }
        let hint = "an image is named like `registry.example.com/seal-kms-plugin:1.0`";
        mistakes.check(&args.image, "--image", is_word, hint);
        if !(1..=LARGEST_CACHE).contains(&args.cachesize) {
            let message = format!("kube-apiserver takes 1 to {LARGEST_CACHE}, not {}", args.cachesize);
            mistakes.add(CliError::usage("--cachesize", message).hint("give more than there are objects"));
        }
        let writes = args.keys.first().filter(|key| args.follow_key_material && key.starts_with("local:"));
        if let Some(key) = writes {
            let message = format!("nobody rotates the key file {key:?}");
            mistakes.add(CliError::usage("--follow-key-material", message).hint("it is for keys in KMS: leave it out"));
        }
        mistakes.finish(Self { args, sockets, directory, v1: args.v1.then_some(args.cachesize) })
    }

    /// Whether a file says what flags cannot: keys that only read, and a state file of each socket.
    pub(super) fn has_config(&self) -> bool {
        self.args.keys.len() > 1 && !self.args.from_aep
    }

    /// Whether state files are named.
    pub(super) fn has_state(&self) -> bool {
        self.has_config() || self.sockets.len() == 1
    }

    /// The paths of key files.
    pub(super) fn key_files(&self) -> impl Iterator<Item = &str> {
        self.keys().filter_map(|key| key.name.strip_prefix("local:"))
    }

    fn keys(&self) -> impl Iterator<Item = &Key<'a>> {
        self.sockets.iter().flat_map(|socket| &socket.keys)
    }

    /// All flags of the plugin.
    pub(super) fn flags(&self) -> Vec<String> {
        let address = if self.args.from_aep { "" } else { "127.0.0.1" };
        let health = format!("--health-port={address}:8080");
        if self.has_config() {
            return vec![format!("--config={}", super::plugin_config::PATH), health];
        }
        let mut flags: Vec<String> = self.keys().map(|key| format!("--key={}", key.name)).collect();
        let contexts = self.keys().filter_map(|key| key.context_text);
        flags.extend(contexts.map(|context| format!("--encryption-context={context}")));
        flags.extend(self.sockets.iter().map(|socket| format!("--listen={}", socket.path)));
        flags.extend(self.args.region.iter().map(|region| format!("--region={region}")));
        flags.push(health);
        if self.has_state() {
            flags.extend(self.sockets.iter().map(|socket| format!("--state-file={}", socket.state_file)));
        }
        for (flag, is_set) in
            [("--local-kek", self.args.local_kek), ("--follow-key-material", self.args.follow_key_material)]
        {
            if is_set {
                flags.push(flag.to_owned());
            }
        }
        flags
    }
}

fn keys<'a>(args: &'a EncryptionConfigArgs, mistakes: &mut Mistakes) -> Vec<Key<'a>> {
    if args.contexts.len() > args.keys.len() {
        mistakes.add(
            CliError::usage("--encryption-context", "there are more contexts than keys")
                .hint("the first context is of the first key; pairs of one key are joined: a=b,c=d"),
        );
    }
    let contexts = args.contexts.iter().map(|text| {
        let context = list::context(text).map(|(context, _)| context).unwrap_or_else(|mistake| {
            let message = format!("{text:?} is not like a=b,c=d: {mistake}");
            let hint = "a pair with a comma or a double quote stands in double quotes: '\"a=x,y\",c=d'";
            mistakes.add(CliError::usage("--encryption-context", message).hint(hint));
            BTreeMap::new()
        });
        (text.as_str(), context)
    });
    let mut contexts = contexts.collect::<Vec<_>>().into_iter();
    let mut keys: Vec<Key<'_>> = Vec::with_capacity(args.keys.len());
    for name in &args.keys {
        mistakes.check_key(name);
        if keys.iter().any(|other| other.name == name) {
            mistakes.add(CliError::usage("--key", format!("{name:?} is given twice")));
        }
        let (text, context) = contexts.next().unzip();
        keys.push(Key { name, context_text: text, context: context.unwrap_or_default() });
    }
    keys
}

/// One socket for all keys, unless several are named: those of several providers, as with aws-encryption-provider,
/// where each key has its own.
fn sockets<'a>(args: &EncryptionConfigArgs, keys: Vec<Key<'a>>, mistakes: &mut Mistakes) -> Vec<Socket<'a>> {
    let has_many = args.from_aep || args.names.len() > 1 || args.sockets.len() > 1;
    for (given, flag) in [(&args.names, "--name"), (&args.sockets, "--socket")] {
        if has_many && !given.is_empty() && given.len() != keys.len() {
            let message = format!("there are {} of it and {} keys", given.len(), keys.len());
            mistakes.add(CliError::usage(flag, message).hint("give one a key, one of each for all keys, or none"));
        }
    }
    let groups: Vec<Vec<Key<'_>>> = if has_many { keys.into_iter().map(|key| vec![key]).collect() } else { vec![keys] };
    let name = if args.from_aep { AEP_NAME } else { NAME };
    let mut sockets: Vec<Socket<'_>> = Vec::with_capacity(groups.len());
    for (index, keys) in groups.into_iter().enumerate() {
        let number = if index == 0 { String::new() } else { format!("-{}", index + 1) };
        let socket = Socket {
            provider: args.names.get(index).cloned().unwrap_or_else(|| format!("{name}{number}")),
            path: args.sockets.get(index).cloned().unwrap_or_else(|| format!("{DIRECTORY}/socket{number}.sock")),
            state_file: format!("{STATE}{number}.json"),
            keys,
        };
        let hint = "a provider's name has letters, digits, `.`, `-` and `_`";
        mistakes.check(&socket.provider, "--name", is_name, hint);
        mistakes.check(&socket.path, "--socket", is_path, "a socket has an absolute path without `..`");
        for (flag, text, is_twice) in [
            ("--name", &socket.provider, sockets.iter().any(|other| other.provider == socket.provider)),
            ("--socket", &socket.path, sockets.iter().any(|other| other.path == socket.path)),
        ] {
            if is_twice {
                mistakes.add(CliError::usage(flag, format!("{text:?} is given twice")));
            }
        }
        sockets.push(socket);
    }
    sockets
}

/// The directory that the pod mounts.
fn directory(args: &EncryptionConfigArgs, sockets: &[Socket<'_>], mistakes: &mut Mistakes) -> String {
    if !args.sockets.is_empty() && args.sockets.len() != sockets.len() {
        // Told already; a default beside the one that was typed is no second mistake.
        return String::new();
    }
    // What is no path is told already.
    let mut parents = sockets.iter().filter(|socket| is_path(&socket.path)).filter_map(|socket| {
        let (parent, _) = socket.path.rsplit_once('/')?;
        Some((parent, &socket.path))
    });
    let Some((directory, _)) = parents.next() else { return String::new() };
    if directory.is_empty() {
        mistakes.add(CliError::usage("--socket", "the root directory cannot be mounted"));
    }
    if let Some((_, other)) = parents.find(|(parent, _)| *parent != directory) {
        mistakes.add(
            CliError::usage("--socket", format!("{other} is in another directory"))
                .hint(format!("the pod mounts one: put all sockets into {directory}")),
        );
    }
    directory.to_owned()
}
