//! What `watch` still holds in its memory, and what it leaves when it crashes.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use sealkit_rig::Canary;

use crate::leaks::{elsewhere, planted};

/// Whether the memory of a process holds the canary. It must be ours, or we root.
fn in_memory(pid: u32, canary: &Canary) -> bool {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut memory = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut searched = 0;
    for line in maps.lines() {
        let range = line.split(' ').next().unwrap();
        let [from, to] = range.split('-').map(|hex| u64::from_str_radix(hex, 16).unwrap()).collect::<Vec<_>>()[..]
        else {
            panic!("{line}")
        };
        // Pages of the target's own files are what is published.
        if !line.contains(" rw") || line.contains("/dev/shm/") {
            continue;
        }
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        if memory.seek(SeekFrom::Start(from)).is_err() || memory.read_exact(&mut bytes).is_err() {
            continue;
        }
        searched += bytes.len();
        if canary.is_in(&bytes) {
            return true;
        }
    }
    assert!(searched > 100_000, "only {searched} bytes of {pid} could be read");
    false
}

#[test]
#[ignore = "needs root"]
fn memory_holds_no_value_once_it_is_published() {
    let spec = "secrets:\n  canary: {secret: canary}\n  again: {secret: canary, files: [{path: x/y}]}\nfiles:\n  \
                - {path: app.env, dotenv: {A: {from: canary}}}\n  - {path: t, template: \"{{ canary }}\"}\n";
    let (scene, canary) = planted(spec, Into::into);
    let mut watch = scene.fetcher.watch(["--interval", "1h"]);
    watch.wait_until("the first generation", |_| scene.fetcher.names().contains(&"t".to_owned()));
    // Buffers of the connection are freed once it is idle.
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(!in_memory(watch.pid(), &canary), "it is in the memory of watch");
    watch.terminate().expect(0);

    // The control: a process that keeps it is seen to.
    let mut keeper = Command::new("sh")
        .args(["-c", "read -r kept; echo ready; read -r end; echo $kept"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = keeper.stdin.take().unwrap();
    canary.reveal(|secret| stdin.write_all(&[secret, b"\n"].concat())).unwrap();
    let mut ready = [0; 6];
    keeper.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
    assert!(in_memory(keeper.id(), &canary), "the search finds nothing");
    drop(stdin);
    keeper.wait().unwrap();
}

#[test]
fn a_crash_leaves_no_core() {
    let (scene, canary) = planted("secrets: {canary: {secret: canary}}", Into::into);
    let mut watch = scene.fetcher.watch(["--interval", "1h"]);
    watch.wait_until("the first generation", |_| scene.fetcher.names().contains(&"canary".to_owned()));
    let limits = fs::read_to_string(Path::new("/proc").join(watch.pid().to_string()).join("limits")).unwrap();
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().next(), Some("0"), "{core}");
    watch.signal(rustix::process::Signal::ABORT);
    _ = watch.wait();
    assert!(elsewhere(&scene.fetcher, &canary).is_empty());
}
