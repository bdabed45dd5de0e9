//! Keys in AWS KMS, against the rig's double: every way to name one, failover, refusals, batches, audit lines.

use std::process::Command;
use std::time::Duration;

use sealkit_rig::{AwsDouble, Effect, FaultRule, KeyState, Operation};
use serde_json::Value;

use crate::rig::{Dir, Run};

/// A directory, a home, and AWS.
struct World {
    dir: Dir,
    aws: AwsDouble,
}

impl World {
    fn new() -> Self {
        let dir = Dir::new();
        dir.write("a.txt", "some plaintext");
        Self { dir, aws: AwsDouble::start() }
    }

    fn sealctl(&self, args: &[&str]) -> Command {
        let mut command = self.dir.sealctl(args);
        command
            .env("AWS_ENDPOINT_URL", self.aws.url())
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
            .env("AWS_REGION", "eu-central-1")
            // Retries are the SDK's own matter; here they would only take time.
            .env("AWS_MAX_ATTEMPTS", "1");
        command
    }

    fn run(&self, args: &[&str]) -> Run {
        Run::of(self.sealctl(args).output())
    }

    /// Encrypts `a.txt` to `a.txt.sealed`.
    fn encrypt(&self, args: &[&str]) -> Run {
        self.run(&[&["encrypt", "--force", "a.txt"], args].concat())
    }

    fn decrypt(&self, args: &[&str]) -> Run {
        self.run(&[&["decrypt", "a.txt.sealed"], args].concat())
    }

    #[track_caller]
    fn decrypts(&self, args: &[&str]) {
        assert_eq!(self.decrypt(args).ok().stdout, b"some plaintext");
    }

    fn count(&self, operation: Operation) -> u64 {
        self.aws.calls().count(operation)
    }

    fn break_calls(&self, operation: Operation, region: &str, effect: Effect) {
        self.aws.inject(FaultRule::new(effect).on(operation).in_region(region));
    }
}

#[test]
fn a_key_arn_encrypts_and_decrypts_with_its_context() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-west-1");
    world.encrypt(&["--key", &key, "--context", "app=demo"]).ok();
    world.decrypts(&["--key", &key]);
    world.decrypts(&["--key", &key, "--context", "app=demo"]);
    world.decrypt(&["--key", &key, "--context", "app=other"]).failed(7, "app");
    let calls = world.aws.calls().log();
    assert!(calls.iter().all(|call| call.region == "eu-west-1" && call.user_agent.contains("app/sealctl-")));
    assert!(calls.iter().all(|call| call.context.get("app").is_some_and(|value| value == "demo")));
    assert_eq!((world.count(Operation::GenerateDataKey), world.count(Operation::DescribeKey)), (1, 0));
}

#[test]
fn aliases_and_bare_ids_encrypt_and_are_resolved_to_decrypt() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    let alias = world.aws.kms().set_alias("alias/app", &key);
    let id = key.rsplit('/').next().expect("an id").to_owned();
    for name in ["alias/app", &alias, &id] {
        world.encrypt(&["--key", name]).ok();
        world.aws.calls().reset();
        world.decrypts(&["--key", name]);
        assert_eq!((world.count(Operation::DescribeKey), world.count(Operation::Decrypt)), (1, 1), "{name}");
    }
}

#[test]
fn a_name_without_region_needs_one() {
    let world = World::new();
    let run = Run::of(world.sealctl(&["encrypt", "a.txt", "--key", "alias/app"]).env_remove("AWS_REGION").output());
    run.failed(2, "--region");
    assert_eq!(world.aws.calls().total(), 0);
}

#[test]
fn decrypt_fails_over_in_order_and_encrypt_only_when_asked() {
    let world = World::new();
    let key = world.aws.kms().create_multi_region_key(&["eu-central-1", "us-east-1", "us-west-2"]);
    world.encrypt(&["--key", &key]).ok();
    world.break_calls(Operation::Decrypt, "eu-central-1", Effect::Status(503));
    world.break_calls(Operation::Decrypt, "us-east-1", Effect::Throttle);
    world.decrypt(&["--key", &key]).failed(6, "eu-central-1");
    let failover = ["--failover-region", "us-east-1", "--failover-region", "us-west-2"];
    world.decrypts(&[&["--key", &key], &failover[..]].concat());
    assert_eq!(world.aws.calls().count_in(Operation::Decrypt, "us-west-2"), 1);

    world.break_calls(Operation::GenerateDataKey, "eu-central-1", Effect::Status(503));
    world.encrypt(&[&["--key", &key], &failover[..]].concat()).failed(6, "GenerateDataKey");
    world.encrypt(&[&["--key", &key, "--encrypt-failover"], &failover[..]].concat()).ok();
    assert_eq!(world.aws.calls().count_in(Operation::GenerateDataKey, "us-east-1"), 1);
}

#[test]
fn what_is_refused_in_one_region_is_not_asked_for_in_another() {
    let world = World::new();
    let key = world.aws.kms().create_multi_region_key(&["eu-central-1", "us-east-1"]);
    world.encrypt(&["--key", &key]).ok();
    world.aws.kms().set_state(&key, KeyState::Disabled);
    world.decrypt(&["--key", &key, "--failover-region", "us-east-1"]).failed(4, "isabled");
    assert_eq!(world.aws.calls().count_in(Operation::Decrypt, "us-east-1"), 0);
}

#[test]
fn replicas_decrypt_and_two_of_them_are_never_two_keys() {
    let world = World::new();
    let key = world.aws.kms().create_multi_region_key(&["eu-central-1", "us-east-1"]);
    let replica = key.replace("eu-central-1", "us-east-1");
    world.encrypt(&["--key", &key]).ok();
    world.decrypts(&["--key", &replica]);
    assert_eq!(world.aws.calls().count_in(Operation::Decrypt, "us-east-1"), 1);
    world.encrypt(&["--key", &key, "--key", &replica]).failed(2, "--failover-region");
    world.encrypt(&["--key", "local:a", "--failover-region", "us-east-1"]).failed(2, "--failover-region");
    let single = world.aws.kms().create_key("eu-central-1");
    world.encrypt(&["--key", &single, "--failover-region", "us-east-1"]).failed(2, "multi-Region");
}

#[test]
fn without_a_key_the_error_holds_the_command_that_works() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    world.encrypt(&["--key", &key]).ok();
    world.aws.calls().reset();
    let run = world.decrypt(&[]).failed(2, &format!("sealctl decrypt --key {key} a.txt.sealed"));
    assert!(run.stdout.is_empty());
    assert_eq!(world.aws.calls().total(), 0, "a header chooses nobody to ask");
    let command = run.stderr.rsplit("sealctl ").next().expect("a command").trim();
    let args: Vec<_> = command.split(' ').collect();
    assert_eq!(world.run(&args).ok().stdout, b"some plaintext");

    world.run(&["encrypt", "--key", &key, "-o", "b.sealed", "a.txt"]).ok();
    let run = world.run(&["verify", "a.txt.sealed", "b.sealed"]).failed(2, "error: a.txt.sealed: ");
    assert!(run.stderr.contains("error: b.sealed: "), "each file by its own name: {}", run.stderr);

    let hint = format!("sealctl verify --key {key} a.txt.sealed b.sealed");
    assert!(run.stderr.contains(&hint), "what was typed, and the key: {}", run.stderr);
    let hint = format!("sealctl decrypt --key {key} -o 'new name' b.sealed\n");
    world.run(&["decrypt", "-o", "new name", "b.sealed"]).failed(2, &hint);
    let run = world.run(&["decrypt", "-c", "app=demo", "b.sealed"]).failed(2, "b.sealed\n");
    assert!(!run.stderr.contains("demo"), "{}", run.stderr);
}

#[test]
fn discovery_uses_keys_of_the_accounts_given_and_no_others() {
    let world = World::new();
    let key = world.aws.kms().create_key("ap-southeast-2");
    let account = key.split(':').nth(4).expect("an account").to_owned();
    world.encrypt(&["--key", &key]).ok();
    world.decrypts(&["--discovery-account", &account]);
    world.aws.calls().reset();
    let others = "a.txt.sealed: none of its keys belongs to --discovery-account 999999999999";
    world.decrypt(&["--discovery-account", "999999999999"]).failed(7, others);
    world.decrypt(&["--discovery-account", "99"]).failed(2, "99");
    world.decrypt(&["--discovery-account", &account, "--key", &key]).failed(2, "--discovery-account");
    assert_eq!(world.aws.calls().total(), 0);
}

#[test]
fn each_kind_of_refusal_has_its_exit_code_and_names_the_request() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    world.encrypt(&["--key", &key]).ok();

    world.aws.kms().deny(Operation::Decrypt, None);
    world.decrypt(&["--key", &key]).failed(4, "kms:Decrypt");
    world.aws.kms().allow_all();
    for state in [KeyState::Disabled, KeyState::PendingDeletion] {
        world.aws.kms().set_state(&key, state);
        world.decrypt(&["--key", &key]).failed(4, "request id");
    }
    world.aws.kms().set_state(&key, KeyState::Enabled);
    for effect in [Effect::Throttle, Effect::Status(500), Effect::Close] {
        world.aws.inject(FaultRule::new(effect).on(Operation::Decrypt).times(1));
        world.decrypt(&["--key", &key]).failed(6, "hint:");
    }
    world.decrypts(&["--key", &key]);
    world.aws.kms().delete(&key);
    world.decrypt(&["--key", &key]).failed(5, &key);
    let other = world.aws.kms().create_key("eu-central-1");
    world.decrypt(&["--key", &other]).failed(7, &key);
}

#[test]
fn a_wrong_answer_of_kms_is_refused() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    let other = world.aws.kms().create_key("eu-central-1");
    world.encrypt(&["--key", &key]).ok();
    for effect in [Effect::WrongKeyId(other), Effect::ShortKey(16), Effect::WrongKey] {
        world.aws.inject(FaultRule::new(effect).on(Operation::Decrypt).times(1));
        assert!(world.decrypt(&["--key", &key]).failed(7, "a.txt.sealed").stdout.is_empty());
    }
}

#[test]
fn without_credentials_the_login_is_asked_for() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    let mut command = world.sealctl(&["encrypt", "a.txt", "--key", &key]);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    Run::of(command.output()).failed(4, "credentials");
}

#[test]
fn a_thousand_files_take_one_call_each_way() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    for number in 0..1000 {
        world.dir.write(&format!("in/{}/{number}", number % 7), format!("file {number}"));
    }
    let run = world.run(&["encrypt", "--key", &key, "--context", "app=demo", "-o", "sealed", "in"]).ok();
    assert!(run.stderr.contains("1 KMS call"), "{}", run.stderr);
    assert_eq!((world.count(Operation::GenerateDataKey), world.aws.calls().total()), (1, 1));
    world.run(&["decrypt", "--key", &key, "--jobs", "8", "-o", "out", "sealed"]).ok();
    assert_eq!((world.count(Operation::Decrypt), world.aws.calls().total()), (1, 2));
    assert_eq!(world.dir.read("out/3/997"), b"file 997");
}

#[test]
fn a_batch_under_many_data_keys_asks_once_for_each_from_all_threads() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    for number in 0..12 {
        world.dir.write(&format!("in/{number}"), format!("file {number}"));
        let (context, output) = (format!("n={}", number % 4), format!("sealed/{number}.sealed"));
        world.dir.write("sealed/x", "");
        world.run(&["encrypt", "--key", &key, "-c", &context, "-o", &output, &format!("in/{number}")]).ok();
    }
    world.aws.calls().reset();
    world.aws.set_latency(Some(Operation::Decrypt), Duration::from_millis(100));
    world.run(&["decrypt", "--key", &key, "--jobs", "6", "-o", "out", "sealed"]).ok();
    assert_eq!(world.count(Operation::Decrypt), 12);
    assert!(world.aws.calls().peak_in_flight() > 1, "threads ask at the same time");
    assert_eq!(world.dir.read("out/11"), b"file 11");
}

#[test]
fn a_batch_waits_once_for_a_service_that_does_not_answer() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    for number in 0..20 {
        world.dir.write(&format!("in/{number}"), "x");
    }
    for number in 0..3 {
        let output = format!("sealed/{number}.sealed");
        world.dir.write("sealed/keep", "");
        world.run(&["encrypt", "--key", &key, "-c", &format!("n={number}"), "-o", &output, "a.txt"]).ok();
    }
    world.aws.calls().reset();
    world.aws.inject(FaultRule::new(Effect::Status(503)));
    let run = world.run(&["encrypt", "--key", &key, "--jobs", "1", "-o", "out", "in"]).failed(6, "kms:GenerateDataKey");
    assert_eq!(run.stderr.matches("error: ").count(), 20, "each file is named");
    world.run(&["decrypt", "--key", &key, "--jobs", "1", "-o", "out", "sealed"]).failed(6, "kms:Decrypt");
    assert_eq!((world.count(Operation::GenerateDataKey), world.count(Operation::Decrypt)), (1, 1));

    world.aws.clear_faults();
    world.aws.calls().reset();
    world.aws.kms().deny(Operation::Decrypt, None);
    world.run(&["decrypt", "--key", &key, "--jobs", "1", "-o", "out", "sealed"]).failed(4, "kms:Decrypt");
    assert_eq!(world.count(Operation::Decrypt), 3, "one refusal says nothing about the next message");
}

#[test]
fn local_and_kms_keys_together_each_decrypt() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    for order in [["local:mine", &key], [&key, "local:mine"]] {
        world.aws.calls().reset();
        world.encrypt(&["--key", order[0], "--key", order[1]]).ok();
        let expected = if order[0] == key { (1, 0) } else { (0, 1) };
        assert_eq!((world.count(Operation::GenerateDataKey), world.count(Operation::Encrypt)), expected);
        world.decrypts(&[]);
        assert_eq!(world.count(Operation::Decrypt), 0, "the local key is found from the header");
        world.decrypts(&["--key", &key]);
    }
}

#[test]
fn audit_lines_carry_the_request_ids_of_kms() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    world.dir.write("b.txt", "other plaintext");
    world.run(&["encrypt", "--key", &key, "--audit", "audit.jsonl", "--jobs", "1", "a.txt", "b.txt"]).ok();
    let answered = world.aws.calls().log()[0].request_id.clone();
    world.aws.kms().set_state(&key, KeyState::Disabled);
    world.decrypt(&["--key", &key, "--audit", "audit.jsonl"]).failed(4, "isabled");

    let text = String::from_utf8(world.dir.read("audit.jsonl")).expect("UTF-8");
    assert!(!text.contains("plaintext"));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let field = |line: usize, name: &str| lines[line][name].as_str().unwrap_or_default().to_owned();
    let operations: Vec<_> = (0..lines.len()).map(|line| field(line, "operation")).collect();
    assert_eq!(operations, ["kms:GenerateDataKey", "encrypt", "encrypt", "kms:Decrypt", "decrypt"]);
    for line in 0..3 {
        assert_eq!((field(line, "request_id"), field(line, "key")), (answered.clone(), key.clone()), "{line}");
    }
    assert_eq!(lines[1]["cached"], Value::Null);
    assert_eq!(lines[2]["cached"], Value::Bool(true));
    assert!(field(1, "object").ends_with("/a.txt") && field(1, "object").starts_with('/'));
    for line in 3..5 {
        assert_eq!((field(line, "outcome"), field(line, "class")), ("failed".to_owned(), "revoked".to_owned()));
    }
    assert!(!field(3, "request_id").is_empty());
}

#[test]
fn a_repository_asks_nobody_until_it_is_allowed() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    world.dir.write(".git/HEAD", "");
    world.dir.write("sealctl.toml", format!("[[rule]]\npaths = ['**']\nkeys = ['{key}']\ncontext = {{ app = 'x' }}\n"));
    world.encrypt(&[]).failed(3, "sealctl config allow ");
    assert_eq!(world.aws.calls().total(), 0);
    world.run(&["config", "allow", "a.txt"]).failed(2, "--yes");
    world.run(&["config", "allow", "--yes", "a.txt"]).ok();
    world.encrypt(&[]).ok();
    world.decrypts(&[]);
    assert!(world.aws.calls().log().iter().all(|call| call.context.contains_key("app")));

    let evil =
        world.aws.kms().seed_key("arn:aws:kms:eu-central-1:666666666666:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    world.dir.write("sealctl.toml", format!("[[rule]]\npaths = ['**']\nkeys = ['{evil}']\n"));
    world.aws.calls().reset();
    world.encrypt(&[]).failed(3, "has changed");
    assert_eq!(world.aws.calls().total(), 0);
}

#[test]
fn the_users_accounts_bound_every_key_whoever_names_it() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    let account = key.split(':').nth(4).expect("an account").to_owned();
    let evil =
        world.aws.kms().seed_key("arn:aws:kms:eu-central-1:666666666666:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    world.encrypt(&["--key", &evil]).ok();
    world.aws.calls().reset();
    world.dir.user_config(&format!("[aws]\nallowed_accounts = ['{account}']\n"));
    world.encrypt(&["--key", &evil]).failed(7, "allowed_accounts");
    world.decrypt(&["--key", &evil]).failed(7, "allowed_accounts");
    world.decrypt(&["--discovery-account", "666666666666"]).failed(7, "");
    world.dir.write(".git/HEAD", "");
    world.dir.write("sealctl.toml", format!("[[rule]]\npaths = ['**']\nkeys = ['{evil}']\n"));
    world.run(&["config", "allow", "--yes", "."]).ok();
    world.encrypt(&[]).failed(7, "allowed_accounts");
    assert_eq!(world.aws.calls().total(), 0);
    std::fs::remove_file(world.dir.path("sealctl.toml")).expect("a removal");
    world.encrypt(&["--key", &key]).ok();
    world.decrypts(&["--key", &key]);
}

#[test]
fn nobody_is_asked_about_an_alias_that_only_a_repository_names() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    let account = key.split(':').nth(4).expect("an account").to_owned();
    world.encrypt(&["--key", &key]).ok();
    let evil = "arn:aws:kms:eu-central-1:666666666666:alias/watching";
    world.dir.write(".git/HEAD", "");
    world.dir.write("sealctl.toml", format!("[[rule]]\npaths = ['**']\nkeys = ['{evil}']\n"));
    world.aws.calls().reset();
    for args in [&["--key", &key][..], &["--discovery-account", &account], &[]] {
        world.decrypt(args).failed(3, "not allowed yet");
    }
    world.encrypt(&["--key", &key]).failed(3, "not allowed yet");
    world.encrypt(&["--key", "local:mine"]).failed(7, "sealctl.toml:1");
    world.run(&["config", "a.txt"]).ok();
    world.run(&["config", "allow", "--yes", "a.txt"]).ok();
    world.dir.user_config(&format!("[aws]\nallowed_accounts = ['{account}']\n"));
    world.encrypt(&[]).failed(7, "allowed_accounts");
    world.encrypt(&["--key", &key]).failed(7, "allowed_accounts");
    assert_eq!(world.aws.calls().total(), 0);
}

#[test]
fn a_rule_bounds_aliases_by_the_key_that_they_name() {
    let world = World::new();
    let (key, other) = (world.aws.kms().create_key("eu-central-1"), world.aws.kms().create_key("eu-central-1"));
    world.aws.kms().set_alias("alias/app", &key);
    world.dir.write(".git/HEAD", "");
    world.dir.write("sealctl.toml", format!("[[rule]]\npaths = ['**']\nkeys = ['{key}']\n"));
    world.encrypt(&["--key", "alias/app"]).ok();
    world.decrypts(&["--key", "alias/app"]);
    world.aws.kms().set_alias("alias/app", &other);
    world.encrypt(&["--key", "alias/app"]).failed(7, "sealctl.toml:1");
    world.decrypt(&["--key", "alias/app"]).failed(7, "sealctl.toml:1");
}

#[test]
fn an_emulator_is_reached_by_profile_endpoint_and_ca_bundle() {
    let world = World { dir: Dir::new(), aws: AwsDouble::start_tls() };
    world.dir.write("a.txt", "some plaintext");
    let key = world.aws.kms().create_key("eu-central-1");
    world.aws.kms().set_alias("alias/app", &key);
    let bundle = world.dir.path("ca.pem");
    world.aws.write_ca_bundle(&bundle).expect("a bundle");
    let config = world.dir.write(
        "aws-config",
        format!(
            "[profile emulated]\nregion = eu-central-1\nendpoint_url = {}\nca_bundle = {}\n\
             aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n",
            world.aws.url(),
            bundle.display()
        ),
    );
    let run = |args: &[&str]| Run::of(world.dir.sealctl(args).env("AWS_CONFIG_FILE", &config).output());
    run(&["encrypt", "--profile", "emulated", "--key", "alias/app", "a.txt"]).ok();
    world.dir.user_config("keys = ['alias/app']\n[aws]\nprofile = 'emulated'\n");
    assert_eq!(run(&["decrypt", "a.txt.sealed"]).ok().stdout, b"some plaintext");
    run(&["decrypt", "--profile", "absent", "a.txt.sealed"]).failed(3, "absent");
}

#[test]
fn a_dry_run_makes_no_call() {
    let world = World::new();
    let key = world.aws.kms().create_key("eu-central-1");
    world.encrypt(&["--key", &key, "--dry-run"]).ok();
    assert_eq!(world.aws.calls().total(), 0);
}
