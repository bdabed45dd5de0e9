//! The KMS encryption provider for Kubernetes Secrets.

fn main() {}
