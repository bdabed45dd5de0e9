//! A pod with many secrets and parameters, and the specifications that ask for them.

use sealkit_rig::{AwsDouble, Fetcher, Operation};

pub(crate) const HERE: &str = "us-east-1";
pub(crate) const THERE: &str = "eu-west-1";

/// The pod that the targets are set for.
pub(crate) const SECRETS: usize = 47;
pub(crate) const PARAMETERS: usize = 23;

pub(crate) struct Scene {
    pub(crate) aws: AwsDouble,
    pub(crate) fetcher: Fetcher,
    /// The ARNs of the pod's secrets.
    pub(crate) arns: Vec<String>,
}

impl Scene {
    /// AWS with one secret `db`, whose value is `hunter2`, and a specification.
    pub(crate) fn of(spec: &str) -> Self {
        Self::at(AwsDouble::start(), spec)
    }

    /// The same on an endpoint that was started otherwise.
    pub(crate) fn at(aws: AwsDouble, spec: &str) -> Self {
        let arns = vec![aws.secrets().create(HERE, "db", "hunter2")];
        let fetcher = Fetcher::new(&aws).with_spec(spec);
        Self { aws, fetcher, arns }
    }

    /// AWS with the pod's objects, and a specification of them.
    pub(crate) fn pod(spec: &str) -> Self {
        let aws = AwsDouble::start();
        let arns = (0..SECRETS).map(|n| aws.secrets().create(HERE, &secret(n), value(n).as_str())).collect();
        for n in 0..PARAMETERS {
            aws.parameters().put_secure(HERE, &parameter(n), &value(n));
        }
        let fetcher = Fetcher::new(&aws).with_spec(spec);
        Self { aws, fetcher, arns }
    }

    pub(crate) fn calls(&self, operation: Operation) -> u64 {
        self.aws.calls().count(operation)
    }

    /// Calls for secrets one by one, for secrets in batches, and for parameters.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        (
            self.calls(Operation::GetSecretValue),
            self.calls(Operation::BatchGetSecretValue),
            self.calls(Operation::GetParameters),
        )
    }

    /// Asserts that all 70 files of the pod are there with their values.
    #[track_caller]
    pub(crate) fn assert_published(&self, secret_file: fn(usize) -> String, parameter_file: fn(usize) -> String) {
        let files = self.fetcher.files();
        assert_eq!(files.len(), SECRETS + PARAMETERS, "{:?}", files.keys());
        for n in 0..SECRETS {
            assert_eq!(files[&secret_file(n)], value(n).into_bytes());
        }
        for n in 0..PARAMETERS {
            assert_eq!(files[&parameter_file(n)], value(n).into_bytes());
        }
    }
}

pub(crate) fn secret(n: usize) -> String {
    format!("pod/s{n:02}")
}

pub(crate) fn parameter(n: usize) -> String {
    format!("/pod/p{n:02}")
}

pub(crate) fn value(n: usize) -> String {
    format!("value-{n}")
}

/// The pod in our own form: files `s00` and `p00`.
pub(crate) fn native_pod() -> String {
    let mut spec = "secrets:\n".to_owned();
    for n in 0..SECRETS {
        spec.push_str(&format!("  s{n:02}: {{secret: {}}}\n", secret(n)));
    }
    for n in 0..PARAMETERS {
        spec.push_str(&format!("  p{n:02}: {{parameter: {}}}\n", parameter(n)));
    }
    spec
}

/// The pod in the CSI provider's form: files `pod_s00` and `_pod_p00`.
pub(crate) fn csi_pod() -> String {
    let mut spec = "region: us-east-1\nobjects: |\n".to_owned();
    for n in 0..SECRETS {
        spec.push_str(&format!("  - {{objectName: {}, objectType: secretsmanager}}\n", secret(n)));
    }
    for n in 0..PARAMETERS {
        spec.push_str(&format!("  - {{objectName: {}, objectType: ssmparameter}}\n", parameter(n)));
    }
    spec
}
