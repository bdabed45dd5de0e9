//! What one source says, and how two make one.

use std::path::{Path, PathBuf};

use sealkit_aws::SourceArn;

use super::{
    AwsSettings, DEFAULT_HEALTH_ADDRESS, EndpointSettings, ListenAddress, LogFormat, LogLevel, LogSettings, Mistakes,
    ProviderSettings, Settings,
};

/// What one source says; nothing where it is silent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) providers: Option<Vec<ProviderSettings>>,
    pub(crate) health_port: Option<ListenAddress>,
    pub(crate) healthz_path: Option<String>,
    pub(crate) livez_path: Option<String>,
    pub(crate) deep_healthz: Option<bool>,
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) kms_endpoint: Option<String>,
    pub(crate) source_arn: Option<SourceArn>,
    pub(crate) retry_tokens: Option<usize>,
    pub(crate) audit: Option<PathBuf>,
    pub(crate) log_format: Option<LogFormat>,
    pub(crate) log_level: Option<LogLevel>,
}

impl Layer {
    /// What is logged by the flags and what could be read of the file: for whatever is told before there are settings.
    pub(crate) fn log(&self, file: Option<&Self>) -> LogSettings {
        LogSettings {
            format: self.log_format.or(file.and_then(|file| file.log_format)),
            level: self.log_level.or(file.and_then(|file| file.log_level)).unwrap_or_default(),
        }
    }

    /// Settings from flags and a file, named for what both say.
    pub(crate) fn join(self, file: Option<(&Path, Self)>, mistakes: &mut Mistakes) -> Option<Settings> {
        let (path, file) = file.unwrap_or((Path::new(""), Self::default()));
        let mut one = Once { path, mistakes };
        // That both say it, or none, is told by whoever read the sources.
        let providers = self.providers.or(file.providers);
        let settings = Settings {
            providers: Vec::new(),
            endpoints: EndpointSettings::default(),
            aws: AwsSettings {
                profile: one.of("--profile", "profile", self.profile, file.profile),
                region: one.of("--region", "region", self.region, file.region),
                kms_endpoint: one.of("--kms-endpoint", "kmsEndpoint", self.kms_endpoint, file.kms_endpoint),
                source_arn: one.of("--source-arn", "sourceArn", self.source_arn, file.source_arn),
                retry_tokens: one.of(
                    "--retry-token-capacity",
                    "retryTokenCapacity",
                    self.retry_tokens,
                    file.retry_tokens,
                ),
            },
            audit: one.of("--audit", "audit", self.audit, file.audit),
            log: LogSettings {
                format: one.of("--log-format", "logFormat", self.log_format, file.log_format),
                level: one
                    .of("--log-level (or --debug)", "logLevel", self.log_level, file.log_level)
                    .unwrap_or_default(),
            },
        };
        let healthz_path = one.of("--healthz-path", "healthzPath", self.healthz_path, file.healthz_path);
        let livez_path = one.of("--livez-path", "livezPath", self.livez_path, file.livez_path);
        let default = EndpointSettings::default();
        let endpoints = EndpointSettings {
            address: one
                .of("--health-port", "healthPort", self.health_port, file.health_port)
                .unwrap_or(DEFAULT_HEALTH_ADDRESS),
            healthz_path: healthz_path.unwrap_or(default.healthz_path),
            livez_path: livez_path.unwrap_or(default.livez_path),
            deep_healthz: one
                .of("--deep-healthz", "deepHealthz", self.deep_healthz, file.deep_healthz)
                .unwrap_or_default(),
        };
        note_shared_paths(&endpoints, mistakes);
        Some(Settings { providers: providers?, endpoints, ..settings })
    }
}

/// Takes each value from the one source that has it.
struct Once<'a> {
    path: &'a Path,
    mistakes: &'a mut Mistakes,
}

impl Once<'_> {
    fn of<T>(&mut self, flag: &str, field: &str, typed: Option<T>, written: Option<T>) -> Option<T> {
        if typed.is_some() && written.is_some() {
            let file = self.path.display();
            self.mistakes.add(format_args!("{flag}: {file} says it too, as `{field}`; say it in one place"));
        }
        typed.or(written)
    }
}

/// Two endpoints of one path would hide one of them.
fn note_shared_paths(endpoints: &EndpointSettings, mistakes: &mut Mistakes) {
    let fixed = ["/readyz", "/metrics"];
    let paths = [("--healthz-path", &endpoints.healthz_path), ("--livez-path", &endpoints.livez_path)];
    for (name, path) in paths {
        if fixed.contains(&path.as_str()) {
            mistakes.add(format_args!("{name}: {path} is another endpoint's"));
        }
    }
    if endpoints.healthz_path == endpoints.livez_path {
        mistakes.add(format_args!("--healthz-path and --livez-path: both are {}", endpoints.livez_path));
    }
}
