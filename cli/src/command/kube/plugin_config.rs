//! The plugin's configuration file, where several keys say more than flags can.

use super::plan::{Key, Plan};
use super::yaml::string;

/// The directory that the pod mounts. Not the file: it could not be replaced, and would not be read again.
pub(super) const DIRECTORY: &str = "/etc/kubernetes/seal-kms-plugin";
/// Where the pod reads it.
pub(super) const PATH: &str = "/etc/kubernetes/seal-kms-plugin/config.yaml";

/// The file, with comments that say where it belongs.
pub(super) fn print(plan: &Plan<'_>) -> String {
    let mut lines = vec![
        format!("# {PATH} on every control-plane node: root's, and nobody else"),
        "# may write it. The plugin reads it again when it changes (docs/kms-plugin-config.md).".to_owned(),
    ];
    lines.extend(plan.args.region.iter().map(|region| format!("region: {}", string(region))));
    lines.push("sockets:".to_owned());
    for (index, socket) in plan.sockets.iter().enumerate() {
        lines.push(format!("- path: {}", string(&socket.path)));
        let mut keys = socket.keys.iter();
        lines.extend(keys.next().into_iter().flat_map(|write| key(write, "  ", "  ")));
        if keys.len() > 0 {
            lines.push(
                "  # These only decrypt. A key that is to write later is one of them first, on every node.".to_owned(),
            );
            lines.push("  readKeys:".to_owned());
        }
        lines.extend(keys.flat_map(|read| key(read, "  - ", "    ")));
        // Others write nothing; what was written under a KEK reads without.
        for (field, is_set) in [("localKek", plan.args.local_kek), ("followKeyMaterial", plan.args.follow_key_material)]
        {
            if is_set && index == 0 {
                lines.push(format!("  {field}: true"));
            }
        }
        lines.push(format!("  stateFile: {}", string(&socket.state_file)));
    }
    lines.join("\n") + "\n"
}

/// A key's fields: the first line begins in another way than those below.
fn key(key: &Key<'_>, first: &str, indent: &str) -> Vec<String> {
    let mut lines = vec![format!("{first}key: {}", string(key.name))];
    if !key.context.is_empty() {
        lines.push(format!("{indent}context:"));
    }
    lines.extend(key.context.iter().map(|(name, value)| format!("{indent}  {}: {}", string(name), string(value))));
    lines
}
