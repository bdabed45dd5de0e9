//! Any text as the CSI provider's `objects`, in `parameters` alone and in a SecretProviderClass: both readers find the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealkit_fetcher::spec::{Form, Spec, SpecErrors, csi, secret_provider_class};
use sealkit_fetcher_fuzz::{assert_errors, plan};

/// What was read, less where it stands and what it is called.
fn meaning(read: &Result<Spec, SpecErrors>) -> Result<Spec, Vec<String>> {
    let mut spec = match read {
        Ok(spec) => spec.clone(),
        Err(errors) => {
            let mut messages: Vec<_> = errors.mistakes().iter().map(|mistake| mistake.message.clone()).collect();
            messages.sort();
            return Err(messages);
        }
    };
    spec.form = Form::CsiParameters;
    spec.notices.iter_mut().for_each(|notice| notice.at = None);
    spec.notices.sort_by(|a, b| a.message.cmp(&b.message));
    for entry in &mut spec.entries {
        entry.at = None;
        entry.outputs.iter_mut().for_each(|output| output.at = None);
    }
    Ok(spec)
}

fn check(text: &str, read: &Result<Spec, SpecErrors>) {
    match read {
        Ok(spec) => _ = plan(spec, text),
        Err(errors) => assert_errors(errors, text),
    }
}

fuzz_target!(|input: &str| {
    // Its own YAML, as it stands.
    check(input, &csi::parameters("f", input));
    check(input, &secret_provider_class::read("f", input, None));
    // The first line says what stands beside `objects`, the others are `objects`.
    let (beside, objects) = input.split_once('\n').unwrap_or(("", input));
    let mut parameters = serde_json::Map::new();
    for pair in beside.split(',') {
        let (key, value) = pair.split_once('=').unwrap_or(("region", "eu-west-1"));
        parameters.insert(key.to_owned(), value.into());
    }
    parameters.insert("objects".to_owned(), objects.into());
    let class = serde_json::json!({
        "apiVersion": "secrets-store.csi.x-k8s.io/v1", "kind": "SecretProviderClass", "metadata": {"name": "a"},
        "spec": {"provider": "aws", "parameters": parameters},
    });
    let (alone, whole) = (serde_json::Value::from(parameters).to_string(), class.to_string());
    let (from_alone, from_whole) = (csi::parameters("f", &alone), secret_provider_class::read("f", &whole, None));
    check(&alone, &from_alone);
    check(&whole, &from_whole);
    assert_eq!(meaning(&from_alone), meaning(&from_whole));
});
