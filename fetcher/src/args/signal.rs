//! Signals by name or number.

use std::fmt;
use std::str::FromStr;

use rustix::process::Signal;

/// Names as `kill -l` prints them, without `SIG`.
const NAMES: [(&str, Signal); 10] = [
    ("HUP", Signal::HUP),
    ("INT", Signal::INT),
    ("QUIT", Signal::QUIT),
    ("KILL", Signal::KILL),
    ("USR1", Signal::USR1),
    ("USR2", Signal::USR2),
    ("ALRM", Signal::ALARM),
    ("TERM", Signal::TERM),
    ("CONT", Signal::CONT),
    ("WINCH", Signal::WINCH),
];

/// A signal that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalNumber(pub Signal);

impl FromStr for SignalNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let found = NAMES.iter().find(|(known, signal)| *known == name || signal.as_raw().to_string() == name);
        found.map(|(_, signal)| Self(*signal)).ok_or_else(|| {
            let known: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("a signal is one of {}, or its number", known.join(", "))
        })
    }
}

impl fmt::Display for SignalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(_, signal)| *signal == self.0) {
            Some((name, _)) => write!(f, "SIG{name}"),
            None => write!(f, "signal {}", self.0.as_raw()),
        }
    }
}

/// `--notify-signal`: which signal, and the name of the processes that get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifySignal {
    /// The signal.
    pub signal: SignalNumber,
    /// The name as `/proc/PID/comm` has it: 15 bytes at most.
    pub process: String,
}

impl FromStr for NotifySignal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        /// The kernel's `TASK_COMM_LEN` without its NUL.
        const LONGEST: usize = 15;
        let (signal, process) = text.split_once(':').ok_or("write it as SIGNAL:NAME, as in HUP:nginx")?;
        if process.is_empty() {
            return Err("the name of the processes is missing, as in HUP:nginx".to_owned());
        }
        if process.len() > LONGEST {
            return Err(format!(
                "Linux keeps 15 bytes of a process's name: write `{}`",
                process.chars().take(LONGEST).collect::<String>()
            ));
        }
        Ok(Self { signal: signal.parse()?, process: process.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        for text in ["HUP", "sighup", "SIGHUP", "1"] {
            assert_eq!(text.parse::<SignalNumber>().map(|signal| signal.to_string()).as_deref(), Ok("SIGHUP"));
        }
        for text in ["", "SIG", "STOP", "0", "64", "-1"] {
            assert!(text.parse::<SignalNumber>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_process_is_named_as_linux_keeps_it() {
        let told = "USR1:nginx".parse::<NotifySignal>();
        assert_eq!(told, Ok(NotifySignal { signal: SignalNumber(Signal::USR1), process: "nginx".to_owned() }));
        for text in ["HUP", "HUP:", "XYZ:nginx", "HUP:a-name-of-16-byte"] {
            assert!(text.parse::<NotifySignal>().is_err(), "{text}");
        }
    }
}
