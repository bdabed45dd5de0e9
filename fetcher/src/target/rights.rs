//! Which owners and groups this process can give to files.

use rustix::process::{getegid, geteuid, getgroups};

use crate::spec::File;

/// What a process may do about owners and groups of its own files (chown(2), capabilities(7)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    user: u32,
    groups: Vec<u32>,
    /// CAP_CHOWN in the effective set: any owner, any group.
    may_chown: bool,
}

impl Rights {
    /// Those of this process, or strictly of this thread.
    #[must_use]
    pub fn of_process() -> Self {
        let mut groups = vec![getegid().as_raw()];
        groups.extend(getgroups().unwrap_or_default().into_iter().map(rustix::process::Gid::as_raw));
        // Capabilities are a thread's, as ids are to the kernel.
        let status = std::fs::read_to_string("/proc/thread-self/status");
        let may_chown = match &status {
            Ok(status) => has_chown(status),
            // Without /proc the next best guess; what is wrong with it is found when the file is made.
            Err(_) => geteuid().is_root(),
        };
        Self { user: geteuid().as_raw(), groups, may_chown }
    }

    /// One text for each of `files` that asks for what can't be given.
    pub(super) fn refuse<'a>(&self, files: impl IntoIterator<Item = &'a File>) -> Vec<String> {
        let mut refused = Vec::new();
        for file in files.into_iter().filter(|_| !self.may_chown) {
            if let Some(uid) = file.uid.filter(|uid| *uid != self.user) {
                refused.push(format!(
                    "{}: uid {uid} needs the capability CHOWN, for we are user {}",
                    file.path, self.user
                ));
            }
            if let Some(gid) = file.gid.filter(|gid| !self.groups.contains(gid)) {
                refused.push(format!("{}: gid {gid} is none of our groups ({})", file.path, self.listed()));
            }
        }
        refused
    }

    fn listed(&self) -> String {
        let mut groups = self.groups.clone();
        groups.sort_unstable();
        groups.dedup();
        groups.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// From `/proc/PID/status` (proc(5)): a mask of 64 bits in hexadecimal; CAP_CHOWN is bit 0.
fn has_chown(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::{Rights, has_chown};
    use crate::spec::File;

    fn file(path: &str, uid: Option<u32>, gid: Option<u32>) -> File {
        File { path: path.into(), mode: None, uid, gid }
    }

    #[test]
    fn own_groups_and_the_own_user_need_no_capability() {
        let ours = Rights { user: 65_532, groups: vec![65_532, 2000], may_chown: false };
        let fine = [file("a", None, None), file("b", Some(65_532), Some(2000)), file("c", None, Some(65_532))];
        assert_eq!(ours.refuse(&fine), Vec::<String>::new());
    }

    #[test]
    fn everything_that_cant_be_given_is_told_at_once() {
        let ours = Rights { user: 65_532, groups: vec![65_532, 2000, 2000], may_chown: false };
        let files = [file("a", Some(0), None), file("b", Some(1000), Some(3000)), file("c", None, None)];
        assert_eq!(
            ours.refuse(&files),
            [
                "a: uid 0 needs the capability CHOWN, for we are user 65532",
                "b: uid 1000 needs the capability CHOWN, for we are user 65532",
                "b: gid 3000 is none of our groups (2000, 65532)",
            ]
        );
        let capable = Rights { may_chown: true, ..ours };
        assert_eq!(capable.refuse(&files), Vec::<String>::new());
    }

    #[test]
    fn the_capability_is_bit_0_of_the_effective_set() {
        assert!(has_chown("Name:\tx\nCapEff:\t000001fffeffffff\n"));
        assert!(has_chown("CapEff:\t0000000000000001\n"));
        for status in ["CapEff:\t0000000000000002\n", "CapPrm:\t0000000000000001\nCapEff:\t0\n", "CapEff:\tx\n", ""] {
            assert!(!has_chown(status), "{status}");
        }
    }
}
