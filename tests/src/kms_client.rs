//! A client of the KMS plugin API over a unix socket, as kube-apiserver is one.
//!
//! The messages are written out here rather than taken from the plugin: a peer that shared its generated code would
//! share its mistakes too.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

/// The deadline that kube-apiserver gives each call unless configured otherwise.
pub const APISERVER_TIMEOUT: Duration = Duration::from_secs(3);

/// Messages of `v1beta1.KeyManagementService`.
pub mod v1 {
    /// Asks for the version.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct VersionRequest {
        /// The API version that the client speaks.
        #[prost(string, tag = "1")]
        pub version: String,
    }

    /// The versions of API and plugin.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct VersionResponse {
        /// The API version.
        #[prost(string, tag = "1")]
        pub version: String,
        /// The plugin's name.
        #[prost(string, tag = "2")]
        pub runtime_name: String,
        /// The plugin's version.
        #[prost(string, tag = "3")]
        pub runtime_version: String,
    }

    /// Both requests, and both responses where only the second field counts.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct DataRequest {
        /// The API version.
        #[prost(string, tag = "1")]
        pub version: String,
        /// Plaintext or ciphertext.
        #[prost(bytes = "vec", tag = "2")]
        pub data: Vec<u8>,
    }

    /// Both responses.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct DataResponse {
        /// Ciphertext or plaintext.
        #[prost(bytes = "vec", tag = "1")]
        pub data: Vec<u8>,
    }
}

/// Messages of `v2.KeyManagementService`.
pub mod v2 {
    use std::collections::HashMap;

    /// Asks for the status.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct StatusRequest {}

    /// What the plugin says of itself.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct StatusResponse {
        /// The API version.
        #[prost(string, tag = "1")]
        pub version: String,
        /// `ok`, or what is wrong.
        #[prost(string, tag = "2")]
        pub healthz: String,
        /// The key that Encrypt uses.
        #[prost(string, tag = "3")]
        pub key_id: String,
    }

    /// A seed to encrypt.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct EncryptRequest {
        /// The seed.
        #[prost(bytes = "vec", tag = "1")]
        pub plaintext: Vec<u8>,
        /// The request's UUID.
        #[prost(string, tag = "2")]
        pub uid: String,
    }

    /// An encrypted seed.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct EncryptResponse {
        /// The ciphertext.
        #[prost(bytes = "vec", tag = "1")]
        pub ciphertext: Vec<u8>,
        /// The key that encrypted it.
        #[prost(string, tag = "2")]
        pub key_id: String,
        /// What is stored beside it.
        #[prost(map = "string, bytes", tag = "3")]
        pub annotations: HashMap<String, Vec<u8>>,
    }

    /// A seed to decrypt.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct DecryptRequest {
        /// The ciphertext.
        #[prost(bytes = "vec", tag = "1")]
        pub ciphertext: Vec<u8>,
        /// The request's UUID.
        #[prost(string, tag = "2")]
        pub uid: String,
        /// The key that encrypted it.
        #[prost(string, tag = "3")]
        pub key_id: String,
        /// What was stored beside it.
        #[prost(map = "string, bytes", tag = "4")]
        pub annotations: HashMap<String, Vec<u8>>,
    }

    /// A decrypted seed.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct DecryptResponse {
        /// The seed.
        #[prost(bytes = "vec", tag = "1")]
        pub plaintext: Vec<u8>,
    }
}

/// What a v2 Encrypt answered, as it is stored in etcd and sent back to be decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
    /// The key id.
    pub key_id: String,
    /// The annotations.
    pub annotations: HashMap<String, Vec<u8>>,
}

/// A connection to a plugin's socket; clones share it. It is made at the first call, and again after the plugin died.
#[derive(Clone)]
pub struct KmsClient {
    channel: Channel,
    timeout: Duration,
}

impl KmsClient {
    /// A client of the plugin at `socket`, which need not exist yet. Must be called within a runtime.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        let socket: PathBuf = socket.to_owned();
        let connect = tower::service_fn(move |_| {
            let socket = socket.clone();
            async move { UnixStream::connect(socket).await.map(TokioIo::new) }
        });
        // The name that grpc-go sends for a unix socket since 1.32 of Kubernetes.
        let channel = Endpoint::from_static("http://localhost").connect_with_connector_lazy(connect);
        Self { channel, timeout: APISERVER_TIMEOUT }
    }

    /// Gives each call `timeout`, which the plugin is told.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// v1beta1 Version.
    ///
    /// # Errors
    ///
    /// The plugin's error.
    pub async fn v1_version(&self) -> Result<v1::VersionResponse, Status> {
        let request = v1::VersionRequest { version: "v1beta1".to_owned() };
        self.unary("/v1beta1.KeyManagementService/Version", request).await
    }

    /// v1beta1 Encrypt.
    ///
    /// # Errors
    ///
    /// The plugin's error.
    pub async fn v1_encrypt(&self, plaintext: &[u8]) -> Result<Vec<u8>, Status> {
        self.v1_data("/v1beta1.KeyManagementService/Encrypt", plaintext).await
    }

    /// v1beta1 Decrypt.
    ///
    /// # Errors
    ///
    /// The plugin's error.
    pub async fn v1_decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, Status> {
        self.v1_data("/v1beta1.KeyManagementService/Decrypt", ciphertext).await
    }

    /// v2 Status.
    ///
    /// # Errors
    ///
    /// The plugin's error.
    pub async fn status(&self) -> Result<v2::StatusResponse, Status> {
        self.unary("/v2.KeyManagementService/Status", v2::StatusRequest {}).await
    }

    /// v2 Encrypt.
    ///
    /// # Errors
    ///
    /// The plugin's error.
    pub async fn encrypt(&self, plaintext: &[u8], uid: &str) -> Result<Sealed, Status> {
        let request = v2::EncryptRequest { plaintext: plaintext.to_vec(), uid: uid.to_owned() };
        let v2::EncryptResponse { ciphertext, key_id, annotations } =
            self.unary("/v2.KeyManagementService/Encrypt", request).await?;
        Ok(Sealed { ciphertext, key_id, annotations })
    }

    /// v2 Decrypt.
    ///
    /// # Errors
    ///
    /// The plugin's error.
    pub async fn decrypt(&self, sealed: &Sealed, uid: &str) -> Result<Vec<u8>, Status> {
        let Sealed { ciphertext, key_id, annotations } = sealed.clone();
        let request = v2::DecryptRequest { ciphertext, uid: uid.to_owned(), key_id, annotations };
        let response: v2::DecryptResponse = self.unary("/v2.KeyManagementService/Decrypt", request).await?;
        Ok(response.plaintext)
    }

    async fn v1_data(&self, path: &'static str, data: &[u8]) -> Result<Vec<u8>, Status> {
        let request = v1::DataRequest { version: "v1beta1".to_owned(), data: data.to_vec() };
        let response: v1::DataResponse = self.unary(path, request).await?;
        Ok(response.data)
    }

    async fn unary<Q, A>(&self, path: &'static str, message: Q) -> Result<A, Status>
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        let answer = grpc.unary(request, PathAndQuery::from_static(path), ProstCodec::<Q, A>::default()).await?;
        Ok(answer.into_inner())
    }
}
