use proptest::prelude::*;

use super::*;

const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const MRK: &str = "arn:aws:kms:us-west-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
const ALIAS: &str = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/mrk-app/prod_1";

fn key(text: &str) -> KeyArn {
    text.parse().expect("the test's ARN is one")
}

#[test]
fn reads_the_parts_of_an_arn() {
    let arn = key(KEY);
    assert_eq!(arn.partition(), "aws");
    assert_eq!(arn.region(), "us-west-2");
    assert_eq!(arn.account(), "111122223333");
    assert_eq!(arn.resource_id(), "1234abcd-12ab-34cd-56ef-1234567890ab");
    assert!(!arn.is_multi_region());
    let alias: AliasArn = ALIAS.parse().expect("an alias ARN");
    assert_eq!(alias.alias_name(), "alias/mrk-app/prod_1");
    assert_eq!(alias.region(), "us-gov-west-1");
}

#[test]
fn every_partition_is_read() {
    for (partition, region) in [
        ("aws", "eu-central-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-east-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
        ("aws-iso-e", "eu-isoe-west-1"),
        ("aws-iso-f", "us-isof-south-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ] {
        let arn = key(&format!("arn:{partition}:kms:{region}:111122223333:key/mrk-0"));
        assert_eq!((arn.partition(), arn.region()), (partition, region));
    }
}

#[test]
fn a_replica_is_the_same_key_elsewhere() {
    let there = key(MRK).in_region("eu-west-1").expect("a multi-Region key has replicas");
    assert_eq!(there.as_str(), MRK.replace("us-west-2", "eu-west-1"));
    assert!(there.mrk_matches(&key(MRK)) && key(MRK).mrk_matches(&there));
    assert_ne!(there, key(MRK));
}

#[test]
fn only_multi_region_keys_match_across_regions() {
    let elsewhere = |text: &str| key(&text.replace("us-west-2", "eu-west-1"));
    assert!(key(KEY).mrk_matches(&key(KEY)));
    assert!(!key(KEY).mrk_matches(&elsewhere(KEY)));
    assert!(!key(MRK).mrk_matches(&elsewhere(KEY)));
    assert!(!key(MRK).mrk_matches(&key(&MRK.replace("1111", "2222"))));
    assert!(!key(MRK).mrk_matches(&key(&MRK.replace("arn:aws:", "arn:aws-cn:"))));
    assert_eq!(key(KEY).in_region("eu-west-1").expect_err("single-Region").flaw(), &ArnFlaw::SingleRegion);
    assert!(key(MRK).in_region("eu-west-1.evil.example").is_err());
}

#[test]
fn the_first_flaw_is_named() {
    for (text, flaw) in [
        ("", "not an ARN"),
        ("arn", "6 parts"),
        ("arn:aws:kms:us-west-2:111122223333", "6 parts"),
        ("arn:aws:kms:us-west-2:111122223333:key/a:b", "6 parts"),
        ("Arn:aws:kms:us-west-2:111122223333:key/a", "not an ARN"),
        ("arn:amazon:kms:us-west-2:111122223333:key/a", "the partition \"amazon\""),
        ("arn:aws-:kms:us-west-2:111122223333:key/a", "the partition \"aws-\""),
        ("arn:aws:s3:us-west-2:111122223333:key/a", "the service is \"s3\""),
        ("arn:aws:kms::111122223333:key/a", "the Region \"\""),
        ("arn:aws:kms:us-west-2.evil.example/:111122223333:key/a", "the Region \"us-west-2.evil.example/\""),
        ("arn:aws:kms:us-west-2:11112222333:key/a", "the account \"11112222333\""),
        ("arn:aws:kms:us-west-2:111122223333:key/", "\"key/\" is neither"),
        ("arn:aws:kms:us-west-2:111122223333:key/a/b", "\"key/a/b\" is neither"),
        ("arn:aws:kms:us-west-2:111122223333:grant/a", "\"grant/a\" is neither"),
        ("arn:aws:kms:us-west-2:111122223333:key/a\u{1b}[2J", "\"key/a\\u{1b}[2J\" is neither"),
        ("arn:aws:kms:us-west-2:111122223333:alias/a", "an alias where"),
    ] {
        let error = text.parse::<KeyArn>().expect_err(text).to_string();
        assert!(error.contains(flaw), "{error:?} does not say {flaw:?}");
    }
    assert_eq!(KEY.parse::<AliasArn>().expect_err("a key").flaw(), &ArnFlaw::KeyForAlias);
}

#[test]
fn errors_stay_short_and_printable() {
    let long = format!("arn:aws:kms:{}\u{7}", "x".repeat(60_000));
    let error = long.parse::<KeyArn>().expect_err("too long").to_string();
    assert!(error.len() < 600 && !error.contains('\u{7}'), "{error}");
}

#[test]
fn identifiers_take_four_forms() {
    let parsed = |text: &str| text.parse::<KeyIdentifier>().expect(text);
    assert_eq!(parsed(KEY).key_arn(), Some(&key(KEY)));
    assert_eq!(parsed(KEY).region(), Some("us-west-2"));
    assert!(parsed(ALIAS).is_alias() && !parsed(ALIAS).is_multi_region());
    assert!(matches!(parsed("1234abcd-12ab-34cd-56ef-1234567890ab"), KeyIdentifier::KeyId(_)));
    assert!(parsed("mrk-1234abcd12ab34cd56ef1234567890ab").is_multi_region());
    assert!(parsed("alias/app").is_alias() && parsed("alias/app").region().is_none());
    for wrong in ["", "app", "alias/", "alias/a b", "mrk-1234", "1234abcd-12ab-34cd-56ef-1234567890a", "local:demo"] {
        assert!(wrong.parse::<KeyIdentifier>().is_err(), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn what_parses_is_what_was_written(
        partition in "aws(-[a-z]{2,4}){0,2}",
        region in "[a-z]{2,4}(-[a-z]{2,6}){1,2}-[0-9]{1,2}",
        account in "[0-9]{12}",
        id in "(mrk-)?[0-9A-Za-z_-]{1,40}",
        other in "[a-z]{2}-[a-z]{4,9}-[1-9]",
    ) {
        let text = format!("arn:{partition}:kms:{region}:{account}:key/{id}");
        let arn = key(&text);
        prop_assert_eq!(arn.as_str(), &text);
        prop_assert_eq!(
            (arn.partition(), arn.region(), arn.account(), arn.resource_id()),
            (partition.as_str(), region.as_str(), account.as_str(), id.as_str())
        );
        prop_assert!(arn.mrk_matches(&arn));
        match arn.in_region(&other) {
            Ok(there) => {
                prop_assert!(arn.is_multi_region() && there.mrk_matches(&arn) && arn.mrk_matches(&there));
                prop_assert_eq!(key(there.as_str()), there);
            }
            Err(_) => prop_assert!(!arn.is_multi_region()),
        }
    }

    #[test]
    fn one_changed_byte_never_yields_another_reading(at in 0_usize..75, byte in any::<u8>()) {
        let mut bytes = MRK.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(arn) = text.parse::<KeyArn>()
        {
            prop_assert_eq!(arn.as_str(), text.as_str());
            let same_key = text == MRK || MRK.split(':').nth(3) != Some(arn.region());
            prop_assert_eq!(arn.mrk_matches(&key(MRK)), same_key);
        }
    }

    #[test]
    fn no_text_makes_the_parsers_panic_or_errors_unprintable(text in any::<String>()) {
        for error in [
            text.parse::<KeyArn>().err(),
            text.parse::<AliasArn>().err(),
            text.parse::<KeyIdentifier>().err(),
        ].into_iter().flatten() {
            prop_assert!(!error.to_string().chars().any(char::is_control));
        }
    }
}

#[test]
fn a_region_tells_its_partition() {
    for (region, partition) in [
        ("eu-central-1", "aws"),
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
        ("mars-north-1", "aws"),
    ] {
        assert_eq!(partition_of(region), partition, "{region}");
    }
}
