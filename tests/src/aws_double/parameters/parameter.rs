//! One parameter and its versions.

use std::collections::BTreeSet;
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use super::Parameters;
use crate::aws_double::secrets::seconds;

/// The type of a parameter, with the name that the API gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum ParameterType {
    /// Text.
    #[default]
    String,
    /// Text, with commas.
    StringList,
    /// Text, encrypted.
    SecureString,
}

pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) arn: String,
    /// Oldest first; numbers begin with 1.
    versions: Vec<Version>,
}

pub(super) struct Version {
    number: u64,
    value: String,
    kind: ParameterType,
    pub(super) key: Option<String>,
    labels: BTreeSet<String>,
    modified: SystemTime,
}

impl Parameter {
    pub(super) fn new(region: &str, name: &str) -> Self {
        Self { name: name.to_owned(), arn: Parameters::arn(region, name), versions: Vec::new() }
    }

    pub(super) fn put(&mut self, value: &str, kind: ParameterType, key: Option<&str>) -> u64 {
        let number = self.versions.last().map_or(1, |version| version.number + 1);
        self.versions.push(Version {
            number,
            value: value.to_owned(),
            kind,
            key: key.map(str::to_owned),
            labels: BTreeSet::new(),
            modified: SystemTime::now(),
        });
        number
    }

    pub(super) fn label(&mut self, number: u64, label: &str) -> Result<(), String> {
        if !self.versions.iter().any(|version| version.number == number) {
            return Err(format!("the parameter {} has no version {number}", self.name));
        }
        for version in &mut self.versions {
            version.labels.remove(label);
            if version.number == number {
                version.labels.insert(label.to_owned());
            }
        }
        Ok(())
    }

    /// The version with this number or label; the newest without one.
    pub(super) fn version(&self, selector: Option<&str>) -> Option<&Version> {
        let Some(selector) = selector else { return self.versions.last() };
        // A label cannot begin with a digit.
        match selector.parse::<u64>() {
            Ok(number) => self.versions.iter().find(|version| version.number == number),
            Err(_) => self.versions.iter().find(|version| version.labels.contains(selector)),
        }
    }

    /// A version as answers hold it; the selector is repeated with its colon.
    pub(super) fn answer(&self, version: &Version, selector: Option<&str>, decrypted: bool) -> Value {
        let value = if version.is_secure() && !decrypted { self.opaque(version) } else { version.value.clone() };
        let mut answer = json!({
            "Name": self.name,
            "ARN": self.arn,
            "Type": format!("{:?}", version.kind),
            "Value": value,
            "Version": version.number,
            "LastModifiedDate": seconds(version.modified),
            "DataType": "text",
        });
        if let Some(selector) = selector {
            answer["Selector"] = Value::from(format!(":{selector}"));
        }
        answer
    }

    /// What stands for a SecureString that is not decrypted: a ciphertext that nobody can open.
    fn opaque(&self, version: &Version) -> String {
        let noise = Sha512::digest(format!("sealkit aws double parameter:{}:{}", self.arn, version.number));
        BASE64_STANDARD.encode([&[1, 2, 2, 0, 0x78], noise.as_slice(), noise.as_slice()].concat())
    }
}

impl Version {
    pub(super) fn is_secure(&self) -> bool {
        self.kind == ParameterType::SecureString
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_a_number_or_a_label() {
        let mut parameter = Parameter::new("us-east-1", "/a");
        for value in ["one", "two", "three"] {
            parameter.put(value, ParameterType::String, None);
        }
        parameter.label(2, "live").expect("there is such a version");
        let value = |selector| parameter.version(selector).map(|version| version.value.as_str());
        assert_eq!([value(None), value(Some("1")), value(Some("live"))], [Some("three"), Some("one"), Some("two")]);
        assert_eq!([value(Some("4")), value(Some("dead"))], [None, None]);
        parameter.label(3, "live").expect("there is such a version");
        assert_eq!(parameter.version(Some("live")).map(|version| version.number), Some(3));
    }
}
