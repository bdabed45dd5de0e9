#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

fn tree() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("sub/deep")).unwrap();
    for name in ["b", "a", "a.sealed", "sub/deep/c", "sealctl.toml"] {
        fs::write(dir.path().join(name), name).unwrap();
    }
    symlink("a", dir.path().join("link")).unwrap();
    symlink(".", dir.path().join("loop")).unwrap();
    dir
}

fn below(all: &Collected) -> Vec<&str> {
    all.items.iter().map(|item| item.below.to_str().unwrap()).collect()
}

#[test]
fn a_tree_is_listed_by_name_without_links_and_sealed_files() {
    let dir = tree();
    let all = collect(&[dir.path().into()], Direction::Encrypt, None, false).unwrap();
    assert_eq!(below(&all), ["a", "b", "sub/deep/c"]);
    assert_eq!(all.left_out, LeftOut { links: 2, special: 0, by_name: 1 });
    assert!(all.many);
    let all = collect(&[dir.path().into()], Direction::Decrypt, None, false).unwrap();
    assert_eq!(below(&all), ["a.sealed"]);
}

#[test]
fn several_inputs_keep_their_names() {
    let dir = tree();
    let typed = [dir.path().join("sub"), dir.path().join("a"), dir.path().join("a.sealed"), dir.path().join("missing")];
    let all = collect(&typed, Direction::Encrypt, None, false).unwrap();
    assert_eq!(below(&all), ["sub/deep/c", "a", "missing"]);
    assert_eq!(all.left_out.by_name, 1);
}

#[test]
fn the_target_is_not_walked_into() {
    let dir = tree();
    let all = collect(&[dir.path().into()], Direction::Encrypt, Some(&dir.path().join("sub")), false).unwrap();
    assert_eq!(below(&all), ["a", "b"]);
}

#[test]
fn standard_input_stands_alone() {
    let all = collect(&[], Direction::Encrypt, None, false).unwrap();
    assert_eq!(all.items[0].source, Source::Stdin);
    assert!(!all.many);
    assert!(collect(&[], Direction::Encrypt, None, true).is_err());
    assert!(collect(&["-".into()], Direction::Encrypt, None, true).is_ok());
    assert!(collect(&["-".into(), "x".into()], Direction::Encrypt, None, false).is_err());
}
