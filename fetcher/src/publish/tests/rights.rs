//! Owners, groups and modes, and targets that are too small.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::thread::{Gid, Uid, set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use tempfile::TempDir;

use super::rig::{Target, of, one, open, publish, switch, visible};
use crate::publish::{Outcome, PublishError, Publisher};
use crate::spec::File;
use crate::target::{TargetError, TargetSettings, TmpfsDir};

const KEEP: Duration = Duration::from_secs(30);
/// runAsUser, runAsGroup and fsGroup of a pod.
const USER: u32 = 65_532;
const GROUP: u32 = 65_532;
const VOLUME: u32 = 2000;

/// Runs `work` as a container of that pod does: ids and capabilities are a thread's to the kernel.
fn as_user(groups: &[u32], work: impl FnOnce() + Send) {
    let groups: Vec<_> = groups.iter().copied().map(Gid::from_raw).collect();
    thread::scope(|scope| {
        scope
            .spawn(|| {
                let (user, group) = (Uid::from_raw(USER), Gid::from_raw(GROUP));
                set_thread_groups(&groups).unwrap();
                set_thread_res_gid(group, group, group).unwrap();
                set_thread_res_uid(user, user, user).unwrap();
                work();
            })
            .join()
            .unwrap();
    });
}

/// A volume as kubelet leaves it for an fsGroup.
fn volume() -> Target {
    let target = Target::new();
    chown(target.path(), Some(0), Some(VOLUME)).unwrap();
    fs::set_permissions(target.path(), Permissions::from_mode(0o2777)).unwrap();
    target
}

fn owners(path: &Path) -> (u32, u32, u32) {
    let found = fs::metadata(path).unwrap();
    (found.uid(), found.gid(), found.mode() & 0o7777)
}

#[test]
#[ignore = "needs root, to become another user"]
fn files_have_the_volumes_group_where_the_process_runs_in_another() {
    let target = volume();
    as_user(&[VOLUME], || {
        let mut publisher = target.publisher(KEEP);
        let wishes = |text: &str| [one("a", text).rights(0o440, None, None), of("d", &[("d/e/f", text.as_bytes())])];
        switch(&mut publisher, &wishes("1"));
        switch(&mut publisher, &wishes("2"));
        assert_eq!(publish(&mut publisher, &wishes("2")).unwrap(), Outcome::Unchanged);
    });
    assert_eq!(owners(&target.at("..data/")), (USER, VOLUME, 0o2755));
    assert_eq!(owners(&target.at("d")), (USER, VOLUME, 0o2755));
    assert_eq!(owners(&target.at("d/e")), (USER, VOLUME, 0o2755));
    assert_eq!(owners(&target.at("a")), (USER, VOLUME, 0o440));
    assert_eq!(owners(&target.at("d/e/f")), (USER, VOLUME, 0o400));
    assert_eq!(owners(&target.at("..data/..manifest.json")), (USER, VOLUME, 0o440));
}

#[test]
#[ignore = "needs root, to become another user"]
fn files_have_the_volumes_group_also_where_the_process_is_no_member() {
    let target = volume();
    as_user(&[], || {
        switch(&mut target.publisher(KEEP), &[one("a", "1").rights(0o440, None, None), one("d/e", "1")]);
    });
    assert_eq!(owners(&target.at("a")), (USER, VOLUME, 0o440));
    assert_eq!(owners(&target.at("d/e")), (USER, VOLUME, 0o400));
    // The kernel takes setgid from directories whose mode is set by who is no member: all was made before that.
    assert_eq!(owners(&target.at("d")), (USER, VOLUME, 0o755));
}

#[test]
#[ignore = "needs root, to become another user"]
fn without_setgid_files_have_the_group_of_the_process() {
    let target = Target::new();
    fs::set_permissions(target.path(), Permissions::from_mode(0o777)).unwrap();
    as_user(&[VOLUME], || {
        let mut publisher = target.publisher(KEEP);
        switch(&mut publisher, &[one("a", "1"), one("b", "1").rights(0o440, None, Some(VOLUME))]);
        assert!(publisher.target().check_rights(&[File { gid: Some(VOLUME), ..File::default() }]).is_ok());
        let wrong = [File { path: "c".into(), uid: Some(0), gid: Some(0), ..File::default() }];
        let error = publisher.target().check_rights(&wrong).expect_err("neither can be given");
        assert!(error.to_string().contains("uid 0 needs the capability CHOWN"), "{error}");
        assert!(error.to_string().contains("gid 0 is none of our groups (2000, 65532)"), "{error}");
        // Refused by the kernel too, and undone.
        let error = publish(&mut publisher, &[one("c", "1").rights(0o400, None, Some(0))]);
        assert!(matches!(error, Err(PublishError::Failed { .. })), "{error:?}");
    });
    assert_eq!(owners(&target.at("a")), (USER, GROUP, 0o400));
    assert_eq!(owners(&target.at("b")), (USER, VOLUME, 0o440));
    assert_eq!(target.names(), ["..data", "GENERATION", "a", "b"]);
}

#[test]
#[ignore = "needs root, to give files away"]
fn owners_are_given_where_the_capability_allows() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    let wishes = |text: &str| [one("a", text).rights(0o400, Some(USER), Some(VOLUME)), one("b", "same")];
    switch(&mut publisher, &wishes("1"));
    assert_eq!(owners(&target.at("a")), (USER, VOLUME, 0o400));
    assert_eq!(publish(&mut publisher, &wishes("1")).unwrap(), Outcome::Unchanged);
    switch(&mut publisher, &[one("a", "1").rights(0o400, Some(USER), None), one("b", "same")]);
    assert_eq!(owners(&target.at("a")), (USER, rustix::process::getegid().as_raw(), 0o400));
}

#[test]
#[ignore = "needs root, to become another user"]
fn a_target_of_somebody_else_is_refused_before_anything_is_done() {
    let target = Target::new();
    fs::set_permissions(target.path(), Permissions::from_mode(0o755)).unwrap();
    as_user(&[], || {
        let error = TmpfsDir::open(target.path(), &TargetSettings::default()).expect_err("it is root's");
        assert!(matches!(error, TargetError::NotWritable { uid: USER, .. }), "{error:?}");
        assert!(error.hint().contains("fsGroup"));
    });
}

#[test]
#[ignore = "needs root, to become another user"]
fn what_another_user_published_is_replaced_and_only_its_memory_stays() {
    let target = volume();
    switch(&mut target.publisher(Duration::ZERO), &[one("a", "1").rights(0o444, None, None)]);
    as_user(&[VOLUME], || {
        let mut publisher = target.publisher(Duration::ZERO);
        assert_eq!(publisher.current().unwrap().unwrap().units.len(), 1);
        switch(&mut publisher, &[one("a", "2").rights(0o444, None, None)]);
        thread::sleep(Duration::from_millis(5));
        // Nobody but its owner may remove what is in it: told, and no reason to stop.
        assert!(publisher.sweep().is_err());
        switch(&mut publisher, &[one("a", "3").rights(0o444, None, None)]);
    });
    assert_eq!(target.read("a"), "3");
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    // The umask is the process', and other tests run: what it takes away, a mode of 0777 would show.
    switch(&mut publisher, &[one("a", "1").rights(0o777, None, None), one("b", "1").rights(0o666, None, None)]);
    assert_eq!((target.mode("a"), target.mode("b")), (0o777, 0o666));
}

/// A file system in memory of its own, unmounted on drop.
struct Mounted(TempDir);

impl Mounted {
    fn new(options: &str) -> Self {
        Self::of("tmpfs", options)
    }

    fn of(kind: &str, options: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let mounted = Command::new("mount").args(["-t", kind, "-o", options, kind]).arg(dir.path()).status();
        assert!(mounted.is_ok_and(|status| status.success()), "needs root and mount(8)");
        Self(dir)
    }

    fn publisher(&self) -> Publisher {
        Publisher::new(open(self.0.path()), KEEP).unwrap()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn shortage(error: PublishError) -> String {
    assert!(matches!(error, PublishError::Target(TargetError::Room { .. })), "{error:?}");
    format!("{error}; {}", error.hint())
}

#[test]
#[ignore = "needs root, to mount a tmpfs"]
fn a_target_that_is_too_small_keeps_its_generation() {
    let small = Mounted::new("size=64k");
    let mut publisher = small.publisher();
    let (little, much) = (vec![1; 20_000], vec![2; 60_000]);
    switch(&mut publisher, &[one("a", &little), one("b", "same")]);
    let text = shortage(publish(&mut publisher, &[one("a", &much), one("b", "same")]).expect_err("64k are too small"));
    assert!(text.contains("the file system has 36Ki free: 28Ki are missing; raise the volume's sizeLimit"), "{text}");
    assert!(text.contains("to 92Ki at least; to 156Ki if this is the first generation"), "{text}");
    let seen = visible(small.0.path());
    assert_eq!((&seen["a"], seen.len()), (&little, 2));
    // What is shared takes nothing.
    switch(&mut publisher, &[one("a", &little), one("b", "other")]);
}

#[test]
#[ignore = "needs root, to mount a tmpfs"]
fn a_first_run_without_room_leaves_nothing() {
    let small = Mounted::new("size=16k");
    shortage(publish(&mut small.publisher(), &[one("a", vec![1; 20_000])]).expect_err("16k are too small"));
    assert_eq!(fs::read_dir(small.0.path()).unwrap().count(), 0);
}

#[test]
#[ignore = "needs root, to mount a tmpfs"]
fn inodes_that_run_out_keep_the_generation() {
    let small = Mounted::new("size=1m,nr_inodes=12");
    let mut publisher = small.publisher();
    switch(&mut publisher, &[one("a", "1"), one("b", "1")]);
    let many: Vec<_> = (0..5).map(|number| one(&format!("c{number}"), "1")).collect();
    let text = shortage(publish(&mut publisher, &many).expect_err("12 inodes are too few"));
    assert!(text.contains("mount the tmpfs with nr_inodes="), "{text}");
    assert_eq!(visible(small.0.path()).len(), 2);
}

#[test]
#[ignore = "needs root, to mount a ramfs"]
fn a_ramfs_is_memory_too() {
    let target = Mounted::of("ramfs", "mode=0700");
    let mut publisher = target.publisher();
    switch(&mut publisher, &[one("a", "1"), one("b", "same")]);
    switch(&mut publisher, &[one("a", "2"), one("b", "same")]);
    let seen = visible(target.0.path());
    assert_eq!((&*seen["a"], &*seen["b"], seen.len()), (&b"2"[..], &b"same"[..], 2));
}
