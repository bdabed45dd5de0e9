//! Our own form as a document, as much of it as drop-in specifications need.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_saphyr::SerializerOptions;

use crate::spec::{AddressType, Batch, Decode, Destination, Failover, Object, Output, Select, Spec};

/// A mapping in the order that it was given.
struct Ordered<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut mapping = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            mapping.serialize_entry(name, value)?;
        }
        mapping.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'s> {
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'s str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failover_regions: &'s [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod_identity: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_type: Option<&'static str>,
    batch: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    defaults: Option<Rights>,
    secrets: Ordered<Entry<'s>>,
}

#[derive(Default, Serialize)]
struct Rights {
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<u32>,
}

#[derive(Serialize)]
struct Entry<'s> {
    #[serde(flatten)]
    source: Source<'s>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'s str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failover: Vec<Elsewhere<'s>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'s str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<File<'s>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<Ordered<Part<'s>>>,
}

#[derive(Serialize)]
struct Elsewhere<'s> {
    region: &'s str,
    #[serde(flatten)]
    source: Source<'s>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Source<'s> {
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_stage: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'s str>,
}

#[derive(Serialize)]
struct File<'s> {
    path: &'s str,
    #[serde(flatten)]
    part: Part<'s>,
    #[serde(flatten)]
    rights: Rights,
}

#[derive(Serialize)]
struct Part<'s> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jmespath: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decode: Option<&'static str>,
}

impl<'s> Document<'s> {
    /// The document of a drop-in specification.
    ///
    /// # Errors
    /// The label of the first entry that has something that no drop-in form has.
    pub(super) fn new(spec: &'s Spec) -> Result<Self, String> {
        if let Some(composite) = spec.composites.first() {
            return Err(composite.file.path.clone());
        }
        let outputs = || spec.entries.iter().flat_map(|entry| &entry.outputs);
        let has_files = outputs().any(|output| matches!(output.to, Destination::File(_)));
        // What the other forms' files have where they say nothing; `defaults` would hold for variables too.
        let are_alike = outputs().all(|output| matches!(output.to, Destination::File(_)));
        let mode = (!are_alike).then(|| spec.form.default_mode());
        let defaults = has_files && are_alike;
        let entries: Result<_, String> = spec
            .entries
            .iter()
            .map(|it| Ok((it.label.clone(), entry(it, mode).ok_or_else(|| it.label.clone())?)))
            .collect();
        let place = &spec.place;
        Ok(Self {
            region: place.region.as_deref(),
            failover_regions: &place.failover_regions,
            role: place.role.as_deref(),
            pod_identity: place.pod_identity,
            address_type: place.address_type.map(|it| match it {
                AddressType::Ipv4 => "ipv4",
                AddressType::Ipv6 => "ipv6",
            }),
            batch: match spec.batch.unwrap_or(spec.form.default_batch()) {
                Batch::Auto => "auto",
                Batch::Never => "never",
                Batch::Always => "always",
            },
            defaults: defaults.then(|| Rights { mode: Some("0644".to_owned()), ..Rights::default() }),
            secrets: Ordered(entries?),
        })
    }

    /// Its YAML. What is something else to readers of YAML 1.1 or 1.2 without quotes is quoted.
    pub(super) fn print(&self) -> Result<String, serde_saphyr::ser::Error> {
        let mut options = SerializerOptions::default();
        options.prefer_block_scalars = false;
        serde_saphyr::to_string_with_options(self, options)
    }
}

/// `mode` is that of files which say nothing.
fn entry(entry: &crate::spec::Entry, mode: Option<u32>) -> Option<Entry<'_>> {
    if entry.fallback.is_some() {
        return None;
    }
    let (mut files, mut variables) = (Vec::new(), Vec::new());
    for output in &entry.outputs {
        let part = part(output)?;
        match &output.to {
            Destination::File(file) => files.push(File {
                path: &file.path,
                part,
                rights: Rights {
                    mode: file.mode.or(mode).map(|mode| format!("{mode:04o}")),
                    uid: file.uid,
                    gid: file.gid,
                },
            }),
            Destination::Variable(name) => variables.push((name.clone(), part)),
            _ => return None,
        }
    }
    Some(Entry {
        source: source(&entry.object)?,
        optional: entry.optional,
        region: entry.region.as_deref(),
        failover: entry.failover.iter().map(elsewhere).collect::<Option<_>>()?,
        role: entry.role.as_deref(),
        files,
        env: (!variables.is_empty()).then_some(Ordered(variables)),
    })
}

fn elsewhere(failover: &Failover) -> Option<Elsewhere<'_>> {
    Some(Elsewhere { region: &failover.region, source: source(&failover.object)? })
}

fn source(object: &Object) -> Option<Source<'_>> {
    match object {
        Object::Secret(secret) => Some(Source {
            secret: Some(&secret.id),
            version_id: secret.version_id.as_deref(),
            version_stage: secret.version_stage.as_deref(),
            ..Source::default()
        }),
        Object::Parameter(parameter) => {
            let selector = parameter.selector.as_deref();
            let version = selector.and_then(|selector| selector.parse().ok());
            Some(Source {
                parameter: Some(&parameter.name),
                version,
                label: selector.filter(|_| version.is_none()),
                ..Source::default()
            })
        }
        _ => None,
    }
}

fn part(output: &Output) -> Option<Part<'_>> {
    let (key, jmespath) = match &output.select {
        Select::Whole => (None, None),
        Select::Key(key) => (Some(key.as_str()), None),
        Select::JmesPath(path) => (None, Some(path.as_str())),
        Select::AllKeys => return None,
    };
    let decode = output.decode.map(|decode| match decode {
        Decode::Base64 => "base64",
        Decode::Base64Url => "base64url",
    });
    Some(Part { key, jmespath, decode })
}
