//! KMS v2.

use std::sync::Arc;

use tonic::{Code, Request, Response, Status, async_trait};
use zeroize::Zeroizing;

use super::call::{Call, deadline};
use super::state::SocketState;
use crate::keys::Api;
use crate::proto::v2::key_management_service_server::KeyManagementService;
use crate::proto::v2::{
    DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, StatusRequest, StatusResponse,
};

/// The service `v2.KeyManagementService`.
#[derive(Clone)]
pub struct V2Service(Arc<SocketState>);

impl V2Service {
    pub(super) fn new(state: Arc<SocketState>) -> Self {
        Self(state)
    }
}

#[async_trait]
impl KeyManagementService for V2Service {
    async fn status(&self, request: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let rpc = self.0.metrics().rpc(Api::V2, "Status");
        let answer = self.0.status(deadline(&request)).await;
        rpc.end(answer.as_ref().map_or_else(Status::code, |_| Code::Ok));
        answer.map(Response::new)
    }

    async fn encrypt(&self, request: Request<EncryptRequest>) -> Result<Response<EncryptResponse>, Status> {
        let deadline = deadline(&request);
        let EncryptRequest { plaintext, uid } = request.into_inner();
        let plaintext = Zeroizing::new(plaintext);
        let call = Call { api: Api::V2, uid: said(&uid), deadline };
        let wrapped = self.0.encrypt(&call, &plaintext).await?;
        Ok(Response::new(EncryptResponse {
            ciphertext: wrapped.ciphertext,
            key_id: (*wrapped.key_id).to_owned(),
            annotations: wrapped.annotations,
        }))
    }

    async fn decrypt(&self, request: Request<DecryptRequest>) -> Result<Response<DecryptResponse>, Status> {
        let deadline = deadline(&request);
        let DecryptRequest { ciphertext, uid, key_id, annotations } = request.into_inner();
        let call = Call { api: Api::V2, uid: said(&uid), deadline };
        let plaintext = self.0.decrypt(&call, &ciphertext, said(&key_id), &annotations).await?;
        Ok(Response::new(DecryptResponse { plaintext: plaintext.expose_secret().to_vec() }))
    }
}

/// In protobuf a string that is not sent is empty.
fn said(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
