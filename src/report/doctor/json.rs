//! What `doctor` found, for programs: the same facts as in the table.

use std::io::{self, Write};

use serde::Serialize;

use super::needs::{NEEDS, command, essential, lost, name};
use super::{Outcome, outcome};
use crate::model::{ClusterProbe, Grant, Others, Reached, Right, Why};

#[derive(Serialize)]
struct Cluster<'a> {
    cluster: &'a str,
    servers: &'a str,
    user: Option<&'a str>,
    ok: bool,
    /// Why it was not reached.
    why: Option<&'a str>,
    reached: Option<Seen<'a>>,
    rights: Vec<Tried<'a>>,
    apis: Vec<Spoken>,
}

#[derive(Serialize)]
struct Seen<'a> {
    cluster_id: Option<&'a str>,
    controller: Option<i32>,
    brokers: usize,
    groups: usize,
    groups_left_out: usize,
    /// `none`, `hidden` or `unclear`: whether there are groups that this user does not see.
    other_groups: &'static str,
    topics: usize,
    topics_left_out: usize,
    other_topics: &'static str,
    unanswered: Vec<&'a str>,
}

#[derive(Serialize)]
struct Tried<'a> {
    right: &'static str,
    /// `given`, `refused` or `unclear`.
    grant: &'static str,
    /// Whether lag cannot be known without it.
    essential: bool,
    tried: usize,
    refused: usize,
    example: Option<&'a str>,
    why: Option<&'a str>,
    lost_without: &'static str,
    command: String,
}

#[derive(Serialize)]
struct Spoken {
    api: &'static str,
    key: i16,
    min: Option<i16>,
    max: Option<i16>,
    lost: Vec<&'static str>,
}

/// An array, a cluster each.
pub(super) fn write(probes: &[ClusterProbe], out: &mut dyn Write) -> io::Result<()> {
    let clusters: Vec<_> = probes.iter().map(cluster).collect();
    serde_json::to_writer(&mut *out, &clusters)?;
    writeln!(out)
}

fn cluster(probe: &ClusterProbe) -> Cluster<'_> {
    let rights = probe.rights.iter();
    Cluster {
        cluster: probe.cluster.as_str(),
        servers: &probe.servers,
        user: probe.user.as_deref(),
        ok: outcome(probe) == Outcome::Fine,
        why: probe.reached.as_ref().err().map(Why::as_str),
        reached: probe.reached.as_ref().ok().map(seen),
        rights: rights
            .map(|(right, grant)| tried(probe, *right, grant))
            .collect(),
        apis: if probe.apis.is_empty() {
            Vec::new()
        } else {
            spoken(probe)
        },
    }
}

fn seen(reached: &Reached) -> Seen<'_> {
    Seen {
        cluster_id: reached.cluster_id.as_deref(),
        controller: reached.controller,
        brokers: reached.brokers,
        groups: reached.groups,
        groups_left_out: reached.groups_left_out,
        other_groups: others(reached.other_groups),
        topics: reached.topics,
        topics_left_out: reached.topics_left_out,
        other_topics: others(reached.other_topics),
        unanswered: reached.unanswered.iter().map(Why::as_str).collect(),
    }
}

fn others(others: Others) -> &'static str {
    match others {
        Others::None => "none",
        Others::Hidden => "hidden",
        Others::Unclear => "unclear",
    }
}

fn tried<'a>(probe: &ClusterProbe, right: Right, grant: &'a Grant) -> Tried<'a> {
    let mut found = Tried {
        right: name(right),
        grant: "given",
        essential: essential(right),
        tried: 0,
        refused: 0,
        example: None,
        why: None,
        lost_without: lost(right),
        command: command(probe, right),
    };
    match grant {
        Grant::Given { tried } => found.tried = *tried,
        Grant::Refused {
            refused,
            tried,
            example,
        } => {
            found.grant = "refused";
            (found.refused, found.tried) = (*refused, *tried);
            found.example = example.as_deref();
        }
        Grant::Unclear(why) => {
            found.grant = "unclear";
            found.why = Some(why.as_str());
        }
    }
    found
}

fn spoken(probe: &ClusterProbe) -> Vec<Spoken> {
    let needs = NEEDS.iter().map(|need| {
        let (spoken, missing) = need.judge(&probe.apis);
        Spoken {
            api: need.api,
            key: need.key,
            min: spoken.map(|s| s.min),
            max: spoken.map(|s| s.max),
            lost: missing.into_iter().map(|(_, lost)| lost).collect(),
        }
    });
    needs.collect()
}
