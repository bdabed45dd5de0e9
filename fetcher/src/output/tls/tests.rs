#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
//! Pairs as people store them, and as they should not.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::Any;

use crate::output::testing::{entry, item, plan};
use crate::output::{MadeTo, Unit, render};
use crate::plan::Plan;
use crate::source::Answer;
use crate::spec::{Composite, Content, File, Form, Part, PemFile, Select, TlsPair};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate of an authority, with the authority's own and the key.
struct Issued {
    leaf: String,
    authority: String,
    key: String,
}

/// 2026-11-25T00:00:00Z
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_564_800)
}

fn issued_by(key: &KeyPair, name: &str) -> Issued {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(rcgen::DnType::CommonName, name);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let mut leaf = CertificateParams::new(vec!["app.example".to_owned()]).unwrap();
    leaf.not_before = (now() - 10 * DAY).into();
    leaf.not_after = (now() + 10 * DAY).into();
    let leaf = leaf.signed_by(key, &ca).unwrap();
    Issued { leaf: leaf.pem(), authority: ca.pem(), key: key.serialize_pem() }
}

fn issued() -> Issued {
    issued_by(&KeyPair::generate().unwrap(), "authority")
}

fn pem_file(entry: &str, file: &str) -> PemFile {
    let part = Part { entry: entry.to_owned(), select: Select::Whole, decode: None };
    PemFile { part, file: file.to_owned() }
}

fn pair(has_authority: bool) -> Plan {
    let labels = if has_authority { &["crt", "key", "ca"][..] } else { &["crt", "key"] };
    let mut plan = plan(Form::Native, labels.iter().map(|label| entry(label, Vec::new())).collect());
    let tls = TlsPair {
        certificate: pem_file("crt", "tls.crt"),
        key: pem_file("key", "tls.key"),
        authority: has_authority.then(|| pem_file("ca", "ca.crt")),
    };
    let file = File { path: "tls".to_owned(), mode: Some(0o440), ..File::default() };
    plan.composites.push(Composite { at: None, file, content: Content::Tls(Box::new(tls)) });
    plan
}

fn unit(values: &[&str], now: SystemTime) -> Unit {
    let plan = pair(values.len() == 3);
    let answers: Vec<_> = values.iter().map(|value| Ok(Answer::One(item("prod/tls", value.as_bytes())))).collect();
    render(&plan, &answers, now).remove(0)
}

/// What is refused, each as one line.
fn refused(values: &[&str]) -> Vec<String> {
    let failures = unit(values, now()).result.unwrap_err();
    let told: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(!told.iter().any(|line| line.contains("BEGIN") || line.contains("MII")), "{told:?}");
    told
}

#[test]
fn a_pair_is_published_as_it_is_stored() {
    let Issued { leaf, authority, key } = issued();
    let chain = format!("{leaf}{authority}").replace('\n', "\r\n");
    let unit = unit(&[&chain, &key, &authority], now());
    assert_eq!(unit.name, "file tls/tls.crt");
    assert_eq!(unit.entries, ["ca", "crt", "key"]);
    let made = unit.result.unwrap();
    let files: Vec<_> = made.iter().map(|made| (&made.to, made.bytes.expose_secret(), made.not_after)).collect();
    let to = |path: &str| MadeTo::File(File { path: path.to_owned(), mode: Some(0o440), ..File::default() });
    let until = now() + 10 * DAY;
    let until = until.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(
        files,
        [
            (&to("tls/tls.crt"), chain.as_bytes(), Some(until)),
            (&to("tls/tls.key"), key.as_bytes(), None),
            (&to("tls/ca.crt"), authority.as_bytes(), None),
        ]
    );
}

#[test]
fn every_kind_of_key_is_taken() {
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let Issued { leaf, key, .. } = issued_by(&KeyPair::generate_for(algorithm).unwrap(), "authority");
        assert!(unit(&[&leaf, &key], now()).result.is_ok());
    }
    // The encodings that OpenSSL wrote before PKCS #8.
    for (algorithm, label) in
        [(&rcgen::PKCS_RSA_SHA256, "RSA PRIVATE KEY"), (&rcgen::PKCS_ECDSA_P256_SHA256, "EC PRIVATE KEY")]
    {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let leaf = issued_by(&key, "authority").leaf;
        for encoding in [key.serialize_pem(), inner(&key, label)] {
            assert!(unit(&[&leaf, &encoding], now()).result.is_ok(), "{label}");
        }
    }
}

/// What PKCS #8 wraps: PKCS #1 or SEC 1.
fn inner(key: &KeyPair, label: &str) -> String {
    let parts = Vec::<Any>::from_der(key.serialized_der()).unwrap();
    let text = STANDARD.encode(parts[2].value());
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let (one, other) = (issued(), issued_by(&KeyPair::generate().unwrap(), "other authority"));
    assert_eq!(
        refused(&[&one.leaf, &other.key]),
        ["tls/tls.crt: crt: the key is of another certificate; store the two that were made together"]
    );
    assert_eq!(
        refused(&[&format!("{}{}", one.authority, one.leaf), &one.key]),
        ["tls/tls.crt: crt: certificate 1 in it was not issued by the one that follows; store the certificate first, \
          and then each one's issuer"]
    );
    assert_eq!(
        refused(&[&format!("{}{}", one.leaf, other.authority), &one.key]),
        ["tls/tls.crt: crt: certificate 1 in it was not issued by the one that follows; store the certificate first, \
          and then each one's issuer"]
    );
}

#[test]
fn what_is_not_valid_now_is_refused() {
    let Issued { leaf, key, .. } = issued();
    let told = |now| unit(&[&leaf, &key], now).result.unwrap_err()[0].to_string();
    assert!(unit(&[&leaf, &key], now() + 10 * DAY).result.is_ok());
    assert_eq!(
        told(now() + 10 * DAY + Duration::from_secs(1)),
        "tls/tls.crt: crt: certificate 1 in it has expired at 2026-12-05T00:00:00Z; renew it"
    );
    assert_eq!(
        told(now() - 10 * DAY - Duration::from_secs(1)),
        "tls/tls.crt: crt: certificate 1 in it is not valid before 2026-11-15T00:00:00Z; wait, or correct the clock"
    );
}

#[test]
fn what_is_no_pair_is_refused_all_at_once() {
    let Issued { leaf, authority, key } = issued();
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let old_encrypted = key.replace("PRIVATE KEY-----\nM", "RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nM");
    for (values, told) in [
        ([&key[..], &key, &authority], "crt: there is a private key beside the certificates; store it by itself"),
        (["CANARY", &key[..], &authority], "crt: there is no certificate in it; store it as PEM"),
        ([&leaf[..], "", &authority], "key: there is no private key in it; store it as PEM"),
        ([&leaf, &leaf, &authority], "key: there is no private key in it; store it as PEM"),
        ([&leaf, &format!("{key}{key}"), &authority], "key: there are several private keys in it; store one"),
        ([&leaf, &encrypted, &authority], "key: the private key is encrypted; store it without a passphrase"),
        ([&leaf, &old_encrypted, &authority], "key: the private key is encrypted; store it without a passphrase"),
        ([&leaf, &key, "CANARY"], "ca: there is no certificate in it; store it as PEM"),
        ([&leaf[..200], &key, &authority], "crt: part 1 of the PEM in it is broken; store it whole"),
    ] {
        assert_eq!(refused(values.as_slice()), [format!("tls/tls.crt: {told}")]);
    }
    assert_eq!(refused(&["CANARY", "CANARY", "CANARY"]).len(), 3);
    let broken = format!("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n{leaf}");
    assert_eq!(
        refused(&[&broken, &key]),
        ["tls/tls.crt: crt: certificate 1 in it can't be read; store it as it was issued"]
    );
    let garbage = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
    assert!(refused(&[&leaf, garbage])[0].contains("the private key in it is broken or of no kind that TLS takes"));
}

#[test]
fn an_optional_pair_is_there_or_absent_as_a_whole() {
    let Issued { leaf, key, .. } = issued();
    let absent = || Err(crate::output::testing::absent("tls"));
    let there = |text: &str| Ok(Answer::One(item("tls", text.as_bytes())));
    let mut plan = pair(false);
    plan.entries.iter_mut().for_each(|(entry, _)| entry.optional = true);
    let of = |answers: &[_]| render(&plan, answers, now()).remove(0).result;
    assert!(of(&[absent(), absent()]).unwrap().is_empty());
    assert_eq!(of(&[there(&leaf), there(&key)]).unwrap().len(), 2);
    assert!(of(&[there(&leaf), absent()]).is_err());
    assert_eq!(
        of(&[absent(), there(&key)]).unwrap_err()[0].to_string(),
        "tls/tls.crt: the optional entry crt is absent, and its key is there; store both, or none"
    );
}
