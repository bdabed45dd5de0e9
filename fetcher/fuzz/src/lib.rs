//! What holds for every text that the targets are given.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use sealkit_envelope::Plaintext;
use sealkit_fetcher::failure::Failure;
use sealkit_fetcher::plan::{Defaults, Overrides, Plan, Request};
use sealkit_fetcher::source::{Answer, Item};
use sealkit_fetcher::spec::{Composite, Content, Destination, Object, Spec, SpecErrors};

/// Longest line of an error: it names at most a few names, each of which is shortened or was bounded before.
const LONGEST_LINE: usize = 64 * 1024;

/// That it is one line which a terminal and a log can show.
pub fn assert_line(told: &str) {
    assert!(!told.is_empty() && told.len() <= LONGEST_LINE, "{} bytes", told.len());
    assert!(!told.chars().any(char::is_control), "control characters reach the terminal: {told:?}");
}

/// That a failure is one line. Labels are the specification's, and printed as they are after it was checked.
pub fn assert_failure(failure: &Failure) {
    assert_line(&failure.to_string());
}

/// That a specification is refused for a reason, with one line a mistake and each place in `text`.
pub fn assert_errors(errors: &SpecErrors, text: &str) {
    assert!(!errors.mistakes().is_empty(), "refused without a reason");
    // YAML ends lines by a carriage return too.
    let lines = text.split(['\n', '\r']).count();
    for mistake in errors.mistakes() {
        assert_line(&mistake.message);
        let Some(at) = mistake.at else { continue };
        assert!(at.line >= 1 && at.line <= lines + 1 && at.column >= 1, "{mistake:?} of {lines} lines");
    }
    let told = errors.to_string();
    told.lines().for_each(assert_line);
    let (lines, kept) = (told.lines().count(), errors.mistakes().len());
    assert!(lines == kept || (kept >= 100 && lines == kept + 1), "one line a mistake: {told:?}");
}

/// That a path stays below the target, and among the names that are not generations'. By std's rules, not by ours.
pub fn assert_inside(path: &str) {
    assert!(!path.is_empty() && path.len() <= 4096 && !path.contains('\0'), "{path:?}");
    for component in Path::new(path).components() {
        let Component::Normal(name) = component else { panic!("{path:?} escapes") };
        assert!(!name.as_encoded_bytes().starts_with(b"..") && name.len() <= 255, "{path:?}");
    }
}

/// That files which are published together are there once, and none is where a directory must be.
pub fn assert_apart(paths: &[&str]) {
    let mut sorted: Vec<&Path> = paths.iter().map(Path::new).collect();
    // By components, so that what is below a path follows it.
    sorted.sort();
    for pair in sorted.windows(2) {
        assert!(!pair[1].starts_with(pair[0]), "{pair:?} can't both be files");
    }
}

/// The plan of a specification, with a Region; its names are held to what is promised of them.
pub fn plan(spec: &Spec, text: &str) -> Option<Plan> {
    spec.notices.iter().for_each(|notice| assert_line(&notice.message));
    let defaults = Defaults { region: Some("eu-west-1".to_owned()), region_is_required: true };
    let plan = match Plan::new(spec.clone(), &Overrides::default(), &defaults) {
        Ok(plan) => plan,
        Err(errors) => {
            assert_errors(&errors, text);
            return None;
        }
    };
    assert!(plan.entries.iter().all(|(_, request)| *request < plan.requests.len()));
    let mut files = Vec::new();
    let outputs = plan.entries.iter().flat_map(|(entry, _)| &entry.outputs);
    for output in outputs {
        match &output.to {
            Destination::File(file) => files.push(file.path.clone()),
            Destination::Variable(name) => files.push(name.clone()),
            Destination::Files { directory, .. } if !directory.path.is_empty() => assert_inside(&directory.path),
            _ => {}
        }
    }
    files.extend(plan.composites.iter().flat_map(files_of));
    files.iter().for_each(|path| assert_inside(path));
    assert_apart(&files.iter().map(String::as_str).collect::<Vec<_>>());
    Some(plan)
}

fn files_of(composite: &Composite) -> Vec<String> {
    let path = &composite.file.path;
    let Content::Tls(pair) = &composite.content else { return vec![path.clone()] };
    let files = [Some(&pair.certificate), Some(&pair.key), pair.authority.as_ref()];
    let below = |file: &str| if path.is_empty() { file.to_owned() } else { format!("{path}/{file}") };
    files.into_iter().flatten().map(|part| below(&part.file)).collect()
}

/// An answer to each request of `plan`: the value of the secret's name.
pub fn answers(plan: &Plan, values: &BTreeMap<&str, String>) -> Vec<Result<Answer, Failure>> {
    let answer = |request: &Request| {
        let Object::Secret(secret) = &request.object else { panic!("{request:?}") };
        Ok(Answer::One(Item {
            name: secret.id.clone(),
            value: Plaintext::from_slice(values[secret.id.as_str()].as_bytes()),
            version: "1".to_owned(),
            region: None,
            request_id: None,
            stands_in_for: None,
        }))
    };
    plan.requests.iter().map(answer).collect()
}
