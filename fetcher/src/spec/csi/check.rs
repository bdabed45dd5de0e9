//! What the provider demands of objects, each by itself and all together.

use std::collections::{HashMap, HashSet};

use sealkit_aws::arn::{ParameterArn, SecretArn};

use super::embedded::Found;
use super::object::{Field, JmesEntry, Object};
use super::place::Translation;
use super::texts;
use crate::output;
use crate::spec::Place;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    SecretsManager,
    ParameterStore,
}

impl Service {
    /// By the service of an ARN.
    fn of_arn(service: &str) -> Option<Self> {
        match service {
            "secretsmanager" => Some(Self::SecretsManager),
            "ssm" | "ssmparameter" => Some(Self::ParameterStore),
            _ => None,
        }
    }

    /// By `objectType`.
    fn of_type(object_type: &str) -> Option<Self> {
        match object_type {
            "secretsmanager" => Some(Self::SecretsManager),
            "ssmparameter" => Some(Self::ParameterStore),
            _ => None,
        }
    }

    /// By `objectType`, else by the ARN.
    pub(super) fn of(object: &Object) -> Option<Self> {
        match object.object_type.get() {
            Some(object_type) => Self::of_type(object_type),
            None => Self::of_arn(Arn::parse(&object.name.text)?.service),
        }
    }
}

/// The parts of an ARN that count here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arn<'a> {
    text: &'a str,
    pub(super) service: &'a str,
    pub(super) region: &'a str,
}

impl<'a> Arn<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (Some("arn"), Some(_), Some(service), Some(region), Some(_), Some(_)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        Some(Self { text, service, region })
    }

    /// The ARN of the same name in another Region.
    pub(super) fn in_region(self, region: &str) -> String {
        self.text
            .splitn(6, ':')
            .enumerate()
            .map(|(index, part)| if index == 3 { region } else { part })
            .collect::<Vec<_>>()
            .join(":")
    }
}

/// Notes everything that is wrong with these objects.
pub(super) fn all(objects: &[Object], place: &Place, translation: Translation, found: &mut Found<'_>) {
    for object in objects {
        one(object, place, translation, found);
    }
    duplicates(objects, found);
}

fn one(object: &Object, place: &Place, translation: Translation, found: &mut Found<'_>) {
    permission(&object.permission, found);
    for entry in &object.jmes {
        jmes_entry(entry, translation, found);
    }
    if let Some(object_type) = object.object_type.get().filter(|it| Service::of_type(it).is_none()) {
        found.mistake(object.object_type.at, texts::object_type(object_type));
    }
    let Some(name) = object.name.get() else {
        found.mistake(object.at, texts::OBJECT_NAME);
        return;
    };
    object_name(&object.name, &object.object_type, place.region.as_deref(), found);
    let is_parameter = Service::of(object) == Some(Service::ParameterStore);
    if is_parameter && object.version.get().is_some() && object.label.get().is_some() {
        found.mistake(object.label.at, texts::version_and_label(name));
    }
    let file = object.alias.get().map_or(&object.name, |_| &object.alias);
    if leaves_directory(&translation.path(&file.text)) {
        found.mistake(file.at, texts::bad_path(name));
    }
    failover(object, name, is_parameter, place, found);
}

fn failover(object: &Object, name: &str, is_parameter: bool, place: &Place, found: &mut Found<'_>) {
    let failover = &object.failover;
    if failover.name.get().is_none() {
        if place.failover_regions.is_empty() && (failover.version.get().is_some() || failover.label.get().is_some()) {
            found.notice(failover.at, format!("`failoverObject` of {name} is ignored without `failoverRegion`"));
        }
        return;
    }
    if object.alias.get().is_none() {
        found.mistake(object.at, texts::failover_alias(name));
    }
    match place.failover_regions.first() {
        None => found.mistake(failover.at, texts::failover_region(name)),
        Some(region) => object_name(&failover.name, &object.object_type, Some(region), found),
    }
    if is_parameter && failover.version.get().is_some() && failover.label.get().is_some() {
        found.mistake(failover.label.at, texts::version_and_label(name));
    }
    if failover.version.text != object.version.text {
        found.mistake(failover.version.at, texts::failover_version(name));
    }
}

/// Checks a name against its type and, where it is an ARN, against the Region that it will be asked for in.
fn object_name(name: &Field, object_type: &Field, region: Option<&str>, found: &mut Found<'_>) {
    let text = name.text.as_str();
    if !text.starts_with("arn:") {
        if object_type.get().is_none() {
            found.mistake(name.at, texts::type_missing(text));
        }
        return;
    }
    let Some(arn) = Arn::parse(text) else {
        found.mistake(name.at, texts::arn_format(text));
        return;
    };
    match region {
        Some(region) if arn.region != region => found.mistake(name.at, texts::arn_region(region, text)),
        _ => arn_flaws(name, arn, found),
    }
    match (object_type.get(), Service::of_arn(arn.service)) {
        (None, None) => found.mistake(name.at, texts::service(arn.service)),
        (Some(wanted), named) if Service::of_type(wanted).is_some_and(|wanted| named != Some(wanted)) => {
            found.mistake(name.at, texts::type_mismatch(text));
        }
        _ => {}
    }
}

/// What AWS would not take for an ARN of its service.
fn arn_flaws(name: &Field, arn: Arn<'_>, found: &mut Found<'_>) {
    let flaw = match Service::of_arn(arn.service) {
        Some(Service::SecretsManager) => name.text.parse::<SecretArn>().err(),
        Some(Service::ParameterStore) => name.text.parse::<ParameterArn>().err(),
        None => None,
    };
    if let Some(error) = flaw {
        found.mistake(name.at, format!("{}; {}", texts::arn_format(&name.text), error.flaw()));
    }
}

fn jmes_entry(entry: &JmesEntry, translation: Translation, found: &mut Found<'_>) {
    match entry.path.get() {
        None => found.mistake(entry.at, texts::JMES_PATH),
        Some(path) => {
            if let Err(reason) = output::check_jmespath(path) {
                found.mistake(entry.path.at, format!("{} {reason}", texts::invalid_jmes_path(path)));
            }
        }
    }
    match entry.alias.get() {
        None => found.mistake(entry.at, texts::JMES_ALIAS),
        Some(alias) if leaves_directory(&translation.path(alias)) => {
            found.mistake(entry.alias.at, texts::bad_path(alias));
        }
        Some(_) => {}
    }
    permission(&entry.permission, found);
}

/// Four octal digits, of which the first is 0: special bits are nothing for a secret.
fn permission(permission: &Field, found: &mut Found<'_>) {
    let Some(text) = permission.get() else { return };
    let is_octal = text.len() == 4 && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    if is_octal && text.starts_with('0') {
        return;
    }
    let hint = match text.parse::<u32>() {
        _ if is_octal => "; bits beyond 0777 are not set for secrets".to_owned(),
        Ok(number) if (0o100..=0o777).contains(&number) && !text.starts_with('0') => {
            format!("; without quotes 0{number:o} is read as the number {number}: write \"0{number:o}\"")
        }
        _ => "; write four octal digits in quotes, such as \"0440\"".to_owned(),
    };
    found.mistake(permission.at, texts::file_permission(text) + &hint);
}

/// Whether a path has a part `..` as the provider looks for it.
fn leaves_directory(path: &str) -> bool {
    path.contains("/../") || path.starts_with("../") || path.ends_with("/..")
}

/// Objects of one name must be told apart by alias or label, and no alias may be there twice.
fn duplicates(objects: &[Object], found: &mut Found<'_>) {
    let mut names: HashMap<&str, &Object> = HashMap::new();
    let mut aliases = HashSet::new();
    for object in objects {
        let Some(name) = object.name.get() else { continue };
        let same = names
            .insert(name, object)
            .filter(|other| other.alias.text == object.alias.text && other.label.text == object.label.text);
        if same.is_some() {
            found.mistake(object.name.at, texts::duplicate_name(name, object.alias.get(), object.label.get()));
        }
        if let Some(alias) = object.alias.get()
            && !aliases.insert(alias)
            && same.is_none()
        {
            found.mistake(object.alias.at, texts::duplicate_alias(alias));
        }
        for entry in &object.jmes {
            let Some(alias) = entry.alias.get() else { continue };
            if !aliases.insert(alias) {
                found.mistake(entry.alias.at, texts::duplicate_jmes_alias(alias, &entry.path.text));
            }
        }
    }
}
