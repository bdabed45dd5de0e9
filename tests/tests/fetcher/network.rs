//! TLS with an authority of one's own, and Regions and partitions that ARNs name.

use sealkit_rig::{AwsDouble, Fetcher, Parameters, TlsFault};

use crate::scene::{HERE, Scene, THERE};

#[test]
fn an_authority_of_ones_own_is_trusted_and_no_other() {
    let aws = AwsDouble::start_tls();
    aws.secrets().create(HERE, "db", "hunter2");
    let fetcher = Fetcher::new(&aws).with_spec("secrets: {db: {secret: db}}");
    fetcher.init_with(["--deadline", "3s"]).expect_failure(6, &["db", "certificate"]);
    let bundle = fetcher.path("ca.pem");
    aws.write_ca_bundle(&bundle).unwrap();
    let fetcher = fetcher.with_variable("AWS_CA_BUNDLE", bundle.to_str().unwrap());
    fetcher.init().expect(0);
    assert_eq!(fetcher.file("db"), b"hunter2");
    for fault in [TlsFault::UnknownIssuer, TlsFault::WrongName, TlsFault::Expired, TlsFault::Close] {
        aws.set_tls_fault(Some(fault));
        let ended = fetcher.init_with(["--deadline", "2s"]);
        assert_ne!(ended.code(), Some(0), "{fault:?}: {ended}");
    }
}

#[test]
fn an_object_is_asked_for_where_its_arn_says() {
    let scene = Scene::of("");
    let there = scene.aws.secrets().create(THERE, "db", "there");
    scene.aws.parameters().put(THERE, "/token", "t");
    let parameter = Parameters::arn(THERE, "/token");
    scene.fetcher.write(
        "spec.yaml",
        format!("secrets:\n  here: {{secret: db}}\n  there: {{secret: \"{there}\"}}\n  token: {{parameter: \"{parameter}\"}}\n"),
    );
    scene.fetcher.init().expect(0);
    let files = scene.fetcher.files();
    assert_eq!([&*files["here"], &*files["there"], &*files["token"]], [&b"hunter2"[..], b"there", b"t"]);
}

#[test]
fn government_and_china_have_partitions_of_their_own() {
    for region in ["us-gov-west-1", "cn-north-1"] {
        let scene = Scene::of("");
        let arn = scene.aws.secrets().create(region, "db", "far");
        scene.aws.parameters().put(region, "/token", "t");
        let parameter = Parameters::arn(region, "/token");
        assert!(arn.starts_with("arn:aws-"), "{arn}");
        let spec = format!(
            "secrets:\n  db: {{secret: \"{arn}\"}}\n  token: {{parameter: \"{parameter}\"}}\n  named: {{secret: db}}\n"
        );
        scene.fetcher.write("spec.yaml", spec);
        scene.fetcher.init_with(["--region", region]).expect(0);
        assert_eq!(scene.fetcher.file("db"), b"far");
        assert_eq!(scene.fetcher.files().len(), 3);
        assert!(scene.aws.calls().log().iter().all(|call| call.region == region));
    }
}
