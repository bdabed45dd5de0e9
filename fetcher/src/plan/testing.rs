//! Specifications for tests, in few words.

use std::collections::BTreeMap;

use super::{Defaults, Overrides, Plan};
use crate::spec::{
    Destination, Entry, File, Form, Object, Output, ParameterRef, Place, SealedFile, SecretRef, Select, Spec,
    SpecErrors,
};

/// An empty specification of a form, in Region eu-central-1.
pub(crate) fn spec(form: Form) -> Spec {
    Spec {
        form,
        origin: "spec.yaml".to_owned(),
        place: Place { region: Some("eu-central-1".to_owned()), ..Place::default() },
        batch: None,
        defaults: File::default(),
        entries: Vec::new(),
        composites: Vec::new(),
        notices: Vec::new(),
    }
}

/// An entry whose whole value goes to a file of its label.
pub(crate) fn entry(label: &str, object: Object) -> Entry {
    Entry {
        label: label.to_owned(),
        at: None,
        object,
        optional: false,
        region: None,
        failover: Vec::new(),
        role: None,
        fallback: None,
        outputs: vec![file(label)],
    }
}

/// An output of a whole value to a file.
pub(crate) fn file(path: &str) -> Output {
    Output {
        at: None,
        select: Select::Whole,
        decode: None,
        to: Destination::File(File { path: path.to_owned(), ..File::default() }),
    }
}

pub(crate) fn secret(id: &str) -> Object {
    Object::Secret(SecretRef { id: id.to_owned(), version_id: None, version_stage: None })
}

pub(crate) fn parameter(name: &str) -> Object {
    Object::Parameter(ParameterRef { name: name.to_owned(), selector: None })
}

pub(crate) fn sealed(path: &str) -> SealedFile {
    SealedFile { path: path.into(), context: BTreeMap::new(), keys: Vec::new() }
}

/// The pod of the documentation: 47 secrets and 23 parameters.
pub(crate) fn pod(form: Form) -> Spec {
    let mut spec = spec(form);
    let secrets = (0..47).map(|n| entry(&format!("secret-{n}"), secret(&format!("prod/secret-{n}"))));
    let parameters = (0..23).map(|n| entry(&format!("parameter-{n}"), parameter(&format!("/prod/parameter-{n}"))));
    spec.entries = secrets.chain(parameters).collect();
    spec
}

/// The plan of a specification without flags or defaults.
pub(crate) fn plan(spec: Spec) -> Result<Plan, SpecErrors> {
    Plan::new(spec, &Overrides::default(), &Defaults { region: None, region_is_required: true })
}
