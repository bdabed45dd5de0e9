//! What is left in a process' memory when its work is done: no key, no schedule, no plaintext.
//!
//! `sealctl` encrypts or decrypts a whole message and is held at its exit, with all memory as `main` left it.
//! Needles are kept masked, so the searched process would have to hold the secret itself to be found; a control
//! that keeps its secrets shows that each kind of needle is found where it is. `docs/memory.md` says what remains.

mod held;
mod needles;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sealkit_envelope::cmm::{Cmm, DecryptionMaterialsRequest};
use sealkit_envelope::{DataKey, Limits, UnverifiedHeader};
use sealkit_rig::sealctl::portable_program;
use sealkit_rig::{AwsDouble, Canary, Sealctl};

use crate::ours::{kms_cmm, local_cmm};
use held::{Finding, Held};
use needles::Needles;

/// Longer than the buffers of a pipeline on few cores, so that they are used more than once, and no multiple of the
/// frame length, so that a part is held back until the input ends.
const PLAINTEXT: usize = (9 << 20) + 8192;

/// A plaintext that holds the canary every 4 KiB.
fn plaintext(canary: &Canary) -> Vec<u8> {
    let mut plaintext = vec![b'.'; PLAINTEXT];
    canary.reveal(|secret| {
        for chunk in plaintext.chunks_exact_mut(4096) {
            chunk[64..64 + secret.len()].copy_from_slice(secret);
        }
    });
    plaintext
}

/// The data key of `message`, unwrapped by `cmm`, which stands for the holder of the key.
async fn data_key(cmm: &dyn Cmm, message: &[u8]) -> DataKey {
    let header = UnverifiedHeader::parse(message, &Limits::default()).unwrap();
    let request = DecryptionMaterialsRequest {
        suite: header.suite(),
        encrypted_data_keys: header.encrypted_data_keys().to_vec(),
        context: header.context().clone(),
    };
    cmm.decryption_materials(request).await.unwrap().data_key.unwrap()
}

/// Encrypts and decrypts through `sealctl`, and returns what the memory of the two processes still held.
async fn leftovers(sealctl: &Sealctl, key: &str, cmm: impl FnOnce() -> Box<dyn Cmm>, sign: bool) -> Vec<String> {
    let canary = Canary::random();
    let sealed = sealctl.home().join("sealed");
    let mut arguments = vec!["encrypt", "--key", key, "--context", "app=demo", "-o", "sealed", "-"];
    if sign {
        arguments.push("--sign");
    }
    let encrypting = Held::at_exit(sealctl.command(arguments).stdout(Stdio::null()), &plaintext(&canary));
    let cmm = cmm();
    let message = std::fs::read(&sealed).unwrap();
    let mut needles = Needles::default();
    needles.add("plaintext", canary);
    needles.add_message_keys(&data_key(&*cmm, &message).await, &message);
    if let Some(local) = key.strip_prefix("local:") {
        assert!(!local.is_empty());
        needles.add_local_key(&sealctl.local_key_file());
    }
    let mut found = report("encrypt", encrypting.search(&needles));
    drop(encrypting);

    let arguments = ["decrypt", "--key", key, "--context", "app=demo", "-o", "opened", "-"];
    let decrypting = Held::at_exit(sealctl.command(arguments).stdout(Stdio::null()), &message);
    found.extend(report("decrypt", decrypting.search(&needles)));
    drop(decrypting);
    assert_eq!(std::fs::metadata(sealctl.home().join("opened")).unwrap().len(), PLAINTEXT as u64);
    found
}

fn report(operation: &str, findings: Vec<Finding>) -> Vec<String> {
    findings.into_iter().map(|finding| format!("{operation}: {finding}")).collect()
}

fn assert_clean(found: &[String]) {
    assert!(found.is_empty(), "left in memory:\n{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn nothing_is_left_after_use_of_a_local_key() {
    for sign in [false, true] {
        let sealctl = Sealctl::new();
        let cmm = || -> Box<dyn Cmm> { Box::new(local_cmm(&sealctl.local_key_file())) };
        assert_clean(&leftovers(&sealctl, "local:demo", cmm, sign).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn nothing_is_left_by_the_portable_build() {
    let sealctl = Sealctl::of(portable_program());
    let cmm = || -> Box<dyn Cmm> { Box::new(local_cmm(&sealctl.local_key_file())) };
    assert_clean(&leftovers(&sealctl, "local:demo", cmm, false).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn nothing_is_left_after_use_of_a_kms_key() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let sealctl = Sealctl::new().with_endpoint(aws.url());
    let cmm = || -> Box<dyn Cmm> { Box::new(kms_cmm(&aws.url(), &key)) };
    assert_clean(&leftovers(&sealctl, &key, cmm, false).await);
}

/// `command` behind a shell that waits for a line of input first: what reads no input is held as well.
fn gated(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"read -r _ && exec "$0" "$@""#]).arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(command.get_current_dir().unwrap()).stdout(Stdio::null()).stderr(Stdio::null());
    shell
}

/// A batch keeps data keys in its cache from its first file to its last.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn nothing_is_left_by_a_batch_and_its_cache() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let sealctl = Sealctl::new().with_endpoint(aws.url());
    let canary = Canary::random();
    for name in ["a", "b", "c"] {
        std::fs::write(sealctl.home().join(name), plaintext(&canary)).unwrap();
    }
    let mut needles = Needles::default();
    needles.add("plaintext", canary);

    let encrypting = Held::at_exit(&mut gated(&sealctl.command(["encrypt", "--key", &key, "a", "b", "c"])), b"\n");
    for name in ["a.sealed", "b.sealed", "c.sealed"] {
        let message = std::fs::read(sealctl.home().join(name)).unwrap();
        needles.add_message_keys(&data_key(&kms_cmm(&aws.url(), &key), &message).await, &message);
    }
    let mut found = report("encrypt", encrypting.search(&needles));
    drop(encrypting);
    let arguments = ["decrypt", "--key", &key, "-o", "out", "a.sealed", "b.sealed", "c.sealed"];
    let decrypting = Held::at_exit(&mut gated(&sealctl.command(arguments)), b"\n");
    found.extend(report("decrypt", decrypting.search(&needles)));
    drop(decrypting);
    assert_eq!(std::fs::metadata(sealctl.home().join("out/c")).unwrap().len(), PLAINTEXT as u64);
    assert_clean(&found);
}

/// The names of what the memory of an encrypting `sealctl` holds while it waits for more input.
async fn found_at_work(sealctl: &Sealctl, key: &str, cmm: impl FnOnce() -> Box<dyn Cmm>) -> Vec<String> {
    let canary = Canary::random();
    let sealed = sealctl.home().join("sealed");
    let mut command = sealctl.command(["encrypt", "--key", key, "-o", "-", "-"]);
    let (working, stdin) = Held::at_work(command.stdout(File::create(&sealed).unwrap()), &plaintext(&canary));
    let deadline = Instant::now() + Duration::from_secs(60);
    // All but the last frame is written while the input may still go on.
    while std::fs::metadata(&sealed).unwrap().len() < 8 << 20 {
        assert!(Instant::now() < deadline, "nothing was written");
        std::thread::sleep(Duration::from_millis(20));
    }
    let message = std::fs::read(&sealed).unwrap();
    let mut needles = Needles::default();
    needles.add("plaintext", canary);
    needles.add_message_keys(&data_key(&*cmm(), &message).await, &message);
    let found = working.search(&needles).into_iter().map(|finding| finding.needle).collect();
    drop(working);
    drop(stdin);
    found
}

/// The search finds in `sealctl` itself what is there while it works, and so would find what stays. What is needed
/// no longer is gone already: the data key, once the message's own key is derived from it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root"]
async fn while_it_works_only_what_it_works_with_is_found() {
    let aws = AwsDouble::start();
    let kms_key = aws.kms().create_key("us-east-1");
    let local = Sealctl::new();
    let kms = Sealctl::new().with_endpoint(aws.url());
    let found_local = found_at_work(&local, "local:demo", || Box::new(local_cmm(&local.local_key_file()))).await;
    let found_kms = found_at_work(&kms, &kms_key, || Box::new(kms_cmm(&aws.url(), &kms_key))).await;
    for found in [found_local, found_kms] {
        let is_found = |needle: &str| found.iter().any(|name| name == needle);
        for needle in ["plaintext", "round key 2 of derived key", "round key 14 of derived key"] {
            assert!(is_found(needle), "no {needle} among {found:?}");
        }
        for needle in ["data key", "data key in base64", "pseudorandom key", "round key 2 of data key"] {
            assert!(!is_found(needle), "{needle} is found");
        }
    }
}

/// The control keeps the 32 bytes that it reads, their base64, and cipher objects of both backends made of them.
#[test]
#[ignore = "needs root"]
fn a_process_that_keeps_its_secrets_is_found_out() {
    let keeper = Path::new(env!("CARGO_BIN_EXE_sealkit-keeper"));
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).unwrap();
    let mut needles = Needles::default();
    needles.add_key("key", &secret);
    let absent = Canary::random();
    needles.add("absent", absent);
    for backend in ["aes-gcm", "aws-lc-rs"] {
        let held = Held::at_exit(Command::new(keeper).arg(backend).stdout(Stdio::null()), &secret);
        let found: Vec<String> = held.search(&needles).into_iter().map(|finding| finding.needle).collect();
        drop(held);
        for needle in ["key", "key in base64", "round key 2 of key", "round key 14 of key"] {
            assert!(found.iter().any(|name| name == needle), "{backend}: no {needle} among {found:?}");
        }
        assert!(!found.iter().any(|name| name == "absent"), "{backend}");
    }
}
