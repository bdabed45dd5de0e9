//! What applies to a path, and who says so.

use std::fmt;
use std::path::Path;

use sealkit_envelope::Limits;
use sealkit_host::text::Escaped;
use serde::Serialize;

use super::applied::Applied;
use super::trust::Trust;
use super::{Configuration, private};
use crate::error::CliError;

/// What applies to one path when nothing is typed but the path.
#[derive(Debug, Serialize)]
pub(crate) struct Explanation {
    #[serde(rename = "type")]
    kind: &'static str,
    path: String,
    files: Vec<FileExplained>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_config: Option<String>,
    settings: Vec<Setting>,
}

/// A `sealctl.toml` that governs the path.
#[derive(Debug, Serialize)]
struct FileExplained {
    path: String,
    /// The line of the rule that matches; none does if it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_line: Option<usize>,
    permission: &'static str,
}

/// One thing that applies.
#[derive(Debug, Serialize)]
struct Setting {
    name: &'static str,
    value: String,
    /// `FILE:LINE`, a file, or `default`.
    from: String,
}

const DEFAULT: &str = "default";

impl Explanation {
    /// Explains what applies to `input`, or to standard input.
    ///
    /// # Errors
    ///
    /// Those of the configuration that governs it.
    pub(crate) fn of(configuration: &Configuration, input: Option<&Path>) -> Result<Self, CliError> {
        let applied = configuration.applied(input)?;
        let user_config = configuration.user.path.as_deref().map(private::shown);
        Ok(Self {
            kind: "configuration",
            path: input.map_or_else(|| "-".to_owned(), private::shown),
            files: files(configuration, &applied)?,
            settings: settings(configuration, &applied, user_config.as_deref().unwrap_or(DEFAULT)),
            user_config,
        })
    }
}

fn files(configuration: &Configuration, applied: &Applied) -> Result<Vec<FileExplained>, CliError> {
    let explain = |(file, rule): &(std::sync::Arc<super::repository::RepositoryConfig>, Option<usize>)| {
        let permission = match configuration.trust().trust(&file.path, &file.content)? {
            _ if !file.needs_permission() => "not needed",
            Trust::Allowed => "allowed",
            Trust::Changed { .. } => "changed since it was allowed",
            Trust::Unknown => "not allowed",
        };
        let rule_line = rule.and_then(|index| file.rules.get(index)).map(|rule| rule.line);
        Ok(FileExplained { path: private::shown(&file.path), rule_line, permission })
    };
    applied.layers.iter().map(explain).collect()
}

fn settings(configuration: &Configuration, applied: &Applied, user: &str) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut add = |name, value: String, from: &str| settings.push(Setting { name, value, from: from.to_owned() });
    keys(configuration, applied, user, &mut add);
    for layer in applied.rules() {
        let (demands, place) = (&layer.rule.demands, layer.place());
        for (key, value) in &demands.context {
            add("context", format!("{} = {}", Escaped::new(key), Escaped::new(value)), &place);
        }
        for key in &demands.require_context_keys {
            add("require_context_key", Escaped::new(key).to_string(), &place);
        }
        for (name, is_set) in
            [("exact_context", demands.exact_context), ("refuse_signed", demands.refuse_signed), ("sign", demands.sign)]
        {
            if is_set {
                add(name, "true".to_owned(), &place);
            }
        }
    }
    if configuration.user.refuse_signed {
        add("refuse_signed", "true".to_owned(), user);
    }
    limits(configuration, applied, user, &mut add);
    let aws = &configuration.user.aws;
    for (name, value) in [
        ("aws.profile", aws.profile.clone()),
        ("aws.region", aws.region.clone()),
        ("aws.use_fips", aws.use_fips.map(|it| it.to_string())),
        ("aws.use_dual_stack", aws.use_dual_stack.map(|it| it.to_string())),
        ("audit", configuration.user.audit.as_deref().map(private::shown)),
    ] {
        if let Some(value) = value {
            add(name, Escaped::new(&value).to_string(), user);
        }
    }
    for account in &aws.permitted.accounts {
        add("aws.allowed_account", account.clone(), user);
    }
    for key in &aws.permitted.keys {
        add("aws.allowed_key", key.clone(), user);
    }
    settings
}

type Add<'a> = dyn FnMut(&'static str, String, &str) + 'a;

fn keys(configuration: &Configuration, applied: &Applied, user: &str, add: &mut Add<'_>) {
    match applied.rule_with_keys() {
        Some(layer) => {
            for key in &layer.rule.keys {
                add("key", key.to_string(), &layer.place());
            }
            for region in &layer.rule.failover_regions {
                add("failover_region", region.clone(), &layer.place());
            }
        }
        None => {
            for key in &configuration.user.keys {
                add("key", key.to_string(), user);
            }
        }
    }
}

/// The limits, each from whoever sets the lowest.
fn limits(configuration: &Configuration, applied: &Applied, user: &str, add: &mut Add<'_>) {
    let (defaults, own) = (Limits::default(), configuration.user.limits);
    let mut lowest =
        |name: &'static str, own: Option<u64>, default: u64, demanded: &dyn Fn(&super::rule::Rule) -> Option<u64>| {
            let mut limit = own.map_or((default, DEFAULT.to_owned()), |own| (own, user.to_owned()));
            for layer in applied.rules() {
                if let Some(lower) = demanded(layer.rule).filter(|it| *it < limit.0) {
                    limit = (lower, layer.place());
                }
            }
            add(name, limit.0.to_string(), &limit.1);
        };
    lowest(
        "max_encrypted_data_keys",
        own.max_encrypted_data_keys.map(|it| it as u64),
        defaults.max_encrypted_data_keys as u64,
        &|rule| rule.demands.max_encrypted_data_keys.map(|it| it as u64),
    );
    lowest("max_header_bytes", own.max_header_bytes.map(|it| it as u64), defaults.max_header_bytes as u64, &|rule| {
        rule.demands.max_header_bytes.map(|it| it as u64)
    });
    lowest("max_frame_length", own.max_frame_length.map(u64::from), defaults.max_frame_length.into(), &|rule| {
        rule.demands.max_frame_length.map(u64::from)
    });
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.path)?;
        for file in &self.files {
            let rule = match file.rule_line {
                Some(line) => format!("rule of line {line}"),
                None => "no rule matches".to_owned(),
            };
            writeln!(f, "  governed by {}: {rule}; permission: {}", file.path, file.permission)?;
        }
        if self.files.is_empty() {
            writeln!(f, "  governed by no sealctl.toml")?;
        }
        if let Some(path) = &self.user_config {
            writeln!(f, "  your own configuration: {path}")?;
        }
        if !self.settings.iter().any(|setting| setting.name == "key") {
            writeln!(f, "  no key is configured: name one with --key")?;
        }
        let width = self.settings.iter().map(|setting| setting.name.len()).max().unwrap_or(0);
        for Setting { name, value, from } in &self.settings {
            writeln!(f, "  {name:width$}  {value}  ({from})")?;
        }
        Ok(())
    }
}
