//! What advice is worth, as a page.

use std::fmt::Write as _;

use crate::Size;
use crate::trial::figures::{Figure, Figures, Scaled, Scalings, of};
use crate::trial::outcome::TARGET;
use crate::trial::scaling::Scaler;

/// The page.
pub(crate) fn report(figures: &Figures, scalings: &Scalings, size: &Size) -> String {
    let mut page = String::new();
    let _ = writeln!(
        page,
        "# What advice is worth\n\n\
         Written by `cargo run --release --example advice -- --seeds {} --interval {}`; the runs are deterministic. Each \
         scenario of `sim`, with each seed's own numbers, is watched by a simulated poller through the real pipeline from \
         three and a half hours before its trouble's height to three hours after it. The truth is the simulation's own record of \
         what was appended and committed.\n",
        size.seeds, size.interval
    );
    no_harm(&mut page, figures);
    scaled_up(&mut page, figures);
    told_not_to(&mut page, figures);
    autoscalers(&mut page, scalings);
    page
}

fn total(figures: &Figures) -> Figure {
    let mut all = Figure::default();
    for figure in figures.values() {
        all.runs += figure.runs;
        all.harmed += figure.harmed;
        all.scaled += figure.scaled;
        all.reached += figure.reached;
        all.told_not_to += figure.told_not_to;
    }
    all
}

fn no_harm(page: &mut String, figures: &Figures) {
    let _ = writeln!(
        page,
        "## Followed, and not\n\n\
         Somebody who knows nothing but the advice acts on each piece that has stood for three minutes, by its own words and \
         command, and then leaves the group alone for ten. What comes of it is the simulation's to say: an act against \
         something that is not wrong mends nothing, a restart stops reading, a pod takes 40 s to start. The same run with \
         nobody doing anything stands beside it. A group is *worse off* if its p99 time lag from the first act on is more \
         than 15 s (a commit interval and the step in which the truth is looked at) above what it is without, unless fewer \
         of its records were deleted unread; or if more were.\n\n\
         Read and not acted on, and so *not judged* here: more partitions, as the simulated topics keep theirs (the gain that \
         this advice names is the arithmetic of `what-if --partitions` and no more); a key to be spread; partitions that nobody \
         owns; and what only its owner can judge: offsets that were set back, offsets and groups to be deleted.\n\n\
         | scenario | runs | acts | p99 followed | p99 not | lost followed | lost not | groups worse off |\n\
         |---|---|---|---|---|---|---|---|"
    );
    for (name, figure) in figures {
        let acts: Vec<String> = figure
            .acts
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        let acts = if acts.is_empty() {
            "none".to_owned()
        } else {
            acts.join(", ")
        };
        let _ = writeln!(
            page,
            "| {name} | {} | {acts} | {} | {} | {} | {} | {} |",
            figure.runs,
            age(figure, figure.with, figure.unknown_with),
            age(figure, figure.without, figure.unknown_without),
            figure.lost_with,
            figure.lost_without,
            figure.harmed
        );
    }
    let all = total(figures);
    let _ = writeln!(
        page,
        "\nIn {} runs {} groups were worse off. The p99 is that of the worst group in the worst run; *unknown*: without a \
         commit that leads to a record nobody can say.\n",
        all.runs, all.harmed
    );
}

fn age(figure: &Figure, seconds: i64, unknown: u64) -> String {
    let acted = !figure.acts.is_empty();
    match unknown {
        _ if !acted => "–".to_owned(),
        0 => format!("{seconds} s"),
        _ if seconds == 0 => "unknown".to_owned(),
        n => format!("{seconds} s; unknown in {n}"),
    }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

fn scaled_up(page: &mut String, figures: &Figures) {
    let all = total(figures);
    let _ = writeln!(
        page,
        "## More members\n\n\
         Advice to run more members is sized so that the backlog is gone within half an hour, or the longer time that it \
         names, and nobody bears more than \
         80 % afterwards. It *reached its target* if the oldest unread record was younger than {} s within that time (and \
         two minutes for the members to come) and 95 % of the time after. Advice whose time is up only after \
         the run's end is not judged: most of `slow-service`'s, whose backlog takes hours.\n\n\
         {} of {} ({}).\n\n\
         | scenario | advised | reached |\n|---|---|---|",
        TARGET / 1_000,
        all.reached,
        all.scaled,
        percent(all.reached, all.scaled)
    );
    for (name, figure) in figures.iter().filter(|(_, f)| f.scaled > 0) {
        let _ = writeln!(page, "| {name} | {} | {} |", figure.scaled, figure.reached);
    }
    page.push('\n');
}

fn told_not_to(page: &mut String, figures: &Figures) {
    let _ = writeln!(
        page,
        "## No more members\n\n\
         Where the advice was *do not add consumers*, the same run once more with twice as many members in every group that \
         was told so, from the moment at which it was. They *would have helped* if they had taken a tenth off the group's p99 \
         time lag, and *ended it* if that was below {} s in the last half hour.\n\n\
         | scenario | told | they would have helped | they would have ended it |\n|---|---|---|---|",
        TARGET / 1_000
    );
    for (name, figure) in figures.iter().filter(|(_, f)| f.told_not_to > 0) {
        let _ = writeln!(
            page,
            "| {name} | {} | {} | {} |",
            figure.told_not_to, figure.would_have_helped, figure.would_have_ended
        );
    }
    let _ = writeln!(
        page,
        "\nIn `slow-service` each member itself became slower, which looks the same from offsets: the advice says so \
         among what could be wrong with it.\n"
    );
}

fn autoscalers(page: &mut String, scalings: &Scalings) {
    let _ = writeln!(
        page,
        "## Autoscalers\n\n\
         The same clusters under a model of Kubernetes' HorizontalPodAutoscaler with its defaults (30 s between looks, no \
         change within 10 %, five minutes of patience downwards, one to as many pods as partitions), fed with different \
         numbers: by KEDA's Kafka scaler with lag over `lagThreshold`, 10 as by default, or what a member does in ten seconds; \
         and by `laggard_group_advised_members`. Summed over all seeds: member-hours, group-hours with the oldest unread \
         record older than {} s, rebalances.\n",
        TARGET / 1_000
    );
    let heads = Scaler::ALL.map(Scaler::name);
    let _ = writeln!(page, "| scenario | {} |", heads.join(" | "));
    let _ = writeln!(page, "|---{}|", "|---".repeat(heads.len()));
    let names: Vec<&str> = of(scalings, Scaler::Nobody).map(|(name, _)| name).collect();
    for name in names {
        let cell = |scaler: Scaler| {
            let found = of(scalings, scaler).find(|(scenario, _)| *scenario == name);
            found.map_or_else(String::new, |(_, scaled)| cell(scaled))
        };
        let cells = Scaler::ALL.map(cell);
        let _ = writeln!(page, "| {name} | {} |", cells.join(" | "));
    }
    let sums = Scaler::ALL.map(|scaler| {
        let mut all = Scaled::default();
        of(scalings, scaler).for_each(|(_, scaled)| all.add(scaled));
        cell(&all)
    });
    let _ = writeln!(
        page,
        "| **all** | {} |\n\n\
         The advised number stays where it is when more members would not end the trouble (`poison`, `hot-key`, \
         `slow-downstream`, `rebalance-storm`) or would only cover it up at three times the cost (`sick-member`). KEDA's rule \
         runs one consumer for each partition with the default threshold, and with a larger one moves members all day.",
        sums.join(" | ")
    );
}

fn cell(scaled: &Scaled) -> String {
    format!(
        "{:.0} h, {:.1} h above, {} rebalances",
        scaled.member_hours, scaled.hours_above, scaled.rebalances
    )
}
