//! The next step after a fault.

use super::FaultClass;

/// What the call was about.
pub(super) struct Place<'a> {
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) region: Option<&'a str>,
}

impl Place<'_> {
    fn is_kms(&self) -> bool {
        self.action.starts_with("kms:")
    }

    /// ` --region R`, for commands.
    fn region_flag(&self) -> String {
        self.region.map(|region| format!(" --region {region}")).unwrap_or_default()
    }

    /// ` in R`, for sentences.
    fn in_region(&self) -> String {
        self.region.map(|region| format!(" in {region}")).unwrap_or_default()
    }
}

/// What the operator should do next. `cause` holds the service's own words, where those may be shown.
pub(super) fn next_step(class: FaultClass, code: Option<&str>, cause: &str, place: &Place<'_>) -> String {
    match class {
        FaultClass::Outage => format!(
            "check the network path to AWS{} (proxy, endpoint, DNS, CA bundle) and https://health.aws.amazon.com, then \
             try again",
            place.in_region()
        ),
        FaultClass::Throttled => format!(
            "the account's request rate{} is used up: try again later, ask less often or raise the quota",
            place.in_region()
        ),
        FaultClass::Denied => denied(cause, place),
        FaultClass::Revoked => revoked(place),
        FaultClass::Absent => {
            format!("check the name, the account and the Region: nothing of this name is there{}", place.in_region())
        }
        FaultClass::ExpiredLogin => expired(code),
        FaultClass::NoCredentials => "log in (`aws sso login --profile NAME`) and name the profile (--profile or \
             AWS_PROFILE), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the workload a role"
            .to_owned(),
        FaultClass::Misconfigured => {
            "check the AWS settings in the environment and in ~/.aws/config (profile, region, endpoint_url, FIPS and \
             dual-stack)"
                .to_owned()
        }
        FaultClass::Refused => refused(code),
    }
}

fn denied(cause: &str, place: &Place<'_>) -> String {
    let (action, resource) = (place.action, place.resource);
    if !place.is_kms() && (cause.contains("kms:Decrypt") || cause.contains("Access to KMS")) {
        // The service asked KMS on the caller's behalf, with the caller's permissions.
        let key = key_in(cause).unwrap_or("the customer managed key");
        return format!(
            "{resource} is encrypted under a key of its own: allow kms:Decrypt on {key} in the caller's IAM policy and \
             in the key policy, at least through the service (kms:ViaService)"
        );
    }
    if place.is_kms() {
        format!(
            "allow {action} on {resource} in the caller's IAM policy and in the key policy, and look for an explicit \
             deny"
        )
    } else {
        format!("allow {action} on {resource} in the caller's IAM policy, and look for an explicit deny")
    }
}

/// The ARN of a KMS key in a sentence.
fn key_in(text: &str) -> Option<&str> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '(' | ')'));
    let mut words = words.map(|word| word.trim_end_matches('.'));
    words.find(|word| word.starts_with("arn:") && word.contains(":kms:") && word.contains(":key/"))
}

fn revoked(place: &Place<'_>) -> String {
    if !place.is_kms() {
        return format!("restore {} or the KMS key behind it, if it is meant to be used", place.resource);
    }
    let (key, region) = (place.resource, place.region_flag());
    format!(
        "if the key is meant to be used: `aws kms describe-key --key-id {key}{region}` shows its state, then \
         `aws kms enable-key` or `aws kms cancel-key-deletion`, or import its material again"
    )
}

fn expired(code: Option<&str>) -> String {
    match code {
        Some("InvalidSignatureException" | "SignatureDoesNotMatch" | "RequestExpired" | "RequestTimeTooSkewed") => {
            "check the secret access key and this machine's clock".to_owned()
        }
        Some("UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidAccessKeyId") => {
            "the access key is unknown there: check it, the partition and whether the Region is enabled for the \
             account, or log in again (`aws sso login --profile NAME`)"
                .to_owned()
        }
        Some("InvalidIdentityToken" | "InvalidIdentityTokenException") => {
            "check the web identity token, its audience, and that the account trusts its issuer".to_owned()
        }
        _ => "log in again (`aws sso login --profile NAME`) or renew the session's credentials".to_owned(),
    }
}

fn refused(code: Option<&str>) -> String {
    match code {
        Some("InvalidCiphertextException") => {
            "the data was changed, or was encrypted under another key or another encryption context".to_owned()
        }
        Some("IncorrectKeyException") => "the data was encrypted under another key: give that key".to_owned(),
        Some("InvalidKeyUsageException") => "use a symmetric key whose usage is ENCRYPT_DECRYPT".to_owned(),
        Some("InvalidGrantTokenException") => "get a new grant token".to_owned(),
        _ => "check the request's parameters against the service's documentation".to_owned(),
    }
}
