//! A certificate with its key: published together, and only if they are of each other and valid.

mod pem;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error, InconsistentKeys};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::refusal::Refusal;
use super::values::Values;
use super::{Made, MadeTo};
use crate::plan::names;
use crate::spec::{File, PemFile, TlsPair};

/// The files of a pair, each as its entry holds it; none if all are of optional entries that are absent.
///
/// # Errors
///
/// Everything that is wrong with them.
pub(crate) fn made(
    values: &Values<'_>,
    directory: &File,
    pair: &TlsPair,
    now: SystemTime,
) -> Result<Vec<Made>, Vec<Refusal>> {
    let one = |file: &PemFile| read(values, directory, file);
    let all =
        [Some(&pair.certificate), Some(&pair.key), pair.authority.as_ref()].map(|file| file.map_or(Ok(None), one));
    let [certificate, key, authority] = match all {
        [Ok(certificate), Ok(key), Ok(authority)] => [certificate, key, authority],
        results => return Err(results.into_iter().filter_map(Result::err).collect()),
    };
    let (mut certificate, key) = match (certificate, key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (None, None) => return Ok(Vec::new()),
        (None, Some(_)) => return Err(vec![absent(&pair.certificate, "key")]),
        (Some(_), None) => return Err(vec![absent(&pair.key, "certificate")]),
    };
    let of = |file: &PemFile, refusal: Refusal| refusal.of(&file.part.entry);
    let chain = pem::certificates(&certificate.bytes).and_then(|chain| Chain::read(chain, now));
    let signing_key = pem::private_key(&key.bytes).and_then(signing_key);
    let is_authority =
        authority.as_ref().map_or(Ok(()), |file| pem::certificates(&file.bytes).and_then(|all| check(&all)));
    let (chain, signing_key) = match (chain, signing_key, is_authority) {
        (Ok(chain), Ok(key), Ok(())) => (chain, key),
        (chain, signing_key, is_authority) => {
            let authority = pair.authority.as_ref().zip(is_authority.err());
            let refusals = [chain.err().map(|refusal| of(&pair.certificate, refusal))]
                .into_iter()
                .chain([signing_key.err().map(|refusal| of(&pair.key, refusal))])
                .chain([authority.map(|(file, refusal)| of(file, refusal))]);
            return Err(refusals.flatten().collect());
        }
    };
    chain.check_key(&signing_key).map_err(|refusal| vec![of(&pair.certificate, refusal)])?;
    certificate.not_after = Some(chain.not_after.as_secs());
    Ok([Some(certificate), Some(key), authority].into_iter().flatten().collect())
}

/// The part of an entry, for its file.
fn read(values: &Values<'_>, directory: &File, file: &PemFile) -> Result<Option<Made>, Refusal> {
    let path = names::below(&directory.path, &file.file);
    let Some((item, bytes)) = values.part(&file.part, &path)? else { return Ok(None) };
    let to = MadeTo::File(File { path, ..directory.clone() });
    Ok(Some(Made { to, bytes, origins: vec![item.into()], not_after: None }))
}

fn absent(file: &PemFile, other: &str) -> Refusal {
    let message = format!("the optional entry {} is absent, and its {other} is there", file.part.entry);
    Refusal::new(message, "store both, or none")
}

/// A certificate and those that issued it, each valid now and issued by the next.
#[derive(Debug)]
struct Chain {
    ders: Vec<CertificateDer<'static>>,
    /// When the first of them stops being valid, since the epoch.
    not_after: Duration,
}

impl Chain {
    fn read(ders: Vec<CertificateDer<'static>>, now: SystemTime) -> Result<Self, Refusal> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let certificates = parsed(&ders)?;
        let mut not_after = Duration::MAX;
        for (place, certificate) in certificates.iter().enumerate() {
            let validity = certificate.tbs_certificate().validity();
            let (from, until) = (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
            let number = place + 1;
            if now < from {
                let message = format!("certificate {number} in it is not valid before {}", time(from));
                return Err(Refusal::new(message, "wait, or correct the clock"));
            }
            if now > until {
                let message = format!("certificate {number} in it has expired at {}", time(until));
                return Err(Refusal::new(message, "renew it"));
            }
            not_after = not_after.min(until);
        }
        for (place, pair) in certificates.windows(2).enumerate() {
            if pair[0].tbs_certificate().issuer() != pair[1].tbs_certificate().subject() {
                let message = format!("certificate {} in it was not issued by the one that follows", place + 1);
                return Err(Refusal::new(message, "store the certificate first, and then each one's issuer"));
            }
        }
        Ok(Self { ders, not_after })
    }

    /// Whether the first certificate is that of `key`.
    fn check_key(&self, key: &Arc<dyn SigningKey>) -> Result<(), Refusal> {
        let matches =
            |der: &CertificateDer<'static>| match CertifiedKey::new(vec![der.clone()], Arc::clone(key)).keys_match() {
                Ok(()) => Ok(true),
                Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Ok(false),
                Err(_) => Err(Refusal::new("its key can't be compared", "use a certificate of X.509 version 3")),
            };
        let [first, rest @ ..] = self.ders.as_slice() else { return Ok(()) };
        if matches(first)? {
            return Ok(());
        }
        let is_behind = rest.iter().any(|der| matches(der).unwrap_or(false));
        Err(if is_behind {
            Refusal::new("the certificate of the key is not the first in it", "store it first, and then its issuers")
        } else {
            Refusal::new("the key is of another certificate", "store the two that were made together")
        })
    }
}

/// Whether each is a certificate.
fn check(ders: &[CertificateDer<'_>]) -> Result<(), Refusal> {
    parsed(ders).map(|_| ())
}

fn parsed(ders: &[CertificateDer<'_>]) -> Result<Vec<Certificate>, Refusal> {
    let parse = |(place, der): (usize, &CertificateDer<'_>)| {
        Certificate::from_der(der).map_err(|_| {
            Refusal::new(format!("certificate {} in it can't be read", place + 1), "store it as it was issued")
        })
    };
    ders.iter().enumerate().map(parse).collect()
}

/// A key that TLS can be spoken with.
fn signing_key(der: rustls::pki_types::PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Refusal> {
    aws_lc_rs::default_provider().key_provider.load_private_key(der).map_err(|_| {
        Refusal::new(
            "the private key in it is broken or of no kind that TLS takes",
            "use RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, or Ed25519",
        )
    })
}

fn time(since_epoch: Duration) -> humantime::Rfc3339Timestamp {
    // Four digits of a year are as far as certificates and this format go.
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since_epoch)
}
