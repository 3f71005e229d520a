//! What is ordered of a running `serve`: each accepted command is written into the audit log, then
//! is an observation like any other. A reload reads the configuration and the rule files anew; with
//! an error in them the old ones stay in force.
//!
//! In: commands from the HTTP face, SIGHUP. Out: observations into the session's queue.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::cli::SourceArgs;
use crate::config::{Config, FlagSetting};
use crate::http::{Commands, Orders};
use crate::model::{Clock, Command, Notify, Observation, Secret, Settings, Silence};
use crate::store::{Audit, StateDir};

use super::receivers::{Ready, Roster};
use super::{receivers, rules, setup, silences};

/// What a reload reads anew, and what is in force.
pub(super) struct Reloading {
    source: SourceArgs,
    more: Vec<FlagSetting>,
    running: Config,
    settings: Settings,
    /// Who is told by this process; none where it tells nobody, whatever is configured.
    roster: Option<Arc<Roster>>,
}

/// What was read anew, and is right.
struct Reread {
    settings: Settings,
    ready: Vec<Ready>,
    /// Who is told from now on, in words.
    who: String,
    notes: Vec<String>,
}

impl Reloading {
    /// From what `serve` was started with.
    pub(super) fn new(source: &SourceArgs, more: &[FlagSetting], running: &setup::Setup) -> Self {
        Self {
            source: source.clone(),
            more: more.to_vec(),
            running: running.config.clone(),
            settings: running.settings.clone(),
            roster: None,
        }
    }

    /// The same for a process that tells receivers, if it does.
    pub(super) fn telling(self, roster: Option<Arc<Roster>>) -> Self {
        Self { roster, ..self }
    }

    /// The settings as they are written now, with what of them needs a restart.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    fn read(&self) -> Result<Reread, String> {
        let loaded = setup::load(&self.source, &self.more).map_err(|refusal| refusal.text)?;
        let mut settings = loaded.config.settings();
        settings.rules = rules::in_force(&loaded.config).map_err(|refusal| refusal.text)?;
        // The sources run on as they were started.
        settings.clusters.clone_from(&self.settings.clusters);
        let ready = match &self.roster {
            Some(_) => {
                receivers::ready(&loaded.config.receivers).map_err(|why| format!("error: {why}"))?
            }
            None => Vec::new(),
        };
        settings.notify = self.routes(&loaded.config);
        let mut notes: Vec<_> = loaded.problems.iter().map(ToString::to_string).collect();
        notes.extend(self.waiting(&loaded.config));
        notes.extend(rules::never_beat(&loaded.config.receivers, &settings.rules));
        Ok(Reread {
            settings,
            ready,
            who: receivers::in_words(&loaded.config.receivers),
            notes,
        })
    }

    fn routes(&self, new: &Config) -> Notify {
        if self.roster.is_none() || new.receivers.is_empty() {
            return receivers::no_routes();
        }
        receivers::routes(new)
    }

    /// What has changed and is in force after a restart alone.
    fn waiting(&self, new: &Config) -> Option<String> {
        let old = &self.running;
        let parts = [
            ("[clusters]", old.clusters != new.clusters),
            ("[http]", old.http != new.http),
            ("[metrics]", old.metrics != new.metrics),
            ("[statsd]", old.statsd != new.statsd),
            ("[log]", old.log != new.log),
            (
                "state_dir",
                old.state_dir != new.state_dir || old.flight_recorder != new.flight_recorder,
            ),
        ];
        let changed = parts.iter().filter(|(_, changed)| *changed);
        let names: Vec<_> = changed.map(|(name, _)| *name).collect();
        let names = (!names.is_empty()).then(|| names.join(", "));
        names.map(|names| format!("what has changed in {names} is in force after a restart"))
    }
}

/// Takes orders for a session.
pub(super) struct Clerk {
    clock: Clock,
    out: mpsc::Sender<Observation>,
    audit: Option<Audit>,
    reloading: Arc<Reloading>,
    /// One at a time, so that the log and the queue have one order.
    one: tokio::sync::Mutex<()>,
}

/// A line of the audit log that is no command of the pipeline's.
#[derive(Serialize)]
struct Reload<'a> {
    command: &'static str,
    author: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a str>,
}

/// That what was accepted could not be carried out: the line before.
#[derive(Serialize)]
struct Refused<'a> {
    refused: &'a str,
}

impl Clerk {
    /// For a session that has just begun.
    pub(super) fn new(
        clock: Clock,
        out: mpsc::Sender<Observation>,
        audit: Option<Audit>,
        reloading: Reloading,
    ) -> Self {
        Self {
            clock,
            out,
            audit,
            reloading: Arc::new(reloading),
            one: tokio::sync::Mutex::new(()),
        }
    }

    /// Writes down what is accepted, before it is.
    fn note(&self, what: &impl Serialize) -> Result<(), String> {
        let Some(audit) = &self.audit else {
            return Ok(());
        };
        let added = tokio::task::block_in_place(|| audit.add((self.clock)(), what));
        added.map_err(|e| format!("the audit log cannot be written, so nothing is accepted: {e}"))
    }

    async fn send(&self, observation: Observation) -> Result<(), String> {
        let sent = self.out.send(observation).await;
        sent.map_err(|_| "Laggard is ending".to_owned())
    }

    async fn carry_out(&self, command: Command) -> Result<(), String> {
        let _one = self.one.lock().await;
        self.note(&command)?;
        let command = match self.elsewhere_too(command).await {
            Ok(command) => command,
            Err(why) => {
                let refused = Refused { refused: &why };
                self.note(&refused)?;
                return Err(why);
            }
        };
        let at = (self.clock)();
        self.send(Observation::Commanded { at, command }).await
    }

    /// Makes or ends a silence in the Alertmanagers that are told, too, before it is one here.
    async fn elsewhere_too(&self, command: Command) -> Result<Command, String> {
        let silences = matches!(command, Command::Silence { .. } | Command::Expire { .. });
        let Some(roster) = self.reloading.roster.clone().filter(|_| silences) else {
            return Ok(command);
        };
        let now = (self.clock)();
        let done = tokio::task::spawn_blocking(move || {
            silences::in_alertmanagers(command, &roster.alertmanagers(), now)
        });
        done.await.unwrap_or_else(|e| Err(format!("it broke: {e}")))
    }

    /// Reads the configuration anew and puts it in force.
    ///
    /// # Errors
    ///
    /// Why the one before stays in force; snapshots say so, too.
    pub(super) async fn reload_for(&self, author: &str) -> Result<Vec<String>, String> {
        let _one = self.one.lock().await;
        let reloading = Arc::clone(&self.reloading);
        let read = tokio::task::spawn_blocking(move || reloading.read()).await;
        let read = read.unwrap_or_else(|e| Err(format!("it could not be read: {e}")));
        self.note(&Reload {
            command: "reload",
            author,
            refused: read.as_ref().err().map(String::as_str),
        })?;
        let at = (self.clock)();
        match read {
            Ok(Reread {
                settings,
                ready,
                who,
                notes,
            }) => {
                tracing::info!("the configuration was read anew, for {author}");
                for note in &notes {
                    tracing::warn!("{note}");
                }
                if let Some(roster) = &self.reloading.roster {
                    // Before the routes: nothing is written for a receiver that is not there yet.
                    roster.put(ready);
                    let who = if who.is_empty() { "nobody" } else { &who };
                    tracing::info!("this process tells of alerts: {who}");
                }
                let settings = Arc::new(settings);
                self.send(Observation::Configured { at, settings }).await?;
                Ok(notes)
            }
            Err(why) => {
                tracing::error!("the configuration of before stays in force: {why}");
                let refused = why.as_str().into();
                self.send(Observation::Refused { at, why: refused }).await?;
                Err(why)
            }
        }
    }
}

impl Orders for Clerk {
    fn command(&self, command: Command) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.carry_out(command))
    }

    fn reload<'a>(&'a self, by: &'a str) -> BoxFuture<'a, Result<Vec<String>, String>> {
        Box::pin(self.reload_for(by))
    }

    fn elsewhere(&self) -> BoxFuture<'_, (Vec<Silence>, Vec<String>)> {
        let (roster, now) = (self.reloading.roster.clone(), (self.clock)());
        Box::pin(async move {
            let Some(roster) = roster else {
                return (Vec::new(), Vec::new());
            };
            let listed =
                tokio::task::spawn_blocking(move || silences::listed(&roster.alertmanagers(), now));
            listed.await.unwrap_or_default()
        })
    }
}

/// Who may order: the token of the configuration, else the state directory's own.
///
/// # Errors
///
/// When the one that is configured cannot be had.
pub(super) fn token(config: &Config, state: Option<&StateDir>) -> Result<Option<Secret>, String> {
    if let Some(token) = &config.http.token {
        let token = token.read().map_err(|e| format!("http.token: {e}"))?;
        if token.reveal().trim().is_empty() {
            return Err("http.token: it is empty".to_owned());
        }
        return Ok(Some(Secret::new(token.reveal().trim())));
    }
    let kept = state.map(StateDir::token).transpose();
    kept.map_err(|e| format!("the token of commands cannot be kept in the state directory: {e}"))
}

/// What the HTTP face needs to take commands.
pub(super) fn commands(token: Secret, clerk: &Arc<Clerk>) -> Commands {
    Commands {
        token,
        orders: Arc::clone(clerk) as Arc<dyn Orders>,
    }
}
