#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::time::Duration;

use clap::CommandFactory as _;

use super::*;

fn parse(line: &str) -> Result<Command, clap::Error> {
    Args::try_parse_from(std::iter::once("seal-fetcher").chain(line.split_whitespace())).map(|args| args.command)
}

#[test]
fn clap_finds_nothing_wrong_with_the_flags() {
    Args::command().debug_assert();
}

#[test]
fn every_mode_of_the_docs_is_read() {
    const DOCS: &str = include_str!("../../../docs/fetcher.md");
    let modes: Vec<_> = DOCS.lines().filter_map(|line| line.strip_prefix("| `")?.split_once([' ', '`'])).collect();
    let command = Args::command();
    for mode in ["init", "watch", "exec", "plan", "lint", "convert", "install", "probe"] {
        assert!(modes.iter().any(|(name, _)| *name == mode), "{mode} is not in the docs");
        assert!(command.find_subcommand(mode).is_some(), "{mode} is no subcommand");
    }
}

#[test]
fn defaults_are_those_of_the_docs() {
    let Command::Watch(args) = parse("watch --spec a.yaml --target /run/secrets").unwrap() else { unreachable!() };
    assert_eq!(args.fetch.aws.deadline, Duration::from_secs(120));
    assert_eq!(args.refresh.interval, Duration::from_secs(3_600));
    assert_eq!(args.target.rules.keep, Duration::from_secs(30));
    assert!(!args.target.rules.allow_disk && args.fetch.place.batch.is_none());
}

#[test]
fn exec_gives_secrets_in_one_way() {
    for (line, delivery) in [
        ("exec --spec a -- ./server --port 80", Delivery::SharedMemory),
        ("exec --spec a --memfd -- ./server", Delivery::Memfd),
        ("exec --spec env:S_ --env -- ./server", Delivery::Environment),
        ("exec --spec a --target /run/secrets -- ./server", Delivery::Target("/run/secrets".into())),
    ] {
        let Command::Exec(args) = parse(line).unwrap() else { unreachable!() };
        assert_eq!(args.delivery.chosen(), delivery, "{line}");
        assert_eq!(args.command[0], "./server");
    }
    for line in [
        "exec --spec a",
        "exec --spec a ./server",
        "exec --spec a --env --memfd -- ./server",
        "exec --spec a --env --target /run/secrets -- ./server",
        "exec --spec a --grace 3s -- ./server",
        "exec -- ./server",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn a_probe_has_one_question() {
    assert!(parse("probe --target /run/secrets").is_ok());
    assert!(parse("probe --url http://localhost:8080/readyz").is_ok());
    assert!(parse("probe").is_err());
    assert!(parse("probe --target /run/secrets --url http://localhost/").is_err());
}

#[test]
fn only_what_runs_others_is_spared_our_limits() {
    assert!(parse("exec --spec a -- ./server").unwrap().runs_others());
    assert!(parse("watch --spec a --target b --notify-command reload").unwrap().runs_others());
    assert!(!parse("watch --spec a --target b").unwrap().runs_others());
    assert!(!parse("init --spec a --target b").unwrap().runs_others());
}
