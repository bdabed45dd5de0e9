//! What stands beside `objects`.

use super::{mistakes, notices, spec};
use crate::spec::csi::parameters;
use crate::spec::{AddressType, Batch, Form, Place};

const OBJECT: &str = "- {objectName: a, objectType: ssmparameter}";

#[test]
fn nothing_but_objects_is_needed() {
    let spec = spec(&[], OBJECT);
    assert_eq!((spec.form, spec.origin.as_str(), spec.batch), (Form::CsiParameters, "p.yaml", None));
    assert_eq!(spec.place, Place::default());
    assert_eq!(spec.form.default_batch(), Batch::Never);
    assert!(spec.composites.is_empty() && spec.notices.is_empty());
}

#[test]
fn pod_identity_is_a_boolean_as_go_reads_it() {
    for (texts, value) in
        [(["1", "t", "T", "true", "TRUE", "True"], true), (["0", "f", "F", "false", "FALSE", "False"], false)]
    {
        for text in texts {
            let spec = spec(&[&format!("usePodIdentity: '{text}'")], OBJECT);
            assert_eq!(spec.place.pod_identity, Some(value), "{text}");
        }
    }
    assert_eq!(spec(&["usePodIdentity: ''"], OBJECT).place.pod_identity, None);
    for text in ["yes", "tRUE", "2", " true"] {
        let expected = format!(
            "failed to parse usePodIdentity value, error: strconv.ParseBool: parsing \"{text}\": invalid syntax"
        );
        assert_eq!(mistakes(&[&format!("usePodIdentity: '{text}'")], OBJECT), [expected]);
    }
}

#[test]
fn an_address_type_that_is_none_is_auto_and_told() {
    for (text, value) in
        [("ipv4", Some(AddressType::Ipv4)), ("IPv6", Some(AddressType::Ipv6)), ("auto", None), ("''", None)]
    {
        let spec = spec(&[&format!("preferredAddressType: {text}")], OBJECT);
        assert_eq!(spec.place.address_type, value, "{text}");
        assert!(spec.notices.is_empty());
    }
    let spec = spec(&["preferredAddressType: v6"], OBJECT);
    assert_eq!(spec.place.address_type, None);
    assert_eq!(notices(&spec), ["1:23: `preferredAddressType` is ipv4, ipv6 or auto: \"v6\" counts as auto"]);
}

#[test]
fn unknown_parameters_are_told() {
    // Names of parameters, unlike those of an object's fields, match in their own case only.
    let spec = spec(&["Region: eu-west-1"], OBJECT);
    assert_eq!(spec.place.region, None);
    assert_eq!(notices(&spec), ["1:9: `Region` in `parameters` means nothing here"]);
}

#[test]
fn parameters_are_strings() {
    let read = |text: &str| parameters("p.yaml", text).expect_err("it is wrong").to_string();
    assert_eq!(
        read(&format!("usePodIdentity: true\npathTranslation: False\nregion: 1\nobjects: |\n  {OBJECT}\n")),
        "p.yaml:1:17: `usePodIdentity` must be a string, not a boolean: write it in quotes\n\
         p.yaml:2:18: `pathTranslation` must be a string, not a boolean: write it in quotes\n\
         p.yaml:3:9: `region` must be a string, not an integer: write it in quotes"
    );
    assert_eq!(
        read("objects:\n- {objectName: a}\n"),
        "p.yaml:2:3: `objects` must be a string that holds a list: write `objects: |` before it"
    );
    assert_eq!(read("region: a\n"), "p.yaml:1:1: `objects` is missing: there is nothing to fetch");
    assert_eq!(read("- a\n"), "p.yaml:1:1: `parameters` must be a mapping, not a list");
    assert_eq!(
        read("objects: '[]'\n---\na: b\n"),
        "p.yaml:3:1: a second document begins here: `parameters` are one mapping"
    );
}
