//! The permission to read one class, as manifests.

use crate::spec::secret_provider_class::GROUP;

/// Who is to be permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A service account.
    ServiceAccount { namespace: String, name: String },
    /// A user of another kind.
    User(String),
}

impl Subject {
    /// The user that a denial names: `… is forbidden: User "system:serviceaccount:NAMESPACE:NAME" cannot …`.
    pub(super) fn of_denial(message: &str) -> Option<Self> {
        let (_, rest) = message.split_once("User \"")?;
        let (user, _) = rest.split_once('"')?;
        let account = user.strip_prefix("system:serviceaccount:").and_then(|account| account.split_once(':'));
        Some(match account {
            Some((namespace, name)) => Self::ServiceAccount { namespace: namespace.to_owned(), name: name.to_owned() },
            None => Self::User(user.to_owned()),
        })
    }
}

/// The same as [`manifests`] in one line for a shell.
pub(super) fn commands(namespace: &str, name: &str, subject: Option<&Subject>) -> String {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:@/".contains(&byte));
    let subject = match subject {
        Some(Subject::ServiceAccount { namespace, name }) if is_plain(namespace) && is_plain(name) => {
            format!("--serviceaccount={namespace}:{name}")
        }
        Some(Subject::User(user)) if is_plain(user) => format!("--user={user}"),
        _ => format!("--serviceaccount={namespace}:SERVICE_ACCOUNT"),
    };
    format!(
        "kubectl create role seal-fetcher-{name} -n {namespace} --verb=get \
         --resource=secretproviderclasses.{GROUP} --resource-name={name} && \
         kubectl create rolebinding seal-fetcher-{name} -n {namespace} --role=seal-fetcher-{name} {subject}"
    )
}

/// A Role that permits to read the class, and the RoleBinding that gives it to `subject`.
pub(super) fn manifests(namespace: &str, name: &str, subject: Option<&Subject>) -> String {
    let subject = match subject {
        Some(Subject::ServiceAccount { namespace, name }) => {
            format!("- kind: ServiceAccount\n  name: {}\n  namespace: {}", quoted(name), quoted(namespace))
        }
        Some(Subject::User(user)) => {
            format!("- kind: User\n  apiGroup: rbac.authorization.k8s.io\n  name: {}", quoted(user))
        }
        None => {
            format!("- kind: ServiceAccount\n  name: SERVICE_ACCOUNT # the pod's\n  namespace: {}", quoted(namespace))
        }
    };
    let (namespace, class) = (quoted(namespace), quoted(name));
    let role = quoted(&format!("seal-fetcher-{name}"));
    format!(
        "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {role}
  namespace: {namespace}
rules:
- apiGroups: [{GROUP}]
  resources: [secretproviderclasses]
  resourceNames: [{class}]
  verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {role}
  namespace: {namespace}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {role}
subjects:
{subject}"
    )
}

/// A name for YAML, in quotes, for `1` and `on` are names too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
