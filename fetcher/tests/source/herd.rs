//! Many processes that start together, against the quotas of one account.
//!
//! All clients of a herd are in one process, and the AWS in another, for each connection takes a descriptor at either
//! end. The clients share connections; nothing that they learn is shared.

use std::rc::Rc;
use std::time::{Duration, Instant};

use sealkit_fetcher::source::{DEADLINE, Settings, Sources};
use sealkit_rig::aws_double::operation::Operation;

use crate::rig::{self, REGION, Rig, expect_populated, plan_of, within};

/// Where the child finds AWS.
const URL: &str = "HERD_URL";

#[derive(Clone, Copy)]
struct Herd {
    clients: usize,
    secrets: usize,
    parameters: usize,
    batch: &'static str,
    /// Over how many seconds they start. One process is no match for 16,000 requests in flight, which 500 clients of
    /// single calls have when they start in one moment: it would be measured, and not the quotas.
    start: u32,
    quotas: Quotas,
}

/// Calls a second.
#[derive(Clone, Copy)]
struct Quotas {
    parameters: u32,
    batches: u32,
    singles: u32,
}

/// All get everything before the deadline, and few attempts are in vain.
fn graze(herd: Herd) {
    match std::env::var(URL) {
        Ok(url) if rig::is_child() => rig::run(async || fetch_all(herd, &url).await),
        _ => watch(herd),
    }
}

/// The herd: every client fetches everything, all at once.
async fn fetch_all(herd: Herd, url: &str) {
    let Herd { clients, secrets, parameters, batch, start, .. } = herd;
    let plan = Rc::new(plan_of(secrets, parameters, batch));
    let directory = tempfile::tempdir().unwrap();
    let config = rig::config(url, &directory.path().join("roots.pem")).await;
    let local = tokio::task::LocalSet::new();
    let client = |n: usize| {
        let wait = Duration::from_secs(u64::from(start)).mul_f64(n as f64 / clients as f64);
        let (plan, config) = (Rc::clone(&plan), config.clone());
        local.spawn_local(async move {
            tokio::time::sleep(wait).await;
            let settings = Settings { session_name: "web".to_owned(), is_ecs: false, audit: None };
            let answers = Sources::new(config, settings).fetch(&plan, within(DEADLINE.as_secs())).await;
            expect_populated(&answers, secrets, parameters);
        })
    };
    let tasks: Vec<_> = (0..clients).map(client).collect();
    local.await;
    for task in tasks {
        task.await.unwrap();
    }
}

/// The account, and what it counts.
fn watch(herd: Herd) {
    let Herd { clients, secrets, parameters, batch, start, quotas } = herd;
    let rig = Rig::new();
    rig.populate(secrets, parameters);
    rig.aws.set_rate_limit(Operation::GetParameters, Some(quotas.parameters));
    rig.aws.set_rate_limit(Operation::BatchGetSecretValue, Some(quotas.batches));
    rig.aws.set_rate_limit(Operation::GetSecretValue, Some(quotas.singles));
    let began = Instant::now();
    rig::spawn(&[(URL, &rig.aws.url())]);
    let took = began.elapsed();
    let of = |operation| rig.aws.calls().count_in(operation, REGION) as f64;
    let (batches, singles) = (of(Operation::BatchGetSecretValue), of(Operation::GetSecretValue));
    let per_secret = (batches + singles) / (clients * secrets) as f64;
    let per_ten = of(Operation::GetParameters) / (clients * parameters.div_ceil(10)) as f64;
    println!(
        "{clients} clients of {secrets} secrets and {parameters} parameters, started within {start} s, batch {batch}: \
         {took:.1?}; attempts per success: Secrets Manager {per_secret:.2} ({batches} batches, {singles} singles), Parameter Store {per_ten:.2}"
    );
    assert!(took < DEADLINE, "{took:?}");
    assert!(per_secret <= 3.0 && per_ten <= 3.0);
}

#[test]
fn a_small_herd_gets_through_small_quotas() {
    let quotas = Quotas { parameters: 20, batches: 10, singles: 300 };
    graze(Herd { clients: 30, secrets: 12, parameters: 23, batch: "never", start: 0, quotas });
}

#[test]
fn a_small_herd_gives_up_batches() {
    let quotas = Quotas { parameters: 20, batches: 10, singles: 3_000 };
    graze(Herd { clients: 30, secrets: 45, parameters: 3, batch: "auto", start: 0, quotas });
}

/// Those that an account has unless it asks for more.
const DEFAULT: Quotas = Quotas { parameters: 40, batches: 100, singles: 10_000 };

#[test]
#[ignore = "takes minutes, and a machine that does little else"]
fn five_hundred_get_through_the_quotas_of_an_account() {
    graze(Herd { clients: 500, secrets: 47, parameters: 23, batch: "never", start: 20, quotas: DEFAULT });
}

#[test]
#[ignore = "takes minutes, and a machine that does little else"]
fn five_hundred_give_up_batches() {
    graze(Herd { clients: 500, secrets: 47, parameters: 23, batch: "auto", start: 20, quotas: DEFAULT });
}

#[test]
#[ignore = "takes minutes, and a machine that does little else"]
fn five_hundred_get_through_by_batches_alone() {
    graze(Herd { clients: 500, secrets: 47, parameters: 23, batch: "always", start: 0, quotas: DEFAULT });
}
