//! `plan` and `lint`, which call nobody.

use serde_json::Value;

use crate::scene::{Scene, csi_pod};

#[test]
fn plan_and_lint_call_nobody() {
    let scene = Scene::pod(&csi_pod());
    for mode in ["plan", "lint"] {
        let ended = scene.fetcher.run([mode, "--spec", "spec.yaml"]);
        assert_eq!(ended.code(), Some(0), "{mode}: {ended}");
    }
    let ended = scene.fetcher.run(["plan", "--spec", "spec.yaml", "--json", "--pods", "2000", "--interval", "1h"]);
    ended.expect(0);
    let plan: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let text = plan.to_string();
    for part in ["secretsmanager:GetSecretValue", "ssm:GetParameters", "pod/s00"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert_eq!(scene.aws.calls().total(), 0);
}
