//! Many processes that start together, against the quotas of one account.

use std::rc::Rc;
use std::time::{Duration, Instant};

use sealkit_fetcher::source::{DEADLINE, Settings, Sources};
use sealkit_rig::aws_double::operation::Operation;

use crate::rig::{REGION, Rig, expect_populated, plan_of, story, within};

/// Quotas in calls a second.
struct Quotas {
    parameters: u32,
    batches: u32,
    singles: u32,
}

/// Those that an account has unless it asks for more.
const DEFAULT: Quotas = Quotas { parameters: 40, batches: 100, singles: 10_000 };

/// All get everything before the deadline, and few attempts are in vain.
async fn herd(clients: usize, secrets: usize, parameters: usize, batch: &str, quotas: Quotas) {
    let rig = Rig::new();
    rig.populate(secrets, parameters);
    rig.aws.set_rate_limit(Operation::GetParameters, Some(quotas.parameters));
    rig.aws.set_rate_limit(Operation::BatchGetSecretValue, Some(quotas.batches));
    rig.aws.set_rate_limit(Operation::GetSecretValue, Some(quotas.singles));
    let plan = Rc::new(plan_of(secrets, parameters, batch));
    let config = rig.config().await;
    let start = Instant::now();
    let local = tokio::task::LocalSet::new();
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            // Connections are shared, for sockets are few; nothing that is learnt is.
            let (plan, config) = (Rc::clone(&plan), config.clone());
            local.spawn_local(async move {
                let settings = Settings { session_name: "web".to_owned(), is_ecs: false, audit: None };
                let answers = Sources::new(config, settings).fetch(&plan, within(DEADLINE.as_secs())).await;
                expect_populated(&answers, secrets, parameters);
            })
        })
        .collect();
    local.await;
    for task in tasks {
        task.await.unwrap();
    }
    let took = start.elapsed();
    let calls = rig.aws.calls();
    let of = |operation| calls.count_in(operation, REGION) as f64;
    let chunks = parameters.div_ceil(10);
    let (batches, singles) = (of(Operation::BatchGetSecretValue), of(Operation::GetSecretValue));
    let secrets_per_success = (batches + singles) / (clients * secrets) as f64;
    let parameters_per_success = of(Operation::GetParameters) / (clients * chunks) as f64;
    println!(
        "# {clients} clients, batch {batch}: {took:.1?}; attempts per success: Secrets Manager {secrets_per_success:.2} \
         ({batches} batches, {singles} singles), Parameter Store {parameters_per_success:.2}"
    );
    assert!(took < DEADLINE, "{took:?}");
    assert!(secrets_per_success <= 3.0 && parameters_per_success <= 3.0);
}

#[test]
fn a_small_herd_gets_through_small_quotas() {
    story(async || {
        herd(30, 12, 23, "never", Quotas { parameters: 20, batches: 10, singles: 300 }).await;
        herd(30, 45, 3, "auto", Quotas { parameters: 20, batches: 10, singles: 3_000 }).await;
    });
}

#[test]
#[ignore = "takes minutes, and a machine that does nothing else"]
fn a_herd_of_five_hundred_gets_through_the_quotas_of_an_account() {
    story(async || {
        for batch in ["never", "auto"] {
            herd(500, 47, 23, batch, DEFAULT).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
}
