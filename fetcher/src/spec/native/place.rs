//! Where, and as whom, everything is fetched.

use sealkit_host::config::{Field, Table};

use super::values;
use crate::spec::{AddressType, Place};

/// The words of `addressType`.
pub(crate) const ADDRESS_TYPES: [(&str, AddressType); 2] = [("ipv4", AddressType::Ipv4), ("ipv6", AddressType::Ipv6)];

pub(super) fn place(table: &mut Table<'_>) -> Place {
    let region = table.optional("region", values::region);
    let failover_regions = table.optional("failoverRegions", |field| {
        let regions = values::some(field, values::region)?;
        match &region {
            Some(region) if regions.contains(region) => {
                field.mistake(format!("`failoverRegions`: {region} is `region` itself"))
            }
            _ => Some(regions),
        }
    });
    Place {
        region,
        failover_regions: failover_regions.unwrap_or_default(),
        role: table.optional("role", values::role),
        pod_identity: table.optional("podIdentity", Field::boolean),
        address_type: table.optional("addressType", |field| field.choice(&ADDRESS_TYPES)),
    }
}
