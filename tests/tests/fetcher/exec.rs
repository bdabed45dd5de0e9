//! `exec`: the application gets its secrets, and nothing else of ours.

use rustix::process::Signal;

use crate::scene::Scene;

const SPEC: &str = "secrets: {db: {secret: db, env: {DB_PASSWORD: {}}}}";

fn scene() -> Scene {
    Scene::of("secrets:\n  db: {secret: db, files: [{path: db}], env: {DB_PASSWORD: {}}}\n")
}

#[test]
fn the_application_reads_files_of_a_private_directory() {
    let scene = Scene::of("secrets: {db: {secret: db}}");
    let script = "cat \"$SEALKIT_SECRETS/db\"; stat -f -c ' %T' \"$SEALKIT_SECRETS\"; exit 42";
    let ended = scene.fetcher.run(["exec", "--spec", "spec.yaml", "--", "sh", "-c", script]);
    ended.expect(42);
    assert_eq!(ended.out().trim_end(), "hunter2 tmpfs");
}

#[test]
fn the_application_has_variables_where_it_asks_for_them() {
    let scene = Scene::of(SPEC);
    let ended = scene.fetcher.run(["exec", "--spec", "spec.yaml", "--env", "--", "sh", "-c", "echo $DB_PASSWORD"]);
    ended.expect(0);
    assert_eq!(ended.out(), "hunter2\n");
}

#[test]
fn variables_as_ecs_has_them_are_replaced() {
    let scene = Scene::of("");
    let fetcher = scene.fetcher.with_variable("SECRET_TOKEN", &scene.arns[0]).with_variable("KEPT", "1");
    let script = "env | grep -E '^(SECRET_|TOKEN|KEPT)' | sort";
    let ended = fetcher.run(["exec", "--spec", "env:SECRET_", "--env", "--", "sh", "-c", script]);
    ended.expect(0);
    assert_eq!(ended.out(), "KEPT=1\nTOKEN=hunter2\n");
}

#[test]
fn memory_files_need_no_mount() {
    let scene = Scene::of("secrets: {db: {secret: db}}");
    let script = "cat \"$SEALKIT_FILE_DB\" || cat \"$SEALKIT_FILE_db\"";
    let ended = scene.fetcher.run(["exec", "--spec", "spec.yaml", "--memfd", "--", "sh", "-c", script]);
    ended.expect(0);
    assert_eq!(ended.out(), "hunter2");
}

#[test]
fn limits_masks_and_sandboxes_are_the_containers_own() {
    let scene = scene();
    let script = "ulimit -c; ulimit -l; grep -E '^(Sig(Blk|Ign|Cgt)|NoNewPrivs|Seccomp|Cap(Inh|Prm|Eff|Bnd|Amb)):' \
                  /proc/self/status; umask; ls /proc/self/fd | wc -l; cat /proc/self/oom_score_adj";
    let plain = std::process::Command::new("sh").args(["-c", script]).stdin(std::process::Stdio::null()).output();
    let plain = String::from_utf8(plain.unwrap().stdout).unwrap();
    let ended = scene.fetcher.run(["exec", "--spec", "spec.yaml", "--", "sh", "-c", script]);
    ended.expect(0);
    assert_eq!(ended.out(), plain);
}

#[test]
fn without_its_secrets_the_application_does_not_start() {
    let scene = scene();
    scene.aws.secrets().remove(&scene.arns[0]);
    let ended = scene.fetcher.run(["exec", "--spec", "spec.yaml", "--", "sh", "-c", "echo started"]);
    ended.expect_failure(5, &["db"]);
    assert_eq!(ended.out(), "");
    let missing = Scene::of("secrets: {db: {secret: db}}");
    missing.fetcher.run(["exec", "--spec", "spec.yaml", "--", "/no/such/program"]).expect(127);
    missing.fetcher.run(["exec", "--spec", "spec.yaml", "--", "/etc/passwd"]).expect(126);
}

#[test]
fn values_that_are_no_variables_are_refused() {
    for (value, part) in [(vec![b'a', 0, b'b'], "NUL"), (vec![b'x'; 65_536], "")] {
        let scene = Scene::of("secrets: {odd: {secret: odd, env: {ODD: {}}}}");
        let long = value.len() > 1000;
        scene.aws.secrets().create("us-east-1", "odd", value);
        let ended = scene.fetcher.run(["exec", "--spec", "spec.yaml", "--env", "--", "true"]);
        // 64 KiB is below the kernel's 128 KiB for one variable.
        if long { ended.expect(0) } else { ended.expect_failure(7, &["odd", part]) }
    }
}

#[test]
fn a_supervised_application_is_restarted_when_its_secrets_change() {
    let scene = Scene::of("secrets: {db: {secret: db}}");
    let script = "trap 'exit 0' TERM; echo \"has $(cat \"$SEALKIT_SECRETS/db\")\"; while :; do sleep 0.05; done";
    let arguments = ["exec", "--spec", "spec.yaml", "--watch", "--interval", "1s", "--", "sh", "-c", script];
    let mut running = scene.fetcher.start(arguments);
    running.wait_until("the first start", |it| it.out().contains("has hunter2"));
    scene.aws.secrets().put(&scene.arns[0], "correct horse");
    running.wait_until("the restart", |it| it.out().contains("has correct horse"));
    running.signal(Signal::TERM);
    let ended = running.wait();
    ended.expect(0);
    assert_eq!(ended.out().matches("has ").count(), 2, "{ended}");
}

#[test]
fn a_supervised_applications_end_is_ours() {
    let scene = Scene::of("secrets: {db: {secret: db}}");
    let run = |script| scene.fetcher.run(["exec", "--spec", "spec.yaml", "--watch", "--", "sh", "-c", script]);
    run("exit 3").expect(3);
    run("kill -9 $$").expect(128 + 9);
}
