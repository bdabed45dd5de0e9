//! Killed at each system call.

use crate::story::Story;
use crate::traced::{Stop, Traced};

fn kill_at_every_call(story: Story) {
    let mut calls = 0;
    loop {
        let target = story.target();
        let traced = Traced::start(story, &target);
        // Calls stop twice, at their beginning and their end: killed at the beginning, this call is never made.
        let reached = (0..=calls).all(|call| {
            traced.proceed() == Stop::SystemCall && (call == calls || traced.proceed() == Stop::SystemCall)
        });
        if !reached {
            assert_eq!(traced.outcome(), "done");
            break;
        }
        traced.kill();
        let when = format!("{story:?}, killed at system call {calls}");
        story.assert_whole(&target, &when);
        story.assert_recovers(&target, &when);
        calls += 1;
    }
    println!("{story:?}: killed at each of {calls} system calls");
    assert!(calls > 30, "{calls}");
}

#[test]
fn a_first_run_may_be_killed_at_every_system_call() {
    kill_at_every_call(Story::First);
}

#[test]
fn a_switch_may_be_killed_at_every_system_call() {
    kill_at_every_call(Story::Change);
}

#[test]
fn a_confirmation_may_be_killed_at_every_system_call() {
    kill_at_every_call(Story::Unchanged);
}
