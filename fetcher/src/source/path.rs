//! All parameters below a path: GetParametersByPath, page by page.

use std::collections::BTreeMap;

use aws_sdk_ssm::operation::RequestId;
use sealkit_aws::{Fault, FaultClass};

use super::lane::Lane;
use super::limits::Limits;
use super::record::Call;
use super::route::Ask;
use super::{Item, parameters};
use crate::spec::ParameterPath;

const GET: &str = "ssm:GetParametersByPath";

/// The most parameters of a page, and what is asked for.
const PAGE: i32 = 10;

/// The most pages: 10,000 parameters, more than any memory is meant to hold.
const PAGES: usize = 1_000;

/// Fetches all parameters below a path, in the order of their names.
pub(super) async fn fetch(lane: &Lane, ask: &Ask<'_, ParameterPath>, limits: Limits) -> Result<Vec<Item>, Fault> {
    let (path, region) = (ask.object, Some(lane.region.as_str()));
    let fault = |class, cause: &str| Fault::new(GET, &path.path, region, class, cause);
    let (mut found, mut token) = (BTreeMap::new(), None);
    for _ in 0..PAGES {
        let unasked = |cause: &str| fault(FaultClass::Outage, cause);
        let answer = lane.call(&lane.parameters, limits, unasked, async |clients| {
            let request = clients.parameters.get_parameters_by_path().path(&path.path).recursive(path.recursive);
            let request = request.with_decryption(true).max_results(PAGE).set_next_token(token.clone());
            let answer = request.send().await.map_err(|error| Fault::from_sdk(GET, &path.path, region, &error));
            let request_id = match &answer {
                Ok(answer) => answer.request_id(),
                Err(fault) => fault.request_id(),
            };
            let call = Call { action: GET, object: ask.label, resource: &path.path, region: &lane.region, request_id };
            lane.recorder.call(&call, answer.as_ref().map(drop));
            answer
        });
        let answer = answer.await?;
        let request_id = answer.request_id().map(str::to_owned);
        for parameter in answer.parameters.unwrap_or_default() {
            let item = parameters::item(lane, parameter, request_id.as_deref());
            let valueless = || fault(FaultClass::Outage, "the answer holds a parameter without a value");
            let item = item.ok_or_else(valueless)?;
            if !is_below(&path.path, &item.name) {
                return Err(fault(FaultClass::Outage, "the answer holds a parameter that is not below it"));
            }
            // A parameter that is changed between two pages may be on both: the later one counts.
            found.insert(item.name.clone(), item);
        }
        // A page may be empty and not be the last.
        match answer.next_token.filter(|it| !it.is_empty()) {
            Some(next) => token = Some(next),
            None => return Ok(found.into_values().collect()),
        }
    }
    let fault = fault(FaultClass::Refused, &format!("there are more than {PAGES} pages of parameters below it"));
    Err(fault.with_hint("name a path further down, or without `recursive`"))
}

fn is_below(path: &str, name: &str) -> bool {
    let (path, name) = (parameters::bare(path).trim_end_matches('/'), parameters::bare(name));
    path.is_empty() || name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_path_begins_with_it() {
        let arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/prod/app/a";
        for (path, name) in [("/prod", "/prod/a"), ("/prod/", "/prod/a/b"), ("/", "/a"), ("/", "a"), ("/prod/app", arn)]
        {
            assert!(is_below(path, name), "{path} {name}");
        }
        for (path, name) in [("/prod", "/production/a"), ("/prod", "/prod"), ("/prod", "/other/prod/a"), ("/app", arn)]
        {
            assert!(!is_below(path, name), "{path} {name}");
        }
    }
}
