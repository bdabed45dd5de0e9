//! The two gRPC services as kube-apiserver knows them, generated from `proto/`.

/// KMS v1: one Encrypt for each write of an object.
#[expect(missing_docs, clippy::pedantic, reason = "generated; the fields are those of the Kubernetes API")]
pub mod v1beta1 {
    tonic::include_proto!("v1beta1");
}

/// KMS v2: one Encrypt for each seed, and a Status that decides outages.
#[expect(missing_docs, clippy::pedantic, reason = "generated; the fields are those of the Kubernetes API")]
pub mod v2 {
    tonic::include_proto!("v2");
}
