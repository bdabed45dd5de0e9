//! From typed text to settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sealkit_host::list;
use sealkit_host::text::error_chain;

use super::{Args, OwnArgs, SharedArgs};
use crate::config::{self, Parsed};
use crate::keys::{KeySetSettings, KeySettings, LocalKekSettings, check_key_file};
use crate::settings::{
    self, DEFAULT_CACHE_ENTRIES, DEFAULT_FLUSH_AFTER, DEFAULT_SOCKET, LOG_FORMATS, LOG_LEVELS, Layer, LogLevel,
    LogSettings, Mistakes, ProviderSettings, Settings, SettingsError,
};
use crate::socket::{DEFAULT_MODE, SocketSettings};

/// What flags and file say together.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The settings, or every mistake.
    pub settings: Result<Settings, SettingsError>,
    /// What is logged, as far as that could be read.
    pub log: LogSettings,
    /// What was accepted, and should not be typed any more.
    pub warnings: Vec<String>,
    /// The bytes that the file had.
    pub text: Option<String>,
}

impl Args {
    /// Reads the flags, and the file that they name, now; every mistake of both is told.
    #[must_use]
    pub fn read(&self) -> Reading {
        let mut reader = Reader::default();
        let mut flags = reader.process(self);
        flags.providers = reader.providers(&self.shared, &self.own);
        let mut text = None;
        let file = self.own.config.as_deref().map(|path| (path, reader.file(path, &mut text)));
        let place = file.as_ref().map(|(path, file)| (*path, file.names_sockets));
        reader.place_of_sockets(&self.shared, &self.own, place);
        let log = flags.log(file.as_ref().map(|(_, file)| &file.layer));
        if let Some((path, file)) = &file {
            let files = file.key_files.iter();
            reader.key_files.extend(files.map(|(at, name)| (format!("{}:{at}: `key`", path.display()), name.clone())));
        }
        let settings = flags.join(file.map(|(path, file)| (path, file.layer)), &mut reader.mistakes);
        if reader.mistakes.count() > 0 {
            reader.check_key_files();
        }
        let settings = reader.mistakes.finish(settings);
        // Without mistakes there are providers.
        let settings = settings.map(|settings| settings.expect("that there are none is a mistake"));
        Reading { settings, log, warnings: reader.warnings, text }
    }

    /// Whether settings are only checked.
    ///
    /// # Errors
    ///
    /// If it is said in a word that is neither true nor false.
    pub fn checks_only(&self) -> Result<bool, SettingsError> {
        let mut reader = Reader::default();
        let checks = reader.boolean("--check-config", self.own.check_config.as_deref());
        reader.mistakes.finish(checks.unwrap_or_default())
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> Option<&Path> {
        self.own.config.as_deref()
    }
}

/// Collects mistakes and warnings.
#[derive(Default)]
struct Reader {
    mistakes: Mistakes,
    warnings: Vec<String>,
    /// The keys that are files, and where they are named.
    key_files: Vec<(String, String)>,
}

impl Reader {
    /// Sockets are named by flags or by the file, which [names some](config::Parsed::names_sockets) or not.
    fn place_of_sockets(&mut self, shared: &SharedArgs, own: &OwnArgs, file: Option<(&Path, Option<bool>)>) {
        let given = flags_of_sockets(shared, own);
        match file {
            // A file that cannot be read may name some.
            Some((_, None)) => {}
            Some((path, Some(true))) => {
                let path = path.display();
                if shared.key.is_empty() {
                    for (flag, field) in given {
                        self.mistakes.add(format_args!(
                            "{flag}: the sockets are named by {path}: say it there, as `{field}` of each"
                        ));
                    }
                } else {
                    self.mistakes.add(format_args!(
                        "--key and the flags of sockets: {path} says it too, as `sockets`; say it in one place"
                    ));
                }
            }
            _ if given.is_empty() => {
                self.mistakes.add("--key: no key is named: give --key, or --config and a file with `sockets`");
            }
            _ if shared.key.iter().all(String::is_empty) => {
                self.mistakes.add("--key: no key is named, and flags of its socket are given");
            }
            _ => {}
        }
    }

    /// Opening the keys tells of their files too; this is for when there are mistakes before it comes to that.
    fn check_key_files(&mut self) {
        for (place, name) in std::mem::take(&mut self.key_files) {
            self.mistakes.note(&place, check_key_file(&name));
        }
    }

    /// What concerns the process as a whole.
    fn process(&mut self, Args { shared, own, .. }: &Args) -> Layer {
        self.boolean("--check-config", own.check_config.as_deref());
        for (flag, value) in [("--qps-limit", &shared.qps_limit), ("--burst-limit", &shared.burst_limit)] {
            if self.number(flag, value.as_deref(), 0..=u32::MAX).is_some_and(|limit| limit > 0) {
                self.warnings.push(format!("{flag} is deprecated and has no effect: use --retry-token-capacity"));
            }
        }
        if let Some(version) = shared.health_kms_version.as_deref().filter(|it| !["v1", "v2"].contains(it)) {
            self.mistakes.add(format_args!("--health-kms-version: it must be v1 or v2, not {version:?}"));
        }
        let tokens = self.number("--retry-token-capacity", shared.retry_token_capacity.as_deref(), 0..=500_000_000);
        Layer {
            providers: None,
            health_port: self.value("--health-port", shared.health_port.as_deref(), str::parse),
            healthz_path: self.value("--healthz-path", shared.healthz_path.as_deref(), settings::http_path),
            livez_path: self.value("--livez-path", shared.livez_path.as_deref(), settings::http_path),
            deep_healthz: self.boolean("--deep-healthz", own.deep_healthz.as_deref()),
            profile: stated(own.profile.as_ref()).map(str::to_owned),
            region: self.value("--region", stated(shared.region.as_ref()), settings::region),
            kms_endpoint: self.value("--kms-endpoint", stated(shared.kms_endpoint.as_ref()), settings::url),
            source_arn: self.value("--source-arn", stated(shared.source_arn.as_ref()), str::parse),
            // AEP's default, which means the SDK's.
            retry_tokens: tokens.filter(|tokens| *tokens > 0),
            audit: self.value("--audit", own.audit.as_deref(), settings::path),
            log_format: self.choice("--log-format", own.log_format.as_deref(), &LOG_FORMATS),
            log_level: self.log_level(shared, own),
        }
    }

    fn log_level(&mut self, shared: &SharedArgs, own: &OwnArgs) -> Option<LogLevel> {
        let level = self.choice("--log-level", own.log_level.as_deref(), &LOG_LEVELS);
        let debug = self.boolean("--debug", shared.debug.as_deref()).unwrap_or_default();
        match level {
            Some(level) if debug && level != LogLevel::Debug => {
                self.mistakes.add("--debug and --log-level: they name different levels");
                None
            }
            None if debug => Some(LogLevel::Debug),
            level => level,
        }
    }

    /// The sockets that flags name, if they name any.
    fn providers(&mut self, shared: &SharedArgs, own: &OwnArgs) -> Option<Vec<ProviderSettings>> {
        let rights = self.rights(own);
        let template = self.template(own);
        let names = self.items("--key", &shared.key);
        let paths = self.items("--listen", &shared.listen);
        let contexts = self.contexts(&shared.encryption_context);
        let names = names.map(|names| self.key_names(&names));
        let paths = paths.map(|paths| self.socket_paths(&paths));
        if own.state_file.is_some() && names.as_ref().is_some_and(|names| names.len() > 1) {
            self.mistakes.add("--state-file: each socket needs its own, so several sockets need a file: --config");
        }
        let names = names.filter(|names| !names.is_empty())?;
        let paths = if shared.listen.is_empty() { vec![Some(DEFAULT_SOCKET.into())] } else { paths? };
        if names.len() != paths.len() {
            let (keys, sockets) = (names.len(), paths.len());
            self.mistakes.add(format_args!(
                "--key and --listen: they name {keys} and {sockets}, and each socket has one key: give as many of each"
            ));
            return None;
        }
        let mut contexts = contexts?;
        if contexts.len() > names.len() {
            self.warnings.push(format!("--encryption-context: {} beyond the keys", contexts.len() - names.len()));
        }
        contexts.resize(names.len(), BTreeMap::new());
        let (rights, template) = (rights?, template?);
        let each = names.into_iter().zip(paths).zip(contexts);
        each.map(|((name, path), context)| {
            let write = KeySettings { name: name?, context, ..template.write.clone() };
            Some(ProviderSettings {
                socket: SocketSettings { path: path?, ..rights.clone() },
                keys: KeySetSettings { write, ..template.clone() },
            })
        })
        .collect()
    }

    /// Each name that is one, so that all others are told.
    fn key_names(&mut self, names: &[String]) -> Vec<Option<String>> {
        let read = |name: &String| self.value("--key", Some(name), settings::key_name);
        let names: Vec<_> = names.iter().map(read).collect();
        let files = names.iter().flatten().filter(|name| name.starts_with("local:"));
        self.key_files.extend(files.map(|name| ("--key".to_owned(), name.clone())));
        names
    }

    /// Each path that is one, so that all others are told, and those that are given twice.
    fn socket_paths(&mut self, paths: &[String]) -> Vec<Option<PathBuf>> {
        let mut read: Vec<Option<PathBuf>> = Vec::new();
        for path in paths {
            let path = self.value("--listen", Some(path), settings::socket_path);
            if let Some(path) = path.as_ref().filter(|path| read.iter().flatten().any(|before| before == *path)) {
                self.mistakes.add(format_args!("--listen: {} is given twice", path.display()));
            }
            read.push(path);
        }
        read
    }

    /// What all sockets have in common.
    fn rights(&mut self, own: &OwnArgs) -> Option<SocketSettings> {
        let before = self.mistakes.count();
        let uids = self.items("--allowed-uids", &own.allowed_uids).unwrap_or_default();
        let uids: Vec<u32> =
            uids.iter().filter_map(|uid| self.number("--allowed-uids", Some(uid), 0..=u32::MAX - 1)).collect();
        let rights = SocketSettings {
            path: PathBuf::new(),
            owner: self.number("--socket-owner", own.socket_owner.as_deref(), 0..=u32::MAX - 1),
            group: self.number("--socket-group", own.socket_group.as_deref(), 0..=u32::MAX - 1),
            mode: self.value("--socket-mode", own.socket_mode.as_deref(), settings::mode).unwrap_or(DEFAULT_MODE),
            allowed_uids: (!own.allowed_uids.is_empty()).then_some(uids),
        };
        (self.mistakes.count() == before).then_some(rights)
    }

    /// What the keys of all sockets have in common.
    fn template(&mut self, own: &OwnArgs) -> Option<KeySetSettings> {
        let before = self.mistakes.count();
        let key = KeySettings {
            name: String::new(),
            context: BTreeMap::new(),
            region: None,
            replicas: Vec::new(),
            encrypt_failover: false,
        };
        let local_kek = self.boolean("--local-kek", own.local_kek.as_deref()).unwrap_or_default();
        let entries = self.number("--cache-entries", own.cache_entries.as_deref(), 0..=config::MOST_CACHE_ENTRIES);
        let flush_after = self.value("--flush-after", own.flush_after.as_deref(), config::flush_after);
        let follow = self.boolean("--follow-key-material", own.follow_key_material.as_deref());
        let template = KeySetSettings {
            write: key,
            read: Vec::new(),
            local_kek: local_kek.then(LocalKekSettings::default),
            follow_key_material: follow.unwrap_or_default(),
            cache_entries: entries.unwrap_or(DEFAULT_CACHE_ENTRIES),
            flush_after: flush_after.unwrap_or(Duration::from_secs(DEFAULT_FLUSH_AFTER)),
            state_file: self.value("--state-file", own.state_file.as_deref(), settings::path),
        };
        (self.mistakes.count() == before).then_some(template)
    }

    fn contexts(&mut self, texts: &[String]) -> Option<Vec<BTreeMap<String, String>>> {
        let contexts: Vec<_> = texts
            .iter()
            .map(|text| {
                let (context, is_ambiguous) = self.mistakes.note("--encryption-context", list::context(text))?;
                if is_ambiguous {
                    self.warnings.push("--encryption-context: a name is given twice, and the last one counts".into());
                }
                Some(context)
            })
            .collect();
        contexts.into_iter().collect()
    }

    fn file(&mut self, path: &Path, read: &mut Option<String>) -> Parsed {
        let text = match config::text(path) {
            Ok(text) => text,
            Err(error) => {
                self.mistakes.add(format_args!("--config: {}", error_chain(&error)));
                if let Some(remedy) = error.remedy() {
                    self.mistakes.add(format_args!("--config: run `{remedy}`"));
                }
                return Parsed::default();
            }
        };
        let parsed = config::parse(path, &text);
        *read = Some(text);
        if let Some(errors) = &parsed.mistakes {
            self.mistakes.add(errors);
        }
        parsed
    }

    fn items(&mut self, flag: &str, texts: &[String]) -> Option<Vec<String>> {
        let lists: Vec<_> = texts.iter().map(|text| self.mistakes.note(flag, list::items(text))).collect();
        Some(lists.into_iter().collect::<Option<Vec<_>>>()?.concat())
    }

    fn value<T, E: std::fmt::Display>(
        &mut self,
        flag: &str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = text?;
        let parsed = parse(text).map_err(|error| format!("invalid value {text:?}: {error}"));
        self.mistakes.note(flag, parsed)
    }

    fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
        &mut self,
        flag: &str,
        text: Option<&str>,
        range: std::ops::RangeInclusive<T>,
    ) -> Option<T> {
        self.value(flag, text, |text| {
            let number = text.parse().ok().filter(|number| range.contains(number));
            number.ok_or_else(|| format!("it must be a number from {} to {}", range.start(), range.end()))
        })
    }

    /// As Go's `strconv.ParseBool`.
    fn boolean(&mut self, flag: &str, text: Option<&str>) -> Option<bool> {
        self.value(flag, text, |text| match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            _ => Err("it must be true or false"),
        })
    }

    fn choice<T: Copy>(&mut self, flag: &str, text: Option<&str>, choices: &[(&str, T)]) -> Option<T> {
        self.value(flag, text, |text| {
            let words = || choices.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            let found = choices.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| format!("it must be one of {}", words()))
        })
    }
}

/// AEP takes an empty text for nothing.
fn stated(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// The flags of sockets and their keys that are given, each with the field that says the same.
fn flags_of_sockets(shared: &SharedArgs, own: &OwnArgs) -> Vec<(&'static str, &'static str)> {
    [
        ("--key", "key", !shared.key.is_empty()),
        ("--listen", "path", !shared.listen.is_empty()),
        ("--encryption-context", "context", !shared.encryption_context.is_empty()),
        ("--allowed-uids", "allowedUids", !own.allowed_uids.is_empty()),
        ("--cache-entries", "cacheEntries", own.cache_entries.is_some()),
        ("--flush-after", "flushAfter", own.flush_after.is_some()),
        ("--local-kek", "localKek", own.local_kek.is_some()),
        ("--follow-key-material", "followKeyMaterial", own.follow_key_material.is_some()),
        ("--state-file", "stateFile", own.state_file.is_some()),
        ("--socket-mode", "mode", own.socket_mode.is_some()),
        ("--socket-owner", "owner", own.socket_owner.is_some()),
        ("--socket-group", "group", own.socket_group.is_some()),
    ]
    .into_iter()
    .filter_map(|(flag, field, is_given)| is_given.then_some((flag, field)))
    .collect()
}
