//! `sealctl inspect`: what a header claims.

use std::io::{IsTerminal, Write};

use sealkit_envelope::message::WrappingKey;
use sealkit_envelope::{EncryptedDataKey, Limits, UnverifiedHeader};
use sealkit_host::exit::Exit;
use sealkit_host::signal::Termination;
use sealkit_host::text::Escaped;
use serde::Serialize;

use crate::args::InspectArgs;
use crate::error::{self, CliError, cause};
use crate::io::collect::{Source, collect};
use crate::io::input::Input;
use crate::io::message;
use crate::io::metered::Meter;
use crate::keys::Direction;
use crate::progress::{Progress, say};
use crate::report::{Failure, name_of, presented, print_json};

/// Inspects all inputs.
///
/// # Errors
/// Standard output's, and a command line that can't be carried out.
pub(crate) fn run(args: &InspectArgs) -> Result<Exit, CliError> {
    let inputs = collect(&args.inputs, Direction::Decrypt, None, std::io::stdin().is_terminal())?;
    let limits = args.limits.resolve();
    let termination = Termination::watch().map_err(|error| CliError::new(Exit::Io, "signals", cause(&error)))?;
    let progress = Progress::new(false);
    let meter = Meter { progress: &progress, termination: &termination };
    let mut failures = Vec::new();
    let mut done = 0;
    for error in &inputs.failed {
        failed(args, None, error)?;
        failures.push(error.exit);
    }
    for item in &inputs.items {
        match header(&item.source, meter, &limits) {
            Ok(header) => {
                said(args, &item.source, &header, done > 0)?;
                done += 1;
            }
            Err(error) => {
                failed(args, Some(&item.source), &error)?;
                failures.push(error.exit);
            }
        }
    }
    Ok(Exit::of_batch(done, failures))
}

fn header(source: &Source, meter: Meter<'_>, limits: &Limits) -> Result<UnverifiedHeader, CliError> {
    let input = Input::open(source)?;
    let (header, _) =
        message::open(&input, meter, limits).map_err(|error| error::decrypting(&source.shown(), "", error))?;
    Ok(header)
}

fn failed(args: &InspectArgs, source: Option<&Source>, error: &CliError) -> Result<(), CliError> {
    say(&presented(error));
    if args.json {
        let input = source.map(Source::raw);
        print_json(&FailedRecord { kind: "header", input, outcome: "failed", error: error.into() })?;
    }
    Ok(())
}

fn said(args: &InspectArgs, source: &Source, header: &UnverifiedHeader, again: bool) -> Result<(), CliError> {
    if args.json {
        return print_json(&HeaderRecord::new(source, header));
    }
    let mut text = if again { "\n".to_owned() } else { String::new() };
    text.push_str(&described(source, header));
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| CliError::writing("standard output", &error))
}

fn described(source: &Source, header: &UnverifiedHeader) -> String {
    let suite = header.suite();
    let mut lines = vec![
        source.shown(),
        "  not verified: anyone may have written what follows".to_owned(),
        "  format        AWS Encryption SDK message, version 2, framed".to_owned(),
        format!("  suite         {:#06x} {}", suite.id(), suite.name()),
        format!("  signed        {}", if suite.is_signed() { "yes, by ECDSA on P-384" } else { "no" }),
        format!("  message id    {}", hex(header.message_id())),
        format!("  frame length  {} bytes", header.frame_length()),
        format!("  header        {} bytes", header.len()),
    ];
    for key in header.encrypted_data_keys() {
        lines.push(format!("  key           {} ({})", name_of(key), kind_of(key)));
    }
    for (name, value) in header.context().iter() {
        lines.push(format!("  context       {} = {}", Escaped::new(name), Escaped::new(value)));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What kind of keyring wrapped it; text that a message brings along is escaped.
fn kind_of(key: &EncryptedDataKey) -> String {
    match key.key() {
        WrappingKey::AwsKms { .. } => "AWS KMS".to_owned(),
        WrappingKey::RawAes { .. } => "raw AES".to_owned(),
        WrappingKey::Other { known_as: Some(known_as), .. } => known_as.to_owned(),
        _ => "unknown kind".to_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Serialize)]
struct FailedRecord<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    outcome: &'static str,
    error: Failure<'a>,
}

#[derive(Serialize)]
struct HeaderRecord {
    #[serde(rename = "type")]
    kind: &'static str,
    input: String,
    outcome: &'static str,
    /// Always false: nothing here was checked.
    verified: bool,
    version: u8,
    suite_id: String,
    suite: &'static str,
    signed: bool,
    message_id: String,
    frame_length: u32,
    header_length: usize,
    context: std::collections::BTreeMap<String, String>,
    keys: Vec<KeyRecord>,
}

#[derive(Serialize)]
struct KeyRecord {
    id: String,
    kind: String,
    provider_id: String,
}

impl HeaderRecord {
    fn new(source: &Source, header: &UnverifiedHeader) -> Self {
        let suite = header.suite();
        let keys = header.encrypted_data_keys().iter();
        Self {
            kind: "header",
            input: source.raw(),
            outcome: "ok",
            verified: false,
            version: 2,
            suite_id: format!("{:#06x}", suite.id()),
            suite: suite.name(),
            signed: suite.is_signed(),
            message_id: hex(header.message_id()),
            frame_length: header.frame_length(),
            header_length: header.len(),
            context: header.context().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            keys: keys
                .map(|key| KeyRecord { id: name_of(key), kind: kind_of(key), provider_id: key.provider_id.clone() })
                .collect(),
        }
    }
}
