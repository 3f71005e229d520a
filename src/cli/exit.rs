//! The codes with which every command ends.

/// How a command ended. A breach beats unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Ok,
    /// A limit is breached, or the command's own work failed.
    Breach,
    /// What was asked cannot be known.
    Unknown,
    /// Usage, configuration, or nothing to connect to.
    Usage,
    /// A signal ended it.
    Signal(i32),
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Breach => 1,
            Self::Unknown => 2,
            Self::Usage => 3,
            Self::Signal(number) => u8::try_from(128 + number).unwrap_or(255),
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// The table for the help text.
pub(super) const TABLE: &str = "Exit codes:
  0  all is well
  1  a limit is breached, or the command's own work failed (cannot write its file, listener in use)
  2  what was asked cannot be known (cluster unreachable, wrong password, no right, no such group)
  3  usage or configuration is wrong, or there is nothing to connect to";
