//! The provider's behaviour, replayed: what its own tests and documentation say of the same texts.
#![expect(clippy::unwrap_used, reason = "a test that gets nothing fails there")]

mod failover;
mod files;
mod objects;
mod parameters;
mod places;

use crate::spec::csi::parameters;
use crate::spec::{Spec, SpecErrors};

/// Reads `objects` beside these other parameters, each `key: value`.
fn read(others: &[&str], objects: &str) -> Result<Spec, SpecErrors> {
    let lines: String = objects.lines().map(|line| format!("  {line}\n")).collect();
    let others: String = others.iter().map(|line| format!("{line}\n")).collect();
    parameters("p.yaml", &format!("{others}objects: |2\n{lines}"))
}

fn spec(others: &[&str], objects: &str) -> Spec {
    read(others, objects).unwrap()
}

/// What is wrong, without places.
fn mistakes(others: &[&str], objects: &str) -> Vec<String> {
    let errors = read(others, objects).expect_err("it is wrong");
    errors.mistakes().iter().map(|mistake| mistake.message.clone()).collect()
}

/// The notices, with places.
fn notices(spec: &Spec) -> Vec<String> {
    let place = |notice: &crate::spec::Notice| notice.at.map_or("-".to_owned(), |at| at.to_string());
    spec.notices.iter().map(|notice| format!("{}: {}", place(notice), notice.message)).collect()
}
