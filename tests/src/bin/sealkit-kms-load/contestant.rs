//! A plugin that is measured, and the KMS that it alone uses.

use std::collections::BTreeMap;
use std::error::Error;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_sdk_kms::Client;
use sealkit_rig::kms_plugin::{Plan, StartError, Usage};
use sealkit_rig::{AwsDouble, KmsClient, KmsPlugin, Operation};

use crate::args::Args;
use crate::bare;

pub(crate) struct Contestant {
    pub(crate) name: String,
    pub(crate) aws: AwsDouble,
    pub(crate) key: String,
    plugin: Plugin,
    latency: Duration,
    rate: Option<u32>,
}

enum Plugin {
    /// Started here; taken out only while it is restarted.
    Ours(Option<Box<KmsPlugin>>),
    /// Runs already.
    Given(PathBuf),
}

/// Calls to KMS by operation.
pub(crate) type KmsCalls = BTreeMap<&'static str, u64>;

impl Contestant {
    /// All that the command line names, started.
    pub(crate) fn all(args: &Args) -> Result<Vec<Self>, Box<dyn Error>> {
        if args.plugins.is_empty() && args.sockets.is_empty() {
            return Err("nothing to measure: name plugins with --plugin NAME=COMMAND or --socket NAME=PATH".into());
        }
        if !args.sockets.is_empty() && args.kms_port == 0 {
            return Err("--socket needs --kms-port: the plugin must have been started with that endpoint".into());
        }
        let mut all = Vec::new();
        let port = |index: usize| match args.kms_port {
            0 => Ok(0),
            first => u16::try_from(index).ok().and_then(|index| first.checked_add(index)).ok_or("no such port"),
        };
        for (name, command) in &args.plugins {
            let aws = AwsDouble::builder().port(port(all.len())?).start();
            aws.kms().seed_key(&args.key);
            let plan = plan(command, &aws.url(), &args.key);
            all.push(Self::new(name, aws, args, Plugin::Ours(Some(Box::new(plan.try_start()?)))));
        }
        for (name, socket) in &args.sockets {
            let aws = AwsDouble::builder().port(port(all.len())?).start();
            aws.kms().seed_key(&args.key);
            UnixStream::connect(socket).map_err(|error| format!("{socket}: {error}"))?;
            all.push(Self::new(name, aws, args, Plugin::Given(socket.into())));
        }
        Ok(all)
    }

    /// One plugin with a plan of its own.
    pub(crate) fn of(name: &str, args: &Args, plan: impl FnOnce(&AwsDouble) -> Plan) -> Result<Self, StartError> {
        let aws = AwsDouble::start();
        aws.kms().seed_key(&args.key);
        let plan = plan(&aws);
        Ok(Self::new(name, aws, args, Plugin::Ours(Some(Box::new(plan.try_start()?)))))
    }

    fn new(name: &str, aws: AwsDouble, args: &Args, plugin: Plugin) -> Self {
        let (name, key) = (name.to_owned(), args.key.clone());
        Self { name, aws, key, plugin, latency: args.kms_latency, rate: args.kms_rate }
    }

    /// With a KMS of this latency and any rate.
    pub(crate) fn with_kms(mut self, latency: Duration) -> Self {
        (self.latency, self.rate) = (latency, None);
        self
    }

    pub(crate) fn socket(&self) -> PathBuf {
        match &self.plugin {
            Plugin::Ours(plugin) => plugin.as_deref().map(KmsPlugin::socket).unwrap_or_default(),
            Plugin::Given(socket) => socket.clone(),
        }
    }

    pub(crate) fn client(&self) -> KmsClient {
        KmsClient::new(&self.socket())
    }

    /// The bare SDK at this contestant's KMS.
    pub(crate) fn bare(&self) -> Client {
        bare::client(&self.aws.url(), &self.key)
    }

    /// The bare SDK, to prepare with.
    pub(crate) fn patient(&self) -> Client {
        bare::patient_client(&self.aws.url(), &self.key)
    }

    /// The plugin, where it was started here.
    pub(crate) fn plugin(&self) -> Option<&KmsPlugin> {
        match &self.plugin {
            Plugin::Ours(plugin) => plugin.as_deref(),
            Plugin::Given(_) => None,
        }
    }

    /// Starts the plugin afresh; false for one that was not started here.
    pub(crate) fn restart(&mut self) -> bool {
        let Plugin::Ours(plugin) = &mut self.plugin else { return false };
        *plugin = plugin.take().map(|plugin| Box::new(plugin.restart()));
        true
    }

    /// What the plugin's process used so far; none if it cannot be seen.
    pub(crate) fn usage(&self) -> Option<Usage> {
        match self.plugin() {
            Some(plugin) => Some(plugin.usage()),
            None => peer(&self.socket()).and_then(Usage::of),
        }
    }

    /// Sets KMS' latency and rate for what is measured, and forgets calls made so far.
    pub(crate) fn measured(&self) {
        self.aws.set_latency(None, self.latency);
        self.limit(self.rate);
        self.aws.calls().reset();
    }

    /// Lets KMS answer at once, to prepare something.
    pub(crate) fn unmeasured(&self) {
        self.aws.set_latency(None, Duration::ZERO);
        self.limit(None);
    }

    fn limit(&self, rate: Option<u32>) {
        for operation in [Operation::Encrypt, Operation::Decrypt, Operation::GenerateDataKey] {
            self.aws.set_rate_limit(operation, rate);
        }
    }

    pub(crate) fn kms_calls(&self) -> KmsCalls {
        let mut calls = KmsCalls::new();
        for ((operation, _), count) in self.aws.calls().counts() {
            *calls.entry(operation.name()).or_default() += count;
        }
        calls
    }
}

/// A bare program gets the shared flags; a command with arguments is taken as it is.
fn plan(command: &str, endpoint: &str, key: &str) -> Plan {
    let mut words = command.split_whitespace();
    let program = Path::new(words.next().unwrap_or_default());
    let plan = Plan::of(&std::path::absolute(program).unwrap_or_default(), endpoint, key);
    let plan = if program.components().count() == 1 { Plan::of(program, endpoint, key) } else { plan };
    match words.collect::<Vec<_>>() {
        arguments if arguments.is_empty() => plan,
        arguments => plan.with_only(arguments),
    }
}

/// The process that listens on a socket.
fn peer(socket: &Path) -> Option<u32> {
    let stream = UnixStream::connect(socket).ok()?;
    let pid = rustix::net::sockopt::socket_peercred(&stream).ok()?.pid;
    u32::try_from(pid.as_raw_nonzero().get()).ok()
}
