//! Grafana's JSON: schema 39, plain, with the data source as a variable.

use serde_json::{Value, json};

use super::{Dashboard, Look, Panel};
use crate::catalog::status_code;
use crate::model::Status;

const SOURCE: &str = "${datasource}";
/// A deploy or the like, noted with `laggard mark`.
pub(super) const MARKS: &str =
    r#"laggard_group_mark_info{kafka_cluster=~"$cluster",group=~"$group"}"#;

/// The whole dashboard.
pub(super) fn dashboard(of: &Dashboard) -> Value {
    json!({
        "uid": format!("laggard-{}", of.name),
        "title": of.title,
        "description": of.description,
        "tags": ["laggard", "kafka"],
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": { "from": "now-6h", "to": "now" },
        "timepicker": {},
        "timezone": "",
        "annotations": { "list": annotations(of) },
        "links": [{
            "type": "dashboards", "tags": ["laggard"], "title": "Laggard", "asDropdown": true,
            "includeVars": true, "keepTime": true, "targetBlank": false, "icon": "external link",
            "tooltip": "Laggard's other dashboards", "url": "",
        }],
        "templating": { "list": variables(of) },
        "panels": panels(of),
    })
}

/// Marks that people set, where a group is chosen.
fn annotations(of: &Dashboard) -> Value {
    if of.variable.is_none_or(|(name, _)| name != "group") {
        return json!([]);
    }
    json!([{
        "name": "Marks", "enable": true, "hide": false, "iconColor": "blue",
        "datasource": { "type": "prometheus", "uid": SOURCE },
        "expr": MARKS, "titleFormat": "{{group}}: {{why}}", "textFormat": "{{author}}", "step": "10s",
    }])
}

fn variables(of: &Dashboard) -> Vec<Value> {
    let mut list = vec![
        json!({
            "name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source",
            "hide": 0, "multi": false, "includeAll": false, "refresh": 1, "regex": "",
            "options": [],
        }),
        variable(
            "cluster",
            "Cluster",
            "label_values(laggard_cluster_info, kafka_cluster)",
            true,
        ),
    ];
    if let Some((name, series)) = of.variable {
        let title = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        let query = format!("label_values({series}{{kafka_cluster=~\"$cluster\"}}, {name})");
        // One group at a time: the band of its time lag is filled between two lines, found by name.
        list.push(variable(name, &title, &query, name != "group"));
    }
    list
}

fn variable(name: &str, label: &str, query: &str, many: bool) -> Value {
    // Without a choice Grafana takes the first of its options.
    let (all, current) = if many {
        (".*", json!({ "text": ["All"], "value": ["$__all"] }))
    } else {
        ("", json!({ "text": "", "value": "" }))
    };
    json!({
        "name": name, "type": "query", "label": label,
        "datasource": { "type": "prometheus", "uid": SOURCE },
        "query": { "query": query, "refId": "variable" },
        "hide": 0, "multi": many, "includeAll": many, "allValue": all, "refresh": 2, "sort": 1,
        "regex": "", "options": [], "current": current,
    })
}

fn panels(of: &Dashboard) -> Vec<Value> {
    let (mut x, mut y, mut high) = (0, 0, 0);
    let place = |(id, panel): (usize, &Panel)| {
        let height = match panel.look {
            Look::Number | Look::Status => 4,
            Look::Lines | Look::Table => 9,
        };
        if x + panel.width > 24 {
            (x, y, high) = (0, y + high, 0);
        }
        let at = json!({ "x": x, "y": y, "w": panel.width, "h": height });
        x += panel.width;
        high = high.max(height);
        self::panel(id + 1, panel, &at)
    };
    of.panels.iter().enumerate().map(place).collect()
}

fn panel(id: usize, of: &Panel, at: &Value) -> Value {
    let now = of.look != Look::Lines;
    let targets = of.targets.iter().zip('A'..).map(|((expr, legend), id)| {
        json!({
            "refId": id.to_string(), "expr": expr, "legendFormat": legend,
            "datasource": { "type": "prometheus", "uid": SOURCE },
            "instant": now, "range": !now,
            "format": if of.look == Look::Table { "table" } else { "time_series" },
        })
    });
    let (kind, options) = match of.look {
        Look::Lines => (
            "timeseries",
            json!({
                "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": [] },
                "tooltip": { "mode": "multi", "sort": "desc" },
            }),
        ),
        Look::Number | Look::Status => (
            "stat",
            json!({
                "reduceOptions": { "values": false, "calcs": ["lastNotNull"], "fields": "" },
                "orientation": "auto", "textMode": "auto", "graphMode": "none", "justifyMode": "auto",
                "percentChangeColorMode": "standard", "showPercentChange": false, "wideLayout": true,
                "colorMode": if of.thresholds.is_empty() { "none" } else { "value" },
            }),
        ),
        Look::Table => (
            "table",
            json!({ "frameIndex": 0, "showHeader": true, "cellHeight": "sm" }),
        ),
    };
    json!({
        "id": id, "type": kind, "title": of.title, "description": of.description,
        "datasource": { "type": "prometheus", "uid": SOURCE },
        "gridPos": at, "targets": targets.collect::<Vec<_>>(), "options": options,
        "fieldConfig": { "defaults": defaults(of), "overrides": overrides(of) },
        "transformations": if of.look == Look::Table { table(of) } else { json!([]) },
        "links": [],
    })
}

fn defaults(of: &Panel) -> Value {
    // Where more is better, little is what is bad.
    let more_is_better = of.thresholds.last().is_some_and(|(_, c)| *c == "green");
    let least = if more_is_better { "red" } else { "green" };
    let mut steps = vec![json!({ "color": least, "value": null })];
    let colours = of.thresholds.iter();
    steps.extend(colours.map(|(from, colour)| json!({ "color": colour, "value": from })));
    let mut defaults = json!({
        "unit": of.unit,
        "thresholds": { "mode": "absolute", "steps": steps },
        "color": { "mode": if of.look == Look::Lines { "palette-classic" } else { "thresholds" } },
        "mappings": if of.look == Look::Status { statuses() } else { json!([]) },
        "noValue": "unknown",
    });
    if of.look == Look::Lines {
        defaults["custom"] = json!({
            "drawStyle": "line", "lineWidth": 2, "fillOpacity": 0, "showPoints": "never",
            "spanNulls": false, "axisSoftMin": 0,
        });
    }
    if of.look == Look::Table {
        defaults["custom"] =
            json!({ "align": "auto", "cellOptions": { "type": "auto" }, "inspect": false });
        let link = "/d/laggard-group?var-datasource=${datasource}\
            &var-cluster=${__data.fields.kafka_cluster}&var-group=${__data.fields.group}";
        defaults["links"] = json!([{ "title": "The group", "url": link }]);
    }
    defaults
}

/// Lines called limit are red and dashed; bounds are thin, with a band between them.
fn overrides(of: &Panel) -> Value {
    if of.look != Look::Lines {
        return json!([]);
    }
    let of_lines = |pattern: &str, properties: Value| json!({ "matcher": { "id": "byRegexp", "options": pattern }, "properties": properties });
    json!([
        of_lines(
            "/limit/",
            json!([
                { "id": "color", "value": { "mode": "fixed", "fixedColor": "red" } },
                { "id": "custom.lineStyle", "value": { "fill": "dash", "dash": [8, 6] } },
            ])
        ),
        of_lines(
            "/at least|at most/",
            json!([
                { "id": "custom.lineWidth", "value": 1 },
                { "id": "custom.lineStyle", "value": { "fill": "dot", "dash": [2, 4] } },
                { "id": "color", "value": { "mode": "fixed", "fixedColor": "blue" } },
            ])
        ),
        of_lines(
            "/^at most$/",
            json!([
                { "id": "custom.fillBelowTo", "value": "at least" },
                { "id": "custom.fillOpacity", "value": 15 },
            ])
        ),
    ])
}

fn statuses() -> Value {
    let words: serde_json::Map<_, _> = Status::ALL
        .iter()
        .map(|status| {
            let colour = if status.is_trouble() { "red" } else { "green" };
            let word = json!({ "text": status.name().replace('_', " "), "color": colour });
            (status_code(*status).to_string(), word)
        })
        .collect();
    json!([{ "type": "value", "options": words }])
}

/// All expressions of a table as columns of one, without what only Prometheus needs.
fn table(of: &Panel) -> Value {
    let mut names = json!({ "kafka_cluster": "cluster" });
    for ((_, name), id) in of.targets.iter().zip('A'..) {
        // Where there is one expression alone, its value has no letter.
        let value = if of.targets.len() == 1 {
            "Value".to_owned()
        } else {
            format!("Value #{id}")
        };
        names[value] = json!(name);
    }
    json!([
        { "id": "merge", "options": {} },
        { "id": "organize", "options": {
            "excludeByName": { "Time": true, "__name__": true, "instance": true, "job": true },
            "indexByName": {}, "renameByName": names,
        } },
    ])
}
