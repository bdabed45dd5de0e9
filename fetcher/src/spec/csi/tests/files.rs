//! Names and modes of files.

use super::{mistakes, spec};
use crate::spec::{Destination, Select, Spec};

/// `path mode`, and the expression where there is one.
fn files(spec: &Spec) -> Vec<String> {
    let outputs = spec.entries.iter().flat_map(|entry| &entry.outputs);
    outputs
        .map(|output| {
            let Destination::File(file) = &output.to else { panic!("a file") };
            assert_eq!((file.uid, file.gid, output.decode), (None, None, None));
            let mode = file.mode.map_or("default".to_owned(), |mode| format!("{mode:04o}"));
            match &output.select {
                Select::Whole => format!("{} {mode}", file.path),
                Select::JmesPath(path) => format!("{} {mode} {path}", file.path),
                _ => panic!("the whole value, or an expression"),
            }
        })
        .collect()
}

#[test]
fn slashes_are_translated_in_names_and_aliases() {
    let objects = "
- {objectName: mypath/TestSecret1, objectType: secretsmanager}
- {objectName: /a/b, objectType: ssmparameter}
- {objectName: c, objectType: ssmparameter, objectAlias: //x/y, jmesPath: [{path: p, objectAlias: /u/v}]}";
    for (translation, paths) in [
        (None, ["mypath_TestSecret1", "_a_b", "__x_y", "_u_v"]),
        (Some("''"), ["mypath_TestSecret1", "_a_b", "__x_y", "_u_v"]),
        (Some("'_'"), ["mypath_TestSecret1", "_a_b", "__x_y", "_u_v"]),
        (Some("'-'"), ["mypath-TestSecret1", "-a-b", "--x-y", "-u-v"]),
        (Some("'False'"), ["mypath/TestSecret1", "a/b", "x/y", "u/v"]),
        (Some("'fALSE'"), ["mypath/TestSecret1", "a/b", "x/y", "u/v"]),
    ] {
        let parameter = translation.map(|translation| format!("pathTranslation: {translation}"));
        let spec = spec(&parameter.iter().map(String::as_str).collect::<Vec<_>>(), objects);
        let read: Vec<_> =
            files(&spec).iter().map(|file| file.split(' ').next().unwrap_or_default().to_owned()).collect();
        assert_eq!(read, paths, "{translation:?}");
    }
    for translation in ["--", "é", "none"] {
        let text = "pathTranslation must be either 'False' or a single character string";
        assert_eq!(mistakes(&[&format!("pathTranslation: '{translation}'")], objects), [text]);
    }
}

#[test]
fn no_path_leaves_the_directory() {
    let arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:";
    for name in ["/../pathTest-abc123", "mypath/../../pathTest-abc123", "mypath/.."] {
        let name = format!("{arn}{name}");
        let objects = format!("- objectName: '{name}'");
        assert_eq!(mistakes(&["pathTranslation: 'False'"], &objects), [format!("path can not contain ../: {name}")]);
        assert_eq!(spec(&[], &objects).entries.len(), 1, "translated: {name}");
    }
    for name in ["../mypath", "mypath/../../param", "mypath/.."] {
        for object_type in ["secretsmanager", "ssmparameter"] {
            let objects = format!("- {{objectName: {name}, objectType: {object_type}}}");
            assert_eq!(
                mistakes(&["pathTranslation: 'False'"], &objects),
                [format!("path can not contain ../: {name}")]
            );
        }
    }
    for name in ["/..pathTest-abc123", "..pathTest-abc123", "mypath../pathTest-abc123", "mypath.."] {
        let objects = format!("- objectName: '{arn}{name}'\n- {{objectName: '{name}', objectType: ssmparameter}}");
        assert_eq!(spec(&["pathTranslation: 'False'"], &objects).entries.len(), 2, "{name}");
    }
    // The provider finds those of aliases in `jmesPath` when it writes.
    let objects = "- {objectName: a, objectType: ssmparameter, jmesPath: [{path: p, objectAlias: ../x}]}";
    assert_eq!(mistakes(&["pathTranslation: 'False'"], objects), ["path can not contain ../: ../x"]);
}

#[test]
fn the_whole_value_is_there_beside_its_extracts() {
    let spec = spec(
        &[],
        "
- objectName: TestSecret1
  objectType: secretsmanager
  filePermission: \"0600\"
  jmesPath:
  - {path: username, objectAlias: username}
  - {path: 'to_string(port)', objectAlias: port, filePermission: '0777'}
- {objectName: TestParm1, objectType: ssmparameter, jmesPath: [{path: a.b, objectAlias: ab}]}
- {objectName: x, objectType: ssmparameter, jmesPath: [], filePermission: '', objectAlias: ''}",
    );
    assert_eq!(
        files(&spec),
        [
            "TestSecret1 0600",
            "username 0600 username",
            "port 0777 to_string(port)",
            "TestParm1 default",
            "ab default a.b",
            "x default",
        ]
    );
}

#[test]
fn modes_are_four_octal_digits() {
    let hint = "; write four octal digits in quotes, such as \"0440\"";
    for (mode, text, hint) in [
        ("'0900'", "0900", hint),
        ("abc9", "abc9", hint),
        ("'000'", "000", hint),
        ("'00000'", "00000", hint),
        ("a987", "a987", hint),
        // YAML 1.1 reads an unquoted one as the octal number it is, and the provider gets it in decimal.
        ("0600", "384", "; without quotes 0600 is read as the number 384: write \"0600\""),
        ("0440", "288", "; without quotes 0440 is read as the number 288: write \"0440\""),
        ("0o600", "384", "; without quotes 0600 is read as the number 384: write \"0600\""),
        // The provider takes it, and the file has 0644.
        ("'4644'", "4644", "; bits beyond 0777 are not set for secrets"),
        ("1755", "1755", "; bits beyond 0777 are not set for secrets"),
    ] {
        let expected = format!("Invalid File Permission: {text}{hint}");
        let objects = format!("- {{objectName: a, objectType: ssmparameter, filePermission: {mode}}}");
        assert_eq!(mistakes(&[], &objects), std::slice::from_ref(&expected), "{mode}");
        let objects = format!(
            "- {{objectName: a, objectType: ssmparameter, jmesPath: [{{path: p, objectAlias: u, filePermission: {mode}}}]}}"
        );
        assert_eq!(mistakes(&[], &objects), [expected], "{mode}");
    }
}
