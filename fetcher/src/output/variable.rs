//! What may be a variable of the environment.

use super::refusal::Refusal;

/// The longest name: it is the name of a file too where no environment is made.
const MAX_NAME: usize = 255;

/// Names that change which code an application runs, whom it trusts, or how our own are read; and what names of that kind begin with.
///
/// The specification may set each of them. Content may not: whoever can write a secret would choose the code that its
/// readers run.
const RESERVED: &[&str] = &[
    "ASPNETCORE_HOSTINGSTARTUPASSEMBLIES",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_ENDPOINT_URL",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "BASHOPTS",
    "BASH_ENV",
    "BUNDLE_GEMFILE",
    "CAML_LD_LIBRARY_PATH",
    "CATALINA_OPTS",
    "CDPATH",
    "CLASSPATH",
    "CURL_CA_BUNDLE",
    "CURL_HOME",
    "DOCKER_CONFIG",
    "DOCKER_HOST",
    "DOTNET_ADDITIONAL_DEPS",
    "DOTNET_SHARED_STORE",
    "DOTNET_STARTUP_HOOKS",
    "EDITOR",
    "ELECTRON_RUN_AS_NODE",
    "ELIXIR_ERL_OPTIONS",
    "ENV",
    "ERL_AFLAGS",
    "ERL_FLAGS",
    "GCONV_PATH",
    "GEM_HOME",
    "GEM_PATH",
    "GIO_EXTRA_MODULES",
    "GIT_ASKPASS",
    "GIT_EDITOR",
    "GIT_EXEC_PATH",
    "GIT_PAGER",
    "GIT_PROXY_COMMAND",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GLIBC_TUNABLES",
    "GODEBUG",
    "GOFLAGS",
    "GRADLE_OPTS",
    "GTK_MODULES",
    "HOME",
    "HOSTALIASES",
    "IFS",
    "JAVA_HOME",
    "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "JULIA_LOAD_PATH",
    "KRB5_CONFIG",
    "KUBECONFIG",
    "LESSCLOSE",
    "LESSOPEN",
    "LOCALDOMAIN",
    "LOCPATH",
    "MALLOC_CONF",
    "MANPAGER",
    "MAVEN_OPTS",
    "MYSQL_HOME",
    "NLSPATH",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_REPL_EXTERNAL_MODULE",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "PAGER",
    "PATH",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PROMPT_COMMAND",
    "PS4",
    "PSModulePath",
    "QT_PLUGIN_PATH",
    "REQUESTS_CA_BUNDLE",
    "RESOLV_HOST_CONF",
    "RES_OPTIONS",
    "RUSTC_WRAPPER",
    "R_ENVIRON",
    "R_LIBS",
    "R_PROFILE",
    "SASL_PATH",
    "SHELL",
    "SHELLOPTS",
    "SPRING_APPLICATION_JSON",
    "SSH_ASKPASS",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SUDO_ASKPASS",
    "TCLLIBPATH",
    "VIMINIT",
    "VISUAL",
    "ZDOTDIR",
    "_JAVA_OPTIONS",
];
const RESERVED_PREFIXES: &[&str] = &[
    "AWS_ENDPOINT_URL_",
    "BASH_FUNC_",
    "COMPlus_",
    "CORECLR_",
    "COR_",
    "DYLD_",
    "GIT_CONFIG",
    "LD_",
    "LUA_",
    "NPM_CONFIG_",
    "PERL",
    "PYTHON",
    "RUBY",
    "SEALKIT_",
    "UV_",
    "npm_config_",
];

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
    let is_proxy = name.to_ascii_uppercase().ends_with("_PROXY");
    let is_reserved =
        is_proxy || RESERVED.contains(&name) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if is_reserved {
        return Err(Refusal::new(
            format!(
                "content may not set the variable {name}, which can decide what code an application runs, or whom it trusts"
            ),
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
