//! What is exported without a socket; the rest is tested over the services.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::collections::BTreeSet;

use saphyr_parser::{Event, Parser};

use super::*;

const PAGE: &str = include_str!("../../../docs/kms-plugin-metrics.md");
const RULES: &str = include_str!("../../../deploy/prometheus/seal-kms-plugin.rules.yaml");

#[test]
fn reloads_say_how_they_ended() {
    let metrics = Metrics::new();
    let text = |metrics: &Metrics| String::from_utf8(metrics.render([], None)).unwrap();
    assert!(text(&metrics).contains("seal_kms_plugin_config_last_reload_successful 1\n"));
    metrics.reloaded(Reload::Refused);
    assert!(text(&metrics).contains("seal_kms_plugin_config_last_reload_successful 0\n"));
    assert!(text(&metrics).contains("seal_kms_plugin_config_reloads_total{outcome=\"refused\"} 1\n"));
    metrics.reloaded(Reload::Applied);
    assert!(text(&metrics).contains("seal_kms_plugin_config_last_reload_successful 1\n"));
    assert!(
        text(&metrics).contains(&format!("seal_kms_plugin_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn the_page_names_every_metric_and_no_other() {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: BTreeSet<String> = rows.map(str::to_owned).collect();
    assert_eq!(documented, Metrics::new().names());
}

#[test]
fn the_alert_rules_are_yaml_and_name_metrics_that_exist() {
    let mut scalars = Vec::new();
    for event in Parser::new_from_str(RULES) {
        if let Event::Scalar(text, ..) = event.unwrap().0 {
            scalars.push(text.into_owned());
        }
    }
    let values_of = |field: &str| -> Vec<&str> {
        scalars.windows(2).filter(|pair| pair[0] == field).map(|pair| &*pair[1]).collect()
    };
    let (alerts, expressions) = (values_of("alert"), values_of("expr"));
    assert_eq!(alerts.len(), expressions.len());
    assert_eq!(alerts.iter().collect::<BTreeSet<_>>().len(), alerts.len(), "names are told apart");
    assert_eq!(values_of("severity").len(), alerts.len());
    for file in values_of("runbook") {
        assert!(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file).exists(), "{file}");
    }
    let names = Metrics::new().names();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for expression in expressions {
        let used: Vec<_> = expression.split(|c| !is_word(c)).filter(|word| word.contains("_kms_plugin_")).collect();
        assert!(!used.is_empty(), "{expression}");
        for name in used {
            assert!(names.contains(name), "{name} in {expression}");
        }
    }
}

#[test]
fn states_and_reasons_in_the_rules_are_those_of_health() {
    for (label, words) in [
        ("state", crate::health::State::ALL.map(|state| state.as_str()).to_vec()),
        ("verdict", vec!["ok", "unhealthy", "failed"]),
    ] {
        for rest in RULES.split(&format!("{{{label}=\"")).skip(1) {
            let word = rest.split('"').next().unwrap();
            // KEKs have two states of their own.
            assert!(words.contains(&word) || word == "pending", "{label}={word}");
        }
    }
}
