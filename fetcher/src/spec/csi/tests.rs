#![expect(clippy::unwrap_used, reason = "a test that gets nothing fails there")]

use super::parameters;
use crate::spec::{Destination, Form, Object, Select};

#[test]
fn a_block_of_objects_is_read_with_its_places() {
    let text = "\
region: eu-west-1
failoverRegion: eu-central-1
usePodIdentity: \"true\"
objects: |
    - objectName: prod/db
      objectType: secretsmanager
      objectAlias: db
      objectVersion: 3
      jmesPath:
        - path: password
          objectAlias: db-password
          filePermission: \"0440\"
    - objectName: /prod/token
      objectType: ssmparameter
";
    let spec = parameters("p.yaml", text).unwrap();
    assert_eq!(spec.form, Form::CsiParameters);
    assert_eq!(spec.place.region.as_deref(), Some("eu-west-1"));
    assert_eq!(spec.place.failover_regions, ["eu-central-1"]);
    assert_eq!(spec.place.pod_identity, Some(true));
    let [db, token] = &spec.entries[..] else { panic!("two entries") };
    assert_eq!((db.label.as_str(), db.at.unwrap().to_string()), ("db", "5:5".to_owned()));
    let Object::Secret(secret) = &db.object else { panic!("a secret") };
    assert_eq!((secret.id.as_str(), secret.version_id.as_deref()), ("prod/db", Some("3")));
    assert_eq!(db.outputs.len(), 2);
    assert_eq!(db.outputs[1].select, Select::JmesPath("password".to_owned()));
    let Destination::File(file) = &db.outputs[1].to else { panic!("a file") };
    assert_eq!((file.path.as_str(), file.mode), ("db-password", Some(0o440)));
    let Destination::File(file) = &token.outputs[0].to else { panic!("a file") };
    assert_eq!((file.path.as_str(), file.mode), ("_prod_token", None));
}
