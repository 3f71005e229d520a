//! Every setting, once: its key, what it is for, an example, and the field that it fills.
//!
//! Files, the environment, the suggestions in errors, `config example`, `config schema` and
//! `config check` are all read off these tables. A setting's type and default are its field's.

use super::receiver::ReceiverSettings;
use super::settings::{Cluster, Config, GroupPolicy};
use super::value::Value;

/// One setting of a `T`.
pub(crate) struct Field<T: 'static> {
    /// Its key in the section; dots are tables.
    pub(crate) key: &'static str,
    /// What it is for, in whole sentences.
    pub(crate) help: &'static str,
    /// A telling value, as TOML.
    pub(crate) example: &'static str,
    /// The field that it fills.
    pub(crate) at: fn(&mut T) -> &mut dyn Value,
}

/// Laggard's own settings, at the top of a file.
pub(crate) const GENERAL: &[Field<Config>] = &[
    Field {
        key: "state_dir",
        help: "The directory in which `laggard serve` keeps what must outlive it. Nothing is \
               kept when it is not set.",
        example: "\"/var/lib/laggard\"",
        at: |c| &mut c.state_dir,
    },
    Field {
        key: "flight_recorder.max_size",
        help: "How many bytes of recordings of its own past `laggard serve` keeps in the state \
               directory; the oldest go.",
        example: "4294967296",
        at: |c| &mut c.flight_recorder.max_size,
    },
    Field {
        key: "alerts.shipped",
        help: "Whether the alert rules that come with Laggard are in force.",
        example: "false",
        at: |c| &mut c.alerts.shipped,
    },
    Field {
        key: "alerts.rules",
        help: "Prometheus rule files that are evaluated beside them; of a directory, all that end \
               in .yml or .yaml. `laggard rules check` says whether they are right.",
        example: "[\"/etc/laggard/rules\"]",
        at: |c| &mut c.alerts.rules,
    },
    Field {
        key: "notify.receivers",
        help: "Who is told of alerts that no [[notify.route]] takes.",
        example: "[\"night\"]",
        at: |c| &mut c.notify.receivers,
    },
    Field {
        key: "notify.group_by",
        help: "Alerts that agree in these labels are told of together. [\"...\"]: each alone.",
        example: "[\"kafka_cluster\", \"owner\", \"group\"]",
        at: |c| &mut c.notify.group_by,
    },
    Field {
        key: "notify.group_wait",
        help: "How long the first alert of a group waits for others.",
        example: "\"1m\"",
        at: |c| &mut c.notify.group_wait,
    },
    Field {
        key: "notify.group_interval",
        help: "How often a group that was told of is looked at for more, or for what has ended.",
        example: "\"10m\"",
        at: |c| &mut c.notify.group_interval,
    },
    Field {
        key: "notify.repeat_interval",
        help: "After how long what still fires is told again.",
        example: "\"12h\"",
        at: |c| &mut c.notify.repeat_interval,
    },
    Field {
        key: "http.listen",
        help: "Where `serve` and `demo` offer metrics, health and the API. Only this machine may \
               connect unless another address is given; 0.0.0.0 is for all.",
        example: "\"0.0.0.0:9550\"",
        at: |c| &mut c.http.listen,
    },
    Field {
        key: "http.web_config",
        help: "A file in the format of Prometheus' web configuration: TLS, basic auth and bearer \
               tokens of the listener. It is open to all who can connect when it is not set.",
        example: "\"/etc/laggard/web.yml\"",
        at: |c| &mut c.http.web_config,
    },
    Field {
        key: "http.token",
        help: "The bearer token of commands (marks, silences, reload): \"file:PATH\", \"env:NAME\", or \
               the token itself. When it is not set, `laggard serve` makes one at its first start \
               and keeps it in the file `token` of the state directory.",
        example: "\"env:LAGGARD_TOKEN\"",
        at: |c| &mut c.http.token,
    },
    Field {
        key: "http.external_url",
        help: "Where people and other programs reach the listener from outside, behind a proxy: \
               links in alerts and pages begin with it.",
        example: "\"https://example.com/laggard/\"",
        at: |c| &mut c.http.external_url,
    },
    Field {
        key: "http.route_prefix",
        help: "What every path begins with. The path of external_url when it is not set; \"/\" for \
               a proxy that takes the prefix off.",
        example: "\"/\"",
        at: |c| &mut c.http.route_prefix,
    },
    Field {
        key: "metrics.cluster_label",
        help: "How the label is called that holds the cluster. `cluster` is what many a Prometheus \
               adds by itself.",
        example: "\"kafka\"",
        at: |c| &mut c.metrics.cluster_label,
    },
    Field {
        key: "metrics.partitions_of",
        help: "Groups whose partitions are exported one by one, with those of the topics that they \
               read: regular expressions that match the whole name. None when it is not set.",
        example: "[\"payments-.*\"]",
        at: |c| &mut c.metrics.partitions_of,
    },
    Field {
        key: "metrics.exclude_groups",
        help: "Groups that are watched but not exported.",
        example: "[\"console-consumer-.*\", \"test-.*\"]",
        at: |c| &mut c.metrics.exclude_groups,
    },
    Field {
        key: "metrics.fold_suffixes",
        help: "Groups whose names differ only in such an ending are exported as one, called \
               `BEGINNING*`: each restart would leave a series of its own behind. [\"\"] folds none.",
        example: "[\"-tmp-.*\"]",
        at: |c| &mut c.metrics.fold_suffixes,
    },
    Field {
        key: "metrics.max_series",
        help: "The most samples of a scrape. Beyond it partitions of groups are left out, then \
               those of topics, then groups by topic, then topics, then groups that are well and \
               have no limit; laggard_series_left_out says how many.",
        example: "100000",
        at: |c| &mut c.metrics.max_series,
    },
    Field {
        key: "metrics.profile",
        help: "Names and labels of other tools, exported beside the own ones: kafka_exporter, \
               kafka_lag_exporter, kminion, burrow; datadog and ruby_kafka for StatsD alone.",
        example: "[\"kafka_exporter\", \"burrow\"]",
        at: |c| &mut c.metrics.profile,
    },
    Field {
        key: "statsd.address",
        help: "Send gauges to this StatsD server: HOST:PORT for UDP, unix:PATH for a Unix datagram \
               socket. Nothing is sent when it is not set.",
        example: "\"127.0.0.1:8125\"",
        at: |c| &mut c.statsd.address,
    },
    Field {
        key: "statsd.dialect",
        help: "How labels are written: plain (in the name), dogstatsd, influx (Telegraf too) or \
               graphite.",
        example: "\"dogstatsd\"",
        at: |c| &mut c.statsd.dialect,
    },
    Field {
        key: "statsd.interval",
        help: "How often all gauges are sent, spread over four fifths of that time. A server that drops gauges it has not heard of needs \
               this to be no longer than its own flush interval.",
        example: "\"5s\"",
        at: |c| &mut c.statsd.interval,
    },
    Field {
        key: "statsd.prefix",
        help: "What every name begins with.",
        example: "\"prod.\"",
        at: |c| &mut c.statsd.prefix,
    },
    Field {
        key: "statsd.template",
        help: "How plain names are made: {name}, {cluster}, {group}, {topic}, {partition}, and \
               {labels} for the rest. Parts between dots that have no value are left out.",
        example: "\"kafka.{cluster}.{group}.{name}.{topic}.{partition}.{labels}\"",
        at: |c| &mut c.statsd.template,
    },
    Field {
        key: "statsd.partitions_of",
        help: "Groups whose partitions are sent one by one. None when it is not set.",
        example: "[\"payments-.*\"]",
        at: |c| &mut c.statsd.partitions_of,
    },
    Field {
        key: "statsd.packet_bytes",
        help: "The most bytes of a packet. 1432 for UDP and 8192 for a Unix socket when it is not \
               set.",
        example: "1432",
        at: |c| &mut c.statsd.packet_bytes,
    },
    Field {
        key: "log.level",
        help: "off, error, warn, info, debug or trace; also for a part alone, as in \
               \"info,laggard::source=debug\".",
        example: "\"info,laggard::source=debug\"",
        at: |c| &mut c.log.level,
    },
    Field {
        key: "log.file",
        help: "Log to this file instead of standard error.",
        example: "\"/var/log/laggard.log\"",
        at: |c| &mut c.log.file,
    },
];

/// `[clusters.NAME]`.
pub(crate) const CLUSTER: &[Field<Cluster>] = &[
    Field {
        key: "bootstrap_servers",
        help: "Brokers to connect to first: HOST:PORT, as a list or separated by commas.",
        example: "[\"kafka-1:9092\", \"kafka-2:9092\"]",
        at: |c| &mut c.bootstrap_servers,
    },
    Field {
        key: "command_config",
        help: "A Kafka client's properties file, the same that Kafka's own tools take as \
               --command-config.",
        example: "\"/etc/kafka/client.properties\"",
        at: |c| &mut c.command_config,
    },
    Field {
        key: "poll_interval",
        help: "How often the cluster is read.",
        example: "\"10s\"",
        at: |c| &mut c.poll_interval,
    },
    Field {
        key: "stale_for",
        help: "How long a reading that cannot be renewed keeps its last value, marked as stale, \
               before it is unknown.",
        example: "\"15m\"",
        at: |c| &mut c.stale_for,
    },
    Field {
        key: "inactive_after",
        help: "A group that has been idle for so long stands outside totals and alerts.",
        example: "\"24h\"",
        at: |c| &mut c.inactive_after,
    },
    Field {
        key: "request_timeout",
        help: "How long one request to a broker may take.",
        example: "\"5s\"",
        at: |c| &mut c.request_timeout,
    },
    Field {
        key: "requests_per_second",
        help: "The most requests a second that the cluster is asked for; a cycle is spread over \
               its interval to keep to it. No limit when it is not set.",
        example: "50",
        at: |c| &mut c.requests_per_second,
    },
    Field {
        key: "window",
        help: "How many requests for committed offsets are under way at once, from 1 to 256.",
        example: "64",
        at: |c| &mut c.window,
    },
    Field {
        key: "groups.include",
        help: "Only groups with such names are read: regular expressions that match the whole \
               name. All when it is not set.",
        example: "[\"payments-.*\", \"billing\"]",
        at: |c| &mut c.groups.include,
    },
    Field {
        key: "groups.exclude",
        help: "Groups with such names are not read, included or not.",
        example: "[\"console-consumer-.*\"]",
        at: |c| &mut c.groups.exclude,
    },
    Field {
        key: "topics.include",
        help: "Only topics with such names are read. All when it is not set.",
        example: "[\"orders.*\"]",
        at: |c| &mut c.topics.include,
    },
    Field {
        key: "topics.exclude",
        help: "Topics with such names are not read, included or not.",
        example: "[\".*-changelog\", \".*-repartition\"]",
        at: |c| &mut c.topics.exclude,
    },
    Field {
        key: "internal_topics",
        help: "Whether Kafka's own topics, such as __consumer_offsets, are read too.",
        example: "true",
        at: |c| &mut c.internal_topics,
    },
    Field {
        key: "read_records",
        help: "Topics of which single records may be read, for their offsets and timestamps \
               alone: nothing else of them is looked at or kept. None when it is not set.",
        example: "[\"orders.*\"]",
        at: |c| &mut c.read_records,
    },
    Field {
        key: PROPERTIES,
        help: "Any property of librdkafka; these win over command_config. A value may be \
               \"file:PATH\", the content of a file, or \"env:NAME\", an environment variable: \
               so are passwords kept out of this file.",
        example: "{ \"security.protocol\" = \"SSL\" }",
        at: |c| &mut c.properties,
    },
];

/// The cluster's table of librdkafka's properties.
pub(crate) const PROPERTIES: &str = "properties";

/// `[[group]]`.
pub(crate) const GROUP: &[Field<GroupPolicy>] = &[
    Field {
        key: "groups",
        help: "Which groups: regular expressions that match the whole name.",
        example: "[\"payments-.*\"]",
        at: |g| &mut g.groups,
    },
    Field {
        key: "cluster",
        help: "On which clusters: a regular expression that matches the whole name.",
        example: "\"prod-.*\"",
        at: |g| &mut g.cluster,
    },
    Field {
        key: "max_lag",
        help: "The most unread records, over all partitions of a group, that are fine.",
        example: "10000",
        at: |g| &mut g.policy.max_lag,
    },
    Field {
        key: "max_time_lag",
        help: "How old the oldest unread record may be.",
        example: "\"5m\"",
        at: |g| &mut g.policy.max_time_lag,
    },
    Field {
        key: "max_silence",
        help: "The longest that the group may commit nothing though there are records to read. \
               Learned from the group when it is not set.",
        example: "\"1h\"",
        at: |g| &mut g.policy.max_silence,
    },
    Field {
        key: "owner",
        help: "Who cares for the groups.",
        example: "\"team-payments\"",
        at: |g| &mut g.policy.owner,
    },
    Field {
        key: "runbook",
        help: "What to do when they are late: usually a link.",
        example: "\"https://wiki.example.com/payments-lag\"",
        at: |g| &mut g.policy.runbook,
    },
    Field {
        key: "severity",
        help: "How loud an alert is: info, ticket (in working hours) or page (now).",
        example: "\"page\"",
        at: |g| &mut g.policy.severity,
    },
    Field {
        key: "expected",
        help: "The groups must be there: it is an alert when they are not.",
        example: "true",
        at: |g| &mut g.policy.expected,
    },
];

/// `[[notify.receiver]]`.
pub(crate) const RECEIVER: &[Field<ReceiverSettings>] = &[
    Field {
        key: "name",
        help: "What the receiver is called, in routes, series and the log.",
        example: "\"night\"",
        at: |r| &mut r.name,
    },
    Field {
        key: "kind",
        help: "What speaks there: alertmanager (its API v2), webhook (Alertmanager's payload, \
               version 4), slack, pagerduty (Events v2), teams (a workflow), or heartbeat (an \
               address that is called while the watchdog fires).",
        example: "\"webhook\"",
        at: |r| &mut r.kind,
    },
    Field {
        key: "url",
        help: "Where it is; of Alertmanagers, all. \"env:NAME\" or \"file:PATH\" keeps it out of this \
               file, as it must be where the address is a secret: with slack, teams and heartbeat, \
               or with a password or a query in it. PagerDuty's own when it is not set there.",
        example: "\"https://example.com/laggard\"",
        at: |r| &mut r.url,
    },
    Field {
        key: "routing_key",
        help: "PagerDuty's key of the service: \"env:NAME\" or \"file:PATH\".",
        example: "\"env:PAGERDUTY_KEY\"",
        at: |r| &mut r.routing_key,
    },
    Field {
        key: "signing_key",
        help: "What a webhook is signed with, as https://www.standardwebhooks.com says: \
               \"env:NAME\" or \"file:PATH\". It is not signed when it is not set.",
        example: "\"env:WEBHOOK_KEY\"",
        at: |r| &mut r.signing_key,
    },
    Field {
        key: "bearer_token",
        help: "Sent as `Authorization: Bearer …`: \"env:NAME\" or \"file:PATH\".",
        example: "\"env:RECEIVER_TOKEN\"",
        at: |r| &mut r.bearer_token,
    },
    Field {
        key: "ca_file",
        help: "Certificates that are trusted instead of the usual ones: PEM.",
        example: "\"/etc/laggard/ca.pem\"",
        at: |r| &mut r.ca_file,
    },
    Field {
        key: "timeout",
        help: "How long one request may take.",
        example: "\"5s\"",
        at: |r| &mut r.timeout,
    },
    Field {
        key: "give_up_after",
        help: "What could not be delivered for so long is given up, and counted.",
        example: "\"2h\"",
        at: |r| &mut r.give_up_after,
    },
    Field {
        key: "send_resolved",
        help: "Whether it is told that something is over.",
        example: "false",
        at: |r| &mut r.send_resolved,
    },
    Field {
        key: "interval",
        help: "How often a heartbeat is sent.",
        example: "\"5m\"",
        at: |r| &mut r.interval,
    },
    Field {
        key: "alert",
        help: "The alert that must fire for a heartbeat to be sent.",
        example: "\"Watchdog\"",
        at: |r| &mut r.alert,
    },
];

/// The keys of a section.
pub(crate) fn keys<T>(fields: &[Field<T>]) -> Vec<&'static str> {
    fields.iter().map(|f| f.key).collect()
}
