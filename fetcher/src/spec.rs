//! What is wanted: the one model that every form of specification is read into.
//!
//! A reader of a form checks what it can see by itself (syntax, fields, ARNs, combinations); names of files and
//! collisions between entries are checked once for all forms, by [`plan`](crate::plan).

pub mod by_name;
pub mod csi;
pub mod ecs;
mod errors;
pub mod load;
pub mod native;
pub mod read;
pub mod secret_provider_class;
mod shape;

use std::collections::BTreeMap;
use std::path::PathBuf;

use sealkit_host::config::Position;

pub use errors::{SpecErrors, SpecMistake};

/// The forms that are recognised from the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// Our own YAML.
    Native,
    /// The `parameters` of the CSI provider.
    CsiParameters,
    /// A whole SecretProviderClass, from a file or from the Kubernetes API.
    SecretProviderClass,
    /// An ECS task or container definition, or a list of its `secrets`.
    EcsTaskDefinition,
    /// Variables of the environment that hold `valueFrom` strings.
    EcsEnvironment,
}

impl Form {
    /// Whether people moved here with it from another tool, so that its policies and its calls must stay as they were.
    #[must_use]
    pub fn is_drop_in(self) -> bool {
        self != Self::Native
    }

    /// Its name in answers for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::CsiParameters => "csi-parameters",
            Self::SecretProviderClass => "secret-provider-class",
            Self::EcsTaskDefinition => "ecs-task-definition",
            Self::EcsEnvironment => "ecs-environment",
        }
    }

    /// Permission bits of files for which nothing is said: the owner's alone, or those that the CSI provider gives.
    #[must_use]
    pub fn default_mode(self) -> u32 {
        if self.is_drop_in() { 0o644 } else { 0o400 }
    }

    /// How BatchGetSecretValue is used where neither flag nor specification says.
    #[must_use]
    pub fn default_batch(self) -> Batch {
        if self.is_drop_in() { Batch::Never } else { Batch::Auto }
    }
}

/// When BatchGetSecretValue is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Batch {
    /// For two and more; singles after a denial or throttling, which is remembered.
    Auto,
    /// One GetSecretValue for each secret, 32 at once at most.
    Never,
    /// Always; a denial is a failure.
    Always,
}

/// A specification, whatever its form was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The form that it had.
    pub form: Form,
    /// What errors call it: the file's name, `env:PREFIX`, `SecretProviderClass NAMESPACE/NAME`.
    pub origin: String,
    /// Where, and as whom, everything is fetched that says nothing else itself.
    pub place: Place,
    /// `batch` where the specification says it.
    pub batch: Option<Batch>,
    /// `defaults`: the rights of variables where they are files. Readers give them to files that say nothing themselves.
    pub defaults: File,
    /// What is fetched, in the order of the document.
    pub entries: Vec<Entry>,
    /// Files that are made of several entries.
    pub composites: Vec<Composite>,
    /// What the document asks for and somebody else has to do, such as `secretObjects`: told, never ignored.
    pub notices: Vec<Notice>,
}

/// A sentence about the document for whoever runs us; no mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Where the reason stands, if it stands in a file.
    pub at: Option<Position>,
    /// One line: what is not done here, and what replaces it.
    pub message: String,
}

/// Where, and as whom, AWS is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The Region; flag, environment and profile are asked where it is absent.
    pub region: Option<String>,
    /// The Regions that are asked in this order when the one before is out; never on a denial or an absence.
    pub failover_regions: Vec<String>,
    /// The ARN of the role to assume.
    pub role: Option<String>,
    /// `usePodIdentity`: true takes EKS Pod Identity, false IRSA; absent takes what the SDK's chain finds first.
    pub pod_identity: Option<bool>,
    /// `preferredAddressType` of the Pod Identity agent.
    pub address_type: Option<AddressType>,
}

/// The address that the EKS Pod Identity agent is asked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressType {
    /// 169.254.170.23
    Ipv4,
    /// fd00:ec2::23
    Ipv6,
}

/// One thing to fetch, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in errors, audit lines, composites and templates: unique in the specification.
    pub label: String,
    /// Where it begins.
    pub at: Option<Position>,
    /// What is fetched.
    pub object: Object,
    /// Whether its absence is fine. A denial, throttling and an outage never are.
    pub optional: bool,
    /// The Region where it differs from the specification's: from a field or from an ARN.
    pub region: Option<String>,
    /// What is asked for elsewhere when the Region is out. Empty: the same object in [`Place::failover_regions`].
    pub failover: Vec<Failover>,
    /// The ARN of the role to assume, where it differs from the specification's.
    pub role: Option<String>,
    /// A sealed file that stands in while the service is out.
    pub fallback: Option<SealedFile>,
    /// What becomes of the value; none for an entry that only composites use.
    pub outputs: Vec<Output>,
}

/// An object in another Region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Failover {
    /// The Region.
    pub region: String,
    /// What is asked for there.
    pub object: Object,
}

/// What can be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Object {
    /// One secret of Secrets Manager.
    Secret(SecretRef),
    /// One parameter of Parameter Store, decrypted.
    Parameter(ParameterRef),
    /// All secrets that match: how many, and their names, is known from the answer.
    Secrets(SecretFilter),
    /// All parameters below a path.
    Parameters(ParameterPath),
    /// A sealed file: a message of the envelope crate, as bytes or armored.
    Sealed(SealedFile),
}

/// One version of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretRef {
    /// Name or ARN, as it is sent.
    pub id: String,
    /// VersionId.
    pub version_id: Option<String>,
    /// VersionStage; AWSCURRENT where both are absent.
    pub version_stage: Option<String>,
}

/// One version of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParameterRef {
    /// Name, ARN, or `/aws/reference/secretsmanager/ID`, as it is sent but for the selector.
    pub name: String,
    /// Version number or label, sent as `name:selector`.
    pub selector: Option<String>,
}

/// Filters of BatchGetSecretValue and ListSecrets; all must match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretFilter {
    /// What the name begins with.
    pub name_prefix: Option<String>,
    /// Tags and their values.
    pub tags: BTreeMap<String, String>,
}

/// A path of Parameter Store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParameterPath {
    /// The path, which begins with `/`.
    pub path: String,
    /// Whether deeper levels count too.
    pub recursive: bool,
}

/// A sealed file, from a ConfigMap or the image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SealedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Pairs that its encryption context must hold.
    pub context: BTreeMap<String, String>,
    /// The KMS keys that may open it, by ARN; empty: any key of the caller's account that its policy allows.
    pub keys: Vec<String>,
}

/// What becomes of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Where it stands.
    pub at: Option<Position>,
    /// Which part of the value.
    pub select: Select,
    /// How the part is decoded; as it is unless asked.
    pub decode: Option<Decode>,
    /// Where the part goes.
    pub to: Destination,
}

/// Which part of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Select {
    /// All bytes as they are.
    Whole,
    /// The member of a JSON object: a string's text, anything else as JSON text.
    Key(String),
    /// The result of a JMESPath expression, which must be a string (the CSI provider's rule).
    JmesPath(String),
    /// Every member of a JSON object, each to a name of its own.
    AllKeys,
}

/// A decoding that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decode {
    /// RFC 4648 section 4, with padding.
    Base64,
    /// RFC 4648 section 5, with or without padding.
    Base64Url,
}

/// Where a part goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Destination {
    /// A file of the target, by its path below it.
    File(File),
    /// Files below this directory (empty: the target itself), named after what is in the answer: members of a JSON
    /// object, secrets of a filter, parameters of a path.
    Files {
        /// The directory and the rights of each file.
        directory: File,
        /// What is cut from the beginning of each name.
        strip_prefix: Option<String>,
    },
    /// A variable of the environment, for `exec --env`; a file of that name otherwise.
    Variable(String),
    /// Variables named after what is in the answer.
    Variables {
        /// What is put before each name.
        prefix: String,
    },
}

/// A file's path below the target, and its rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct File {
    /// Parts are separated by `/`.
    pub path: String,
    /// Permission bits; 0o0400 for our own form unless `defaults` say otherwise, 0o0644 for drop-in forms.
    pub mode: Option<u32>,
    /// The owner; ours unless it is named, which needs CAP_CHOWN.
    pub uid: Option<u32>,
    /// The group; the target's unless it is named, which must be one of ours.
    pub gid: Option<u32>,
}

/// A file that is made of several entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composite {
    /// Where it stands.
    pub at: Option<Position>,
    /// The file; for [`Content::Tls`] the directory that holds the pair (empty: the target itself).
    pub file: File,
    /// What is in it.
    pub content: Content,
}

/// What is in a composite.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// `NAME="value"` lines.
    Dotenv(Vec<Pair>),
    /// A Java properties file.
    Properties(Vec<Pair>),
    /// A JSON object.
    Json(Vec<Pair>),
    /// A YAML mapping.
    Yaml(Vec<Pair>),
    /// A text with expressions over labels; strict and bounded.
    Template(String),
    /// A certificate and its key: published together, and only if they match and are valid.
    Tls(Box<TlsPair>),
}

/// A certificate with its chain, and its key, all as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsPair {
    /// The certificate and its chain, leaf first; the file is `tls.crt` unless named.
    pub certificate: PemFile,
    /// The private key; `tls.key`.
    pub key: PemFile,
    /// The authority; `ca.crt`.
    pub authority: Option<PemFile>,
}

/// A part and the name of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemFile {
    /// Where the text comes from.
    pub part: Part,
    /// The file's name below the directory of the pair.
    pub file: String,
}

/// A name in a composite and where its value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pair {
    /// One name.
    One {
        /// The name.
        name: String,
        /// Its value.
        part: Part,
    },
    /// All members of a JSON object, or all items of a filter or a path.
    All {
        /// Label of the entry.
        entry: String,
        /// What is put before each name.
        prefix: String,
    },
}

/// A part of an entry's value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// Label of the entry.
    pub entry: String,
    /// Which part of its value; never [`Select::AllKeys`].
    pub select: Select,
    /// How it is decoded.
    pub decode: Option<Decode>,
}
