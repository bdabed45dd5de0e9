//! The provider's own words for what is wrong, so that they are found where people looked for them so far.
//!
//! Source: aws/secrets-store-csi-driver-provider-aws, `provider/secret_descriptor.go`, `provider/secret_value.go` and
//! `server/server.go`.

/// A list item without anything in it.
pub const EMPTY_DESCRIPTOR: &str = "Empty descriptor entry in SecretProviderClass";
/// `pathTranslation`.
pub const PATH_TRANSLATION: &str = "pathTranslation must be either 'False' or a single character string";
/// No `objectName`.
pub const OBJECT_NAME: &str = "Object name must be specified";
/// A `jmesPath` entry without `path`.
pub const JMES_PATH: &str = "Path must be specified for JMES object";
/// A `jmesPath` entry without `objectAlias`.
pub const JMES_ALIAS: &str = "Object alias must be specified for JMES object";

/// `objects` that can't be read.
#[must_use]
pub fn load(reason: &str) -> String {
    format!("Failed to load SecretProviderClass: {reason}")
}

/// `failoverRegion` equals `region`.
#[must_use]
pub fn same_region(region: &str) -> String {
    format!("{region}: failover region cannot be the same as the primary region")
}

/// `usePodIdentity`.
#[must_use]
pub fn pod_identity(value: &str) -> String {
    format!("failed to parse usePodIdentity value, error: strconv.ParseBool: parsing {value:?}: invalid syntax")
}

/// A name that begins as an ARN does and is none.
#[must_use]
pub fn arn_format(name: &str) -> String {
    format!("Invalid ARN format in object name: {name}")
}

/// An ARN of another Region.
#[must_use]
pub fn arn_region(region: &str, name: &str) -> String {
    format!("ARN region must match region {region}: {name}")
}

/// Neither `objectType` nor an ARN.
#[must_use]
pub fn type_missing(name: &str) -> String {
    format!("Must use objectType when a full ARN is not specified: {name}")
}

/// An ARN of something else.
#[must_use]
pub fn service(service: &str) -> String {
    format!("Invalid service in ARN: {service}")
}

/// An `objectType` that there isn't.
#[must_use]
pub fn object_type(object_type: &str) -> String {
    format!("Invalid objectType: {object_type}")
}

/// `objectType` says one thing and the ARN another.
#[must_use]
pub fn type_mismatch(name: &str) -> String {
    format!("objectType does not match ARN: {name}")
}

/// A parameter with version and label.
#[must_use]
pub fn version_and_label(name: &str) -> String {
    format!("ssm parameters can not specify both objectVersion and objectVersionLabel: {name}")
}

/// A path that leaves the directory.
#[must_use]
pub fn bad_path(name: &str) -> String {
    format!("path can not contain ../: {name}")
}

/// `filePermission`.
#[must_use]
pub fn file_permission(permission: &str) -> String {
    format!("Invalid File Permission: {permission}")
}

/// `failoverObject` without `objectAlias`.
#[must_use]
pub fn failover_alias(name: &str) -> String {
    format!("object alias must be specified for objects with failover entries: {name}")
}

/// `failoverObject` without `failoverRegion`.
#[must_use]
pub fn failover_region(name: &str) -> String {
    format!("failover object allowed only when failover region is defined: {name}")
}

/// `failoverObject` with another version.
#[must_use]
pub fn failover_version(name: &str) -> String {
    format!("object versions must match between primary and failover regions: {name}")
}

/// Two objects of one name that are told apart by nothing; alias and label are those that both have.
#[must_use]
pub fn duplicate_name(name: &str, alias: Option<&str>, label: Option<&str>) -> String {
    let alias = alias.map_or_else(|| "no object alias".to_owned(), |alias| format!("duplicate object alias {alias}"));
    let label = label.map_or_else(|| "no version label".to_owned(), |label| format!("duplicate version label {label}"));
    format!("found descriptor with duplicate object name {name}, {alias}, and {label}")
}

/// Two objects of one alias.
#[must_use]
pub fn duplicate_alias(alias: &str) -> String {
    format!("found duplicate object alias {alias}")
}

/// A `jmesPath` entry with an alias that is taken.
#[must_use]
pub fn duplicate_jmes_alias(alias: &str, path: &str) -> String {
    format!("Name already in use for objectAlias: found duplicate object alias {alias} in JMES path entry {path}")
}

/// A value that a JMESPath expression can't run over; `name` is the object's.
#[must_use]
pub fn invalid_json(name: &str) -> String {
    format!("Invalid JSON used with jmesPath in secret: {name}.")
}

/// An expression that is none, or fails.
#[must_use]
pub fn invalid_jmes_path(path: &str) -> String {
    format!("Invalid JMES Path: {path}.")
}

/// An expression that finds nothing.
#[must_use]
pub fn jmes_path_finds_nothing(path: &str, alias: &str) -> String {
    format!("JMES Path - {path} for object alias - {alias} does not point to a valid object.")
}

/// An expression that finds something else than a string.
#[must_use]
pub fn jmes_path_finds_no_string(path: &str) -> String {
    format!("Invalid JMES search result type for path:{path}. Only string is allowed.")
}
