//! What users copy: every example and manifest is read by the readers that a pod has, and every policy allows what the
//! plan of its specification says is called.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use sealkit_fetcher::args::{Args, Command, SpecSource};
use sealkit_fetcher::plan::policy::grants;
use sealkit_fetcher::plan::{Defaults, Overrides, Plan};
use sealkit_fetcher::spec::read::{Choice, read};
use sealkit_fetcher::spec::{Form, Spec, ecs};
use serde_json::Value;

const ACCOUNT: &str = "111122223333";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The files of a directory whose names end in this, in order.
fn files(directory: &str, end: &str) -> Vec<(String, String)> {
    let mut paths: Vec<_> =
        fs::read_dir(repository().join(directory)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_str().unwrap().ends_with(end));
    paths.sort();
    assert!(!paths.is_empty(), "{directory} has no {end}");
    paths.into_iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect()
}

/// The objects of a manifest.
fn objects(text: &str) -> Vec<Value> {
    text.split("\n---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

#[track_caller]
fn plan(origin: &str, spec: Spec) -> Plan {
    let defaults = Defaults { region: Some("eu-central-1".to_owned()), region_is_required: true };
    Plan::new(spec, &Overrides::default(), &defaults).unwrap_or_else(|errors| panic!("{origin}: {errors}"))
}

#[track_caller]
fn plan_of(origin: &str, text: &str) -> Plan {
    plan(origin, read(origin, text, &Choice::default()).unwrap_or_else(|errors| panic!("{origin}: {errors}")))
}

/// All values below a name, however deep.
fn below<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            if key == name {
                found.push(value);
            }
            below(value, name, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| below(item, name, found)),
        _ => {}
    }
}

fn words(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// A command line, and the environment that it has.
type Run = (Vec<String>, Vec<(OsString, OsString)>);

/// The command lines of ours in a manifest.
fn command_lines(object: &Value) -> Vec<Run> {
    let mut lists = Vec::new();
    for name in ["containers", "initContainers", "containerDefinitions"] {
        below(object, name, &mut lists);
    }
    let mut lines = Vec::new();
    for container in lists.into_iter().filter_map(Value::as_array).flatten() {
        let pairs = ["env", "environment"].into_iter().filter_map(|name| container[name].as_array()).flatten();
        let environment =
            pairs.filter_map(|pair| Some((pair["name"].as_str()?.into(), pair["value"].as_str()?.into())));
        let environment: Vec<(OsString, OsString)> = environment.collect();
        // In Kubernetes `command` replaces the entry point, on ECS it is what follows it.
        let is_ecs = container.get("entryPoint").is_some() || container.get("essential").is_some();
        let (entry, rest) = if is_ecs { ("entryPoint", "command") } else { ("command", "args") };
        let mut line = words(container.get(entry));
        if line.is_empty() && container["image"].as_str().unwrap().contains("seal-fetcher:") {
            line.push("/seal-fetcher".to_owned());
        }
        line.extend(words(container.get(rest)));
        lines.push((line, environment.clone()));
        for probe in ["startupProbe", "livenessProbe", "readinessProbe", "lifecycle"] {
            let mut commands = Vec::new();
            below(&container[probe], "command", &mut commands);
            lines.extend(commands.into_iter().map(|command| (words(Some(command)), environment.clone())));
        }
    }
    lines.retain(|(line, _)| line.first().is_some_and(|program| program.ends_with("/seal-fetcher")));
    lines
}

#[test]
fn each_example_is_of_its_form_and_can_be_carried_out() {
    let forms = [
        ("full.yaml", Form::Native),
        ("minimal.yaml", Form::Native),
        ("parameters.yaml", Form::CsiParameters),
        ("secret-provider-class.yaml", Form::SecretProviderClass),
        ("task-definition.json", Form::EcsTaskDefinition),
    ];
    let mut examples = files("examples/fetcher", ".yaml");
    examples.extend(files("examples/fetcher", ".json"));
    assert_eq!(examples.len(), forms.len());
    for (path, text) in examples {
        let (_, form) = forms.iter().find(|(name, _)| path.ends_with(&format!("/{name}"))).unwrap();
        let plan = plan_of(&path, &text);
        assert_eq!(plan.form, *form, "{path}");
        assert_eq!(plan.notices, [], "{path}");
    }
}

#[test]
fn manifests_have_command_lines_and_specifications_that_are_read() {
    let mut manifests = files("deploy/fetcher/eks", ".yaml");
    manifests.extend(files("deploy/fetcher/ecs", ".json"));
    let (mut modes, mut specifications) = (BTreeSet::new(), 0);
    for (path, text) in manifests {
        for object in objects(&text) {
            if let Some(text) = object["data"]["spec.yaml"].as_str() {
                plan_of(&path, text);
                specifications += 1;
            }
            for (line, environment) in command_lines(&object) {
                let args = Args::try_parse_from(&line).unwrap_or_else(|error| panic!("{path}: {line:?}: {error}"));
                modes.insert(line[1].clone());
                if let Command::Exec(args) = args.command
                    && let SpecSource::Environment(prefix) = args.fetch.spec.spec
                {
                    plan(&path, ecs::environment(&prefix, environment).unwrap());
                    specifications += 1;
                }
            }
        }
    }
    assert_eq!(modes, ["exec", "init", "install", "probe", "watch"].map(str::to_owned).into());
    assert_eq!(specifications, 2, "the ConfigMap's and the task definition's");
}

/// The command lines of ours in the shell blocks of a page, without redirections and remarks.
fn shell_lines(page: &str) -> Vec<Vec<&str>> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let commands = blocks.flat_map(str::lines).flat_map(|line| line.split('|')).map(str::trim);
    let ours = commands.filter(|command| command.starts_with("seal-fetcher "));
    ours.map(|command| command.split_whitespace().take_while(|word| !matches!(*word, "#" | ">")).collect()).collect()
}

#[test]
fn command_lines_of_the_guides_are_read() {
    for (page, least) in [("README.md", 3), ("docs/guides/from-csi-provider.md", 3), ("docs/guides/from-ecs.md", 2)] {
        let text = fs::read_to_string(repository().join(page)).unwrap();
        let lines = shell_lines(&text);
        assert!(lines.len() >= least, "{page}: {lines:?}");
        for line in lines {
            Args::try_parse_from(&line).unwrap_or_else(|error| panic!("{page}: {line:?}: {error}"));
        }
    }
}

/// What the statements of policies allow: actions, each with a resource.
fn allowed<'a>(policies: impl IntoIterator<Item = &'a Value>) -> BTreeSet<(String, String)> {
    let listed = |value: &Value| match value {
        Value::String(text) => vec![text.clone()],
        list => words(Some(list)),
    };
    let mut all = BTreeSet::new();
    for statement in policies.into_iter().flat_map(|policy| policy["Statement"].as_array().unwrap()) {
        assert_eq!(statement["Effect"], "Allow");
        for action in listed(&statement["Action"]) {
            all.extend(listed(&statement["Resource"]).into_iter().map(|resource| (action.clone(), resource)));
        }
    }
    all
}

fn policy(name: &str) -> Value {
    let path = repository().join("deploy/fetcher/iam").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The policy that `plan` prints for the pod itself.
fn printed(plan: &Plan) -> Value {
    serde_json::to_value(&grants(plan, Some(ACCOUNT))[0].policy).unwrap()
}

#[test]
fn the_policies_allow_what_the_manifest_asks_for_and_no_more() {
    let text = fs::read_to_string(repository().join("deploy/fetcher/eks/sidecar.yaml")).unwrap();
    let spec = objects(&text)[0]["data"]["spec.yaml"].as_str().unwrap().to_owned();
    let given = [policy("singles.json"), policy("batch.json")];
    assert_eq!(allowed(&given), allowed([&printed(&plan_of("sidecar.yaml", &spec))]));
    assert_eq!(allowed([&policy("sealed.json")]), allowed([&printed(&plan_of("sealed", SEALED))]));
}

#[test]
fn each_action_that_the_full_example_needs_is_in_a_policy() {
    let actions = |all: BTreeSet<(String, String)>| all.into_iter().map(|(action, _)| action).collect::<BTreeSet<_>>();
    let mut policies = files("deploy/fetcher/iam", ".json");
    policies.retain(|(path, _)| !path.contains("/trust-"));
    let policies: Vec<Value> = policies.iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
    let full = fs::read_to_string(repository().join("examples/fetcher/full.yaml")).unwrap();
    assert_eq!(actions(allowed(&policies)), actions(allowed([&printed(&plan_of("full.yaml", &full))])));
}

const SEALED: &str = "\
region: eu-central-1
secrets:
  licence:
    sealed: /etc/sealed/licence.sealed
    context: {app: shop}
    keys: ['arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab']
";
