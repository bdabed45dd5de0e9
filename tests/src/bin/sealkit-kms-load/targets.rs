//! Every figure that `seal-kms-plugin` is held to, beside its target.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sealkit_rig::kms_plugin::Plan;

use crate::args::{Api, Args, Open, Targets};
use crate::closed::{self, Until};
use crate::contestant::Contestant;
use crate::list::{foreign, index, list, written};
use crate::open;
use crate::report::{Phase, counts, mebibytes};

const DIRECT: &str = "
sockets:
  - path: '{socket}'
    key: '{key}'
healthPort: '{health}'
kmsEndpoint: '{endpoint}'
region: us-east-1
audit: '{dir}/audit.jsonl'
";

const LOCAL_KEK: &str = "
sockets:
  - path: '{socket}'
    key: '{key}'
    localKek: true
    stateFile: '{dir}/state'
healthPort: '{health}'
kmsEndpoint: '{endpoint}'
region: us-east-1
audit: '{dir}/audit.jsonl'
";

/// How much is done.
struct Size {
    starts: usize,
    turns: usize,
    turn: Duration,
    objects: usize,
    unwraps: u64,
}

/// Measures all of it; whether every target is met.
pub(crate) async fn run(args: &Args, options: &Targets) -> Result<bool, Box<dyn Error>> {
    let size = if options.smoke {
        Size { starts: 2, turns: 1, turn: Duration::from_millis(500), objects: 200, unwraps: 500 }
    } else {
        Size { starts: 21, turns: 7, turn: Duration::from_secs(10), objects: 10_000, unwraps: 50_000 }
    };
    let mut table = Table { judged: !options.smoke, lines: Vec::new() };
    let program = std::path::absolute(&options.program)?;
    let plan = |config: &'static str| {
        let (program, key) = (program.clone(), args.key.clone());
        move |aws: &sealkit_rig::AwsDouble| Plan::of(&program, &aws.url(), &key).with_config(config)
    };
    binary(&program, &mut table)?;
    starts(&mut Contestant::of("direct", args, plan(DIRECT))?, &size, &mut table);
    added_latency(Contestant::of("direct", args, plan(DIRECT))?, &size, &mut table).await?;
    unwraps(&Contestant::of("direct", args, plan(DIRECT))?, &size, &mut table).await?;
    cold_list(&mut Contestant::of("local KEK", args, plan(LOCAL_KEK))?, &size, &mut table).await?;
    warm_list(&Contestant::of("direct", args, plan(DIRECT))?, &size, &mut table).await?;
    if options.markdown {
        table.markdown();
    }
    Ok(!table.judged || table.lines.iter().all(Line::is_met))
}

fn binary(program: &Path, table: &mut Table) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::metadata(program).map_err(|error| format!("{}: {error}", program.display()))?.len();
    table.add("size of the binary", mebibytes(bytes), "MiB", 15.0, format!("{bytes} bytes"));
    Ok(())
}

fn starts(contestant: &mut Contestant, size: &Size, table: &mut Table) {
    let mut times = Vec::new();
    for _ in 0..size.starts {
        contestant.restart();
        times.extend(contestant.plugin().map(|plugin| open::milliseconds(plugin.accepted_after())));
    }
    let median = open::median(&mut times);
    let longest = times.last().copied().unwrap_or(f64::NAN);
    let detail = format!("longest of {}: {longest:.1} ms", times.len());
    table.add("from start to the first accepted connection, median", median, "ms", 100.0, detail);
}

async fn added_latency(contestant: Contestant, size: &Size, table: &mut Table) -> Result<(), Box<dyn Error>> {
    let contestant = contestant.with_kms(Duration::from_millis(50));
    let options = Open { api: Api::V2, rate: 500, duration: size.turn, turns: size.turns, cached: false };
    let [bare, plugin] = open::beside_bare(&contestant, &options).await?;
    demand_no_errors(&plugin)?;
    let added = plugin.added_p99_ms.unwrap_or(f64::NAN);
    let detail = format!("p99 of all turns: {:.1} ms, bare {:.1} ms; {}", plugin.p99_ms, bare.p99_ms, plugin.turns());
    table.add("p99 added at 500 uncached Decrypts/s, KMS 50 ms, median of turns", added, "ms", 1.0, detail);
    memory("the same", &plugin, table);
    Ok(())
}

async fn unwraps(contestant: &Contestant, size: &Size, table: &mut Table) -> Result<(), Box<dyn Error>> {
    let objects = Arc::new(foreign(contestant, Api::V2, 0, size.objects.min(1000)).await?);
    list(contestant, &objects, 8, "warm-up").await;
    contestant.measured();
    let (phase, client) = (Phase::begin(contestant, "cached"), contestant.client());
    let tally = closed::run(8, Until::Calls(size.unwraps), move |number| {
        let (client, objects) = (client.clone(), Arc::clone(&objects));
        async move { objects[index(number) % objects.len()].read(&client).await }
    });
    let phase = phase.end(contestant, &tally.await);
    demand_no_errors(&phase)?;
    let cpu = phase.cpu_us_per_call.unwrap_or(f64::NAN);
    let detail = format!("{} unwraps, {:.0} a second, audit on", size.unwraps, phase.per_second);
    table.add("CPU of a cached unwrap", cpu, "us", 50.0, detail);
    Ok(())
}

async fn cold_list(contestant: &mut Contestant, size: &Size, table: &mut Table) -> Result<(), Box<dyn Error>> {
    let objects = Arc::new(written(contestant, Api::V1, size.objects).await?);
    contestant.restart();
    let phase = list(contestant, &objects, 1, "cold list").await;
    demand_no_errors(&phase)?;
    let what = format!("KMS calls of a cold plugin for {} v1 objects, local KEK, probes apart", size.objects);
    table.add(&what, apart_from_probes(&phase), "", 10.0, counts(&phase.kms_calls));
    memory("the same", &phase, table);
    Ok(())
}

async fn warm_list(contestant: &Contestant, size: &Size, table: &mut Table) -> Result<(), Box<dyn Error>> {
    let objects = Arc::new(written(contestant, Api::V1, size.objects).await?);
    let phase = list(contestant, &objects, 1, "list again").await;
    demand_no_errors(&phase)?;
    let what = format!("Decrypt calls at an apiserver restart, {} v1 objects, direct, warm", size.objects);
    table.add(&what, apart_from_probes(&phase), "", 0.0, counts(&phase.kms_calls));
    memory("the same", &phase, table);
    Ok(())
}

/// While nothing but reading is asked of the plugin, its Encrypts are probes, and each goes with a Decrypt.
fn apart_from_probes(phase: &Phase) -> f64 {
    let calls = |operation| phase.kms_calls.get(operation).copied().unwrap_or(0) as f64;
    // A probe may have ended its Encrypt when the phase began, or its Decrypt may come after the end.
    (calls("Decrypt") + calls("GenerateDataKey") - calls("Encrypt")).max(0.0)
}

fn memory(what: &str, phase: &Phase, table: &mut Table) {
    let peak = phase.peak_memory_mib.unwrap_or(f64::NAN);
    table.add(&format!("peak memory, {what}"), peak, "MiB", 32.0, String::new());
}

fn demand_no_errors(phase: &Phase) -> Result<(), String> {
    if phase.errors.is_empty() { Ok(()) } else { Err(format!("{}: {}", phase.plugin, counts(&phase.errors))) }
}

/// A figure, at most so much.
struct Line {
    what: String,
    figure: f64,
    unit: &'static str,
    at_most: f64,
    detail: String,
}

impl Line {
    fn is_met(&self) -> bool {
        self.figure <= self.at_most
    }

    fn verdict(&self) -> &'static str {
        if self.is_met() { "met" } else { "missed" }
    }
}

struct Table {
    judged: bool,
    lines: Vec<Line>,
}

impl Table {
    fn add(&mut self, what: &str, figure: f64, unit: &'static str, at_most: f64, detail: String) {
        let line = Line { what: what.to_owned(), figure, unit, at_most, detail };
        let verdict = if self.judged { line.verdict() } else { "not judged" };
        println!("{what}: {figure:.2} {unit}, at most {at_most}: {verdict}  {}", line.detail);
        self.lines.push(line);
    }

    fn markdown(&self) {
        println!("\n| what | figure | target |  | detail |\n| --- | --- | --- | --- | --- |");
        for line in &self.lines {
            let Line { what, figure, unit, at_most, detail } = line;
            println!("| {what} | {figure:.3} {unit} | ≤ {at_most} | {} | {detail} |", line.verdict());
        }
    }
}
