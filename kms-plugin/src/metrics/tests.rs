//! What is exported without a socket; the rest is tested over the services.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use super::*;

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
