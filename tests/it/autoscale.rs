//! The autoscaling examples against a running `serve`: what they ask for is there.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::eventually;
use crate::support::laggard::Served;

fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/autoscaling");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The value behind a key, its comment left out.
fn value<'a>(yaml: &'a str, key: &str) -> &'a str {
    let line = yaml.lines().find_map(|l| l.trim().strip_prefix(key));
    let value = line.unwrap_or_else(|| panic!("no {key} in {yaml}"));
    let value = value.split(" #").next().unwrap_or_default();
    value.trim().trim_matches('"')
}

#[test]
fn the_examples_name_what_serve_answers() {
    let served = Served::demo_with(&[]);
    let keda = example("keda-metrics-api.yaml");
    let url = value(&keda, "url:");
    let path = &url[url.find("/api/").unwrap()..];
    let advised = eventually(Duration::from_secs(90), || {
        let found: Value = served
            .get(path)
            .and_then(|body| serde_json::from_str(&body).map_err(|e| format!("{e}: {body}")))?;
        // Three are there and too few.
        let members = &found[value(&keda, "valueLocation:")];
        members.as_u64().filter(|n| *n > 3).ok_or(found.to_string())
    });
    let most: u64 = value(&keda, "maxReplicaCount:").parse().unwrap();
    assert!(advised <= most, "{advised}");

    let metrics = served.get("/metrics").unwrap();
    let hpa = example("hpa-external-metric.yaml");
    let adapter = example("prometheus-adapter.yaml");
    let series = "laggard_group_advised_members";
    for text in [&hpa, &adapter, &example("keda-prometheus.yaml")] {
        assert!(text.contains(series), "{text}");
    }
    let group = value(&hpa, "group:");
    let sample = format!("{series}{{kafka_cluster=\"demo\",group=\"{group}\"}} {advised}\n");
    assert!(metrics.contains(&sample), "no {sample} in {metrics}");
}
