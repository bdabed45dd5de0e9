//! What is allowed and still may not be meant, or may not work where it runs: no mistake, and told by `lint`.

use sealkit_host::config::Position;
use sealkit_host::text::Escaped;

use super::{Plan, calls, names, policy};
use crate::args::NotifyArgs;
use crate::spec::{Batch, Destination, Entry, Form, Notice, Object, SealedFile};

/// What others than the owner and its group may do.
const OTHERS: u32 = 0o007;

/// All doubts about a plan, and about who is told of its changes, in the order of the document.
#[must_use]
pub fn doubts(plan: &Plan, notify: &NotifyArgs) -> Vec<Notice> {
    let mut doubts = Doubts { plan, found: plan.notices.clone() };
    doubts.region();
    doubts.batches();
    doubts.rights();
    doubts.content_names();
    doubts.failover();
    doubts.sealed();
    doubts.pod_identity();
    doubts.policy_size();
    doubts.notify(notify);
    doubts.found.sort_by_key(|notice| (notice.at.is_none(), notice.at));
    doubts.found
}

struct Doubts<'a> {
    plan: &'a Plan,
    found: Vec<Notice>,
}

impl<'a> Doubts<'a> {
    fn add(&mut self, at: Option<Position>, message: impl Into<String>) {
        self.found.push(Notice { at, message: message.into() });
    }

    fn entries(&self) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.plan.entries.iter().map(|(entry, _)| entry)
    }

    fn region(&mut self) {
        let without =
            |request: &&super::Request| request.region.is_none() && !matches!(request.object, Object::Sealed(_));
        let count = self.plan.requests.iter().filter(without).count();
        if count > 0 {
            self.add(
                None,
                format!(
                    "{} without a Region: AWS_REGION decides where it runs (IRSA, EKS Pod Identity and ECS set it)",
                    counted(count, "object")
                ),
            );
        }
    }

    fn batches(&mut self) {
        let used: u64 = calls::groups(self.plan).values().map(|group| calls::batched(self.plan.batch, group)).sum();
        if used > 0 && self.plan.form.is_drop_in() {
            let effect = match self.plan.batch {
                Batch::Always => "without it everything fails",
                _ => "without it each start leaves a denied event in CloudTrail, and goes on one by one",
            };
            self.add(
                None,
                format!(
                    "batch: policies that were made for {} lack secretsmanager:BatchGetSecretValue on `*`; {effect}",
                    self.plan.form.origin_tool()
                ),
            );
        }
    }

    fn rights(&mut self) {
        let outputs = self.entries().flat_map(|entry| entry.outputs.iter().map(move |output| (entry, output)));
        let of_entries = outputs.filter_map(|(entry, output)| match &output.to {
            Destination::File(file) | Destination::Files { directory: file, .. } => {
                Some((output.at.or(entry.at), file.path.clone(), file.mode))
            }
            _ => None,
        });
        let composites = self.plan.composites.iter();
        let of_composites = composites.flat_map(|composite| {
            names::files_of(composite).into_iter().map(move |path| (composite.at, path, composite.file.mode))
        });
        let open = of_entries.chain(of_composites).filter(|(.., mode)| mode.is_some_and(|mode| mode & OTHERS != 0));
        let open: Vec<_> = open.collect();
        if let Some((at, path, mode)) = open.first() {
            let mode = mode.unwrap_or_default();
            let others = match open.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let wish = match self.plan.form {
                Form::CsiParameters | Form::SecretProviderClass => "`filePermission: \"0440\"`",
                _ => "mode \"0400\" or \"0440\"",
            };
            let message = format!(
                "`{}` (mode {mode:04o}){others} can be read by every user; {wish} if not all need it",
                Escaped::new(path)
            );
            self.add(*at, message);
        }
    }

    /// Whoever may write in the service names files here, or variables.
    fn content_names(&mut self) {
        for entry in self.entries() {
            for output in &entry.outputs {
                let (at, label) = (output.at.or(entry.at), Escaped::new(&entry.label));
                match &output.to {
                    Destination::Files { directory, .. } if directory.path.is_empty() => {
                        let message = format!(
                            "`{label}`: names from its content are files of the target itself, and one that is taken \
                             is refused at run time; a directory of their own avoids that"
                        );
                        self.add(at, message);
                    }
                    Destination::Variables { prefix } if prefix.is_empty() => {
                        let message = format!(
                            "`{label}`: names from its content are variables, LD_PRELOAD among them if it says so; a \
                             prefix avoids that"
                        );
                        self.add(at, message);
                    }
                    _ => {}
                }
            }
        }
    }

    fn failover(&mut self) {
        let needing = |entry: &&(Entry, usize)| {
            let request = &self.plan.requests[entry.1];
            let is_parameter = matches!(request.object, Object::Parameter(_) | Object::Parameters(_));
            is_parameter && !request.failover.is_empty()
        };
        let parameters: Vec<_> = self.plan.entries.iter().filter(needing).map(|(entry, _)| entry).collect();
        if let Some(first) = parameters.first() {
            let or_convert = if self.plan.form.is_drop_in() { "convert this and " } else { "" };
            let message = format!(
                "`{}`: {} asked for in other Regions too, but Parameter Store replicates nothing: put it there yourself, \
                 or {or_convert}give it a sealed `fallback`",
                Escaped::new(&first.label),
                match parameters.len() {
                    1 => "it is".to_owned(),
                    count => format!("it and {} are", counted(count - 1, "more parameter")),
                }
            );
            self.add(first.at, message);
        }
    }

    fn sealed(&mut self) {
        for entry in self.entries() {
            let own = match &entry.object {
                Object::Sealed(sealed) => Some(sealed),
                _ => None,
            };
            let any = |sealed: &&SealedFile| sealed.keys.is_empty();
            if own.into_iter().chain(&entry.fallback).any(|sealed| any(&sealed)) {
                let message = format!(
                    "`{}`: its sealed file names no `keys`, so every key of the account that the role may use opens it",
                    Escaped::new(&entry.label)
                );
                self.add(entry.at, message);
            }
        }
    }

    fn pod_identity(&mut self) {
        let is_china = self.plan.place.region.as_deref().is_some_and(|region| region.starts_with("cn-"));
        if self.plan.place.pod_identity == Some(true) && is_china {
            self.add(None, "usePodIdentity: there is no EKS Pod Identity in China; use IRSA");
        }
    }

    fn policy_size(&mut self) {
        let longest = policy::grants(self.plan, None).iter().map(|grants| grants.policy.characters()).max();
        if let Some(characters) = longest.filter(|characters| *characters > policy::MANAGED_LIMIT) {
            let limit = policy::MANAGED_LIMIT;
            self.add(
                None,
                format!(
                    "the least-privilege policy has {characters} characters, and a managed policy holds {limit}: split it, \
                     or name secrets by a common prefix"
                ),
            );
        }
    }

    fn notify(&mut self, notify: &NotifyArgs) {
        if let Some(wanted) = &notify.signal {
            let process = Escaped::new(&wanted.process);
            self.add(
                None,
                format!(
                    "--notify-signal: `{process}` of another container is seen only with `shareProcessNamespace: true` \
                     (ECS: `pidMode: task`), and gets {} only from the same uid or with CAP_KILL",
                    wanted.signal
                ),
            );
        }
        if notify.command.is_some() {
            self.add(
                None,
                "--notify-command: it must be in the fetcher's own image, which holds nothing else, and it keeps \
                 Landlock off; the directory itself (IN_MOVED_TO of ..data) or --notify-http need neither",
            );
        }
    }
}

impl Form {
    /// Whose policies there are where it comes from.
    fn origin_tool(self) -> &'static str {
        match self {
            Self::EcsTaskDefinition | Self::EcsEnvironment => "ECS",
            _ => "the CSI provider",
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use super::*;
    use crate::plan::testing::{entry, parameter, plan, pod, sealed, secret, spec};
    use crate::plan::{Defaults, Overrides};
    use crate::spec::{File, Spec};

    fn told(spec: Spec, overrides: &Overrides) -> Vec<String> {
        let plan = Plan::new(spec, overrides, &Defaults::default()).unwrap();
        doubts(&plan, &NotifyArgs::default()).into_iter().map(|doubt| doubt.message).collect()
    }

    #[test]
    fn a_specification_of_ours_leaves_no_doubt() {
        assert_eq!(told(pod(Form::Native), &Overrides::default()), Vec::<String>::new());
    }

    #[test]
    fn migrants_are_told_of_modes_and_batches() {
        let overrides = Overrides { batch: Some(Batch::Auto), ..Overrides::default() };
        let told = told(pod(Form::SecretProviderClass), &overrides);
        assert!(
            told[0].contains("lack secretsmanager:BatchGetSecretValue") && told[0].contains("CloudTrail"),
            "{told:?}"
        );
        assert!(told[1].starts_with("`secret-0` (mode 0644) and 69 more can be read by every user"), "{told:?}");
    }

    #[test]
    fn what_may_not_be_meant_is_told() {
        let mut spec = spec(Form::Native);
        spec.place.failover_regions = vec!["eu-west-1".to_owned()];
        let mut files = entry("files", secret("a"));
        files.outputs[0].to = Destination::Files { directory: File::default(), strip_prefix: None };
        let mut variables = entry("variables", secret("b"));
        variables.outputs[0].to = Destination::Variables { prefix: String::new() };
        spec.entries = vec![
            files,
            variables,
            entry("token", parameter("/token")),
            Entry { fallback: Some(sealed("/etc/sealed")), ..entry("api", secret("api")) },
        ];
        let told = told(spec, &Overrides::default());
        for part in ["files of the target itself", "LD_PRELOAD", "replicates nothing", "every key of the account"] {
            assert_eq!(told.iter().filter(|it| it.contains(part)).count(), 1, "{part}: {told:?}");
        }
        assert_eq!(told.len(), 4, "{told:?}");
    }

    #[test]
    fn signals_have_prerequisites() {
        let plan = plan(pod(Form::Native)).unwrap();
        let notify = NotifyArgs { signal: Some("HUP:nginx".parse().unwrap()), ..NotifyArgs::default() };
        let told = doubts(&plan, &notify);
        assert!(told[0].message.contains("shareProcessNamespace") && told[0].message.contains("SIGHUP"));
    }
}
