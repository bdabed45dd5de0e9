//! KMS v1.

use std::collections::HashMap;
use std::sync::Arc;

use tonic::{Code, Request, Response, Status, async_trait};
use zeroize::Zeroizing;

use super::call::{Call, deadline};
use super::state::SocketState;
use crate::keys::Api;
use crate::proto::v1beta1::key_management_service_server::KeyManagementService;
use crate::proto::v1beta1::{
    DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, VersionRequest, VersionResponse,
};

/// The only version of this API.
const VERSION: &str = "v1beta1";
/// AEP's.
const RUNTIME_NAME: &str = "AWSKMS";

/// The service `v1beta1.KeyManagementService`.
#[derive(Clone)]
pub struct V1Beta1Service(Arc<SocketState>);

impl V1Beta1Service {
    pub(super) fn new(state: Arc<SocketState>) -> Self {
        Self(state)
    }
}

#[async_trait]
impl KeyManagementService for V1Beta1Service {
    async fn version(&self, request: Request<VersionRequest>) -> Result<Response<VersionResponse>, Status> {
        let rpc = self.0.metrics().rpc(Api::V1Beta1, "Version");
        let checked = check(&request.get_ref().version);
        rpc.end(checked.as_ref().map_or_else(Status::code, |()| Code::Ok));
        checked?;
        Ok(Response::new(VersionResponse {
            version: VERSION.to_owned(),
            runtime_name: RUNTIME_NAME.to_owned(),
            runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
        }))
    }

    async fn encrypt(&self, request: Request<EncryptRequest>) -> Result<Response<EncryptResponse>, Status> {
        let call = Call { api: Api::V1Beta1, uid: None, deadline: deadline(&request) };
        let EncryptRequest { version, plain } = request.into_inner();
        let plain = Zeroizing::new(plain);
        check(&version)?;
        let wrapped = self.0.encrypt(&call, &plain).await?;
        Ok(Response::new(EncryptResponse { cipher: wrapped.ciphertext }))
    }

    async fn decrypt(&self, request: Request<DecryptRequest>) -> Result<Response<DecryptResponse>, Status> {
        let call = Call { api: Api::V1Beta1, uid: None, deadline: deadline(&request) };
        let DecryptRequest { version, cipher } = request.into_inner();
        check(&version)?;
        let plaintext = self.0.decrypt(&call, &cipher, None, &HashMap::new()).await?;
        Ok(Response::new(DecryptResponse { plain: plaintext.expose_secret().to_vec() }))
    }
}

/// kube-apiserver names the version in each request; a client that names none means this one too.
fn check(version: &str) -> Result<(), Status> {
    if version.is_empty() || version == VERSION {
        return Ok(());
    }
    Err(Status::invalid_argument("the request is of another version of the API than v1beta1"))
}
