//! kube-apiserver's EncryptionConfiguration.

use std::fmt::Write as _;

use super::plan::Plan;
use super::yaml::string;

/// The file, with comments that say where it belongs.
pub(super) fn print(plan: &Plan<'_>) -> String {
    let mut text = String::new();
    text.push_str(if plan.args.from_aep {
        "# As aws-encryption-provider's clusters have it. Keep the one that you have: provider names and sockets stay as\n\
         # they are, and nothing is rewritten.\n"
    } else {
        "# /etc/kubernetes/encryption-config.yaml: kube-apiserver --encryption-provider-config=…\n\
         # The provider's name is written into etcd with every object: never change it.\n"
    });
    if plan.v1.is_some() {
        text.push_str("# KMS v1 needs kube-apiserver --feature-gates=KMSv1=true from Kubernetes 1.29 on.\n");
    }
    text.push_str("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n");
    let resources: Vec<String> = plan.args.resources.iter().map(|resource| string(resource)).collect();
    add(&mut text, format_args!("  - resources: [{}]\n    providers:\n", resources.join(", ")));
    for (index, socket) in plan.sockets.iter().enumerate() {
        if plan.sockets.len() > 1 {
            let does = if index == 0 { "Writes, and reads what it wrote." } else { "Reads what it wrote before." };
            add(&mut text, format_args!("      # {does}\n"));
        }
        let version = if plan.v1.is_some() { "v1" } else { "v2" };
        let (name, endpoint) = (string(&socket.provider), string(&format!("unix://{}", socket.path)));
        add(&mut text, format_args!("      - kms:\n          apiVersion: {version}\n          name: {name}\n"));
        add(&mut text, format_args!("          endpoint: {endpoint}\n"));
        if let Some(cachesize) = plan.v1 {
            add(&mut text, format_args!("          cachesize: {cachesize}\n"));
        }
        text.push_str("          timeout: 3s\n");
    }
    if !plan.args.no_identity {
        text.push_str("      # Reads what was never encrypted. Remove it once every object was rewritten.\n");
        text.push_str("      - identity: {}\n");
    }
    text
}

fn add(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a String takes all text");
}
