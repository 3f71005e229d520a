import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Members of consumer groups with Kafka's own Java client, each polling on a thread of its own.
 *
 * In, a line each: "join NAME BOOTSTRAP GROUP PROTOCOL ASSIGNOR TOPIC,TOPIC" and "leave NAME"; PROTOCOL is classic (ASSIGNOR a class) or consumer
 * (ASSIGNOR the broker's name of one). At the end of the input all leave. Out: "ready" once orders are taken, "left NAME" once a member has gone.
 */
public final class Members {
    private record Running(Thread thread, AtomicBoolean stop) { }

    public static void main(String[] ignored) throws Exception {
        Map<String, Running> members = new HashMap<>();
        List<Running> gone = new ArrayList<>();
        say("ready");
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            String[] words = line.split(" ");
            if (words[0].equals("join")) {
                members.put(words[1], join(words));
            } else {
                gone.add(members.remove(words[1]));
                gone.get(gone.size() - 1).stop.set(true);
            }
        }
        gone.addAll(members.values());
        for (Running member : gone) {
            member.stop.set(true);
        }
        for (Running member : gone) {
            member.thread.join();
        }
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static Running join(String[] words) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", words[2]);
        properties.put("group.id", words[3]);
        properties.put("client.id", words[1]);
        properties.put("enable.auto.commit", "false");
        properties.put("enable.metrics.push", "false");
        if (words[4].equals("consumer")) {
            properties.put("group.protocol", "consumer");
            properties.put("group.remote.assignor", words[5]);
        } else {
            properties.put("heartbeat.interval.ms", "300");
            properties.put("session.timeout.ms", "45000");
            properties.put("partition.assignment.strategy", words[5]);
        }
        List<String> topics = Arrays.asList(words[6].split(","));
        AtomicBoolean stop = new AtomicBoolean();
        Thread thread = new Thread(() -> {
            try (KafkaConsumer<byte[], byte[]> consumer =
                     new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                consumer.subscribe(topics);
                while (!stop.get()) {
                    consumer.poll(Duration.ofMillis(100));
                }
            }
            say("left " + words[1]);
        });
        thread.setDaemon(true);
        thread.start();
        return new Running(thread, stop);
    }
}
