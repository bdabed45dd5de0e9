//! The static pod: that of `deploy/`, with another image, other flags and other mounts.

use super::plan::Plan;
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
    if plan.from_aep {
        text.push_str("# Take the place of aws-encryption-provider's: keep its flags, and remove its manifest.\n");
    }
    if !plan.state_file {
        text.push_str("# Wrapped KEKs and key materials are remembered for one socket: several need a configuration\n");
        text.push_str("# file (--config), with a stateFile each.\n");
    }
    let mut lines = TEMPLATE.lines().skip_while(|line| line.starts_with('#')).peekable();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let is_below = |next: &&str| next.len() - next.trim_start().len() > indent;
        match line.trim_start() {
            "- name: state" if !plan.state_file => while lines.next_if(is_below).is_some() {},
            "args:" => {
                push(&mut text, line);
                while lines.next_if(is_below).is_some() {}
                for flag in &plan.flags {
                    push(&mut text, &format!("        - {}", string(flag)));
                }
            }
            "volumeMounts:" | "volumes:" => {
                push(&mut text, line);
                for (number, path) in key_files(plan).enumerate() {
                    key_file(&mut text, line.trim_start() == "volumes:", number, path);
                }
            }
            start if start.starts_with("image:") => push(&mut text, &format!("      image: {}", string(plan.image))),
            _ => push(&mut text, &in_directory(line, &plan.directory)),
        }
    }
    text
}

/// Mounts a key file, or names it as volume.
fn key_file(text: &mut String, is_volume: bool, number: usize, path: &str) {
    let path = string(path);
    if is_volume {
        push(text, &format!("    - name: key-{number}"));
        push(text, &format!("      hostPath:\n        path: {path}\n        type: File"));
    } else {
        push(text, &format!("        - name: key-{number}"));
        push(text, &format!("          mountPath: {path}\n          readOnly: true"));
    }
}

fn key_files<'a>(plan: &'a Plan<'_>) -> impl Iterator<Item = &'a str> {
    plan.sockets.iter().filter_map(|socket| socket.key_file())
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
