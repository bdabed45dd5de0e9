//! Secrets by prefix and tag, parameters by path.

use std::collections::BTreeMap;

use sealkit_host::audit::Failure as Class;
use sealkit_rig::aws_double::operation::Operation;
use sealkit_rig::aws_double::pages::Pages;
use sealkit_rig::aws_double::secrets::NewSecret;

use crate::rig::{REGION, Rig, expect_parts, failure, plan, story, texts, within};

fn tagged(rig: &Rig, name: &str, tags: &[(&str, &str)]) -> String {
    let tags: BTreeMap<_, _> = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    rig.aws.secrets().create_with(REGION, name, "canary", NewSecret { tags, ..NewSecret::default() })
}

const TEAM: &str =
    "secrets:\n  t:\n    secretsBy: {namePrefix: prod/, tags: {team: blue}}\n    files: [{directory: t}]\n";

#[test]
fn tags_are_pairs_and_prefixes_are_exact() {
    story(async || {
        let rig = Rig::new();
        for n in 0..25 {
            tagged(&rig, &format!("prod/{n:02}"), &[("team", "blue"), ("x", "y")]);
        }
        tagged(&rig, "prod/crossed", &[("team", "red"), ("colour", "blue")]);
        tagged(&rig, "prod/longer", &[("team", "blueish")]);
        tagged(&rig, "Prod/case", &[("team", "blue")]);
        tagged(&rig, "test/prod/", &[("team", "blue")]);
        rig.aws.secrets().set_pages(Pages { length: Some(9), empty: true });
        let answers = rig.sources().await.fetch(&plan(TEAM), within(60)).await;
        let names: Vec<_> = texts(&answers).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, (0..25).map(|n| format!("prod/{n:02}")).collect::<Vec<_>>());
        assert_eq!(rig.aws.calls().count(Operation::GetSecretValue), 0);
    });
}

#[test]
fn a_denied_match_never_vanishes_and_a_deleted_one_matches_no_more() {
    story(async || {
        let rig = Rig::new();
        let denied = tagged(&rig, "prod/a", &[("team", "blue")]);
        tagged(&rig, "prod/b", &[("team", "blue")]);
        rig.aws.secrets().deny(Operation::GetSecretValue, Some(&denied));
        let answers = rig.sources().await.fetch(&plan(TEAM), within(60)).await;
        let failure = failure(&answers);
        assert_eq!((failure.object.as_str(), failure.class()), ("t", Class::Denied));
        expect_parts(&failure.to_string(), &["secretsmanager:GetSecretValue on", "prod/a"]);
        rig.aws.secrets().remove(&denied);
        let answers = rig.sources().await.fetch(&plan(TEAM), within(60)).await;
        assert_eq!(texts(&answers).len(), 1);
    });
}

#[test]
fn a_denied_list_names_its_permission_and_singles_need_no_batch() {
    story(async || {
        let rig = Rig::new();
        tagged(&rig, "prod/a", &[("team", "blue")]);
        tagged(&rig, "prod/b", &[("team", "blue")]);
        rig.aws.secrets().deny(Operation::BatchGetSecretValue, None);
        assert_eq!(texts(&rig.sources().await.fetch(&plan(TEAM), within(60)).await).len(), 2);
        rig.aws.secrets().deny(Operation::ListSecrets, None);
        let answers = rig.sources().await.fetch(&plan(TEAM), within(60)).await;
        expect_parts(&failure(&answers).to_string(), &["allow secretsmanager:ListSecrets on *"]);
    });
}

#[test]
fn parameters_below_a_path_come_in_pages_with_or_without_their_depths() {
    story(async || {
        let rig = Rig::new();
        for n in 0..23 {
            rig.aws.parameters().put_secure(REGION, &format!("/prod/app/{n:02}"), "canary");
        }
        rig.aws.parameters().put(REGION, "/prod/app/deep/er", "canary");
        rig.aws.parameters().put(REGION, "/prod/apple", "canary");
        rig.aws.parameters().set_pages(Pages { length: Some(7), empty: true });
        for (recursive, count) in [(false, 23), (true, 24)] {
            let plan = plan(&format!(
                "secrets:\n  a:\n    parametersByPath: /prod/app\n    recursive: {recursive}\n    files: [{{directory: a}}]\n"
            ));
            let found = texts(&rig.sources().await.fetch(&plan, within(60)).await);
            assert_eq!(found.len(), count);
            assert!(found.is_sorted() && found.iter().all(|(name, _)| name.starts_with("/prod/app/")));
        }
    });
}
