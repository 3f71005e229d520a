//! A real terminal (tmux) with a program in it. In: a command, a size, keys. Out: what stands on the screen.

use std::process::{Command, Output};
use std::time::Duration;

use super::process::run_dir;
use super::{eventually, unique};

/// A terminal of its own tmux server; dropped, both are gone.
pub struct Terminal {
    socket: String,
}

impl Terminal {
    /// Opens a terminal with a plain shell in it.
    #[track_caller]
    pub fn open(columns: u16, rows: u16) -> Self {
        let terminal = Self {
            socket: run_dir().join(unique("tmux")).to_str().unwrap().to_owned(),
        };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &columns,
            "-y",
            &rows,
            "env",
            "PS1=$ ",
            "sh",
        ]);
        terminal.wait("a prompt", |screen| screen.contains('$'));
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        // Without HOME and the like tmux does as on any machine.
        let mut command = Command::new("tmux");
        command
            .args(["-S", &self.socket])
            .args(arguments)
            .env_remove("TMUX");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:#?}");
        output
    }

    /// Types a line and presses enter.
    pub fn line(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.keys(&["Enter"]);
    }

    /// Presses keys by tmux's names: `q`, `Enter`, `Escape`, `C-c`, `Up`, …
    pub fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.tmux(&[
            "resize-window",
            "-x",
            &columns.to_string(),
            "-y",
            &rows.to_string(),
        ]);
    }

    /// What stands on the screen now.
    pub fn screen(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p"]).stdout).unwrap()
    }

    /// What stands on the screen now, with the escapes that colour it.
    pub fn screen_with_colours(&self) -> String {
        String::from_utf8(self.tmux(&["capture-pane", "-p", "-e"]).stdout).unwrap()
    }

    /// The value of one of tmux's formats, such as `#{alternate_on}`.
    pub fn ask(&self, format: &str) -> String {
        let answer = self.tmux(&["display-message", "-p", format]).stdout;
        String::from_utf8(answer).unwrap().trim().to_owned()
    }

    /// From now on programs may put text into its clipboard.
    pub fn takes_clipboard(&self) {
        self.tmux(&["set-option", "-g", "set-clipboard", "on"]);
    }

    /// What stands in its clipboard; nothing, if nobody put anything there.
    pub fn clipboard(&self) -> String {
        let mut command = Command::new("tmux");
        command.args(["-S", &self.socket, "show-buffer"]);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }

    /// Waits until the screen pleases, and gives it.
    #[track_caller]
    pub fn wait(&self, what: &str, pleases: impl Fn(&str) -> bool) -> String {
        eventually(Duration::from_mins(1), || {
            let screen = self.screen();
            if pleases(&screen) {
                Ok(screen)
            } else {
                Err(format!("no {what} on\n{screen}"))
            }
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _gone_already = Command::new("tmux")
            .args(["-S", &self.socket, "kill-server"])
            .output();
    }
}
