use std::path::{Path, PathBuf};

use super::*;

fn inputs(names: &[&str], many: bool) -> Collected {
    let items = names.iter().map(|name| match *name {
        "-" => Item { source: Source::Stdin, below: PathBuf::new() },
        name => Item {
            source: Source::Named(name.into()),
            below: Path::new(name).file_name().map(PathBuf::from).unwrap_or_default(),
        },
    });
    Collected { items: items.collect(), many, ..Collected::default() }
}

fn wanted(output: Option<&str>, beside: bool) -> Wanted<'_> {
    Wanted { output: output.map(Path::new), beside }
}

fn targets(names: &[&str], wanted: Wanted<'_>, direction: Direction) -> Result<Vec<Target>, String> {
    let jobs = assign(&inputs(names, names.len() > 1), wanted, direction).map_err(|error| error.message)?;
    Ok(jobs.into_iter().map(|job| job.target).collect())
}

fn path(name: &str) -> Target {
    Target::Path(name.into())
}

#[test]
fn encrypting_writes_beside() {
    assert_eq!(targets(&["d/x"], wanted(None, false), Direction::Encrypt), Ok(vec![path("d/x.sealed")]));
    assert_eq!(targets(&["-"], wanted(None, false), Direction::Encrypt), Ok(vec![Target::Stdout]));
    assert!(targets(&["x.sealed"], wanted(None, false), Direction::Encrypt).is_err());
    assert_eq!(targets(&["x.sealed"], wanted(Some("y"), false), Direction::Encrypt), Ok(vec![path("y")]));
}

#[test]
fn decrypting_one_writes_to_standard_output() {
    assert_eq!(targets(&["x.sealed"], wanted(None, false), Direction::Decrypt), Ok(vec![Target::Stdout]));
    assert_eq!(targets(&["d/x.sealed"], wanted(None, true), Direction::Decrypt), Ok(vec![path("d/x")]));
    assert!(targets(&["x"], wanted(None, true), Direction::Decrypt).is_err());
    assert!(targets(&["-"], wanted(None, true), Direction::Decrypt).is_err());
}

#[test]
fn output_is_a_file_for_one_and_a_directory_for_several() {
    for (direction, from, to) in
        [(Direction::Encrypt, "d/x", "out/x.sealed"), (Direction::Decrypt, "d/x.sealed", "out/x")]
    {
        assert_eq!(targets(&[from], wanted(Some("out"), false), direction), Ok(vec![path("out")]));
        assert_eq!(
            targets(&[from, "d/y"], wanted(Some("out"), false), direction).map(|all| all[0].clone()),
            Ok(path(to))
        );
        assert!(targets(&[from], wanted(Some("/"), false), direction).is_err());
        assert_eq!(targets(&[from], wanted(Some("-"), false), direction), Ok(vec![Target::Stdout]));
        assert!(targets(&[from, "y"], wanted(Some("-"), false), direction).is_err());
    }
}

#[test]
fn several_never_share_a_target() {
    assert!(targets(&["a/x", "b/x"], wanted(Some("out"), false), Direction::Encrypt).is_err());
    assert!(targets(&["a.sealed", "b.sealed"], wanted(None, false), Direction::Decrypt).is_err());
}
