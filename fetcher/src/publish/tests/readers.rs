//! Readers while generations are switched under them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use sealkit_rig::SetOnDrop;

use super::rig::{Target, kept, of, one, publish, switch};

/// Long enough for a reader that is not held up, short enough that thousands of generations don't pile up.
const KEEP: Duration = Duration::from_millis(300);

/// Files of one version, which all hold its number: one is always there, one is in a directory, and of three others
/// each version has one.
fn version(number: usize) -> [super::rig::Wish; 3] {
    let text = number.to_string();
    let text = text.as_bytes();
    let name = format!("sometimes-{}", number % 3);
    [one("always", text), of("pair", &[("pair/one", text), ("pair/two", text)]), of("sometimes", &[(&name, text)])]
}

/// The protocol: open `..data`, open everything below it relative to that handle, start again on ENOENT.
fn by_protocol(target: &Path) -> io::Result<Vec<String>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let generation: OwnedFd = rustix::fs::open(target.join("..data"), flags, Mode::empty())?;
    let mut found = Vec::new();
    for path in ["always", "pair/one", "pair/two"] {
        let file = rustix::fs::openat(&generation, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let mut text = String::new();
        File::from(file).read_to_string(&mut text)?;
        found.push(text);
    }
    Ok(found)
}

#[test]
fn no_reader_sees_a_mix_nor_a_dangling_link_over_1_000_switches() {
    read_while_switching(1_000);
}

#[test]
#[ignore = "takes half a minute and more"]
fn no_reader_sees_a_mix_nor_a_dangling_link_over_10_000_switches() {
    read_while_switching(10_000);
}

fn read_while_switching(switches: usize) {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    switch(&mut publisher, &version(0));
    let done = AtomicBool::new(false);
    let started = Instant::now();
    let (reads, looks) = thread::scope(|scope| {
        let readers: Vec<_> = (0..2).map(|_| scope.spawn(|| read_until(target.path(), &done))).collect();
        let watcher = scope.spawn(|| watch_until(target.path(), &done));
        let ends = SetOnDrop(&done);
        for number in 1..=switches {
            switch(&mut publisher, &version(number));
        }
        drop(ends);
        let reads: usize = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        (reads, watcher.join().unwrap())
    });
    println!("{switches} switches in {:?}: {reads} reads of one version each, {looks} links whole", started.elapsed());
    assert!(reads > 100 && looks > 100, "{reads} reads, {looks} looks");
    assert_eq!(target.read("always"), switches.to_string());
}

/// Reads until `done`, and gives how often.
fn read_until(target: &Path, done: &AtomicBool) -> usize {
    let (mut reads, mut last) = (0, 0);
    while !done.load(Ordering::Relaxed) {
        match by_protocol(target) {
            Ok(found) => {
                assert!(found.iter().all(|text| *text == found[0]), "a mix: {found:?}");
                let number: usize = found[0].parse().expect("files are complete");
                assert!(number >= last, "{number} after {last}");
                last = number;
                reads += 1;
            }
            // Held up for longer than a generation is kept: the protocol says to start again.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => panic!("{error}"),
        }
    }
    reads
}

/// Follows all visible links until `done`, and gives how often.
fn watch_until(target: &Path, done: &AtomicBool) -> usize {
    let mut looks = 0;
    while !done.load(Ordering::Relaxed) {
        for entry in fs::read_dir(target).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_str().unwrap().starts_with("..") {
                continue;
            }
            let Ok(before) = fs::symlink_metadata(&path) else { continue };
            let asked = Instant::now();
            let followed = fs::metadata(&path);
            let took = asked.elapsed();
            // Only a link that was there all the time counts, and a look that no sweep can have overtaken.
            let same = fs::symlink_metadata(&path).is_ok_and(|after| after.ino() == before.ino());
            if same && took < KEEP / 3 {
                followed.unwrap_or_else(|error| panic!("{} dangles: {error}", path.display()));
                looks += 1;
            }
        }
    }
    looks
}

#[test]
fn one_file_is_whole_by_its_visible_path() {
    let target = Target::new();
    let mut publisher = target.publisher(KEEP);
    // Larger than one write, and of one letter each: a torn file would hold two.
    let bytes = |number: usize| vec![b'a' + u8::try_from(number % 26).unwrap(); 100_000];
    switch(&mut publisher, &[one("file", bytes(0))]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let read = fs::read(target.at("file")).expect("it is always there");
                assert_eq!(read.len(), 100_000);
                assert!(read.iter().all(|byte| *byte == read[0]));
            }
        });
        let ends = SetOnDrop(&done);
        for number in 1..300 {
            switch(&mut publisher, &[one("file", bytes(number))]);
        }
        drop(ends);
        reader.join().unwrap();
    });
}

#[test]
fn an_open_generation_can_be_read_to_its_end_after_a_switch() {
    let target = Target::new();
    let mut publisher = target.publisher(Duration::from_secs(30));
    switch(&mut publisher, &version(1));
    let generation = fs::canonicalize(target.at("..data")).unwrap();
    switch(&mut publisher, &version(2));
    switch(&mut publisher, &version(3));
    publisher.sweep().unwrap();
    assert_eq!(fs::read_to_string(generation.join("pair/two")).unwrap(), "1");
}

#[test]
fn time_of_500_files() {
    let target = Target::new();
    let mut publisher = target.publisher(Duration::from_secs(30));
    let wishes = |changed: &str| -> Vec<_> {
        let bytes = |number: usize| format!("{:01024}", number).into_bytes();
        let mut wishes: Vec<_> = (0..500).map(|number| one(&format!("secret-{number}"), bytes(number))).collect();
        wishes[7] = one("secret-7", changed);
        wishes
    };
    let mut times = BTreeMap::new();
    for (step, wishes) in [
        ("1 first", wishes("a")),
        ("2 unchanged", wishes("a")),
        ("3 one changed", wishes("b")),
        (
            "4 all but one kept",
            (0..500).map(|n| if n == 7 { one("secret-7", "c") } else { kept(&format!("secret-{n}")) }).collect(),
        ),
    ] {
        let started = Instant::now();
        publish(&mut publisher, &wishes).unwrap();
        times.insert(step, started.elapsed());
    }
    println!("500 files of 1 KiB: {times:?}");
}
