//! The static pod: that of `deploy/`, with another image, other flags and other mounts.

use super::plan::Plan;
use super::plugin_config;
use super::yaml::string;

/// The manifest that the guides use, so that there is one.
pub(super) const TEMPLATE: &str = include_str!("../../../../deploy/kms-plugin/kubeadm/seal-kms-plugin.yaml");

/// The directory of sockets in the template.
const DIRECTORY: &str = "/var/run/kmsplugin";

/// The manifest, with comments that say where it belongs.
pub(super) fn print(plan: &Plan<'_>) -> String {
    let mut text = String::from(
        "# /etc/kubernetes/manifests/seal-kms-plugin.yaml on every control-plane node; kubelet starts it.\n",
    );
    if plan.args.from_aep {
        text.push_str("# Take the place of aws-encryption-provider's: keep its flags, and remove its manifest.\n");
    }
    if !plan.has_state() {
        text.push_str("# Nothing is remembered in a file: several sockets need one each, and --config to name them.\n");
    }
    if !plan.args.image.contains('/') {
        text.push_str("# No registry has this image: build it (deploy/README.md), push it to one that the nodes\n");
        text.push_str("# reach, and give its name there by --image.\n");
    }
    let flags = plan.flags();
    let mut lines = TEMPLATE.lines().skip_while(|line| line.starts_with('#')).peekable();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let is_below = |next: &&str| next.len() - next.trim_start().len() > indent;
        match line.trim_start() {
            "- name: state" if !plan.has_state() => while lines.next_if(is_below).is_some() {},
            "args:" => {
                push(&mut text, line);
                while lines.next_if(is_below).is_some() {}
                for flag in &flags {
                    push(&mut text, &format!("        - {}", string(flag)));
                }
            }
            start @ ("volumeMounts:" | "volumes:") => {
                let is_volume = start == "volumes:";
                push(&mut text, line);
                for (number, path) in plan.key_files().enumerate() {
                    let name = format!("key-{number}");
                    mount(&mut text, is_volume, &name, path, "File");
                }
                if plan.has_config() {
                    mount(&mut text, is_volume, "config", plugin_config::DIRECTORY, "Directory");
                }
            }
            start if start.starts_with("image:") => {
                push(&mut text, &format!("      image: {}", string(&plan.args.image)))
            }
            _ => push(&mut text, &in_directory(line, &plan.directory)),
        }
    }
    text
}

/// Mounts a path of the host, or names it as volume.
fn mount(text: &mut String, is_volume: bool, name: &str, path: &str, kind: &str) {
    let path = string(path);
    if is_volume {
        push(text, &format!("    - name: {name}"));
        push(text, &format!("      hostPath:\n        path: {path}\n        type: {kind}"));
    } else {
        push(text, &format!("        - name: {name}"));
        push(text, &format!("          mountPath: {path}\n          readOnly: true"));
    }
}

/// A line that names the directory of sockets names the plan's.
fn in_directory(line: &str, directory: &str) -> String {
    match line.strip_suffix(DIRECTORY) {
        Some(before) if before.trim_start() == "mountPath: " || before.trim_start() == "path: " => {
            format!("{before}{}", string(directory))
        }
        _ => line.to_owned(),
    }
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
