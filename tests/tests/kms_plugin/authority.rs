//! Every `:authority` that kube-apiserver ever sent, in every form that HPACK has for it, over all six RPCs.

use prost::Message;
use sealkit_rig::http2::{Authority, Ending, Http2Client, Indexing, Shape};
use sealkit_rig::kms_client::{v1, v2};

use crate::scene::{Scene, UID};

/// 1.27 and 1.28; 1.29 to 1.31 and v1beta1 until today; 1.32 and later; and what else paths can make of it.
const AUTHORITIES: [&str; 8] = [
    "/var/run/kmsplugin/socket.sock",
    "%2Fvar%2Frun%2Fkmsplugin%2Fsocket.sock",
    "localhost",
    "",
    "@abstract",
    "@a/b",
    "/a b/:1@[x]/socket.sock",
    "unix:/%2F//",
];

fn call<A: Message + Default>(
    client: &mut Http2Client,
    authority: &Authority,
    path: &str,
    message: &impl Message,
) -> A {
    match client.call(authority, path, message).unwrap() {
        Ending::Grpc { code: 0, answer: Some(answer), .. } => A::decode(answer.as_slice()).unwrap(),
        other => panic!("{path} with {authority:?}: {other:?}"),
    }
}

/// Calls all six RPCs, and demands that what was encrypted comes back.
fn call_all(client: &mut Http2Client, authority: &Authority) {
    let version = "v1beta1".to_owned();
    let request = v1::VersionRequest { version: version.clone() };
    let answer: v1::VersionResponse = call(client, authority, "/v1beta1.KeyManagementService/Version", &request);
    assert_eq!((answer.version.as_str(), answer.runtime_name.as_str()), ("v1beta1", "AWSKMS"));
    let request = v1::DataRequest { version: version.clone(), data: b"a DEK".to_vec() };
    let sealed: v1::DataResponse = call(client, authority, "/v1beta1.KeyManagementService/Encrypt", &request);
    let request = v1::DataRequest { version, data: sealed.data };
    let opened: v1::DataResponse = call(client, authority, "/v1beta1.KeyManagementService/Decrypt", &request);
    assert_eq!(opened.data, b"a DEK");

    let request = v2::StatusRequest {};
    let status: v2::StatusResponse = call(client, authority, "/v2.KeyManagementService/Status", &request);
    assert_eq!(status.version, "v2beta1");
    let request = v2::EncryptRequest { plaintext: b"a seed".to_vec(), uid: UID.to_owned() };
    let sealed: v2::EncryptResponse = call(client, authority, "/v2.KeyManagementService/Encrypt", &request);
    assert_eq!(sealed.key_id, status.key_id);
    let v2::EncryptResponse { ciphertext, key_id, annotations } = sealed;
    let request = v2::DecryptRequest { ciphertext, uid: UID.to_owned(), key_id, annotations };
    let opened: v2::DecryptResponse = call(client, authority, "/v2.KeyManagementService/Decrypt", &request);
    assert_eq!(opened.plaintext, b"a seed");
}

/// Each authority in each form.
fn matrix() -> Vec<Authority> {
    let mut forms = vec![Authority::absent()];
    for value in AUTHORITIES {
        for indexing in [Indexing::Incremental, Indexing::Without, Indexing::Never] {
            let form = Authority::of(value).with_indexing(indexing);
            forms.extend([form.clone(), form.clone().plain(), form.with_literal_name()]);
        }
    }
    forms
}

#[test]
fn every_form_is_served_by_all_rpcs() {
    let scene = Scene::new();
    let plugin = scene.direct().start();
    for authority in matrix() {
        call_all(&mut Http2Client::connect(&plugin.socket()).unwrap(), &authority);
    }
}

#[test]
fn all_forms_share_one_connection_and_its_table() {
    let scene = Scene::new();
    let plugin = scene.direct().start();
    let mut client = Http2Client::connect(&plugin.socket()).unwrap();
    for _ in 0..2 {
        for authority in matrix() {
            call_all(&mut client, &authority);
        }
    }
}

#[test]
fn blocks_may_be_padded_prioritised_cut_and_slow() {
    let scene = Scene::new();
    let plugin = scene.direct().start();
    // A request's block has some 130 bytes. Servers end a connection on a flood of CONTINUATION frames: four are none.
    for shape in [
        Shape { padding: Some(7), ..Shape::default() },
        Shape { padding: Some(0), priority: true, ..Shape::default() },
        Shape { fragment: Some(64), ..Shape::default() },
        Shape { fragment: Some(40), padding: Some(255), priority: true, dribble: false },
        Shape { fragment: Some(50), dribble: true, ..Shape::default() },
    ] {
        let mut client = Http2Client::connect(&plugin.socket()).unwrap();
        client.set_shape(shape);
        for value in AUTHORITIES {
            call_all(&mut client, &Authority::of(value));
        }
    }
}

/// h2 says goodbye to a connection after 1,024 streams that it had to reset.
#[test]
fn a_connection_outlives_thousands_of_calls() {
    let scene = Scene::new();
    let plugin = scene.direct().start();
    let mut client = Http2Client::connect(&plugin.socket()).unwrap();
    for number in 0..3000_u32 {
        let authority = Authority::of(AUTHORITIES[number as usize % AUTHORITIES.len()]);
        let authority = if number % 3 == 0 { authority.with_indexing(Indexing::Without) } else { authority };
        let ending = client.call(&authority, "/v2.KeyManagementService/Status", &v2::StatusRequest {}).unwrap();
        assert!(matches!(ending, Ending::Grpc { code: 0, .. }), "call {number} with {authority:?}: {ending:?}");
    }
}
