//! A plan as it is shown: `docs/fetcher-plan.schema.json`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::plan::cost::{Estimate, PRICES};
use crate::plan::policy::{Grants, Policy, Statement};
use crate::plan::{Plan, Request, names};
use crate::publish::DEFAULT_MODE;
use crate::spec::{Batch, Destination, File, Object};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct View {
    pub(super) spec: String,
    pub(super) form: &'static str,
    pub(super) batch: &'static str,
    pub(super) objects: Vec<ObjectView>,
    pub(super) files: Vec<FileView>,
    pub(super) variables: Vec<VariableView>,
    pub(super) calls: CallsView,
    pub(super) estimate: EstimateView,
    pub(super) policies: Vec<PolicyView>,
    pub(super) notices: Vec<String>,
}

/// One request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectView {
    pub(super) kind: &'static str,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<String>,
    pub(super) failover_regions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fallback: Option<String>,
    pub(super) optional: bool,
    pub(super) labels: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileView {
    /// Ends with `*` where names come from content.
    pub(super) path: String,
    pub(super) mode: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gid: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct VariableView {
    /// Ends with `*` where names come from content.
    pub(super) name: String,
    pub(super) label: String,
    /// Of the file that it is but for `exec --env`.
    pub(super) mode: String,
}

/// Calls of one pod's start, which are those of a refresh.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallsView {
    pub(super) by_operation: BTreeMap<&'static str, u64>,
    pub(super) total: u64,
    pub(super) is_at_least: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EstimateView {
    pub(super) pods: u32,
    pub(super) interval_seconds: u64,
    pub(super) calls_per_second: BTreeMap<&'static str, f64>,
    pub(super) monthly_calls: u64,
    pub(super) monthly_usd: f64,
    pub(super) prices: &'static str,
    /// Quotas that are met when all pods start at once, the narrowest first.
    pub(super) herd: Vec<HerdView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HerdView {
    pub(super) quota: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<String>,
    pub(super) calls_per_second: u32,
    pub(super) is_adjustable: bool,
    pub(super) calls: u64,
    pub(super) seconds_at_best: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PolicyView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<String>,
    pub(super) document: Policy,
    pub(super) with_customer_keys: Vec<Statement>,
}

impl View {
    pub(super) fn new(plan: &Plan, estimate: &Estimate, grants: Vec<Grants>) -> Self {
        let requests = plan.requests.iter().enumerate();
        let by_operation: BTreeMap<_, _> =
            estimate.calls.by_action().into_iter().map(|(action, count)| (action.operation(), count)).collect();
        let policy =
            |it: Grants| PolicyView { role: it.role, document: it.policy, with_customer_keys: it.with_customer_keys };
        Self {
            spec: plan.origin.clone(),
            form: plan.form.name(),
            batch: match plan.batch {
                Batch::Auto => "auto",
                Batch::Never => "never",
                Batch::Always => "always",
            },
            objects: requests.map(|(index, request)| ObjectView::new(plan, index, request)).collect(),
            files: files(plan),
            variables: variables(plan),
            calls: CallsView {
                total: by_operation.values().sum(),
                by_operation,
                is_at_least: estimate.calls.is_at_least,
            },
            estimate: EstimateView::new(estimate),
            policies: grants.into_iter().map(policy).collect(),
            notices: plan.notices.iter().map(|notice| notice.message.clone()).collect(),
        }
    }
}

impl ObjectView {
    fn new(plan: &Plan, index: usize, request: &Request) -> Self {
        let (kind, name, version) = match &request.object {
            Object::Secret(secret) => {
                ("secret", secret.id.clone(), secret.version_id.clone().or_else(|| secret.version_stage.clone()))
            }
            Object::Parameter(parameter) => ("parameter", parameter.name.clone(), parameter.selector.clone()),
            Object::Secrets(filter) => {
                let tags = filter.tags.iter().map(|(name, value)| format!(" {name}={value}"));
                let prefix = filter.name_prefix.as_deref().unwrap_or_default();
                ("secrets", format!("{prefix}*{}", tags.collect::<String>()), None)
            }
            Object::Parameters(path) => {
                let levels = if path.recursive { "**" } else { "*" };
                ("parameters", format!("{}/{levels}", path.path.trim_end_matches('/')), None)
            }
            Object::Sealed(sealed) => ("sealed", sealed.path.display().to_string(), None),
        };
        Self {
            kind,
            name,
            version,
            region: request.region.clone(),
            failover_regions: request.failover.iter().map(|it| it.region.clone()).collect(),
            role: request.role.clone(),
            fallback: request.fallback.as_ref().map(|sealed| sealed.path.display().to_string()),
            optional: plan.is_optional(index),
            labels: plan.labels(index),
        }
    }
}

impl EstimateView {
    fn new(estimate: &Estimate) -> Self {
        let herd = estimate.herds.iter().map(|herd| HerdView {
            quota: herd.quota.name,
            region: herd.region.clone(),
            calls_per_second: herd.quota.per_second,
            is_adjustable: herd.quota.is_adjustable,
            calls: herd.calls,
            seconds_at_best: herd.seconds(),
        });
        Self {
            pods: estimate.pods.get(),
            interval_seconds: estimate.interval.as_secs(),
            calls_per_second: estimate.per_second.iter().map(|(action, rate)| (action.operation(), *rate)).collect(),
            monthly_calls: whole(estimate.monthly_calls),
            monthly_usd: (estimate.monthly_usd * 100.0).round() / 100.0,
            prices: PRICES,
            herd: herd.collect(),
        }
    }
}

/// Beyond what a number of calls can be it saturates.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is positive, and rounded on purpose")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

fn files(plan: &Plan) -> Vec<FileView> {
    let view = |path: String, file: &File| FileView {
        path,
        mode: format!("{:04o}", file.mode.unwrap_or_else(|| plan.form.default_mode())),
        uid: file.uid,
        gid: file.gid,
    };
    let outputs = plan.entries.iter().flat_map(|(entry, _)| &entry.outputs);
    let of_entries = outputs.filter_map(|output| match &output.to {
        Destination::File(file) => Some(view(file.path.clone(), file)),
        Destination::Files { directory, .. } => Some(view(names::below(&directory.path, "*"), directory)),
        _ => None,
    });
    let of_composites = plan.composites.iter().flat_map(|composite| {
        names::files_of(composite).into_iter().map(|path| view(path, &composite.file)).collect::<Vec<_>>()
    });
    of_entries.chain(of_composites).collect()
}

fn variables(plan: &Plan) -> Vec<VariableView> {
    let outputs = plan.entries.iter().flat_map(|(entry, _)| entry.outputs.iter().map(move |it| (&entry.label, it)));
    let names = outputs.filter_map(|(label, output)| match &output.to {
        Destination::Variable(name) => Some((name.clone(), label)),
        Destination::Variables { prefix } => Some((format!("{prefix}*"), label)),
        _ => None,
    });
    let mode = format!("{:04o}", plan.defaults.mode.unwrap_or(DEFAULT_MODE));
    names.map(|(name, label)| VariableView { name, label: label.clone(), mode: mode.clone() }).collect()
}

#[cfg(test)]
mod tests;
