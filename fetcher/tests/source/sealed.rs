//! Sealed files: opened for whom they are meant, and in place of a service that is out.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use sealkit_aws::arn::KeyIdentifier;
use sealkit_envelope::armor::ArmorWriter;
use sealkit_envelope::cmm::DefaultCmm;
use sealkit_envelope::keyring::kms::{AwsKmsKeyring, KmsClients, KmsKey};
use sealkit_envelope::{EncryptionContext, Encryptor};
use sealkit_fetcher::source::Answer;
use sealkit_host::audit::Failure as Class;
use sealkit_rig::aws_double::faults::{Effect, FaultRule};
use sealkit_rig::aws_double::operation::Operation;

use crate::rig::{REGION, Rig, expect_parts, failure, plan, story, texts, within};

/// Seals a text for the application `shop`.
async fn seal(rig: &Rig, key: &str, text: &str, path: &Path) {
    let config = rig.config().await;
    let client = aws_sdk_kms::Client::new(&config.for_region(REGION));
    let clients = KmsClients::new().with(REGION, client).unwrap();
    let key: KeyIdentifier = key.parse().unwrap();
    let keyring = AwsKmsKeyring::strict(clients, vec![KmsKey::new(key)]).unwrap();
    let context = EncryptionContext::try_from_pairs([("app", "shop")]).unwrap();
    let encryptor = Encryptor::new(DefaultCmm::new(Arc::new(keyring)));
    std::fs::write(path, encryptor.encrypt(text.as_bytes(), &context).await.unwrap()).unwrap();
}

fn sealed(path: &Path, more: &str) -> sealkit_fetcher::plan::Plan {
    plan(&format!("secrets:\n  l:\n    sealed: {}\n{more}", path.display()))
}

const SHOP: &str = "    context: {app: shop}\n";

#[test]
fn bytes_and_armor_are_opened_under_keys_named_or_of_the_account() {
    story(async || {
        let rig = Rig::new();
        let key = rig.aws.kms().create_key(REGION);
        let (path, armored) = (rig.path("l.sealed"), rig.path("l.txt"));
        seal(&rig, &key, "canary-licence\n", &path).await;
        let mut armor = ArmorWriter::new(std::fs::File::create(&armored).unwrap());
        armor.write_all(&std::fs::read(&path).unwrap()).unwrap();
        armor.finish().unwrap();
        let sources = rig.sources().await;
        for (path, keys) in
            [(&path, format!("    keys: [\"{key}\"]\n")), (&path, String::new()), (&armored, String::new())]
        {
            let answers = sources.fetch(&sealed(path, &format!("{SHOP}{keys}")), within(60)).await;
            assert_eq!(texts(&answers), [(path.display().to_string(), "canary-licence\n".to_owned())]);
            let Ok(Answer::One(item)) = &answers[0] else { panic!() };
            assert!(item.version.starts_with("sha256:") && item.request_id.is_some() && item.stands_in_for.is_none());
        }
        let calls = rig.aws.calls();
        assert_eq!((calls.count(Operation::Decrypt), calls.count(Operation::GetCallerIdentity)), (3, 1));
        assert_eq!(rig.outcomes("kms:Decrypt"), ["ok"; 3]);
        let line = rig.audit().into_iter().find(|line| line["operation"] == "decrypt").unwrap();
        assert_eq!((&line["object"], &line["outcome"]), (&"l".into(), &"ok".into()));
        assert!(line["request_id"].is_string(), "{line}");
    });
}

#[test]
fn what_is_meant_for_others_is_refused_before_any_call() {
    story(async || {
        let rig = Rig::new();
        let key = rig.aws.kms().create_key(REGION);
        let path = rig.path("l.sealed");
        seal(&rig, &key, "canary", &path).await;
        let named = |key: &str| format!("    keys: [\"{key}\"]\n");
        let other = rig.aws.kms().create_key(REGION);
        for (more, part) in [
            (format!("    context: {{app: other}}\n{}", named(&key)), "app"),
            (format!("    context: {{team: blue}}\n{}", named(&key)), "team"),
            (named(&other), "allowed"),
        ] {
            let failure = failure(&rig.sources().await.fetch(&sealed(&path, &more), within(60)).await);
            assert_eq!(failure.class(), Class::Refused, "{failure}");
            expect_parts(&failure.to_string(), &["l: the sealed file ", part]);
        }
        assert_eq!(rig.aws.calls().count(Operation::Decrypt), 0);
    });
}

#[test]
fn a_key_of_another_account_is_not_asked() {
    story(async || {
        let rig = Rig::new();
        let foreign =
            rig.aws.kms().seed_key("arn:aws:kms:eu-west-1:999988887777:key/1234abcd-12ab-34cd-56ef-1234567890ab");
        let path = rig.path("l.sealed");
        seal(&rig, &foreign, "canary", &path).await;
        let failure = failure(&rig.sources().await.fetch(&sealed(&path, ""), within(60)).await);
        assert_eq!(failure.class(), Class::Refused);
        expect_parts(&failure.to_string(), &["999988887777", "`keys`"]);
        assert_eq!(rig.aws.calls().count(Operation::Decrypt), 0);
    });
}

#[test]
fn damage_absence_and_oddities_are_told_apart() {
    story(async || {
        let rig = Rig::new();
        let key = rig.aws.kms().create_key(REGION);
        let path = rig.path("l.sealed");
        seal(&rig, &key, "canary-licence", &path).await;
        let good = std::fs::read(&path).unwrap();
        let flipped = |at: usize| {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            bytes
        };
        for (bytes, class) in [
            (flipped(good.len() - 20), Class::NotAuthentic),
            (good[..good.len() - 1].to_vec(), Class::NotAuthentic),
            (b"hello".to_vec(), Class::Refused),
            (b"AgR4!!!".to_vec(), Class::NotAuthentic),
            (vec![0; 4 * 1024 * 1024 + 1], Class::Refused),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let failure = failure(&rig.sources().await.fetch(&sealed(&path, ""), within(60)).await);
            assert_eq!(failure.class(), class, "{failure}");
        }
        std::fs::remove_file(&path).unwrap();
        let gone = failure(&rig.sources().await.fetch(&sealed(&path, ""), within(60)).await);
        assert_eq!(gone.class(), Class::NotFound, "{gone}");
        let directory = failure(&rig.sources().await.fetch(&sealed(path.parent().unwrap(), ""), within(60)).await);
        assert_eq!(directory.class(), Class::Io, "{directory}");
    });
}

#[test]
fn kms_is_tried_again_and_its_denial_stays_one() {
    story(async || {
        let rig = Rig::new();
        let key = rig.aws.kms().create_key(REGION);
        let path = rig.path("l.sealed");
        seal(&rig, &key, "canary", &path).await;
        rig.aws.inject(FaultRule::new(Effect::Throttle).on(Operation::Decrypt).times(1));
        rig.aws.inject(FaultRule::new(Effect::Status(503)).on(Operation::Decrypt).times(2));
        let answers = rig.sources().await.fetch(&sealed(&path, SHOP), within(60)).await;
        assert_eq!(texts(&answers)[0].1, "canary");
        rig.aws.kms().deny(Operation::Decrypt, None);
        let failure = failure(&rig.sources().await.fetch(&sealed(&path, SHOP), within(60)).await);
        assert_eq!(failure.class(), Class::Denied);
        expect_parts(&failure.to_string(), &[&format!("kms:Decrypt on {key}"), "request id"]);
    });
}

#[test]
fn a_fallback_stands_in_for_a_service_that_is_out_and_for_no_answer() {
    story(async || {
        let rig = Rig::new();
        let key = rig.aws.kms().create_key(REGION);
        let path = rig.path("l.sealed");
        seal(&rig, &key, "canary-old", &path).await;
        rig.aws.secrets().create(REGION, "api", "canary-new");
        let plan = plan(&format!(
            "secrets:\n  api:\n    secret: api\n    fallback: {{sealed: {}, keys: [\"{key}\"]}}\n",
            path.display()
        ));
        let item = async |seconds| rig.sources().await.fetch(&plan, within(seconds)).await;
        assert_eq!(texts(&item(60).await)[0].1, "canary-new");
        for effect in [Effect::Status(503), Effect::Throttle, Effect::Silence] {
            rig.aws.inject(FaultRule::new(effect).on(Operation::GetSecretValue));
            let answers = item(4).await;
            let Ok(Answer::One(item)) = &answers[0] else { panic!("{answers:?}") };
            assert!(item.stands_in_for.is_some() && item.value.expose_secret() == b"canary-old");
            rig.aws.clear_faults();
        }
        rig.aws.secrets().deny(Operation::GetSecretValue, None);
        assert_eq!(failure(&item(60).await).class(), Class::Denied);
        rig.aws.secrets().allow_all();
        rig.aws.inject(FaultRule::new(Effect::Status(503)).on(Operation::GetSecretValue));
        rig.aws.kms().deny(Operation::Decrypt, None);
        let both = failure(&item(4).await);
        assert_eq!(both.class(), Class::Outage);
        expect_parts(&both.to_string(), &["its sealed file does not help", "kms:Decrypt"]);
    });
}
