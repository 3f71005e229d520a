//! Components that a test may need beside cargo: is it here, and if not, how is it got. In: `LAGGARD_KAFKA_LIBS`, `CI`, the `PATH`.
//! Out: a plain sentence on standard error and a line in the file that `tests/run` sums up. Must never skip in silence.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::thread;

/// Where the jars of Kafka are: `LAGGARD_KAFKA_LIBS`, else where `tests/run` puts them.
pub fn kafka_libs() -> PathBuf {
    env::var_os("LAGGARD_KAFKA_LIBS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/.cache/kafka-4.3.1/libs"),
        PathBuf::from,
    )
}

/// True if the component is missing and the test has to be skipped; records that. Panics instead when `CI=true`.
pub fn absent(component: &str) -> bool {
    let Some(how) = missing(component) else {
        return false;
    };
    let test = thread::current().name().unwrap_or("a test").to_owned();
    assert!(
        !in_ci(),
        "{test} needs {component}, which is missing: {how}"
    );
    eprintln!("SKIPPED {test}: needs {component}; {how}");
    if let Some(file) = env::var_os("LAGGARD_TEST_SKIPS") {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .unwrap();
        writeln!(file, "{test}\t{component}\t{how}").unwrap();
    }
    true
}

/// What is missing for a component and how it is got; `None` if all is here.
fn missing(component: &str) -> Option<String> {
    match component {
        "kafka" => missing_kafka(),
        "prometheus" => {
            let both = on_path("prometheus") && on_path("promtool");
            (!both).then(|| "apt install prometheus".to_owned())
        }
        "statsd" | "grafana_schema" if !on_path("node") => {
            Some("apt install nodejs npm".to_owned())
        }
        "statsd" => not_in_cache(&statsd()),
        "statsd_exporter" => not_in_cache(&statsd_exporter()),
        "grafana_schema" => {
            let parts = ["@grafana/schema", "ts-json-schema-generator", "ajv"];
            let parts = parts.map(|part| npm().join("node_modules").join(part));
            parts.iter().find_map(|part| not_in_cache(part))
        }
        "newest_prometheus" => not_in_cache(&newest_prometheus()),
        "node" => (!on_path("node")).then(|| "apt install nodejs".to_owned()),
        "kcat" | "tmux" | "openssl" | "promtool" | "amtool" => {
            let package = match component {
                "promtool" => "prometheus",
                "amtool" => "prometheus-alertmanager",
                same => same,
            };
            (!on_path(component)).then(|| format!("apt install {package}"))
        }
        other => panic!("the harness knows no component named {other}"),
    }
}

/// Etsy's statsd, where `tests/run` puts it.
pub fn statsd() -> PathBuf {
    cached("npm/node_modules/statsd/stats.js")
}

/// statsd_exporter, where `tests/run` puts it.
pub fn statsd_exporter() -> PathBuf {
    cached("go/statsd_exporter")
}

/// Where `tests/run` puts what comes from npm.
pub fn npm() -> PathBuf {
    cached("npm")
}

/// The newest Prometheus that is here: the one that `tests/run` was told to build, else the one that it got from Debian's unstable.
pub fn newest_prometheus() -> PathBuf {
    let built = cached("go/prometheus");
    if built.exists() {
        built
    } else {
        cached("debian-sid/prometheus")
    }
}

fn cached(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/.cache")
        .join(path)
}

fn not_in_cache(path: &std::path::Path) -> Option<String> {
    (!path.exists()).then(|| {
        format!(
            "{} is not there: run tests/run, with npm and go on the PATH",
            path.display()
        )
    })
}

fn missing_kafka() -> Option<String> {
    let libs = kafka_libs();
    if !on_path("java") || !on_path("javac") {
        return Some("apt install default-jdk-headless".to_owned());
    }
    if !on_path("setpriv") {
        return Some("apt install util-linux".to_owned());
    }
    if !libs.join("kafka-tools-4.3.1.jar").exists() {
        return Some(format!(
            "no Kafka jars in {}: run tests/run, or set LAGGARD_KAFKA_LIBS",
            libs.display()
        ));
    }
    None
}

fn on_path(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| {
        env::split_paths(&path).any(|directory| directory.join(program).is_file())
    })
}

/// Whether this is CI. `tests/run` reads the variable by the same rule.
fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}
