//! Other Regions, which are asked on an outage and on nothing else.

use sealkit_rig::{Effect, FaultRule, Operation};
use serde_json::Value;

use crate::scene::{HERE, Scene, THERE};

const SPEC: &str = "failoverRegions: [eu-west-1]\nsecrets:\n  db: {secret: db}\n  token: {parameter: /token}\n";

fn scene() -> Scene {
    let scene = Scene::of(SPEC);
    scene.aws.secrets().create(THERE, "db", "there");
    for (region, value) in [(HERE, "here"), (THERE, "there")] {
        scene.aws.parameters().put(region, "/token", value);
    }
    scene
}

fn published(scene: &Scene) -> [Vec<u8>; 2] {
    [scene.fetcher.file("db"), scene.fetcher.file("token")]
}

#[test]
fn the_other_region_is_not_asked_without_need() {
    let scene = scene();
    scene.fetcher.init().expect(0);
    assert_eq!(published(&scene), [b"hunter2".to_vec(), b"here".to_vec()]);
    assert!(scene.aws.calls().log().iter().all(|call| call.region == HERE));
}

#[test]
fn an_outage_moves_on() {
    for effect in [Effect::Status(503), Effect::Close, Effect::Silence] {
        let scene = scene();
        scene.aws.inject(FaultRule::new(effect.clone()).in_region(HERE));
        let ended = scene.fetcher.init_with(["--deadline", "20s"]);
        assert_eq!(ended.code(), Some(0), "{effect:?}: {ended}");
        assert_eq!(published(&scene), [b"there".to_vec(), b"there".to_vec()], "{effect:?}");
        let manifest: Value = serde_json::from_slice(&scene.fetcher.file("..data/..manifest.json")).unwrap();
        for unit in ["db/0", "token/0"] {
            let units = manifest["units"].as_array().unwrap();
            let found = units.iter().find(|found| found["unit"] == unit).unwrap();
            assert_eq!(found["files"][0]["origins"][0]["region"], THERE, "{effect:?}: {manifest}");
        }
    }
}

#[test]
fn a_denial_and_an_absence_are_answers() {
    let scene = scene();
    scene.aws.secrets().deny(Operation::GetSecretValue, Some(&scene.arns[0]));
    scene.fetcher.init().expect_failure(4, &["db", HERE]);
    scene.aws.secrets().allow_all();
    scene.aws.secrets().remove(&scene.arns[0]);
    scene.fetcher.init().expect_failure(5, &["db", HERE]);
    assert!(scene.aws.calls().log().iter().all(|call| call.region == HERE));
}

#[test]
fn when_all_regions_are_out_each_is_told() {
    let scene = scene();
    scene.aws.inject(FaultRule::new(Effect::Status(503)));
    scene.fetcher.init_with(["--deadline", "4s"]).expect_failure(6, &["db", HERE, THERE]);
}

#[test]
fn a_sealed_file_stands_in_only_for_an_outage() {
    // The fallback's own story is in `sources`: here it must not hide a denial.
    let spec = "secrets:\n  db: {secret: db, fallback: {sealed: absent.sealed}}\n";
    let scene = Scene::of(spec);
    scene.aws.secrets().deny(Operation::GetSecretValue, Some(&scene.arns[0]));
    scene.fetcher.init().expect_failure(4, &["db"]);
}
