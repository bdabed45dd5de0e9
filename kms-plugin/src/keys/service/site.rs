//! Where a key is asked: its own Region, then those of its replicas.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_kms::Client;
use sealkit_aws::arn::{ArnError, KeyArn, KeyIdentifier};
use tokio::time::Instant;

use super::lanes::{Lane, Lanes};
use crate::keys::{AwsClients, KeyMistake, KeySettings, Refusal};

/// How long a silent Region is asked last.
const AVOIDED: Duration = Duration::from_secs(5);

/// A key in one Region. What bounds its calls is its own: neither another key's flood nor its trouble is felt here.
pub(super) struct Site {
    pub(super) client: Client,
    pub(super) region: Arc<str>,
    /// How the key is named to this Region.
    pub(super) key_id: String,
    pub(super) lanes: Lanes,
    pub(super) silence: Silence,
}

impl Site {
    /// Waits for a place among the key's calls here, for `longest`.
    pub(super) async fn lane(&self, longest: Duration) -> Result<Lane<'_>, Refusal> {
        self.lanes.enter(longest).await.ok_or_else(|| Refusal::Busy { region: self.region.to_string() })
    }

    /// The ARN that the key `arn` has here: that of its replica, if it is a multi-Region key.
    pub(super) fn own_arn(&self, arn: &str) -> Option<KeyArn> {
        arn.parse::<KeyArn>().ok().filter(KeyArn::is_multi_region)?.in_region(&self.region).ok()
    }
}

/// Whether a key was met with silence lately. Each call would wait a second for an answer before it asks the next Region;
/// so for a while this one is asked last, by all but one.
#[derive(Default)]
pub(super) struct Silence {
    until: Mutex<Option<Instant>>,
}

impl Silence {
    /// Remembers how a call ended: in silence, or in an answer.
    pub(super) fn note(&self, was_silent: bool) {
        *self.lock() = was_silent.then(|| Instant::now() + AVOIDED);
    }

    /// Whether the Region is asked last. Once the time is over, the first to look asks it first, and only its answer
    /// brings the others back.
    pub(super) fn is_avoided(&self) -> bool {
        let now = Instant::now();
        let mut until = self.lock();
        match *until {
            None => false,
            Some(end) if now < end => true,
            Some(_) => {
                *until = Some(now + AVOIDED);
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of a key in KMS.
pub(super) fn identifier(settings: &KeySettings) -> Result<KeyIdentifier, KeyMistake> {
    let mistake = |cause: ArnError| KeyMistake::Name { name: settings.name.clone(), cause: cause.to_string() };
    settings.name.parse().map_err(mistake)
}

/// Where the key is asked, in the order of asking.
///
/// # Errors
///
/// All that is wrong with its Region and its replicas.
pub(super) fn sites(
    settings: &KeySettings,
    identifier: &KeyIdentifier,
    aws: &AwsClients,
) -> Result<Vec<Site>, Vec<KeyMistake>> {
    let (mut places, mut mistakes) = (Vec::new(), Vec::new());
    match home(settings, identifier, aws) {
        Ok(region) => places.push((region, identifier.to_string())),
        Err(mistake) => mistakes.push(mistake),
    }
    for region in &settings.replicas {
        match replica(settings, identifier, region) {
            Ok(arn) if places.iter().any(|(taken, _)| taken == arn.region()) => {
                mistakes.push(wrong_replica(settings, region, "it is the key's own Region, or given twice"));
            }
            Ok(arn) => places.push((region.clone(), arn.to_string())),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let site = |(region, key_id): (String, String)| Site {
        client: aws.client(&region),
        region: region.into(),
        key_id,
        lanes: Lanes::new(),
        silence: Silence::default(),
    };
    if mistakes.is_empty() { Ok(places.into_iter().map(site).collect()) } else { Err(mistakes) }
}

fn home(settings: &KeySettings, identifier: &KeyIdentifier, aws: &AwsClients) -> Result<String, KeyMistake> {
    let name = || settings.name.clone();
    match (identifier.region(), settings.region.as_deref()) {
        (Some(actual), Some(configured)) if actual != configured => {
            Err(KeyMistake::OtherRegion { name: name(), actual: actual.to_owned(), configured: configured.to_owned() })
        }
        (Some(region), _) | (None, Some(region)) => Ok(region.to_owned()),
        (None, None) => aws.default_region().map(str::to_owned).ok_or_else(|| KeyMistake::NoRegion { name: name() }),
    }
}

fn replica(settings: &KeySettings, identifier: &KeyIdentifier, region: &str) -> Result<KeyArn, KeyMistake> {
    let Some(arn) = identifier.key_arn() else {
        return Err(wrong_replica(settings, region, "only a key given by the ARN of a multi-Region key has replicas"));
    };
    arn.in_region(region).map_err(|cause| wrong_replica(settings, region, &cause.to_string()))
}

fn wrong_replica(settings: &KeySettings, region: &str, cause: &str) -> KeyMistake {
    KeyMistake::Replica { name: settings.name.clone(), region: region.to_owned(), cause: cause.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_region_is_avoided_by_all_but_one_in_five_seconds_until_it_answers() {
        let silence = Silence::default();
        assert!(!silence.is_avoided());
        silence.note(true);
        assert!(silence.is_avoided());
        tokio::time::advance(AVOIDED).await;
        assert_eq!([(); 3].map(|()| silence.is_avoided()), [false, true, true]);
        silence.note(false);
        assert!(!silence.is_avoided());
    }
}
