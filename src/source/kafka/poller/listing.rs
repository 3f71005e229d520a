//! The listing of groups: one call a broker, put together into one fact.
//!
//! A group is listed by the broker that coordinates it, so the listing also tells whom to ask for
//! it. A listing is complete only if every broker answered without an error and every partition of
//! the offsets topic has a leader: groups of a leaderless one are listed by nobody.

use std::collections::BTreeSet;
use std::time::Instant;

use tokio::sync::mpsc;

use super::super::admin::GroupsListed;
use super::super::ffi::{GroupListing, KafkaFailure};
use super::job::{Class, Job, Query};
use super::why::why_failed;
use super::{End, Poller};
use crate::model::{Ask, Fact, Why};

/// A listing under way.
#[derive(Debug)]
pub(super) struct Listing {
    owing: BTreeSet<i32>,
    groups: Vec<(i32, GroupListing)>,
    failures: Vec<Why>,
    asked: Instant,
    answered: Instant,
}

impl Poller {
    /// Asks every broker for its groups.
    pub(super) fn ask_listing(&mut self) {
        let now = Instant::now();
        let brokers: Vec<i32> = self
            .topology
            .brokers
            .iter()
            .map(|broker| broker.id)
            .collect();
        let owing = brokers.iter().copied().collect();
        self.listing = Some(Listing {
            owing,
            groups: Vec::new(),
            failures: Vec::new(),
            asked: now,
            answered: now,
        });
        self.ask_brokers();
    }

    fn ask_brokers(&mut self) {
        let brokers: Vec<i32> = self
            .topology
            .brokers
            .iter()
            .map(|broker| broker.id)
            .collect();
        for broker in brokers {
            if !self.lanes.busy((Class::Listing, broker)) {
                self.push(Job::new(Class::Listing, Some(broker), Query::Listing));
            }
        }
    }

    /// Looks who coordinates which group now, without telling a listing.
    pub(super) async fn locate_groups(
        &mut self,
        asks: &mut mpsc::Receiver<Ask>,
    ) -> Result<(), End> {
        self.ask_brokers();
        self.settle(&[Class::Listing], asks).await
    }

    /// Takes one broker's listing in.
    pub(super) fn take_listing(
        &mut self,
        broker: i32,
        listed: Result<GroupsListed, KafkaFailure>,
        answered: Instant,
    ) {
        let (groups, failures) = match listed {
            Ok(listed) => (listed.groups, listed.failures),
            Err(failure) => (Vec::new(), vec![failure]),
        };
        let groups = groups.into_iter().map(|group| (broker, group));
        let failures = failures.iter().map(|failure| why_failed(failure, broker));
        let awaited = self
            .listing
            .as_mut()
            .filter(|listing| listing.owing.contains(&broker));
        match awaited {
            Some(listing) => {
                listing.owing.remove(&broker);
                listing.groups.extend(groups);
                listing.failures.extend(failures);
                listing.answered = answered;
            }
            // Nobody waits for it: it only tells who coordinates what.
            None => {
                self.groups.take(groups.collect(), false, &self.config);
            }
        }
    }

    /// How many groups the listing under way has.
    pub(super) fn listed_so_far(&self) -> usize {
        self.listing
            .as_ref()
            .map_or(0, |listing| listing.groups.len())
    }

    /// Tells the listing, with a failure for each broker that still owes its part.
    pub(super) async fn tell_groups(&mut self) -> Result<(), End> {
        let Some(mut listing) = self.listing.take() else {
            return Ok(());
        };
        let owing = listing.owing.iter();
        listing
            .failures
            .extend(owing.map(|broker| Why::text(format!("broker {broker} has not answered yet"))));
        if self.topology.leaderless_coordinators() {
            listing
                .failures
                .push(Why::text("a partition of __consumer_offsets has no leader"));
        }
        self.count.failed_parts += listing.failures.len() as u64;
        let complete = listing.failures.is_empty();
        let groups = self.groups.take(listing.groups, complete, &self.config);
        let fact = Fact::Groups {
            groups,
            complete,
            failures: listing.failures,
        };
        self.emit(fact, listing.asked, listing.answered).await
    }
}
