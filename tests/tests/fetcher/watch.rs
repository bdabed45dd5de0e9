//! `watch`: fresh while AWS answers, and the last good bytes while it does not.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use sealkit_rig::aws_double::closed_address;
use sealkit_rig::fetcher::Running;
use sealkit_rig::{AwsDouble, Effect, FaultRule, Fetcher, Operation};
use serde_json::Value;

use crate::scene::HERE;

const SPEC: &str = "secrets: {a: {secret: a}, b: {secret: b}, c: {secret: c, optional: true}}\nbatch: never\n";

/// A container that watches, and where it listens.
struct Watched {
    aws: AwsDouble,
    arns: [String; 3],
    fetcher: Fetcher,
    address: SocketAddr,
}

impl Watched {
    fn new(spec: &str) -> Self {
        let aws = AwsDouble::start();
        let arns = ["a", "b", "c"].map(|name| aws.secrets().create(HERE, name, format!("{name}1").as_str()));
        let fetcher = Fetcher::new(&aws).with_spec(spec);
        Self { aws, arns, fetcher, address: closed_address() }
    }

    /// Starts it and waits until everything is published.
    fn start(&self, more: &[&str]) -> Running {
        let address = self.address.to_string();
        let flags = ["--listen", &address, "--deadline", "3s", "--interval", "1h"];
        let mut running = self.fetcher.watch(flags.into_iter().chain(more.iter().copied()));
        running.wait_until("it is ready", |_| self.get("/readyz").0 == 200);
        running
    }

    /// Status and body; 0 while nobody listens.
    fn ask(&self, method: &str, path: &str) -> (u16, String) {
        self.ask_with(method, path, "host: localhost")
    }

    /// The same with these headers.
    fn ask_with(&self, method: &str, path: &str, headers: &str) -> (u16, String) {
        let Ok(mut stream) = TcpStream::connect(self.address) else { return (0, String::new()) };
        let request = format!("{method} {path} HTTP/1.1\r\n{headers}\r\nconnection: close\r\n\r\n");
        let mut answer = String::new();
        if stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer)).is_err() {
            return (0, String::new());
        }
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask("GET", path)
    }

    /// The number behind a metric without labels.
    fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").1;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }

    /// How often everything was fetched.
    fn refreshes(&self) -> u64 {
        let text = self.get("/metrics").1;
        let counts = text.lines().filter(|line| line.starts_with("seal_fetcher_refreshes_total"));
        counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum::<u64>()
    }

    /// Refreshes by HTTP and waits until that is done.
    fn refresh(&self, running: &mut Running) {
        let before = self.refreshes();
        assert_eq!(self.ask("POST", "/refresh").0, 202);
        running.wait_until("the refresh is done", |_| self.refreshes() > before);
    }
}

#[test]
fn what_changes_is_published_and_what_does_not_is_not_published_again() {
    let watched = Watched::new(SPEC);
    let mut running = watched.start(&[]);
    let first = std::fs::read_link(watched.fetcher.target().join("..data")).unwrap();
    watched.refresh(&mut running);
    assert_eq!(std::fs::read_link(watched.fetcher.target().join("..data")).unwrap(), first);
    assert_eq!(watched.metric("seal_fetcher_switches_total"), 1.0);
    watched.aws.secrets().put(&watched.arns[0], "a2");
    running.signal(Signal::HUP);
    running.wait_until("the new value is there", |_| watched.fetcher.file("a") == b"a2");
    assert_eq!(watched.fetcher.file("b"), b"b1");
    running.wait_until("it is counted", |_| watched.metric("seal_fetcher_switches_total") == 2.0);
    assert_eq!(watched.ask("GET", "/refresh").0, 405);
    for of_a_page in ["host: evil.example", "host: localhost\r\norigin: http://localhost"] {
        let asked = |method, path| watched.ask_with(method, path, of_a_page).0;
        let answers = [asked("GET", "/readyz"), asked("GET", "/status"), asked("POST", "/refresh")];
        assert_eq!(answers, [200, 403, 403], "{of_a_page}");
    }
    let ended = running.terminate();
    ended.expect(0);
    assert_eq!(watched.fetcher.file("a"), b"a2", "what is published stays");
}

#[test]
fn an_outage_a_denial_and_a_deletion_leave_the_last_good_bytes_and_the_others_move_on() {
    let watched = Watched::new(SPEC);
    let mut running = watched.start(&[]);
    watched.aws.secrets().deny(Operation::GetSecretValue, Some(&watched.arns[0]));
    watched.aws.secrets().put(&watched.arns[1], "b2");
    watched.aws.secrets().remove(&watched.arns[2]);
    watched.refresh(&mut running);
    let files = ["a", "b", "c"].map(|name| String::from_utf8(watched.fetcher.file(name)).unwrap());
    assert_eq!(files, ["a1", "b2", "c1"], "denied, changed, optional and deleted: {}", running.err());
    let (status, body) = watched.get("/readyz");
    assert_eq!((status, body.as_str()), (200, "ready: 0 missing, 1 kept\n"), "{}", running.err());
    let metrics = watched.get("/metrics").1;
    assert!(metrics.contains("seal_fetcher_units_kept{class=\"denied\"} 1"), "{metrics}");
    assert!(metrics.contains("seal_fetcher_refreshes_total{outcome=\"partial\"} 1"), "{metrics}");
    let told = watched.get("/status").1;
    assert!(told.contains("AccessDeniedException") && !told.contains("a1"), "{told}");
    watched.aws.secrets().allow_all();
    watched.aws.inject(FaultRule::new(Effect::Status(503)));
    watched.refresh(&mut running);
    assert_eq!(watched.fetcher.file("b"), b"b2");
    assert!(watched.get("/metrics").1.contains("seal_fetcher_units_kept{class=\"outage\"} 3"), "{}", running.err());
    watched.aws.clear_faults();
    watched.refresh(&mut running);
    assert_eq!(watched.fetcher.file("c"), b"c1", "a refresh removes nothing");
    assert!(!watched.get("/metrics").1.contains("seal_fetcher_units_kept{"), "{}", running.err());
    running.terminate().expect(0);
}

#[test]
fn a_watch_that_starts_anew_takes_over_while_aws_is_out() {
    let watched = Watched::new(SPEC);
    drop(watched.start(&[]).kill());
    watched.aws.inject(FaultRule::new(Effect::Status(503)));
    let mut running = watched.start(&[]);
    assert_eq!(watched.fetcher.file("a"), b"a1");
    running.wait_until("the first refresh has failed", |_| {
        watched.get("/metrics").1.contains("refreshes_total{outcome=\"failed\"} 1")
    });
    assert_eq!(watched.fetcher.file("a"), b"a1");
    watched.aws.clear_faults();
    watched.aws.secrets().put(&watched.arns[0], "a2");
    watched.refresh(&mut running);
    assert_eq!(watched.fetcher.file("a"), b"a2");
    running.terminate().expect(0);
}

#[test]
fn the_first_time_it_is_all_or_nothing() {
    let watched = Watched::new(SPEC);
    watched.aws.secrets().deny(Operation::GetSecretValue, Some(&watched.arns[1]));
    let ended = watched.fetcher.watch([]).wait();
    ended.expect_failure(4, &["b", "secretsmanager:GetSecretValue"]);
    assert_eq!(watched.fetcher.names(), [""; 0]);
}

#[test]
fn what_was_never_published_is_missing_until_it_comes() {
    let watched = Watched::new("secrets: {a: {secret: a}}\n");
    watched.start(&[]).terminate().expect(0);
    watched.aws.secrets().deny(Operation::GetSecretValue, Some(&watched.arns[1]));
    watched.fetcher.write("spec.yaml", SPEC);
    let address = watched.address.to_string();
    let mut running = watched.fetcher.watch(["--listen", &address, "--deadline", "3s"]);
    running.wait_until("the first refresh has failed", |_| {
        watched.get("/metrics").1.contains("refreshes_total{outcome=\"partial\"} 1")
    });
    assert_eq!(watched.get("/readyz"), (503, "not ready: 1 missing, 0 kept\n".to_owned()), "{}", running.err());
    assert_eq!(watched.fetcher.file("c"), b"c1", "the others move on");
    watched.aws.secrets().allow_all();
    watched.refresh(&mut running);
    assert_eq!(watched.get("/startupz").0, 200);
    running.terminate().expect(0);
}

#[test]
fn a_file_that_is_wanted_by_another_name_is_missing_until_it_comes() {
    let watched = Watched::new("secrets: {a: {secret: a}}\n");
    watched.start(&[]).terminate().expect(0);
    watched.aws.secrets().deny(Operation::GetSecretValue, Some(&watched.arns[0]));
    watched.fetcher.write("spec.yaml", "secrets: {a: {secret: a, files: [{path: other}]}}\n");
    let address = watched.address.to_string();
    let mut running = watched.fetcher.watch(["--listen", &address, "--deadline", "3s"]);
    running.wait_until("the first refresh has failed", |_| {
        watched.get("/metrics").1.contains("refreshes_total{outcome=\"failed\"} 1")
    });
    assert_eq!(watched.get("/readyz"), (503, "not ready: 1 missing, 0 kept\n".to_owned()), "{}", running.err());
    assert_eq!(watched.fetcher.file("a"), b"a1", "what is published is not removed");
    watched.aws.secrets().allow_all();
    watched.refresh(&mut running);
    assert_eq!(watched.get("/readyz").0, 200);
    assert_eq!(watched.fetcher.file("other"), b"a1");
    running.terminate().expect(0);
}

#[test]
fn a_name_moves_from_one_secret_to_another_but_never_over_last_good_bytes() {
    let all = "files: [{directory: d, keys: all}]";
    let watched =
        Watched::new(&format!("secrets: {{a: {{secret: a, {all}}}, b: {{secret: b, {all}}}, c: {{secret: c}}}}\n"));
    let put = |index: usize, value: &str| watched.aws.secrets().put(&watched.arns[index], value);
    put(0, r#"{"x":"of a"}"#);
    put(1, r#"{"y":"of b"}"#);
    let audit = watched.fetcher.path("audit");
    let mut running = watched.start(&["--audit", audit.to_str().unwrap()]);
    // While the one is out its names are taken.
    put(1, r#"{"x":"of b","y":"new"}"#);
    put(2, "c2");
    watched.aws.secrets().deny(Operation::GetSecretValue, Some(&watched.arns[0]));
    watched.refresh(&mut running);
    let files = ["d/x", "d/y", "c"].map(|name| String::from_utf8(watched.fetcher.file(name)).unwrap());
    assert_eq!(files, ["of a", "of b", "c2"], "{}", running.err());
    assert!(running.err().contains("d/x is where the last good bytes of a/0 are"), "{}", running.err());
    let lines = std::fs::read_to_string(&audit).unwrap();
    let published = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let published = published.filter(|line| line["operation"] == "publish" && line["outcome"] == "ok");
    let published: Vec<_> = published.map(|line| line["object"].as_str().unwrap().to_owned()).collect();
    assert_eq!(published, ["a", "b", "c", "c"], "{lines}");
    // Once it says that it has that name no longer, another may have it.
    put(0, r#"{"z":"of a"}"#);
    watched.aws.secrets().allow_all();
    watched.refresh(&mut running);
    let files = ["d/x", "d/y", "d/z"].map(|name| String::from_utf8(watched.fetcher.file(name)).unwrap());
    assert_eq!(files, ["of b", "new", "of a"], "{}", running.err());
    running.terminate().expect(0);
}

#[test]
fn neighbours_are_told_of_a_switch() {
    let watched = Watched::new(SPEC);
    let neighbour = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/reload", neighbour.local_addr().unwrap());
    let command = format!("touch {}", watched.fetcher.path("told").display());
    // Refused once: it is tried again.
    let posts = std::thread::spawn(move || {
        let mut heads = Vec::new();
        for status in ["503 X", "204 X"] {
            let (mut stream, _) = neighbour.accept().unwrap();
            let mut head = [0; 1024];
            let length = stream.read(&mut head).unwrap();
            heads.push(String::from_utf8_lossy(&head[..length]).into_owned());
            stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).unwrap();
        }
        heads
    });
    let mut running = watched.start(&["--notify-http", &url, "--notify-command", &command]);
    assert!(!watched.fetcher.path("told").exists(), "the first publication is no switch");
    watched.aws.secrets().put(&watched.arns[0], "a2");
    watched.refresh(&mut running);
    running.wait_until("the command has run", |_| watched.fetcher.path("told").exists());
    let heads = posts.join().unwrap();
    assert!(heads.iter().all(|head| head.starts_with("POST /reload HTTP/1.1\r\n")), "{heads:?}");
    running.terminate().expect(0);
    let ended = watched.fetcher.watch(["--notify-http", "http://10.0.0.1/"]).wait();
    ended.expect_failure(3, &["--notify-http", "not this machine"]);
}

#[test]
fn a_signal_before_anything_is_published_is_no_success() {
    let watched = Watched::new(SPEC);
    watched.aws.inject(FaultRule::new(Effect::Silence));
    let mut running = watched.fetcher.watch([]);
    running.wait_until("it asks", |_| watched.aws.calls().count(Operation::GetSecretValue) > 0);
    let ended = running.terminate();
    ended.expect_failure(143, &["SIGTERM"]);
    assert_eq!(watched.fetcher.names(), [""; 0]);
}

#[test]
fn a_storm_of_signals_is_a_refresh_a_second() {
    let watched = Watched::new(SPEC);
    let mut running = watched.start(&[]);
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        running.signal(Signal::HUP);
        std::thread::sleep(Duration::from_millis(1));
    }
    // The last of them still counts.
    watched.aws.secrets().put(&watched.arns[0], "a2");
    running.signal(Signal::HUP);
    running.wait_until("the new value is there", |_| watched.fetcher.file("a") == b"a2");
    let refreshes = watched.refreshes();
    let most = started.elapsed().as_secs() + 2;
    assert!((2..=most).contains(&refreshes), "{refreshes} refreshes, at most {most}");
    running.terminate().expect(0);
}

#[test]
fn a_target_that_is_removed_ends_the_watch() {
    let watched = Watched::new(SPEC);
    let running = watched.start(&[]);
    std::fs::remove_dir_all(watched.fetcher.target()).unwrap();
    running.signal(Signal::HUP);
    running.wait().expect_failure(9, &["it was removed while we ran", "start again"]);
}

#[test]
fn a_command_that_hangs_ends_with_the_next_switch_and_so_does_what_it_started() {
    let watched = Watched::new(SPEC);
    let pids = watched.fetcher.path("pids");
    let script = format!("#!/bin/sh\nsleep 300 &\necho $$ $! >> {}\nwait\n", pids.display());
    let command = watched.fetcher.path("command");
    std::fs::write(&command, script).unwrap();
    std::fs::set_permissions(&command, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut running = watched.start(&["--notify-command", command.to_str().unwrap()]);
    let mut started = Vec::new();
    for switch in 1..=2 {
        watched.aws.secrets().put(&watched.arns[0], format!("a, {switch}").as_str());
        watched.refresh(&mut running);
        running.wait_until("the command runs", |_| {
            let lines = std::fs::read_to_string(&pids).unwrap_or_default();
            started = lines.split_whitespace().map(str::to_owned).collect();
            started.len() == 2 * switch && lines.ends_with('\n')
        });
    }
    // One that has ended and was not waited for yet runs no more.
    let runs = |pid: &String| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    };
    running.wait_until("the first is gone", |_| !started[..2].iter().any(runs));
    assert!(started[2..].iter().all(runs), "the second runs");
    running.terminate().expect(0);
    let ended = Instant::now();
    while started.iter().any(runs) {
        assert!(ended.elapsed() < Duration::from_secs(60), "{started:?} run on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn refreshes_of_pods_that_start_together_part() {
    let watched = Watched::new(SPEC);
    let pauses = [(); 3].map(|()| {
        let mut running = watched.start(&[]);
        running
            .wait_until("the next is planned", |_| watched.metric("seal_fetcher_next_refresh_timestamp_seconds") > 0.0);
        let at = |name| watched.metric(&format!("seal_fetcher_{name}_refresh_timestamp_seconds"));
        let pause = at("next") - at("last");
        running.terminate().expect(0);
        pause
    });
    assert!(pauses.iter().all(|pause| (2_879.0..=4_321.0).contains(pause)), "{pauses:?}");
    assert!(pauses.iter().any(|pause| (pause - pauses[0]).abs() > 1.0), "{pauses:?}");
}

#[test]
fn what_content_names_holds_up_no_other_when_there_is_no_room_for_it() {
    let spec = "secrets:\n  a: {secret: a}\n  p: {parametersByPath: /p, files: [{directory: p}]}\nbatch: never\n";
    let watched = Watched::new(spec);
    let put = |name: String| watched.aws.parameters().put(HERE, &name, "x");
    put("/p/first".to_owned());
    let address = watched.address.to_string();
    let mut running = watched.fetcher.watch(["--listen", &address, "--deadline", "60s"]);
    running.wait_until("it is ready", |_| watched.get("/readyz").0 == 200);
    // More than a manifest takes.
    for number in 0..9_000 {
        put(format!("/p/{}{number}", "n".repeat(230)));
    }
    watched.aws.secrets().put(&watched.arns[0], "a2");
    watched.refresh(&mut running);
    assert_eq!(watched.fetcher.file("a"), b"a2", "{}", running.err());
    assert_eq!(watched.fetcher.file("p/first"), b"x");
    assert!(running.err().contains("the last good bytes stay: p: the manifest would take"), "{}", running.err());
    assert_eq!(watched.get("/readyz").1, "ready: 0 missing, 1 kept\n");
    running.terminate().expect(0);
}
