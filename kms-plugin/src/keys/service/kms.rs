//! A key in KMS: its Regions in the order of asking, and what is believed of their answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sealkit_aws::arn::{KeyArn, KeyIdentifier};
use sealkit_aws::{Fault, FaultClass};
use sealkit_envelope::{DataKey, Plaintext};
use tokio::time::Instant;

use super::region::{Answer, Ask, send};
use super::site::{Site, identifier, sites};
use super::{Call, Encrypted, Generated, KEK_PAIR, Origin, Purpose, Unwrapped, check_context, untrue};
use crate::keys::blob::{MAX_BLOB_LEN, MAX_PLAINTEXT_LEN};
use crate::keys::directory::Directory;
use crate::keys::rotation::Listed;
use crate::keys::{AwsClients, KeyMistake, KeySettings, KmsCall, KmsOperation, Observer, Refusal, Source};

/// Taken off each deadline, so that the fault that ended a call is told to kube-apiserver, not just that time ran out.
const MARGIN: Duration = Duration::from_millis(50);

/// Less time than this is no time for a call.
const TOO_SHORT: Duration = Duration::from_millis(20);

/// From a throttled call to the next, after the SDK's own attempts.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(200)];
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// KMS' answer about a blob whose key it does not find in the Region.
const UNKNOWN_KEY: &str = "The ciphertext refers to a customer master key that does not exist";

pub(super) struct Kms {
    index: usize,
    identifier: KeyIdentifier,
    /// The key's own Region, then its replicas.
    sites: Vec<Site>,
    encrypt_failover: bool,
    object_context: HashMap<String, String>,
    kek_context: HashMap<String, String>,
    directory: Arc<Directory>,
    observer: Arc<dyn Observer>,
}

impl Kms {
    pub(super) fn new(
        settings: &KeySettings,
        index: usize,
        aws: &AwsClients,
        directory: Arc<Directory>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Vec<KeyMistake>> {
        let identifier = identifier(settings).map_err(|mistake| vec![mistake])?;
        let (sites, context) = (sites(settings, &identifier, aws), check_context(settings));
        let sites = match (sites, context) {
            (Ok(sites), Ok(())) => sites,
            (sites, context) => return Err(sites.err().into_iter().flatten().chain(context.err()).collect()),
        };
        let object_context: HashMap<_, _> = settings.context.clone().into_iter().collect();
        let mut kek_context = object_context.clone();
        kek_context.insert(KEK_PAIR.0.to_owned(), KEK_PAIR.1.to_owned());
        Ok(Self {
            index,
            identifier,
            sites,
            encrypt_failover: settings.encrypt_failover,
            object_context,
            kek_context,
            directory,
            observer,
        })
    }

    pub(super) fn regions(&self) -> impl Iterator<Item = &str> {
        self.sites.iter().map(|site| &*site.region)
    }

    pub(super) async fn encrypt(
        &self,
        call: &Call<'_>,
        purpose: Purpose,
        plaintext: &[u8],
    ) -> Result<Encrypted, Refusal> {
        let (mut answer, site) =
            self.first_answer(call, purpose, self.sites_to_encrypt(), Ask::Encrypt { plaintext }).await?;
        Ok(Encrypted { blob: std::mem::take(&mut answer.blob), origin: self.origin(answer, site) })
    }

    pub(super) async fn decrypt(&self, call: &Call<'_>, purpose: Purpose, blob: &[u8]) -> Result<Unwrapped, Refusal> {
        let (answer, site) = self.first_answer(call, purpose, &self.sites, Ask::Decrypt { blob }).await?;
        let plaintext = Plaintext::from_slice(&answer.plaintext);
        Ok(Unwrapped { plaintext, origin: self.origin(answer, site) })
    }

    pub(super) async fn generate_data_key(&self, call: &Call<'_>) -> Result<Generated, Refusal> {
        let (mut answer, site) =
            self.first_answer(call, Purpose::LocalKek, self.sites_to_encrypt(), Ask::GenerateDataKey).await?;
        let key = DataKey::from_slice(&answer.plaintext).ok_or(Refusal::Internal("a data key was checked too late"))?;
        Ok(Generated { key, blob: std::mem::take(&mut answer.blob), origin: self.origin(answer, site) })
    }

    pub(super) async fn list_key_rotations(&self, call: &Call<'_>, arn: &str) -> Result<Vec<Listed>, Refusal> {
        let (answer, _) = self.first_answer(call, Purpose::Object, &self.sites, Ask::ListKeyRotations { arn }).await?;
        Ok(answer.materials)
    }

    /// The ARN of the key in its own Region, where its replica answered.
    pub(super) fn own_arn(&self, answered: &str) -> String {
        let own = self.sites.first().and_then(|home| home.own_arn(answered));
        own.as_ref().map_or(answered, KeyArn::as_str).to_owned()
    }

    pub(super) fn leads_on(&self, refusal: &Refusal) -> bool {
        let Refusal::Kms(fault) = refusal else { return false };
        let is_of_another =
            || self.directory.arn_in(fault.cause()).and_then(|arn| self.directory.by_arn(arn)) != Some(self.index);
        match fault.class() {
            FaultClass::Refused => true,
            FaultClass::Denied if fault.cause().contains(UNKNOWN_KEY) => true,
            FaultClass::Denied => self.directory.arn_in(fault.cause()).is_some() && is_of_another(),
            _ => false,
        }
    }

    fn sites_to_encrypt(&self) -> &[Site] {
        if self.encrypt_failover { &self.sites } else { &self.sites[..1] }
    }

    /// The answer of the first Region that gives one. Only one that does not answer, or throttles, or has no permit
    /// left, is passed over: anything else is an answer, and asking elsewhere would be a way round it.
    async fn first_answer<'a>(
        &'a self,
        call: &Call<'_>,
        purpose: Purpose,
        sites: &'a [Site],
        ask: Ask<'_>,
    ) -> Result<(Answer, &'a Site), Refusal> {
        let end = call.deadline - MARGIN;
        let mut refusal = Refusal::Deadline;
        for (sites_left, site) in (1..=sites.len()).rev().zip(in_order(call, sites)) {
            let left = end.saturating_duration_since(Instant::now());
            if left < TOO_SHORT {
                break;
            }
            let share = u32::try_from(sites_left).unwrap_or(u32::MAX);
            match self.ask_site(call, purpose, site, ask, left / share, sites_left == 1).await {
                Ok(answer) => return Ok((answer, site)),
                Err(other) if other.is_of_the_moment() => refusal = other,
                Err(other) => return Err(other),
            }
        }
        Err(refusal)
    }

    /// Asks one Region. Where there is none left to go to, and this one throttles, it `waits` and asks again while there
    /// is time; others wait for its lane.
    async fn ask_site(
        &self,
        call: &Call<'_>,
        purpose: Purpose,
        site: &Site,
        ask: Ask<'_>,
        time: Duration,
        waits: bool,
    ) -> Result<Answer, Refusal> {
        let until = Instant::now() + time;
        // The probe needs no place among the calls: it is one, and must see what KMS says when traffic has taken all.
        let mut lane = match call.source {
            Source::Probe => None,
            _ => Some(site.lane(time / 2).await?),
        };
        let context = match purpose {
            Purpose::Object => &self.object_context,
            Purpose::LocalKek => &self.kek_context,
        };
        let replica = if let Ask::ListKeyRotations { arn } = ask { site.own_arn(arn) } else { None };
        let ask = replica.as_ref().map_or(ask, |arn| Ask::ListKeyRotations { arn: arn.as_str() });
        let (mut pauses, mut throttled) = (PAUSES.into_iter(), None);
        let start = Instant::now();
        let answer = loop {
            let answer = send(site, context, ask, until.saturating_duration_since(Instant::now())).await;
            let answer = answer.and_then(|answer| self.check(ask, site, answer));
            let answer = match (answer, throttled.take()) {
                // It was sent again too late for an answer: that KMS throttles is what is known, not that it is silent.
                (Err(late), Some(before)) if late.class() == FaultClass::Outage && Instant::now() >= until => {
                    Err(before)
                }
                (answer, _) => answer,
            };
            let class = answer.as_ref().err().map(|fault| fault.class());
            site.silence.note(class == Some(FaultClass::Outage));
            site.lanes.note(class == Some(FaultClass::Throttled));
            let pause = pauses.next().unwrap_or(LONGEST_PAUSE);
            let left = until.saturating_duration_since(Instant::now());
            if class != Some(FaultClass::Throttled)
                || !waits
                || call.source == Source::Probe
                || left < pause + TOO_SHORT
            {
                break answer;
            }
            // Back to the others that wait: of those that were under way, only as many go on as there are lanes now.
            drop(lane.take());
            lane = site.lanes.enter(left - pause - TOO_SHORT).await;
            if lane.is_none() {
                break answer;
            }
            // With the lane: whoever waits for it asks nothing of KMS meanwhile.
            tokio::time::sleep(pause).await;
            throttled = answer.err();
        };
        // Once, as the SDK's own attempts count as one: what is sent again is no other call of kube-apiserver's.
        self.tell(call, ask.operation(), site, start.elapsed(), &answer);
        Ok(answer?)
    }

    /// Holds an answer to what was asked: the right key, and lengths that can be.
    fn check(&self, ask: Ask<'_>, site: &Site, answer: Answer) -> Result<Answer, Box<Fault>> {
        let operation = ask.operation();
        let untrue = |cause: &str| untrue(operation, &site.key_id, &site.region, cause, answer.request_id.as_deref());
        let Ok(arn) = answer.key_id.parse::<KeyArn>() else {
            return Err(untrue("the answer names no key"));
        };
        let wraps = matches!(ask, Ask::Encrypt { .. } | Ask::GenerateDataKey);
        if wraps && !self.is_asked(site, &arn) {
            return Err(untrue(&format!("the answer is by {arn}, another key")));
        }
        if wraps && !(1..=MAX_BLOB_LEN).contains(&answer.blob.len()) {
            return Err(untrue(&format!("the answer has a ciphertext of {} bytes", answer.blob.len())));
        }
        let length = answer.plaintext.len();
        let fits = match ask {
            Ask::Encrypt { .. } => true,
            Ask::Decrypt { .. } => (1..=MAX_PLAINTEXT_LEN).contains(&length),
            Ask::GenerateDataKey => length == 32,
            Ask::ListKeyRotations { .. } => true,
        };
        if !fits {
            return Err(untrue(&format!("the answer has a plaintext of {length} bytes")));
        }
        if wraps {
            self.directory.learn(self.index, &arn);
        }
        Ok(answer)
    }

    /// Whether an answer is by the key that was asked; an alias may name any.
    fn is_asked(&self, site: &Site, arn: &KeyArn) -> bool {
        match &self.identifier {
            KeyIdentifier::KeyArn(_) => arn.as_str() == site.key_id,
            KeyIdentifier::KeyId(id) => arn.resource_id() == id,
            KeyIdentifier::AliasArn(_) | KeyIdentifier::AliasName(_) => true,
        }
    }

    fn tell(
        &self,
        call: &Call<'_>,
        operation: KmsOperation,
        site: &Site,
        latency: Duration,
        answer: &Result<Answer, Box<Fault>>,
    ) {
        let (answered_by, request_id, outcome) = match answer {
            Ok(answer) => (Some(answer.key_id.as_str()), answer.request_id.as_deref(), Ok(())),
            Err(fault) => (None, fault.request_id(), Err(&**fault)),
        };
        let (index, speaks_for_key) = self.attribute(call, operation, answered_by, outcome);
        self.observer.kms_call(&KmsCall {
            key: self.directory.name(index),
            answered_by,
            speaks_for_key,
            operation,
            source: call.source,
            uid: call.uid,
            region: &site.region,
            home: self.sites.first().filter(|_| index == self.index).map(|home| &*home.region),
            request_id,
            latency,
            outcome,
        });
    }

    /// Whom an outcome is about, and whether it says something of that key.
    fn attribute(
        &self,
        call: &Call<'_>,
        operation: KmsOperation,
        answered_by: Option<&str>,
        outcome: Result<(), &Fault>,
    ) -> (usize, bool) {
        if operation == KmsOperation::ListKeyRotations {
            // A permission apart: that it is refused says nothing of what the key can do.
            return (self.index, false);
        }
        if operation != KmsOperation::Decrypt || call.source == Source::Probe {
            return (self.index, true);
        }
        let named = answered_by.or_else(|| self.directory.arn_in(outcome.err()?.cause()));
        match (named, outcome) {
            (Some(arn), _) => match self.directory.by_arn(arn) {
                Some(index) => (index, true),
                None => (self.index, false),
            },
            // KMS did not get as far as to look at the blob: that is about the Region or the account.
            (None, Err(fault)) => (self.index, !is_about_a_blob(fault.class())),
            (None, Ok(())) => (self.index, false),
        }
    }

    fn origin(&self, answer: Answer, site: &Site) -> Origin {
        Origin {
            arn: self.directory.intern(&answer.key_id),
            region: Some(Arc::clone(&site.region)),
            request_id: answer.request_id.map(String::into_boxed_str),
            key_material: answer.key_material.map(String::into_boxed_str),
        }
    }
}

/// The Regions as they are asked: those that are silent at present after the others, but always first by a probe, which
/// is to find out.
fn in_order<'a>(call: &Call<'_>, sites: &'a [Site]) -> Vec<&'a Site> {
    let mut order: Vec<&Site> = sites.iter().collect();
    if sites.len() > 1 && call.source != Source::Probe {
        order.sort_by_cached_key(|site| site.silence.is_avoided());
    }
    order
}

/// Whether an answer of this class to a Decrypt may be about that blob alone.
fn is_about_a_blob(class: FaultClass) -> bool {
    matches!(class, FaultClass::Refused | FaultClass::Denied | FaultClass::Revoked | FaultClass::Absent)
}
