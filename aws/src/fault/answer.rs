//! Answers of the services behind a login, found inside the errors of the credential chain.

use std::error::Error;

use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use aws_sdk_ssooidc::operation::create_token::CreateTokenError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::chain::{AnyError, links};
use super::{Finding, code, shown};

/// What a service behind a login answered.
pub(super) struct Answer {
    pub(super) action: &'static str,
    pub(super) finding: Finding,
    pub(super) request_id: Option<String>,
}

/// The first such answer in a chain of errors.
pub(super) fn find(error: &AnyError) -> Option<Answer> {
    links(error).find_map(|link| {
        of::<AssumeRoleWithWebIdentityError>(link, "sts:AssumeRoleWithWebIdentity")
            .or_else(|| of::<AssumeRoleError>(link, "sts:AssumeRole"))
            .or_else(|| of::<GetRoleCredentialsError>(link, "sso:GetRoleCredentials"))
            .or_else(|| of::<CreateTokenError>(link, "sso-oauth:CreateToken"))
    })
}

fn of<E>(link: &AnyError, action: &'static str) -> Option<Answer>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let error = link.downcast_ref::<SdkError<E, HttpResponse>>()?;
    let status = error.raw_response()?.status().as_u16();
    Some(Answer {
        action,
        finding: code::find(error.code(), error.message(), status),
        request_id: error.request_id().map(shown),
    })
}
