//! Rotation and late changes in the double, as the real AWS SDK sees them.

use std::collections::HashSet;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, IncludeKeyMaterial, KeyMaterialState, RotationType, RotationsListEntry};
use sealkit_rig::{AwsDouble, Expired, Lag, Operation};

use crate::ours::client;

async fn encrypt(client: &Client, key: &str) -> Blob {
    client.encrypt().key_id(key).plaintext(Blob::new(*b"secret")).send().await.unwrap().ciphertext_blob.unwrap()
}

/// The material that a ciphertext is under.
async fn material(client: &Client, blob: &Blob) -> String {
    let decrypted = client.decrypt().ciphertext_blob(blob.clone()).send().await.unwrap();
    assert_eq!(decrypted.plaintext.unwrap().as_ref(), b"secret");
    decrypted.key_material_id.unwrap()
}

async fn described(client: &Client, key: &str) -> String {
    let described = client.describe_key().key_id(key).send().await.unwrap();
    described.key_metadata.unwrap().current_key_material_id.unwrap()
}

async fn listed(client: &Client, key: &str, include: IncludeKeyMaterial) -> Vec<RotationsListEntry> {
    let pages = client.list_key_rotations().key_id(key).include_key_material(include).into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    pages.into_iter().flat_map(|page| page.rotations.unwrap()).collect()
}

#[tokio::test]
async fn a_rotated_key_encrypts_under_new_material_and_decrypts_all() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let client = client(aws.url(), "us-east-1");
    let before = encrypt(&client, &key).await;
    client.rotate_key_on_demand().key_id(&key).send().await.unwrap();
    let after = encrypt(&client, &key).await;

    let materials = aws.kms().materials(&key);
    assert_eq!(materials.len(), 2);
    assert!(materials.iter().all(|id| id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())));
    assert_eq!([material(&client, &before).await, material(&client, &after).await], *materials);
    assert_eq!(described(&client, &key).await, materials[1]);
    let generated = client.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256).send().await.unwrap();
    assert_eq!(generated.key_material_id(), Some(materials[1].as_str()));

    let moved = client.re_encrypt().ciphertext_blob(before).destination_key_id(&key).send().await.unwrap();
    assert_eq!(moved.source_key_material_id(), Some(materials[0].as_str()));
    assert_eq!(moved.destination_key_material_id(), Some(materials[1].as_str()));
    assert_eq!(material(&client, moved.ciphertext_blob().unwrap()).await, materials[1]);
}

#[tokio::test]
async fn rotations_are_listed_in_pages() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let client = client(aws.url(), "us-east-1");
    assert!(listed(&client, &key, IncludeKeyMaterial::RotationsOnly).await.is_empty());
    for _ in 0..4 {
        aws.kms().rotate(&key);
    }
    aws.kms().set_page_length(Some(2));
    let all = listed(&client, &key, IncludeKeyMaterial::AllKeyMaterial).await;
    assert_eq!(aws.calls().count(Operation::ListKeyRotations), 1 + 3);
    let ids: Vec<&str> = all.iter().filter_map(RotationsListEntry::key_material_id).collect();
    assert_eq!(ids, aws.kms().materials(&key));
    let (first, rotations) = all.split_first().unwrap();
    assert_eq!((first.rotation_date(), first.rotation_type()), (None, None));
    assert!(rotations.iter().all(|entry| entry.rotation_type() == Some(&RotationType::OnDemand)));
    assert!(rotations.is_sorted_by(|a, b| a.rotation_date().unwrap() < b.rotation_date().unwrap()));
    let current = |entry: &&RotationsListEntry| entry.key_material_state() == Some(&KeyMaterialState::Current);
    assert_eq!(all.iter().filter(current).count(), 1);
    assert!(current(&all.last().unwrap()));
    assert_eq!(listed(&client, &key, IncludeKeyMaterial::RotationsOnly).await, rotations);

    let alias = aws.kms().set_alias("alias/demo", &key);
    let refused = client.list_key_rotations().key_id(&alias).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("NotFoundException"), "these operations take no alias");
}

#[tokio::test]
async fn replicas_share_the_materials_and_only_the_primary_is_rotated() {
    let aws = AwsDouble::start();
    let primary = aws.kms().create_multi_region_key(&["us-east-1", "eu-west-1"]);
    let replica = primary.replace("us-east-1", "eu-west-1");
    let [here, there] = ["us-east-1", "eu-west-1"].map(|region| client(aws.url(), region));
    let refused = there.rotate_key_on_demand().key_id(&replica).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("UnsupportedOperationException"));
    here.rotate_key_on_demand().key_id(&primary).send().await.unwrap();
    let blob = encrypt(&there, &replica).await;
    assert_eq!(material(&here, &blob).await, aws.kms().materials(&primary)[1]);
}

#[tokio::test]
async fn changes_are_seen_by_and_by() {
    let aws = AwsDouble::start();
    let [old, new] = [(); 2].map(|()| aws.kms().create_key("us-east-1"));
    aws.kms().set_alias("alias/app", &old);
    let client = client(aws.url(), "us-east-1");
    aws.kms().set_lag(Some(Lag { percent: 40, calls: Some(60), milliseconds: None }));
    aws.kms().rotate(&new);
    aws.kms().set_alias("alias/app", &new);
    let mut seen = Vec::new();
    for _ in 0..60 {
        let answer = client.generate_data_key().key_id("alias/app").key_spec(DataKeySpec::Aes256).send().await.unwrap();
        seen.push((answer.key_id.unwrap(), answer.key_material_id.unwrap()));
    }
    let [first, second] = <[String; 2]>::try_from(aws.kms().materials(&new)).unwrap();
    let distinct: HashSet<_> = seen.iter().cloned().collect();
    let expected = [(old.clone(), aws.kms().materials(&old)[0].clone()), (new.clone(), second.clone())];
    // One draw decides for both changes of a call, so the target is never seen with its old material.
    assert_eq!(distinct, HashSet::from(expected), "{first} was used");
    let blob = encrypt(&client, "alias/app").await;
    assert_eq!(material(&client, &blob).await, second);
}

#[tokio::test]
async fn expired_credentials_are_refused_until_they_are_renewed() {
    let aws = AwsDouble::start();
    let key = aws.kms().create_key("us-east-1");
    let client = client(aws.url(), "us-east-1");
    _ = encrypt(&client, &key).await;
    let signer = aws.calls().log()[0].access_key_id.clone();
    for expired in [Expired::Everybody, Expired::AccessKeys([signer].into())] {
        aws.set_expired(expired);
        let refused = client.encrypt().key_id(&key).plaintext(Blob::new(*b"a")).send().await.unwrap_err();
        assert_eq!(refused.code(), Some("ExpiredTokenException"));
    }
    aws.set_expired(Expired::AccessKeys(["another".to_owned()].into()));
    _ = encrypt(&client, &key).await;
}
