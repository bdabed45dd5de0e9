//! What may be a variable of the environment.

use super::refusal::Refusal;

/// The longest name: it is the name of a file too where no environment is made.
const MAX_NAME: usize = 255;

/// Names that change which code an application runs, or how our own are read; and what names of that kind begin with.
///
/// The specification may set each of them. Content may not: whoever can write a secret would choose the code that its
/// readers run.
const RESERVED: &[&str] = &[
    "BASH_ENV",
    "BASHOPTS",
    "CDPATH",
    "CLASSPATH",
    "DOTNET_STARTUP_HOOKS",
    "ENV",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "HOME",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LOCPATH",
    "NLSPATH",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PATH",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PROMPT_COMMAND",
    "PS4",
    "SHELL",
    "SHELLOPTS",
    "_JAVA_OPTIONS",
];
const RESERVED_PREFIXES: &[&str] = &["BASH_FUNC_", "CORECLR_", "COR_", "LD_", "PERL5", "PYTHON", "RUBY", "SEALKIT_"];

/// Checks a name that the specification gives: a letter or `_`, then letters, digits and `_`, of ASCII.
///
/// # Errors
///
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), String> {
    let is_first = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let is_valid = name.as_bytes().first().is_some_and(is_first)
        && name.bytes().all(|byte| is_first(&byte) || byte.is_ascii_digit());
    if !is_valid {
        return Err(format!(
            "{name:?} is no name of a variable: they are letters, digits and `_`, and begin with no digit"
        ));
    }
    if name.len() > MAX_NAME {
        return Err(format!("the name of a variable is longer than {MAX_NAME} bytes: {name}"));
    }
    Ok(())
}

/// Checks a name that comes from content.
pub(crate) fn check_found(name: &str) -> Result<(), Refusal> {
    check_name(name).map_err(|message| Refusal::new(message, "give the names one by one"))?;
    let is_reserved = RESERVED.contains(&name) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if is_reserved {
        return Err(Refusal::new(
            format!("content may not set the variable {name}, which decides what code an application runs"),
            "remove it from the secret, or set it by name in the specification",
        ));
    }
    Ok(())
}

/// Checks what an environment asks for, and no file. How long a variable may be is for whoever executes to say.
pub(crate) fn check_value(name: &str, value: &[u8]) -> Result<(), Refusal> {
    if value.contains(&0) {
        let message = format!("the variable {name} would hold NUL, which ends it");
        return Err(Refusal::new(message, "give it as a file (without --env)"));
    }
    Ok(())
}
