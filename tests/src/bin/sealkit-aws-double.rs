//! The AWS double as a program, for shell scripts and other SDKs; `aws_double/control.rs` lists its controls.
//!
//! It prints its URL as the first line of standard output and runs until its standard input ends or it
//! is killed: a script that dies takes it along.

use std::error::Error;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use sealkit_rig::{AwsDouble, FaultRule};

/// An AWS endpoint on loopback that doubles for KMS, Secrets Manager, Parameter Store and STS.
#[derive(Parser)]
struct Args {
    /// Port on 127.0.0.1; a free one unless given.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Creates the key with this ARN; its material follows from the ARN. Repeatable.
    #[arg(long = "seed-key", value_name = "ARN")]
    keys: Vec<String>,
    /// Points an alias at a key. Repeatable.
    #[arg(long = "alias", value_name = "alias/NAME=ARN")]
    aliases: Vec<String>,
    /// Injects a fault, as JSON: {"effect": {"Status": 503}, "operation": "Decrypt", "times": 2}. Repeatable.
    #[arg(long = "fault", value_name = "JSON")]
    faults: Vec<String>,
    /// Delays each answer.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    latency: u64,
    /// Serves HTTPS and writes the certificate of its authority to this file.
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// Keeps running when standard input ends.
    #[arg(long)]
    detached: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let builder = AwsDouble::builder().port(args.port);
    let double = if args.tls_ca.is_some() { builder.tls().start() } else { builder.start() };
    if let Some(path) = &args.tls_ca {
        double.write_ca_bundle(path)?;
    }
    for key in &args.keys {
        double.kms().seed_key(key);
    }
    for alias in &args.aliases {
        let (name, key) = alias.split_once('=').ok_or("an alias is given as alias/NAME=ARN")?;
        double.kms().set_alias(name, key);
    }
    for fault in &args.faults {
        double.inject(serde_json::from_str::<FaultRule>(fault)?);
    }
    double.set_latency(None, Duration::from_millis(args.latency));
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", double.url())?;
    stdout.flush()?;
    if args.detached {
        loop {
            std::thread::park();
        }
    }
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
