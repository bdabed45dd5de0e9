//! PEM (RFC 7468): what is in it, and that it is what it should be.

use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sealkit_envelope::Plaintext;

use crate::output::refusal::Refusal;

/// One part between its two lines.
type Section = (SectionKind, Vec<u8>);

/// All certificates, at least one. No private key may be beside them: their file is for more readers than the key's.
pub(super) fn certificates(text: &Plaintext) -> Result<Vec<CertificateDer<'static>>, Refusal> {
    let sections = sections(text)?;
    if sections.iter().any(|(kind, _)| is_key(*kind)) {
        return Err(Refusal::new("there is a private key beside the certificates", "store it by itself"));
    }
    let certificates: Vec<CertificateDer<'static>> = sections
        .into_iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| CertificateDer::from(der))
        .collect();
    if certificates.is_empty() {
        return Err(Refusal::new("there is no certificate in it", "store it as PEM"));
    }
    Ok(certificates)
}

/// The one private key: PKCS #8, PKCS #1 or SEC 1.
pub(super) fn private_key(text: &Plaintext) -> Result<PrivateKeyDer<'static>, Refusal> {
    // Both ways to encrypt a key: PKCS #8, and the header of PKCS #1 and SEC 1.
    let is_encrypted = [&b"-----BEGIN ENCRYPTED PRIVATE KEY-----"[..], b"Proc-Type: 4,ENCRYPTED"]
        .iter()
        .any(|mark| text.expose_secret().windows(mark.len()).any(|window| window == *mark));
    if is_encrypted {
        return Err(Refusal::new("the private key is encrypted", "store it without a passphrase"));
    }
    let mut keys = sections(text)?.into_iter().filter(|(kind, _)| is_key(*kind));
    let Some((kind, der)) = keys.next() else {
        return Err(Refusal::new("there is no private key in it", "store it as PEM"));
    };
    if keys.next().is_some() {
        return Err(Refusal::new("there are several private keys in it", "store one"));
    }
    Ok(match kind {
        SectionKind::RsaPrivateKey => PrivateKeyDer::Pkcs1(der.into()),
        SectionKind::EcPrivateKey => PrivateKeyDer::Sec1(der.into()),
        _ => PrivateKeyDer::Pkcs8(der.into()),
    })
}

fn is_key(kind: SectionKind) -> bool {
    matches!(kind, SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey)
}

/// The parser's own message would repeat a line.
fn sections(text: &Plaintext) -> Result<Vec<Section>, Refusal> {
    Section::pem_slice_iter(text.expose_secret())
        .enumerate()
        .map(|(place, section)| {
            section
                .map_err(|_| Refusal::new(format!("part {} of the PEM in it is broken", place + 1), "store it whole"))
        })
        .collect()
}
