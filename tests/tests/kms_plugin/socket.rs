//! Who may connect, and what is never taken away from its path.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use sealkit_rig::KmsPlugin;

use crate::scene::{Scene, healthz, until_ok};

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A plugin of the same key that is to listen at `socket`, and ends.
fn second_at(scene: &Scene, socket: &Path) -> KmsPlugin {
    let (socket, url) = (socket.to_str().unwrap(), scene.aws.url());
    let plan = scene.direct().with_only(["--key", &scene.key, "--listen", socket, "--health-port", "{health}"]);
    let mut plugin = plan.with(["--region", "us-east-1", "--kms-endpoint", &url]).spawn();
    let ended = plugin.wait();
    // Promised are 2 s; how long a process takes to start on a busy machine is not its promise.
    assert_eq!(ended.code(), Some(9), "{}", plugin.log());
    plugin
}

#[test]
fn only_the_owner_may_connect_whatever_the_umask_is() {
    let scene = Scene::new();
    for umask in [0o000, 0o777] {
        let plugin = scene.direct().with_umask(umask).start();
        assert_eq!(mode(&plugin.socket()), 0o600, "umask {umask:03o}");
    }
    let plugin =
        scene.configured(&["mode: '0660'", "stateFile: '{dir}/state'", "localKek: true"]).with_umask(0).start();
    assert_eq!(mode(&plugin.socket()), 0o660);
    for entry in std::fs::read_dir(plugin.dir()).unwrap() {
        let path = entry.unwrap().path();
        let ours = path.file_name().is_some_and(|name| name == "state" || name == "audit.jsonl");
        assert!(!ours || mode(&path) == 0o600, "{}: {:o}", path.display(), mode(&path));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_socket_is_not_taken_over() {
    let scene = Scene::new();
    let plugin = scene.direct().start();
    until_ok(&plugin).await;
    let inode = std::fs::metadata(plugin.socket()).unwrap().ino();
    let second = tokio::task::block_in_place(|| second_at(&scene, &plugin.socket()));
    assert!(second.log().contains(plugin.socket().to_str().unwrap()), "the error names the socket");
    assert_eq!(std::fs::metadata(plugin.socket()).unwrap().ino(), inode);
    assert_eq!(healthz(&plugin.client()).await, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_users_are_served() {
    let scene = Scene::new();
    let us = rustix::process::getuid().as_raw();
    let plugin = scene.configured(&[&format!("allowedUids: [{us}]")]).start();
    until_ok(&plugin).await;
    let plugin = scene.configured(&[&format!("allowedUids: [{}]", us + 1)]).start();
    let refused = plugin.client().status().await;
    assert!(refused.is_err(), "{refused:?}");
}

#[test]
fn what_is_no_socket_is_never_deleted() {
    let scene = Scene::new();
    let dir = tempfile::tempdir().unwrap();
    let (file, link, directory) = (dir.path().join("file"), dir.path().join("link"), dir.path().join("directory"));
    std::fs::write(&file, "precious").unwrap();
    symlink(&file, &link).unwrap();
    std::fs::create_dir(&directory).unwrap();
    for path in [&file, &link, &directory] {
        second_at(&scene, path);
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    assert_eq!(std::fs::read_link(&link).unwrap(), file);
    assert!(directory.is_dir());
}

#[test]
fn a_directory_in_which_others_could_exchange_it_is_refused() {
    let scene = Scene::new();
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let socket = dir.path().join("kms.sock");
    second_at(&scene, &socket);
    assert!(!socket.exists());
}

#[test]
fn only_its_own_socket_is_removed_at_the_end() {
    let scene = Scene::new();
    let mut plugin = scene.direct().start();
    let socket = plugin.socket();
    std::fs::remove_file(&socket).unwrap();
    let other = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    plugin.signal(rustix::process::Signal::TERM);
    plugin.wait();
    assert!(std::fs::metadata(&socket).unwrap().file_type().is_socket(), "another's socket stays");
    drop(other);
}

#[test]
fn while_it_starts_there_is_no_socket_with_other_rights() {
    let scene = Scene::new();
    for _ in 0..10 {
        let mut plugin = scene.direct().with_umask(0).spawn();
        let socket = plugin.socket();
        let seen = std::thread::spawn(move || {
            let mut seen = std::collections::BTreeSet::new();
            let end = std::time::Instant::now() + Duration::from_millis(300);
            while std::time::Instant::now() < end {
                seen.extend(std::fs::symlink_metadata(&socket).ok().map(|found| found.permissions().mode() & 0o7777));
            }
            seen
        });
        plugin.wait_until_it_accepts();
        assert!(seen.join().unwrap().iter().all(|mode| *mode == 0o600));
    }
}
