//! On whose behalf a service calls KMS: the confused deputy's headers.
//!
//! Key policies can ask for `aws:SourceArn` and `aws:SourceAccount`. The values travel as two headers, which are part
//! of what is signed; KMS heeds them from service principals.

use std::fmt;
use std::str::FromStr;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::arn::is_account;

/// The ARN of the resource on whose behalf calls are made, for example an EKS cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceArn {
    arn: String,
    /// Where the account's digits are in it.
    account: std::ops::Range<usize>,
}

/// Why a text is no [`SourceArn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceArnError {
    /// It has not the form of an ARN.
    #[error("not like arn:aws:eks:eu-west-1:111122223333:cluster/NAME")]
    Form,
    /// The account is missing or not twelve digits, so there is none to send.
    #[error("it names no account of twelve digits, which is sent as x-amz-source-account")]
    Account,
}

impl SourceArn {
    /// The account in it.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.arn[self.account.clone()]
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.arn
    }
}

impl FromStr for SourceArn {
    type Err = SourceArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A header carries it, so nothing but visible ASCII.
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SourceArnError::Form);
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, _, account, resource] = parts[..] else { return Err(SourceArnError::Form) };
        if partition.is_empty() || service.is_empty() || resource.is_empty() {
            return Err(SourceArnError::Form);
        }
        if !is_account(account) {
            return Err(SourceArnError::Account);
        }
        let start = text.len() - resource.len() - 1 - account.len();
        Ok(Self { arn: text.to_owned(), account: start..start + account.len() })
    }
}

impl fmt::Debug for SourceArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceArn({})", self.arn)
    }
}

/// Adds `x-amz-source-arn` and `x-amz-source-account` to each request, before it is signed.
#[derive(Clone, Debug)]
pub struct SourceHeaders(pub(crate) SourceArn);

impl Intercept for SourceHeaders {
    fn name(&self) -> &'static str {
        "SourceHeaders"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        headers.insert("x-amz-source-account", self.0.account().to_owned());
        headers.insert("x-amz-source-arn", self.0.as_str().to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{SourceArn, SourceArnError};

    #[test]
    fn the_account_is_found() {
        let arn: SourceArn = "arn:aws:eks:eu-west-1:111122223333:cluster/a:b".parse().expect("it is one");
        assert_eq!(arn.account(), "111122223333");
        let global: SourceArn = "arn:aws-cn:iam::444455556666:role/r".parse().expect("it is one");
        assert_eq!(global.account(), "444455556666");
    }

    #[test]
    fn what_no_header_can_carry_or_has_no_account_is_refused() {
        for text in
            ["", "cluster/a", "arn:aws:eks:eu-west-1:111122223333", "arn:aws:eks:r:111122223333:a b", "arn::::1:"]
        {
            assert_eq!(text.parse::<SourceArn>(), Err(SourceArnError::Form), "{text}");
        }
        assert_eq!("arn:aws:s3:::bucket".parse::<SourceArn>(), Err(SourceArnError::Account));
    }
}
