//! Task and container definitions: whose secrets are meant, and which others are left to ECS.

use sealkit_host::config::{Field, Position, Table};

use super::{Seen, ValueFrom, entry};
use crate::spec::{Entry, Notice};

/// A container: its name, and where it begins.
struct Container {
    name: Option<String>,
    at: Position,
    /// None if it has no `secrets` or an empty list of them.
    secrets: Option<Vec<Entry>>,
}

/// The secrets of the document's one container that has some, or of the one named `wanted`.
pub(super) fn secrets(root: Field<'_>, wanted: Option<&str>) -> Option<(Vec<Entry>, Vec<Notice>)> {
    let mut notices = Vec::new();
    if root.is_list() {
        return if holds_secrets(root)? {
            if wanted.is_some() {
                return root.mistake("--container chooses a container, but this is a list of secrets");
            }
            Some((list(root)?, notices))
        } else {
            let containers = containers(root, &mut notices)?;
            Some((choose(root, containers, wanted)?, notices))
        };
    }
    let entries = root.table(|table| {
        table.allow_unknown();
        if table.has("taskDefinition") {
            // What `describe-task-definition` prints.
            return table
                .required("taskDefinition", |field| field.table(|table| task(table, field, wanted, &mut notices)));
        }
        if table.has("containerDefinitions") {
            return task(table, root, wanted, &mut notices);
        }
        let container = container(table, &mut notices)?;
        choose(root, vec![container], wanted)
    });
    Some((entries?, notices))
}

fn task(
    table: &mut Table<'_>,
    field: Field<'_>,
    wanted: Option<&str>,
    notices: &mut Vec<Notice>,
) -> Option<Vec<Entry>> {
    table.allow_unknown();
    if table.optional("taskRoleArn", |field| (!field.is_null()).then_some(())).is_none() {
        notices.push(Notice {
            at: Some(table.position()),
            message: "no `taskRoleArn`: a process in the container has the task role only, so that needs what \
                      `executionRoleArn` may read"
                .to_owned(),
        });
    }
    table.optional("volumes", |field| volumes(field, notices));
    let containers = table.required("containerDefinitions", |field| containers(field, notices));
    choose(field, containers?, wanted)
}

/// Whether a list is one of secrets; of containers otherwise.
fn holds_secrets(list: Field<'_>) -> Option<bool> {
    let is_secret = list.list(|item| {
        item.table(|table| {
            table.allow_unknown();
            Some(table.has("valueFrom") || !(table.has("secrets") || table.has("image")))
        })
    })?;
    Some(is_secret.into_iter().any(|is_secret| is_secret))
}

fn containers(field: Field<'_>, notices: &mut Vec<Notice>) -> Option<Vec<Container>> {
    field.list(|item| item.table(|table| container(table, notices)))
}

fn container(table: &mut Table<'_>, notices: &mut Vec<Notice>) -> Option<Container> {
    table.allow_unknown();
    let at = table.position();
    let name = table.optional("name", Field::string);
    let title = name.as_deref().map_or_else(|| "the container".to_owned(), |name| format!("container `{name}`"));
    let mut left_to_ecs = |at: Position, what: &str, use_: &str| {
        notices.push(Notice {
            at: Some(at),
            message: format!("{title}: {what} stays with ECS, which reads it with the execution role {use_}"),
        });
    };
    table.optional("repositoryCredentials", |field| {
        if !field.is_null() {
            left_to_ecs(field.position(), "`repositoryCredentials`", "to pull the image");
        }
        Some(())
    });
    table.optional("logConfiguration", |field| {
        if field.is_null() {
            return None;
        }
        field.table(|table| {
            table.allow_unknown();
            table.optional("secretOptions", |options| {
                if options.is_list() && !options.list(|_| Some(()))?.is_empty() {
                    left_to_ecs(options.position(), "`secretOptions` of `logConfiguration`", "for the log driver");
                }
                Some(())
            })
        })
    });
    table.optional("credentialSpecs", |field| {
        if field.is_list() && !field.list(|_| Some(()))?.is_empty() {
            left_to_ecs(field.position(), "`credentialSpecs`", "for Active Directory");
        }
        Some(())
    });
    let is_given = table.optional("secrets", |field| (!field.is_null()).then_some(())).is_some();
    let secrets = table.optional("secrets", |field| if is_given { list(field) } else { None });
    if is_given && secrets.is_none() {
        return None;
    }
    Some(Container { name, at, secrets: secrets.filter(|secrets| !secrets.is_empty()) })
}

/// Volumes whose credentials are ECS' own.
fn volumes(field: Field<'_>, notices: &mut Vec<Notice>) -> Option<()> {
    if field.is_null() {
        return None;
    }
    field.list(|item| {
        item.table(|table| {
            table.allow_unknown();
            table.optional("fsxWindowsFileServerVolumeConfiguration", |field| {
                if !field.is_null() {
                    notices.push(Notice {
                        at: Some(field.position()),
                        message:
                            "the credentials of `fsxWindowsFileServerVolumeConfiguration` stay with ECS, which mounts \
                                  the volume"
                                .to_owned(),
                    });
                }
                Some(())
            });
            Some(())
        })
    })?;
    Some(())
}

/// `[{name, valueFrom}]`
fn list(field: Field<'_>) -> Option<Vec<Entry>> {
    let mut seen = Seen::new();
    field.list(|item| {
        item.table(|table| {
            let name = table.required("name", |field| {
                let name = field.string()?;
                if name.is_empty() {
                    return field.mistake("`name` is empty");
                }
                if let Some(first) = seen.insert(name.clone(), field.position()) {
                    return field.mistake(format!("`name`: another secret is called `{name}`, at {first}"));
                }
                Some(name)
            });
            let value = table.required("valueFrom", |field| {
                let text = field.string()?;
                text.parse::<ValueFrom>().map_or_else(|flaw| field.mistake(format!("`valueFrom`: {flaw}")), Some)
            });
            Some(entry(&name?, value?, Some(table.position())))
        })
    })
}

fn choose(field: Field<'_>, containers: Vec<Container>, wanted: Option<&str>) -> Option<Vec<Entry>> {
    let names = |containers: &[&Container]| {
        let name = |container: &&Container| match &container.name {
            Some(name) => format!("`{name}`"),
            None => format!("one without a name, at {}", container.at),
        };
        containers.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    if let Some(wanted) = wanted {
        let all = names(&containers.iter().collect::<Vec<_>>());
        let Some(named) = containers.into_iter().find(|it| it.name.as_deref() == Some(wanted)) else {
            return field.mistake(format!("no container is called `{wanted}`; there is {all}"));
        };
        return named.secrets.or_else(|| field.mistake(format!("container `{wanted}` has no `secrets`")));
    }
    let with_secrets: Vec<_> = containers.iter().filter(|container| container.secrets.is_some()).collect();
    match with_secrets.len() {
        0 => field.mistake(
            "no container has `secrets`: there is nothing to fetch; where variables hold them instead, set these and \
             give --spec env:PREFIX",
        ),
        1 => containers.into_iter().find_map(|container| container.secrets),
        _ => field.mistake(format!(
            "several containers have `secrets`: choose one with --container, of {}",
            names(&with_secrets)
        )),
    }
}
