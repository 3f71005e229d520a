//! How fast everything can be read with the fewest requests: run in release with `--ignored`.

use std::time::Instant;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "a measurement, of use in release only"]
async fn all_offsets_of_a_big_cluster_in_a_tenth_of_a_second() {
    let Still { cluster, .. } = still(&scenario::bulk(10_000, 50_000, 6));
    let world = cluster.world().clone();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let started = Instant::now();
        let mut all = Vec::new();
        for broker in 1..=6_i32 {
            let names = (0..50)
                .filter(|p| world.offsets_leader(*p) == broker)
                .flat_map(|p| world.groups_in(p));
            let groups = names.map(|group| {
                let name = StrBytes::from_string(world.group_name(*group).to_string());
                OffsetFetchRequestGroup::default()
                    .with_group_id(GroupId(name))
                    .with_topics(None)
            });
            let request = OffsetFetchRequest::default().with_groups(groups.collect());
            all.push(raw(&cluster, broker as usize, 8, request));
        }
        let sizes = futures::future::join_all(all).await;
        let commits_took = started.elapsed();
        let mut all = Vec::new();
        for broker in 1..=6_i32 {
            let topics = world.topics().iter().enumerate().map(|(index, topic)| {
                let led =
                    (0..topic.partitions).filter(|p| world.preferred_leader(index, *p) == broker);
                let partitions = led.map(|p| {
                    ListOffsetsPartition::default()
                        .with_partition_index(p)
                        .with_timestamp(-1)
                });
                ListOffsetsTopic::default()
                    .with_name(TopicName(StrBytes::from_string(topic.name.to_string())))
                    .with_partitions(partitions.collect())
            });
            let request = ListOffsetsRequest::default().with_topics(topics.collect());
            all.push(raw(&cluster, broker as usize, 5, request));
        }
        let ends = futures::future::join_all(all).await;
        println!(
            "commits {commits_took:?} ({} bytes), with ends {:?} ({} bytes)",
            sizes.iter().sum::<usize>(),
            started.elapsed(),
            ends.iter().sum::<usize>()
        );
        best = best.min(started.elapsed());
    }
    assert!(best < Duration::from_millis(100), "{best:?}");
}

/// Sends a request and counts the answer's bytes.
async fn raw<R: Request>(cluster: &Cluster, broker: usize, version: i16, request: R) -> usize {
    let mut stream = TcpStream::connect(cluster.shared.addresses[broker - 1])
        .await
        .expect("connected");
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version);
    header
        .encode(&mut frame, R::header_version(version))
        .expect("header");
    request.encode(&mut frame, version).expect("request");
    let length = frame.len() as i32 - 4;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    stream.write_all(&frame).await.expect("sent");
    let length = stream.read_i32().await.expect("answer") as usize;
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await.expect("answer");
    length
}
