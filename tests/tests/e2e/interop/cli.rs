//! `sealctl` beside aws-encryption-cli, each reading the other's files.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use sealkit_rig::moto::{Moto, environments};
use sealkit_rig::{AwsDouble, Sealctl};

use super::CREDENTIALS;
use super::moto::create_key;
use crate::ours::plaintext;

/// aws-encryption-cli against one endpoint, working in one directory.
struct OfficialCli<'a> {
    endpoint: &'a str,
    directory: &'a Path,
}

impl OfficialCli<'_> {
    fn encrypt(&self, key: &str, input: &str, output: &str, extra: &[&str]) {
        self.run("--encrypt", key, "app=demo", input, output, extra);
        assert!(self.directory.join(output).exists(), "aws-encryption-cli wrote nothing");
    }

    /// Decrypts; none if there is no output, for the program warns of another context and exits with 0.
    fn decrypt(&self, key: &str, context: &str, input: &str, extra: &[&str]) -> Option<Vec<u8>> {
        let output = self.directory.join("theirs");
        _ = fs::remove_file(&output);
        self.run("--decrypt", key, context, input, "theirs", extra);
        fs::read(output).ok()
    }

    fn run(&self, mode: &str, key: &str, context: &str, input: &str, output: &str, extra: &[&str]) {
        let status = Command::new(environments().join("venv-sdk3/bin/aws-encryption-cli"))
            .args([mode, "--input", input, "--output", output, "--wrapping-keys", &format!("key={key}")])
            .args(["--encryption-context", context, "--suppress-metadata"])
            .args(extra)
            .envs(CREDENTIALS)
            .env("AWS_ENDPOINT_URL", self.endpoint)
            .current_dir(self.directory)
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "aws-encryption-cli: {status}");
    }
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// All that the two programs exchange, over the KMS key `key` at `endpoint`.
fn exchange(endpoint: &str, key: &str) {
    let sealctl = Sealctl::new().with_endpoint(endpoint);
    let official = OfficialCli { endpoint, directory: sealctl.home() };
    let path = |name: &str| sealctl.home().join(name);
    let expected = plaintext(3 << 20);
    fs::write(path("f"), &expected).unwrap();

    for (name, flags, decode) in [
        ("default", &[][..], &[][..]),
        ("signed", &["--sign"], &[]),
        ("frames", &["--frame-length", "4096"], &[]),
        ("armored", &["--armor"], &["--decode"]),
    ] {
        let arguments = ["encrypt", "--key", key, "--context", "app=demo", "-o", name, "f"];
        run(&mut sealctl.command(arguments.into_iter().chain(flags.iter().copied())));
        assert!(official.decrypt(key, "app=demo", name, decode).as_ref() == Some(&expected), "{name}: ours to theirs");
    }
    assert!(official.decrypt(key, "app=other", "default", &[]).is_none(), "aws-encryption-cli ignores the context");

    let unsigned = ["--algorithm", "AES_256_GCM_HKDF_SHA512_COMMIT_KEY"];
    for (name, flags) in
        [("theirs-default", &[][..]), ("theirs-unsigned", &unsigned), ("theirs-encoded", &["--encode"])]
    {
        official.encrypt(key, "f", name, flags);
        let found = run(&mut sealctl.command(["decrypt", "--key", key, "--context", "app=demo", name]));
        assert!(found == expected, "{name}: theirs to ours");
    }
    let refused =
        sealctl.command(["decrypt", "--key", key, "--context", "app=other", "theirs-default"]).output().unwrap();
    assert!(!refused.status.success() && refused.stdout.is_empty(), "sealctl ignores the context");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python"]
async fn the_official_cli_exchanges_files_over_moto() {
    let moto = Moto::start();
    let key = create_key(&moto).await;
    exchange(&moto.url(), &key);
}

#[test]
#[ignore = "needs Python"]
fn the_official_cli_exchanges_files_over_the_double() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    exchange(&aws.url(), &key);
}
