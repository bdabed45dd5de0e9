//! What the memory for secrets promises, seen from outside where that is possible: by the kernel's own account of a
//! mapping, and by reading freed memory through `/proc/self/mem`, which is no access of Rust's.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::thread;

use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use super::{DataKey, Locked, MemoryLock, Plaintext, SecretKey, memory_lock, pool};

pub(crate) fn memory_at(address: usize, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    File::open("/proc/self/mem").unwrap().read_exact_at(&mut bytes, address as u64).unwrap();
    bytes
}

/// The kernel's flags of the mapping that contains `address`: `dd` is kept out of dumps, `lo` is locked.
fn mapping_flags(address: usize) -> Vec<String> {
    let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut inside = false;
    for line in smaps.lines() {
        let range = line.split_once(' ').and_then(|(range, _)| range.split_once('-'));
        let range = range
            .and_then(|(from, to)| Some(usize::from_str_radix(from, 16).ok()?..usize::from_str_radix(to, 16).ok()?));
        if let Some(range) = range {
            inside = range.contains(&address);
        } else if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| inside) {
            return flags.split_whitespace().map(str::to_owned).collect();
        }
    }
    panic!("no mapping contains the address");
}

#[test]
fn a_key_lies_on_a_locked_page_outside_dumps() {
    let key = DataKey::zeroed();
    let flags = mapping_flags(key.expose_secret().as_ptr().addr());
    assert!(flags.contains(&"dd".to_owned()), "{flags:?}");
    assert_eq!(flags.contains(&"lo".to_owned()), memory_lock() == MemoryLock::Held, "{flags:?}");
}

#[test]
fn plaintext_lies_outside_dumps_and_is_not_locked() {
    let frame = Plaintext::from_slice(b"canary");
    let flags = mapping_flags(frame.expose_secret().as_ptr().addr());
    assert!(flags.contains(&"dd".to_owned()), "{flags:?}");
    assert!(!flags.contains(&"lo".to_owned()), "{flags:?}");
}

#[test]
fn a_dropped_key_is_zeroed() {
    // 4 KiB hold 64 slots: of 130 keys at least one other lies on the same page as the first and keeps it mapped.
    let neighbours: Vec<_> = (0..130).map(|_| DataKey::zeroed()).collect();
    let key = DataKey::from_slice(&[0xa5; 32]).unwrap();
    let page_of = |key: &DataKey| key.expose_secret().as_ptr().addr() / 4096;
    let address = key.expose_secret().as_ptr().addr();
    assert_eq!(memory_at(address, 32), [0xa5; 32], "the positive control");
    let kept = neighbours.iter().any(|neighbour| page_of(neighbour) == page_of(&key));
    drop(key);
    if kept {
        // Another test may have taken the slot meanwhile; none uses this pattern.
        assert_ne!(memory_at(address, 32), [0xa5; 32]);
    }
}

#[test]
fn a_locked_value_is_dropped_and_its_memory_zeroed() {
    struct Noisy<'a>(&'a mut u32, [u8; 64]);
    impl Drop for Noisy<'_> {
        fn drop(&mut self) {
            *self.0 += 1;
        }
    }
    let mut dropped = 0;
    let neighbour = Locked::new(|| 1_u8);
    let value = Locked::new(|| Noisy(&mut dropped, [0x5a; 64]));
    let (address, other) = (value.1.as_ptr().addr(), std::ptr::from_ref(&*neighbour).addr());
    assert_eq!(memory_at(address, 64), [0x5a; 64], "the positive control");
    drop(value);
    if address / 4096 == other / 4096 {
        assert_ne!(memory_at(address, 64), [0x5a; 64]);
    }
    assert_eq!((dropped, *neighbour), (1, 1));
}

#[test]
fn a_key_has_its_length_or_is_none() {
    assert!(SecretKey::<48>::from_slice(&[1; 48]).is_some());
    assert!(SecretKey::<48>::from_slice(&[1; 47]).is_none());
    let mut key = SecretKey::<64>::from_slice(&[9; 64]).unwrap();
    let copy = key.duplicate();
    key.expose_secret_mut()[0] = 0;
    assert_eq!(copy.expose_secret(), &[9; 64]);
}

#[test]
fn keys_of_many_threads_never_share_a_slot() {
    thread::scope(|scope| {
        for id in 0..8_u8 {
            scope.spawn(move || {
                for round in 0..200_u8 {
                    let marks = [id, round];
                    let keys: Vec<_> = (0..usize::from(round % 90))
                        .map(|_| {
                            let mut key = SecretKey::<2>::zeroed();
                            assert_eq!(key.expose_secret(), &[0; 2], "a slot is zeroed before it is given out");
                            *key.expose_secret_mut() = marks;
                            key
                        })
                        .collect();
                    assert!(keys.iter().all(|key| key.expose_secret() == &marks));
                }
            });
        }
    });
}

#[test]
fn buffers_of_many_threads_begin_as_zeros_and_never_overlap() {
    thread::scope(|scope| {
        for id in 1..=8_u8 {
            scope.spawn(move || {
                for round in 0..200 {
                    let mut frame = Plaintext::zeroed(1000 + 517 * (round % 13));
                    assert!(frame.expose_secret().iter().all(|&byte| byte == 0));
                    frame.expose_secret_mut().fill(id);
                    thread::yield_now();
                    assert!(frame.expose_secret().iter().all(|&byte| byte == id));
                }
            });
        }
    });
}

#[test]
fn what_is_cut_off_comes_back_as_zeros() {
    let mut frame = Plaintext::from_slice(b"attack at dawn");
    frame.truncate(20);
    frame.truncate(6);
    frame.resize_within_capacity(14);
    assert_eq!(frame.expose_secret(), b"attack\0\0\0\0\0\0\0\0");
    assert_eq!(frame.len(), 14);
}

#[test]
fn an_empty_buffer_is_usable() {
    let mut empty = Plaintext::with_capacity(0);
    assert!(empty.is_empty() && empty.capacity() == 0 && empty.expose_secret_mut().is_empty());
    empty.truncate(0);
    empty.resize_within_capacity(0);
}

#[test]
#[should_panic(expected = "does not grow")]
fn a_buffer_does_not_grow() {
    let mut frame = Plaintext::with_capacity(1);
    let beyond = frame.capacity() + 1;
    frame.resize_within_capacity(beyond);
}

#[test]
fn the_pool_is_bounded() {
    let buffers: Vec<_> = (0..20).map(|_| Plaintext::zeroed(1 << 20)).collect();
    drop(buffers);
    drop(Plaintext::zeroed(64 << 20));
    assert!(pool::retained() <= 8 << 20, "{}", pool::retained());
}

/// Set in the process that [`a_refused_lock_is_recorded_and_keys_still_work`] starts.
const MAY_NOT_LOCK: &str = "SEALKIT_TEST_MAY_NOT_LOCK";

#[test]
fn a_refused_lock_is_recorded_and_keys_still_work() {
    // The limit and its record are the whole process', so the test runs itself again in one of its own.
    if std::env::var_os(MAY_NOT_LOCK).is_some() {
        return meet_a_refusal();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "secret::tests::a_refused_lock_is_recorded_and_keys_still_work"])
        .env(MAY_NOT_LOCK, "1")
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && stdout.contains("1 passed"), "{stdout}");
}

fn meet_a_refusal() {
    assert_eq!(memory_lock(), MemoryLock::Unused);
    setrlimit(Resource::Memlock, Rlimit { current: Some(0), maximum: Some(0) }).unwrap();
    // Root may lock beyond any limit.
    let mut held = capabilities(None).unwrap();
    held.effective.remove(CapabilitySet::IPC_LOCK);
    held.permitted.remove(CapabilitySet::IPC_LOCK);
    held.inheritable.remove(CapabilitySet::IPC_LOCK);
    set_capabilities(None, held).unwrap();
    let key = DataKey::from_slice(&[3; 32]).unwrap();
    assert_eq!(key.expose_secret(), &[3; 32]);
    assert_eq!(memory_lock(), MemoryLock::Refused { limit_bytes: 0 });
}
