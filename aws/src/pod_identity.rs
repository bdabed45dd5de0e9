//! The EKS Pod Identity agent at the address that is asked for.
//!
//! The agent listens at one address of each family, and `AWS_CONTAINER_CREDENTIALS_FULL_URI` names the one that the
//! cluster prefers. The SDK's provider takes that variable alone, so the choice is made where its request is sent.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::credentials::PodIdentityAddress;

const IPV4: &str = "http://169.254.170.23";
const IPV6: &str = "http://[fd00:ec2::23]";

/// Sends what is meant for the agent to one of its addresses, and anything else where it was going: an endpoint of
/// somebody else that the variable names.
#[derive(Debug)]
pub(crate) struct AgentClient {
    agent: PodIdentityAddress,
    inner: SharedHttpClient,
}

impl AgentClient {
    pub(crate) fn new(agent: PodIdentityAddress, inner: SharedHttpClient) -> Self {
        Self { agent, inner }
    }
}

impl HttpClient for AgentClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(AgentConnector { agent: self.agent, inner })
    }
}

#[derive(Debug)]
struct AgentConnector {
    agent: PodIdentityAddress,
    inner: SharedHttpConnector,
}

impl HttpConnector for AgentConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        if let Some(uri) = readdressed(self.agent, request.uri()) {
            // What is at fault with it, if anything, was so before: the sender tells.
            let _ = request.set_uri(uri);
        }
        self.inner.call(request)
    }
}

/// The same URI at the wanted address, if it is one of the agent.
fn readdressed(agent: PodIdentityAddress, uri: &str) -> Option<String> {
    let (to, from) = match agent {
        PodIdentityAddress::Ipv4 => (IPV4, IPV6),
        PodIdentityAddress::Ipv6 => (IPV6, IPV4),
    };
    let rest = uri.strip_prefix(from)?;
    (rest.is_empty() || rest.starts_with(['/', ':'])).then(|| format!("{to}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_agent_is_readdressed() {
        let path = "/v1/credentials";
        let ipv6 = readdressed(PodIdentityAddress::Ipv6, &format!("{IPV4}{path}"));
        assert_eq!(ipv6.as_deref(), Some("http://[fd00:ec2::23]/v1/credentials"));
        let ipv4 = readdressed(PodIdentityAddress::Ipv4, &format!("{IPV6}:80{path}"));
        assert_eq!(ipv4.as_deref(), Some("http://169.254.170.23:80/v1/credentials"));
        for other in ["http://169.254.170.2/v2/x", "http://169.254.170.231/", "http://127.0.0.1:99/x", IPV6] {
            assert_eq!(readdressed(PodIdentityAddress::Ipv6, other), None, "{other}");
        }
    }
}
