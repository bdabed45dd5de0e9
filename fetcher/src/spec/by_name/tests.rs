#![expect(clippy::unwrap_used, reason = "a test that gets nothing fails there")]

#[cfg(not(feature = "kube"))]
#[tokio::test]
async fn a_build_without_the_client_says_so() {
    let error = super::read(Some("team"), "app", tokio::time::Instant::now()).await.unwrap_err();
    assert_eq!(error.exit(), sealkit_host::exit::Exit::Config);
    assert!(error.to_string().starts_with(
        "SecretProviderClass team/app: this build can't ask the Kubernetes API (it was made without the feature `kube`)"
    ));
}

#[cfg(feature = "kube")]
mod with_client {
    use std::convert::Infallible;
    use std::net::SocketAddr;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use http_body_util::Full;
    use hyper::body::{Bytes, Incoming};
    use hyper::service::service_fn;
    use hyper::{Request, Response, StatusCode};
    use hyper_util::rt::TokioIo;
    use kube::Config;
    use sealkit_host::exit::Exit;
    use serde_json::{Value, json};
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use crate::spec::by_name::{ByNameError, api};
    use crate::spec::{Form, Object, Spec};

    const PATH: &str = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/team/secretproviderclasses/app";
    const OLD_PATH: &str = "/apis/secrets-store.csi.x-k8s.io/v1alpha1/namespaces/team/secretproviderclasses/app";

    /// The Kubernetes API, as far as it is about one object: answers in order, the last one again and again.
    struct Api {
        address: SocketAddr,
        paths: Arc<Mutex<Vec<String>>>,
    }

    impl Api {
        async fn answering(answers: Vec<(StatusCode, String)>) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let paths = Arc::new(Mutex::new(Vec::<String>::new()));
            let seen = Arc::clone(&paths);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (seen, answers) = (Arc::clone(&seen), answers.clone());
                    let service = service_fn(move |request: Request<Incoming>| {
                        let mut seen = seen.lock().unwrap();
                        let (status, body) = answers[seen.len().min(answers.len() - 1)].clone();
                        seen.push(request.uri().path().to_owned());
                        let response = Response::builder().status(status).body(Full::new(Bytes::from(body))).unwrap();
                        std::future::ready(Ok::<_, Infallible>(response))
                    });
                    tokio::spawn(
                        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                    );
                }
            });
            Self { address, paths }
        }

        async fn read(&self, namespace: Option<&str>, name: &str) -> Result<Spec, ByNameError> {
            let mut config = Config::new(format!("http://{}/", self.address).parse().unwrap());
            config.default_namespace = "own\n".to_owned();
            api::read(config, namespace, name, Instant::now() + Duration::from_secs(2)).await
        }

        fn paths(&self) -> Vec<String> {
            self.paths.lock().unwrap().clone()
        }
    }

    fn class(objects: &str) -> String {
        json!({
            "apiVersion": "secrets-store.csi.x-k8s.io/v1",
            "kind": "SecretProviderClass",
            "metadata": {"name": "app", "namespace": "team", "managedFields": [{"manager": "kubectl"}]},
            "spec": {"provider": "aws", "parameters": {"region": "eu-west-1", "objects": objects}},
        })
        .to_string()
    }

    fn status(code: u16, message: &str, details: Value) -> (StatusCode, String) {
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "details": details, "code": code,
        });
        (StatusCode::from_u16(code).unwrap(), body.to_string())
    }

    fn not_found() -> (StatusCode, String) {
        let message = "secretproviderclasses.secrets-store.csi.x-k8s.io \"app\" not found";
        status(404, message, json!({"name": "app", "kind": "secretproviderclasses"}))
    }

    const OBJECTS: &str = "- objectName: \"prod/ü😀\"\n  objectType: secretsmanager\n";

    #[tokio::test]
    async fn a_class_is_read_with_one_call_and_without_places() {
        let api = Api::answering(vec![(StatusCode::OK, class(OBJECTS))]).await;
        let spec = api.read(Some("team"), "app").await.unwrap();
        assert_eq!(api.paths(), [PATH]);
        assert_eq!((spec.form, spec.origin.as_str()), (Form::SecretProviderClass, "SecretProviderClass team/app"));
        let Object::Secret(secret) = &spec.entries[0].object else { panic!("a secret") };
        assert_eq!(secret.id, "prod/ü😀");
        assert_eq!((spec.entries[0].at, spec.entries[0].outputs[0].at), (None, None));
    }

    #[tokio::test]
    async fn the_namespace_is_the_pods_own_unless_it_is_named() {
        let api = Api::answering(vec![not_found()]).await;
        let error = api.read(None, "app").await.unwrap_err();
        assert_eq!(api.paths(), [PATH.replace("/team/", "/own/")]);
        assert_eq!(error.exit(), Exit::NotFound);
        assert!(error.to_string().starts_with("SecretProviderClass own/app: it does not exist; correct"), "{error}");
    }

    #[tokio::test]
    async fn what_an_exec_plugin_prints_is_told_to_nobody() {
        for script in ["echo CANARY; echo CANARY >&2; exit 3", "echo CANARY"] {
            let exec = kube::config::ExecConfig {
                command: Some("sh".to_owned()),
                args: Some(vec!["-c".to_owned(), script.to_owned()]),
                ..kube::config::ExecConfig::default()
            };
            let mut config = Config::new("http://127.0.0.1:1/".parse().unwrap());
            config.auth_info.exec = Some(exec);
            let deadline = Instant::now() + Duration::from_secs(2);
            let error = api::read(config, Some("team"), "app", deadline).await.unwrap_err();
            let told = format!("{error}{:?}", error.failure());
            assert!(told.contains("exec plugin") && !told.contains("CANARY"), "{told}");
        }
    }

    #[tokio::test]
    async fn mistakes_are_told_at_lines_of_the_objects() {
        let objects = "- objectName: a\n  objectType: secretsmanager\n- objectName: b\n  objectType: sts\n";
        let api = Api::answering(vec![(StatusCode::OK, class(objects))]).await;
        let error = api.read(Some("team"), "app").await.unwrap_err();
        assert_eq!(error.exit(), Exit::Config);
        assert_eq!(error.to_string(), "SecretProviderClass team/app: Invalid objectType: sts (line 4 of `objects`)");
    }

    #[tokio::test]
    async fn an_old_driver_is_asked_for_its_own_version() {
        let gone = (StatusCode::NOT_FOUND, "404 page not found\n".to_owned());
        let old = class(OBJECTS).replace("csi.x-k8s.io/v1\"", "csi.x-k8s.io/v1alpha1\"");
        let api = Api::answering(vec![gone.clone(), (StatusCode::OK, old)]).await;
        assert!(api.read(Some("team"), "app").await.is_ok());
        assert_eq!(api.paths(), [PATH, OLD_PATH]);

        let api = Api::answering(vec![gone]).await;
        let error = api.read(Some("team"), "app").await.unwrap_err();
        assert_eq!(error.exit(), Exit::NotFound);
        assert!(error.to_string().contains("has no secrets-store.csi.x-k8s.io/v1 or v1alpha1; install"), "{error}");
    }

    #[tokio::test]
    async fn a_denial_prints_what_permits_it() {
        let message = "secretproviderclasses.secrets-store.csi.x-k8s.io \"app\" is forbidden: User \
                       \"system:serviceaccount:team:web\" cannot get resource \"secretproviderclasses\" in API group \
                       \"secrets-store.csi.x-k8s.io\" in the namespace \"team\"";
        let api = Api::answering(vec![status(403, message, json!({"name": "app"}))]).await;
        let error = api.read(Some("team"), "app").await.unwrap_err();
        assert_eq!(error.exit(), Exit::Denied);
        let ByNameError::Denied { failure, rbac } = &error else { panic!("a denial: {error}") };
        assert_eq!(
            failure.to_string(),
            "SecretProviderClass team/app: the service account team/web may not get it (403); permit it: `kubectl create \
             role seal-fetcher-app -n team --verb=get --resource=secretproviderclasses.secrets-store.csi.x-k8s.io \
             --resource-name=app && kubectl create rolebinding seal-fetcher-app -n team --role=seal-fetcher-app \
             --serviceaccount=team:web`"
        );
        let [role, binding] = &crate::spec::csi::yaml::parse(rbac).unwrap().documents[..] else { panic!("two") };
        let text = |node: &crate::spec::csi::yaml::Node, key| node.member(key).unwrap().text().unwrap().to_owned();
        assert_eq!((text(role, "kind"), text(binding, "kind")), ("Role".to_owned(), "RoleBinding".to_owned()));
        assert_eq!(text(role.member("metadata").unwrap(), "namespace"), "team");
        assert!(rbac.contains("resourceNames: [\"app\"]\n  verbs: [get]"), "{rbac}");
        assert!(rbac.ends_with("- kind: ServiceAccount\n  name: \"web\"\n  namespace: \"team\""), "{rbac}");
        assert!(
            error.to_string().contains("`\nor apply:\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_token_that_is_not_known_is_no_missing_permission() {
        let api = Api::answering(vec![status(401, "Unauthorized", json!({}))]).await;
        let error = api.read(Some("team"), "app").await.unwrap_err();
        assert_eq!(error.exit(), Exit::Denied);
        assert!(!error.to_string().contains("RoleBinding"), "{error}");
    }

    #[tokio::test]
    async fn an_outage_is_waited_out() {
        let busy = status(503, "the server is currently unable to handle the request", json!({}));
        let limited = status(429, "Too many requests", json!({}));
        let api = Api::answering(vec![busy, limited, (StatusCode::OK, class(OBJECTS))]).await;
        assert!(api.read(Some("team"), "app").await.is_ok());
        assert_eq!(api.paths(), [PATH, PATH, PATH]);
    }

    #[tokio::test]
    async fn an_api_that_is_not_there_is_unavailable() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = Config::new(format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap());
        drop(listener);
        let error = api::read(config, Some("team"), "app", Instant::now()).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Unavailable);
        assert!(error.to_string().contains("is not there: "), "{error}");
    }

    #[tokio::test]
    async fn an_api_that_is_silent_is_unavailable_at_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = Config::new(format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap());
        let start = Instant::now();
        let deadline = start + Duration::from_millis(200);
        let error = api::read(config, Some("team"), "app", deadline).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Unavailable);
        assert!(start.elapsed() < Duration::from_secs(2));
        assert!(error.to_string().contains("no answer in time"), "{error}");
    }

    #[tokio::test]
    async fn answers_are_bounded() {
        let api = Api::answering(vec![(StatusCode::OK, class(&"#".repeat(3 << 20)))]).await;
        let error = api.read(Some("team"), "app").await.unwrap_err();
        assert_eq!(error.exit(), Exit::Refused);
        assert!(error.to_string().contains("more than 2097152 bytes"), "{error}");
        assert_eq!(api.paths().len(), 1);
    }

    #[tokio::test]
    async fn names_that_are_none_are_not_asked_for() {
        let api = Api::answering(vec![(StatusCode::OK, class(OBJECTS))]).await;
        for (namespace, name) in [
            ("team", "../pods"),
            ("team", "a?b"),
            ("team", "A"),
            ("te/am", "app"),
            ("", "app"),
            ("team", "-a"),
            ("team", "a..b"),
        ] {
            let error = api.read(Some(namespace), name).await.unwrap_err();
            assert_eq!(error.exit(), Exit::Config, "{error}");
        }
        assert!(api.paths().is_empty());
    }

    #[tokio::test]
    async fn what_is_no_class_is_refused() {
        let api = Api::answering(vec![(StatusCode::OK, "<html>".to_owned())]).await;
        let error = api.read(Some("team"), "app").await.unwrap_err();
        assert_eq!(error.exit(), Exit::Refused, "{error}");

        let api = Api::answering(vec![(StatusCode::OK, json!({"kind": "Pod"}).to_string())]).await;
        let error = api.read(Some("team"), "app").await.unwrap_err();
        assert_eq!(error.exit(), Exit::Config, "{error}");
    }
}
