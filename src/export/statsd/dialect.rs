//! How the several StatsD servers take labels, and the name that a sample gets for each.

use super::escape;
use super::template::{Piece, Template};
use crate::catalog::{Exported, Level, Profile};

/// How labels are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// In the name.
    #[default]
    Plain,
    /// `name:5|g|#k:v`
    Dogstatsd,
    /// `name,k=v:5|g`, Telegraf's too.
    Influx,
    /// `name;k=v:5|g`
    Graphite,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Dogstatsd, Self::Influx, Self::Graphite];

    /// In the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Dogstatsd => "dogstatsd",
            Self::Influx => "influx",
            Self::Graphite => "graphite",
        }
    }
}

impl std::str::FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|d| d.name() == text.trim());
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("`{text}` is no dialect: there are {names}")
        })
    }
}

type Label<'a> = (&'a str, &'a str);

/// Makes names, in one buffer.
pub(super) struct Names<'a> {
    dialect: Dialect,
    prefix: &'a str,
    template: &'a Template,
    of_profiles: Vec<(Profile, Template)>,
    name: String,
    tags: Vec<(String, String)>,
}

impl<'a> Names<'a> {
    pub(super) fn new(dialect: Dialect, prefix: &'a str, template: &'a Template) -> Self {
        let own = |p: Profile| Some((p, p.template()?.parse().ok()?));
        Self {
            dialect,
            prefix,
            template,
            of_profiles: Profile::ALL.into_iter().filter_map(own).collect(),
            name: String::new(),
            tags: Vec::new(),
        }
    }

    /// The name of a sample, and what cadence is to add as DogStatsD's tags.
    pub(super) fn of(
        &mut self,
        exported: Exported,
        labels: &[Label<'_>],
    ) -> (&str, &[(String, String)]) {
        self.name.clear();
        self.name.push_str(self.prefix);
        let mut used = 0;
        match self.dialect {
            Dialect::Plain => self.plain(exported, labels),
            Dialect::Dogstatsd => {
                self.name.push_str(exported.series.name);
                used = self.tags(labels);
            }
            Dialect::Influx => self.joined(exported, labels, ',', escape::tag),
            Dialect::Graphite => self.joined(exported, labels, ';', escape::graphite),
        }
        (&self.name, &self.tags[..used])
    }

    fn tags(&mut self, labels: &[Label<'_>]) -> usize {
        for (at, (key, value)) in labels.iter().enumerate() {
            if at == self.tags.len() {
                self.tags.push(Default::default());
            }
            let (to_key, to_value) = &mut self.tags[at];
            to_key.clear();
            to_value.clear();
            to_key.push_str(key);
            escape::tag(to_value, value);
        }
        labels.len()
    }

    fn joined(
        &mut self,
        exported: Exported,
        labels: &[Label<'_>],
        separator: char,
        escape: fn(&mut String, &str),
    ) {
        self.name.push_str(exported.series.name);
        for (key, value) in labels {
            self.name.push(separator);
            self.name.push_str(key);
            self.name.push('=');
            escape(&mut self.name, value);
        }
    }

    fn plain(&mut self, exported: Exported, labels: &[Label<'_>]) {
        let special = exported.profile.and_then(|profile| {
            let mut templates = self.of_profiles.iter();
            templates.find(|(p, _)| *p == profile).map(|(_, t)| t)
        });
        let template = special.unwrap_or(self.template);
        let place = Place::of(exported.series.level(), labels);
        let mut first = true;
        for part in template.parts() {
            let before = self.name.len();
            if !first {
                self.name.push('.');
            }
            let written = self.name.len();
            let name = &mut self.name;
            let whole = part
                .iter()
                .all(|piece| place.write(piece, exported.series.name, template, name));
            if whole && self.name.len() > written {
                first = false;
            } else {
                self.name.truncate(before);
            }
        }
    }
}

/// The labels of a place by what they mean, whatever a profile calls them.
struct Place<'a> {
    cluster: Option<&'a str>,
    group: Option<&'a str>,
    topic: Option<&'a str>,
    partition: Option<&'a str>,
    own: &'a [Label<'a>],
}

impl<'a> Place<'a> {
    fn of(level: Level, labels: &'a [Label<'a>]) -> Self {
        let count = level.labels().len().min(labels.len());
        let value = |meaning: &str| {
            let at = level.labels().iter().position(|l| *l == meaning)?;
            labels.get(at).map(|(_, value)| *value)
        };
        Self {
            cluster: value("kafka_cluster"),
            group: value("group"),
            topic: value("topic"),
            partition: value("partition"),
            own: &labels[count..],
        }
    }

    /// Writes a piece; no if it has no value.
    fn write(&self, piece: &Piece, name: &str, template: &Template, out: &mut String) -> bool {
        let value = match piece {
            Piece::Text(text) => {
                out.push_str(text);
                return true;
            }
            Piece::Name => {
                out.push_str(name);
                return true;
            }
            Piece::Last => {
                out.push_str(name.rsplit('.').next().unwrap_or(name));
                return true;
            }
            Piece::Labels => {
                let mut rest = self.own.iter().filter(|(l, _)| !template.names(l));
                if let Some((_, first)) = rest.next() {
                    escape::part(out, first);
                }
                for (_, value) in rest {
                    out.push('.');
                    escape::part(out, value);
                }
                return true;
            }
            Piece::Cluster => self.cluster,
            Piece::Group => self.group,
            Piece::Topic => self.topic,
            Piece::Partition => self.partition,
            Piece::Label(label) => {
                let mut own = self.own.iter();
                own.find(|(l, _)| l == label).map(|(_, value)| *value)
            }
        };
        if let Some(value) = value {
            escape::part(out, value);
        }
        value.is_some()
    }
}
