//! Which requests go through a proxy, and through which.

use std::fmt;
use std::net::IpAddr;

use aws_smithy_http_client::proxy::ProxyConfig;

use crate::environment::Environment;
use crate::error::ConfigError;

/// Where instance, container and pod credentials come from: never through a proxy, whatever
/// `NO_PROXY` says, for a proxy would answer with its own identity or see the token.
const METADATA: [&str; 5] = ["169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"];

/// The proxies of the environment, by the scheme of the request.
///
/// Names in lower case come first, as in curl and Python. `NO_PROXY` is a list of hosts (`*` for
/// all), domains with or without a leading `.` or `*.`, addresses and networks.
#[derive(Clone, Default)]
pub(crate) struct Proxies {
    /// For `https://`, through CONNECT.
    pub(crate) https: Option<ProxyConfig>,
    /// For `http://`, by requests in absolute form.
    pub(crate) http: Option<ProxyConfig>,
}

impl Proxies {
    /// Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    pub(crate) fn load(environment: &Environment) -> Result<Self, ConfigError> {
        let direct = environment.first(&["no_proxy", "NO_PROXY"]).map(|(_, list)| normalise(list)).unwrap_or_default();
        let find = |names: &[&'static str]| -> Result<Option<ProxyConfig>, ConfigError> {
            let Some((variable, url)) = environment.first(names) else {
                return Ok(None);
            };
            let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
            let proxy = ProxyConfig::all(url).map_err(|_| ConfigError::Proxy { variable })?;
            Ok(Some(proxy.no_proxy(&direct)))
        };
        Ok(Self {
            https: find(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?,
            http: find(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])?,
        })
    }
}

impl fmt::Debug for Proxies {
    /// Says only whether there is one: its URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("https", &self.https.is_some()).field("http", &self.http.is_some()).finish()
    }
}

/// Whether a host is reached directly whatever the environment says: the metadata services, and
/// this machine, which no proxy can reach for us.
pub(crate) fn is_always_direct(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => {
            let address = address.to_canonical();
            address.is_loopback() || METADATA.iter().any(|it| it.parse() == Ok(address))
        }
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// `*.example.org` means what `.example.org` means; the matcher knows the second form only.
fn normalise(list: &str) -> String {
    let rules: Vec<&str> = list
        .split(',')
        .map(str::trim)
        .map(|rule| rule.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(rule))
        .collect();
    rules.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_services_and_this_machine_are_direct() {
        for host in METADATA.iter().chain(&["127.0.0.1", "::1", "[fd00:ec2::23]", "LOCALHOST"]) {
            assert!(is_always_direct(host), "{host}");
        }
        for host in ["169.254.169.253", "fd00:ec2::24", "kms.eu-west-1.amazonaws.com", "10.0.0.1"] {
            assert!(!is_always_direct(host), "{host}");
        }
        assert!(is_always_direct("::ffff:169.254.169.254"), "mapped addresses are the same host");
    }

    #[test]
    fn a_proxy_may_be_named_without_scheme_and_must_speak_http() {
        let load = |url: &str| Proxies::load(&Environment::from_pairs([("https_proxy", url)]));
        assert!(load("proxy.example:3128").expect("a proxy").https.is_some());
        assert!(load("http://u:p@proxy.example").expect("a proxy").http.is_none());
        for wrong in ["socks5://u:hunter2@proxy", "http://", "http://u:hunter2@"] {
            let error = load(wrong).expect_err(wrong).to_string();
            assert!(error.contains("https_proxy") && !error.contains("hunter2"), "{error}");
        }
    }
}
