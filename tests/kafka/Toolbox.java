import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Kafka's own command-line tools one after another in one JVM, since starting a JVM for each costs more than the tool does.
 *
 * In, a line a call: the main class and its arguments, joined by U+0001 (U+0002 stands for a line feed).
 * Out: "CODE OUT_BYTES ERR_BYTES\n", then what the tool wrote to its standard output and to its standard error.
 */
public final class Toolbox {
    private static final class Exited extends Error {
        private static final long serialVersionUID = 1;
    }

    private static Integer code;

    public static void main(String[] ignored) throws Exception {
        PrintStream wire = System.out;
        BufferedReader calls = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        // The first code counts: some tools catch what this throws and exit a second time.
        Exit.setExitProcedure((status, message) -> {
            if (code == null) {
                code = status;
            }
            throw new Exited();
        });
        for (String line = calls.readLine(); line != null; line = calls.readLine()) {
            String[] words = line.split("\u0001", -1);
            for (int i = 0; i < words.length; i++) {
                words[i] = words[i].replace('\u0002', '\n');
            }
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
            int status = call(words[0], Arrays.copyOfRange(words, 1, words.length));
            System.out.flush();
            System.err.flush();
            wire.print(status + " " + out.size() + " " + err.size() + "\n");
            out.writeTo(wire);
            err.writeTo(wire);
            wire.flush();
        }
    }

    private static int call(String mainClass, String[] arguments) {
        code = null;
        try {
            Class.forName(mainClass).getMethod("main", String[].class).invoke(null, (Object) arguments);
        } catch (InvocationTargetException thrown) {
            if (!(thrown.getCause() instanceof Exited)) {
                thrown.getCause().printStackTrace();
                return 1;
            }
        } catch (ReflectiveOperationException thrown) {
            thrown.printStackTrace();
            return 1;
        }
        return code == null ? 0 : code;
    }
}
