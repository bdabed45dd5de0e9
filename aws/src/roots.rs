//! The certificate authorities that servers are checked against.
//!
//! `AWS_CA_BUNDLE` (or the profile's `ca_bundle`), then `SSL_CERT_FILE` and `SSL_CERT_DIR`, then the
//! system's store, then the roots of Mozilla's programme that are compiled in, for images built
//! from nothing. The first that is set is used alone: a bundle that is given to trust one private CA
//! must not silently trust all others too.

use std::fmt;
use std::io;
use std::path::Path;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_smithy_types::base64;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls_native_certs::CertificateResult;

use crate::environment::Environment;
use crate::error::ConfigError;
use crate::profile::Profile;

/// Where the certificate authorities come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RootsOrigin {
    /// `AWS_CA_BUNDLE`, or `ca_bundle` of the profile.
    AwsCaBundle,
    /// `SSL_CERT_FILE` or `SSL_CERT_DIR`.
    SslCertFile,
    /// The operating system's store.
    System,
    /// Mozilla's roots, compiled into this program.
    Bundled,
}

/// The certificate authorities to check servers against; at least one.
pub(crate) struct Roots {
    origin: RootsOrigin,
    certificates: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// Finds them in the order above.
    pub(crate) fn load(environment: &Environment, profile: &Profile) -> Result<Self, ConfigError> {
        let bundle = environment
            .first(&["AWS_CA_BUNDLE"])
            .or_else(|| Some(("the profile's ca_bundle", profile.get("ca_bundle")?)));
        if let Some((name, path)) = bundle {
            return Self::from_file(RootsOrigin::AwsCaBundle, name, Path::new(path));
        }
        if let Some((name, path)) = environment.first(&["SSL_CERT_FILE"]) {
            return Self::from_file(RootsOrigin::SslCertFile, name, Path::new(path));
        }
        if let Some((name, directories)) = environment.first(&["SSL_CERT_DIR"]) {
            let mut found = CertificateResult::default();
            for directory in std::env::split_paths(directories) {
                let more = rustls_native_certs::load_certs_from_paths(None, Some(&directory));
                found.certs.extend(more.certs);
                found.errors.extend(more.errors);
            }
            return Self::from_result(RootsOrigin::SslCertFile, name, Path::new(directories), found);
        }
        let system = usable(rustls_native_certs::load_native_certs().certs);
        if !system.is_empty() {
            return Ok(Self { origin: RootsOrigin::System, certificates: system });
        }
        Ok(Self::bundled())
    }

    /// Mozilla's roots, as they were when this program was built.
    fn bundled() -> Self {
        let certificates = usable(webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec());
        Self { origin: RootsOrigin::Bundled, certificates }
    }

    /// Where they come from.
    pub(crate) fn origin(&self) -> RootsOrigin {
        self.origin
    }

    /// The same for the SDK's HTTP client, which takes PEM.
    pub(crate) fn tls_context(&self) -> TlsContext {
        let mut pem = String::new();
        for certificate in &self.certificates {
            pem.push_str("-----BEGIN CERTIFICATE-----\n");
            pem.push_str(&base64::encode(certificate));
            pem.push_str("\n-----END CERTIFICATE-----\n");
        }
        TlsContext::builder()
            .with_trust_store(TrustStore::empty().with_pem_certificate(pem))
            .build()
            .expect("a context is only a list of certificates")
    }

    fn from_file(origin: RootsOrigin, name: &'static str, path: &Path) -> Result<Self, ConfigError> {
        let found = rustls_native_certs::load_certs_from_paths(Some(path), None);
        Self::from_result(origin, name, path, found)
    }

    fn from_result(
        origin: RootsOrigin,
        name: &'static str,
        path: &Path,
        found: CertificateResult,
    ) -> Result<Self, ConfigError> {
        let certificates = usable(found.certs);
        if !certificates.is_empty() {
            return Ok(Self { origin, certificates });
        }
        let path = path.to_owned();
        Err(match found.errors.into_iter().find_map(into_io) {
            Some(source) => ConfigError::CaUnreadable { origin: name, path, source },
            None => ConfigError::CaEmpty { origin: name, path },
        })
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots").field("origin", &self.origin).field("certificates", &self.certificates.len()).finish()
    }
}

/// The certificates that can be trust anchors; stores hold others, which the SDK would panic on.
fn usable(certificates: Vec<CertificateDer<'static>>) -> Vec<CertificateDer<'static>> {
    certificates.into_iter().filter(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok()).collect()
}

fn into_io(error: rustls_native_certs::Error) -> Option<io::Error> {
    match error.kind {
        rustls_native_certs::ErrorKind::Io { inner, .. } => Some(inner),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_roots_can_all_be_used() {
        let roots = Roots::bundled();
        assert_eq!(roots.certificates.len(), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
        // AWS' endpoints have certificates of Amazon's own authorities.
        let amazon = |der: &&CertificateDer<'_>| der.windows(16).any(|it| it == b"Amazon Root CA 1");
        assert_eq!(roots.certificates.iter().filter(amazon).count(), 1);
    }
}
