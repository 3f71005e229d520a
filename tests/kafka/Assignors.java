import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.coordinator.group.api.assignor.SubscribedTopicDescriber;
import org.apache.kafka.coordinator.group.api.assignor.SubscriptionType;
import org.apache.kafka.coordinator.group.assignor.UniformAssignor;
import org.apache.kafka.coordinator.group.modern.GroupSpecImpl;
import org.apache.kafka.coordinator.group.modern.MemberSubscriptionAndAssignmentImpl;

/**
 * Runs Kafka's own assignor classes, one case a line, with no broker.
 *
 * In: ASSIGNOR TAB topics TAB members. Topics: name=partitions=id=racks, joined by ','; racks: a partition's joined by '+', partitions by '/'.
 * Members: id;instance;rack;topic+topic;topic:partition+topic:partition, joined by '|'.
 * Out: id=topic:partition+…|…, members and partitions in order; for cooperative-sticky: how many rebalances, a space, and the last outcome.
 */
public final class Assignors {
    private static final int GENERATION = 7;

    private record Topic(String name, int partitions, Uuid id, List<Set<String>> racks) { }

    private record Member(String id, Optional<String> instance, Optional<String> rack, List<String> topics, List<TopicPartition> owned) {
        Member owning(List<TopicPartition> now) {
            return new Member(id, instance, rack, topics, now);
        }
    }

    public static void main(String[] ignored) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader cases = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = cases.readLine(); line != null; line = cases.readLine()) {
            String[] parts = line.split("\t", -1);
            Map<String, Topic> topics = topics(parts[1]);
            out.println(solve(parts[0], topics, members(parts[2])));
        }
        out.flush();
    }

    private static String solve(String assignor, Map<String, Topic> topics, List<Member> members) {
        switch (assignor) {
            case "uniform":
                return text(server(new UniformAssignor(), topics, members));
            case "server-range":
                return text(server(new org.apache.kafka.coordinator.group.assignor.RangeAssignor(), topics, members));
            case "cooperative-sticky":
                return cooperative(topics, members);
            default:
                return text(client(clientAssignor(assignor), topics, members));
        }
    }

    private static ConsumerPartitionAssignor clientAssignor(String name) {
        switch (name) {
            case "range":
                return new RangeAssignor();
            case "roundrobin":
                return new RoundRobinAssignor();
            case "sticky":
                return new StickyAssignor();
            default:
                throw new IllegalArgumentException(name);
        }
    }

    /** Members rejoin with what they were given until nobody has to give anything up. */
    private static String cooperative(Map<String, Topic> topics, List<Member> members) {
        for (int rebalances = 1; ; rebalances++) {
            Map<String, List<TopicPartition>> after = client(new CooperativeStickyAssignor(), topics, members);
            boolean again = false;
            List<Member> next = new ArrayList<>();
            for (Member member : members) {
                again |= !after.get(member.id).containsAll(member.owned);
                next.add(member.owning(after.get(member.id)));
            }
            if (!again) {
                return rebalances + " " + text(after);
            }
            members = next;
        }
    }

    private static Map<String, List<TopicPartition>> client(ConsumerPartitionAssignor assignor, Map<String, Topic> topics, List<Member> members) {
        Map<String, Subscription> subscriptions = new HashMap<>();
        for (Member member : members) {
            Optional<Integer> generation = member.owned.isEmpty() ? Optional.empty() : Optional.of(GENERATION);
            Subscription subscription = new Subscription(member.topics, userData(assignor, member), member.owned,
                generation.orElse(-1), member.rack);
            subscription.setGroupInstanceId(member.instance);
            subscriptions.put(member.id, subscription);
        }
        Map<String, List<TopicPartition>> owners = new HashMap<>();
        assignor.assign(cluster(topics), new GroupSubscription(subscriptions)).groupAssignment()
            .forEach((id, assignment) -> owners.put(id, assignment.partitions()));
        return owners;
    }

    /** What the member's own assignor object would send after having been given what it owns. */
    @SuppressWarnings("removal")
    private static ByteBuffer userData(ConsumerPartitionAssignor assignor, Member member) {
        try {
            ConsumerPartitionAssignor own = assignor.getClass().getDeclaredConstructor().newInstance();
            if (!member.owned.isEmpty()) {
                own.onAssignment(new Assignment(member.owned), new ConsumerGroupMetadata("g", GENERATION, member.id, member.instance));
            }
            return own.subscriptionUserData(new HashSet<>(member.topics));
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static Cluster cluster(Map<String, Topic> topics) {
        Map<String, Node> nodes = new TreeMap<>();
        List<PartitionInfo> partitions = new ArrayList<>();
        for (Topic topic : topics.values()) {
            for (int partition = 0; partition < topic.partitions; partition++) {
                List<Node> replicas = new ArrayList<>();
                if (topic.racks.isEmpty()) {
                    replicas.add(new Node(0, "localhost", 9092));
                } else {
                    for (String rack : topic.racks.get(partition)) {
                        replicas.add(nodes.computeIfAbsent(rack, r -> new Node(nodes.size() + 1, "localhost", 9092, r)));
                    }
                }
                Node[] all = replicas.toArray(new Node[0]);
                partitions.add(new PartitionInfo(topic.name, partition, all[0], all, all));
            }
        }
        Set<Node> brokers = partitions.stream().flatMap(p -> Arrays.stream(p.replicas())).collect(Collectors.toSet());
        return new Cluster("c", brokers, partitions, Collections.emptySet(), Collections.emptySet());
    }

    private static Map<String, List<TopicPartition>> server(
        org.apache.kafka.coordinator.group.api.assignor.ConsumerGroupPartitionAssignor assignor, Map<String, Topic> topics, List<Member> members) {
        Map<Uuid, Topic> byId = topics.values().stream().collect(Collectors.toMap(Topic::id, t -> t));
        Map<String, MemberSubscriptionAndAssignmentImpl> specs = new HashMap<>();
        Map<Uuid, Map<Integer, String>> inverted = new HashMap<>();
        for (Member member : members) {
            Set<Uuid> subscribed = member.topics.stream().map(t -> topics.get(t).id).collect(Collectors.toCollection(LinkedHashSet::new));
            Map<Uuid, Set<Integer>> owned = new HashMap<>();
            for (TopicPartition partition : member.owned) {
                Uuid id = topics.get(partition.topic()).id;
                owned.computeIfAbsent(id, x -> new HashSet<>()).add(partition.partition());
                inverted.computeIfAbsent(id, x -> new HashMap<>()).put(partition.partition(), member.id);
            }
            specs.put(member.id, new MemberSubscriptionAndAssignmentImpl(member.rack, member.instance, subscribed,
                new org.apache.kafka.coordinator.group.modern.Assignment(Collections.unmodifiableMap(owned))));
        }
        boolean equal = members.stream().map(m -> new HashSet<>(m.topics)).distinct().count() <= 1;
        SubscribedTopicDescriber describer = new SubscribedTopicDescriber() {
            @Override
            public int numPartitions(Uuid id) {
                return byId.containsKey(id) ? byId.get(id).partitions : -1;
            }

            @Override
            public Set<String> racksForPartition(Uuid id, int partition) {
                List<Set<String>> racks = byId.get(id).racks;
                return racks.isEmpty() ? Set.of() : racks.get(partition);
            }
        };
        GroupSpecImpl spec = new GroupSpecImpl(specs, equal ? SubscriptionType.HOMOGENEOUS : SubscriptionType.HETEROGENEOUS, inverted);
        Map<String, List<TopicPartition>> owners = new HashMap<>();
        members.forEach(m -> owners.put(m.id, new ArrayList<>()));
        assignor.assign(spec, describer).members().forEach((id, assignment) -> assignment.partitions().forEach((topic, partitions) ->
            partitions.forEach(p -> owners.get(id).add(new TopicPartition(byId.get(topic).name, p)))));
        return owners;
    }

    private static Map<String, Topic> topics(String text) {
        Map<String, Topic> topics = new TreeMap<>();
        for (String one : text.split(",")) {
            String[] parts = one.split("=", -1);
            List<Set<String>> racks = parts[3].isEmpty() ? List.of()
                : Arrays.stream(parts[3].split("/")).map(r -> (Set<String>) new LinkedHashSet<>(List.of(r.split("\\+")))).toList();
            Uuid id = new Uuid(Long.parseUnsignedLong(parts[2].substring(0, 16), 16), Long.parseUnsignedLong(parts[2].substring(16), 16));
            topics.put(parts[0], new Topic(parts[0], Integer.parseInt(parts[1]), id, racks));
        }
        return topics;
    }

    private static List<Member> members(String text) {
        List<Member> members = new ArrayList<>();
        for (String one : text.split("\\|")) {
            String[] parts = one.split(";", -1);
            List<TopicPartition> owned = new ArrayList<>();
            for (String slot : list(parts[4])) {
                int colon = slot.lastIndexOf(':');
                owned.add(new TopicPartition(slot.substring(0, colon), Integer.parseInt(slot.substring(colon + 1))));
            }
            members.add(new Member(parts[0], optional(parts[1]), optional(parts[2]), list(parts[3]), owned));
        }
        return members;
    }

    private static Optional<String> optional(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }

    private static List<String> list(String text) {
        return text.isEmpty() ? List.of() : Arrays.asList(text.split("\\+"));
    }

    private static String text(Map<String, List<TopicPartition>> owners) {
        return new TreeMap<>(owners).entrySet().stream().map(e -> e.getKey() + "=" + e.getValue().stream()
            .sorted((a, b) -> a.topic().equals(b.topic()) ? Integer.compare(a.partition(), b.partition()) : a.topic().compareTo(b.topic()))
            .map(p -> p.topic() + ":" + p.partition()).collect(Collectors.joining("+"))).collect(Collectors.joining("|"));
    }
}
