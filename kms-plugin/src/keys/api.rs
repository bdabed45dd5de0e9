//! The versions of kube-apiserver's plugin API.

/// The version of the plugin API that a request came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// KMS v1 (`v1beta1`).
    V1Beta1,
    /// KMS v2.
    V2,
}
