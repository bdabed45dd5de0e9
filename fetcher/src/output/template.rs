//! Texts with expressions over entries, in Jinja's language.
//!
//! The engine has no loader, so nothing is included; a name that is not there is an error; fuel bounds instructions and
//! the bytes that they make or read. What fuel does not count, lists that are put together from themselves again and
//! again, is bounded in time: a template runs on a thread of its own, and is given up if it does not end. The engine's
//! messages may hold values, so none of a running template is repeated but the names in its text.

mod filters;
#[cfg(test)]
mod tests;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use sealkit_host::text::Escaped;

use super::Origin;
use super::refusal::Refusal;
use super::values::{self, Values};

/// How long a template may be, in bytes.
const MAX_LENGTH: usize = 256 * 1024;

/// How long what it makes may be, in bytes.
const MAX_OUTPUT: usize = 1 << 20;

/// How long a template may run: many times what one that uses all its fuel takes. Builds that are not optimised are slower
/// by far.
const MAX_TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 3 });

/// The one that was given up, if one was.
pub(super) static RUNS_ON: GivenUp = GivenUp(Mutex::new(None));

/// The thread of a template that was given up.
pub(super) struct GivenUp(Mutex<Option<JoinHandle<()>>>);

impl GivenUp {
    /// Whether it still runs.
    pub(super) fn is_there(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|thread| !thread.is_finished())
    }

    fn set(&self, thread: JoinHandle<()>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }
}

/// The engine descends into nested values: as much as the main thread has.
const STACK: usize = 8 << 20;

/// What a template may use: each unit is an instruction, or 64 bytes that are made or read.
const FUEL: u64 = 250_000;

/// Renders `text`.
///
/// # Errors
///
/// What is wrong with the template or with a value that it uses.
pub(crate) fn render(values: &Values<'_>, text: &str) -> Result<(String, Vec<Origin>), Vec<Refusal>> {
    let used = uses(text, values.labels()).map_err(|mistakes| mistakes.into_iter().map(mistake).collect::<Vec<_>>())?;
    let mut variables = BTreeMap::new();
    let mut origins = Vec::new();
    let mut refusals = Vec::new();
    for label in &used {
        match variable(values, label, &mut origins) {
            Ok(Some(value)) => _ = variables.insert(identifier(label), value),
            // An optional entry that is absent is undefined.
            Ok(None) => {}
            Err(refusal) => refusals.push(refusal),
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let text = within(MAX_TIME, &RUNS_ON, text.to_owned(), Value::from(variables)).map_err(|refusal| vec![refusal])?;
    Ok((text, origins))
}

/// Runs a template, and gives up waiting for one that does not end. While its thread goes on no other is started.
fn within(limit: Duration, given_up: &GivenUp, text: String, variables: Value) -> Result<String, Refusal> {
    if given_up.is_there() {
        return Err(Refusal::new("the template was not run, for another one has not come to an end", "mend that one"));
    }
    let (answer, answered) = mpsc::channel();
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        // Nobody waits any more if it took too long.
        let _ = answer.send(run(&text, variables));
    });
    let thread = thread.map_err(|error| Refusal::new(format!("no thread can be made for it: {error}"), ""))?;
    match answered.recv_timeout(limit) {
        Err(mpsc::RecvTimeoutError::Timeout) => {
            given_up.set(thread);
            Err(Refusal::new("the template does not come to an end", "make it simpler"))
        }
        // A thread that panicked sends nothing.
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(Refusal::new("the template can't be run", "report this as a bug"))
        }
        Ok(made) => {
            let _ = thread.join();
            made
        }
    }
}

fn run(text: &str, variables: Value) -> Result<String, Refusal> {
    let environment = environment();
    let template = environment.template_from_str(text).map_err(|error| mistake(syntax(&error)))?;
    let mut output = Bounded(Vec::new());
    template.render_captured_to(variables, &mut output).map_err(|error| failed(&error, text))?;
    String::from_utf8(output.0)
        .map_err(|_| Refusal::new("the template makes something else than UTF-8", "correct the template"))
}

/// The labels among `labels` that a template uses. One stands for the label that is it with `_` for each character
/// that is no letter, digit or `_` of ASCII, and before a digit at its beginning.
///
/// # Errors
///
/// Every mistake: a syntax error with its line, or names that are no label.
pub fn uses<'a>(text: &str, labels: impl IntoIterator<Item = &'a str>) -> Result<BTreeSet<String>, Vec<String>> {
    if text.len() > MAX_LENGTH {
        return Err(vec![format!("the template is longer than {MAX_LENGTH} bytes")]);
    }
    let environment = environment();
    let template = environment.template_from_str(text).map_err(|error| vec![syntax(&error)])?;
    let mut known: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for label in labels {
        known.entry(identifier(label)).or_default().push(label);
    }
    let mut used = BTreeSet::new();
    let mut mistakes = Vec::new();
    for name in template.undeclared_variables(false).into_iter().collect::<BTreeSet<_>>() {
        match known.get(&name).map(Vec::as_slice) {
            Some([label]) => _ = used.insert((*label).to_owned()),
            Some(labels) => {
                let labels: Vec<String> = labels.iter().map(|label| format!("`{}`", Escaped::new(label))).collect();
                mistakes.push(format!("the template's `{name}` stands for each of {}", labels.join(", ")));
            }
            None if environment.globals().any(|(global, _)| global == name) => {}
            None => mistakes.push(format!("the template's `{}` is no label of an entry", Escaped::new(&name))),
        }
    }
    if mistakes.is_empty() { Ok(used) } else { Err(mistakes) }
}

/// What a label is called in templates.
fn identifier(label: &str) -> String {
    let letter = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
    let name: String = label.chars().map(letter).collect();
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// What an entry is in a template.
fn variable(values: &Values<'_>, label: &str, origins: &mut Vec<Origin>) -> Result<Option<Value>, Refusal> {
    let value = values.find(label)?;
    let Ok(Some(answer)) = value.answer() else { return Ok(None) };
    let (variable, items) = value::of_answer(value, answer).map_err(|refusal| refusal.of(label))?;
    items.iter().for_each(|item| values::note(origins, item));
    Ok(Some(variable))
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default());
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(100);
    environment.set_formatter(value::format);
    filters::add(&mut environment);
    environment
}

/// An error of the parser, which has seen no value.
fn syntax(error: &Error) -> String {
    let line = error.line().unwrap_or(1);
    let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    format!("line {line} of the template: {reason}")
}

fn mistake(message: String) -> Refusal {
    Refusal::new(message, "correct the template")
}

/// An error of the running template `text`.
fn failed(error: &Error, text: &str) -> Refusal {
    let line = error.line().map_or_else(|| "the template".to_owned(), |line| format!("line {line} of the template"));
    if let Some(refusal) = value::refusal(error) {
        return refusal.of(&line);
    }
    let (reason, hint) = match error.kind() {
        ErrorKind::UndefinedError => ("something is not there", "correct the name or the key; they are case-sensitive"),
        ErrorKind::OutOfFuel => ("it takes too much work", "make the template simpler"),
        ErrorKind::WriteFailure if error.source().is_some() => ("it makes more than 1 MiB", "make several files"),
        ErrorKind::UnknownFilter => ("there is no such filter", "correct the template"),
        ErrorKind::UnknownTest => ("there is no such test", "correct the template"),
        ErrorKind::UnknownFunction => ("there is no such function", "correct the template"),
        ErrorKind::UnknownMethod => ("there is no such method", "use a filter"),
        ErrorKind::MissingArgument | ErrorKind::TooManyArguments => {
            ("a filter or a function has too few or too many arguments", "correct the template")
        }
        _ => ("an operation does not suit its values", "correct the template"),
    };
    let name = unknown(error, text).map(|name| format!(" as {name}")).unwrap_or_default();
    Refusal::new(format!("{line}: {reason}{name}"), hint)
}

/// The name of a filter, a test or a function that is not known, if it stands in the template: a value can name one too.
fn unknown<'a>(error: &'a Error, text: &str) -> Option<&'a str> {
    let detail = error.detail()?.strip_suffix(" is unknown")?;
    let name = detail.rsplit_once(' ').map_or(detail, |(_, name)| name);
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name).then_some(name)
}

/// Takes as much as a file may have.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > MAX_OUTPUT - self.0.len() {
            return Err(io::Error::other("too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
