//! `doctor`: probes every cluster at once, then says what was found.

use futures::future::join_all;

use crate::cli::{DoctorArgs, Exit};
use crate::report;
use crate::source::kafka::probe;

use super::super::setup::Refusal;
use super::oneshot::{form, quiet, reported};

/// `doctor`.
pub(super) async fn doctor(args: &DoctorArgs) -> Result<Exit, Refusal> {
    // An embedded cluster lives as long as the set-up does.
    let setup = quiet(&args.source)?;
    let probing = setup.kafka.iter();
    let timeout = args.timeout.to_std();
    let probes = join_all(probing.map(|cluster| probe(cluster, timeout))).await;
    reported(|out, _| report::doctor(&probes, form(args.output), out))
}
