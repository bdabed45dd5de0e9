//! From objects to entries.

use std::collections::HashSet;

use super::check::{Arn, Service};
use super::embedded::Found;
use super::object::{Field, Object};
use super::place::Translation;
use crate::spec::{self, Destination, Entry, Failover, File, Output, ParameterRef, Place, SecretRef, Select};

/// One entry for each object. Objects that are wrong give none, or one that nobody will see.
pub(super) fn all(objects: &[Object], place: &Place, translation: Translation, found: &Found<'_>) -> Vec<Entry> {
    let mut labels = HashSet::new();
    objects.iter().filter_map(|object| entry(object, place, translation, &mut labels, found)).collect()
}

fn entry(
    object: &Object,
    place: &Place,
    translation: Translation,
    labels: &mut HashSet<String>,
    found: &Found<'_>,
) -> Option<Entry> {
    let service = Service::of(object)?;
    let name = object.name.get()?;
    let arn = Arn::parse(name);
    let of = |name: &str, version: Option<&str>, label: Option<&str>| reference(service, name, version, label);
    Some(Entry {
        label: label(object, labels),
        at: found.place(object.at),
        object: of(name, object.version.get(), object.label.get()),
        optional: false,
        region: arn.map(|arn| arn.region.to_owned()).filter(|region| place.region.as_ref() != Some(region)),
        failover: place.failover_regions.iter().filter_map(|region| elsewhere(object, region, of)).collect(),
        role: None,
        fallback: None,
        outputs: outputs(object, translation, found),
    })
}

/// The alias, or the name; a name that is there again is told apart by its version.
fn label(object: &Object, labels: &mut HashSet<String>) -> String {
    let mut label = object.alias.get().unwrap_or(&object.name.text).to_owned();
    for distinction in [&object.version, &object.label].into_iter().filter_map(Field::get) {
        if labels.contains(&label) {
            label = format!("{label}:{distinction}");
        }
    }
    while !labels.insert(label.clone()) {
        label.push('\'');
    }
    label
}

fn reference(service: Service, name: &str, version: Option<&str>, label: Option<&str>) -> spec::Object {
    match service {
        Service::SecretsManager => spec::Object::Secret(SecretRef {
            id: name.to_owned(),
            version_id: version.map(str::to_owned),
            version_stage: label.map(str::to_owned),
        }),
        Service::ParameterStore => spec::Object::Parameter(ParameterRef {
            name: name.to_owned(),
            selector: version.or(label).map(str::to_owned),
        }),
    }
}

/// What is asked for in `region`, if that is not simply the same: what `failoverObject` says, and of an ARN the one of
/// that Region, for a replica has that.
fn elsewhere(
    object: &Object,
    region: &str,
    of: impl Fn(&str, Option<&str>, Option<&str>) -> spec::Object,
) -> Option<Failover> {
    let failover = &object.failover;
    let arn = Arn::parse(&object.name.text).map(|arn| arn.in_region(region));
    let says = |field: &Field| field.get().is_some();
    if arn.is_none() && !says(&failover.name) && !says(&failover.version) && !says(&failover.label) {
        return None;
    }
    let name = failover.name.get().or(arn.as_deref()).unwrap_or(&object.name.text);
    let version = failover.version.get().or(object.version.get());
    let label = failover.label.get().or(object.label.get());
    Some(Failover { region: region.to_owned(), object: of(name, version, label) })
}

/// The whole value, and what `jmesPath` takes out of it.
fn outputs(object: &Object, translation: Translation, found: &Found<'_>) -> Vec<Output> {
    let file = |field: &Field, select, permission: &Field, otherwise: Option<&str>| {
        let mode = permission.get().or(otherwise).and_then(|text| u32::from_str_radix(text, 8).ok());
        Output {
            at: found.place(field.at),
            select,
            decode: None,
            to: Destination::File(File { path: translation.path(&field.text), mode, uid: None, gid: None }),
        }
    };
    let whole = object.alias.get().map_or(&object.name, |_| &object.alias);
    let mut outputs = vec![file(whole, Select::Whole, &object.permission, None)];
    outputs.extend(object.jmes.iter().map(|entry| {
        let select = Select::JmesPath(entry.path.text.clone());
        file(&entry.alias, select, &entry.permission, object.permission.get())
    }));
    outputs
}
