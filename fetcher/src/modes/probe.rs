//! `probe`: whether secrets are published, or a URL answers, for images that have neither shell nor curl.

use std::path::Path;
use std::time::{Duration, SystemTime};

use http::{Method, Uri};
use sealkit_host::exit::Exit;
use sealkit_host::text::{Escaped, error_chain};

use super::http::{has_password, request};
use crate::args::ProbeArgs;
use crate::publish::Published;

/// How long a URL may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs the mode to its end.
pub async fn run(args: &ProbeArgs) -> Exit {
    let probed = match (&args.target, &args.url) {
        (Some(target), _) => published(target, args.max_age, SystemTime::now()),
        (None, Some(url)) if has_password(url) => {
            Err((Exit::Config, "--url: a name and a password are not sent: leave them out".to_owned()))
        }
        (None, Some(url)) => answers(url).await,
        (None, None) => unreachable!("one of them is required"),
    };
    match probed {
        Ok(()) => Exit::Ok,
        Err((exit, why)) => {
            eprintln!("seal-fetcher: {why}");
            exit
        }
    }
}

fn published(target: &Path, max_age: Option<Duration>, now: SystemTime) -> Result<(), (Exit, String)> {
    let shown = Escaped::new(target);
    let published = Published::read_at(target).map_err(|error| (Exit::Io, error_chain(&error)))?;
    let published = published.ok_or_else(|| (Exit::NotFound, format!("nothing is published in {shown}")))?;
    // By their visible paths, as an application finds them.
    for file in published.units.iter().flat_map(|unit| &unit.files) {
        if let Err(error) = std::fs::metadata(target.join(&file.path)) {
            return Err((Exit::Io, format!("{shown}: {}: {error}", Escaped::new(&file.path))));
        }
    }
    let oldest = published.units.iter().max_by_key(|unit| unit.age(now));
    match (max_age, oldest) {
        (Some(limit), Some(unit)) if unit.age(now) > limit => {
            let (name, age) = (Escaped::new(&unit.unit), humantime::format_duration(whole_seconds(unit.age(now))));
            let limit = humantime::format_duration(limit);
            let why = format!("{shown}: {name} was fetched {age} ago, more than {limit}; the log of `watch` says why");
            Err((Exit::Unavailable, why))
        }
        _ => Ok(()),
    }
}

async fn answers(url: &Uri) -> Result<(), (Exit, String)> {
    match request(Method::GET, url, PATIENCE).await {
        Ok(status) if status.is_success() => Ok(()),
        Ok(status) => Err((Exit::Unavailable, format!("{url} answers {status}"))),
        Err(error) => Err((Exit::Unavailable, format!("{url}: {}", error_chain(&error)))),
    }
}

fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}
