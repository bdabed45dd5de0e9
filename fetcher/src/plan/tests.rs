#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use proptest::prelude::*;

use super::testing::{entry, file, parameter, plan, pod, sealed, secret, spec};
use super::*;
use crate::spec::{Content, Destination, File, Output, Pair, Part, SecretRef, Select, native};

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf";

#[test]
fn equal_requests_are_made_once() {
    let mut spec = spec(Form::Native);
    let staged = |stage: &str| {
        Object::Secret(SecretRef { id: "db".to_owned(), version_id: None, version_stage: Some(stage.to_owned()) })
    };
    spec.entries = vec![
        entry("a", secret("db")),
        entry("b", staged("AWSCURRENT")),
        entry("c", staged("AWSPREVIOUS")),
        entry("d", parameter("db")),
        Entry { optional: true, ..entry("e", secret("db")) },
        Entry { role: Some("arn:aws:iam::111122223333:role/x".to_owned()), ..entry("f", secret("db")) },
    ];
    let plan = plan(spec).unwrap();
    let indices: Vec<_> = plan.entries.iter().map(|(_, index)| *index).collect();
    assert_eq!(indices, [0, 0, 1, 2, 0, 3]);
    assert_eq!(plan.requests.len(), 4);
    assert_eq!(plan.labels(0), "a, b, e");
    assert!(!plan.is_optional(0));
}

#[test]
fn an_arn_then_the_entry_then_the_flag_then_the_specification_name_the_region() {
    let mut spec = spec(Form::Native);
    spec.entries = vec![
        entry("arn", secret(ARN)),
        Entry { region: Some("us-east-1".to_owned()), ..entry("field", secret("db")) },
        entry("none", secret("db")),
        entry("sealed", Object::Sealed(sealed("/etc/sealed"))),
    ];
    let regions = |spec: &Spec, flag: Option<&str>, default: Option<&str>| {
        let overrides = Overrides { region: flag.map(str::to_owned), ..Overrides::default() };
        let defaults = Defaults { region: default.map(str::to_owned), region_is_required: false };
        let plan = Plan::new(spec.clone(), &overrides, &defaults).unwrap();
        plan.requests.into_iter().map(|request| request.region.unwrap_or_default()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(regions(&spec, Some("sa-east-1"), Some("x")), "eu-west-1 us-east-1 sa-east-1 ");
    assert_eq!(regions(&spec, None, Some("x")), "eu-west-1 us-east-1 eu-central-1 ");
    spec.place.region = None;
    assert_eq!(regions(&spec, None, Some("ap-south-1")), "eu-west-1 us-east-1 ap-south-1 ");
    assert_eq!(regions(&spec, None, None), "eu-west-1 us-east-1  ");
}

#[test]
fn a_region_that_nobody_names_is_one_mistake() {
    let mut spec = pod(Form::Native);
    spec.place.region = None;
    spec.entries[0].region = Some("eu-west-1".to_owned());
    let told = plan(spec).unwrap_err().to_string();
    assert!(told.contains("no Region is named for `secret-1`, `secret-2`, `secret-3` and 66 more: set"), "{told}");
}

#[test]
fn an_arn_is_asked_for_in_its_own_region() {
    let mut spec = spec(Form::Native);
    spec.entries = vec![Entry { region: Some("us-east-1".to_owned()), ..entry("db", secret(ARN)) }];
    let told = plan(spec).unwrap_err().to_string();
    assert_eq!(told, "spec.yaml: `db`: its ARN is of eu-west-1, so it can't be asked for in us-east-1");
}

#[test]
fn other_regions_have_the_same_objects() {
    let mut spec = spec(Form::Native);
    spec.place.failover_regions = vec!["eu-west-1".to_owned(), "eu-north-1".to_owned()];
    let token = "arn:aws:ssm:eu-central-1:111122223333:parameter/prod/token";
    spec.entries = vec![
        entry("db", secret("db")),
        entry("arn", secret(ARN)),
        entry("token", parameter(token)),
        entry("reference", parameter(&format!("/aws/reference/secretsmanager/{ARN}"))),
        entry("sealed", Object::Sealed(sealed("/etc/sealed"))),
        Entry {
            failover: vec![Failover { region: "us-east-1".to_owned(), object: secret("db-2") }],
            ..entry("named", secret("named"))
        },
    ];
    let plan = plan(spec).unwrap();
    let elsewhere = |index: usize| {
        let failover = plan.requests[index].failover.iter();
        let told = failover.map(|it| match &it.object {
            Object::Secret(secret) => format!("{} {}", it.region, secret.id),
            Object::Parameter(parameter) => format!("{} {}", it.region, parameter.name),
            other => format!("{other:?}"),
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(elsewhere(0), ["eu-west-1 db", "eu-north-1 db"]);
    let there = ARN.replace("eu-west-1", "eu-north-1");
    assert_eq!(elsewhere(1), [format!("eu-north-1 {there}")]);
    assert_eq!(elsewhere(2)[1], format!("eu-north-1 {}", token.replace("central", "north")));
    assert_eq!(elsewhere(3), [format!("eu-north-1 /aws/reference/secretsmanager/{there}")]);
    assert!(elsewhere(4).is_empty());
    assert_eq!(elsewhere(5), ["us-east-1 db-2"]);
}

#[test]
fn a_region_is_no_failover_of_itself() {
    let mut spec = pod(Form::CsiParameters);
    spec.place.failover_regions = vec!["eu-central-1".to_owned()];
    let told = plan(spec).unwrap_err().to_string();
    assert_eq!(told, "spec.yaml: eu-central-1: failover region cannot be the same as the primary region");
}

#[test]
fn a_file_without_a_mode_has_that_of_its_form() {
    let mode = |form| {
        let plan = plan(pod(form)).unwrap();
        let Destination::File(file) = &plan.entries[0].0.outputs[0].to else { unreachable!() };
        file.mode
    };
    assert_eq!(mode(Form::Native), Some(0o400));
    assert_eq!(mode(Form::SecretProviderClass), Some(0o644));
}

#[test]
fn batches_are_for_our_own_form_unless_told() {
    let batch = |form, spec: Option<Batch>, flag: Option<Batch>| {
        let spec = Spec { batch: spec, ..pod(form) };
        let overrides = Overrides { batch: flag, ..Overrides::default() };
        Plan::new(spec, &overrides, &Defaults::default()).unwrap().batch
    };
    assert_eq!(batch(Form::Native, None, None), Batch::Auto);
    assert_eq!(batch(Form::EcsTaskDefinition, None, None), Batch::Never);
    assert_eq!(batch(Form::Native, Some(Batch::Never), None), Batch::Never);
    assert_eq!(batch(Form::Native, Some(Batch::Never), Some(Batch::Always)), Batch::Always);
}

#[test]
fn composites_name_labels_that_are_there() {
    let mut spec = spec(Form::Native);
    spec.entries = vec![Entry { outputs: Vec::new(), ..entry("db", secret("db")) }];
    let part = |entry: &str, select| Part { entry: entry.to_owned(), select, decode: None };
    let composite =
        |path: &str, content| Composite { at: None, file: File { path: path.to_owned(), ..File::default() }, content };
    spec.composites = vec![
        composite("a", Content::Dotenv(vec![Pair::One { name: "A".to_owned(), part: part("bd", Select::Whole) }])),
        composite("b", Content::Json(vec![Pair::All { entry: "all".to_owned(), prefix: String::new() }])),
        composite(
            "c",
            Content::Template("{% for x in range(3) %}{{ db.password }}{{ dbb }}{{ x }}{% endfor %}".into()),
        ),
        composite("d", Content::Template("{{ db".into())),
        composite(
            "e",
            Content::Yaml(vec![Pair::One { name: "E".into(), part: part("db", Select::JmesPath("a[".into())) }]),
        ),
    ];
    let told = plan(spec).unwrap_err().to_string();
    for part in [
        "`bd` is no label",
        "`all` is no label",
        "template's `dbb` is no label",
        "line 1 of the template",
        "`a[` is no JMESPath",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(told.lines().count(), 5, "{told}");
}

#[test]
fn a_jmespath_mistake_has_the_providers_text_in_its_form() {
    let mut spec = pod(Form::CsiParameters);
    let select = Select::JmesPath("a[".to_owned());
    spec.entries[0].outputs.push(Output { select, ..file("x") });
    assert_eq!(plan(spec).unwrap_err().to_string(), "spec.yaml: Invalid JMES Path: a[.");
}

proptest! {
    /// However entries repeat each other, each has its own request, and no two requests are equal.
    #[test]
    fn deduplication_loses_and_confuses_nothing(ids in prop::collection::vec(0_u8..6, 1..40)) {
        let mut spec = spec(Form::Native);
        let wanted = |id: &u8| if id.is_multiple_of(2) { secret(&format!("s{id}")) } else { parameter(&format!("s{id}")) };
        spec.entries = ids.iter().enumerate().map(|(index, id)| entry(&format!("e{index}"), wanted(id))).collect();
        let plan = plan(spec).unwrap();
        for (id, (_, request)) in ids.iter().zip(&plan.entries) {
            prop_assert_eq!(&plan.requests[*request].object, &wanted(id));
        }
        let distinct: std::collections::HashSet<_> = plan.requests.iter().collect();
        prop_assert_eq!(distinct.len(), plan.requests.len());
        let used: std::collections::HashSet<_> = ids.iter().collect();
        prop_assert_eq!(plan.requests.len(), used.len());
    }
}

#[test]
fn the_names_of_what_can_be_read_are_told_beside_the_mistakes_of_the_rest() {
    let text = "\
secrets:
  a: {secret: x, files: [{path: same}]}
  b: {secret: y, files: [{path: same}]}
  c: {secret: z, fils: [], files: [{path: ../c}]}
  d: {secrt: w, files: [{path: same}]}
";
    let errors = native::read("spec.yaml", text).unwrap_err();
    let told = Plan::mistakes(errors).to_string();
    let lines: Vec<_> = told.lines().collect();
    let begins = |index: usize, what: &str| assert!(lines[index].starts_with(what), "{told}");
    begins(0, "spec.yaml:3:");
    assert!(lines[0].ends_with("the file `same` is made twice, by `a` and by `b`"), "{told}");
    begins(1, "spec.yaml:4:");
    assert!(lines.iter().any(|line| line.contains("unknown field `fils`, did you mean `files`?")), "{told}");
    assert!(lines.iter().any(|line| line.contains("the file `../c` has a part `.` or `..`")), "{told}");
    assert!(lines.iter().any(|line| line.contains("unknown field `secrt`, did you mean `secret`?")), "{told}");
}

#[test]
fn what_an_unreadable_file_may_use_is_not_said_to_be_made_twice() {
    // `a` would be a file of its own if the composite did not use it.
    let text = "\
secrets:
  a: {secret: x}
  b: {secret: y, files: [{path: a}]}
files:
  - {path: .env, dotnv: {A: {from: a}}}
";
    let errors = native::read("spec.yaml", text).unwrap_err();
    let told = Plan::mistakes(errors).to_string();
    assert!(told.contains("`dotnv`") && !told.contains("made twice"), "{told}");
}
