//! Whom a request is asked of, one after the other: its Region, those that it fails over to, and a sealed file.

use futures_util::future::{join, join_all};
use sealkit_aws::{Fault, FaultClass};
use sealkit_host::audit;
use tokio::time::Instant;

use super::lane::Lane;
use super::limits::{self, Limits};
use super::{Answer, Sources, filter, parameters, path, sealed, secrets};
use crate::failure::Failure;
use crate::plan::{Plan, Request};
use crate::spec::Object;

/// Requests that go the same way together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    way: Way,
    /// Their places in the plan.
    requests: Vec<usize>,
}

#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// These Regions, in this order, as this role. Kinds go apart, so that throttling of one holds up no other.
    Regions { kind: Kind, regions: Vec<String>, role: Option<String> },
    /// A sealed file.
    Sealed,
    /// Nowhere: there is no Region.
    Nowhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Secrets,
    Parameters,
    /// A filter or a path, whose place in the plan this is: each goes for itself.
    Search(usize),
}

/// What a request is asked as on one of its Regions.
pub(super) struct Ask<'a, T> {
    /// Its place among the answers.
    pub(super) index: usize,
    /// What is asked for there.
    pub(super) object: &'a T,
    /// What audit lines call it.
    pub(super) label: &'a str,
}

/// Puts the requests of a plan into groups.
pub(super) fn groups(plan: &Plan, default_region: Option<&str>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, request) in plan.requests.iter().enumerate() {
        let way = way(index, request, default_region);
        let shared = groups.iter_mut().find(|group| group.way == way && way != Way::Sealed);
        match shared {
            Some(group) => group.requests.push(index),
            None => groups.push(Group { way, requests: vec![index] }),
        }
    }
    groups
}

fn way(index: usize, request: &Request, default_region: Option<&str>) -> Way {
    let kind = match &request.object {
        Object::Secret(_) => Kind::Secrets,
        Object::Parameter(_) => Kind::Parameters,
        Object::Secrets(_) | Object::Parameters(_) => Kind::Search(index),
        Object::Sealed(_) => return Way::Sealed,
    };
    let Some(region) = request.region.as_deref().or(default_region) else { return Way::Nowhere };
    let regions = std::iter::once(region).chain(request.failover.iter().map(|it| it.region.as_str()));
    Way::Regions { kind, regions: regions.map(str::to_owned).collect(), role: request.role.clone() }
}

/// The way of one fetch.
pub(super) struct Route<'a> {
    pub(super) sources: &'a Sources,
    pub(super) plan: &'a Plan,
    pub(super) labels: &'a [String],
    pub(super) deadline: Instant,
}

type Answers = Vec<(usize, Result<Answer, Failure>)>;

impl Route<'_> {
    /// Follows it for one group.
    pub(super) async fn follow(&self, group: &Group) -> Answers {
        match &group.way {
            Way::Sealed => join_all(group.requests.iter().map(|index| self.sealed(*index))).await,
            Way::Nowhere => group.requests.iter().map(|index| (*index, Err(nowhere(&self.labels[*index])))).collect(),
            Way::Regions { regions, role, .. } => self.regions(&group.requests, regions, role.as_deref()).await,
        }
    }

    async fn regions(&self, requests: &[usize], regions: &[String], role: Option<&str>) -> Answers {
        let stands_in = |index: &usize| self.plan.requests[*index].fallback.is_some();
        let until = match requests.iter().any(stands_in) {
            true => limits::before_fallback(Instant::now(), self.deadline),
            false => self.deadline,
        };
        let (mut open, mut answers, mut failed) = (requests.to_vec(), Vec::new(), Vec::new());
        let mut outages: Vec<(usize, Fault)> = Vec::new();
        for (leg, region) in regions.iter().enumerate() {
            let others = regions.len() - leg - 1;
            let limits = Limits::of_region(Instant::now(), until, others);
            let lane = self.sources.lanes.lane(region, role).await;
            let mut stood_in: Option<(usize, Fault)> = None;
            for (index, answer) in self.ask(&lane, &std::mem::take(&mut open), leg, limits).await {
                let before = outages.iter().position(|(it, _)| *it == index).map(|at| outages.swap_remove(at).1);
                match answer {
                    Ok(answer) => {
                        if let Some(outage) = before {
                            stood_in = Some((stood_in.map_or(1, |(count, _)| count + 1), outage));
                        }
                        answers.push((index, Ok(answer)));
                    }
                    Err(fault) if fault.class() == FaultClass::Outage && others > 0 => {
                        open.push(index);
                        outages.push((index, before.map_or(fault.clone(), |it| with_later(it, &fault))));
                    }
                    // The first Region's outage stays the failure: what another one lacks or denies is no answer of it.
                    Err(fault) => {
                        failed.push((index, before.map_or(fault.clone(), |it| with_later(it, &fault))));
                    }
                }
            }
            if let Some((objects, cause)) = stood_in {
                tracing::warn!(region, objects, %cause, "this Region answers in place of the one before");
            }
            if open.is_empty() {
                break;
            }
        }
        answers.extend(join_all(failed.into_iter().map(|(index, fault)| self.fall_back(index, fault))).await);
        answers
    }

    /// Asks one Region. `leg` is its place in the order.
    async fn ask(
        &self,
        lane: &Lane,
        requests: &[usize],
        leg: usize,
        limits: Limits,
    ) -> Vec<(usize, Result<Answer, Fault>)> {
        let (mut secrets, mut parameters, mut searches) = (Vec::new(), Vec::new(), Vec::new());
        for &index in requests {
            let (request, label) = (&self.plan.requests[index], self.labels[index].as_str());
            let object = match leg.checked_sub(1) {
                None => &request.object,
                Some(failover) => &request.failover[failover].object,
            };
            match object {
                Object::Secret(object) => secrets.push(Ask { index, object, label }),
                Object::Parameter(object) => parameters.push(Ask { index, object, label }),
                other => searches.push(Ask { index, object: other, label }),
            }
        }
        let one = |(index, item): (usize, Result<_, Fault>)| (index, item.map(Answer::One));
        let batch = self.plan.batch;
        let searched = join_all(searches.into_iter().map(async |ask| {
            let found = match ask.object {
                Object::Secrets(object) => {
                    filter::fetch(lane, &Ask { index: 0, object, label: ask.label }, batch, limits).await
                }
                Object::Parameters(object) => {
                    path::fetch(lane, &Ask { index: 0, object, label: ask.label }, limits).await
                }
                _ => unreachable!("sealed files have no Region, and the others are told apart above"),
            };
            (ask.index, found.map(Answer::Many))
        }));
        let singles = join(secrets::fetch(lane, secrets, batch, limits), parameters::fetch(lane, parameters, limits));
        let ((secrets, parameters), searched) = join(singles, searched).await;
        secrets.into_iter().chain(parameters).map(one).chain(searched).collect()
    }

    /// What a request that failed everywhere comes to: its sealed file, if the service is out and it has one.
    async fn fall_back(&self, index: usize, fault: Fault) -> (usize, Result<Answer, Failure>) {
        let (request, label) = (&self.plan.requests[index], &self.labels[index]);
        let is_out = matches!(fault.class(), FaultClass::Outage | FaultClass::Throttled);
        let fault = self.sources.recorder.explained(fault);
        let Some(file) = request.fallback.as_ref().filter(|_| is_out) else {
            return (index, Err(Failure::aws(label, fault)));
        };
        match sealed::open(self.sources, file, request.role.as_deref(), label, self.deadline).await {
            Ok(item) => {
                tracing::warn!(object = %label, cause = %fault, "a sealed file stands in for the service");
                (index, Ok(Answer::One(super::Item { stands_in_for: Some(Box::new(fault)), ..item })))
            }
            Err(sealed) => {
                let hint = format!("{}; its sealed file does not help: {sealed}", fault.hint());
                (index, Err(Failure::aws(label, fault.with_hint(hint))))
            }
        }
    }

    async fn sealed(&self, index: usize) -> (usize, Result<Answer, Failure>) {
        let (request, label) = (&self.plan.requests[index], &self.labels[index]);
        let Object::Sealed(file) = &request.object else { return (index, Err(super::forgotten(label))) };
        let opened = sealed::open(self.sources, file, request.role.as_deref(), label, self.deadline).await;
        (index, opened.map(Answer::One))
    }
}

/// An outage, and what a Region that was asked after it said.
fn with_later(outage: Fault, later: &Fault) -> Fault {
    let region = later.region().unwrap_or("the next Region");
    let hint = format!("{}; {region} was asked after it: {}", outage.hint(), later.cause());
    outage.with_hint(hint)
}

fn nowhere(label: &str) -> Failure {
    Failure::other(
        label,
        audit::Failure::Config,
        "no Region is known to ask for it in",
        "name one: `region` in the specification, --region or AWS_REGION; --imds-region asks the instance",
    )
}
