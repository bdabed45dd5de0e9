//! One secret and its versions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use super::NewSecret;
use crate::aws_double::wire;

/// A value: text or bytes.
pub enum SecretValue {
    /// `SecretString`
    String(String),
    /// `SecretBinary`
    Binary(Vec<u8>),
}

pub(super) struct Secret {
    pub(super) arn: String,
    pub(super) region: String,
    pub(super) name: String,
    pub(super) kms_key: Option<String>,
    pub(super) description: String,
    pub(super) tags: BTreeMap<String, String>,
    /// Oldest first.
    pub(super) versions: Vec<Version>,
    pub(super) created: SystemTime,
    pub(super) deleted: Option<SystemTime>,
}

pub(super) struct Version {
    pub(super) id: String,
    pub(super) value: SecretValue,
    pub(super) stages: BTreeSet<String>,
    pub(super) created: SystemTime,
}

impl Secret {
    pub(super) fn new(arn: &str, region: &str, name: &str, with: NewSecret) -> Self {
        Self {
            arn: arn.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            kms_key: with.kms_key,
            description: with.description,
            tags: with.tags,
            versions: Vec::new(),
            created: SystemTime::now(),
            deleted: None,
        }
    }

    /// Adds a version with these stages and returns its id.
    pub(super) fn put(&mut self, value: SecretValue, stages: &[&str]) -> String {
        let id = wire::uuid();
        self.versions.push(Version { id: id.clone(), value, stages: BTreeSet::new(), created: SystemTime::now() });
        for stage in stages {
            self.move_stage(stage, &id).expect("the version was just added");
        }
        id
    }

    /// Moves a stage to a version. AWSPREVIOUS follows AWSCURRENT: it goes to the version that AWSCURRENT leaves.
    pub(super) fn move_stage(&mut self, stage: &str, id: &str) -> Result<(), String> {
        if !self.versions.iter().any(|version| version.id == id) {
            return Err(format!("the secret {} has no version {id}", self.name));
        }
        let left = self.take(stage);
        self.give(stage, id);
        if let Some(left) = left.filter(|left| stage == "AWSCURRENT" && left != id) {
            self.take("AWSPREVIOUS");
            self.give("AWSPREVIOUS", &left);
        }
        Ok(())
    }

    /// Takes a stage from the version that has it, whose id is returned.
    fn take(&mut self, stage: &str) -> Option<String> {
        self.versions.iter_mut().find_map(|version| version.stages.remove(stage).then(|| version.id.clone()))
    }

    fn give(&mut self, stage: &str, id: &str) {
        for version in self.versions.iter_mut().filter(|version| version.id == id) {
            version.stages.insert(stage.to_owned());
        }
    }

    pub(super) fn changed(&self) -> SystemTime {
        self.versions.last().map_or(self.created, |version| version.created)
    }
}

impl SecretValue {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::String(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

impl From<&str> for SecretValue {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for SecretValue {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<&[u8]> for SecretValue {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(bytes.to_vec())
    }
}

impl From<Vec<u8>> for SecretValue {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(secret: &Secret) -> Vec<Vec<&str>> {
        secret.versions.iter().map(|version| version.stages.iter().map(String::as_str).collect()).collect()
    }

    #[test]
    fn the_version_that_was_current_becomes_the_previous_one() {
        let mut secret = Secret::new("arn", "us-east-1", "db", NewSecret::default());
        let first = secret.put("1".into(), &["AWSCURRENT"]);
        assert_eq!(stages(&secret), [["AWSCURRENT"]]);
        let pending = secret.put("2".into(), &["AWSPENDING"]);
        assert_eq!(stages(&secret), [["AWSCURRENT"], ["AWSPENDING"]]);
        secret.move_stage("AWSCURRENT", &pending).expect("there is such a version");
        assert_eq!(stages(&secret), [vec!["AWSPREVIOUS"], vec!["AWSCURRENT", "AWSPENDING"]]);
        secret.put("3".into(), &["AWSCURRENT"]);
        assert_eq!(stages(&secret), [vec![], vec!["AWSPENDING", "AWSPREVIOUS"], vec!["AWSCURRENT"]]);
        secret.move_stage("AWSCURRENT", &first).expect("there is such a version");
        assert_eq!(stages(&secret), [vec!["AWSCURRENT"], vec!["AWSPENDING"], vec!["AWSPREVIOUS"]]);
        assert!(secret.move_stage("AWSCURRENT", "none").is_err());
    }
}
