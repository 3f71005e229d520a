//! `config example`: a file that is the documentation. Every setting stands in it with what it is
//! for and its default; the file as it is says nothing but the defaults.

use std::fmt::Write as _;

use super::notify::{ROUTE, TIME_INTERVAL};
use super::receiver::ReceiverSettings;
use super::schema::{CLUSTER, Field, GENERAL, GROUP, PROPERTIES, RECEIVER};
use super::settings::{Cluster, Config, GroupPolicy};
use super::value::Value;
use crate::model::{Pattern, Policy, Recurring, Route};

const WIDTH: usize = 96;

const HEAD: &str = "\
# Laggard's configuration: every setting, with its default.
#
# Give it as --config FILE or LAGGARD_CONFIG=FILE, or give a directory: its *.toml files are read
# in name order and put together, so that teams can own theirs. A setting must not stand in two of
# them; lists of [[group]] are joined.
#
# Every setting is an environment variable too, which wins over the files; flags win over both.
# The variable is LAGGARD_ and the path in capitals, joined by two underscores:
#
#   LAGGARD_HTTP__LISTEN=0.0.0.0:9550
#   LAGGARD_CLUSTERS__PROD__BOOTSTRAP_SERVERS=kafka-1:9092,kafka-2:9092
#   LAGGARD_CLUSTERS__PROD__PROPERTIES__SECURITY_PROTOCOL=SASL_SSL
#   LAGGARD_GROUP__0__GROUPS=payments-.*
#   LAGGARD_NOTIFY__RECEIVER__0__NAME=night
#
# In a cluster's name case does not count, and - and . are written as _; in a property's name . is
# written as _. Lists are separated by commas (\\, is a comma in an item). Policies from the
# environment come before those of the files. An empty variable is as none.
#
# Durations: 500ms, 30s, 5m, 1h30m, 7d. Paths are taken from the file's own directory.
# Lines that begin with #, right before a setting, are there to be uncommented.
";

const CLUSTERS_HEAD: &str = "
# ---- Clusters: as many as there are, each under its own name ----

#[clusters.prod]
";

const PROPERTIES_BODY: &str = "\
#[clusters.prod.properties]
#\"security.protocol\" = \"SASL_SSL\"
#\"sasl.mechanism\" = \"SCRAM-SHA-512\"
#\"sasl.username\" = \"laggard\"
#\"sasl.password\" = \"env:KAFKA_PASSWORD\"
#\"ssl.ca.location\" = \"/etc/kafka/ca.pem\"
";

const GROUPS_HEAD: &str = "
# ---- What is expected of groups: for each group the first [[group]] that matches is taken ----

#[[group]]
";

const ROUTES_HEAD: &str = "
# ---- Who is told of which alerts: the first [[notify.route]] that matches takes an alert. These
# ---- lists stand in files alone, not in the environment ----

#[[notify.route]]
";

const TIME_INTERVALS_HEAD: &str = "
# ---- Recurring times that routes name, in Alertmanager's format ----

#[[notify.time_interval]]
";

const RECEIVERS_HEAD: &str = "
# ---- Who is told of alerts: as many as there are. `laggard serve` tells them, nobody else does ----

#[[notify.receiver]]
";

/// The whole file.
pub(crate) fn example() -> String {
    let mut text = HEAD.to_owned();
    let mut config = Config::default();
    let mut section = "";
    for field in GENERAL {
        let (table, key) = field.key.rsplit_once('.').unwrap_or(("", field.key));
        if table != section {
            section = table;
            let _ = write!(text, "\n[{table}]");
        }
        describe(&mut text, field, (field.at)(&mut config));
        match (field.at)(&mut config).show() {
            Some(value) => {
                let _ = writeln!(text, "{key} = {value}");
            }
            None => {
                let _ = writeln!(text, "#{key} = {}", field.example);
            }
        }
    }
    text.push_str(CLUSTERS_HEAD);
    let mut cluster = Cluster::named("prod".into());
    for field in CLUSTER {
        describe(&mut text, field, (field.at)(&mut cluster));
        if field.key == PROPERTIES {
            text.push_str(PROPERTIES_BODY);
        } else {
            commented(&mut text, field, (field.at)(&mut cluster));
        }
    }
    text.push_str(GROUPS_HEAD);
    if let Ok(everything) = Pattern::new(".*") {
        let mut group = GroupPolicy {
            cluster: everything,
            groups: Vec::new(),
            policy: Policy::default(),
        };
        for field in GROUP {
            describe(&mut text, field, (field.at)(&mut group));
            commented(&mut text, field, (field.at)(&mut group));
        }
    }
    text.push_str(RECEIVERS_HEAD);
    let mut receiver = ReceiverSettings::default();
    for field in RECEIVER {
        describe(&mut text, field, (field.at)(&mut receiver));
        commented(&mut text, field, (field.at)(&mut receiver));
    }
    text.push_str(ROUTES_HEAD);
    list(&mut text, ROUTE, &mut Route::default());
    text.push_str(TIME_INTERVALS_HEAD);
    list(&mut text, TIME_INTERVAL, &mut Recurring::default());
    text
}

/// A table of a list, with an example of each setting.
fn list<T>(text: &mut String, fields: &[Field<T>], of: &mut T) {
    for field in fields {
        describe(text, field, (field.at)(of));
        let _ = writeln!(text, "#{} = {}", field.key, field.example);
    }
}

/// The help, wrapped, and the type.
fn describe<T>(text: &mut String, field: &Field<T>, value: &dyn Value) {
    let help = format!("{} ({})", field.help, value.kind());
    let mut line = String::from("\n#");
    for word in help.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = write!(text, "{line}");
            "\n#".clone_into(&mut line);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

/// A setting of a section that only stands as an example: its default, else an example.
fn commented<T>(text: &mut String, field: &Field<T>, value: &dyn Value) {
    let value = value.show().unwrap_or_else(|| field.example.to_owned());
    let _ = writeln!(text, "#{} = {value}", field.key);
}
