//! JMESPath expressions over values.
//!
//! The language is that of the `jmespath` crate. `to_string` and `join` are our own: they print as the CSI provider's
//! library does, and are bounded. An expression whose evaluation could outgrow its document beyond reason is refused
//! before it runs, for the crate has no fuel.

mod bounds;
mod print;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jmespath::ast::Ast;
use jmespath::functions::{ArgumentType, CustomFunction, Signature};
use jmespath::{Context, ErrorReason, JmespathError, Rcvar, Runtime, Variable};

use super::json;
use super::refusal::Refusal;
use crate::spec::Form;
use crate::spec::csi::texts;

/// How many bytes the functions of one search may print.
const MAX_PRINTED: usize = 1 << 20;

/// What errors call the places that a search is about.
pub(crate) struct Names<'a> {
    /// What the specification calls the object.
    pub(crate) object: &'a str,
    /// Where the result goes.
    pub(crate) alias: &'a str,
}

/// Searches a JSON document for a string.
///
/// # Errors
///
/// If `value` is no JSON, `path` no expression, or what it finds no string; in the CSI provider's words for its forms.
pub(crate) fn search(form: Form, names: &Names<'_>, path: &str, value: &[u8]) -> Result<String, Refusal> {
    let words = Words::of(form);
    let (document, data) = document(value).map_err(|refusal| words.not_json(names, refusal))?;
    let ast = parse(path).map_err(|refusal| words.invalid(path, refusal))?;
    bounds::check_growth(&ast, document.len()).map_err(|refusal| refusal.of(&format!("JMESPath {path:?}")))?;
    let runtime = runtime(words);
    let found = jmespath::interpret(&Rcvar::new(data), &ast, &mut Context::new(path, &runtime));
    let found = found.map_err(|error| words.invalid(path, failed(&error)))?;
    match &*found {
        Variable::String(text) => Ok(text.clone()),
        Variable::Null => Err(words.nothing(names, path)),
        _ => Err(words.no_string(path)),
    }
}

/// Whether `path` is an expression, before any value is there.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(path: &str) -> Result<(), String> {
    parse(path).map(|_| ()).map_err(|refusal| refusal.message)
}

fn document(value: &[u8]) -> Result<(&str, Variable), Refusal> {
    let text = json::document(value)?.get();
    // What is no JSON was refused above; an escape that is no character and a number beyond all floats are found here.
    let data = Variable::from_json(text).map_err(|_| {
        Refusal::new("it holds an escape that is no character, or a number out of range", "take it by `key`")
    })?;
    Ok((text, data))
}

fn parse(path: &str) -> Result<Ast, Refusal> {
    bounds::check_text(path)?;
    let ast = jmespath::parse(path).map_err(|error| failed(&error))?;
    bounds::check_numbers(&ast)?;
    Ok(ast)
}

/// The crate's own message would repeat what it found, a literal or a value.
fn failed(error: &JmespathError) -> Refusal {
    let what = match &error.reason {
        ErrorReason::Parse(message) if message == TOO_MUCH => {
            return Refusal::new("it prints more than is reasonable of one secret", "make the expression simpler");
        }
        ErrorReason::Parse(_) => "a syntax error",
        ErrorReason::Runtime(jmespath::RuntimeError::UnknownFunction(_)) => "a function that is not known",
        ErrorReason::Runtime(jmespath::RuntimeError::InvalidType { .. }) => "an argument of another type",
        ErrorReason::Runtime(_) => "a wrong call",
    };
    Refusal::new(format!("{what} at line {}, column {}", error.line + 1, error.column + 1), "correct the expression")
}

/// All functions of the specification of JMESPath, with bounds on what they print in all.
fn runtime(words: Words) -> Runtime {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    let left = Arc::new(AtomicUsize::new(MAX_PRINTED));
    let budget = Arc::clone(&left);
    let to_string = move |arguments: &[Rcvar], context: &mut Context<'_>| match &*arguments[0] {
        Variable::String(_) => Ok(Rcvar::clone(&arguments[0])),
        value => {
            let text = print::json(value, words == Words::Provider, budget.load(Ordering::Relaxed));
            printed(text, &budget, context)
        }
    };
    register(&mut runtime, "to_string", vec![ArgumentType::Any], to_string);
    let join = move |arguments: &[Rcvar], context: &mut Context<'_>| {
        let glue = arguments[0].as_string().map_or("", String::as_str);
        let list = arguments[1].as_array().map_or(&[][..], Vec::as_slice);
        let texts = list.iter().filter_map(|text| text.as_string());
        printed(print::joined(glue, texts, left.load(Ordering::Relaxed)), &left, context)
    };
    let texts = ArgumentType::TypedArray(Box::new(ArgumentType::String));
    register(&mut runtime, "join", vec![ArgumentType::String, texts], join);
    runtime
}

fn register(
    runtime: &mut Runtime,
    name: &str,
    arguments: Vec<ArgumentType>,
    function: impl Fn(&[Rcvar], &mut Context<'_>) -> jmespath::SearchResult + Send + Sync + 'static,
) {
    let function = CustomFunction::new(Signature::new(arguments, None), Box::new(function));
    runtime.register_function(name, Box::new(function));
}

/// What stands in the crate's error where the budget was not enough: it has no reason for that.
const TOO_MUCH: &str = "too much text";

/// Takes what was printed off the budget.
fn printed(text: Option<String>, left: &AtomicUsize, context: &Context<'_>) -> jmespath::SearchResult {
    let Some(text) = text else {
        let reason = ErrorReason::Parse(TOO_MUCH.to_owned());
        return Err(JmespathError::from_ctx(context, reason));
    };
    left.fetch_sub(text.len(), Ordering::Relaxed);
    Ok(Rcvar::new(Variable::String(text)))
}

/// Whose words errors take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    /// The CSI provider's, which its users' alerts know; each names its next step itself.
    Provider,
    Ours,
}

impl Words {
    fn of(form: Form) -> Self {
        if form.is_drop_in() { Self::Provider } else { Self::Ours }
    }

    fn not_json(self, names: &Names<'_>, refusal: Refusal) -> Refusal {
        match self {
            Self::Provider => Refusal::new(texts::invalid_json(names.object), refusal.message),
            Self::Ours => refusal,
        }
    }

    fn invalid(self, path: &str, refusal: Refusal) -> Refusal {
        match self {
            Self::Provider => Refusal::new(texts::invalid_jmes_path(path), refusal.message),
            Self::Ours => refusal.of(&format!("JMESPath {path:?}")),
        }
    }

    fn nothing(self, names: &Names<'_>, path: &str) -> Refusal {
        match self {
            Self::Provider => Refusal::new(texts::jmes_path_finds_nothing(path, names.alias), ""),
            Self::Ours => Refusal::new(
                format!("JMESPath {path:?} finds nothing in it"),
                "correct the expression; keys are case-sensitive",
            ),
        }
    }

    fn no_string(self, path: &str) -> Refusal {
        match self {
            Self::Provider => Refusal::new(texts::jmes_path_finds_no_string(path), ""),
            Self::Ours => Refusal::new(
                format!("JMESPath {path:?} gives something else than a string"),
                "put `to_string(…)` around it, or take it by `key`",
            ),
        }
    }
}
