//! The fetcher against moto, for what moto gets right: both services' protocols as somebody else reads them.

use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_secretsmanager::primitives::Blob;
use sealkit_rig::Fetcher;
use sealkit_rig::moto::Moto;

use crate::scene::HERE;

const SPEC: &str = "\
secrets:
  text: {secret: prod/text}
  binary: {secret: prod/binary}
  port: {secret: prod/json, files: [{path: port, key: port}]}
  member: {secret: prod/json, files: [{path: member, jmespath: a.b}]}
  secure: {parameter: /prod/secure}
  second: {parameter: /prod/plain, version: 2}
  tree: {parametersByPath: /prod/tree, files: [{directory: tree}]}
  found: {secretsBy: {namePrefix: prod/}, files: [{directory: found, stripPrefix: prod/}]}
";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Python"]
async fn a_pod_is_served_by_moto() {
    let moto = Moto::start();
    let secrets = aws_sdk_secretsmanager::Client::from_conf(
        aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(HERE))
            .endpoint_url(moto.url())
            .credentials_provider(Credentials::for_tests())
            .build(),
    );
    let parameters = aws_sdk_ssm::Client::from_conf(
        aws_sdk_ssm::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(HERE))
            .endpoint_url(moto.url())
            .credentials_provider(Credentials::for_tests())
            .build(),
    );
    let bytes: Vec<u8> = (0..=255).collect();
    secrets.create_secret().name("prod/text").secret_string("hunter2\n").send().await.unwrap();
    secrets.create_secret().name("prod/binary").secret_binary(Blob::new(bytes.clone())).send().await.unwrap();
    let json = r#"{"port":5432,"a":{"b":"c"}}"#;
    secrets.create_secret().name("prod/json").secret_string(json).send().await.unwrap();
    let put = |name: &str, value: &str, kind| {
        parameters.put_parameter().name(name).value(value).r#type(kind).overwrite(true).send()
    };
    put("/prod/secure", "sesame", aws_sdk_ssm::types::ParameterType::SecureString).await.unwrap();
    for value in ["one", "two", "three"] {
        put("/prod/plain", value, aws_sdk_ssm::types::ParameterType::String).await.unwrap();
    }
    for n in 0..12 {
        put(&format!("/prod/tree/{n:02}"), "leaf", aws_sdk_ssm::types::ParameterType::String).await.unwrap();
    }
    let fetcher = Fetcher::at(&moto.url()).with_spec(SPEC);
    for batch in ["auto", "never"] {
        fetcher.init_with(["--batch", batch]).expect(0);
        let files = fetcher.files();
        assert_eq!((&files["text"], &files["binary"]), (&b"hunter2\n".to_vec(), &bytes));
        assert_eq!((&*files["port"], &*files["member"], &*files["secure"]), (&b"5432"[..], &b"c"[..], &b"sesame"[..]));
        assert_eq!((&*files["second"], &*files["tree/11"]), (&b"two"[..], &b"leaf"[..]));
        assert_eq!(files["found/json"], json.as_bytes());
        assert_eq!(files.len(), 6 + 12 + 3, "{:?}", files.keys());
    }
    let denied = fetcher.with_spec("secrets: {none: {secret: none}, token: {parameter: /none}}");
    denied.init().expect_failure(5, &["none", "token", "ResourceNotFoundException"]);
}
