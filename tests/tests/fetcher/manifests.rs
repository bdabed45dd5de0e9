//! Manifests and policies of `deploy/fetcher` before AWS' own service model, and moto.

use std::path::Path;
use std::process::Command;

use sealkit_rig::moto::environments;

#[test]
#[ignore = "needs Python"]
fn task_definitions_and_policies_are_what_aws_takes() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let repository = tests.parent().unwrap();
    let output = Command::new(environments().join("venv-moto/bin/python"))
        .arg(tests.join("interop/manifests.py"))
        .args([repository.join("deploy/fetcher"), repository.join("examples/fetcher")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(told.matches("task definition").count(), 2, "{told}");
    assert_eq!(told.matches("policy").count(), 9, "{told}");
}
