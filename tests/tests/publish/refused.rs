//! Each system call answered with an error of our choice: by registers, so for this architecture only.

use nix::libc;
use nix::sys::ptrace;

use crate::story::Story;
use crate::target::Target;
use crate::traced::{Stop, Traced};

/// Those that the publisher makes on purpose; what the allocator does in between is not ours to fail.
const CALLS: [libc::c_long; 21] = [
    libc::SYS_chmod,
    libc::SYS_fchmod,
    libc::SYS_fchown,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_linkat,
    libc::SYS_mkdirat,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_statx,
    libc::SYS_symlinkat,
    libc::SYS_unlinkat,
    libc::SYS_write,
];

/// Answers the system call that is about to be made with `errno`.
fn refuse(traced: &Traced, errno: i32) {
    let mut registers = ptrace::getregs(traced.thread()).unwrap();
    registers.orig_rax = u64::MAX;
    ptrace::setregs(traced.thread(), registers).unwrap();
    assert!(traced.proceed() == Stop::SystemCall);
    registers.rax = i64::from(-errno).cast_unsigned();
    ptrace::setregs(traced.thread(), registers).unwrap();
}

/// Runs a child whose `number`th call of [`CALLS`] is refused, and gives what it said and which call that was.
fn run(story: Story, target: &Target, number: usize, errno: i32) -> (String, Option<i64>) {
    let traced = Traced::start(story, target);
    let mut seen = 0;
    let mut refused = None;
    while traced.proceed() == Stop::SystemCall {
        let call = ptrace::getregs(traced.thread()).unwrap().orig_rax.cast_signed();
        if refused.is_none() && CALLS.contains(&call) {
            if seen == number {
                refuse(&traced, errno);
                refused = Some(call);
                continue;
            }
            seen += 1;
        }
        assert!(traced.proceed() == Stop::SystemCall);
    }
    (traced.outcome(), refused)
}

fn refuse_every_call(story: Story, errno: i32) {
    let (mut refusals, mut failures) = (0, 0);
    for number in 0.. {
        let target = story.target();
        let (outcome, refused) = run(story, &target, number, errno);
        let Some(call) = refused else {
            assert_eq!(outcome, "done");
            break;
        };
        refusals += 1;
        let when = format!("{story:?}, system call {call} refused as number {number}: {outcome}");
        story.assert_whole(&target, &when);
        if outcome == "done" {
            story.assert_done(&target, &when);
        } else {
            failures += 1;
            assert!(outcome.starts_with("failed: "), "{when}");
            if story == Story::First {
                story.assert_untouched(&target, &when);
            }
        }
        story.assert_recovers(&target, &when);
    }
    println!("{story:?}: {failures} of {refusals} refused system calls failed the run");
    assert!(failures > 30, "{failures} of {refusals}");
}

#[test]
fn a_first_run_that_fails_leaves_nothing() {
    refuse_every_call(Story::First, libc::ENOSPC);
}

#[test]
fn a_switch_that_fails_leaves_one_whole_generation() {
    refuse_every_call(Story::Change, libc::ENOSPC);
}
