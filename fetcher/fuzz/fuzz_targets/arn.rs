//! Any text as the name of a key, a secret, a parameter or a role, and as ECS' `valueFrom`: what is taken is kept letter
//! for letter and consists of its fields, what is refused is told in one short line.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use sealkit_aws::arn::{
    AliasArn, ArnError, KeyArn, KeyIdentifier, ParameterArn, ParameterId, RoleArn, SecretArn, SecretId, is_region,
};
use sealkit_fetcher::spec::{Object, ecs};
use sealkit_fetcher_fuzz::assert_line;

/// What can be found in no message of ours by chance.
const CANARY: &str = "c4n4ry-9f31";

fn parsed<T: FromStr<Err = ArnError> + Display>(text: &str) -> Option<T> {
    match text.parse::<T>() {
        Ok(name) => {
            assert_eq!(name.to_string(), text);
            assert!(text.len() <= 2048 && !text.chars().any(char::is_control), "{text:?}");
            Some(name)
        }
        Err(error) => {
            let told = error.to_string();
            assert_line(&told);
            assert!(told.len() <= 8192, "{} bytes about {text:?}", told.len());
            None
        }
    }
}

fn is_made_of(text: &str, partition: &str, service: &str, region: &str, account: &str, resource: &str) {
    assert_eq!(text, format!("arn:{partition}:{service}:{region}:{account}:{resource}"));
    assert!(region.is_empty() || is_region(region), "{region:?}");
    assert!(account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()), "{account:?}");
}

fuzz_target!(|text: &str| {
    if let Some(arn) = parsed::<KeyArn>(text) {
        let resource = format!("key/{}", arn.resource_id());
        is_made_of(text, arn.partition(), "kms", arn.region(), arn.account(), &resource);
        assert!(parsed::<AliasArn>(text).is_none());
        assert_eq!(arn.in_region("eu-west-9").is_ok_and(|other| other.mrk_matches(&arn)), arn.is_multi_region());
    }
    if let Some(arn) = parsed::<AliasArn>(text) {
        is_made_of(text, arn.partition(), "kms", arn.region(), arn.account(), arn.alias_name());
    }
    if let Some(key) = parsed::<KeyIdentifier>(text) {
        assert!(key.region().is_none_or(is_region));
    }
    if let Some(arn) = parsed::<SecretArn>(text) {
        let resource = format!("secret:{}", arn.resource_name());
        is_made_of(text, arn.partition(), "secretsmanager", arn.region(), arn.account(), &resource);
        assert!(arn.resource_name().starts_with(arn.name()) && !arn.name().is_empty());
        assert!(text.parse::<SecretId>().is_ok());
    }
    if let Some(arn) = parsed::<ParameterArn>(text) {
        let resource = text.splitn(6, ':').nth(5).expect("it has a resource");
        is_made_of(text, arn.partition(), "ssm", arn.region(), arn.account(), resource);
        assert!(resource.ends_with(arn.name()));
        assert!(text.parse::<ParameterId>().is_ok());
    }
    if let Some(arn) = parsed::<RoleArn>(text) {
        let resource = text.splitn(6, ':').nth(5).expect("it has a resource");
        is_made_of(text, arn.partition(), "iam", "", arn.account(), resource);
        assert!(resource.ends_with(arn.name()));
    }
    assert!(text.parse::<SecretId>().map_or(true, |id| id.region().is_none_or(is_region)));
    assert!(text.parse::<ParameterId>().map_or(true, |id| id.region().is_none_or(is_region)));
    value_from(text);
    // Whoever mistakes the value for its name must not find it in a log.
    value_from(&format!("{text}{CANARY} "));
});

fn value_from(text: &str) {
    match ecs::environment("P_", [("P_A".into(), text.into())]) {
        Ok(spec) => {
            let [entry] = &spec.entries[..] else { panic!("one secret") };
            match &entry.object {
                Object::Secret(secret) => {
                    assert!(text.starts_with(&secret.id) && secret.id.parse::<SecretId>().is_ok())
                }
                Object::Parameter(parameter) => assert_eq!(parameter.name, text),
                other => panic!("{other:?}"),
            }
            assert!(entry.region.as_deref().is_none_or(is_region));
        }
        Err(errors) => {
            let told = errors.to_string();
            told.lines().for_each(assert_line);
            assert!(!told.contains(CANARY), "the text itself is repeated: {told:?}");
        }
    }
}
