use super::*;

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/0c4a6a51-1111-2222-3333-444455556666";
const MRK: &str = "arn:aws:kms:eu-west-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef";
const REPLICA: &str = "arn:aws:kms:us-east-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef";

fn kms(arn: &str) -> EncryptedDataKey {
    EncryptedDataKey { provider_id: "aws-kms".into(), provider_info: arn.into(), ciphertext: vec![0] }
}

fn key(arn: &str) -> AllowedKey {
    AllowedKey::AwsKmsKey { arn: arn.to_owned() }
}

fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
    EncryptionContext::try_from_pairs(pairs.iter().copied()).expect("valid pairs")
}

const SUITE: AlgorithmSuite = AlgorithmSuite::Aes256GcmHkdfSha512CommitKey;

#[test]
fn without_a_list_every_key_is_allowed_and_with_one_only_its_own() {
    assert!(DecryptPolicy::new().allows(&kms(KEY)));
    let policy = DecryptPolicy::new().allow_keys([key(KEY)]);
    assert!(policy.allows(&kms(KEY)));
    assert!(!policy.allows(&kms(MRK)));
    assert!(!DecryptPolicy::new().allow_keys([]).allows(&kms(KEY)));
}

#[test]
fn replicas_of_a_multi_region_key_are_one_key() {
    let policy = DecryptPolicy::new().allow_keys([key(MRK)]);
    assert!(policy.allows(&kms(REPLICA)));
    assert!(!policy.allows(&kms(&REPLICA.replace("111122223333", "999999999999"))));
    assert!(!policy.allows(&kms(&REPLICA.replace("arn:aws:", "arn:aws-cn:"))));
    let single = DecryptPolicy::new().allow_keys([key(KEY)]);
    assert!(!single.allows(&kms(&KEY.replace("eu-west-1", "us-east-1"))));
}

#[test]
fn an_account_covers_its_keys_only() {
    let account = |a: &str| AllowedKey::AwsKmsAccount { partition: "aws".into(), account: a.into() };
    assert!(DecryptPolicy::new().allow_keys([account("111122223333")]).allows(&kms(KEY)));
    assert!(!DecryptPolicy::new().allow_keys([account("999999999999")]).allows(&kms(KEY)));
    let alias = kms("arn:aws:kms:eu-west-1:111122223333:alias/x");
    assert!(!DecryptPolicy::new().allow_keys([account("111122223333")]).allows(&alias));
}

#[test]
fn narrowing_never_widens() {
    let mine = DecryptPolicy::new().allow_keys([key(KEY)]);
    let theirs = DecryptPolicy::new().allow_keys([key(KEY), key(MRK)]).with_limits(Limits {
        max_encrypted_data_keys: 1000,
        max_header_bytes: 10,
        max_frame_length: u32::MAX,
    });
    for joined in [mine.clone().narrow(theirs.clone()), theirs.narrow(mine)] {
        assert!(joined.allows(&kms(KEY)));
        assert!(!joined.allows(&kms(MRK)));
        let least = Limits { max_header_bytes: 10, ..Limits::default() };
        assert_eq!(joined.limits, least);
    }
}

#[test]
fn context_rules_name_the_key() {
    let found = context(&[("app", "demo"), ("env", "prod")]);
    let check = |policy: DecryptPolicy| policy.check_header(SUITE, &found);
    let new = DecryptPolicy::new;
    assert_eq!(check(new().require_context_pair("app", "demo").require_context_key("env")), Ok(()));
    assert_eq!(
        check(new().require_context_pair("app", "x")),
        Err(PolicyError::ContextPairConflicts { key: "app".into() })
    );
    assert_eq!(check(new().require_context_pair("a", "x")), Err(PolicyError::ContextPairMissing { key: "a".into() }));
    assert_eq!(check(new().require_context_key("a")), Err(PolicyError::ContextKeyMissing { key: "a".into() }));
    assert_eq!(check(new().require_exact_context(found.clone())), Ok(()));
    assert_eq!(
        check(new().require_exact_context(context(&[("app", "demo")]))),
        Err(PolicyError::ContextNotExact { key: "env".into() })
    );
    assert_eq!(
        check(new().require_exact_context(context(&[("app", "demo"), ("env", "prod"), ("x", "y")]))),
        Err(PolicyError::ContextNotExact { key: "x".into() })
    );
}

#[test]
fn the_public_key_of_a_signed_suite_is_no_part_of_an_exact_context() {
    let mut found = context(&[("app", "demo")]);
    found.insert_public_key("point".into());
    let policy = DecryptPolicy::new().require_exact_context(context(&[("app", "demo")]));
    assert_eq!(policy.check_header(AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384, &found), Ok(()));
}

#[test]
fn refusing_signed_messages_survives_narrowing() {
    let policy = DecryptPolicy::new().narrow(DecryptPolicy::new().refuse_signed(true)).refuse_signed(false);
    let signed = AlgorithmSuite::Aes256GcmHkdfSha512CommitKeyEcdsaP384;
    assert_eq!(policy.check_header(signed, &EncryptionContext::new()), Err(PolicyError::Signed));
}
