#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::plan::testing::{entry, file, plan, secret, spec};
use crate::spec::{Entry, File, Form, Output};

fn of_files(paths: &[&str]) -> Result<Plan, String> {
    let mut spec = spec(Form::Native);
    let entries = paths.iter().enumerate().map(|(index, path)| Entry {
        outputs: vec![file(path)],
        ..entry(&format!("e{index}"), secret(&format!("s{index}")))
    });
    spec.entries = entries.collect();
    plan(spec).map_err(|errors| errors.to_string())
}

#[test]
fn hostile_names_are_refused() {
    for (path, flaw) in [
        ("", "empty part"),
        ("/etc/passwd", "absolute"),
        ("a//b", "empty part"),
        ("a/", "empty part"),
        ("..", "`..`"),
        ("a/../b", "`..`"),
        ("./a", "`.`"),
        ("..data", "kept for generations"),
        ("a/..2026", "kept for generations"),
        ("a\0b", "control"),
        ("a\nb", "control"),
        ("a\u{85}b", "control"),
        (&"x".repeat(256), "255 bytes"),
        (&["x"; 2050].join("/"), "4096 bytes"),
    ] {
        let told = of_files(&[path]).unwrap_err();
        assert!(told.contains(flaw) && !told.contains('\0'), "{path:?}: {told}");
    }
    for path in [".hidden", "a/.b", "a..b", "ä/ö", &"x".repeat(255)] {
        assert!(of_files(&[path]).is_ok(), "{path:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let told = of_files(&["a", "a", "b", "b/c", "d/e", "d", "../x"]).unwrap_err();
    assert_eq!(
        told,
        "spec.yaml: the file `a` is made twice, by `e0` and by `e1`\n\
         spec.yaml: `b/c` of `e3` would be below `b`, which is a file of `e2`\n\
         spec.yaml: `d` is a file of `e5`, so `d/e` of `e4` can't be below it\n\
         spec.yaml: the file `../x` has a part `.` or `..`"
    );
}

#[test]
fn a_sibling_that_sorts_between_is_no_child() {
    // `-` and `.` sort before `/`.
    assert!(of_files(&["a-b", "a.b", "a"]).is_ok());
    assert!(of_files(&["a/b", "a-b", "a"]).is_err());
}

#[test]
fn a_variable_is_a_file_too() {
    let mut spec = spec(Form::Native);
    let mut one = entry("one", secret("s"));
    one.outputs[0].to = Destination::Variable("TOKEN".to_owned());
    let mut two = entry("TOKEN", secret("t"));
    two.outputs.push(Output { to: Destination::Variable("1A=B".to_owned()), ..file("x") });
    spec.entries = vec![one, two];
    let told = plan(spec).unwrap_err().to_string();
    assert!(told.contains("`TOKEN` is made twice") && told.contains("`1A=B` can't name a variable"), "{told}");
}

fn dynamic(directories: &[&str], files: &[&str]) -> Plan {
    let mut spec = spec(Form::Native);
    for (index, directory) in directories.iter().enumerate() {
        let mut entry = entry(&format!("d{index}"), secret(&format!("d{index}")));
        let directory = File { path: (*directory).to_owned(), ..File::default() };
        entry.outputs[0].to = Destination::Files { directory, strip_prefix: None };
        spec.entries.push(entry);
    }
    spec.entries.extend(files.iter().map(|path| Entry { outputs: vec![file(path)], ..entry(path, secret(path)) }));
    plan(spec).unwrap()
}

fn made(path: &str) -> MadeTo {
    MadeTo::File(File { path: path.to_owned(), ..File::default() })
}

#[test]
fn names_from_content_collide_with_known_ones_and_each_other() {
    let plan = dynamic(&["app", ""], &["app/known", "token"]);
    let (a, b, c, d) = (made("app/known"), made("app/b"), made("token"), made("app/b"));
    let variable = MadeTo::Variable("LD PRELOAD".to_owned());
    let found = [("d0", &a), ("d0", &b), ("d1", &c), ("d1", &d), ("d1", &variable)];
    let told: Vec<_> = check_found(&plan, &found).iter().map(ToString::to_string).collect();
    let hint = "; rename it where it is kept, or give it a directory of its own";
    assert_eq!(
        told,
        [
            format!("d0: the file `app/known` is made twice, by `app/known` and by `d0`{hint}"),
            format!("d1: the file `token` is made twice, by `token` and by `d1`{hint}"),
            format!("d1: the file `app/b` is made twice, by `d0` and by `d1`{hint}"),
            format!("d1: the name `LD PRELOAD` from its content can't name a variable{hint}"),
        ]
    );
    assert!(check_found(&plan, &[("d0", &b), ("d1", &made("other"))]).is_empty());
}

#[test]
fn a_directory_is_no_file() {
    let mut spec = spec(Form::Native);
    let mut entry = entry("d", secret("d"));
    entry.outputs[0].to =
        Destination::Files { directory: File { path: "app".to_owned(), ..File::default() }, strip_prefix: None };
    entry.outputs.push(file("app"));
    spec.entries = vec![entry];
    let told = plan(spec).unwrap_err().to_string();
    assert!(told.contains("`app` is a file and a directory"), "{told}");
}

#[test]
fn a_name_from_content_is_one_part() {
    assert_eq!(of_content("prod/app/token", Some("prod/")).as_deref(), Ok("app_token"));
    assert_eq!(of_content("/prod/app", None).as_deref(), Ok("prod_app"));
    assert_eq!(of_content("prod/", Some("prod/")), Err(NameFlaw::Empty));
    assert_eq!(of_content("../x", None), Err(NameFlaw::Reserved));
    assert_eq!(of_content("..", None), Err(NameFlaw::Dots));
    assert_eq!(of_content("a\u{7}", None), Err(NameFlaw::Control));
}

proptest! {
    /// What is allowed can be made below a directory by the system's rules, never leaves it, and never is a generation.
    #[test]
    fn an_allowed_path_stays_below(path in "[a./\\PC]{0,24}") {
        prop_assume!(check_path(&path).is_ok());
        let parts: Vec<_> = std::path::Path::new(&path).components().collect();
        prop_assert!(parts.iter().all(|part| matches!(part, std::path::Component::Normal(_))));
        prop_assert_eq!(parts.len(), path.split('/').count());
        prop_assert!(!path.split('/').any(|part| part.starts_with("..")));
    }

    /// Claims agree with the rule said plainly: no two equal, none below another.
    #[test]
    fn files_never_clash_unseen(paths in prop::collection::vec("[ab.-]{1,2}(/[ab-]{1,2}){0,2}", 1..8)) {
        let mut claims = Claims::default();
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        for path in &paths {
            let inside = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
            let clashes = taken.iter().any(|other| *other == path || inside(path, other) || inside(other, path));
            prop_assert_eq!(claims.file(path, ()).is_err(), clashes, "{:?} among {:?}", path, taken);
            if !clashes {
                taken.insert(path);
            }
        }
    }
}
