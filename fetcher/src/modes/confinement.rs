//! What a run still needs of the file system once its target is open.

use std::path::Path;

use super::prepare::Prepared;
use crate::args::{FetchArgs, SpecSource};
use crate::report::default_termination_message;
use crate::sandbox::{self, Allowed, Confined};
use crate::spec::Object;

/// Where Kubernetes puts the token of the pod's service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Gives up everything else; says so where that can't be. `signals` are those that are sent to other processes.
pub(super) fn confine(prepared: &Prepared, args: &FetchArgs, target: &Path, signals: bool) {
    if prepared.aws.login_files().runs_process {
        tracing::info!("not confined by Landlock: the profile's credential_process is run by this process");
        return;
    }
    match sandbox::confine(&allowed(prepared, args, target, signals)) {
        Confined::Fully => tracing::debug!("confined by Landlock"),
        partly @ Confined::Partly => tracing::debug!("confined by Landlock {partly}"),
        Confined::Not(why) => tracing::info!(why, "not confined by Landlock"),
    }
    if getrandom::u32().is_err() {
        tracing::warn!("there are no random numbers: pods that start together will ask AWS together");
    }
}

fn allowed(prepared: &Prepared, args: &FetchArgs, target: &Path, signals: bool) -> Allowed {
    let mut allowed = Allowed { publish: vec![target.to_owned()], signals, ..Allowed::default() };
    let login = prepared.aws.login_files();
    login.read.iter().for_each(|file| allowed.read_file(file));
    allowed.replace.extend(login.caches.iter().cloned());
    match &args.spec.spec {
        SpecSource::File(file) => allowed.read_file(file),
        SpecSource::Kubernetes { .. } => allowed.read_file(Path::new(SERVICE_ACCOUNT)),
        SpecSource::Stdin | SpecSource::Environment(_) => {}
    }
    for request in &prepared.plan.requests {
        let sealed = match &request.object {
            Object::Sealed(file) => Some(file),
            _ => None,
        };
        for file in sealed.into_iter().chain(&request.fallback) {
            allowed.read_file(&file.path);
        }
    }
    let reports = &args.reports;
    // Where its directory is too much to give, the file itself must be there.
    reports.report.iter().for_each(|file| allowed.replace_file(file));
    let termination = reports.termination_message.clone().or_else(default_termination_message);
    for file in termination.iter().chain(&reports.audit) {
        if file.exists() { allowed.write.push(file.clone()) } else { allowed.replace_file(file) }
    }
    allowed
}
